/**
 * `epoll`: any number of sockets, registered once; a look costs as much as there is to report.
 *
 * Level-triggered, edge-triggered (`EPOLLET`) or for one time (`EPOLLONESHOT`); asked for with `poll()`, or told by a callback. Several
 * greenlets may wait in `poll()`: the one that came first is woken first. What is level-triggered wakes all of them as long as it is
 * ready; an edge is one's alone.
 *
 * Stands on interests. Leaves callbacks to `callback.ts`.
 */
import { SocketClosedError, UsageError } from '../../errors/classes.ts'
import { notAFunction, show } from '../../errors/usage.ts'
import { type Coroutine, kernel } from '../../greenlet/kernel.ts'
import { ready, type Step } from '../../greenlet/operation.ts'
import { hubOf } from '../../hub/default.ts'
import type { Operation } from '../../protocol.ts'
import { HubOperation } from '../../waiting/operation.ts'
import type { Timeout } from '../../waiting/timeout.ts'
import { Wait } from '../../waiting/wait.ts'
import { type ListNode, WaitList } from '../../waiting/wait-list.ts'
import { POLLERR, POLLHUP, POLLIN, POLLOUT, POLLPRI, POLLRDHUP } from '../readiness/pollable.ts'
import { CalledInterest, type EpollCallback } from './callback.ts'
import { checkPatience, comeAgain, type Patience } from './inquiry.ts'
import { EPOLLET, EPOLLONESHOT, Interest } from './interest.ts'
import { negativeIsForEver } from './poll.ts'
import { checkMask, Registry } from './registry.ts'
import { checkSelectable, pollableFor, type Selectable } from './target.ts'

/** As {@link POLLIN}. */
export const EPOLLIN: number = POLLIN
/** As {@link POLLPRI}. */
export const EPOLLPRI: number = POLLPRI
/** As {@link POLLOUT}. */
export const EPOLLOUT: number = POLLOUT
/** As {@link POLLERR}. */
export const EPOLLERR: number = POLLERR
/** As {@link POLLHUP}. */
export const EPOLLHUP: number = POLLHUP
/** As {@link POLLRDHUP}. */
export const EPOLLRDHUP: number = POLLRDHUP

const NAMES = { EPOLLIN, EPOLLPRI, EPOLLOUT, EPOLLERR, EPOLLHUP, EPOLLRDHUP, EPOLLET, EPOLLONESHOT }

/** What `epoll.poll()` gives: what was registered, and what has come. */
type Report<T> = [target: T, events: number]

/**
 * Any number of sockets, of which it reports those that are ready.
 *
 * @source Python: `select.epoll`
 * @example
 * ```ts
 * import { run } from 'greenloop'
 * import { connect, createServer, EPOLLET, EPOLLIN, epoll } from 'greenloop/net'
 *
 * await run(function* () {
 *   const server = createServer()
 *   yield* server.listen(0, '127.0.0.1')
 *   const { port } = server.address() as { port: number }
 *   const client = yield* connect(port, '127.0.0.1')
 *
 *   using poller = epoll()
 *   poller.register(server, EPOLLIN | EPOLLET)
 *   console.log((yield* poller.poll()).length) // 1
 *   console.log((yield* poller.poll(0)).length) // 0
 *   client.destroy()
 *   server.close()
 * })
 * ```
 */
export class Epoll<T extends Selectable = Selectable> implements Disposable {
  readonly #registry = new Registry<Interest<T>>()
  /** Those that may have something to report, and no callback. */
  readonly #queue = new WaitList<PolledInterest<T>>()
  readonly #waits = new WaitList<EpollWait<T>>()
  #closed = false

  /** Whether it was closed. */
  get closed(): boolean {
    return this.#closed
  }

  /**
   * Registers a socket, a server, a number, or an object with a `fileno()`. One that is closed later leaves by itself.
   *
   * With a callback the hub calls it in a turn of its own whenever there is something to report, and nobody has to `poll()`: again and
   * again, as long as it is ready, unless `EPOLLET` or `EPOLLONESHOT` is among the events. It must not wait; it may spawn a greenlet that
   * does. When it throws, that is reported, and it is not called again before `modify()`.
   *
   * @param target - what is reported when it is ready.
   * @param eventmask - which events are wanted: a sum of `EPOLLIN`, `EPOLLPRI`, `EPOLLOUT`, `EPOLLRDHUP`, with `EPOLLET` or `EPOLLONESHOT`
   * for how it is reported. `EPOLLERR` and `EPOLLHUP` come in any case. @defaultValue EPOLLIN | EPOLLPRI | EPOLLOUT
   * @param callback - called with `target` and the events.
   * @throws SocketClosedError when it is closed, or this epoll is; UsageError when it is none of these or registered already, `eventmask`
   * no such sum, or `callback` no function.
   * @switches never
   * @source Python: `epoll.register`
   */
  register<U extends T>(
    target: U,
    eventmask: number = EPOLLIN | EPOLLPRI | EPOLLOUT,
    callback?: EpollCallback<U>,
  ): void {
    const call = 'epoll.register()'
    this.#checkOpen(call)
    checkSelectable(call, target)
    checkMask(call, eventmask, NAMES)
    if (callback !== undefined && typeof callback !== 'function') throw notAFunction('epoll.register', callback)
    const pollable = pollableFor(call, target)
    if (this.#registry.of(pollable) !== undefined) {
      throw new UsageError(`${call}: ${show(target)} is registered already; modify() changes what is wanted of it.`)
    }
    const interest =
      callback === undefined
        ? new PolledInterest<T>(target, pollable, this.#polled)
        : new CalledInterest<T>(
            hubOf(kernel.current),
            target,
            pollable,
            callback as EpollCallback<Selectable>, // it is called with `target`, and nothing else
            this.#forget,
          )
    this.#registry.set(interest)
    interest.arm(eventmask)
  }

  /**
   * Changes which events are wanted; what is there already is reported by this, also under `EPOLLET`, and after `EPOLLONESHOT`.
   *
   * @throws UsageError when it is not registered, or `eventmask` is no sum of events; SocketClosedError when this epoll is closed.
   * @switches never
   * @source Python: `epoll.modify`
   */
  modify(target: T, eventmask: number): void {
    const call = 'epoll.modify()'
    this.#checkOpen(call)
    const interest = this.#registry.find(call, target)
    checkMask(call, eventmask, NAMES)
    interest.arm(eventmask)
  }

  /**
   * Takes one out.
   *
   * @throws UsageError when it is not registered; a closed one has left by itself. SocketClosedError when this epoll is closed.
   * @switches never
   * @source Python: `epoll.unregister`
   */
  unregister(target: T): void {
    const call = 'epoll.unregister()'
    this.#checkOpen(call)
    this.#forget(this.#registry.find(call, target))
  }

  /**
   * Waits until there is something to report, and gives it: what has waited longest first, so that with `maxEvents` each has its turn.
   * Who is registered meanwhile counts, too; what has a callback is reported to that instead.
   *
   * @param timeoutMs - how long at the most, in milliseconds, or a `Timeout`; null, and anything negative: for ever. 0 looks once, and lets
   * the others have a turn when there is nothing. @defaultValue null
   * @param maxEvents - how many at the most; -1: all. @defaultValue -1
   * @returns pairs of what was registered and what has come. An empty list when the time has passed.
   * @throws SocketClosedError when this epoll is closed, before or meanwhile; UsageError at the call when an argument is none of these.
   * @switches only if there is nothing to report
   * @source Python: `epoll.poll`
   */
  poll(timeoutMs?: number | Timeout | null, maxEvents = -1): Operation<[target: T, events: number][]> {
    const patience = negativeIsForEver(timeoutMs)
    checkPatience(POLL, patience)
    if (maxEvents !== -1 && !(Number.isInteger(maxEvents) && maxEvents > 0)) {
      throw new UsageError(
        `${POLL} expects \`maxEvents\` to be an integer, 1 or more, or -1, but got ${show(maxEvents)}.`,
      )
    }
    return new EpollPoll(this, patience, maxEvents === -1 ? Infinity : maxEvents)
  }

  /** Takes all out, and ends it; those who wait in `poll()` are told. Closing it twice does nothing. @switches never */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const interest of [...this.#registry]) this.#forget(interest)
    for (let wait = this.#waits.shift(); wait !== null; wait = this.#waits.shift()) wait.closed(closedError(POLL))
  }

  /** For `using`: {@link close}. */
  [Symbol.dispose](): void {
    this.close()
  }

  /** @internal */
  $begin(greenlet: Coroutine, patience: Patience, maxEvents: number): Step<Report<T>[]> {
    this.#checkOpen(POLL)
    const found = this.#collect(maxEvents)
    if (found !== null) return ready(found)
    if (patience === 0) return comeAgain(greenlet, () => [])
    const wait = new EpollWait<T>(greenlet, maxEvents, this.#registry.size)
    this.#waits.push(wait)
    return wait.limit(patience ?? undefined).park()
  }

  #checkOpen(call: string): void {
    if (this.#closed) throw closedError(call)
  }

  readonly #forget = (interest: Interest<T>): void => {
    if (this.#registry.delete(interest)) interest.end()
  }

  /** What an interest without a callback tells: that it is to be queued, or has left. */
  readonly #polled: Queue<T> = {
    add: (interest) => {
      this.#queue.push(interest)
      this.#serve()
    },
    forget: (interest) => {
      this.#forget(interest)
    },
  }

  /** Hands what there is to those who wait. */
  #serve(): void {
    for (let wait = this.#waits.first; wait !== null; wait = this.#waits.first) {
      const found = this.#collect(wait.maxEvents)
      if (found === null) return
      this.#waits.remove(wait)
      wait.found(found)
    }
  }

  /** Takes what is to be reported, at most `max`; null when there is nothing. Who is queued again stands behind those who were not reached. */
  #collect(max: number): Report<T>[] | null {
    const found: Report<T>[] = []
    const { last } = this.#queue // those that are queued again come behind it
    for (let interest = this.#queue.shift(); interest !== null; interest = this.#queue.shift()) {
      const events = interest.take()
      if (events !== 0) {
        found.push([interest.target, events])
        if (interest.repeats) this.#queue.push(interest)
      }
      if (interest === last || found.length === max) break
    }
    return found.length > 0 ? found : null
  }
}

/**
 * Makes an object that reports which of any number of sockets are ready: see {@link Epoll}.
 *
 * @switches never
 * @source Python: `select.epoll`
 */
export function epoll<T extends Selectable = Selectable>(): Epoll<T> {
  return new Epoll<T>()
}

const POLL = 'epoll.poll()'

function closedError(call: string): SocketClosedError {
  return new SocketClosedError(`${call}: the epoll is closed.`)
}

class EpollPoll<T extends Selectable> extends HubOperation<Report<T>[]> {
  readonly #epoll: Epoll<T>
  readonly #patience: Patience
  readonly #maxEvents: number

  constructor(epoll: Epoll<T>, patience: Patience, maxEvents: number) {
    super()
    this.#epoll = epoll
    this.#patience = patience
    this.#maxEvents = maxEvents
  }

  override begin(greenlet: Coroutine): Step<Report<T>[]> {
    return this.#epoll.$begin(greenlet, this.#patience, this.#maxEvents)
  }

  override toString(): string {
    return POLL
  }
}

class EpollWait<T> extends Wait {
  readonly maxEvents: number
  readonly #registered: number

  constructor(greenlet: Coroutine, maxEvents: number, registered: number) {
    super(greenlet)
    this.maxEvents = maxEvents
    this.#registered = registered
    if (registered > 0) this.hub.outstanding++
  }

  found(reports: Report<T>[]): void {
    this.#over()
    this.succeed(reports)
  }

  closed(error: Error): void {
    this.#over()
    this.fail(error)
  }

  protected override leave(): void {
    super.leave()
    this.#over()
  }

  override expired(): void {
    this.succeed([])
  }

  override describe(): string {
    return `${POLL} of ${String(this.#registered)} registered`
  }

  #over(): void {
    if (this.#registered > 0) this.hub.outstanding--
  }
}

/** Where those are queued that have no callback. */
interface Queue<T extends Selectable> {
  add(interest: PolledInterest<T>): void
  forget(interest: PolledInterest<T>): void
}

/** Reported by `poll()`. */
class PolledInterest<T extends Selectable> extends Interest<T> implements ListNode {
  list: WaitList | null = null
  before: ListNode | null = null
  after: ListNode | null = null
  readonly #queue: Queue<T>

  constructor(target: T, pollable: Interest<T>['pollable'], queue: Queue<T>) {
    super(target, pollable)
    this.#queue = queue
  }

  override end(): void {
    super.end()
    this.list?.remove(this)
  }

  protected override queue(): void {
    if (this.list === null) this.#queue.add(this)
  }

  protected override vanish(): void {
    this.#queue.forget(this)
  }
}
