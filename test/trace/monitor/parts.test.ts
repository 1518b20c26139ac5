// The parts of a monitor that need no process of their own: options, memory, delays, how often is printed, what is said.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { sleep } from 'greenloop'
import { formatDelays, ignoreBlocking, type MemoryReport, Monitor, type MonitorOptions } from 'greenloop/trace'
import { describe, expect, it, onTestFinished } from 'vitest'
import { MemoryLimit } from '../../../src/trace/monitor/memory.ts'
import { Printer } from '../../../src/trace/monitor/printer.ts'
import { blockedLines, blockedText, memoryText, unblockedText } from '../../../src/trace/monitor/reports.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { usage } from '../../support/thrown.ts'

checkLeaks()

/** One that is stopped with the test, and prints nothing. */
function started(options: MonitorOptions): Monitor {
  const monitor = new Monitor({ onStderr: false, ...options }).start()
  onTestFinished(() => void monitor.stop())
  return monitor
}

describe('new Monitor()', () => {
  it.each<[unknown, string]>([
    [null, 'new Monitor() expects its options as an object, such as { blockedMs: 100 }, but got null.'],
    [
      { blockedMs: 5 },
      'new Monitor() expects `blockedMs` to be a number of milliseconds, 10 or more, but got 5 (number).',
    ],
    [
      { blockedMs: '100' },
      'new Monitor() expects `blockedMs` to be a number of milliseconds, 10 or more, but got "100" (string).',
    ],
    [
      { blockedMs: NaN },
      'new Monitor() expects `blockedMs` to be a number of milliseconds, 10 or more, but got NaN (number).',
    ],
    [
      { memoryPeriodMs: Infinity },
      'new Monitor() expects `memoryPeriodMs` to be a number of milliseconds, 10 or more, but got Infinity (number).',
    ],
    [{ memory: null }, 'new Monitor() expects `memory` to be an object, such as { rssBytes: 512e6 }, but got null.'],
    [
      { memory: { rssBytes: '500mb' } },
      'new Monitor() expects `memory.rssBytes` to be a number of bytes above 0, but got "500mb" (string).',
    ],
    [
      { memory: { heapBytes: 0 } },
      'new Monitor() expects `memory.heapBytes` to be a number of bytes above 0, but got 0 (number).',
    ],
    [{ onStderr: 1 }, 'new Monitor() expects `onStderr` to be a boolean, but got 1 (number).'],
    [
      { reportsPerMinute: 0.5 },
      'new Monitor() expects `reportsPerMinute` to be an integer, 1 or more, but got 0.5 (number).',
    ],
  ])('refuses %j', (options, text) => {
    expect(usage(() => new Monitor(options as MonitorOptions))).toBe(text)
  })

  it('is off until it is started, and ends by using', () => {
    const monitor = new Monitor({ blockedMs: Infinity })
    expect(monitor.running).toBe(false)
    {
      using on = monitor.start()
      expect([on === monitor, monitor.start() === monitor, monitor.running]).toEqual([true, true, true])
    }
    expect([monitor.running, monitor.stop().running]).toEqual([false, false])
  })

  it('is ready at once when nothing is too long for it', async () => {
    await expect(started({ blockedMs: Infinity }).ready).resolves.toBeUndefined()
  })

  it('is ready when it was stopped before its thread was up', async () => {
    const monitor = new Monitor().start()
    const { ready } = monitor
    monitor.stop()
    await expect(ready).resolves.toBeUndefined()
  })
})

describe('ignoreBlocking()', () => {
  it('returns and throws what the function does', () => {
    expect(ignoreBlocking(() => ignoreBlocking(() => 7))).toBe(7)
    expect(() =>
      ignoreBlocking(() => {
        throw new RangeError('too far')
      }),
    ).toThrow(new RangeError('too far'))
  })

  it('refuses what is no function', () => {
    expect(usage(() => ignoreBlocking(7 as never))).toBe('ignoreBlocking() expects a function, but got 7 (number).')
  })

  it.each<[string, () => unknown]>([
    ['a generator', function* () {}],
    ['a promise', async () => {}],
    ['an operation', () => sleep(1)],
  ])('refuses a function that gives %s', (_, fn) => {
    expect(usage(() => ignoreBlocking(fn))).toBe(
      'ignoreBlocking() expects a function that runs to its end, but got one that waits; by then others run.\n\n' +
        '  ignoreBlocking(function* () { yield* load(); parse() })   // incorrect: nothing of it has run\n' +
        '  yield* load(); ignoreBlocking(() => parse())              // correct',
    )
  })
})

describe('memory', () => {
  it('above its limit is told once, again when it has grown by a tenth, and once when it is below', () => {
    const readings = [90, 100, 101, 90, 101, 111, 111, 122, 130, 95, 101]
    const limit = new MemoryLimit('rss', 100, () => readings.shift() ?? 0)
    const told = readings.slice().map(() => {
      const report = limit.check()
      return report === null ? '-' : `${report.bytes} of ${report.limitBytes}, at most ${report.highestBytes}`
    })
    expect(told).toEqual([
      '-',
      '-',
      '101 of 100, at most 101',
      '90 of 100, at most 101',
      '101 of 100, at most 101',
      '-',
      '-',
      '122 of 100, at most 122',
      '-',
      '95 of 100, at most 122',
      '101 of 100, at most 101',
    ])
  })

  it('is that of the process', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    collect()
    const limit = process.memoryUsage().heapUsed + 30e6
    const monitor = started({ blockedMs: Infinity, memory: { heapBytes: limit, rssBytes: 1e15 }, memoryPeriodMs: 10 })
    const exceeded = new Promise<MemoryReport>((resolve) => monitor.once('memoryExceeded', resolve))
    const normal = new Promise<MemoryReport>((resolve) => monitor.once('memoryNormal', resolve))
    const held: number[][] = Array.from({ length: 6 }, () => Array.from({ length: 1_000_000 }, (_, n) => n))
    const above = await exceeded
    expect([above.kind, above.limitBytes, above.bytes > limit, held.length]).toEqual(['heap', limit, true, 6])
    held.length = 0
    collect()
    const below = await normal
    expect([below.kind, below.bytes <= limit, below.highestBytes >= above.highestBytes]).toEqual(['heap', true, true])
  })
})

describe('delays()', () => {
  it('tells how late the event loop was since the start or the reset', async () => {
    const monitor = new Monitor({ blockedMs: Infinity })
    const nothing = { p50: 0, p90: 0, p99: 0, max: 0, mean: 0, samples: 0 }
    expect(monitor.delays()).toEqual(nothing)
    monitor.start()
    onTestFinished(() => void monitor.stop())
    const samples = async (least: number): Promise<void> => {
      while (monitor.delays().samples < least) await sleep(2)
    }
    await samples(1)
    const seen = monitor.delays().samples
    for (const end = performance.now() + 50; performance.now() < end; ); // one that is 30 ms late
    await samples(seen + 1)
    const { p50, p90, p99, max, mean } = monitor.delays()
    expect(max).toBeGreaterThanOrEqual(29)
    expect([p50 <= p90, p90 <= p99, p99 <= max, mean <= max]).toEqual([true, true, true, true])
    monitor.resetDelays()
    expect(monitor.delays()).toEqual(nothing)
  })

  it('is a line for people', () => {
    expect(formatDelays({ p50: 0.04, p90: 0.15, p99: 9.96, max: 1234.5, mean: 10, samples: 1 })).toBe(
      'p50 0 ms  p90 0.2 ms  p99 10 ms  max 1235 ms  mean 10 ms  (1 sample)',
    )
  })
})

describe('what is printed', () => {
  it('is so many reports in a minute, and how many there were besides', () => {
    let now = 0
    const printed: string[] = []
    const printer = new Printer(
      2,
      () => now,
      (text) => printed.push(text),
    )
    const answers = [0, 1000, 2000, 3000, 60_000, 60_500, 61_000].map((at) => {
      now = at
      return printer.take()
    })
    expect(answers).toEqual([0, 0, null, null, 2, null, 1])
    printer.print('all that may be\n')
    expect(printed).toEqual(['all that may be\n'])
    now = 200_000
    expect([printer.full, printer.take()]).toEqual([false, 0])
    printer.note()
    expect(printer.full).toBe(true)
  })

  const frame = { name: 'Parser.parse', file: '/app/parse.ts', line: 14, column: 7 }

  it('of a stall is who, how long, where and what to do', () => {
    const report = {
      greenlet: 'parse-3',
      blockedMs: 123.4,
      frames: [frame, { ...frame, name: '' }],
      call: null,
      native: false,
    }
    expect(blockedText(blockedLines(report))).toBe(
      'greenloop: the hub has been blocked for 123 ms by greenlet "parse-3":\n' +
        '    at Parser.parse (/app/parse.ts:14:7)\n' +
        '    at /app/parse.ts:14:7\n' +
        '  Let others run in between, with yield* sleep(0), or do the work in a worker thread.\n',
    )
    expect(
      blockedText(
        blockedLines(
          { ...report, greenlet: 'main', frames: Array.from({ length: 25 }, () => frame), call: 'readFileSync' },
          12,
        ),
      ),
    ).toBe(
      'greenloop: 12 more reports before this one.\n' +
        'greenloop: the hub has been blocked for 123 ms by plain code (main), in readFileSync():\n' +
        '    at Parser.parse (/app/parse.ts:14:7)\n'.repeat(20) +
        '    and 5 more\n' +
        '  Use the form of the call that waits, or make it in a worker thread.\n',
    )
    expect(blockedText(blockedLines({ ...report, frames: [], native: true }, 1))).toBe(
      'greenloop: 1 more report before this one.\n' +
        'greenloop: the hub was blocked for 123 ms by greenlet "parse-3", in native code that has returned to:\n' +
        '    (no code of the program is on the stack)\n' +
        '  Let others run in between, with yield* sleep(0), or do the work in a worker thread.\n',
    )
  })

  it('of its end is a line', () => {
    expect(unblockedText({ greenlet: 'parse-3', totalMs: 1240.2, reports: 4 })).toBe(
      'greenloop: the hub runs again after 1240 ms; greenlet "parse-3" had blocked it.\n',
    )
    expect(unblockedText({ greenlet: null, totalMs: 504, reports: 1 })).toBe(
      'greenloop: the hub runs again after 504 ms.\n',
    )
  })

  it('of memory is a line', () => {
    const report = {
      kind: 'rss',
      bytes: 600 * 2 ** 20,
      limitBytes: 512 * 2 ** 20,
      highestBytes: 600 * 2 ** 20,
    } as const
    expect(memoryText(report)).toBe('greenloop: the process uses 600.0 MiB, more than the limit of 512.0 MiB.\n')
    expect(memoryText({ ...report, kind: 'heap', bytes: 5e8 })).toBe(
      'greenloop: the heap holds 476.8 MiB, below the limit of 512.0 MiB again.\n',
    )
  })
})
