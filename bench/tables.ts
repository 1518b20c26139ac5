/**
 * The tables of `npm run bench`: which works stand beside each other, and what is aimed at.
 */
import type { Work } from './work.ts'
import { CALLS, DEEP, READY } from './works/calls.ts'
import { MEMORY } from './works/memory.ts'
import { SWITCHES, TRACING } from './works/switches.ts'

export interface Table {
  readonly title: string
  readonly unit: string
  readonly works: Readonly<Record<string, Work>>
  /** The rows that the others are compared with. */
  readonly bases: readonly string[]
  readonly aims: string
  /** Whether python-greenlet has a row. */
  readonly python?: boolean
}

/** By name, in the order of printing. */
export const TABLES: Readonly<Record<string, Table>> = {
  switch: {
    title: 'Two coroutines hand control to each other, with a value',
    unit: 'ns per switch',
    works: SWITCHES,
    bases: ['bare generators', 'async/await'],
    python: true,
    aims: 'RawGreenlet within 2.4 x bare (2 x), at most 0.5 x async/await, a third of greenlet; Greenlet at most 10 ns more, nothing without AsyncLocalStorage',
  },
  tracing: {
    title: 'A switch while nobody traces: before settrace was ever called, and after settrace(null)',
    unit: 'ns per switch',
    works: TRACING,
    bases: ['never traced'],
    aims: 'within noise',
  },
  deep: {
    title:
      'One suspended resume, so many calls deep: by a switch, by sleep(0) through the hub, by await of a settled promise',
    unit: 'ns per resume',
    works: DEEP,
    bases: ['green, switch 1', 'green, sleep(0) 1', 'async/await 1'],
    aims: 'green flat: at 1,000 within 1.5 x of at 1, and at most 1.8 x async/await',
  },
  calls: {
    title: 'A call of a function that could suspend and does not',
    unit: 'ns per call',
    works: CALLS,
    bases: ['async/await'],
    aims: 'plain at most 0.7 x async/await, green at most 1 x',
  },
  ready: {
    title: 'An operation whose value is ready',
    unit: 'ns per operation; bytes',
    works: READY,
    bases: ['async/await'],
    aims: 'at most 20 ns (9), nothing allocated',
  },
  memory: {
    title: 'A million suspended coroutines',
    unit: 'bytes each',
    works: MEMORY,
    bases: ['bare generator'],
    aims: 'RawGreenlet at most 300 bytes (200) beyond its own frame',
  },
}
