/**
 * A hundred requests at once in one thread, with nothing but sockets and `select`: the event loop that asynchronous frameworks have inside,
 * written by hand.
 *
 * Its sockets do not block: `connect` and `recv` throw BlockingIOError where they would have to wait, and the program goes on. When it is
 * worth coming back `select` tells, for all of them in one call: a socket that has become writable is connected, so its request is
 * sent; one that has become readable has a piece of its answer, or the end. When a page is complete, the callback that came with its URL is
 * called: nobody asks for the page, who wanted it is told.
 *
 * What `select` watches are requests, not sockets: it takes any object that has a `fileno()`, and gives back the very objects it was given.
 * So each request carries all that belongs to it beside its socket, and no table is needed to find it again.
 *
 * The server is started here, on a free port of this machine. It answers nobody before it has all hundred requests: a client that waited for
 * one page before it asks for the next would wait for ever. Then each answer takes 30 ms, but they pass for all requests at the same time.
 *
 * Run: `npx tsx examples/select-framework.ts`
 *
 * Expected output:
 * ```text
 * 100 requests begun, 0 done.
 * 100 requests done, in one thread; 100 of them were in flight at once.
 * Page 1: HTTP/1.1 200 OK, "You asked for /page?n=1"
 * Page 100: HTTP/1.1 200 OK, "You asked for /page?n=100"
 * <n> ms; one after another, at 30 ms each, it would have been 3000 at least.
 * ```
 */
import { BlockingIOError, type Green, run } from 'greenloop'
import { Socket, select } from 'greenloop/net'
import { openCrowdedSite } from './support/crowded-site.ts'

/** Called with the whole answer when it is there. */
type Callback = (answer: string) => void

/** A request: a socket, and what belongs to it. */
class HttpRequest {
  readonly #url: URL
  readonly #socket = new Socket()
  readonly #pieces: Buffer[] = []
  readonly #callback: Callback

  constructor(url: string, callback: Callback) {
    this.#url = new URL(url)
    this.#callback = callback
  }

  /** By this, `select` takes the request for its socket. */
  fileno(): number {
    return this.#socket.fileno()
  }

  /** Begins to connect. */
  *begin(): Green<void> {
    this.#socket.setblocking(false)
    try {
      yield* this.#socket.connect([this.#url.hostname, Number(this.#url.port)])
    } catch (err) {
      if (!(err instanceof BlockingIOError)) throw err // this one says: it goes on by itself
    }
  }

  /** Sends it, once it is connected. */
  *send(): Green<void> {
    const { pathname, search, host } = this.#url
    yield* this.#socket.sendall(`GET ${pathname}${search} HTTP/1.0\r\nhost: ${host}\r\n\r\n`)
  }

  /** Reads what has arrived; answers whether the answer is complete: in HTTP/1.0 the server ends the connection then. */
  *receive(): Green<boolean> {
    try {
      for (;;) {
        const piece = yield* this.#socket.recv(8192)
        if (piece.length === 0) return true
        this.#pieces.push(piece)
      }
    } catch (err) {
      if (!(err instanceof BlockingIOError)) throw err
      return false // all that is there has been read; there will be more
    }
  }

  /** The answer is complete. */
  finish(): void {
    this.#socket.close()
    this.#callback(String(Buffer.concat(this.#pieces)))
  }
}

/** The framework: one loop that looks after all requests. */
class Framework {
  readonly #connecting = new Set<HttpRequest>()
  readonly #unfinished = new Set<HttpRequest>();

  /** Begins a request; `callback` is called when it is done. Nobody waits. */
  *add(url: string, callback: Callback): Green<void> {
    const request = new HttpRequest(url, callback)
    yield* request.begin()
    this.#connecting.add(request)
    this.#unfinished.add(request)
  }

  /** Looks after all of them until the last one is done. */
  *run(): Green<void> {
    while (this.#unfinished.size > 0) {
      const [readable, writable] = yield* select([...this.#unfinished], [...this.#connecting], [])
      for (const request of writable) {
        yield* request.send()
        this.#connecting.delete(request) // connected sockets are nearly always writable: that is no news
      }
      for (const request of readable) {
        if (!(yield* request.receive())) continue
        this.#unfinished.delete(request)
        request.finish()
      }
    }
  }
}

const REQUESTS = 100
const LATENCY_MS = 30

const site = await openCrowdedSite(REQUESTS, LATENCY_MS)
const answers = new Map<number, string>()
const began = performance.now()

await run(function* () {
  const framework = new Framework()
  for (let n = 1; n <= REQUESTS; n++)
    yield* framework.add(`${site.url}/page?n=${n}`, (answer) => answers.set(n, answer))
  console.log(`${REQUESTS} requests begun, ${answers.size} done.`)
  yield* framework.run()
})

const tookMs = performance.now() - began
site.close()

console.log(`${answers.size} requests done, in one thread; ${site.mostAtOnce} of them were in flight at once.`)
for (const n of [1, REQUESTS]) {
  const [head = '', body] = answers.get(n)?.split('\r\n\r\n') ?? []
  console.log(`Page ${n}: ${head.split('\r\n')[0]}, "${body}"`)
}
console.log(
  `${tookMs.toFixed(0)} ms; one after another, at ${LATENCY_MS} ms each, it would have been ${REQUESTS * LATENCY_MS} at least.`,
)
