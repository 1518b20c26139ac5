/**
 * `serve`: a server of HTTP whose handler is a generator function, and the signals that stop it.
 *
 * A signal is taken as long as a server wants it. When the last one has stopped it is sent once more, to nobody who listens, so that the process
 * ends as it would have: by that signal, for whoever started it.
 *
 * Stands on `HTTPServer`.
 */
import { UsageError } from '../../errors/classes.ts'
import { show, wrongRight } from '../../errors/usage.ts'
import { joinall } from '../../gevent/joinall.ts'
import { spawnWith } from '../../gevent/spawn.ts'
import type { Begun } from '../../protocol.ts'
import { HTTPServer, type RequestHandler } from './http-server.ts'
import { readServeOptions, type ServeOptions } from './options.ts'

/**
 * Answers the requests of HTTP that come: `handler(request)` is called for each, in a greenlet of its own, and what it returns is sent.
 *
 * It begins to listen at the call; driving that waits until it does, and gives the server. Requests of one connection are handled one after the
 * other. When a client goes, its greenlet is killed, so that its `finally` blocks run. A failure is reported once, with the request as the
 * greenlet's name, and answered with 500 and nothing more; in the middle of a body the connection is cut.
 *
 * The first SIGTERM stops it: what runs has `graceMs` to end. Then the process ends by that signal, if nobody else listens for it. A second one
 * ends it at once.
 *
 * @param handler - a generator function, or any function; it returns a `Response` (ours, which is the fastest, Node's, undici's), or a
 * promise or an operation of one.
 * @param options - where it listens, and its limits.
 * @throws UsageError at the call when the handler is no function, or for a wrong option; driven, the error of the listener (`EADDRINUSE`), which
 * is reported if nobody drives it.
 * @switches only if it must wait
 * @source gevent: `gevent.pywsgi.WSGIServer`
 * @example
 * ```ts
 * import { run, sleep } from 'greenloop'
 * import { Response, requests, serve } from 'greenloop/http'
 *
 * await run(function* () {
 *   const server = yield* serve(
 *     function* (request) {
 *       yield* sleep(1)
 *       return new Response(`hello ${request.searchParams.get('name')}`)
 *     },
 *     { port: 0 },
 *   )
 *   console.log((yield* requests.get(`${server.url}/?name=Ann`)).text) // hello Ann
 *   yield* server.stop()
 * })
 * ```
 */
export function serve(handler: RequestHandler, options: ServeOptions = {}): Begun<HTTPServer> {
  if (typeof handler !== 'function')
    throw new UsageError(
      `serve() expects its handler to be a function, but got ${show(handler)}.\n\n${wrongRight('serve(handle(request))', 'it is called for each request', 'serve(function* (request) { return new Response(text) }, { port: 8000 })')}`,
    )
  const settings = readServeOptions(options)
  const server = new HTTPServer(handler, settings)
  for (const signal of settings.signals) Termination.of(signal).add(server, settings.graceMs)
  return server.$listening()
}

/** One signal, as long as a server wants it. */
class Termination {
  static readonly #all = new Map<NodeJS.Signals, Termination>()

  static of(signal: NodeJS.Signals): Termination {
    return Termination.#all.get(signal) ?? new Termination(signal)
  }

  readonly #signal: NodeJS.Signals
  /** How long each server gives. */
  readonly #servers = new Map<HTTPServer, number>()
  #hasCome = false
  readonly #listener = (): void => {
    this.#come()
  }

  constructor(signal: NodeJS.Signals) {
    this.#signal = signal
    process.on(signal, this.#listener) // first, since it may be refused
    Termination.#all.set(signal, this)
  }

  add(server: HTTPServer, graceMs: number): void {
    this.#servers.set(server, graceMs)
    server.$onGone(() => {
      this.#servers.delete(server)
      if (this.#servers.size === 0 && !this.#hasCome) this.#remove()
    })
  }

  #come(): void {
    if (this.#hasCome) {
      this.#raise()
      return
    }
    this.#hasCome = true
    const stops = [...this.#servers].map(([server, graceMs]) =>
      spawnWith({ name: `${this.#signal} for ${String(server)}` }, () => server.stop({ timeoutMs: graceMs })),
    )
    spawnWith({ name: this.#signal }, () => joinall(stops)).rawlink(() => {
      this.#raise()
    })
  }

  #remove(): void {
    process.off(this.#signal, this.#listener)
    if (Termination.#all.get(this.#signal) === this) Termination.#all.delete(this.#signal)
  }

  /** The process ends as it would have without us, unless somebody else listens. */
  #raise(): void {
    this.#remove()
    if (process.listenerCount(this.#signal) === 0) process.kill(process.pid, this.#signal)
  }
}
