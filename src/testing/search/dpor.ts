/**
 * At least one schedule of each kind: two that differ only in the order of independent steps are of the same kind, and have the same
 * outcome. Source-sets and sleep sets after Abdulla, Aronsson, Jonsson and Sagonas (POPL 2014).
 *
 * One node for each step of the execution that runs. A node knows who could go on there, who of them was taken, who is yet to be, and
 * who *sleeps*: whatever begins with that one was run already, there or further up, and nothing that its step depends on was taken since.
 * After each execution its races say what is to be run besides: for a race whose first step was taken at a node, somebody is to be
 * taken there with whom the second step may come before it. The next execution branches off at the last node that has such a one left.
 * An execution in which all who could go on sleep is the like of an earlier one, and is cut.
 *
 * Who can go on at a node and then no longer can, though it was not taken (a timer that was cancelled, a greenlet that was switched to,
 * all who are ready when the end of main ends the execution), has no step that could race. So it is to be taken there as well.
 *
 * Who spins is passed over after a while, so who can go on is no matter of what the steps touch then. Below such executions everybody is
 * taken who is awake.
 *
 * Turned down. Optimal DPOR with wakeup trees: nothing is cut then, but three executions in a hundred are without. The persistent sets of
 * 2005 together with sleep sets: they miss schedules.
 *
 * Stands on the races. Leaves it to the caller that what the greenlets share is tracked, and that all who are ready may go on: in
 * production's order the ready list itself is shared.
 */
import { type Choices, GIVE_UP } from '../schedule/choices.ts'
import { type Demands, Races, type Sleeper } from './races.ts'
import type { Divergence, Explored, Recording, Search, SearchPolicy } from './search.ts'
import { Touches } from './touches.ts'

/** A step of the execution that runs, and what else could be taken there. Procs go by number. */
class Node {
  readonly offered: readonly number[]
  /** How many objects were met before. */
  readonly met: number
  readonly sleep: Sleeper[]
  chosen: number
  /** Who was taken there or is to be. */
  readonly wanted: number[]
  /** Those of the sleepers that are to be watched; see `races.ts`. */
  watched: readonly Sleeper[] = NOBODY_ASLEEP

  constructor(offered: readonly number[], met: number, sleep: Sleeper[], chosen: number, wanted: number[]) {
    this.offered = offered
    this.met = met
    this.sleep = sleep
    this.chosen = chosen
    this.wanted = wanted
  }

  sleeps(proc: number): boolean {
    for (const sleeper of this.sleep) if (sleeper.proc === proc) return true
    return false
  }

  /** Has a proc be taken, or watched when it sleeps. */
  want(proc: number): void {
    if (this.wanted.includes(proc)) return
    const sleeper = this.sleep.find((one) => one.proc === proc)
    if (sleeper === undefined) this.wanted.push(proc)
    else if (!this.watched.includes(sleeper)) this.watched = [...this.watched, sleeper]
  }

  /** One who is to be taken, and neither was nor is. */
  get due(): number | undefined {
    for (const proc of this.wanted) if (proc !== this.chosen && !this.sleeps(proc)) return proc
    return undefined
  }
}

const NOBODY_ASLEEP: readonly Sleeper[] = []

/** How a search may be reduced. */
export interface ReducedOptions {
  /** Sleep sets alone: simpler, and many executions are cut. The two are checked against each other. @defaultValue false */
  readonly sleepOnly?: boolean
}

const NOBODY: Recording = {
  steps: [],
  procOf() {
    throw new Error('A reduced search was run without a log.')
  },
}

/** The search through schedules of all kinds. */
export class ReducedSearch implements Search, SearchPolicy, Demands {
  readonly policy: SearchPolicy = this
  readonly bound = 'none'
  diverged: Divergence | null = null
  readonly #sleepOnly: boolean
  readonly #nodes: Node[] = []
  readonly #touches = new Touches()
  readonly #races: Races = new Races(this.#touches, this)
  #log: Recording = NOBODY
  /** The first step that differs from those of the execution before. */
  #from = 0
  #begun = false
  /** Set when all who could go on were asleep. */
  #cut = false

  constructor({ sleepOnly = false }: ReducedOptions = {}) {
    this.#sleepOnly = sleepOnly
  }

  get left(): number {
    let left = 0
    for (const node of this.#nodes)
      for (const proc of node.wanted) if (proc !== node.chosen && !node.sleeps(proc)) left++
    return left
  }

  more(): boolean {
    if (this.diverged !== null) return false
    if (!this.#begun) {
      this.#begun = true
      return true
    }
    for (let step = this.#nodes.length - 1; step >= 0; step--) {
      const node = this.#nodes[step] as Node // one of them
      const { due, chosen } = node
      if (due !== undefined) {
        node.sleep.push({ proc: chosen, footprint: this.#touches.footprintOf(step, node.met) })
        node.chosen = due
        this.#nodes.length = step + 1
        this.#from = step
        return true
      }
    }
    this.#nodes.length = 0
    return false
  }

  begin(log: Recording | null): void {
    this.#log = log ?? NOBODY
    this.#touches.begin()
    this.#cut = false
  }

  choose(choices: Choices, step: number): number {
    const touches = this.#touches
    if (step > 0) touches.add((this.#log.steps[step - 1] as Actual).touched) // so many are in the log
    const offered = this.#procsOf(choices)
    const node = this.#nodes[step]
    if (node !== undefined) return this.#follow(node, offered, step)
    const before = this.#nodes[step - 1]
    if (before !== undefined) this.#lookForLost(before, offered)
    const sleep = before === undefined ? [] : this.#stillAsleep(before, step - 1)
    const option = firstAwake(offered, sleep, choices.last)
    if (option === GIVE_UP) {
      this.#cut = true
      return GIVE_UP
    }
    const chosen = offered[option] as number // an option
    const wanted = this.#sleepOnly ? offered : [chosen]
    this.#nodes.push(new Node(offered, touches.met, sleep, chosen, wanted))
    return option
  }

  /** The procs of the options, whose subjects become known. */
  #procsOf({ ready, due }: Choices): number[] {
    const offered: number[] = []
    for (const subject of ready) {
      offered.push(this.#log.procOf(subject).number)
      this.#touches.meet(subject)
    }
    for (const subject of due) {
      offered.push(this.#log.procOf(subject).number)
      this.#touches.meet(subject)
    }
    return offered
  }

  /** The option that is taken again. */
  #follow(node: Node, offered: readonly number[], step: number): number {
    const option = offered.indexOf(node.chosen)
    if (option < 0 || offered.length !== node.offered.length) {
      this.diverged = {
        step,
        expected: `a choice of ${String(node.offered.length)}`,
        got: `a choice of ${String(offered.length)}`,
      }
      return GIVE_UP
    }
    return option
  }

  /** Who of `before` cannot go on any more, and was not taken, is to be taken there. */
  #lookForLost(before: Node, offered: readonly number[]): void {
    if (before.offered.length === 1) return
    for (const proc of before.offered) {
      if (proc !== before.chosen && !offered.includes(proc)) before.want(proc)
    }
  }

  /** Who of the sleepers of `before` sleeps on behind the step that was taken there. */
  #stillAsleep(before: Node, step: number): Sleeper[] {
    const sleep: Sleeper[] = []
    for (const sleeper of before.sleep) {
      if (!this.#touches.clashes(step, sleeper.footprint)) sleep.push(sleeper)
    }
    return sleep
  }

  took({ spun }: Pick<Explored, 'spun'>): void {
    const { steps } = this.#log
    const nodes = this.#nodes
    if (this.diverged !== null) return
    if (steps.length < nodes.length) {
      this.diverged = { step: steps.length, expected: 'a choice', got: 'the end' }
      return
    }
    // The last one is there, since there are more than were added.
    if (steps.length > this.#touches.steps) this.#touches.add((steps[steps.length - 1] as Actual).touched)
    if (spun) this.#takeAll()
    if (this.#sleepOnly) return
    const last = nodes.at(-1)
    if (last !== undefined && !this.#cut) this.#lookForLost(last, [])
    this.#lookBehindBarriers(steps)
    this.#races.find(steps, this.#from)
  }

  /** When the clock jumps nobody can go on: who could before the last step has lost that, also if the jump itself makes it ready again. */
  #lookBehindBarriers(steps: readonly Actual[]): void {
    for (let step = Math.max(1, this.#from); step < steps.length; step++) {
      const before = this.#nodes[step - 1]
      if (steps[step]?.barrier === true && before !== undefined) this.#lookForLost(before, [])
    }
  }

  #takeAll(): void {
    for (const node of this.#nodes) for (const proc of node.offered) if (!node.sleeps(proc)) node.want(proc)
  }

  // Of the races.

  covers(step: number, proc: number): boolean {
    const node = this.#nodes[step] as Node // each step has one
    return node.wanted.includes(proc) || node.sleeps(proc)
  }

  demand(step: number, proc: number): void {
    const node = this.#nodes[step] as Node // each step has one
    if (node.offered.includes(proc)) {
      node.want(proc)
      return
    }
    for (const other of node.offered) node.want(other) // it was passed over there
  }

  demandUnknown(step: number, proc: number): void {
    this.demand(step, proc)
  }

  watchedAt(step: number): readonly Sleeper[] {
    return this.#nodes[step]?.watched ?? NOBODY_ASLEEP
  }
}

/** A step of the log. */
type Actual = Recording['steps'][number]

/** Who ran last if it is awake, else the first who is; {@link GIVE_UP} when all sleep. */
function firstAwake(offered: readonly number[], sleep: readonly Sleeper[], last: number): number {
  if (sleep.length === 0) return last < 0 ? 0 : last
  const awake = (proc: number | undefined): boolean => !sleep.some((sleeper) => sleeper.proc === proc)
  if (last >= 0 && awake(offered[last])) return last
  return offered.findIndex(awake)
}
