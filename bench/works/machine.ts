/**
 * The machine: files that are read, children that are run, streams that are copied, by the ways of `bench/machine/run.ts`.
 */
import { inNode, outputOf } from '../processes.ts'
import type { Work } from '../work.ts'

/** `times` is how often the thousand files are read; the figure is for a file. */
export const FILES_READ: Readonly<Record<string, Work>> = by(10, [
  'fs.promises',
  'fs, callbacks',
  'Pool.map of fs.readFile',
])

/** `times` is how many children. */
export const CHILDREN_RUN: Readonly<Record<string, Work>> = by(200, [
  'child_process.spawn',
  'subprocess.run',
  'child_process.execFile',
  'subprocess.checkOutput',
])

/** `times` is how many mebibytes. */
export const COPIES: Readonly<Record<string, Work>> = by(256, ['stream.pipeline', 'pipeline', 'chunks and write'])

function by(times: number, names: readonly string[]): Readonly<Record<string, Work>> {
  const works = names.map((name): [string, Work] => [
    name,
    {
      times,
      run: () => undefined,
      measure: (count) => Number(outputOf(inNode('machine/run.ts', name, String(count)))),
    },
  ])
  return Object.fromEntries(works)
}
