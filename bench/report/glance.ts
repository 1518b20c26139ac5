/**
 * All works at a glance, for the README: ours, and by how many times longer the fastest of each kind takes.
 *
 * Stands on the figures.
 */
import type { Kind } from '../method/work.ts'
import type { ContestantFigures, Figures, WorkFigures } from './figures.ts'
import { cellOf, tableOf } from './tables.ts'
import { ratioText, timeText } from './words.ts'

/** By work, how it is called there. */
const SHOWN: Readonly<Record<string, string>> = {
  switch: 'a switch to another one',
  spawn: 'a task, spawned and joined',
  yield: 'giving way, among a thousand',
  queue: 'an item through a queue',
  'queue-1': 'an item through a queue of size 1',
  sleepers: 'a sleeper, of many',
  kill: 'a task, killed',
  timeout: 'a block with a time limit',
  pool: 'an item through a pool',
  nursery: 'a child of a nursery',
  echo: 'an echo over a socket',
  requests: 'a page fetched',
  serve: 'a request served',
}

const KINDS: readonly (readonly [Kind, string])[] = [
  ['limit', 'the limit'],
  ['promises', 'promises, no scheduler'],
  ['scheduler', 'schedulers'],
  ['python', 'Python'],
]

/** A row for each work; those that the run has not are left out. */
export function glanceTable({ works }: Figures): string {
  const rows = works.flatMap((work) => {
    const title = SHOWN[work.name]
    const own = oursOf(work)
    if (title === undefined || own === null) return []
    return [[title, timeText(own.wallNs.median), ...KINDS.map(([kind]) => besides(fastest(work, kind), own))]]
  })
  return tableOf(['', 'greenloop', ...KINDS.map(([, head]) => head)], rows)
}

/** Which of ours does what the others do, where that is not the one that the first aim is about. */
const OURS: Readonly<Record<string, string>> = { timeout: 'withTimeout' }

/** Else the fastest. */
function oursOf(work: WorkFigures): ContestantFigures | null {
  const ours = OURS[work.name] ?? work.gates[0]?.of
  return work.contestants.find(({ name }) => name === ours) ?? fastest(work, 'ours')
}

function fastest({ contestants }: WorkFigures, kind: Kind): ContestantFigures | null {
  const [first] = contestants.filter((one) => one.kind === kind).sort((a, b) => a.wallNs.median - b.wallNs.median)
  return first ?? null
}

/** `Effect × 11`: it takes eleven times as long. */
function besides(other: ContestantFigures | null, own: ContestantFigures): string {
  return other === null ? '–' : `${cellOf(other.name)} × ${ratioText(other.wallNs.median / own.wallNs.median)}`
}
