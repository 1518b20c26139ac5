// run(): a program's main function; and what only a process can show, in processes.
import {
  type Green,
  GreenletExit,
  GreenletKilledError,
  getcurrent,
  getHub,
  run,
  runWith,
  sleep,
  spawn,
  Timeout,
  until,
} from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { runProgram } from '../support/program.ts'
import { catchReports } from '../support/reports.ts'
import { rejection, usage } from '../support/thrown.ts'

checkLeaks()

describe('run()', () => {
  it('resolves with what main returns', async () => {
    expect(
      await run(
        function* (a: number, b: number) {
          yield* sleep(1)
          return a + b
        },
        40,
        2,
      ),
    ).toBe(42)
  })

  it('takes any function', async () => {
    expect(await run(() => 'plain')).toBe('plain')
    expect(await run(async () => 'async')).toBe('async')
    expect(await run(() => until(Promise.resolve('operation')))).toBe('operation')
  })

  it('returns a promise, and runs nothing before the caller waits', async () => {
    let ran = false
    const promise = run(() => {
      ran = true
    })
    expect(promise).toBeInstanceOf(Promise)
    expect(ran).toBe(false)
    await promise
    expect(ran).toBe(true)
  })

  it('rejects with what main throws, the very object, and reports nothing', async () => {
    const reports = catchReports()
    const error = new Error('main failed')
    expect(
      await rejection(
        run(function* () {
          yield* sleep(0)
          throw error
        }),
      ),
    ).toBe(error)
    await sleep(0)
    expect(reports).toEqual([])
  })

  it('rejects with GreenletKilledError when main is killed', async () => {
    const promise = run(function* () {
      yield* sleep(1000)
    })
    await sleep(0)
    for (const task of getHub().living()) task.kill()
    const error = await rejection(promise)
    expect(error).toBeInstanceOf(GreenletKilledError)
    expect((error as Error).cause).toBeInstanceOf(GreenletExit)
  })

  it('calls its greenlet main', async () => {
    expect(await run(() => getcurrent().name)).toBe('main')
  })

  it('makes a place for what waits only in greenlets', async () => {
    expect(
      await run(function* () {
        using timeout = Timeout.startNew(1000)
        return timeout.pending
      }),
    ).toBe(true)
  })

  it('does not wait for the greenlets that main has spawned; they live on', async () => {
    const child = await run(function* () {
      return spawn(function* () {
        yield* sleep(2)
        return 'outlived'
      })
    })
    expect(child.ready()).toBe(false)
    expect(await child.get()).toBe('outlived')
  })

  it('may be called several times at once', async () => {
    function* main(ms: number): Green<number> {
      yield* sleep(ms)
      return ms
    }
    expect(await Promise.all([run(main, 2), run(main, 0), run(main, 1)])).toEqual([2, 0, 1])
  })

  it('listens for Ctrl-C only while main runs', async () => {
    const before = process.listenerCount('SIGINT')
    const promise = run(() => sleep(1))
    expect(process.listenerCount('SIGINT')).toBe(before + 1)
    const other = run(() => sleep(2))
    expect(process.listenerCount('SIGINT')).toBe(before + 1)
    await Promise.all([promise, other])
    expect(process.listenerCount('SIGINT')).toBe(before)
  })
})

describe('runWith()', () => {
  it('is run() with options', async () => {
    function* add(a: number, b: number): Green<string> {
      yield* sleep(0)
      return `${getcurrent().name}: ${a + b}`
    }
    expect(await runWith({}, add, 40, 2)).toBe('main: 42')
    expect(await runWith({ graceMs: 0 }, add, 1, 2)).toBe('main: 3')
  })

  it('refuses at once what is wrong', () => {
    expect(usage(() => runWith({ graceMs: -1 }, () => 1))).toBe(
      'runWith() expects `graceMs` to be a number of milliseconds, 0 or more, but got -1.',
    )
    expect(usage(() => runWith({}, 5 as never))).toBe('runWith() expects a function, but got 5 (number).')
    expect(usage(() => run(5 as never))).toBe('run() expects a function, but got 5 (number).')
  })
})

describe('a program', () => {
  it('whose main returns ends with 0, after the greenlets that it has left', async () => {
    expect(await runProgram('run-returns.ts')).toEqual({
      stdout: 'main returns\nthe child is done\n',
      stderr: '',
      code: 0,
    })
  })

  it('whose main throws ends with 1, and says so once', async () => {
    const { stdout, stderr, code } = await runProgram('run-throws.ts')
    expect([stdout, code]).toEqual(['', 1])
    expect(stderr.match(/Error: main went wrong/gu)).toHaveLength(1)
    expect(stderr).not.toContain('nobody reads its outcome')
  })

  it('whose main catches a failure of run() prints nothing and ends with 0', async () => {
    expect(await runProgram('run-throws.ts', { args: ['caught'] })).toEqual({
      stdout: 'caught: main went wrong\n',
      stderr: '',
      code: 0,
    })
  })

  it('in which main waits for what never comes ends with 1, by LoopExit, which says who waits in what', async () => {
    const { stdout, stderr, code } = await runProgram('deadlock.ts', { args: ['run'] })
    expect([stdout, code]).toEqual(['', 1])
    expect(stderr).toContain(
      'LoopExit: main waits in get() of "producer", and nothing is left that could wake it\n' +
        '(0 ready, 0 timers, 0 promises or sockets that were asked). Either those below wait for each other,\n' +
        "or what should wake them was closed or unref'd.\n\n" +
        '  main      get() of "producer"\n' +
        '  consumer  waiter.get()\n' +
        '  producer  join() of "consumer"\n',
    )
    expect(stderr.match(/^LoopExit: /gmu)).toHaveLength(1)
  })

  it('in which plain code waits for what never comes ends with 1 in the same way', async () => {
    const { stdout, stderr, code } = await runProgram('deadlock.ts', { args: ['await'] })
    expect([stdout, code]).toEqual(['', 1])
    expect(stderr).toContain('LoopExit: main waits in get() of "producer", and nothing is left that could wake it\n')
  })

  it('can catch LoopExit, see to its end and leave with 0', async () => {
    expect(await runProgram('deadlock.ts', { args: ['caught'] })).toEqual({
      stdout: 'caught LoopExit\ncleaned up\n',
      stderr: '',
      code: 0,
    })
  })

  it('in which main does not wait, and greenlets do, just ends', async () => {
    expect(await runProgram('deadlock.ts', { args: ['nobody'] })).toEqual({ stdout: '', stderr: '', code: 0 })
  })

  it('that asks a promise that never settles is told so', async () => {
    const { stderr, code } = await runProgram('deadlock.ts', { args: ['promise'] })
    expect(stderr).toContain(
      'LoopExit: main waits in until(promise), and nothing is left that could wake it\n' +
        '(0 ready, 0 timers, 1 promises or sockets that were asked).',
    )
    expect(code).toBe(1)
  })

  it('is ended by the first Ctrl-C: every finally block runs, main first, and the code is 130', async () => {
    expect(await runProgram('ctrl-c.ts', { signal: 'SIGINT' })).toEqual({
      stdout: 'ready\nmain cleans up\nworker cleans up\nmain cleaned up\nworker cleaned up\n',
      stderr: '',
      code: 130,
    })
  })

  it('is ended by the second Ctrl-C at once', async () => {
    expect(await runProgram('ctrl-c.ts', { args: ['stubborn'], signal: 'SIGINT' })).toEqual({
      stdout: 'ready\nmain cleans up\nready\n',
      stderr: '',
      code: 130,
    })
  })

  it('is ended by the first Ctrl-C when those that do not end have had their time', async () => {
    expect(await runProgram('ctrl-c.ts', { args: ['hasty'], signal: 'SIGINT' })).toEqual({
      stdout: 'ready\nnot yet\n',
      stderr: '',
      code: 130,
    })
  })

  it('whose main catches its end, while it waits for another, can leave with 0', async () => {
    expect(await runProgram('ctrl-c.ts', { args: ['caught'], signal: 'SIGINT' })).toEqual({
      stdout: 'ready\nGreenletExit\n',
      stderr: '',
      code: 0,
    })
  })

  it('without run() is ended by Ctrl-C as any other', async () => {
    const { stdout, code } = await runProgram('ctrl-c.ts', { args: ['plain'], signal: 'SIGINT' })
    expect([stdout, code]).toEqual(['ready\n', null])
  })
})
