/**
 * What watching costs: greenlets by `bench/trace/run.ts`, with the recorder in each of its states.
 */
import { inNode, outputOf } from '../processes.ts'
import type { Work } from '../work.ts'

/** By name, how often. */
const WORKS = { switch: 3_000_000, 'sleep(0)': 1_000_000, 'spawn and join': 300_000 }

function measure(work: string, state: string, times: number): number {
  return Number(outputOf(inNode('trace/run.ts', work, state, String(times))))
}

function row(times: number, figure: (times: number) => number): Work {
  return { times, run: () => undefined, measure: figure }
}

export const RECORDER: Readonly<Record<string, Work>> = Object.fromEntries(
  Object.entries(WORKS).flatMap(([work, times]) => [
    ...['never loaded', 'stopped', 'on'].map((state) => [
      `${work}, ${state}`,
      row(times, () => measure(work, state, times)),
    ]),
    [
      `${work}, on minus off`,
      row(times, () => measure(work, 'on', times) - measure(work, 'never loaded', times)),
    ] as const,
    // A place takes more than a switch: fewer tell as much.
    [`${work}, on, with locations`, row(times / 10, () => measure(work, 'on, with locations', times / 10))] as const,
  ]),
)
