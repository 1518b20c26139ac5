/**
 * The hub: who is ready runs, in slices, on Node's loop.
 *
 * Model. A greenlet that waits is nowhere but in the thing it waits for. What ends the wait calls {@link Hub.wake}: the value goes into
 * the greenlet, the greenlet to the tail of the ready list. A *slice* resumes those that are ready, in order, each through the
 * trampoline, which goes on with the next of the round by itself where it can. A greenlet that has ended passes through the list once
 * more, to have its links run; so do callbacks. So everything has its turn in one order, first come first served. Those whom links and
 * callbacks wake run right behind them: as in gevent, where a link *is* the switch to whom it wakes.
 *
 * Slices. One ends after a round of all that was ready when it began (and at least 250 resumptions), and in any case after 1 ms; what is
 * ready then goes on after Node has looked at sockets and timers. So a thousand greenlets in loops of `sleep(0)` starve nobody. From
 * idleness the first slice comes in a microtask, at once after the callback that woke somebody; whom sockets wake share one, after Node
 * has looked at all of them. Each 64th in a microtask waits for I/O, or a loop over settled promises would shut Node's loop out.
 *
 * Invariants.
 * - `wake` and `interrupt` never run the greenlet; only slices do. So a waker may be called from anywhere.
 * - Between `wake` and the resumption nothing may overwrite the value: an interrupt that arrives then stays pending and is raised at the
 *   next wait (the item that was handed over is not lost).
 *
 * Turned down. A microtask per wake-up: sockets and timers starve. An array emptied by `length = 0` as ready list: V8 drops its store and
 * leaves optimised code, at ten times the cost. `setImmediate` per wake-up: 0.8 µs each.
 *
 * Stands on the trampoline, the clock and the greenlet's host slots. Leaves to `src/gevent` what a greenlet is beyond its switching.
 */
import { inEmptyContext } from '../context.ts'
import { notAFunction } from '../errors/usage.ts'
import {
  type Coroutine,
  INTERRUPTED,
  kernel,
  NOT_READY,
  OCCUPIED,
  type PendingWait,
  READY,
  READY_CANCELLED,
  RETURNED,
  TOLD_AT_ONCE,
  UNSTARTED,
} from '../greenlet/kernel.ts'
import { SUSPENDED, takePending } from '../greenlet/operation.ts'
import { resume } from '../greenlet/switch.ts'
import { leave, leaveWait } from '../greenlet/trampoline.ts'
import type { Suspend } from '../protocol.ts'
import { type Clock, type Scheduler, switchInterval, systemClock } from './clock.ts'
import { raiseLoopExit } from './deadlock.ts'
import { type Callback, PendingCallback } from './entry.ts'
import { ReadyList } from './ready-list.ts'
import { debugObserver, type HubObserver, reportOnStderr } from './report.ts'
import { Failures, type IdleWait, Living, type Task } from './tasks.ts'
import { Timers } from './timers.ts'

/** Resumptions that a slice may make within its time, however few were ready when it began: a look at I/O costs as much as ten of them. */
const SLICE_AT_LEAST = 250
/** The most that are made between two looks at the clock. */
const LONGEST_STRIDE = 50
/** Of so many slices in a row that begin in a microtask, the last waits for I/O instead. */
const MICROTASK_SLICES = 64

/** What a hub can be made with. */
export interface HubOptions {
  /** @defaultValue the clock of the machine */
  clock?: Clock
}

/** One scheduler: a ready list, a clock, and the greenlets that live on it. */
export class Hub {
  /** @internal */
  readonly clock: Clock
  /** @internal */
  readonly timers: Timers
  /** @internal Set by those who watch; null costs a check. */
  observer: HubObserver | null = null
  /** @internal Set by schedule tests. */
  scheduler: Scheduler | null = null
  /** Given the failures that nobody reads. The default writes them to stderr. */
  onError: (error: unknown, greenlet: { readonly name: string }) => void = reportOnStderr
  /** How many waits are for something outside: sockets, promises. While there is one, a clock of tests must not jump. */
  outstanding = 0
  /** @internal How many greenlets have been made; gives them their numbers. */
  made = 0
  /** @internal The greenlets that stand for main in a wait: `await op`, and the main of `run`. LoopExit is raised in these. */
  readonly mainWaits: Set<Coroutine> = new Set<Coroutine>()
  /** @internal Waits until nothing is left to be waited for; told at the end of the slice in which that is so. */
  readonly idleWaits: Set<IdleWait> = new Set<IdleWait>()

  readonly #all = new ReadyList()
  readonly #woken = new ReadyList() // by the links that run now
  /** Where those go who become ready: one of the two above. */
  #ready = this.#all
  /** The last of those whom the links of an ended greenlet have woken; read where they are put in front. */
  #lastWoken: Coroutine | null = null
  readonly #living = new Living()
  /** Looked at when the running slice is over. */
  readonly #failures = new Failures()
  #inSlice = false
  /** The clock has been asked to call back; at most once at a time, or each alarm would add a chain of slices. */
  #called = false
  #microtaskSlices = 0
  /** How many resumptions go between two looks at the clock; it adapts, since a look costs as much as a switch. */
  #stride = 1
  readonly #onCall = (): void => {
    this.#called = false
    this.runSlice()
  }
  readonly #tellOf = this.tell.bind(this)
  readonly #report = this.#failures.report.bind(this.#failures, false, this.#tellOf)

  constructor(options: HubOptions = {}) {
    this.clock = options.clock ?? systemClock
    this.timers = new Timers(this.clock, this.runSlice.bind(this))
    this.observer = debugObserver()
    // V8 takes a field that was set once for a constant, and drops its code when links run for the first time: 10 ns a turn.
    this.#ready = this.#woken
    this.#ready = this.#all
  }

  /**
   * @internal
   * Parks the running greenlet; answers what its operation answers. `$wait` is null for one that is ready already.
   *
   * An interrupt that reached the greenlet while it could not take it is raised here, where it would suspend: the wait is undone, so
   * that whatever was begun for it (a connection, a request) is given up like by any other kill.
   */
  park(greenlet: Coroutine, wait: PendingWait | null): IteratorYieldResult<Suspend> {
    if (greenlet.$pending !== null) {
      wait?.undo()
      throw takePending(greenlet)
    }
    greenlet.$wait = wait
    greenlet.$status = OCCUPIED
    greenlet.$goal = kernel.main
    if (this.observer !== null && greenlet.$turn !== TOLD_AT_ONCE) this.observer.blocked(greenlet, wait)
    return SUSPENDED
  }

  /** @internal Parks the running greenlet at the tail of the ready list: what `park` and `wake` do, on the way that spinners take. */
  giveTurn(greenlet: Coroutine): IteratorYieldResult<Suspend> {
    if (!this.#inSlice || greenlet.$turn !== NOT_READY || greenlet.$pending !== null || this.observer !== null) {
      const step = this.park(greenlet, null)
      this.wake(greenlet, undefined)
      return step
    }
    this.#ready.append(greenlet)
    greenlet.$goal = kernel.main
    return SUSPENDED
  }

  /** @internal Ends a wait with a value. The wait has been left already, or leaves itself. */
  wake(greenlet: Coroutine, value: unknown): void {
    greenlet.$wait = null
    greenlet.$slot = value
    greenlet.$status = OCCUPIED
    this.enqueue(greenlet)
  }

  /** @internal Ends a wait with an error. */
  wakeWithError(greenlet: Coroutine, error: unknown): void {
    greenlet.$wait = null
    greenlet.$slot = error
    greenlet.$status = INTERRUPTED
    this.enqueue(greenlet)
  }

  /** @internal Sends an interrupt: it is thrown at the wait of the greenlet, which is given up, or at its next one if it cannot be taken now. */
  interrupt(greenlet: Coroutine, error: Error): void {
    if (greenlet.$status >= RETURNED) return
    if (this.observer !== null) this.observer.interrupted(greenlet, error)
    if (greenlet === kernel.current || greenlet.$turn === READY || greenlet.$status === UNSTARTED) {
      ;(greenlet.$pending ??= []).push(error)
      return
    }
    leaveWait(greenlet)
    this.wakeWithError(greenlet, error)
  }

  /** @internal Puts a greenlet at the tail of the ready list; an agent is told at once instead. */
  enqueue(greenlet: Coroutine): void {
    const { $turn: turn } = greenlet
    if (turn === NOT_READY) {
      this.#ready.append(greenlet)
    } else if (turn === READY_CANCELLED) {
      greenlet.$turn = READY
    } else {
      if (turn === TOLD_AT_ONCE) (greenlet as Task).$runLinks()
      return
    }
    if (this.observer !== null) this.observer.woken(greenlet, kernel.current)
    if (!this.#inSlice && !this.#called) this.#callFirst()
  }

  /**
   * Calls `fn` in the hub, in its turn among those that are ready now. It must not wait.
   *
   * @returns the call: it can be stopped.
   * @throws UsageError when `fn` is no function.
   * @switches never
   * @source gevent: `loop.run_callback`
   */
  runCallback<A extends readonly unknown[]>(fn: (...args: A) => unknown, ...args: A): Callback {
    if (typeof fn !== 'function') throw notAFunction('runCallback', fn)
    const callback = new PendingCallback(this, fn as (...args: readonly unknown[]) => unknown, args) // it is called with these
    this.enqueueCallback(callback)
    return callback
  }

  /** @internal Puts a callback behind all who are ready, also when a callback asks for it: two that did so in turn would shut out the rest. */
  enqueueCallback(callback: Coroutine): void {
    const ready = this.#ready
    this.#ready = this.#all
    this.enqueue(callback)
    this.#ready = ready
  }

  /** @internal Counts a greenlet among the living. */
  enter(task: Task): void {
    this.#living.add(task)
    if (this.observer !== null) this.observer.spawned(task)
  }

  /** @internal The greenlet has ended; `failed`: by an error. */
  leave(task: Task, failed: boolean): void {
    this.#living.remove(task)
    if (failed) this.#failures.add(task)
    if (this.observer !== null) this.observer.ended(task)
  }

  /** @internal The living greenlets, oldest first. */
  living(): Task[] {
    return this.#living.list()
  }

  /** @internal Whether somebody is ready. */
  get busy(): boolean {
    return this.#ready.first !== null
  }

  /** Whether nothing is left that could make anybody go on: nobody is ready, no timer runs, nothing outside was asked. */
  get idle(): boolean {
    return !this.busy && this.timers.refs === 0 && this.outstanding === 0
  }

  /** @internal Tells those who wait for it that nothing is left; answers whether there was any. */
  endIdleWaits(): boolean {
    const waits = [...this.idleWaits]
    this.idleWaits.clear()
    for (const wait of waits) wait.hubIsIdle()
    return waits.length > 0
  }

  /** @internal Raises LoopExit in every wait of main: nothing is left that could end one. Answers whether there was any. */
  raiseLoopExit(): boolean {
    return !this.busy && raiseLoopExit(this)
  }

  /** Somebody has become ready while nobody was: has a slice begin. */
  #callFirst(): void {
    if (++this.#microtaskSlices < MICROTASK_SLICES) {
      this.#called = true
      this.clock.soon(this.#onCall)
    } else {
      this.callAfterIO()
    }
  }

  /** @internal Has the next slice begin after I/O: for what a socket wakes, so that all that are woken in one look at the sockets share it. */
  callAfterIO(): void {
    this.#microtaskSlices = 0
    if (this.#called || this.#inSlice) return
    this.#called = true
    this.clock.afterIO(this.#onCall)
  }

  /** @internal Resumes those that are ready, for one slice. Called by the clock, by the timers in the tail of their alarm, by schedule tests. */
  runSlice(): void {
    if (this.#inSlice) return
    const { host } = kernel
    // While a schedule test waits for the world outside, its hub stands in the kernel's cell, and this one goes on beside it.
    if (host !== this) kernel.host = this
    inEmptyContext(this.#slice)
    if (host !== this) kernel.host = host
  }

  readonly #slice = (): void => {
    this.#inSlice = true
    this.timers.inSlice = true
    const { clock } = this
    const began = clock.now()
    let resumed = 0
    let look = this.#stride
    let overtime = false
    // A round is taken off the list as a whole: three writes to the hub for each that is resumed would cost as much as a switch.
    let last = this.#ready.last
    let greenlet = this.#takeRound()
    while (greenlet !== null) {
      const { $turn: turn, $behind: behind }: Coroutine = greenlet
      greenlet.$behind = null
      greenlet.$turn = NOT_READY
      let next = behind
      if (turn === READY) {
        if (greenlet.$status < RETURNED) {
          kernel.round = behind // the trampoline goes on with them by itself
          kernel.budget = look - resumed - 1
          this.#resume(greenlet)
          next = kernel.round
          kernel.round = null
          resumed = look - kernel.budget
        } else {
          next = this.#runLinks(greenlet as Task, behind)
          if (behind === null && next !== null) last = this.#lastWoken
          this.#lastWoken = null // nobody dead is to be held
          resumed++
        }
      }
      if (resumed >= look) {
        const elapsed = clock.now() - began
        overtime = elapsed >= switchInterval.ms
        this.#stride = overtime
          ? Math.max(1, Math.floor((resumed * switchInterval.ms) / elapsed / 4))
          : Math.min(LONGEST_STRIDE, this.#stride * 2)
        look = resumed + this.#stride
      }
      greenlet = next
      if (overtime) break
      if (greenlet === null && resumed < SLICE_AT_LEAST) {
        last = this.#ready.last
        greenlet = this.#takeRound()
      }
    }
    if (greenlet !== null && last !== null) this.#ready.putBack(greenlet, last)
    leave()
    this.#inSlice = false
    // Not at once: plain code that has spawned and awaits the outcome in one line gets to its await after this slice.
    if (this.#failures.any) clock.soon(this.#report)
    this.#living.settle()
    this.timers.settle()
    if (this.idleWaits.size > 0 && this.scheduler === null && this.idle) this.endIdleWaits()
    if (this.#ready.first !== null) this.callAfterIO()
    else if (this.scheduler !== null) this.scheduler.onIdle()
  }

  /** Runs one that is ready until control comes back. */
  #resume(greenlet: Coroutine): void {
    try {
      resume(greenlet)
    } catch (error) {
      leave()
      this.tell(error, kernel.arrivedFrom ?? greenlet) // a raw greenlet died of it, into nobody
      kernel.arrivedFrom = null
    }
  }

  /** Runs the links of one that has ended. Those that they wake are put in front of `behind`; answers who is next. */
  #runLinks(task: Task, behind: Coroutine | null): Coroutine | null {
    leave()
    this.#ready = this.#woken
    if (this.observer !== null) this.observer.linking?.(task)
    try {
      task.$runLinks()
    } catch (error) {
      this.tell(error, task)
    }
    if (this.observer !== null) this.observer.linking?.(null)
    // before:  behind …          #woken:  woken … lastWoken          now:  woken … lastWoken, behind …
    this.#ready = this.#all
    const { last: lastWoken } = this.#woken
    const woken = this.#woken.takeAll()
    if (woken === null || lastWoken === null) return behind
    if (this.scheduler !== null) return this.#all.putBack(woken, lastWoken) // it is to choose among all
    lastWoken.$behind = behind
    this.#lastWoken = lastWoken
    return woken
  }

  /** Takes all who are ready off the list, linked through `$behind`; whom a scheduler chooses is a round of one. */
  #takeRound(): Coroutine | null {
    if (this.scheduler === null) return this.#ready.takeAll()
    leave()
    return this.scheduler.pick(this.#ready)
  }

  /** @internal Hands a failure to `onError`; one of `onError` itself must not stop the hub. */
  tell(error: unknown, greenlet: { readonly name: string }): void {
    this.#failures.told()
    try {
      this.onError(error, greenlet)
    } catch (mistake) {
      reportOnStderr(error, greenlet)
      reportOnStderr(mistake, { name: 'onError' })
    }
  }

  /** @internal The process is about to end: what was not reported yet is reported now. */
  flush(): void {
    this.#failures.report(true, this.#tellOf)
  }
}
