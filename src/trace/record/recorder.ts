/**
 * The recorder: writes down which greenlet ran when, what it waited for, and who woke it.
 *
 * While it is off nothing is installed anywhere, and a switch costs what it costs. On, a switch costs about a tenth of a microsecond more,
 * and what is held is bounded: of the events the newest, of the greenlets those that live and those of whom an event is held. No
 * greenlet is held by being recorded.
 *
 * Stands on the watch, which writes, and on the tracks, which make a recording of that. Leaves drawing to the pictures.
 */

import { UsageError } from '../../errors/classes.ts'
import { checkFlag, checkOptions, notAFunction, show } from '../../errors/usage.ts'
import { run } from '../../gevent/run.ts'
import { addWatcher, removeWatcher } from '../../greenlet/trace.ts'
import { systemClock } from '../../hub/clock.ts'
import { getHub } from '../../hub/default.ts'
import { Hub } from '../../hub/hub.ts'
import { addObserver, removeObserver } from '../../hub/observers.ts'
import type { Driven } from '../../protocol.ts'
import { needNoPlaces, wantPlaces } from './places.ts'
import type { Recording } from './recording.ts'
import { recordingOf } from './tracks.ts'
import { Watch } from './watch.ts'

const LEAST = 1000
const MOST = 2 ** 24

/** How a recorder is made. */
export interface RecorderOptions {
  /** How many events are held, 1,000 to 16,777,216: the newest. One takes some 25 bytes. @defaultValue 262,144 */
  capacity?: number
  /** Whether places are recorded, which costs some microseconds a suspension. @defaultValue false */
  locations?: boolean
  /** Whose greenlets are recorded. @defaultValue the hub of this thread */
  hub?: Hub
  /** What is run, for the titles of pictures. @defaultValue '' */
  title?: string
}

/**
 * Records what the greenlets of a hub do, from {@link start} to {@link stop}.
 *
 * @example
 * ```ts
 * import { sleep, spawn } from 'greenloop'
 * import { Recorder } from 'greenloop/trace'
 *
 * using recorder = new Recorder().start()
 * await spawn(function* nap() {
 *   yield* sleep(5)
 * }).join()
 * const nap = recorder.read().tracks.find(({ name }) => name.startsWith('nap'))
 * console.log(nap?.spans.map(({ kind }) => kind).join(' ')) // ready running waiting ready running
 * ```
 */
export class Recorder implements Disposable {
  readonly #capacity: number
  readonly #locations: boolean
  readonly #hub: Hub
  readonly #title: string
  /** Null: nothing was recorded yet. */
  #watch: Watch | null = null
  #recording = false
  /** Unix time at the beginning. */
  #beganAt = 0
  /** When it was stopped, by the hub's clock. */
  #endedMs = 0

  /**
   * @param options - `capacity`, `locations`, `hub`, `title`.
   * @throws UsageError when one of them is not what it should be.
   */
  constructor(options: RecorderOptions = {}) {
    checkOptions('new Recorder()', options, '{ capacity: 100_000 }')
    const { capacity = 2 ** 18, locations = false, hub, title = '' } = options
    checkFlag('new Recorder()', 'locations', locations)
    if (!(Number.isInteger(capacity) && capacity >= LEAST && capacity <= MOST))
      throw new UsageError(
        `new Recorder() expects \`capacity\` to be an integer, 1,000 to 16,777,216, but got ${show(capacity)}.`,
      )
    if (hub !== undefined && !(hub instanceof Hub))
      throw new UsageError(`new Recorder() expects \`hub\` to be a Hub, but got ${show(hub)}.`)
    if (typeof title !== 'string')
      throw new UsageError(`new Recorder() expects \`title\` to be a string, but got ${show(title)}.`)
    this.#capacity = capacity
    this.#locations = locations
    this.#hub = hub ?? getHub()
    this.#title = title
  }

  /** Whether it is on. */
  get recording(): boolean {
    return this.#recording
  }

  /** How many events it holds. */
  get events(): number {
    return Math.min(this.#capacity, this.#watch?.ring.count ?? 0)
  }

  /** How many events it has lost since the beginning: the oldest, when there was no place for more. */
  get lostEvents(): number {
    return this.#watch?.ring.oldest ?? 0
  }

  /**
   * Begins a new recording; what was recorded before is dropped. Nothing while it is on.
   *
   * @switches never
   */
  start(): this {
    if (this.#recording) return this
    this.#recording = true
    if (this.#locations) wantPlaces()
    this.#begin()
    return this
  }

  /**
   * Ends the recording, which is kept. Nothing while it is off.
   *
   * @switches never
   */
  stop(): this {
    if (!this.#recording) return this
    this.#recording = false
    this.#end()
    if (this.#locations) needNoPlaces()
    return this
  }

  /**
   * Drops what was recorded. While it is on, the recording begins anew, now.
   *
   * @switches never
   */
  clear(): void {
    if (this.#recording) {
      this.#end()
      this.#begin()
    } else this.#watch = null
  }

  /**
   * Gives what was recorded so far, as plain data. While it is on, what lasts ends now.
   *
   * @switches never
   */
  read(): Recording {
    const watch = this.#watch
    if (watch === null) return nothing(this.#title, this.#locations)
    return recordingOf({
      ring: watch.ring,
      books: watch.books.all,
      title: this.#title,
      beganMs: watch.beganMs,
      beganAt: this.#beganAt,
      endedMs: this.#recording ? watch.settle() : this.#endedMs,
      locations: this.#locations,
    })
  }

  /** For `using`: stops. @switches never */
  [Symbol.dispose](): void {
    this.stop()
  }

  #begin(): void {
    const watch = new Watch(this.#hub, this.#capacity, this.#locations)
    this.#watch = watch
    this.#beganAt = performance.timeOrigin + systemClock.now()
    addObserver(this.#hub, watch)
    addWatcher(watch.transferred)
  }

  #end(): void {
    const watch = this.#watch
    if (watch === null) return
    removeWatcher(watch.transferred)
    removeObserver(this.#hub, watch)
    this.#endedMs = watch.settle()
    watch.stop()
  }
}

function nothing(title: string, locations: boolean): Recording {
  return { title, beganAt: 0, durationMs: 0, lostEvents: 0, locations, tracks: [MAIN_ALONE], arrows: [] }
}

const MAIN_ALONE = {
  id: 0,
  name: 'main',
  kind: 'main',
  spawner: null,
  spawnedMs: null,
  spawnedAt: null,
  endedMs: null,
  end: null,
  error: null,
  spans: [],
} as const

/** What {@link record} gives. */
export interface Recorded<T> {
  /** What main has returned. */
  readonly value: T
  /** What happened meanwhile. */
  readonly recording: Recording
}

/**
 * Runs `main` as `run` does, and records what happens until it returns.
 *
 * @param main - a generator function, or any function.
 * @param options - those of a {@link Recorder}.
 * @returns what `main` returns, and the recording; rejects with what it throws.
 * @throws UsageError at the call when `main` is no function, or an option is not what it should be.
 * @switches never: it returns a promise, for `await` in plain code
 * @example
 * ```ts
 * import { joinall, sleep, spawn } from 'greenloop'
 * import { record } from 'greenloop/trace'
 *
 * const { value, recording } = await record(function* () {
 *   yield* joinall([spawn(sleep, 3), spawn(sleep, 6)])
 *   return 'done'
 * })
 * console.log(value, recording.tracks.map(({ name }) => name)) // done [ 'main', 'sleep-2', 'sleep-3' ]
 * ```
 */
export function record<T>(main: () => Driven<T>, options: RecorderOptions = {}): Promise<Recorded<T>> {
  if (typeof main !== 'function') throw notAFunction('record', main)
  const recorder = new Recorder(options).start()
  return run(main)
    .finally(() => recorder.stop())
    .then((value) => ({ value, recording: recorder.read() }))
}
