// LoopExit: who waits in what, where and for whom; and how a process ends of it.
import { inspect } from 'node:util'
import {
  type Blocked,
  type Green,
  type Greenlet,
  getcurrent,
  joinall,
  LoopExit,
  RawGreenlet,
  run,
  setDebug,
  spawnWith,
  until,
  withTimeout,
} from 'greenloop'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { Coroutine } from '../../src/greenlet/kernel.ts'
import type { Step } from '../../src/greenlet/operation.ts'
import { HubOperation } from '../../src/waiting/operation.ts'
import { Wait } from '../../src/waiting/wait.ts'
import { checkLeaks } from '../support/leaks.ts'
import { type ProgramEnd, runProgram } from '../support/program.ts'
import { sourceLine } from '../support/source-lines.ts'
import { rejection } from '../support/thrown.ts'
import { virtualHub } from '../support/virtual-clock.ts'

checkLeaks()

/** What a test says of its wait. */
interface Told {
  readonly text?: string
  readonly because?: string
  readonly for?: () => readonly Coroutine[]
}

/** An operation that never ends, and says of itself what it is told to. */
class Stuck extends HubOperation<void> {
  readonly #told: Told

  constructor(told: Told) {
    super()
    this.#told = told
  }

  override begin(greenlet: Coroutine): Step<void> {
    return new StuckWait(greenlet, this.#told).park()
  }

  override toString(): string {
    return this.#told.text ?? 'thing.wait()'
  }
}

class StuckWait extends Wait {
  readonly #told: Told

  constructor(greenlet: Coroutine, told: Told) {
    super(greenlet)
    this.#told = told
  }

  override describe(): string {
    return this.#told.text ?? 'thing.wait()'
  }

  waitsFor(): readonly Coroutine[] {
    return this.#told.for?.() ?? []
  }

  because(): string {
    return this.#told.because ?? ''
  }
}

/** Spawns a greenlet that is stuck. */
function stuck(name: string, told: Told = {}): Greenlet<void> {
  return spawnWith({ name }, () => new Stuck(told))
}

/** The LoopExit of a hub in which `begin` is awaited and everybody is stuck; nobody is left afterwards. */
async function deadlock(begin: () => PromiseLike<unknown>): Promise<LoopExit> {
  const { hub, clock } = virtualHub()
  const waiting = rejection(begin())
  await Promise.resolve() // what is awaited begins in a microtask
  await Promise.resolve()
  clock.run()
  expect(hub.raiseLoopExit()).toBe(true)
  clock.run()
  const error = await waiting
  expect(error).toBeInstanceOf(LoopExit)
  for (const greenlet of hub.living()) greenlet.kill()
  clock.run()
  return error as LoopExit // checked three lines above
}

const ASKED = '(0 ready, 0 timers, 0 promises or sockets that were asked).'

describe('LoopExit', () => {
  it('puts those who wait for each other first, each with the one it waits for', async () => {
    const { message, cycles } = await deadlock(() => {
      const first: Greenlet = stuck('transfer-1', {
        text: 'lock.acquire()',
        because: 'held by "transfer-2"',
        for: () => [second],
      })
      const second: Greenlet = stuck('transfer-2', {
        text: 'lock.acquire()',
        because: 'held by "transfer-1"',
        for: () => [first],
      })
      stuck('idle', { text: 'queue.get()', because: 'the queue is empty' })
      return first.get()
    })
    expect(message).toBe(
      'main waits in get() of "transfer-1", and nothing is left that could wake it\n' +
        `${ASKED} These wait for each other in a circle:\n\n` +
        '  transfer-1  lock.acquire()         held by "transfer-2"\n' +
        '  transfer-2  lock.acquire()         held by "transfer-1"\n\n' +
        'These wait, too:\n\n' +
        '  main        get() of "transfer-1"\n' +
        '  idle        queue.get()            the queue is empty',
    )
    expect(cycles.map((cycle) => cycle.map(({ name }) => name))).toEqual([['transfer-1', 'transfer-2']])
  })

  it('finds main in the circle, and has no second list when nobody is left', async () => {
    const { message } = await deadlock(() =>
      run(function* () {
        const main = getcurrent()
        yield* spawnWith({ name: 'child' }, () => (main as Greenlet).join()).join()
      }),
    )
    expect(message).toBe(
      'main waits in join() of "child", and nothing is left that could wake it\n' +
        `${ASKED} These wait for each other in a circle:\n\n` +
        '  main   join() of "child"\n' +
        '  child  join() of "main"',
    )
  })

  it('tells several circles apart, one that is a single greenlet too', async () => {
    const { message, cycles } = await deadlock(() => {
      const a: Greenlet = stuck('a', { for: () => [b] })
      const b: Greenlet = stuck('b', { for: () => [c] })
      const c: Greenlet = stuck('c', { for: () => [b] })
      const alone: Greenlet = stuck('alone', { for: () => [alone] })
      return joinall([a, alone])
    })
    expect(message).toBe(
      'main waits in joinall() for "a", "alone", and nothing is left that could wake it\n' +
        `${ASKED} These wait for each other in 2 circles:\n\n` +
        '  b      thing.wait()                for c\n' +
        '  c      thing.wait()                for b\n\n' +
        '  alone  thing.wait()                for alone\n\n' +
        'These wait, too:\n\n' +
        '  main   joinall() for "a", "alone"\n' +
        '  a      thing.wait()                for b',
    )
    expect(cycles.map((cycle) => cycle.map(({ name }) => name))).toEqual([['b', 'c'], ['alone']])
  })

  it('says for whom one waits unless the call or the reason names them', async () => {
    const { message } = await deadlock(() => {
      const ends = ['p', 'q', 'r', 's'].map((name) => stuck(name))
      stuck('many', { for: () => ends })
      stuck('full', { because: 'the pool is full (4/4)', for: () => ends.slice(0, 2) })
      stuck('held', { because: 'held by "p"', for: () => ends.slice(0, 1) })
      return ends[0]!.join()
    })
    expect(message.split('\n').slice(4)).toEqual([
      '  main  join() of "p"',
      '  p     thing.wait()',
      '  q     thing.wait()',
      '  r     thing.wait()',
      '  s     thing.wait()',
      '  many  thing.wait()   for p, q, r, 1 more',
      '  full  thing.wait()   the pool is full (4/4), for p, q',
      '  held  thing.wait()   held by "p"',
    ])
  })

  it('lists raw greenlets, and those that were never started, when somebody waits for them', async () => {
    let lost!: RawGreenlet
    const { message, waiting } = await deadlock(() => {
      lost = new RawGreenlet(function* lost() {
        yield* new Stuck({})
      })
      const idle = new RawGreenlet(function* idle() {})
      spawnWith({ name: 'opener' }, () => lost.switch())
      stuck('reader', { for: () => [lost] })
      return new Stuck({ text: 'both.wait()', for: () => [idle] })
    })
    expect(message.split('\n').slice(4)).toEqual([
      '  main    both.wait()                  for idle',
      '  opener  a switch() to somebody else',
      '  reader  thing.wait()                 for lost',
      '  idle    not started',
      '  lost    thing.wait()',
    ])
    expect(waiting.map(({ name }) => name)).toEqual(['main', 'opener', 'reader', 'idle', 'lost'])
    lost.throw()
  })

  it('names each wait of main, three at most', async () => {
    const { message } = await deadlock(() =>
      Promise.race(['a', 'b', 'c', 'd', 'a', 'a'].map((text) => new Stuck({ text: `${text}.wait()` }))),
    )
    expect(message.split('\n')[0]).toBe(
      'main waits in a.wait() and in b.wait() and in c.wait() and in 1 more, and nothing is left that could wake it',
    )
  })

  it('stands for the main of an operation of several steps, too', async () => {
    const { message } = await deadlock(() => withTimeout(null, () => new Stuck({})))
    expect(message.split('\n').slice(4)).toEqual(['  main  thing.wait()'])
  })

  it('is the same for each wait of main, and an error of its own', async () => {
    const { hub, clock } = virtualHub()
    const errors = [rejection(new Stuck({}).then()), rejection(new Stuck({}).then())]
    hub.raiseLoopExit()
    clock.run()
    const [first, second] = (await Promise.all(errors)) as [LoopExit, LoopExit]
    expect(first).not.toBe(second)
    expect(first.message).toBe(second.message)
    expect(hub.mainWaits.size).toBe(0)
  })

  it('carries its lists for programs', async () => {
    const { waiting, cycles } = await deadlock(() => {
      const first: Greenlet = stuck('first', { text: 'lock.acquire()', because: 'held', for: () => [second] })
      const second: Greenlet = stuck('second', { for: () => [first] })
      return second.join()
    })
    expect(waiting).toEqual([
      { name: 'main', wait: 'join() of "second"', waitsFor: ['second'] },
      { name: 'first', wait: 'lock.acquire()', waitsFor: ['second'], because: 'held' },
      { name: 'second', wait: 'thing.wait()', waitsFor: ['first'] },
    ])
    expect(cycles).toEqual([[waiting[1], waiting[2]]])
    expect(new LoopExit('by hand')).toMatchObject({ message: 'by hand', waiting: [], cycles: [] })
  })

  it('prints as its message: the lists do not repeat it', () => {
    const waiting = [{ name: 'main', wait: 'queue.get()', waitsFor: [] }]
    expect(inspect(new LoopExit('the report', { waiting, cycles: [waiting] }))).not.toContain('queue.get()')
  })

  it('gives one row to many who wait alike', async () => {
    const { message, waiting } = await deadlock(() => {
      for (let n = 1; n <= 6; n++) stuck(`worker-${n}`)
      for (let n = 1; n <= 4; n++) stuck(`other-${n}`, { text: 'other.wait()' })
      return new Stuck({})
    })
    expect(message.split('\n').slice(4)).toEqual([
      '  main and 6 more  thing.wait()',
      '  other-1          other.wait()',
      '  other-2          other.wait()',
      '  other-3          other.wait()',
      '  other-4          other.wait()',
    ])
    expect(waiting).toHaveLength(11)
  })

  it('cuts long lists: 50 rows, 50 names, 10 circles', async () => {
    const { message, waiting, cycles } = await deadlock(() => {
      const all: Greenlet[] = []
      for (let n = 0; n < 60; n++) all.push(stuck(`w${n}`, { text: `thing${n}.wait()` }))
      for (let n = 0; n < 24; n++) all.push(stuck(`c${n}`, { for: () => [all[60 + (n ^ 1)]!] }))
      return joinall(all)
    })
    const lines = message.split('\n')
    expect(cycles).toHaveLength(10)
    expect(waiting[0]!.waitsFor).toHaveLength(50)
    expect(waiting).toHaveLength(85)
    const second = lines.slice(lines.indexOf('These wait, too:') + 2)
    expect(second).toHaveLength(51)
    expect(second.at(-1)).toBe('  ... and 15 more')
  })

  it('of twenty thousand who wait in one circle is made in a moment, and is short', async () => {
    const { hub, clock } = virtualHub()
    const all: Greenlet[] = []
    for (let n = 0; n < 20_000; n++) all.push(stuck(`w${n}`, { for: () => [all[(n + 1) % all.length]!, all[0]!] }))
    clock.run()
    const waiting = rejection(joinall(all))
    await Promise.resolve()
    const before = performance.now()
    hub.raiseLoopExit()
    const took = performance.now() - before
    clock.run()
    const { message, cycles } = (await waiting) as LoopExit
    expect(cycles[0]).toHaveLength(20_000)
    expect(message.length).toBeLessThan(6000)
    expect(took).toBeLessThan(2000)
    for (const greenlet of all) greenlet.kill()
    clock.run()
  })

  describe('in debug mode', () => {
    it('says in which file and line each waits: the greenlet at its wait, main where its operation was made', async () => {
      const before = setDebug(true)
      onTestFinished(() => {
        setDebug(before)
      })
      const { message, waiting } = await deadlock(() => {
        const reader = spawnWith({ name: 'reader' }, function* () {
          yield* read()
        })
        return reader.get()
      })
      expect(waiting.map(textOf)).toEqual(['return reader.get()', 'yield* new Stuck({})'])
      const [main, reader] = waiting
      expect(message.split('\n').slice(4)).toEqual([
        `  main    get() of "reader"  at test/hub/deadlock.test.ts:${main?.line}`,
        `  reader  thing.wait()       at test/hub/deadlock.test.ts:${reader?.line}`,
      ])
    })

    it('knows where plain code has made an operation of several steps', async () => {
      const before = setDebug(true)
      onTestFinished(() => {
        setDebug(before)
      })
      const { waiting } = await deadlock(() => withTimeout(null, until, new Promise(() => undefined)))
      expect(waiting.map(textOf)).toEqual([
        'const { waiting } = await deadlock(() => withTimeout(null, until, new Promise(() => undefined)))',
      ])
    })
  })
})

/** Waits for nothing that comes. */
function* read(): Green<void> {
  yield* new Stuck({})
}

/** The line in which one waits. */
function textOf({ file = '', line = 0 }: Blocked): string {
  return sourceLine(file, line)
}

/** How the programs of `ends.ts` end: the exit code, what they write, and what stderr holds. */
const endings: Record<string, [title: string, code: number, stdout: string, stderr: string]> = {
  circle: [
    'in which main waits for greenlets that wait for each other ends with 1 and says where each waits',
    1,
    '',
    'LoopExit: main waits in get() of "transfer-1", and nothing is left that could wake it\n' +
      `${ASKED} These wait for each other in a circle:\n\n` +
      '  transfer-1  lock.acquire()         at test/fixtures/programs/ends.ts:7   held by "transfer-2"\n' +
      '  transfer-2  lock.acquire()         at test/fixtures/programs/ends.ts:7   held by "transfer-1"\n\n' +
      'These wait, too:\n\n' +
      '  main        get() of "transfer-1"  at test/fixtures/programs/ends.ts:16\n',
  ],
  unref: [
    'in which main waits for a timer that the process does not stay for ends with 1',
    1,
    '',
    'LoopExit: main waits in sleep(60000), and nothing is left that could wake it\n' +
      '(0 ready, 1 timers, 0 promises or sockets that were asked). Either those below wait for each other,\n' +
      "or what should wake them was closed or unref'd.\n\n  main  sleep(60000)\n",
  ],
  throws: ['whose main fails ends with 1 at once, although others sleep', 1, '', '\nError: main went wrong\n'],
  through: [
    'whose main is through ends with 0: after those who sleep, not after those whom nothing can wake; one that has failed is reported',
    0,
    'main is through\nslept\n',
    'Greenlet "lonely" failed, and nobody reads its outcome (get(), link() and raiseError do):\nError: went wrong\n',
  ],
}

describe('a program', () => {
  // All at once: each is a process, and most of its time is its start.
  const runs = new Map<string, Promise<ProgramEnd>>()
  beforeAll(() => {
    for (const how of Object.keys(endings)) {
      runs.set(
        how,
        runProgram('ends.ts', {
          args: [how],
          env: { GREENLOOP_DEBUG: how === 'circle' ? '1' : '' },
          sources: how === 'circle',
        }),
      )
    }
  })

  for (const [how, [title, code, stdout, stderr]] of Object.entries(endings)) {
    it(title, async () => {
      const end = await runs.get(how)
      expect([end?.code, end?.stdout]).toEqual([code, stdout])
      expect(end?.stderr).toContain(stderr)
    })
  }
})
