/**
 * Figures of runs that never were: a machine, works, curves.
 */
import type { Growth } from '../../../bench/method/growth.ts'
import type { ContestantFigures, WorkFigures } from '../../../bench/report/figures.ts'
import type { Machine } from '../../../bench/report/machine.ts'

export const MACHINE: Machine = {
  processors: 'Difference Engine',
  count: 2,
  memoryGiB: 4,
  kernel: 'Linux 6.1',
  node: '20.19.0',
  v8: '11.3',
  packages: { greenloop: '0.1.0', effect: '4.1.0' },
  python: { version: 'CPython 3.11.2', packages: { gevent: '22.10.2' } },
}

/** A contestant whose rounds lay between half and twice of `ns`. */
export function row(
  name: string,
  kind: ContestantFigures['kind'],
  ns: number,
  fair: boolean | null = null,
): ContestantFigures {
  const wallNs = { median: ns, min: ns / 2, max: ns * 2 }
  return {
    name,
    kind,
    fair,
    times: 10,
    rounds: 5,
    wallNs,
    cpuNs: null,
    peakBytes: null,
    overLimit: ns / 10,
    overBestRival: null,
  }
}

export function workOf(contestants: readonly ContestantFigures[], more: Partial<WorkFigures> = {}): WorkFigures {
  const none = { bestRival: null, absent: [], gates: [], measures: 'ns', remark: '' }
  return { name: 'hop', title: 'Hops', unit: 'hop', contestants, ...none, ...more }
}

export function growthOf(...ends: number[]): Growth {
  const series = ends.map((ns, place) => ({
    name: `contestant ${place}`,
    kind: place === 0 ? ('ours' as const) : ('promises' as const),
    cold: place === 1,
    points: [10, 1000, 100_000].map((count) => [count, ns] as const),
  }))
  return { name: 'hop', title: 'A hop by how many', unit: 'hop', series }
}
