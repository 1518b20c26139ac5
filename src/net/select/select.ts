/**
 * `select`: waits until one of some sockets is ready to be read from or written to.
 *
 * Stands on inquiries. Leaves to `poll` and `epoll` who is registered once and asked for often.
 */
import { UsageError } from '../../errors/classes.ts'
import { show, wrongRight } from '../../errors/usage.ts'
import type { Coroutine } from '../../greenlet/kernel.ts'
import type { Step } from '../../greenlet/operation.ts'
import type { Operation } from '../../protocol.ts'
import { HubOperation } from '../../waiting/operation.ts'
import type { Timeout } from '../../waiting/timeout.ts'
import { POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLPRI, type Pollable } from '../readiness/pollable.ts'
import { checkPatience, type Inquiry, inquire, type Patience } from './inquiry.ts'
import { checkSelectable, closedTarget, isSelectable, pollableFor, type Selectable } from './target.ts'

/** The three lists that `select` gives: what was passed in, as far as it is ready. */
export type Selected<R, W, X> = [readable: R[], writable: W[], exceptional: X[]]

/** What counts as ready in each of the lists, as Linux has it; but an error is in the third one, too, since Node knows no urgent data. */
const READABLE = POLLIN | POLLHUP | POLLERR
const WRITABLE = POLLOUT | POLLERR
const EXCEPTIONAL = POLLPRI | POLLERR

/**
 * Waits until one of some sockets or servers is ready, and gives those that are: the objects that were passed in, in their order.
 *
 * Takes sockets and servers of either face, numbers that `fileno()` gave, and any object with a `fileno()`, so that an object of yours
 * can carry its data beside its socket. The lists may be empty: then it waits for the time alone.
 *
 * @param r - whose `recv` or `accept` would not wait: data, a connection, the end of the peer, or an error is there.
 * @param w - whose `send` would not wait: a connection that was made is, and one that has failed.
 * @param x - which have an error: their connection has failed. Such a one is readable and writable as well.
 * @param timeoutMs - how long at the most, in milliseconds, 0 and up, or a `Timeout`; null: for ever. 0 looks once, and lets the others
 * have a turn when nothing is ready. @defaultValue null
 * @returns three lists; all are empty when the time has passed.
 * @throws SocketClosedError when one of them is closed, before or meanwhile; UsageError at the call when something else was given, and
 * for a server that has a listener for its connections.
 * @switches only if nothing is ready
 * @source gevent: `gevent.select.select`
 * @example
 * ```ts
 * import { run } from 'greenloop'
 * import { connect, createServer, select } from 'greenloop/net'
 *
 * await run(function* () {
 *   const server = createServer()
 *   yield* server.listen(0, '127.0.0.1')
 *   const { port } = server.address() as { port: number }
 *   const client = yield* connect(port, '127.0.0.1')
 *
 *   const [readable, writable] = yield* select([server, client], [client], [])
 *   console.log(readable[0] === server, writable[0] === client) // true true
 *   client.destroy()
 *   server.close()
 * })
 * ```
 */
export function select<R extends Selectable, W extends Selectable, X extends Selectable>(
  r: readonly R[],
  w: readonly W[],
  x: readonly X[],
  timeoutMs?: number | Timeout | null,
): Operation<Selected<R, W, X>> {
  const lists = [list(r, 'r'), list(w, 'w'), list(x, 'x')] as const
  checkPatience(CALL, timeoutMs)
  return new Select(lists, timeoutMs)
}

const CALL = 'select()'

/** Checks one of the lists, and takes what stands in it now. */
function list<T extends Selectable>(given: readonly T[], name: string): readonly T[] {
  if (!Array.isArray(given)) {
    const head = `${CALL} expects \`${name}\` to be an array of sockets, but got ${show(given)}.`
    if (!isSelectable(given)) throw new UsageError(head)
    throw new UsageError(
      `${head}\n\n${wrongRight('select(socket, [], [])', 'one socket is no list', 'select([socket], [], [])')}`,
    )
  }
  const targets: readonly T[] = given
  for (const target of targets) checkSelectable(CALL, target, ` in \`${name}\``)
  return [...targets]
}

class Select<R extends Selectable, W extends Selectable, X extends Selectable> extends HubOperation<Selected<R, W, X>> {
  readonly #lists: readonly [readonly R[], readonly W[], readonly X[]]
  readonly #timeoutMs: Patience

  constructor(lists: readonly [readonly R[], readonly W[], readonly X[]], timeoutMs: Patience) {
    super()
    this.#lists = lists
    this.#timeoutMs = timeoutMs
  }

  override begin(greenlet: Coroutine): Step<Selected<R, W, X>> {
    return inquire(greenlet, new SelectInquiry(...this.#lists), this.#timeoutMs)
  }

  override toString(): string {
    return CALL
  }
}

/** What was passed in, and what stands behind it. */
type Behind<T> = readonly (readonly [target: T, pollable: Pollable])[]

class SelectInquiry<R extends Selectable, W extends Selectable, X extends Selectable>
  implements Inquiry<Selected<R, W, X>>
{
  readonly text: string = CALL
  readonly wanted: Map<Pollable, number> = new Map<Pollable, number>()
  readonly #r: Behind<R>
  readonly #w: Behind<W>
  readonly #x: Behind<X>

  constructor(r: readonly R[], w: readonly W[], x: readonly X[]) {
    this.#r = this.#behind(r, READABLE)
    this.#w = this.#behind(w, WRITABLE)
    this.#x = this.#behind(x, EXCEPTIONAL)
  }

  #behind<T extends Selectable>(targets: readonly T[], events: number): Behind<T> {
    return targets.map((target) => {
      const pollable = pollableFor(CALL, target)
      this.wanted.set(pollable, (this.wanted.get(pollable) ?? 0) | events)
      return [target, pollable]
    })
  }

  answer(): Selected<R, W, X> | null {
    let isReady = false
    for (const [pollable, events] of this.wanted) {
      const now = pollable.events()
      if ((now & events) !== 0) isReady = true
      else if ((now & POLLNVAL) !== 0) throw closedTarget(CALL, pollable)
    }
    return isReady ? [those(this.#r, READABLE), those(this.#w, WRITABLE), those(this.#x, EXCEPTIONAL)] : null
  }

  late(): Selected<R, W, X> {
    return [[], [], []]
  }
}

/** Those that are ready. */
function those<T>(behind: Behind<T>, events: number): T[] {
  const ready: T[] = []
  for (const [target, pollable] of behind) if ((pollable.events() & events) !== 0) ready.push(target)
  return ready
}
