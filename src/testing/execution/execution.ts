/**
 * One execution: a body, run from its beginning to its end under a policy that chooses each step.
 *
 * The hub asks it before each step who runs next ({@link Scheduler}). So it sees every moment in which a greenlet is suspended: there it
 * looks at the invariants, counts, writes the log, and asks the policy. Nothing else resumes anybody: the loop is plain code, and the same
 * choices give the same execution.
 *
 * Time. A step takes none. The clock jumps to the next timer when nobody can run, no timer is due and nothing real is waited for. While
 * something real is, time goes at the machine's pace: else a time limit of a call over the network would never come.
 *
 * The end. Main has ended, and all that it started have; daemons are killed then. Those who wait for ever make the schedule a failing one.
 * Whatever the outcome, everybody who is left is killed and runs to its end, in order, so that each `finally` runs.
 *
 * Turned down. An execution that goes back to a step instead of beginning anew: generators cannot be copied.
 *
 * Stands on the stage, the log and `t`. Leaves to policies who is chosen, and to `runs` how many executions there are.
 */

import { LoopExit } from '../../errors/classes.ts'
import { Greenlet } from '../../gevent/greenlet.ts'
import { type Coroutine, FAILED, RETURNED } from '../../greenlet/kernel.ts'
import type { ReadyOnes, Scheduler } from '../../hub/clock.ts'
import { systemClock } from '../../hub/clock.ts'
import { whoWaits } from '../../hub/deadlock.ts'
import { Entry } from '../../hub/entry.ts'
import type { Driven } from '../../protocol.ts'
import { type Choices, GIVE_UP, type Policy } from '../schedule/choices.ts'
import { Context, checkAnswer, type Labels, type ScheduleContext } from './body.ts'
import { Ending } from './ending.ts'
import type { Log, LogLevel, Subject } from './log.ts'
import {
  CUT,
  endless,
  type FailureKind,
  leftOver,
  type Outcome,
  outsideError,
  TestingError,
  wasRead,
} from './outcome.ts'
import { type Stage, tellTheirHub } from './stage.ts'
import { Turns } from './turns.ts'

/** What is run: a generator function, or any function, as for `spawn`. It builds all that it uses itself, since it is run many times. */
export type Body<T = unknown> = (t: ScheduleContext) => Driven<T>

/** How an execution runs. */
export interface ExecutionSettings {
  /** The call of the user, for messages: `explore()`. */
  readonly caller: string
  /**
   * `any`: each that is ready may be next, and waits that are ready switch. `external`: the hub's own order; only timers may change places.
   * `production`: nor may these; there is nothing to choose but whether a timer that is due comes before the one that is ready.
   */
  readonly order: 'any' | 'external' | 'production'
  readonly maxSteps: number
  /** So many times in a row a greenlet may give up its turn and have it again, while others could go on. */
  readonly spins: number
  readonly log: LogLevel | 'none'
  readonly realIO: 'forbid' | 'wait'
  readonly labels: Labels
}

class Main<T> extends Greenlet<T, readonly [ScheduleContext]> {
  override get name(): string {
    return 'main'
  }
}

/** One execution, while it runs and afterwards. */
export class Execution implements Scheduler {
  /** What has come of it. Cut until it has ended. */
  outcome: Outcome = CUT
  elapsedMs = 0
  log: Log | null = null
  readonly context: Context
  readonly #stage: Stage
  readonly #settings: ExecutionSettings
  readonly #turns: Turns
  readonly #main: Main<unknown>
  readonly #choices: Choices
  /** A step is being taken. */
  #open = false
  #over = false
  /** The policy wanted no more of it. */
  #gaveUp = false
  /** Those who lived when that was asked for the last time. */
  #awaited: Coroutine[] = []
  readonly #failures: { readonly error: unknown; readonly greenlet: { readonly name: string } }[] = []

  private constructor(stage: Stage, body: Body, policy: Policy, settings: ExecutionSettings, log: Log | null) {
    this.#stage = stage
    this.#settings = settings
    this.#choices = stage.choices
    this.#turns = new Turns(stage.choices, policy, settings.spins)
    this.log = log
    this.#choices.jumped = false
    policy.begin?.(log)
    const { hub } = stage
    hub.scheduler = this
    hub.onError = (error, greenlet) => {
      this.#failures.push({ error, greenlet })
    }
    this.context = new Context(settings.labels, stage.clock, log)
    this.#main = new Main(body, this.context)
    hub.mainWaits.add(this.#main)
    this.#main.start()
  }

  /** Runs `body` to its end, at once. What it waits for in the world outside is an error. */
  static run(stage: Stage, body: Body, policy: Policy, settings: ExecutionSettings): Execution {
    const log = stage.enter(settings.caller, settings.order === 'any', settings.log)
    try {
      const execution = new Execution(stage, body, policy, settings, log)
      execution.#drive()
      if (!execution.#over) {
        execution.#fail('realIO', outsideError(execution.#waitingOutside(), settings.caller))
      }
      execution.#close()
      return execution
    } finally {
      stage.leave(settings.log)
    }
  }

  /** Runs `body` to its end; what it waits for in the world outside is waited for. */
  static async runOutside(stage: Stage, body: Body, policy: Policy, settings: ExecutionSettings): Promise<Execution> {
    tellTheirHub()
    const log = stage.enter(settings.caller, settings.order === 'any', settings.log)
    try {
      const execution = new Execution(stage, body, policy, settings, log)
      for (;;) {
        execution.#drive()
        if (execution.#over) break
        await execution.#outside()
      }
      execution.#close()
      return execution
    } finally {
      stage.leave(settings.log)
    }
  }

  /** The option that was taken at each step. */
  get choices(): readonly number[] {
    return this.#turns.taken
  }

  /** How many options there were at each step. */
  get offered(): readonly number[] {
    return this.#turns.offered
  }

  /** How often another one was taken although the greenlet that ran last could have gone on. */
  get preemptions(): number {
    return this.#turns.preemptions
  }

  /** Whether greenlets that did nothing but give up their turns were passed over. */
  get spun(): boolean {
    return this.#turns.spun
  }

  // What the hub asks.

  pick(ready: ReadyOnes): Coroutine | null {
    if (this.#open) this.#endStep()
    const choices = this.#choices
    const { clock, hub } = this.#stage
    const { timers } = hub
    while (!this.#over) {
      const { order } = this.#settings
      // Where the hub's order is kept, those behind the first are no options; to look at all of them would take the square of their number.
      if (order === 'any') ready.copyTo(choices.ready)
      else ready.copyFirstTo(choices.ready)
      if (timers.nextDue > clock.time) {
        if (choices.due.length > 0) choices.due.length = 0
      } else if (order === 'production') timers.copyFirstDue(clock.time, choices.due)
      else timers.copyDue(clock.time, choices.due)
      choices.count = choices.ready.length + choices.due.length
      if (choices.due.length === 0) choices.jumped = false
      if (choices.count === 0) return null
      const option = this.#choose()
      if (option < 0) return null
      const greenlet = choices.ready[option]
      if (greenlet !== undefined) {
        ready.take(greenlet)
        this.#begin(greenlet, option)
        if (!(greenlet instanceof Entry) && greenlet.$status < RETURNED) this.#turns.last = greenlet
        return greenlet
      }
      const timer = choices.due[option - choices.ready.length]
      if (timer === undefined)
        throw new RangeError(`The policy has chosen option ${String(option)} of ${String(choices.count)}.`)
      this.#begin(timer, option)
      timers.goOff(timer)
      this.#endStep()
    }
    return null
  }

  onIdle(): void {
    if (this.#open) this.#endStep()
  }

  /** Has the policy choose; negative: nobody. */
  #choose(): number {
    const { maxSteps } = this.#settings
    if (this.choices.length >= maxSteps) {
      this.#fail('steps', endless(maxSteps))
      return GIVE_UP
    }
    const option = this.#turns.choose()
    if (option === GIVE_UP) {
      this.#over = true
      this.#gaveUp = true
    }
    return option
  }

  #begin(subject: Subject, option: number): void {
    this.#open = true
    this.#stage.hub.gaveTurn = null
    this.log?.begin(subject, this.#choices.ready, this.#choices.due, option, this.#stage.clock.time)
  }

  /** A step is over: everybody is suspended, and the world can be looked at. */
  #endStep(): void {
    this.#open = false
    const { hub } = this.#stage
    if (hub.gaveTurn !== null) this.#turns.gaveTurn(hub.gaveTurn)
    else this.#turns.didSomething()
    const { context } = this
    if (context.reached !== null) this.#fail('unreachable', context.reached)
    else if (context.invariants.length > 0) this.#lookAtInvariants()
    this.log?.end()
    if (hub.outstanding > 0 && this.#settings.realIO === 'forbid') {
      this.#fail('realIO', outsideError(this.#waitingOutside(), this.#settings.caller))
    }
    const main = this.#main
    if (main.$status === FAILED) {
      const error = main.$readFailure()
      this.#fail(error instanceof LoopExit ? 'deadlock' : 'error', error)
    }
  }

  /**
   * What they look at counts as looked at by the step, since its place among others decides what they see. In a reduced search one is not
   * looked at while nothing is written of what it saw the last time: else every step would depend on every other.
   */
  #lookAtInvariants(): void {
    const { log } = this
    const footprints = this.#settings.log === 'footprints' ? log : null
    for (const invariant of this.context.invariants) {
      if (footprints !== null && invariant.looked !== null && !footprints.hasWritten(invariant.looked)) continue
      const looks = footprints === null ? null : footprints.looks()
      try {
        const holds = invariant.check()
        if (holds === false) this.#fail('invariant', new TestingError(`An invariant does not hold: ${invariant.label}`))
        else if (typeof holds === 'object') checkAnswer(invariant, holds)
      } catch (error) {
        this.#fail('invariant', error)
      } finally {
        if (looks !== null) invariant.looked = looks.end()
      }
    }
  }

  /** Runs until the execution is over, or something outside is waited for. */
  #drive(): void {
    const { hub, clock } = this.#stage
    while (!this.#over) {
      if (clock.runSoon()) continue
      if (!hub.busy) this.log?.barrier()
      if (clock.runAfterIO()) continue
      if (hub.idleWaits.size > 0 && hub.idle && hub.endIdleWaits()) continue
      if (this.#allEnded()) {
        this.#over = true
      } else if (hub.outstanding > 0) {
        return
      } else if (hub.timers.refs > 0) {
        clock.time = Math.max(clock.time, hub.timers.nextDue)
        this.#choices.jumped = true
        hub.runSlice()
      } else if (this.#main.$status < RETURNED) {
        if (!hub.raiseLoopExit())
          this.#fail(
            'deadlock',
            new LoopExit('main has switched away, and nothing is left that could come back to it.'),
          )
      } else {
        this.#leftOver()
      }
    }
  }

  /** Whether main and all that are no daemons have ended. */
  #allEnded(): boolean {
    if (this.#main.$status < RETURNED) return false
    const { daemons } = this.context
    for (;;) {
      // Asked before each jump of the clock, so that to list all each time would take the square of their number.
      for (let one = this.#awaited.at(-1); one !== undefined; one = this.#awaited.at(-1)) {
        if (one.$status < RETURNED && !daemons.has(one)) return false
        this.#awaited.pop()
      }
      this.#awaited = this.#stage.hub.living().filter((task) => !daemons.has(task))
      if (this.#awaited.length === 0) return true
    }
  }

  /** Main has ended, and nobody can go on. */
  #leftOver(): void {
    const living = this.#stage.hub.living().filter((task) => !this.context.daemons.has(task))
    const { text, cycles, waiting } = whoWaits(living)
    this.#fail(cycles.length > 0 ? 'deadlock' : 'leftover', leftOver(text, waiting), living[0]?.name)
  }

  #fail(why: FailureKind, error: unknown, greenlet = this.#turns.last?.name ?? 'main'): void {
    if (this.#over) return
    this.#over = true
    this.outcome = { kind: 'failed', why, error, greenlet }
  }

  /** It is over: settles the outcome, and ends everybody who is left. */
  #close(): void {
    const { hub, clock } = this.#stage
    const main = this.#main
    this.elapsedMs = clock.time
    if (this.#open) {
      this.#open = false
      this.log?.end()
    }
    hub.flush()
    if (this.outcome === CUT && !this.#gaveUp) {
      const unread = this.#failures.find(({ greenlet }) => !wasRead(greenlet))
      if (unread === undefined)
        this.outcome = { kind: 'returned', value: main.$status === RETURNED ? main.$slot : undefined }
      else this.outcome = { kind: 'failed', why: 'unread', error: unread.error, greenlet: unread.greenlet.name }
    }
    this.context.close()
    hub.mainWaits.delete(main)
    const { caller, log, realIO } = this.#settings
    if (hub.living().length > 0 || hub.busy) new Ending(this.#stage, log).endAll()
    if (hub.timers.count > 0 && realIO === 'wait') new Ending(this.#stage, log).tellOthers(caller)
    hub.mainWaits.clear()
    this.log?.close()
  }

  /** Waits until the world outside has woken somebody; meanwhile the clock goes at the machine's pace. */
  async #outside(): Promise<void> {
    const { hub, clock } = this.#stage
    const due = hub.timers.nextDue
    await new Promise<void>((resolve) => {
      const alarm = due === Infinity ? null : systemClock.setAlarm(Math.max(1, due - clock.time), resolve)
      if (hub.timers.refs === 0) alarm?.unref()
      clock.go(due, () => {
        alarm?.cancel()
        resolve()
      })
    })
    clock.stop()
    if (clock.time < due) return
    this.#choices.jumped = true
    hub.runSlice()
  }

  #waitingOutside(): string {
    const last = this.#turns.last ?? this.#main
    return `Greenlet "${last.name}" waits for something real: ${last.$wait?.describe() ?? 'an operation that is under way'}.`
  }
}
