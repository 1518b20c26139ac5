/**
 * One wait for several things at once: what `choose`, `race`, `any` and `all` share.
 *
 * Model. For each branch an agent begins its operation, in the order in which they are written. Whoever ends the wait of an agent tells it
 * in that very moment, and the selection decides at once whether that is the end: then the waits of all other branches are undone, before
 * anybody else runs, so that none of them can be given anything any more. The owner is woken last.
 *
 * ```
 *   owner ── parked in ──▶ Selection ── agent ──▶ queue.get()     ◀── an item: told, decided, the other two are undone
 *                                    ├─ agent ──▶ event.wait()
 *                                    └─ agent ──▶ helper, a greenlet that runs a function
 * ```
 *
 * A branch that runs code has a greenlet, its helper, which is spawned when the branch is begun. The helpers of the losers are killed when
 * it is decided, and the call goes on when they have ended, as in a nursery. Such a call is made of two waits and cannot be begun by an
 * agent; as a branch of another one it has a helper itself.
 *
 * Invariants. Decided is decided once. A branch that was begun and has not ended is in `#agents`, and nowhere else. Waits are undone last
 * first: of two that stand in one line, the one behind is gone when the one in front makes room.
 *
 * Stands on agents and on the children of `src/nursery`. Leaves it to subclasses when it is decided, and what is given.
 */

import { outcomeOf } from '../gevent/end.ts'
import { writes } from '../greenlet/footprint.ts'
import { type Coroutine, INTERRUPTED } from '../greenlet/kernel.ts'
import { type BaseOperation, ready, type Step, SUSPENDED, takePending } from '../greenlet/operation.ts'
import { leaveWait } from '../greenlet/trampoline.ts'
import { Child, Children, postpone } from '../nursery/children.ts'
import type { Driven, Operation } from '../protocol.ts'
import { Agent } from '../waiting/agent.ts'
import type { Listener } from '../waiting/linkable.ts'
import { begun, HubOperation, operation } from '../waiting/operation.ts'
import { lateError } from '../waiting/timeout.ts'
import { type Limit, Wait } from '../waiting/wait.ts'
import { ignore, type Offer, textOf } from './branch.ts'

/** What is waited for, and how it stands in messages. */
export interface Plan {
  /** `choose` */
  readonly verb: string
  readonly offers: readonly Offer[]
  /** Written as a record, not as a list. */
  readonly keyed: boolean
  readonly limit: Limit | undefined
  readonly Kind: new (greenlet: Coroutine, plan: Plan) => Selection
}

/** Makes the operation that carries out a plan. */
export function select<T>(plan: Plan): Operation<T> {
  if (plan.offers.every((offer) => offer.operation !== null)) return new Select<T>(plan)
  return operation(planText(plan), function* () {
    const children = new Children(`${plan.verb}()`, null)
    const offers = plan.offers.map((offer) =>
      offer.operation === null ? { ...offer, operation: begun(new Help(children, offer)) as Help } : offer,
    )
    try {
      return yield* new Select<T>({ ...plan, offers }, children)
    } finally {
      children.dismiss()
      postpone(yield* children.end())
    }
  })
}

class Select<T> extends HubOperation<T> {
  readonly #plan: Plan
  readonly #children: Children | null

  constructor(plan: Plan, children: Children | null = null) {
    super()
    this.#plan = plan
    this.#children = children
  }

  override begin(greenlet: Coroutine): Step<T> {
    const selection = new this.#plan.Kind(greenlet, this.#plan)
    return selection.begin(this.#children) as Step<T> // what it gives is its kind's to say
  }

  override toString(): string {
    return planText(this.#plan)
  }
}

/** The call as a person would write it. */
function planText({ verb, offers, keyed }: Plan): string {
  const texts = offers.slice(0, 3).map((offer) => (keyed ? `${offer.key}: ${textOf(offer)}` : textOf(offer)))
  if (offers.length > 3) texts.push(`${String(offers.length - 3)} more`)
  return keyed ? `${verb}({ ${texts.join(', ')} })` : `${verb}([${texts.join(', ')}])`
}

/** Begins the wait of one branch. */
class BranchAgent extends Agent {
  readonly #selection: Selection
  readonly place: number

  constructor(selection: Selection, place: number) {
    super(selection.greenlet)
    this.#selection = selection
    this.place = place
  }

  override get choice(): object | null {
    return this.#selection.exclusive ? this.#selection : null
  }

  override $runLinks(): void {
    this.#selection.told(this)
  }
}

/** One wait for several things, in progress. */
export abstract class Selection extends Wait {
  protected readonly plan: Plan
  /** The branches that were begun and have not ended, by their place. */
  readonly #agents: (BranchAgent | null)[] = []
  #children: Children | null = null
  /** Set while branches are begun: the greenlet is not parked yet. */
  #beginning = true
  /** A branch has parked and was woken by its own beginning, as `sleep(0)` is: the greenlet is to give its turn away. */
  #gaveTurn = false
  #decided = false
  #failed = false
  #outcome: unknown = undefined

  constructor(greenlet: Coroutine, plan: Plan) {
    super(greenlet)
    this.plan = plan
    writes(this)
  }

  /** Whether only one branch may come true: then two of them must not be given to each other. */
  get exclusive(): boolean {
    return true
  }

  /** A branch has ended; calls {@link decide} when that is enough. */
  protected abstract settled(place: number, failed: boolean, outcome: unknown): void

  begin(children: Children | null): Step<unknown> {
    const { offers, limit } = this.plan
    this.#children = children
    for (const [place, { operation }] of offers.entries()) {
      if (operation !== null) this.#begin(place, operation) // those that were null have helpers now
      if (!this.#decided) continue
      for (const offer of offers.slice(place + 1)) ignore(offer)
      return this.#answer()
    }
    this.#beginning = false
    return this.limit(limit).park()
  }

  #begin(place: number, operation: BaseOperation<unknown>): void {
    const { greenlet } = this
    const agent = new BranchAgent(this, place)
    this.#agents[place] = agent
    agent.$pending = greenlet.$pending // raised where the branch would suspend, and nothing is lost by it
    let step: Step<unknown>
    try {
      step = operation.begin(agent)
    } catch (error) {
      if (greenlet.$pending?.[0] !== error) {
        this.#settle(place, true, error)
        return
      }
      this.leave()
      throw takePending(greenlet)
    }
    agent.$pending = null
    if (step !== SUSPENDED) this.#settle(place, false, step.value)
    else if (agent.$wait === null) this.#gaveTurn = true
    else if (this.#decided) leaveWait(agent) // its beginning has woken another branch, which was enough
  }

  /** The wait of a branch has ended. */
  told(agent: BranchAgent): void {
    writes(this)
    this.#settle(agent.place, agent.$status === INTERRUPTED, agent.$slot)
  }

  #settle(place: number, failed: boolean, outcome: unknown): void {
    if (this.#decided) return
    this.#agents[place] = null
    this.settled(place, failed, outcome)
  }

  /** For subclasses: this is the outcome. */
  protected decide(failed: boolean, outcome: unknown): void {
    this.#decided = true
    this.#failed = failed
    this.#outcome = outcome
    this.leave()
    this.#children?.dismiss()
    if (this.#beginning) return
    if (failed) this.fail(outcome)
    else this.succeed(outcome)
  }

  /** It was decided while the branches were begun. */
  #answer(): Step<unknown> {
    if (this.#gaveTurn) {
      const suspended = this.hub.park(this.greenlet, null)
      if (this.#failed) this.hub.wakeWithError(this.greenlet, this.#outcome)
      else this.hub.wake(this.greenlet, this.#outcome)
      return suspended
    }
    if (this.#failed) throw this.#outcome
    return ready(this.#outcome)
  }

  protected override leave(): void {
    writes(this) // which branches it leaves hangs on who was told before
    this.#decided = true
    for (let place = this.#agents.length - 1; place >= 0; place--) {
      const agent = this.#agents[place]
      if (agent == null) continue
      this.#agents[place] = null
      leaveWait(agent)
    }
  }

  override expired(limit: Limit): void {
    this.fail(lateError(limit))
  }

  override describe(): string {
    return planText(this.plan)
  }

  waitsFor(): readonly Coroutine[] {
    return this.#agents.flatMap((agent) => agent?.$wait?.waitsFor?.() ?? [])
  }

  because(): string {
    const reasons = this.#agents.map((agent) => agent?.$wait?.because?.() ?? '')
    return reasons.filter((reason) => reason !== '').join(', ')
  }
}

/** The branch of a helper: spawns it when it is begun. Made for one drive of the call. */
class Help extends HubOperation<unknown> {
  readonly #children: Children
  readonly #offer: Offer

  constructor(children: Children, offer: Offer) {
    super()
    this.#children = children
    this.#offer = offer
  }

  override begin(greenlet: Coroutine): Step<unknown> {
    const { source } = this.#offer
    const helper = new Child(typeof source === 'function' ? source : (): Driven<unknown> => source)
    if (typeof source !== 'function' || source.name === '')
      helper.name = `${textOf(this.#offer)}-${String(helper.$number)}`
    this.#children.adopt(helper)
    return new HelperWait(greenlet, helper).park()
  }

  override toString(): string {
    return textOf(this.#offer)
  }
}

/** Waits for a helper. When it is left, the helper runs on until it is dismissed. */
class HelperWait extends Wait implements Listener<Child> {
  readonly #helper: Child

  constructor(greenlet: Coroutine, helper: Child) {
    super(greenlet)
    this.#helper = helper
    helper.$listen(this)
  }

  notify(helper: Child): void {
    try {
      this.succeed(outcomeOf(helper))
    } catch (error) {
      this.fail(error)
    }
  }

  protected override leave(): void {
    this.#helper.$ignore(this)
  }

  override describe(): string {
    return `the end of "${this.#helper.name}"`
  }

  waitsFor(): readonly Coroutine[] {
    return [this.#helper]
  }
}
