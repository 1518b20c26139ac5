// Which step comes before which: by program order, wake-ups, jumps of the clock and what both touch.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HappensBefore } from '../../../src/testing/execution/happens-before.ts'
import type { Proc, Step } from '../../../src/testing/execution/log.ts'

const SEED = 8

/** A step as these tests write it down. */
interface Row {
  readonly proc: number
  readonly madeReadyBy?: number
  readonly barrier?: boolean
  readonly reads?: readonly string[]
  readonly writes?: readonly string[]
}

/** A log of such steps. The order looks at nothing else of a log. */
function logOf(rows: readonly Row[]): { steps: Step[] } {
  const procs = new Map<number, Proc>()
  const objects = new Map<string, object>()
  const objectOf = (name: string): object => {
    const object = objects.get(name) ?? { name }
    objects.set(name, object)
    return object
  }
  const procOf = (number: number): Proc => {
    const proc = procs.get(number) ?? ({ number } as Proc)
    procs.set(number, proc)
    return proc
  }
  const steps = rows.map(({ proc, madeReadyBy = -1, barrier = false, reads = [], writes = [] }, number): Step => {
    const touched = new Map<object, boolean>()
    for (const name of reads) touched.set(objectOf(name), false)
    for (const name of writes) touched.set(objectOf(name), true)
    return { number, proc: procOf(proc), offered: [], chosen: 0, madeReadyBy, barrier, touched, atMs: 0, detail: null }
  })
  return { steps }
}

/** All pairs of which the first comes before the second: `0<1 0<2`. */
function order(rows: readonly Row[]): string {
  const before = new HappensBefore(logOf(rows))
  const pairs: string[] = []
  rows.forEach((_a, a) => {
    rows.forEach((_b, b) => {
      if (before.before(a, b)) pairs.push(`${a}<${b}`)
    })
  })
  return pairs.join(' ')
}

describe('a step', () => {
  it('comes before later ones of its proc', () => {
    expect(order([{ proc: 0 }, { proc: 1 }, { proc: 0 }, { proc: 1 }])).toBe('0<2 1<3')
  })

  it('does not come before itself', () => {
    const before = new HappensBefore(logOf([{ proc: 0 }]))
    expect([before.before(0, 0), before.concurrent(0, 0)]).toEqual([false, false])
  })

  it('comes before the one that it has made ready, and before what follows from that', () => {
    expect(order([{ proc: 0 }, { proc: 0 }, { proc: 1, madeReadyBy: 0 }, { proc: 1 }])).toBe('0<1 0<2 0<3 2<3')
  })

  it('comes before all that follow a jump of the clock', () => {
    expect(order([{ proc: 0 }, { proc: 1 }, { proc: 2, barrier: true }, { proc: 3 }])).toBe('0<2 0<3 1<2 1<3')
  })

  it('comes before one that touches the same thing, when one of the two writes it', () => {
    const rows = (first: Partial<Row>, second: Partial<Row>) => [
      { proc: 0, ...first },
      { proc: 1, ...second },
    ]
    const [reads, writes] = [{ reads: ['x'] }, { writes: ['x'] }]
    expect(order(rows(reads, reads))).toBe('')
    expect(order(rows(reads, writes))).toBe('0<1')
    expect(order(rows(writes, reads))).toBe('0<1')
    expect(order(rows(writes, writes))).toBe('0<1')
    expect(order(rows(writes, { writes: ['y'] }))).toBe('')
  })

  it('that writes comes behind all that have read since the last write', () => {
    const rows = [
      { proc: 0, reads: ['x'] },
      { proc: 1, reads: ['x'] },
      { proc: 2, writes: ['x'] },
      { proc: 3, reads: ['x'] },
    ]
    expect(order(rows)).toBe('0<2 0<3 1<2 1<3 2<3')
  })

  it('may change places with one that it does not come before', () => {
    const before = new HappensBefore(logOf([{ proc: 0 }, { proc: 1 }, { proc: 0 }]))
    expect([before.concurrent(0, 1), before.concurrent(1, 0), before.concurrent(0, 2)]).toEqual([true, true, false])
  })

  it('that is not there comes before nothing', () => {
    const before = new HappensBefore(logOf([{ proc: 0 }]))
    expect([before.before(0, 7), before.before(7, 0), before.before(-1, 0)]).toEqual([false, false, false])
  })
})

/** The same by its definition: what follows directly, and whatever follows from that. */
function byDefinition({ steps }: { steps: readonly Step[] }): boolean[][] {
  const before = steps.map(() => steps.map(() => false))
  steps.forEach((second, b) => {
    for (let a = b - 1; a >= 0; a--) {
      const first = steps[a]!
      const conflict = [...second.touched].some(
        ([object, written]) => first.touched.has(object) && (written || first.touched.get(object)),
      )
      const barrier = steps.slice(a + 1, b + 1).some((step) => step.barrier)
      const direct = first.proc === second.proc || second.madeReadyBy === a || barrier || conflict
      if (!direct) continue
      for (let c = 0; c <= a; c++) if (c === a || before[c]![a]) before[c]![b] = true
    }
  })
  return before
}

describe('the order of a log', () => {
  it('is the one by its definition, for any log', () => {
    const names = fc.subarray(['x', 'y', 'z'])
    const row = fc.record({
      proc: fc.nat(7),
      madeReadyBy: fc.integer({ min: -8, max: 40 }),
      barrier: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
      reads: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: names }),
      writes: fc.oneof({ weight: 5, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: names }),
    })
    fc.assert(
      fc.property(fc.array(row, { maxLength: 30 }), (rows) => {
        const log = logOf(rows.map((one, n) => ({ ...one, madeReadyBy: one.madeReadyBy < n ? one.madeReadyBy : -1 })))
        const before = new HappensBefore(log)
        const answers = rows.map((_a, a) => rows.map((_b, b) => before.before(a, b)))
        expect(answers).toEqual(byDefinition(log))
      }),
      { seed: SEED, numRuns: 300 },
    )
  })

  it('is there at once for 10,000 steps of 50 procs', () => {
    const rows = Array.from({ length: 10_000 }, (_row, n) => ({
      proc: (n * 7) % 50,
      madeReadyBy: n - 3,
      barrier: n % 1000 === 999,
      writes: [`x${n % 20}`],
      reads: [`y${n % 5}`],
    }))
    const before = new HappensBefore(logOf(rows))
    expect([before.before(0, 9999), before.before(9999, 0)]).toEqual([true, false])
  })

  it('takes little room for many procs, one after the other', () => {
    const rows = Array.from({ length: 3_000 }, (_row, n) => ({ proc: n, madeReadyBy: n - 1 }))
    const log = logOf(rows)
    const { arrayBuffers } = process.memoryUsage()
    const before = new HappensBefore(log)
    expect(process.memoryUsage().arrayBuffers - arrayBuffers).toBeLessThan(1_000_000) // a place for each proc: 18 MB
    expect(before.before(17, 2999)).toBe(true)
  })
})
