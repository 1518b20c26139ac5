/**
 * The aims of a work, held against what was measured: reached, missed within the room that is left for noise, or failed.
 *
 * Stands on the rounds.
 */
import { ratio } from '../method/measurement.ts'
import type { Outcome } from '../method/rounds.ts'
import type { Aim } from '../method/work.ts'

/** By so much an aim may be missed before a run fails: what single runs differ by. */
const ROOM = 1.25

/** How an aim fares. */
export interface Gate {
  readonly work: string
  readonly aim: Aim
  readonly ratio: number
  readonly verdict: 'ambitious' | 'reached' | 'missed' | 'failed'
}

/** Of a work whose contestants of an aim are both there. */
export function gatesOf({ work, samples }: Outcome): Gate[] {
  const gates: Gate[] = []
  for (const aim of work.aims) {
    const [own, other] = [samples.get(aim.of), samples.get(aim.over)]
    if (own === undefined || other === undefined) continue
    const value = ratio(own, other, aim.figure)
    if (Number.isNaN(value)) continue
    gates.push({ work: work.name, aim, ratio: value, verdict: verdictOf(aim, value) })
  }
  return gates
}

function verdictOf({ atMost, ambitious }: Aim, value: number): Gate['verdict'] {
  if (ambitious !== undefined && value <= ambitious) return 'ambitious'
  if (value <= atMost) return 'reached'
  return value <= atMost * ROOM ? 'missed' : 'failed'
}

/** A line for each, those that are not reached first, and one for all of them. */
export function gateLines(gates: readonly Gate[]): string[] {
  const order = { failed: 0, missed: 1, reached: 2, ambitious: 3 }
  const lines = [...gates]
    .sort((a, b) => order[a.verdict] - order[b.verdict])
    .map(({ work, aim, ratio: value, verdict }) => {
      const what = aim.figure === 'peakBytes' ? ' in memory' : aim.figure === 'cpuNs' ? ' of processors' : ''
      const wish = aim.ambitious === undefined ? '' : ` (${aim.ambitious.toFixed(2)})`
      return `${verdict.padEnd(9)} ${work}: ${aim.of} is ${value.toFixed(2)} x ${aim.over}${what}; the aim is ${aim.atMost.toFixed(2)}${wish}`
    })
  const count = (verdict: Gate['verdict']): number => gates.filter((one) => one.verdict === verdict).length
  const reached = count('reached') + count('ambitious')
  return [
    ...lines,
    `Gates: ${reached} reached, ${count('ambitious')} of them as far as was wished; ${count('missed')} missed by no more than a quarter; ${count('failed')} failed.`,
  ]
}
