/**
 * Schedules: executions of small programs, by the ways of `bench/schedules/run.ts`.
 */
import { inNode, outputOf } from '../processes.ts'
import type { Work } from '../work.ts'

/** `times` is how many executions, where that is not given by the program. */
export const SCHEDULES: Readonly<Record<string, Work>> = Object.fromEntries(
  ['explore, all 34,650', 'explore, tracked', 'fuzz, random walks and PCT', 'fast-check, scheduler'].map((name) => [
    name,
    {
      times: 30_000,
      run: () => undefined,
      measure: (times: number) => Number(outputOf(inNode('schedules/run.ts', name, String(times)))),
    },
  ]),
)
