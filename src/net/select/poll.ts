/**
 * `poll`: like `select`, with the sockets registered beforehand, and all their events in one number. Level-triggered.
 *
 * Stands on inquiries and the registry.
 */
import type { Coroutine } from '../../greenlet/kernel.ts'
import type { Step } from '../../greenlet/operation.ts'
import type { Operation } from '../../protocol.ts'
import { HubOperation } from '../../waiting/operation.ts'
import type { Timeout } from '../../waiting/timeout.ts'
import {
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  POLLPRI,
  POLLRDHUP,
  type Pollable,
} from '../readiness/pollable.ts'
import { checkPatience, type Inquiry, inquire, type Patience } from './inquiry.ts'
import { checkMask, Registry } from './registry.ts'
import { checkSelectable, pollableFor, type Selectable } from './target.ts'

const NAMES = { POLLIN, POLLPRI, POLLOUT, POLLERR, POLLHUP, POLLNVAL, POLLRDHUP }
/** These come without being asked for. */
const ALWAYS = POLLERR | POLLHUP | POLLNVAL

interface Registration<T extends Selectable> {
  readonly target: T
  readonly pollable: Pollable
  /** What is wanted of it, and what comes anyway. */
  readonly events: number
}

/**
 * Some sockets, registered once and asked for often.
 *
 * @source gevent: `gevent.select.poll`
 * @example
 * ```ts
 * import { run } from 'greenloop'
 * import { connect, createServer, POLLIN, poll } from 'greenloop/net'
 *
 * await run(function* () {
 *   const server = createServer()
 *   yield* server.listen(0, '127.0.0.1')
 *   const { port } = server.address() as { port: number }
 *   const client = yield* connect(port, '127.0.0.1')
 *
 *   const poller = poll()
 *   poller.register(server, POLLIN)
 *   const [[target, events] = []] = yield* poller.poll()
 *   console.log(target === server, events === POLLIN) // true true
 *   client.destroy()
 *   server.close()
 * })
 * ```
 */
export class Poll<T extends Selectable = Selectable> {
  readonly #registry = new Registry<Registration<T>>()

  /**
   * Registers a socket, a server, a number, or an object with a `fileno()`. One that is registered already is registered anew.
   *
   * @param target - what `poll()` is to give back when it is ready.
   * @param eventmask - which events are wanted: a sum of `POLLIN`, `POLLPRI`, `POLLOUT`, `POLLRDHUP`. `POLLERR`, `POLLHUP` and `POLLNVAL`
   * come in any case. @defaultValue POLLIN | POLLPRI | POLLOUT
   * @throws SocketClosedError when it is closed; UsageError when it is none of these, or `eventmask` no such sum.
   * @switches never
   * @source gevent: `poll.register`
   */
  register(target: T, eventmask: number = POLLIN | POLLPRI | POLLOUT): void {
    const call = 'poll.register()'
    checkSelectable(call, target)
    checkMask(call, eventmask, NAMES)
    this.#registry.set({ target, pollable: pollableFor(call, target), events: eventmask | ALWAYS })
  }

  /**
   * Changes which events are wanted.
   *
   * @throws UsageError when it is not registered, or `eventmask` is no sum of events.
   * @switches never
   * @source gevent: `poll.modify`
   */
  modify(target: T, eventmask: number): void {
    const call = 'poll.modify()'
    const before = this.#registry.find(call, target)
    checkMask(call, eventmask, NAMES)
    this.#registry.set({ ...before, events: eventmask | ALWAYS })
  }

  /**
   * Takes one out; a closed one, too.
   *
   * @throws UsageError when it is not registered.
   * @switches never
   * @source gevent: `poll.unregister`
   */
  unregister(target: T): void {
    this.#registry.delete(this.#registry.find('poll.unregister()', target))
  }

  /**
   * Waits until one of those that are registered is ready, and gives all that are, in the order in which they were registered. As long as
   * one is ready it is given again by each call. Who is registered meanwhile counts from the next call on.
   *
   * @param timeoutMs - how long at the most, in milliseconds, or a `Timeout`; null, and anything negative: for ever. 0 looks once, and lets
   * the others have a turn when nothing is ready. @defaultValue null
   * @returns pairs of what was registered and what has come: a sum of the events above. A closed one has `POLLNVAL`, until it is
   * unregistered. An empty list when the time has passed.
   * @throws UsageError at the call when `timeoutMs` is none of these.
   * @switches only if nothing is ready
   * @source gevent: `poll.poll`
   */
  poll(timeoutMs?: number | Timeout | null): Operation<[target: T, events: number][]> {
    const patience = negativeIsForEver(timeoutMs)
    checkPatience('poll.poll()', patience)
    return new PollOperation(this.#registry, patience)
  }
}

/**
 * Makes an object with which sockets are registered once and asked for often: see {@link Poll}.
 *
 * @switches never
 * @source gevent: `gevent.select.poll`
 */
export function poll<T extends Selectable = Selectable>(): Poll<T> {
  return new Poll<T>()
}

/** As the originals have it: -1 is no limit. */
export function negativeIsForEver(timeoutMs: Patience): Patience {
  return typeof timeoutMs === 'number' && timeoutMs < 0 ? null : timeoutMs
}

class PollOperation<T extends Selectable> extends HubOperation<[T, number][]> {
  readonly #registry: Registry<Registration<T>>
  readonly #timeoutMs: Patience

  constructor(registry: Registry<Registration<T>>, timeoutMs: Patience) {
    super()
    this.#registry = registry
    this.#timeoutMs = timeoutMs
  }

  override begin(greenlet: Coroutine): Step<[T, number][]> {
    return inquire(greenlet, new PollInquiry([...this.#registry]), this.#timeoutMs)
  }

  override toString(): string {
    return 'poll.poll()'
  }
}

class PollInquiry<T extends Selectable> implements Inquiry<[T, number][]> {
  readonly text: string = 'poll.poll()'
  readonly #registered: readonly Registration<T>[]

  constructor(registered: readonly Registration<T>[]) {
    this.#registered = registered
  }

  get wanted(): Map<Pollable, number> {
    return new Map(this.#registered.map(({ pollable, events }) => [pollable, events]))
  }

  answer(): [T, number][] | null {
    const found: [T, number][] = []
    for (const { target, pollable, events } of this.#registered) {
      const now = pollable.events() & events
      // A closed one of which an end or an error is still to be had is no bad number yet.
      if (now !== 0) found.push([target, now === POLLNVAL ? now : now & ~POLLNVAL])
    }
    return found.length > 0 ? found : null
  }

  late(): [T, number][] {
    return []
  }
}
