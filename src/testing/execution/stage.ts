/**
 * What an execution runs on: a hub and a clock of its own, put up in the kernel's cell in place of the process's, and taken down again.
 *
 * A hub that nobody has left anything on is as good as a new one, and is used again: to make one costs as much as three steps.
 *
 * Stands on the hub and the kernel. Leaves to `execution.ts` who runs on it.
 */
import { setDebug } from '../../debug.ts'
import { UsageError } from '../../errors/classes.ts'
import { wrongRight } from '../../errors/usage.ts'
import { type Coroutine, kernel, type MainCall, type Watcher } from '../../greenlet/kernel.ts'
import { addWatcher, gettrace, removeWatcher, settrace, type Tracer } from '../../greenlet/trace.ts'
import { Hub } from '../../hub/hub.ts'
import type { Suspend } from '../../protocol.ts'
import { Choices } from '../schedule/choices.ts'
import { Log, type LogLevel } from './log.ts'
import { VirtualClock } from './virtual-clock.ts'

const NONE: readonly MainCall[] = []

/** A hub that tells who has given up its turn: one who does nothing else spins. */
class StageHub extends Hub {
  gaveTurn: Coroutine | null = null
  /** Calls of main in greenlets of the process, which wait for these. */
  theirCalls: readonly MainCall[] = NONE

  override giveTurn(greenlet: Coroutine): IteratorYieldResult<Suspend> {
    this.gaveTurn = greenlet
    return super.giveTurn(greenlet)
  }

  override raiseLoopExit(): boolean {
    const theirs = kernel.mainCalls.filter((call) => this.theirCalls.includes(call))
    kernel.mainCalls = kernel.mainCalls.filter((call) => !theirs.includes(call))
    try {
      return super.raiseLoopExit()
    } finally {
      kernel.mainCalls = [...theirs, ...kernel.mainCalls]
    }
  }
}

/** What the kernel's cell held before. */
interface Before {
  readonly host: object | null
  readonly everyWaitSwitches: boolean
  readonly footprint: typeof kernel.footprint
  readonly callback: Tracer | null
  readonly debug: boolean
}

/** Set while an execution is on stage. There is one kernel, hence one at a time. */
let occupied: string | null = null

/** A hub and a clock for executions, one after the other. */
export class Stage {
  readonly clock: VirtualClock = new VirtualClock()
  readonly choices: Choices = new Choices()
  /** Replaced when somebody has left something on it. */
  hub: StageHub = new StageHub({ clock: this.clock })
  #before: Before | null = null
  /** Set while an execution is on of which a log is kept. */
  #watcher: Watcher | null = null

  /**
   * Puts it up for one execution. `caller` stands in messages.
   *
   * @throws UsageError when another one is on, or a greenlet runs.
   */
  enter(caller: string, everyWaitSwitches: boolean, level: LogLevel | 'none'): Log | null {
    if (occupied !== null) throw nested(caller, occupied)
    if (kernel.current !== kernel.main) throw insideGreenlet(caller)
    occupied = caller
    const { hub } = this
    const log = level === 'none' ? null : new Log(level, hub.timers)
    this.#before = {
      host: kernel.host,
      everyWaitSwitches: kernel.everyWaitSwitches,
      footprint: kernel.footprint,
      callback: gettrace(),
      debug: level === 'places' && setDebug(true),
    }
    hub.theirCalls = kernel.mainCalls.length === 0 ? NONE : [...kernel.mainCalls]
    kernel.host = hub
    kernel.everyWaitSwitches = everyWaitSwitches
    hub.observer = log
    if (log !== null) {
      kernel.footprint = log
      this.#watcher = (_origin, target) => {
        log.entered(target)
      }
      addWatcher(this.#watcher)
    }
    return log
  }

  /** Takes it down; what stands in the cell is as it was. */
  leave(level: LogLevel | 'none'): void {
    const before = this.#before
    if (before === null) return
    this.#before = null
    occupied = null
    kernel.host = before.host
    kernel.everyWaitSwitches = before.everyWaitSwitches
    kernel.footprint = before.footprint
    settrace(before.callback)
    if (this.#watcher !== null) removeWatcher(this.#watcher)
    this.#watcher = null
    if (level === 'places') setDebug(before.debug)
    const { hub } = this
    const clean = !hub.busy && hub.timers.count === 0 && hub.outstanding === 0 && hub.living().length === 0
    if (clean && hub.mainWaits.size === 0 && hub.idleWaits.size === 0) {
      hub.made = 0
      hub.scheduler = null
      hub.observer = null
    } else {
      this.hub = new StageHub({ clock: this.clock })
    }
    this.clock.reset()
  }
}

/**
 * To be called before an execution that waits for the world outside: the greenlets of the process go on meanwhile. Theirs is the hub in the
 * kernel's cell, unless they are told.
 */
export function tellTheirHub(): void {
  const hub = kernel.host as Hub | null // only hubs are put there
  if (hub !== null) for (const greenlet of [...hub.living(), ...hub.mainWaits]) greenlet.$host ??= hub
}

function nested(caller: string, running: string): UsageError {
  return new UsageError(
    caller === running
      ? `${caller} was called while another ${running} runs. There is one hub at a time: wait for the first one before the second.`
      : `${caller} was called while ${running} runs. There is one hub at a time: wait for the first one before the second.`,
  )
}

function insideGreenlet(caller: string): UsageError {
  const name = caller.replace('()', '')
  return new UsageError(
    `${caller} was called in greenlet "${kernel.current.name}"; it runs greenlets of its own, on a hub of its own, and is for plain code.\n\n` +
      wrongRight(
        `spawn(function* () { yield* until(${name}(body)) })`,
        'is inside a hub already',
        `await ${name}(body)`,
      ),
  )
}
