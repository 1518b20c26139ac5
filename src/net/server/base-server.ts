/**
 * gevent's `BaseServer`: what a server of connections and one of datagrams have in common.
 *
 * Model. One greenlet, the *acceptor*, takes what has come, one after the other, and makes a job of each. It waits while the pool is full,
 * and for a while after an error; `stopAccepting` kills it. What it has in its hands then is held for its successor, so that nothing
 * is lost; `close` drops it.
 *
 * ```
 *   new ── start() ──▶ started ── stop(), close(), a fatal error ──▶ closed
 *                       │    ▲
 *          stopAccepting()  startAccepting()          what comes meanwhile waits
 * ```
 *
 * Invariants. At most one acceptor takes at a time: its successor waits for its end. A closed server is over.
 *
 * Turned down. Handling each connection in Node's own event: a full pool, a server that does not accept and one that backs off would
 * each need a queue and a wake-up of its own, where a greenlet just waits.
 *
 * Stands on jobs. Leaves to the servers what they take, and from where.
 */
import { isInterrupt, SocketClosedError, UsageError } from '../../errors/classes.ts'
import { wrongRight } from '../../errors/usage.ts'
import { NO_WAIT } from '../../gevent/end.ts'
import type { Greenlet } from '../../gevent/greenlet.ts'
import { sleep } from '../../gevent/sleep.ts'
import { spawnWith } from '../../gevent/spawn.ts'
import { type Coroutine, kernel } from '../../greenlet/kernel.ts'
import { hubOf } from '../../hub/default.ts'
import type { Group } from '../../pools/group.ts'
import { Pool } from '../../pools/pool.ts'
import type { Begun, Green, Operation } from '../../protocol.ts'
import { AsyncResult } from '../../sync/async-result.ts'
import { Event } from '../../sync/event.ts'
import { begun, operation } from '../../waiting/operation.ts'
import { withTimeout } from '../../waiting/timeout.ts'
import type { Address } from '../readiness/address.ts'
import { type Job, type Spawner, spawnerFor } from './job.ts'
import { checkStopOptions, readOptions, type ServerOptions, type StopOptions } from './options.ts'

/** How long those who were killed may take to end. */
const DYING_MS = 1000
/** Errors after which accepting makes no sense: there is no listener any more. */
const FATAL = new Set(['EBADF', 'EINVAL', 'ENOTSOCK', 'GREENLOOP_SOCKET_CLOSED'])

/** What all servers have in common: starting, accepting, stopping. @source gevent: `gevent.baseserver.BaseServer` */
export abstract class BaseServer<A extends readonly unknown[]> implements Disposable, AsyncDisposable {
  /** The pool of the `spawn` option; null: it has none. */
  readonly pool: Pool | Group | null
  /** How long {@link stop} waits for the handlers in the pool. */
  readonly stopTimeoutMs: number
  /** How many it takes before others have their turn. */
  readonly maxAccept: number
  readonly #minDelayMs: number
  readonly #maxDelayMs: number
  readonly #spawner: Spawner<A>
  #state: 'not started' | 'started' | 'closed' = 'not started'
  #acceptor: Greenlet | null = null
  /** The last one that was told to stop. */
  #formerAcceptor: Greenlet | null = null
  /** Taken, and not handled yet, in order. */
  readonly #held: Job<A>[] = []
  readonly #bound = new AsyncResult<void>()
  /** Whether somebody has waited for the start, and knows how it went. */
  #startWatched = false
  readonly #stopped = new Event()

  /** @param call - the call that makes it, for messages. */
  constructor(call: string, options: ServerOptions<A>) {
    const { spawn, stopTimeoutMs, minDelayMs, maxDelayMs, maxAccept } = readOptions(call, options)
    this.#spawner = spawnerFor(call, spawn)
    this.pool = this.#spawner.pool
    this.stopTimeoutMs = stopTimeoutMs
    this.#minDelayMs = minDelayMs
    this.#maxDelayMs = maxDelayMs
    this.maxAccept = maxAccept
  }

  /** Where it listens, as it stands in messages. */
  protected abstract get where(): string

  /** Where it listens; before the start, where it is going to. Of a Unix socket the path. */
  abstract get address(): Address | string

  /** Begins to listen, and calls one of the two. What comes is kept until `next` asks for it. */
  protected abstract bind(bound: () => void, failed: (error: Error) => void): void

  /** Waits for the next that comes, and gives the job for it. */
  protected abstract next(): Green<Job<A>>

  /** Listens no more. */
  protected abstract unbind(): void

  /** Whether there is more that {@link stop} waits for than the pool: in {@link settle}, until the time is up. */
  protected get unsettled(): boolean {
    return false
  }

  /** Waits until nothing is unsettled. */
  protected *settle(): Green<void> {
    // nothing is
  }

  /** Ends what is unsettled. */
  protected abandon(): void {
    // nothing is
  }

  /** The name of the handler, for messages. */
  protected abstract get handlerName(): string

  /** The host at which it listens; empty for all, and for a Unix socket. */
  get serverHost(): string {
    const { address } = this
    return typeof address === 'string' ? '' : address[0]
  }

  /** The port at which it listens; 0 for a Unix socket, and as long as the machine has not chosen one. */
  get serverPort(): number {
    const { address } = this
    return typeof address === 'string' ? 0 : address[1]
  }

  /** Whether it was started, and is not closed. */
  get started(): boolean {
    return this.#state === 'started'
  }

  /** Whether it was closed, by `stop`, `close` or a fatal error. */
  get closed(): boolean {
    return this.#state === 'closed'
  }

  /** Whether it takes no more at the moment, since its pool has no free place. @switches never */
  full(): boolean {
    return this.pool instanceof Pool && this.pool.full()
  }

  /**
   * Begins to listen and to accept. The effect is at the call; driving it waits until the server listens.
   *
   * Calling it again begins to accept again, after {@link stopAccepting}.
   *
   * @throws UsageError at the call when it is closed; what Node throws for a wrong address; driven, the error of the listener (`EADDRINUSE`),
   * which is reported if nobody drives it. After an error it is closed; so it is by a greenlet that is killed while it waits for this.
   * @switches only if it must wait
   * @source gevent: `BaseServer.start`
   */
  start(): Begun<void> {
    if (this.#state === 'closed') throw this.#over('start()')
    if (this.#state === 'not started') {
      this.#state = 'started'
      try {
        this.bind(
          () => {
            if (this.#state === 'closed') this.unbind()
            else this.#bound.set()
          },
          (error) => {
            this.#failedToBind(error)
          },
        )
      } catch (error) {
        this.close()
        throw error
      }
    }
    this.startAccepting()
    return begun(operation(`start() of ${String(this)}`, () => this.#untilBound()))
  }

  #failedToBind(error: Error): void {
    if (this.#bound.ready()) return
    this.#bound.setException(error)
    this.close()
    const hub = hubOf(kernel.current)
    // In a turn of its own: who awaits the start may not have got to it.
    hub.runCallback(() => {
      if (!this.#startWatched) hub.tell(error, { name: String(this) })
    })
  }

  *#untilBound(): Green<void> {
    this.#startWatched = true
    try {
      yield* this.#bound.get()
    } catch (error) {
      if (isInterrupt(error)) this.close()
      throw error
    }
  }

  /**
   * Accepts again. What has come meanwhile comes first.
   *
   * @throws UsageError when it was not started, or is closed.
   * @switches never
   * @source gevent: `BaseServer.start_accepting`
   */
  startAccepting(): void {
    if (this.#state === 'closed') throw this.#over('startAccepting()')
    if (this.#state === 'not started')
      throw new UsageError(
        `startAccepting() was called of ${String(this)}.\n\n${wrongRight('server.startAccepting()', 'it does not listen', 'yield* server.start()')}`,
      )
    if (this.#acceptor !== null) return
    const former = this.#formerAcceptor
    this.#formerAcceptor = null
    this.#acceptor = spawnWith({ name: `accept() of ${this.constructor.name}` }, () => this.#accept(former))
  }

  /**
   * Accepts no more, until {@link startAccepting}. It goes on listening: what comes waits, unanswered.
   *
   * @switches never
   * @source gevent: `BaseServer.stop_accepting`
   */
  stopAccepting(): void {
    const acceptor = this.#acceptor
    if (acceptor === null) return
    this.#acceptor = null
    this.#formerAcceptor = acceptor
    acceptor.kill(undefined, { block: false })
  }

  /** What the acceptor does. */
  *#accept(former: Greenlet | null): Green<void> {
    if (former !== null) yield* former.join()
    const self = kernel.current
    try {
      yield* this.#bound.wait()
      yield* this.#acceptUntilStopped(self)
    } finally {
      if ((this.#acceptor as Coroutine | null) === self) this.#acceptor = null // somebody else has killed it
    }
  }

  *#acceptUntilStopped(self: Coroutine): Green<void> {
    const { pool } = this
    let delayMs = this.#minDelayMs
    let inRow = 0
    while ((this.#acceptor as Coroutine | null) === self) {
      let job: Job<A> | undefined
      try {
        while (pool instanceof Pool && pool.full()) yield* pool.waitAvailable()
        job = this.#held.shift() ?? (yield* this.next())
        delayMs = this.#minDelayMs
        if ((this.#acceptor as Coroutine | null) !== self) {
          this.#hold(job)
          return
        }
        const starting = this.#spawner.start(job)
        if (starting !== null) yield* starting
        job = undefined
        if (++inRow >= this.maxAccept) {
          inRow = 0
          yield* sleep(0)
        }
      } catch (error) {
        if (isInterrupt(error)) {
          if (job !== undefined) this.#hold(job)
          throw error
        }
        const fatal = job === undefined && FATAL.has((error as NodeJS.ErrnoException).code ?? '')
        hubOf(self).tell(error, job ?? { name: String(this) })
        job?.drop()
        if (fatal) {
          process.stderr.write(`ERROR: ${String(this)} failed with ${String(error)}\n`)
          this.close()
          return
        }
        yield* sleep(delayMs)
        delayMs = Math.min(this.#maxDelayMs, delayMs * 2)
      }
    }
  }

  #hold(job: Job<A>): void {
    if (this.#state === 'closed') job.drop()
    else this.#held.unshift(job)
  }

  /**
   * Listens and accepts no more; what was not accepted yet is dropped. Handlers are left running.
   *
   * @switches never
   * @source gevent: `BaseServer.close`
   */
  close(): void {
    if (this.#state === 'closed') return
    const wasStarted = this.#state === 'started'
    this.#state = 'closed'
    this.stopAccepting()
    for (const job of this.#held.splice(0)) job.drop()
    if (!this.#bound.ready()) this.#bound.setException(new SocketClosedError(`start(): ${String(this)} was closed.`))
    if (wasStarted) this.unbind()
    this.#stopped.set()
  }

  /**
   * Closes, and ends the handlers that are in the pool: it waits for them, and kills those that take too long. Handlers without a pool are
   * left running. The effect is at the call; driving it waits until all this is done.
   *
   * Handlers in a pool that was given are ended with everything else in that pool.
   *
   * @param options - `timeoutMs`: how long it waits before it kills. @defaultValue {@link stopTimeoutMs}
   * @throws UsageError at the call when the options are wrong.
   * @switches only if it must wait
   * @source gevent: `BaseServer.stop`
   */
  stop(options: StopOptions = {}): Begun<void> {
    checkStopOptions('stop()', options)
    const { timeoutMs = this.stopTimeoutMs } = options
    this.close()
    if ((this.pool === null || this.pool.size === 0) && !this.unsettled) return NO_WAIT
    // In a greenlet of its own: it comes to its end whatever becomes of the caller, who may be a handler, too.
    const ending = spawnWith({ name: `stop() of ${String(this)}` }, () => this.#end(timeoutMs))
    return begun(ending.join())
  }

  *#end(timeoutMs: number): Green<void> {
    const { pool } = this
    try {
      yield* withTimeout({ ms: timeoutMs, timeoutValue: undefined }, () => this.#untilAllEnded())
    } finally {
      if (pool !== null) yield* pool.kill(undefined, { timeoutMs: DYING_MS })
      this.abandon()
    }
  }

  *#untilAllEnded(): Green<void> {
    if (this.pool !== null) yield* this.pool.join()
    yield* this.settle()
  }

  /**
   * Starts if need be, and waits until it is stopped; then stops, for good: also when the greenlet that waits is killed, or the start failed.
   *
   * @param options - for {@link stop}.
   * @throws as {@link start}; UsageError at the call when the options are wrong.
   * @switches always
   * @source gevent: `BaseServer.serve_forever`
   */
  serveForever(options: StopOptions = {}): Operation<void> {
    checkStopOptions('serveForever()', options)
    return operation(`serveForever() of ${String(this)}`, () => this.#serve(options))
  }

  *#serve(options: StopOptions): Green<void> {
    try {
      if (this.#state === 'not started') yield* this.start()
      yield* this.#stopped.wait()
    } finally {
      yield* this.stop(options)
    }
  }

  /** For `using`: {@link stop}, without waiting for its end. */
  [Symbol.dispose](): void {
    this.stop()
  }

  /** For `await using`: {@link stop}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  toString(): string {
    const state = this.#state === 'started' && this.#acceptor === null ? 'not accepting' : this.#state
    return `<${this.constructor.name} at ${this.where}, handle=${this.handlerName}, ${state}>`
  }

  #over(call: string): UsageError {
    return new UsageError(
      `${call} was called of ${String(this)}; a server that was closed is over.\n\n${wrongRight('server.stop(); server.start()', 'its listener is gone', `server.stop(); new ${this.constructor.name}(...).start()`)}`,
    )
  }
}
