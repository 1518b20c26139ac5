/**
 * What was recorded, as plain data: it survives `JSON`, and everything that is drawn is drawn from it.
 *
 * Times are milliseconds since the recording began. Stands on nothing, so that a page in a browser can know it, too.
 */

/** A place in a program. */
export interface Place {
  /** Path or URL of the file. */
  readonly file: string
  /** Counted from 1. */
  readonly line: number
}

/**
 * What a greenlet did for a while.
 *
 * - `running`: its code ran.
 * - `ready`: it could have run, and others did.
 * - `waiting`: it was in a wait of the hub.
 * - `switched`: it had switched to somebody else, and nobody had switched back.
 */
export type SpanKind = 'running' | 'ready' | 'waiting' | 'switched'

/** One of the stretches that the life of a greenlet consists of; they follow each other without gaps. */
export interface Span {
  /** What passed, or what it did. */
  readonly kind: SpanKind
  /** When it began. */
  readonly fromMs: number
  /** When it ended: when the next one begins. */
  readonly toMs: number
  /** Of `waiting` the call as a person writes it, `queue.get()`; of `switched` the name of whom it switched to; else null. */
  readonly what: string | null
  /** Where in its code it waits or has switched; null: locations are off, or it is not known. */
  readonly place: Place | null
}

/** How a greenlet ended. */
export type End = 'returned' | 'failed' | 'killed'

/** The life of a greenlet, as far as it was recorded. */
export interface Track {
  /** 0: main. Tracks are numbered in the order in which they appeared. */
  readonly id: number
  /** Of the greenlet, as it was called last. */
  readonly name: string
  /** `main`: plain code and the hub. `raw`: a greenlet that lives on `switch()` alone. */
  readonly kind: 'main' | 'greenlet' | 'raw'
  /** The track of who has spawned it; null: nobody that is known. */
  readonly spawner: number | null
  /** Null: it lived already when the recording began. */
  readonly spawnedMs: number | null
  /** Where it was spawned. */
  readonly spawnedAt: Place | null
  /** Null: it lived still when the recording ended. */
  readonly endedMs: number | null
  /** How it has ended; null: it lives, or that was not recorded. */
  readonly end: End | null
  /** Of one that has failed, the error in a line: `TypeError: x is not a function`. */
  readonly error: string | null
  /** What it did, from its begin to its end. */
  readonly spans: readonly Span[]
}

/**
 * What passed from one greenlet to another.
 *
 * - `switch`: control, by `switch()`, `throw()`, or an end that goes on in the parent.
 * - `resume`: control, by the hub, from main.
 * - `wake`: the end of a wait. From main: a timer, a socket, plain code.
 * - `kill`: an interrupt: a kill, or a timeout.
 */
export type ArrowKind = 'switch' | 'resume' | 'wake' | 'kill'

/** One thing that passed from one greenlet to another. */
export interface Arrow {
  /** What passed, or what it did. */
  readonly kind: ArrowKind
  /** Ids of tracks. */
  readonly from: number
  /** The id of the track that it went to. */
  readonly to: number
  /** When. */
  readonly atMs: number
  /** Of `switch` and `resume`: whether an error went over; of `kill` always true. */
  readonly thrown: boolean
}

/** A recording. */
export interface Recording {
  /** What was run, for titles. */
  readonly title: string
  /** When it began, in milliseconds of Unix time. */
  readonly beganAt: number
  /** How long it is. */
  readonly durationMs: number
  /** How many events the ring buffer has lost: the oldest. */
  readonly lostEvents: number
  /** Whether places were recorded. */
  readonly locations: boolean
  /** By id; main first. */
  readonly tracks: readonly Track[]
  /** In the order in which they happened. */
  readonly arrows: readonly Arrow[]
}
