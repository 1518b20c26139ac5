/**
 * A work of the benchmark: what is done, who does it, and what is aimed at.
 *
 * Stands on the measurement. Leaves to `rounds.ts` to run it.
 */
import type { Figure, Measurement } from './measurement.ts'

/** What a contestant is: by that it is drawn, and by that it counts in an aim. */
export type Kind =
  /** The least that the engine needs for the same: no library. */
  | 'limit'
  | 'ours'
  /** Promises, and thin helpers over them: nothing schedules, nothing else is served in between, nothing can be killed. */
  | 'promises'
  /** Has a scheduler of its own, in JavaScript. */
  | 'scheduler'
  /** The same in Python. */
  | 'python'

/** Who does a work. */
export interface Contestant {
  /** As the tables call it. */
  readonly name: string
  readonly kind: Kind
  /** How often, at most: slow ones do less. */
  readonly times: number
  /** Whether sockets and timers are served while it runs. Said only where a work compares that. */
  readonly fair?: boolean
  /** How it is measured. */
  readonly by: Means
}

/** How a contestant is measured. */
export type Means = InNode | InPython | Elsewhere

/** In a fresh Node: by a run of a file in `bench/contestants`. */
export interface InNode {
  readonly means: 'node'
  /** The name of the file, without `.ts`. */
  readonly file: string
  readonly run: string
  readonly parameter: number
  readonly flags: readonly string[]
}

/** In a fresh Python: by a function of a file in `bench/python`. */
export interface InPython {
  readonly means: 'python'
  /** The name of the file, without `.py`. */
  readonly file: string
  readonly run: string
  readonly parameter: number
  /** What it imports, for the question whether it is there. */
  readonly modules: readonly string[]
}

/** By several processes, which the function starts. */
export interface Elsewhere {
  readonly means: 'elsewhere'
  /** What it needs beside Node and a C compiler. */
  readonly modules: readonly string[]
  measure(times: number, python: string): Promise<Measurement>
}

/** What is aimed at. */
export interface Aim {
  /** Whose figure. */
  readonly of: string
  readonly figure: Figure
  /** In comparison with whom. */
  readonly over: string
  /** A ratio. */
  readonly atMost: number
  /** What would be better still. */
  readonly ambitious?: number
}

/** What is done, by whom, and what is aimed at. */
export interface Work {
  /** For the command line and for the names of files. */
  readonly name: string
  readonly title: string
  /** One of what a figure is for: `switch`, `task`. */
  readonly unit: string
  /** What its runs tell, where that is no time; then the figures of processors and memory are left out. @defaultValue 'ns' */
  readonly measures: string
  /** Set when a run is preceded by one of a tenth alone. */
  readonly cold: boolean
  /** What every contestant waits, and is taken off: the longest nap. */
  readonly idleMs: number
  readonly contestants: readonly Contestant[]
  readonly aims: readonly Aim[]
  /** What has to be said about the comparison, for readers; empty when nothing. */
  readonly remark: string
}

/** A contestant that runs in Node. */
export function inNode(
  name: string,
  kind: Kind,
  times: number,
  file: string,
  run: string,
  more: { readonly parameter?: number; readonly fair?: boolean; readonly flags?: readonly string[] } = {},
): Contestant {
  const { parameter = 0, flags = [], ...rest } = more
  return { name, kind, times, ...rest, by: { means: 'node', file, run, parameter, flags } }
}

/**
 * The limit, of bare generators: without on-stack replacement, by which V8, in one process of two, enters the loop of a generator anew at each
 * resume and takes twice as long. The limit is to be the least that the engine needs.
 */
export function inLimit(
  name: string,
  times: number,
  run: string,
  more: { readonly parameter?: number; readonly fair?: boolean } = {},
): Contestant {
  return inNode(name, 'limit', times, 'bare', run, { ...more, flags: ['--no-use-osr'] })
}

/** A contestant that runs in Python. */
export function inPython(
  name: string,
  times: number,
  file: string,
  run: string,
  more: { readonly parameter?: number; readonly fair?: boolean } = {},
): Contestant {
  const { parameter = 0, ...rest } = more
  // Its TaskGroup came with Python 3.11.
  const modules = [file === 'asyncio' ? 'asyncio.taskgroups' : file]
  return { name, kind: 'python', times, ...rest, by: { means: 'python', file, run, parameter, modules } }
}

/** A contestant that several processes measure; `modules` of Python that they import. */
export function elsewhere(
  name: string,
  kind: Kind,
  times: number,
  measure: Elsewhere['measure'],
  modules: readonly string[] = [],
): Contestant {
  return { name, kind, times, by: { means: 'elsewhere', modules, measure } }
}

/** A work, with what most of them do not need left out. */
export function work(
  name: string,
  title: string,
  unit: string,
  contestants: readonly Contestant[],
  more: Partial<Pick<Work, 'measures' | 'cold' | 'idleMs' | 'aims' | 'remark'>> = {},
): Work {
  return { name, title, unit, contestants, measures: 'ns', cold: false, idleMs: 0, aims: [], remark: '', ...more }
}

/** That a contestant takes at most so many times what another one takes. */
export function aim(
  of: string,
  atMost: number,
  over: string,
  more: { readonly ambitious?: number; readonly figure?: Figure } = {},
): Aim {
  return { of, atMost, over, figure: 'wallNs', ...more }
}

/** The same aim over each of those that are meant. */
export function aimsOver(
  contestants: readonly Contestant[],
  isMeant: (one: Contestant) => boolean,
  of: string,
  atMost: number,
): Aim[] {
  return contestants.filter(isMeant).map((one) => aim(of, atMost, one.name))
}
