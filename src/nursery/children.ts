/**
 * The greenlets that one call has made and does not leave behind: those of a nursery, and those that run the branches of `choose`.
 *
 * They are killed once each for one reason to end, whoever kills them: a child that Ctrl-C has killed is not killed again because its
 * parent was, or its `finally` would be cut short. Each further interrupt of the one who waits for them is one more reason.
 *
 * Stands on `Greenlet`. Leaves what a failure means to `nursery.ts`, and to the helpers of `src/several`.
 */

import { Greenlet, type KillOptions } from '../gevent/greenlet.ts'
import { reads, writes } from '../greenlet/footprint.ts'
import { type Coroutine, kernel, RETURNED } from '../greenlet/kernel.ts'
import { ready, type Step } from '../greenlet/operation.ts'
import type { ErrorClass } from '../greenlet/raw-greenlet.ts'
import { hubOf } from '../hub/default.ts'
import type { Begun, Green } from '../protocol.ts'
import type { Listener } from '../waiting/linkable.ts'
import { HubOperation } from '../waiting/operation.ts'
import { Wait } from '../waiting/wait.ts'

/** A greenlet that counts how often it was killed. */
export class Child<T = unknown, A extends readonly unknown[] = readonly []> extends Greenlet<T, A> {
  /** @internal */
  $kills = 0

  /** @internal */
  override kill(error?: Error | ErrorClass, options?: KillOptions): Begun<void> {
    const killed = super.kill(error, options) // which writes it
    this.$kills++
    return killed
  }
}
Object.defineProperty(Child, 'name', { value: 'Greenlet' }) // it stands in the name of one whose body has none

/** All of one call that live. */
export class Children implements Listener<Coroutine> {
  readonly #living = new Set<Child<unknown, readonly unknown[]>>()
  readonly #text: string
  readonly #told: ((child: Coroutine) => void) | null
  /** How often each of them is to have been killed. */
  #reasons = 0
  #wait: ChildrenWait | null = null

  /** @param told - called when one has ended, in the hub. */
  constructor(text: string, told: ((child: Coroutine) => void) | null) {
    this.#text = text
    this.#told = told
    writes(this)
  }

  get size(): number {
    reads(this)
    return this.#living.size
  }

  /** Starts a new one, `ms` milliseconds later if that is given; when all are to end, it never runs. */
  adopt<T, A extends readonly unknown[]>(child: Child<T, A>, ms?: number): void {
    writes(this)
    this.#living.add(child) // of its arguments nothing is asked any more
    child.$listen(this)
    if (ms === undefined) child.start()
    else child.startLater(ms)
    if (this.#reasons > 0) child.kill(undefined, DO_NOT_WAIT)
  }

  /** All are to end: kills those who were not killed yet. */
  dismiss(): void {
    reads(this)
    if (this.#reasons === 0) this.#atLeast(1) // else they were, and who comes later is killed when it comes
  }

  /** One more reason to end: kills those who live although they were killed for the others. */
  press(): void {
    this.#atLeast(this.#reasons + 1)
  }

  /** Waits until all have ended, whatever happens; answers what was thrown at the greenlet that waits, which presses them. */
  *end(): Green<unknown[]> {
    const thrown: unknown[] = []
    while (this.size > 0) {
      try {
        yield* new ChildrenEnd(this)
        // eslint-disable-next-line greenloop/no-swallowed-interrupt -- it goes on when nobody is left behind
      } catch (error) {
        thrown.push(error)
        this.press()
      }
    }
    return thrown
  }

  notify(child: Coroutine): void {
    writes(this)
    this.#living.delete(child as Child<unknown, readonly unknown[]>) // it was adopted
    this.#told?.(child)
    if (this.#living.size > 0) return
    const wait = this.#wait
    this.#wait = null
    wait?.succeed(undefined)
  }

  /** @internal */
  begin(greenlet: Coroutine): Step<void> {
    writes(this)
    if (this.#living.size === 0) return ready(undefined)
    this.#wait = new ChildrenWait(greenlet, this)
    return this.#wait.park()
  }

  /** @internal */
  leave(): void {
    writes(this)
    this.#wait = null
  }

  get living(): readonly Child<unknown, readonly unknown[]>[] {
    reads(this)
    return [...this.#living]
  }

  toString(): string {
    const { size } = this.#living
    const names = [...this.#living].slice(0, 3).map((child) => `"${child.name}"`)
    if (size > 3) names.push(`${String(size - 3)} more`)
    return `${this.#text} for ${names.join(', ')}`
  }

  #atLeast(reasons: number): void {
    writes(this)
    this.#reasons = reasons
    for (const child of [...this.#living]) {
      reads(child)
      if (child.$kills < reasons && child.$status < RETURNED) child.kill(undefined, DO_NOT_WAIT)
    }
  }
}

const DO_NOT_WAIT: KillOptions = { block: false }

class ChildrenEnd extends HubOperation<void> {
  readonly #children: Children

  constructor(children: Children) {
    super()
    this.#children = children
  }

  override begin(greenlet: Coroutine): Step<void> {
    return this.#children.begin(greenlet)
  }

  override toString(): string {
    return String(this.#children)
  }
}

class ChildrenWait extends Wait {
  readonly #children: Children

  constructor(greenlet: Coroutine, children: Children) {
    super(greenlet)
    this.#children = children
  }

  protected override leave(): void {
    this.#children.leave()
  }

  override describe(): string {
    return String(this.#children)
  }

  waitsFor(): readonly Coroutine[] {
    return this.#children.living
  }
}

/** Raises at the next waits of the running greenlet what came while it could not take it. */
export function postpone(errors: readonly unknown[]): void {
  const { current } = kernel
  for (const error of errors) hubOf(current).interrupt(current, error as Error) // only errors are thrown at a wait
}
