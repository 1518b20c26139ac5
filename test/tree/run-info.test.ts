// formatRunInfo and its relatives: what a process is doing now, on a call, on a signal, and in LoopExit.
import { inspect } from 'node:util'
import {
  Event,
  formatRunInfo,
  type Green,
  getcurrent,
  getHub,
  LoopExit,
  printRunInfo,
  printRunInfoOnSignal,
  RawGreenlet,
  setDebug,
  sleep,
  spawnLater,
  until,
} from 'greenloop'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { loopExit } from '../support/loop-exit.ts'
import { type ProgramEnd, runProgram } from '../support/program.ts'
import { usage } from '../support/thrown.ts'
import { type VirtualClock, virtualHub } from '../support/virtual-clock.ts'
import { inWorld, lines, named, rest, Stuck } from './support.ts'

checkLeaks()

/** `text` without what is another one each time: the date, the process, its age. */
function steady(text: string): string {
  return text.replaceAll(/^\d{4}-\d\d-\d\dT\S+Z, process \d+, up [^.]+(?:\.\d [a-z]+)?\./gmu, 'NOW.')
}

describe('formatRunInfo()', () => {
  it('counts the greenlets by what they do, says what else is in the hub and who runs, and draws the tree', () => {
    inWorld(({ clock }) => {
      const never = new Promise(() => undefined)
      let seen = ''
      named('looker', function* () {
        named('asker', () => until(never))
        spawnLater(500, rest)
        const boss = getcurrent()
        yield* new RawGreenlet(function* raw() {
          named('of raw', rest)
          yield* boss.switch()
        }).switch()
        yield* sleep(5)
        named('started', rest)
        seen = formatRunInfo()
      })
      clock.run(5)
      expect(steady(seen).replace(/rest-\d+/u, 'rest-N')).toBe(
        lines(
          '6 greenlets: 1 running, 1 ready, 2 waiting, 1 in a switch(), 1 not started. 2 timers, 1 promise or socket asked.',
          'NOW. "looker" is running.',
          '',
          'main             ready',
          '└─ looker        running',
          '   ├─ asker      waiting in until(promise)',
          '   ├─ rest-N     not started, in startLater(500)',
          '   ├─ started    ready to start',
          '   └─ raw        in a switch() to somebody else',
          '      └─ of raw  waiting in sleep(3600000)',
        ),
      )
    })
  })

  it('is short when nobody is there, and tells of the hub that is asked for', () => {
    virtualHub()
    const { hub } = virtualHub()
    virtualHub()
    expect(steady(formatRunInfo({ hub }))).toBe(
      lines('0 greenlets. 0 timers, 0 promises or sockets asked.', 'NOW. Plain code is running.', '', 'main  running'),
    )
  })

  it('takes the options of a tree', () => {
    inWorld(({ clock }) => {
      named('a', rest)
      named('b', () => new Event().wait())
      clock.run(1)
      expect(formatRunInfo({ rows: 1, ascii: true }).split('\n').slice(3)).toEqual([
        'main  running',
        '`- ... and 2 more',
      ])
    })
  })

  it.each([
    [{ rows: 'all' }, 'formatRunInfo() expects `rows` to be an integer from 1 to 100000, but got "all" (string).'],
    [{ hub: {} }, 'formatRunInfo() expects `hub` to be a hub, but got an Object.'],
    [true, 'formatRunInfo() expects its options as an object, such as { rows: 50 }, but got true (boolean).'],
  ])('refuses the options %o', (options, text) => {
    expect(usage(() => formatRunInfo(options as object))).toBe(text)
  })
})

describe('printRunInfo()', () => {
  it('writes the same to whatever takes text, with an end of line', () => {
    virtualHub()
    const written: string[] = []
    printRunInfo({ file: { write: (text) => written.push(text) }, hub: getHub() })
    expect(written.map(steady)).toEqual([`${steady(formatRunInfo())}\n`])
  })

  it('refuses what is no file', () => {
    expect(usage(() => printRunInfo({ file: 'out.txt' as never }))).toBe(
      'printRunInfo() expects `file` to have a method write(), but got "out.txt" (string).',
    )
    expect(usage(() => printRunInfo({ depth: -1 }))).toBe(
      'printRunInfo() expects `depth` to be an integer from 0 to 1000, but got -1 (number).',
    )
  })
})

describe('printRunInfoOnSignal()', () => {
  it.each([
    [
      'SIGNOTHING',
      'printRunInfoOnSignal() expects `signal` to be the name of a signal, such as \'SIGTERM\', or its number, but got "SIGNOTHING" (string).',
    ],
    ['SIGKILL', 'printRunInfoOnSignal() cannot listen for SIGKILL: no process is told of it.'],
  ])('refuses %s', (signal, text) => {
    expect(usage(() => printRunInfoOnSignal(signal as NodeJS.Signals))).toBe(text)
  })

  it('says on Windows which signal there is', () => {
    const platform = Object.getOwnPropertyDescriptor(process, 'platform')
    Object.defineProperty(process, 'platform', { ...platform, value: 'win32' })
    onTestFinished(() => {
      if (platform !== undefined) Object.defineProperty(process, 'platform', platform)
    })
    expect(usage(() => printRunInfoOnSignal())).toBe(
      "printRunInfoOnSignal() cannot listen for SIGUSR2: Windows has no such signal. Take 'SIGBREAK', which is Ctrl-Break there.",
    )
  })

  it('listens as often as it is called, and each time until that is taken back', () => {
    const before = process.listenerCount('SIGUSR2')
    const [one, other] = [printRunInfoOnSignal(), printRunInfoOnSignal('SIGUSR2')]
    one()
    one()
    expect(process.listenerCount('SIGUSR2')).toBe(before + 1)
    other()
    expect(process.listenerCount('SIGUSR2')).toBe(before)
  })
})

describe('LoopExit', () => {
  it('has in runInfo what there was to see, and shows it to nobody who prints it', () => {
    const error = loopExit(function* () {
      named('child', () => new Stuck())
      yield* new Event().wait()
    })
    expect(steady(error.runInfo)).toBe(
      lines(
        '2 greenlets: 2 waiting. 0 timers, 0 promises or sockets asked.',
        'NOW. Plain code is running.',
        '',
        'main         waiting in run()',
        '└─ main      waiting in event.wait()',
        '   └─ child  waiting in thing.wait()',
      ),
    )
    expect(inspect(error)).not.toContain('runInfo')
    expect(new LoopExit('by hand').runInfo).toBe('')
    killRest()
  })

  it('has no tree in its message unless places are known, and somebody else than main has spawned', () => {
    expect(loopExit(nested).message).not.toContain('by who has spawned them')
    killRest()
    inDebugMode(() => {
      const flat = loopExit(function* () {
        named('child', () => new Stuck())
        yield* new Event().wait()
      })
      expect(flat.message).not.toContain('by who has spawned them')
      killRest()
      const { message } = loopExit(nested)
      const [, tree = ''] = message.split('\n\nThe greenlets, by who has spawned them:\n\n')
      expect(tree.replaceAll(/ {2}\(spawned .*?\)/gu, '').replaceAll(/at \S+:\d+/gu, 'at PLACE')).toBe(
        lines(
          'main            waiting in run()',
          '└─ main         waiting in event.wait()  at PLACE',
          '   └─ child     waiting in thing.wait()  at PLACE',
          '      └─ grand  waiting in thing.wait()',
        ),
      )
      killRest()
    })
  })
})

/** A program in which a child spawns another one. */
function* nested(): Green<void> {
  named('child', function* () {
    named('grand', () => new Stuck())
    yield* new Stuck()
  })
  yield* new Event().wait()
}

function killRest(): void {
  const hub = getHub()
  for (const greenlet of hub.living()) greenlet.kill()
  ;(hub.clock as VirtualClock).run() // loopExit() has put up one
}

function inDebugMode(body: () => void): void {
  const before = setDebug(true)
  try {
    body()
  } finally {
    setDebug(before)
  }
}

describe('a process', () => {
  const ends: Record<string, ProgramEnd> = {}

  beforeAll(async () => {
    const [asked, dead] = await Promise.all([
      runProgram('../../tree/programs/asked.ts', { signal: 'SIGUSR2' }),
      runProgram('../../tree/programs/dead.ts', { env: { GREENLOOP_DEBUG: '1' } }),
    ])
    ends['asked'] = asked
    ends['dead'] = dead
  })

  it('that gets SIGUSR2 while everybody waits writes to stderr what it is doing, and does not stay alive to be asked', () => {
    expect({ ...ends['asked'], stderr: steady(ends['asked']?.stderr ?? '') }).toEqual({
      code: 0,
      stdout: 'ready\ntold for the first time\nready\ntold for the second time\n',
      stderr: lines(
        '2 greenlets: 2 waiting. 1 timer, 0 promises or sockets asked.',
        'NOW. Plain code is running.',
        '',
        'main          waiting in run()',
        '└─ main       waiting in event.wait()',
        '   └─ keeper  waiting in sleep(60000)',
        '',
      ),
    })
  })

  it('that ends with LoopExit in debug mode shows the tree', () => {
    const { code, stdout, stderr = '' } = ends['dead'] ?? {}
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    const at = 'at test/tree/programs/dead.ts'
    expect(stderr.slice(stderr.indexOf('LoopExit: '), stderr.indexOf('\n    at '))).toBe(
      lines(
        'LoopExit: main waits in join() of "boss", and nothing is left that could wake it',
        '(0 ready, 0 timers, 0 promises or sockets that were asked). These wait for each other in a circle:',
        '',
        `  boss    join() of "worker"  ${at}:10`,
        `  worker  join() of "boss"    ${at}:5`,
        '',
        'These wait, too:',
        '',
        `  main    join() of "boss"    ${at}:12`,
        '',
        'The greenlets, by who has spawned them:',
        '',
        'main             waiting in run()',
        `└─ main          waiting in join() of "boss"  ${at}:12`,
        `   └─ boss       waiting in join() of "worker"  ${at}:10  (spawned ${at}:9)`,
        `      └─ worker  waiting in join() of "boss"  ${at}:5  (spawned ${at}:10)`,
      ),
    )
  })
})
