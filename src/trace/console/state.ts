/**
 * What the page of the live console is sent: plain data, bounded however many greenlets there are.
 *
 * Stands on nothing, so that the page can know its types. Leaves to `snapshot.ts` how it is found out.
 */
import type { Place } from '../record/recording.ts'

/** What one does now. `ready`: it could run, and others do. `switched`: it has switched to somebody else. */
export type RowState = 'running' | 'ready' | 'waiting' | 'switched' | 'not started' | 'finished'

/** How many are in which state. */
export type StateCounts = Readonly<Partial<Record<RowState, number>>>

/** Somebody who is waited for. */
export interface Target {
  readonly id: number
  readonly name: string
}

/**
 * What a row stands for.
 *
 * - `main`: plain code and the hub; the root.
 * - `greenlet`: one greenlet.
 * - `finished`: one that has ended, and what it has spawned lives.
 * - `group`: many that have the same spawner and the same body; its name is what their names begin with.
 * - `rest`: those of its parent for which there was no room.
 */
export type RowKind = 'main' | 'greenlet' | 'finished' | 'group' | 'rest'

/** A row of the tree. Rows are sent in the order in which they are drawn: each in front of what it has spawned. */
export interface Row {
  readonly kind: RowKind
  /** Stays the same as long as the greenlet lives, and is never given twice; that of a `rest` is its parent's. 0: main. */
  readonly id: number
  /** How deep in the tree; main is 0. */
  readonly depth: number
  /** Its place among those of the same depth under the same parent, from 1 on, and how many they are. */
  readonly position: number
  readonly setSize: number
  readonly name: string
  readonly state: RowState
  /** The call that it waits in, as a person writes it; of a `group` the call that most of them wait in. */
  readonly wait: string | null
  /** Why the wait does not end, if it is known, `the queue is full (10/10)`; of one that has ended, how. */
  readonly because: string | null
  readonly waitsFor: readonly Target[]
  /** For how long it waits already; of a `group` the longest. */
  readonly sinceMs: number | null
  /** It waits longer than it is watched: `sinceMs` is the least that it can be. */
  readonly isLonger: boolean
  /** Where in its code it waits. */
  readonly place: Place | null
  readonly spawnedAt: Place | null
  /** How many stand below it, at any depth; of a `group` or `rest` how many it stands for. */
  readonly below: number
  /** Whether what is below is shown; null: there is nothing. */
  readonly isOpen: boolean | null
  /** Of a `group` and `rest` the states of those it stands for. */
  readonly states: StateCounts | null
  /** Whether the filter has found it, and not only something below it. */
  readonly isFound: boolean
}

/** The row that was asked for by its number, wherever it stands. */
export interface Chosen extends Row {
  /** Null: it is main. */
  readonly spawner: Target | null
}

/** One that waits for long. */
export interface SlowWait {
  readonly id: number
  readonly name: string
  readonly wait: string
  readonly sinceMs: number
  readonly isLonger: boolean
}

/** How many wait in calls of the same name: `queue.get`. */
export interface WaitCount {
  readonly call: string
  readonly count: number
}

/** How many there were of what, since the process is watched. Two of them give rates. */
export interface Totals {
  readonly switches: number
  readonly spawned: number
  readonly ended: number
  readonly failed: number
  readonly wakes: number
}

/** How late the event loop was, in milliseconds, in the last full second or more. */
export interface Delay {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** How the process is. */
export interface Vitals {
  /** In bytes. */
  readonly heapUsed: number
  readonly heapTotal: number
  readonly rss: number
  /** Which part of the time the event loop was busy, 0 to 1, since the last look; null: that was the first one. */
  readonly busy: number | null
  readonly delay: Delay | null
}

/** What is going on. */
export interface ConsoleState {
  readonly title: string
  readonly pid: number
  readonly node: string
  /** Whether greenlets may be killed from here. */
  readonly mayKill: boolean
  /** When to ask again, in milliseconds: later when finding it all out takes long. */
  readonly everyMs: number
  /** By the clock of the hub, in milliseconds. */
  readonly atMs: number
  /** Another number when totals have begun at 0 again. */
  readonly watch: number
  /** For how long it is watched. */
  readonly watchedMs: number
  readonly totals: Totals
  /** How many greenlets live, and in which states. */
  readonly living: number
  readonly states: StateCounts
  /** How many timers run, and how many waits are for something outside: sockets, promises. */
  readonly timers: number
  readonly outstanding: number
  readonly vitals: Vitals
  readonly rows: readonly Row[]
  /** Null: none was asked for, or it has ended. */
  readonly chosen: Chosen | null
  /** How many the filter has found; null: there is none. */
  readonly found: number | null
  /** How many stand in no row of their own: they are in a group, below a closed row, or there was no room. */
  readonly leftOut: number
  /** Those that wait for the longest time, the longest first. */
  readonly slowest: readonly SlowWait[]
  /** What they wait in, the most frequent first. */
  readonly waits: readonly WaitCount[]
}

/** What a kill has come to. */
export interface KillAnswer {
  /** The name of the greenlet; null: it had ended already. */
  readonly killed: string | null
}
