/**
 * The hub: who is ready runs, in slices, on Node's loop.
 *
 * Model. A greenlet that waits is nowhere but in the thing it waits for. What ends the wait calls {@link Hub.wake}: the value goes into
 * the greenlet, the greenlet to the tail of the ready list. A *slice* resumes those that are ready, in order, each through the
 * trampoline until control comes back here. A greenlet that has ended passes through the list once more, to have its links run: so
 * everything has its turn in one order, first come first served.
 *
 * Slices. One ends after a round of all that was ready when it began (and at least 50 resumptions), and in any case after 1 ms; what is
 * ready then goes on after Node has looked at sockets and timers. So a thousand greenlets in loops of `sleep(0)` starve nobody. From
 * idleness the first slice comes in a microtask, at once after the callback that woke somebody; each 64th such slice waits for I/O,
 * or a loop over promises that are always settled would shut Node's loop out.
 *
 * Invariants.
 * - A greenlet is linked into the ready list at most once (`greenlet.$turn`). One that has been resumed by other means stays linked,
 *   marked cancelled, and is dropped when its turn comes: taking it out would walk the list.
 * - `wake` and `interrupt` never run the greenlet; only slices do. So a waker may be called from anywhere.
 * - Between `wake` and the resumption nothing may overwrite the value: an interrupt that arrives then stays pending and is raised at the
 *   next wait (the item that was handed over is not lost).
 *
 * Turned down. A microtask per wake-up: sockets and timers starve. An array emptied by `length = 0` as ready list: V8 drops its store and
 * leaves optimised code, at ten times the cost. `setImmediate` per wake-up: 0.8 µs each.
 *
 * Stands on the trampoline, the clock and the greenlet's host slots. Leaves to `greenlet.ts` what a greenlet is beyond its switching.
 */
import { inEmptyContext } from '../context.ts'
import { LoopExit } from '../errors/classes.ts'
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
  UNSTARTED,
} from '../greenlet/kernel.ts'
import { SUSPENDED, takePending } from '../greenlet/operation.ts'
import { awaitedMainCalls, resume } from '../greenlet/switch.ts'
import { leave, leaveWait } from '../greenlet/trampoline.ts'
import type { Suspend } from '../protocol.ts'
import { type Clock, type Scheduler, systemClock, Timers } from './clock.ts'
import { deadlockReport, debugObserver, type HubObserver, reportOnStderr, type Task } from './report.ts'

/** Resumptions that a slice may always make, however few were ready when it began. */
const SLICE_AT_LEAST = 50
/** The longest slice. 5 ms is no cheaper and lets a quarter of the socket events through. */
const SLICE_MS = 1
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

  // The ready list, linked through `$behind`.
  #first: Coroutine | null = null
  #last: Coroutine | null = null
  // The living greenlets, linked through `$older` and `$newer`.
  #newest: Task | null = null
  /** Ended by an error in the running slice; looked at when it is over. */
  #failed: Task[] = []
  #inSlice = false
  /** The clock has been asked to call back; at most once at a time, or each alarm would add a chain of slices. */
  #called = false
  #microtaskSlices = 0
  /** How many resumptions go between two looks at the clock; it adapts, since a look costs as much as a switch. */
  #stride = 1
  readonly #onCall = (): void => {
    this.#called = false
    this.#runSlice()
  }

  readonly #report = (): void => {
    this.#reportFailures(false)
  }

  constructor(options: HubOptions = {}) {
    this.clock = options.clock ?? systemClock
    this.timers = new Timers(this.clock, () => {
      this.#runSlice()
    })
    this.observer = debugObserver()
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
    if (this.observer !== null) this.observer.blocked(greenlet, wait)
    return SUSPENDED
  }

  /** @internal Parks the running greenlet at the tail of the ready list: what `park` and `wake` do, on the way that spinners take. */
  giveTurn(greenlet: Coroutine): IteratorYieldResult<Suspend> {
    if (!this.#inSlice || greenlet.$turn !== NOT_READY || greenlet.$pending !== null || this.observer !== null) {
      const step = this.park(greenlet, null)
      this.wake(greenlet, undefined)
      return step
    }
    this.#append(greenlet)
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

  /** @internal Puts a greenlet at the tail of the ready list. */
  enqueue(greenlet: Coroutine): void {
    if (greenlet.$turn === READY) return
    if (greenlet.$turn === READY_CANCELLED) greenlet.$turn = READY
    else this.#append(greenlet)
    if (this.observer !== null) this.observer.woken(greenlet, kernel.current)
    if (!this.#inSlice && !this.#called) this.#callFirst()
  }

  /** @internal Counts a greenlet among the living. */
  enter(task: Task): void {
    task.$older = this.#newest
    if (this.#newest !== null) this.#newest.$newer = task
    this.#newest = task
    if (this.observer !== null) this.observer.spawned(task)
  }

  /** @internal The greenlet has ended; `failed`: by an error. */
  leave(task: Task, failed: boolean): void {
    const { $older: older, $newer: newer } = task
    if (newer !== null) newer.$older = older
    else if (this.#newest === task) this.#newest = older
    if (older !== null) older.$newer = newer
    task.$older = null
    task.$newer = null
    if (failed) this.#failed.push(task)
    if (this.observer !== null) this.observer.ended(task)
  }

  /** @internal The living greenlets, oldest first. */
  living(): Task[] {
    const all: Task[] = []
    for (let task = this.#newest; task !== null; task = task.$older) all.push(task)
    return all.reverse()
  }

  /** @internal Raises LoopExit in every wait of main: nothing is left that could end one. Answers whether there was any. */
  raiseLoopExit(): boolean {
    const calls = awaitedMainCalls()
    if (this.#first !== null || (this.mainWaits.size === 0 && calls.length === 0)) return false
    const mains = [...this.mainWaits]
    const text = deadlockReport({
      mains,
      calls,
      living: this.living(),
      timers: this.timers.count,
      outstanding: this.outstanding,
    })
    for (const main of mains) this.interrupt(main, new LoopExit(text))
    for (const call of calls) {
      kernel.mainCalls.splice(kernel.mainCalls.indexOf(call), 1)
      call.settle(true, new LoopExit(text))
    }
    return true
  }

  /** Somebody has become ready while nobody was: has a slice begin. */
  #callFirst(): void {
    if (++this.#microtaskSlices < MICROTASK_SLICES) {
      this.#called = true
      this.clock.soon(this.#onCall)
    } else {
      this.#callAfterIO()
    }
  }

  #callAfterIO(): void {
    this.#microtaskSlices = 0
    if (this.#called) return
    this.#called = true
    this.clock.afterIO(this.#onCall)
  }

  /** Resumes those that are ready, for one slice. Called by the clock, and by the timers in the tail of their alarm. */
  #runSlice(): void {
    if (!this.#inSlice) inEmptyContext(this.#slice)
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
    let last = this.#last
    let greenlet = this.#takeRound()
    while (greenlet !== null) {
      const { $turn: turn, $behind: behind }: Coroutine = greenlet
      greenlet.$behind = null
      greenlet.$turn = NOT_READY
      if (turn === READY) {
        this.#resume(greenlet)
        resumed++
      }
      if (resumed >= look) {
        const elapsed = clock.now() - began
        overtime = elapsed >= SLICE_MS
        this.#stride = overtime
          ? Math.max(1, Math.floor((resumed * SLICE_MS) / elapsed / 4))
          : Math.min(SLICE_AT_LEAST, this.#stride * 2)
        look = resumed + this.#stride
      }
      greenlet = behind
      if (overtime) break
      if (greenlet === null && resumed < SLICE_AT_LEAST) {
        last = this.#last
        greenlet = this.#takeRound()
      }
    }
    if (greenlet !== null && last !== null) this.#putBack(greenlet, last)
    leave()
    this.#inSlice = false
    // Not at once: plain code that has spawned and awaits the outcome in one line gets to its await after this slice.
    if (this.#failed.length > 0) clock.soon(this.#report)
    this.timers.settle()
    if (this.#first !== null) this.#callAfterIO()
    else if (this.scheduler !== null) this.scheduler.onIdle()
  }

  /** Runs one that is ready until control comes back; one that has ended has its links run. */
  #resume(greenlet: Coroutine): void {
    try {
      if (greenlet.$status < RETURNED) {
        resume(greenlet)
        return
      }
      leave()
      ;(greenlet as Task).$runLinks()
    } catch (error) {
      leave()
      this.tell(error, kernel.arrivedFrom ?? greenlet) // a raw greenlet died of it, into nobody
      kernel.arrivedFrom = null
    }
  }

  /** Takes all who are ready off the list, linked through `$behind`; a scheduler's choice is a round of one. */
  #takeRound(): Coroutine | null {
    if (this.scheduler !== null) return this.#takeChosen(this.scheduler)
    const first = this.#first
    this.#first = null
    this.#last = null
    return first
  }

  /** The slice is over before the round is: the rest, `first` to `last`, comes before all who have become ready since. */
  #putBack(first: Coroutine, last: Coroutine): void {
    last.$behind = this.#first
    this.#first = first
    this.#last ??= last
  }

  #takeChosen(scheduler: Scheduler): Coroutine | null {
    leave()
    const all: Coroutine[] = []
    for (let greenlet = this.#first; greenlet !== null; ) {
      const { $turn: turn, $behind: behind }: Coroutine = greenlet
      greenlet.$behind = null
      if (turn === READY) all.push(greenlet)
      else greenlet.$turn = NOT_READY
      greenlet = behind
    }
    const chosen = all.length === 0 ? undefined : all[scheduler.choose(all)]
    this.#first = null
    this.#last = null
    for (const greenlet of all) if (greenlet !== chosen) this.#append(greenlet)
    return chosen ?? null
  }

  #append(greenlet: Coroutine): void {
    if (this.#last === null) this.#first = greenlet
    else this.#last.$behind = greenlet
    this.#last = greenlet
    greenlet.$turn = READY
  }

  /** Reports the failures that nobody has read; one whose links have not had their turn is left for later. */
  #reportFailures(all: boolean): void {
    const failed = this.#failed
    this.#failed = []
    for (const task of failed) {
      if (!all && task.$turn === READY) this.#failed.push(task)
      else if (!task.$failureRead) this.tell(task.$slot, task)
    }
  }

  /** @internal Hands a failure to `onError`; one of `onError` itself must not stop the hub. */
  tell(error: unknown, greenlet: { readonly name: string }): void {
    try {
      this.onError(error, greenlet)
    } catch (mistake) {
      reportOnStderr(error, greenlet)
      reportOnStderr(mistake, { name: 'onError' })
    }
  }

  /** @internal The process is about to end: what was not reported yet is reported now. */
  flush(): void {
    this.#reportFailures(true)
  }
}

/** The default hub of this thread; made when it is first asked for. */
export function getHub(): Hub {
  return (kernel.host as Hub | null) ?? makeDefault() // only makeDefault writes it
}

/** The hub that `greenlet` waits in: its spawner's. */
export function hubOf(greenlet: Coroutine): Hub {
  return (greenlet.$host as Hub | null) ?? getHub() // only this room writes it
}

function makeDefault(): Hub {
  const hub = new Hub()
  kernel.host = hub
  process.on('beforeExit', () => void hub.raiseLoopExit())
  process.on('exit', () => {
    hub.flush()
  })
  return hub
}

// Here and not where the hub is made: a program that only switches has none, and its 'exit' handlers come after this one.
process.on('exit', () => {
  kernel.exiting = true
})
