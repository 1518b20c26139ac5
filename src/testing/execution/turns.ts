/**
 * Who has which turn in an execution: asks the policy, and keeps count of its choices, of preemptions and of spins.
 *
 * Fairness. One that does nothing but `sleep(0)` in a loop waits for another to change something, and a policy that takes it for ever would
 * never come to an end. So, who has given up its turn more than `spins` times while nobody did anything else is passed over until somebody
 * has; when all who could go on are such, they take turns. Each is counted for itself: of a hundred who each give up a turn or two, none
 * spins. An execution in which that happened says so: what longer spins would have shown was not seen.
 *
 * Stands on the choices. Leaves to the execution who is ready.
 */
import { type Coroutine, READY, RETURNED } from '../../greenlet/kernel.ts'
import { type Choices, GIVE_UP, type Policy } from '../schedule/choices.ts'

/** The turns of one execution. */
export class Turns {
  /** The option that was taken at each step. */
  readonly taken: number[] = []
  /** How many options there were at each step. */
  readonly offered: number[] = []
  /** How often another one was taken although the greenlet that ran last could have gone on. */
  preemptions = 0
  /** Whether greenlets that did nothing but give up their turns were passed over. */
  spun = false
  /** The greenlet that ran last. */
  last: Coroutine | null = null
  /** How often each has given up its turn, while all steps were nothing else. */
  readonly #given = new Map<Coroutine, number>()
  /** Who of them has done so too often. */
  readonly #spinners: Coroutine[] = []
  readonly #choices: Choices
  readonly #policy: Policy
  readonly #spins: number

  constructor(choices: Choices, policy: Policy, spins: number) {
    this.#choices = choices
    this.#policy = policy
    this.#spins = spins
  }

  /** Has the policy choose among those who can go on; {@link GIVE_UP}: nobody. */
  choose(): number {
    const choices = this.#choices
    const { last } = this
    let place = last === null || last.$turn !== READY || last.$status >= RETURNED ? -1 : choices.ready.indexOf(last)
    if (this.#spinners.length > 0 && this.#passOverSpinners()) {
      place = last === null ? -1 : choices.ready.indexOf(last)
    }
    choices.last = place
    const option = this.#policy.choose(choices, this.taken.length)
    if (option === GIVE_UP) return option
    this.taken.push(option)
    this.offered.push(choices.count)
    if (place >= 0 && option !== place) this.preemptions++
    return option
  }

  /** A step is over; `greenlet` has given up its turn in it. */
  gaveTurn(greenlet: Coroutine): void {
    const times = (this.#given.get(greenlet) ?? 0) + 1
    this.#given.set(greenlet, times)
    if (times > this.#spins && !this.#spinners.includes(greenlet)) this.#spinners.push(greenlet)
  }

  /** A step is over in which something else was done. */
  didSomething(): void {
    if (this.#given.size === 0) return
    this.#given.clear()
    while (this.#spinners.length > 0) this.#spinners.pop()
  }

  /** Leaves those out who spin, if there are others; answers whether it did. */
  #passOverSpinners(): boolean {
    const choices = this.#choices
    // Of those who all spin one may have changed something in its turn: from here on each has one in turn.
    if (choices.ready.length > 1 && choices.ready.every((greenlet) => this.#spinners.includes(greenlet))) {
      while (this.#spinners.length > 0) this.#spinners.pop()
      if (this.last !== null) this.#spinners.push(this.last)
    }
    const others = choices.ready.filter((greenlet) => !this.#spinners.includes(greenlet))
    if (others.length === choices.ready.length || others.length + choices.due.length === 0) return false
    this.spun = true
    choices.ready.splice(0, Infinity, ...others)
    choices.count = others.length + choices.due.length
    return true
  }
}
