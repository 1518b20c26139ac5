/**
 * What is looked at through the console: it watches from the first look on, as long as somebody looks, and answers each look with a state.
 *
 * Nobody pays for a console that nobody looks at: a minute after the last look the meter is taken off the hub again. And looking has a bound:
 * the page is told to come back later when a look takes long, so that it costs the program a twentieth of its time at the most.
 *
 * Stands on the meter, the snapshot and the vital signs. Knows nothing of HTTP.
 */
import { relative } from 'node:path'
import { type Alarm, systemClock } from '../../hub/clock.ts'
import type { Hub } from '../../hub/hub.ts'
import { nameOf } from '../../tree/values.ts'
import { Meter } from '../record/meter.ts'
import { Numbers } from './numbers.ts'
import { takeSnapshot } from './snapshot.ts'
import type { ConsoleState } from './state.ts'
import { rowsOf } from './tree-rows.ts'
import type { View } from './view.ts'
import { VitalSigns } from './vitals.ts'

/** A page that is in sight asks much more often. */
const UNWATCHED_MS = 60_000
/** One look may take this part of the time between two. */
const SHARE = 1 / 20

/** What is there while it is watched. */
interface Watching {
  readonly meter: Meter
  readonly vitals: VitalSigns
  /** By the clock of the hub. */
  readonly began: number
  alarm: Alarm
}

/** The hub, as the pages of one console see it. */
export class Watch {
  readonly #hub: Hub
  readonly #everyMs: number
  readonly #mayKill: boolean
  readonly #unwatchedMs: number
  readonly #numbers = new Numbers()
  #watching: Watching | null = null
  /** How often watching has begun. */
  #count = 0
  /** By the machine's clock. */
  #lastLook = 0
  /** How long a look takes, in milliseconds, on the average of the last ones; 0: there was none. */
  #cost = 0

  /** @param unwatchedMs - so long after the last look the watching ends. */
  constructor(hub: Hub, everyMs: number, mayKill: boolean, unwatchedMs: number = UNWATCHED_MS) {
    this.#hub = hub
    this.#everyMs = everyMs
    this.#mayKill = mayKill
    this.#unwatchedMs = unwatchedMs
  }

  /** Whether the hub is being watched. */
  get isOn(): boolean {
    return this.#watching !== null
  }

  /** What is going on, with the rows that `view` wants. */
  look(view: View): ConsoleState {
    const began = systemClock.now()
    const usage = process.cpuUsage()
    const { meter, vitals, began: watchBegan } = this.#watching ?? this.#begin()
    this.#lastLook = began
    const hub = this.#hub
    const atMs = hub.clock.now()
    const snapshot = takeSnapshot(hub, this.#numbers, watchBegan)
    const { switches, spawned, ended, failed, wakes } = meter.read()
    const state = {
      title: titleOf(process.argv[1]),
      pid: process.pid,
      node: process.version,
      mayKill: this.#mayKill,
      atMs,
      watch: this.#count,
      watchedMs: atMs - watchBegan,
      totals: { switches, spawned, ended, failed, wakes },
      living: Object.values(snapshot.states).reduce((sum, count) => sum + count, 0),
      states: snapshot.states,
      timers: hub.timers.count,
      outstanding: hub.outstanding,
      vitals: vitals.read(began),
      ...rowsOf(snapshot, view, this.#numbers),
      slowest: snapshot.slowest,
      waits: snapshot.waits,
    }
    return { ...state, everyMs: this.#nextMs(systemClock.now() - began, process.cpuUsage(usage)) }
  }

  /** When to look again, after a look that took so long. Where others have the processors, time passes that costs the program nothing. */
  #nextMs(ms: number, { user, system }: NodeJS.CpuUsage): number {
    const cost = Math.min(ms, (user + system) / 1000)
    // The first look is slow, since nothing of it was compiled yet.
    this.#cost = this.#cost === 0 ? cost / 3 : this.#cost + (cost - this.#cost) / 3
    return Math.max(this.#everyMs, Math.ceil(this.#cost / SHARE))
  }

  /** Kills the greenlet of that number; answers its name, or null when there is none any more. */
  kill(id: number): string | null {
    const task = this.#hub.living().find((one) => this.#numbers.of(one) === id)
    if (task === undefined) return null
    task.kill()
    return nameOf(task)
  }

  /** Ends the watching, if it is on. The next look begins another. */
  stop(): void {
    if (this.#watching === null) return
    const { meter, vitals, alarm } = this.#watching
    this.#watching = null
    meter.stop()
    vitals.stop()
    alarm.cancel()
  }

  #begin(): Watching {
    this.#count++
    const watching = {
      meter: new Meter(this.#hub).start(),
      vitals: new VitalSigns(systemClock.now()),
      began: this.#hub.clock.now(),
      alarm: this.#alarm(this.#unwatchedMs),
    }
    this.#watching = watching
    return watching
  }

  /** Looks in `ms` milliseconds whether anybody still looks. Beside the hub, whose time may stand still, and who must not wait for it. */
  #alarm(ms: number): Alarm {
    const alarm = systemClock.setAlarm(ms, () => {
      const left = this.#lastLook + this.#unwatchedMs - systemClock.now()
      if (this.#watching === null) return
      if (left > 0) this.#watching.alarm = this.#alarm(left)
      else this.stop()
    })
    alarm.unref()
    return alarm
  }
}

/** The program, as a person has named it. */
function titleOf(program: string | undefined): string {
  if (program === undefined) return 'node'
  const near = relative(process.cwd(), program)
  return near === '' || near.startsWith('..') ? program : near
}
