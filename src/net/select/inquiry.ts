/**
 * Waiting until one of several things is ready: what `select`, `poll` and `waitRead` have in common.
 *
 * They look at all their things, each time anew: first when they begin, then whenever one of them says that it has changed. So they cost
 * as much as there are things, as the originals do; who watches many takes `epoll`.
 *
 * Stands on readiness and waits. Leaves it to the calls what they make of what they see.
 */
import type { Coroutine } from '../../greenlet/kernel.ts'
import { ready, type Step } from '../../greenlet/operation.ts'
import { hubOf } from '../../hub/default.ts'
import { checkWaitOptions, type Timeout } from '../../waiting/timeout.ts'
import { type Limit, Wait } from '../../waiting/wait.ts'
import { POLLNVAL, type Pollable, type Watcher } from '../readiness/pollable.ts'

/** How long a call may wait: milliseconds, or a `Timeout`; null or nothing is for ever. */
export type Patience = number | Timeout | null | undefined

/** One call: what it watches, and what it makes of it. */
export interface Inquiry<T> {
  /** The call as a person writes it. */
  readonly text: string
  /** What is watched, each with the events that are wanted of it. */
  readonly wanted: ReadonlyMap<Pollable, number>
  /** What the call gives, when something is ready; null: wait on. Throws what the call throws, such as that a socket is closed. */
  answer(): T | null
  /** What it gives when its time is up; or throws. */
  late(limit: Limit): T
}

/** Checks how long a call may wait. */
export function checkPatience(call: string, timeoutMs: unknown): void {
  if (timeoutMs != null) checkWaitOptions(call, { timeoutMs: timeoutMs as number }) // it is checked there
}

/**
 * Begins the call: the last line of an operation's `begin`.
 *
 * With a time limit of 0 it looks once, and lets everybody else have a turn when it has found nothing: or a loop of such looks would shut
 * out Node, which alone makes anything ready.
 */
export function inquire<T>(greenlet: Coroutine, inquiry: Inquiry<T>, timeoutMs: Patience): Step<T> {
  const found = inquiry.answer()
  if (found !== null) return ready(found)
  if (timeoutMs === 0) {
    for (const [pollable, events] of inquiry.wanted) pollable.expect(events)
    return comeAgain(greenlet, () => inquiry.late(0))
  }
  return new InquiryWait(greenlet, inquiry)
    .watch()
    .limit(timeoutMs ?? undefined)
    .park()
}

/** Lets the others have a turn, and gives what `late` does, or throws it. */
export function comeAgain<T>(greenlet: Coroutine, late: () => T): Step<T> {
  const hub = hubOf(greenlet)
  const step = hub.park(greenlet, null)
  let value: T
  try {
    value = late()
  } catch (error) {
    hub.wakeWithError(greenlet, error)
    return step
  }
  hub.wake(greenlet, value)
  return step
}

class InquiryWait<T> extends Wait {
  readonly #inquiry: Inquiry<T>
  #watches: Watch[] = []

  constructor(greenlet: Coroutine, inquiry: Inquiry<T>) {
    super(greenlet)
    this.#inquiry = inquiry
  }

  watch(): this {
    const { wanted } = this.#inquiry
    this.#watches = Array.from(wanted, ([pollable, events]) => new Watch(this, pollable, events))
    if (wanted.size > 0) this.hub.outstanding++
    for (const watch of this.#watches) watch.begin()
    return this
  }

  /** Something has changed. */
  changed(): void {
    let answer: T | null
    try {
      answer = this.#inquiry.answer()
    } catch (error) {
      this.leave()
      this.fail(error)
      return
    }
    if (answer === null) return
    this.leave()
    this.succeed(answer)
  }

  protected override leave(): void {
    if (this.#watches.length > 0) this.hub.outstanding--
    for (const watch of this.#watches.splice(0)) watch.end()
  }

  override expired(limit: Limit): void {
    let late: T
    try {
      late = this.#inquiry.late(limit)
    } catch (error) {
      this.fail(error)
      return
    }
    this.succeed(late)
  }

  override describe(): string {
    return `${this.#inquiry.text}${listed([...this.#inquiry.wanted.keys()])}`
  }
}

/** The wait's eye on one of its things. */
class Watch implements Watcher {
  readonly #wait: InquiryWait<unknown>
  readonly #pollable: Pollable
  readonly #wanted: number
  #over = false

  constructor(wait: InquiryWait<unknown>, pollable: Pollable, wanted: number) {
    this.#wait = wait
    this.#pollable = pollable
    this.#wanted = wanted
  }

  begin(): void {
    this.#pollable.watch(this)
    this.#pollable.expect(this.#wanted)
  }

  end(): void {
    this.#over = true
    this.#pollable.unwatch(this)
  }

  becameReady(): void {
    if (this.#over) return // somebody who was told before has ended the wait
    if ((this.#pollable.events() & (this.#wanted | POLLNVAL)) !== 0) this.#wait.changed()
    else this.#pollable.expect(this.#wanted) // somebody else has taken it
  }
}

/** Some of what is waited for, for messages. */
function listed(pollables: readonly Pollable[]): string {
  if (pollables.length === 0) return ' of nothing'
  const shown = pollables.slice(0, 3).map(({ label }) => label)
  const more = pollables.length - shown.length
  return ` of ${shown.join(', ')}${more > 0 ? ` and ${String(more)} more` : ''}`
}
