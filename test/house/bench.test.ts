// The benchmark itself: what it makes of samples, how it plans, what it refuses, and whether each row is there.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { commandOf } from '../../bench/command-line.ts'
import { type Measurement, median, ratio } from '../../bench/method/measurement.ts'
import { Plan, planned, roundsFor } from '../../bench/method/plan.ts'
import { aimsOfQuick, narrowed, quickOf } from '../../bench/method/quick.ts'
import type { Outcome } from '../../bench/method/rounds.ts'
import type { Runs } from '../../bench/method/runs.ts'
import { aim, inNode, type Work, work } from '../../bench/method/work.ts'
import { gateLines, gatesOf } from '../../bench/report/gates.ts'
import { Progress } from '../../bench/report/progress.ts'
import { check, checkLines, type Kept, keptOf, type Row, rowsOf } from '../../bench/report/ratios.ts'
import { samplesOf } from '../../bench/report/samples.ts'
import { table } from '../../bench/report/terminal.ts'
import { WORKS } from '../../bench/works/all.ts'
import { COLD_WORKS } from '../../bench/works/cold.ts'
import { GROWING } from '../../bench/works/growing.ts'
import { OWN_WORKS } from '../../bench/works/own.ts'
import { execute, REPOSITORY } from './support/processes.ts'

const choice = { sideBySide: [...WORKS, ...COLD_WORKS], own: OWN_WORKS, growing: GROWING }

/** Samples of so many nanoseconds, on the clock and of the processors. */
function walls(...list: number[]): Measurement[] {
  return list.map((ns) => ({ wallNs: ns, cpuNs: ns, peakBytes: null }))
}

/** A work of which greenloop and a limit were measured. */
function outcomeOf(ours: readonly number[], limit: readonly number[], ...aims: Work['aims']): Outcome {
  const contestants = [
    inNode('bare', 'limit', 10, 'bare', 'hop'),
    inNode('greenloop', 'ours', 10, 'greenloop', 'hop'),
    inNode('Effect', 'scheduler', 10, 'effect', 'hop'),
  ]
  const samples = new Map([
    ['bare', walls(...limit)],
    ['greenloop', walls(...ours)],
  ])
  const absent = new Map([['Effect', 'it failed: Error: no']])
  return { work: work('hop', 'Hops', 'hop', contestants, { aims }), samples, absent, failed: ['Effect'] }
}

describe('the middle', () => {
  it('of an odd number is the one in the middle, of an even number the mean of two', () => {
    expect(median([9, 1, 5])).toBe(5)
    expect(median([9, 1, 5, 6])).toBe(5.5)
    expect(median([])).toBeNaN()
  })

  it('of ratios is taken round by round', () => {
    // By their medians it would be 20 / 10.
    expect(ratio(walls(10, 20, 90), walls(10, 5, 30), 'wallNs')).toBe(3)
  })

  it('leaves out rounds in which one of the two has no figure', () => {
    const some = [10, null, 30].map((cpuNs) => ({ wallNs: 1, cpuNs, peakBytes: null }))
    const others = [5, 5, null, 7].map((cpuNs) => ({ wallNs: 1, cpuNs, peakBytes: null }))
    expect(ratio(some, others, 'cpuNs')).toBe(2)
    expect(ratio(some, others, 'peakBytes')).toBeNaN()
    expect(ratio(walls(1, 2, 3), walls(1), 'wallNs')).toBe(1)
  })
})

describe('a gate', () => {
  const verdictOf = (value: number): string | undefined =>
    gatesOf(outcomeOf([value], [100], aim('greenloop', 2, 'bare', { ambitious: 1.5 })))[0]?.verdict

  it.each([
    [150, 'ambitious'],
    [151, 'reached'],
    [200, 'reached'],
    [201, 'missed'],
    [250, 'missed'],
    [251, 'failed'],
  ])('at %d of 100, with an aim of 2 and a wish of 1.5, is %s', (value, verdict) => {
    expect(verdictOf(value)).toBe(verdict)
  })

  it('is none when one of the two was not measured', () => {
    expect(gatesOf(outcomeOf([1], [1], aim('greenloop', 2, 'Effect')))).toEqual([])
    expect(gatesOf(outcomeOf([1], [1], aim('greenloop', 2, 'bare', { figure: 'peakBytes' })))).toEqual([])
  })

  it('has a line, the failed ones first, and all of them one', () => {
    const aims = [
      aim('greenloop', 2, 'bare'),
      aim('greenloop', 1, 'bare'),
      aim('greenloop', 3, 'bare', { ambitious: 2 }),
    ]
    expect(gateLines(gatesOf(outcomeOf([150], [100], ...aims)))).toEqual([
      'failed    hop: greenloop is 1.50 x bare; the aim is 1.00',
      'reached   hop: greenloop is 1.50 x bare; the aim is 2.00',
      'ambitious hop: greenloop is 1.50 x bare; the aim is 3.00 (2.00)',
      'Gates: 2 reached, 1 of them as far as was wished; 0 missed by no more than a quarter; 1 failed.',
    ])
  })
})

describe('the table', () => {
  it('says how many rounds each had when they differ, and who is absent', () => {
    expect(table(outcomeOf([30, 20], [10], aim('greenloop', 2, 'bare')))).toEqual([
      'Hops (hop), each for one hop',
      '                         ns     spread  cpu ns  bytes  x limit  rounds',
      '  bare                 10.0  10.0-10.0    10.0      -     1.00       1',
      '* greenloop            25.0  20.0-30.0    25.0      -     3.00       2',
      '  Effect              absent: it failed: Error: no',
    ])
    expect(table(outcomeOf([30], [10]))[1]).not.toContain('rounds')
  })
})

describe('the samples', () => {
  it('are all there, with who is absent', () => {
    const run = { date: new Date(0), machine: {} as never, part: 0.25, growth: [] } // what the machine is, is not looked at
    const [one] = samplesOf([outcomeOf([3], [1], aim('greenloop', 2, 'bare'))], run).works
    expect(one?.contestants.map(({ name, times, samples, absent }) => [name, times, samples.length, absent])).toEqual([
      ['bare', 3, 1, null],
      ['greenloop', 3, 1, null],
      ['Effect', 3, 0, 'it failed: Error: no'],
    ])
    expect(one?.gates.map(({ verdict }) => verdict)).toEqual(['failed'])
  })
})

describe('the plan', () => {
  it('gives slow ones fewer rounds', () => {
    expect([100, 2500, 2501, 6000, 6001].map((ms) => roundsFor(ms, 5))).toEqual([5, 5, 3, 3, 2])
    expect(roundsFor(9000, 1)).toBe(1)
  })

  it('takes from the slowest when the time is short, and leaves two', () => {
    const firstMs = new Map([
      ['fast', 100],
      ['slow', 2000],
    ])
    expect(Object.fromEntries(planned(firstMs, 5, 10_000))).toEqual({ fast: 5, slow: 5 })
    expect(Object.fromEntries(planned(firstMs, 5, 5000))).toEqual({ fast: 5, slow: 3 })
    expect(Object.fromEntries(planned(firstMs, 5, 0))).toEqual({ fast: 2, slow: 2 })
  })

  it('knows what is done, what is to come and how long that takes', () => {
    const plan = new Plan(new Map([['hop', ['a', 'b']]]), { rounds: 3, budgetMs: null })
    expect([plan.done, plan.total]).toEqual([0, 6])
    plan.took('hop', 'a', 1000)
    // The other one is taken to be like it.
    expect([plan.done, plan.total, plan.leftMs]).toEqual([1, 6, 5000])
    plan.took('hop', 'b', 8000)
    plan.settle('hop')
    expect([plan.total, plan.leftMs]).toEqual([6, 18_000])
    plan.drop('hop', 'b')
    expect([plan.total, plan.roundsLeft('hop', 'a'), plan.roundsLeft('hop', 'b')]).toEqual([4, 2, 0])
  })

  it('shares what is left of the budget with the works to come', () => {
    let now = 0
    const works = new Map([
      ['hop', ['a', 'b']],
      ['jump', ['a', 'b']],
    ])
    const plan = new Plan(works, { rounds: 5, budgetMs: 20_000 }, () => now)
    for (const name of ['a', 'b']) plan.took('hop', name, 1000)
    now = 8000
    // Half of the 12 s that are left are for this work: six more processes of a second.
    plan.settle('hop')
    expect(plan.roundsLeft('hop', 'a') + plan.roundsLeft('hop', 'b')).toBe(6)
    expect(plan.roundsLeft('jump', 'a')).toBe(5)
  })
})

describe('the quick run', () => {
  it('takes of each work those whom an aim over the limit or over promises names, and nothing that naps', () => {
    const kinds = new Set<string>()
    for (const one of quickOf(choice.sideBySide)) {
      expect(aimsOfQuick(one), one.name).toEqual(one.aims)
      for (const { of, over } of one.aims)
        expect(
          one.contestants.map(({ name }) => name),
          one.name,
        ).toEqual(expect.arrayContaining([of, over]))
      for (const { kind, by } of one.contestants) kinds.add(`${kind} in ${by.means}`)
    }
    expect([...kinds].sort()).toEqual(['limit in node', 'ours in node', 'promises in node'])
    expect(quickOf(choice.sideBySide).some(({ idleMs }) => idleMs > 0)).toBe(false)
    expect(quickOf(COLD_WORKS).length).toBe(COLD_WORKS.length - 1)
  })

  it('measures again only what is asked for', () => {
    const [hop] = [outcomeOf([], []).work]
    expect(narrowed([hop], [{ work: 'hop', of: 'greenloop', over: 'bare' }])[0]?.contestants.length).toBe(2)
    expect(narrowed([hop], [{ work: 'jump', of: 'greenloop', over: 'bare' }])).toEqual([])
  })
})

describe('the check of the ratios', () => {
  const kept: Kept = { node: 20, date: '2026-01-01', ratios: { hop: { 'greenloop / bare': 2 } } }
  const rowOf = (value: number): Row => ({ work: 'hop', of: 'greenloop', over: 'bare', ratio: value })
  const never = (): never => {
    throw new Error('nothing is to be measured again')
  }

  it('makes rows of the aims over the limit and over promises', () => {
    const aims = [aim('greenloop', 2, 'bare'), aim('greenloop', 1, 'bare'), aim('greenloop', 1, 'Effect')]
    expect(rowsOf([outcomeOf([20], [10], ...aims)])).toEqual([rowOf(2)])
    expect(rowsOf([outcomeOf([], [], ...aims)])).toEqual([])
  })

  it('passes what is as it was', async () => {
    const found = await check([rowOf(3.2)], kept, never)
    expect(found).toEqual({ worse: [], better: [], unknown: [], gone: [], same: 1 })
    expect(checkLines(found, true)).toEqual([
      'Ratios of processors: 0 worse, 0 much better, 1 as they were, 0 unknown.',
    ])
  })

  it('measures again what is worse, twice, with twice the rounds and twice of those', async () => {
    const factors: number[] = []
    const found = await check([rowOf(3.3)], kept, async (rows, factor) => {
      factors.push(factor)
      return rows.map((row) => ({ ...row, ratio: 4 }))
    })
    expect(factors).toEqual([2, 4])
    expect(found.worse).toEqual([{ ...rowOf(4), kept: 2 }])
    expect(checkLines(found, true)[0]).toBe(
      'worse     hop: greenloop / bare is 4.00, kept is 2.00: more than 1.6 times as much, 3 times',
    )
  })

  it('passes what is no worse the next time', async () => {
    const factors: number[] = []
    const found = await check([rowOf(9)], kept, async (_, factor) => {
      factors.push(factor)
      return [rowOf(2.1)]
    })
    expect(factors).toEqual([2])
    expect(found).toMatchObject({ worse: [], same: 1 })
  })

  it('says what is much better, unknown or gone, and fails none of them', async () => {
    const other = { ...rowOf(7), work: 'jump' }
    const better = await check([rowOf(1.2), other], kept, never)
    expect(checkLines(better, true)).toEqual([
      'better    hop: greenloop / bare is 1.20, kept is 2.00: --store keeps it',
      'unknown   jump: greenloop / bare is 7.00, and nothing is kept: --store keeps it',
      'Ratios of processors: 0 worse, 1 much better, 0 as they were, 1 unknown.',
    ])
    const gone = await check([other], kept, never)
    expect(checkLines(gone, true)).toContain(
      'gone      hop: greenloop / bare is kept, and was not measured: --store drops it',
    )
    expect(checkLines(gone, false).join()).not.toContain('gone')
  })

  it('keeps them in order, with three figures, and with the others when only some were measured', () => {
    const rows = [rowOf(1.2345), { ...rowOf(12.345), over: 'a' }, { ...rowOf(3), work: 'a' }]
    const node = Number(process.versions.node.split('.')[0])
    const whole = keptOf(rows, new Date(0))
    expect(JSON.stringify(whole)).toBe(
      `{"node":${node},"date":"1970-01-01","ratios":{"a":{"greenloop / bare":3},"hop":{"greenloop / a":12.3,"greenloop / bare":1.23}}}`,
    )
    expect(keptOf([{ ...rowOf(3), work: 'a' }], new Date(0), kept).ratios).toEqual({
      a: { 'greenloop / bare': 3 },
      ...kept.ratios,
    })
  })
})

describe('the progress', () => {
  const plan = new Plan(new Map([['hop', ['bare', 'greenloop']]]), { rounds: 3, budgetMs: null })
  const outcome = outcomeOf([1, 2, 3], [1, 2, 3])

  it('is one line that is written anew in a terminal', () => {
    const written: string[] = []
    const progress = new Progress({ isTTY: true, columns: 60, write: (text) => written.push(text) })
    progress.onStep({ work: outcome.work, round: 2, contestant: 'bare', plan })
    progress.onOutcome(outcome)
    expect(written).toEqual(['\r\x1b[Khop: round 2, bare  1/6, 7 s left', '\r\x1b[K'])
  })

  it('is a plain line a work elsewhere', () => {
    const written: string[] = []
    const times = [1000, 13_000]
    const progress = new Progress({ write: (text) => written.push(text) }, () => times.shift() ?? 0)
    progress.onStep({ work: outcome.work, round: 2, contestant: 'bare', plan })
    progress.onOutcome(outcome)
    expect(written).toEqual(['hop: 2 contestants, 3 rounds, 12 s\n'])
  })
})

describe('the command line', () => {
  const bench = (...args: string[]) => execute(process.execPath, ['--import', 'tsx', 'bench/index.ts', ...args])

  it.each([
    [['--work', 'nothing'], /^There is no work "nothing" here; there are switch, spawn, .*\.\n$/u],
    [['--work', 'switch,nothing'], /^There is no work "nothing" here; there are .*\.\n$/u],
    [['--speed'], "Unknown option '--speed'. --help shows what there is.\n"],
  ])('%j is refused in one line, with 2', async (args, message) => {
    const { stdout, stderr, code } = await bench(...args)
    expect([stdout, code]).toEqual(['', 2])
    if (typeof message === 'string') expect(stderr).toBe(message)
    else expect(stderr).toMatch(message)
  })

  it('shows what there is', async () => {
    const { stdout, code } = await bench('--help')
    expect(stdout).toMatch(/^Usage: npm run bench -- \[options\]\n/u)
    expect(code).toBe(0)
  })

  it.each([
    [['switch'], "Unexpected argument 'switch'. --help shows what there is."],
    [['--rounds', 'x'], '--rounds is a whole number from 1 to 1000, and not "x".'],
    [['--rounds', '0'], '--rounds is a whole number from 1 to 1000, and not "0".'],
    [['--rounds'], "Option '--rounds <value>' argument missing. --help shows what there is."],
    [['--part', '0'], '--part is a number above 0 and up to 1, and not "0".'],
    [['--quick', '--own'], 'A quick run has no --own, --growth or --write.'],
    [['--store', '--check'], '--store keeps what --check compares with: give one of them.'],
    [
      ['--write', '--only', 'Effect'],
      '--write is for whole works: it goes without --only, --part, --own and --growth.',
    ],
    [
      ['--work', 'depth-1', '--only', 'gr'],
      expect.stringMatching(/^No work here has a contestant "gr"; there are "stack of generators", .*\.$/u),
    ],
  ])('%j is refused', (args, message) => {
    expect(() => commandOf(args, choice)).toThrow(expect.objectContaining({ message }))
  })

  it('chooses the works', () => {
    const worksOf = (...args: string[]) => commandOf(args, choice).works.map(({ name }) => name)
    expect(worksOf()).toEqual(choice.sideBySide.map(({ name }) => name))
    expect(worksOf('--own')).toEqual(OWN_WORKS.map(({ name }) => name))
    expect(worksOf('--growth')).toEqual([])
    expect(worksOf('--work', 'switch,queue-1', '--work', 'spawn-cold')).toEqual(['switch', 'queue-1', 'spawn-cold'])
    expect(commandOf(['--growth', '--work', 'spawn'], choice)).toMatchObject({ works: [], growing: [{ unit: 'task' }] })
    const [one] = commandOf(['--work', 'switch', '--only', 'Greenlet'], choice).works
    expect(one?.contestants.map(({ name }) => name)).toEqual(['Greenlet'])
  })

  it('takes the rounds as they are said, and plans its own by a budget', () => {
    expect(commandOf(['--rounds', '9'], choice).pace).toEqual({ rounds: 9, budgetMs: null })
    expect(commandOf([], choice).pace).toMatchObject({ rounds: 5, budgetMs: expect.any(Number) })
    expect(commandOf(['--quick'], choice)).toMatchObject({ ratios: 'compare', isJudged: false, isWhole: true })
    expect(commandOf(['--store'], choice)).toMatchObject({ ratios: 'keep', isJudged: false })
    expect(commandOf(['--part', '0.5'], choice)).toMatchObject({ part: 0.5, isJudged: false, ratios: null })
  })

  it('puts JSON on stdout or into a file', () => {
    const jsonOf = (...args: string[]) => commandOf(args, choice).json
    expect([jsonOf(), jsonOf('--json', '--rounds=1'), jsonOf('--json=a.json')]).toEqual([null, '-', 'a.json'])
  })
})

describe('the works', () => {
  const all = [...choice.sideBySide, ...OWN_WORKS]

  it('have names of their own', () => {
    const names = all.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
  })

  it.each(all)('$name has rows that are there, and aims between them', async ({ name, contestants, aims }) => {
    const names = contestants.map((one) => one.name)
    expect(new Set(names).size, 'two rows of one name').toBe(names.length)
    for (const { of, over } of aims) expect(names, `an aim of ${name}`).toEqual(expect.arrayContaining([of, over]))
    for (const { by } of contestants) {
      if (by.means === 'node') {
        const { runs } = (await import(`../../bench/contestants/${by.file}.ts`)) as { runs: Runs } // each exports them
        expect(Object.keys(runs), by.file).toContain(by.run)
      } else if (by.means === 'python') {
        const source = readFileSync(join(REPOSITORY, `bench/python/with_${by.file}.py`), 'utf8')
        // A word of Python's own gets an underscore.
        expect(source).toMatch(new RegExp(`^def ${by.run.replace(/\W+/gu, '_')}_?\\(`, 'mu'))
      }
    }
  })

  it('grow with contestants in Node', () => {
    for (const {
      work: { contestants },
      contestants: names,
    } of GROWING) {
      const inNodeOnly = contestants.filter(({ by }) => by.means === 'node').map(({ name }) => name)
      expect(inNodeOnly).toEqual(expect.arrayContaining([...names]))
    }
  })
})
