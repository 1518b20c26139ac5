// The patch of `node:child_process`: what a greenlet drives, what a kill leaves behind, and what stays as it was for everybody else.
import childProcess, { type ChildProcess, exec, execFile, fork, spawn as start } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import {
  choose,
  type Green,
  type Greenlet,
  getHub,
  joinall,
  race,
  run,
  sleep,
  spawn,
  Timeout,
  until,
  withTimeout,
} from 'greenloop'
import * as monkey from 'greenloop/monkey'
import { TimeoutExpired } from 'greenloop/os'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { catchUnhandled, type Drivable, eventually, inWait } from '../net/support.ts'
import { checkLeaks } from '../support/leaks.ts'
import { runProgram } from '../support/program.ts'
import { thrown, usage } from '../support/thrown.ts'

checkLeaks()

const original = { ...childProcess }
const folder = mkdtempSync(join(tmpdir(), 'greenloop-'))
const echo = join(folder, 'echo.mjs')
writeFileSync(
  echo,
  "process.once('message', (message) => { process.send(['echo', message], () => process.disconnect()) })\n",
)
afterAll(() => {
  rmSync(folder, { recursive: true })
})

beforeEach(() => {
  monkey.patchChildProcess()
})
afterEach(async () => {
  await eventually('no child is left', () => running() === 0)
  monkey.unpatchAll()
})

/** How many children run. */
function running(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'ProcessWrap').length
}

/** What a call throws in a greenlet. */
async function failure(fn: () => Green<unknown>): Promise<Error & Record<string, unknown>> {
  const error: unknown = await run(fn).then(
    (value) => expect.unreachable(`it gave ${String(value)}`),
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(Error)
  return error as Error & Record<string, unknown> // asserted
}

/** What an error has of its own, beside its words. */
const fieldsOf = (error: Error): object => Object.fromEntries(Object.entries(error))

const LONG = 'exec sleep 100'

describe('exec and execFile', () => {
  it('are driven: the output, when the child has ended', async () => {
    await run(function* () {
      expect(yield* exec('echo out; echo err >&2')).toEqual({ stdout: 'out\n', stderr: 'err\n' })
      expect(yield* execFile('echo', ['a', 'b'])).toEqual({ stdout: 'a b\n', stderr: '' })
      expect(yield* execFile('pwd')).toEqual({ stdout: `${process.cwd()}\n`, stderr: '' })
      expect(yield* execFile('pwd', { cwd: folder })).toEqual({ stdout: `${folder}\n`, stderr: '' })
      expect(yield* exec('echo "$WORD"', { env: { WORD: 'given' }, encoding: 'buffer' })).toEqual({
        stdout: Buffer.from('given\n'),
        stderr: Buffer.alloc(0),
      })
    })
  })

  it('several run at the same time, and others run meanwhile', async () => {
    const order: unknown[] = []
    await run(function* () {
      const reader = exec('cat')
      const slow = spawn(function* () {
        order.push(yield* reader)
      })
      const fast = spawn(function* () {
        order.push(yield* exec('echo fast'))
        reader.stdin!.end('slow')
      })
      spawn(() => order.push('first'))
      yield* joinall([slow, fast])
    })
    expect(order).toEqual(['first', { stdout: 'fast\n', stderr: '' }, { stdout: 'slow', stderr: '' }])
  })

  it('throw what Node tells of a child that failed, with its output', async () => {
    const failed = await failure(function* () {
      return yield* exec('echo out; echo err >&2; exit 3')
    })
    expect(fieldsOf(failed)).toEqual({
      code: 3,
      killed: false,
      signal: null,
      cmd: 'echo out; echo err >&2; exit 3',
      stdout: 'out\n',
      stderr: 'err\n',
    })
    const missing = await failure(function* () {
      return yield* execFile('no-such-program', ['x'])
    })
    expect(missing.message).toBe('spawn no-such-program ENOENT')
    expect(fieldsOf(missing)).toMatchObject({ code: 'ENOENT', path: 'no-such-program', stdout: '', stderr: '' })
    expect(
      await failure(function* () {
        return yield* exec(LONG, { timeout: 5 })
      }),
    ).toMatchObject({ killed: true, signal: 'SIGTERM', code: null })
    expect(
      await failure(function* () {
        return yield* exec('echo 1234567890', { maxBuffer: 4 })
      }),
    ).toMatchObject({ code: 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER', stdout: '1234' })
    expect(
      await failure(function* () {
        return yield* exec(LONG, { signal: AbortSignal.abort() })
      }),
    ).toMatchObject({ name: 'AbortError' })
  })

  it('return the child that they always returned, and call back as they always did', async () => {
    const plain: unknown[] = []
    const patched: unknown[] = []
    for (const [seen, { exec: call, execFile: callFile }] of [
      [plain, original],
      [patched, childProcess],
    ] as const) {
      const note = (...args: unknown[]): unknown =>
        seen.push(args.map((arg) => (arg instanceof Error ? fieldsOf(arg) : arg)))
      const children = [
        call('echo a', note),
        call('exit 5', {}, note),
        call('echo b', null, note),
        callFile('echo', note),
        callFile('echo', ['c'], note),
        callFile('echo', ['d'], { encoding: 'buffer' }, note),
        callFile('echo', { encoding: 'utf8' }, note),
        callFile('no-such-program', null, null, note),
      ]
      for (const child of children) expect(child.constructor).toBe(childProcess.ChildProcess)
      expect(children[0]!.listenerCount('close')).toBe(1)
      expect(children[0]!.listenerCount('error')).toBe(1)
      await eventually('all have called back', () => seen.length === children.length)
    }
    const sorted = (seen: readonly unknown[]): string[] => seen.map((args) => JSON.stringify(args)).sort()
    expect(sorted(patched)).toEqual(sorted(plain))
  })

  it('refuse what Node refuses, in its words', () => {
    const wrong: ((module: typeof original) => unknown)[] = [
      ({ exec: call }) => call(5 as unknown as string),
      ({ exec: call }) => call('ls', {}, 5 as unknown as undefined),
      ({ exec: call }) => call('ls', { timeout: -1 }),
      ({ execFile: call }) => call('ls', 5 as unknown as string[]),
      ({ execFile: call }) => call('ls', [], 5 as unknown as object),
      ({ execFile: call }) => call('ls', [], {}, 'x' as unknown as undefined),
      ({ execFile: call }) => call(''),
    ]
    for (const call of wrong)
      expect(String(thrown(() => call(childProcess)))).toBe(String(thrown(() => call(original))))
  })

  it('give the callback its turn, and who drives the child as well', async () => {
    const told: unknown[] = []
    const child = exec('echo both; exit 2', (error, stdout) => told.push(error?.code, stdout))
    const error = await failure(() => child[Symbol.iterator]() as Green<unknown>)
    expect(told).toEqual([2, 'both\n'])
    expect(error).toMatchObject({ code: 2, stdout: 'both\n' })
  })

  it('a callback that throws throws as it did', async () => {
    const unhandled: unknown[] = []
    const listener = (error: unknown): unknown => unhandled.push(error)
    const before = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException').on('uncaughtException', listener)
    try {
      const child = exec('true', () => {
        throw new RangeError('of the callback')
      })
      await eventually('it has ended', () => child.exitCode !== null)
      expect(
        await run(function* () {
          return yield* child
        }),
      ).toEqual({ stdout: '', stderr: '' })
      await eventually('it has thrown', () => unhandled.length > 0)
    } finally {
      process.removeAllListeners('uncaughtException')
      for (const one of before) process.on('uncaughtException', one)
    }
    expect(unhandled.map(String)).toEqual(['RangeError: of the callback'])
  })

  it('a failure that nobody drives is nobody’s, as before', async () => {
    const unhandled = catchUnhandled()
    const child = exec('exit 1')
    const missing = execFile('no-such-program')
    await eventually('both have ended', () => child.exitCode !== null && missing.exitCode !== null)
    await sleep(5)
    expect(unhandled).toEqual([])
  })

  it('any number of greenlets may drive one child, also after its end', async () => {
    await run(function* () {
      const child = exec('echo once')
      const all = [1, 2, 3].map(() =>
        spawn(function* () {
          return yield* child
        }),
      )
      for (const greenlet of all) expect(yield* greenlet.get()).toEqual({ stdout: 'once\n', stderr: '' })
      expect(yield* child).toEqual({ stdout: 'once\n', stderr: '' })
      const failed = exec('exit 4')
      for (let n = 0; n < 2; n++)
        yield* spawn(function* () {
          try {
            yield* failed
          } catch (error) {
            expect(error).toMatchObject({ code: 4, stdout: '' })
          }
        }).get()
    })
  })

  it('exec counts once, though Node calls execFile for it', async () => {
    const callback = vi.fn()
    await run(function* () {
      expect(yield* exec('echo x', callback)).toEqual({ stdout: 'x\n', stderr: '' })
    })
    expect(callback.mock.calls).toEqual([[null, 'x\n', '']])
  })
})

/** Each way to wait for the end of a child, and how it is named. */
const waits: Record<string, [begin: () => Green<unknown>, children: () => ChildProcess[], text: string]> = {}
function wait(name: string, text: string, make: () => Drivable<unknown> & object): void {
  const children: ChildProcess[] = []
  const begin = function* (): Green<unknown> {
    const made = make()
    children.push('child' in made ? (made.child as ChildProcess) : (made as ChildProcess)) // it is one, or a promise with one
    return yield* made
  }
  waits[name] = [begin, () => children.splice(0), text]
}
wait('exec', `exec('${LONG}')`, () => exec(LONG))
wait('exec with a callback', `exec('${LONG}')`, () => exec(LONG, () => undefined))
wait('execFile', "execFile('sleep')", () => execFile('sleep', ['100']))
wait('promisify(exec)', `exec('${LONG}')`, () => promisify(exec)(LONG))
wait('promisify(execFile)', "execFile('sleep')", () => promisify(execFile)('sleep', ['100']))

describe.each(Object.entries(waits))('a greenlet that waits for %s', (_, [begin, children, text]) => {
  const streamsOf = (child: ChildProcess): unknown[] =>
    [child.stdin, child.stdout, child.stderr].map((stream) => stream?.destroyed)

  it('says so', async () => {
    const greenlet = spawn(begin)
    await inWait(greenlet)
    expect(greenlet.$wait?.describe()).toBe(text)
    await greenlet.kill()
    children()
  })

  it('ends the child when it is killed: nothing is left, and nobody is told', async () => {
    const unhandled = catchUnhandled()
    const greenlet = spawn(begin)
    await inWait(greenlet)
    const [child] = children()
    await greenlet.kill()
    expect([getHub().outstanding, child!.killed, ...streamsOf(child!)]).toEqual([0, true, true, true, true])
    await eventually('it has ended', () => child!.signalCode === 'SIGTERM')
    await eventually('it is not there any more', () => running() === 0)
    await sleep(2)
    expect(unhandled).toEqual([])
  })

  it('ends it when the time is up', async () => {
    expect(
      await failure(function* () {
        return yield* withTimeout(5, begin)
      }),
    ).toBeInstanceOf(Timeout)
    expect(children()[0]!.killed).toBe(true)
  })
})

describe('a child that several drive', () => {
  it('is ended when the last one gives up, and not before', async () => {
    const child = exec(LONG)
    const [first, second] = [1, 2].map(() =>
      spawn(() =>
        (function* () {
          return yield* child
        })(),
      ),
    ) as [Greenlet, Greenlet]
    await inWait(second)
    await first.kill()
    expect(child.killed).toBe(false)
    await second.kill()
    expect(child.killed).toBe(true)
  })

  it('is sent the killSignal that it was started with', async () => {
    const child = execFile('sleep', ['100'], { killSignal: 'SIGKILL' })
    const greenlet = spawn(function* () {
      yield* child
    })
    await inWait(greenlet)
    await greenlet.kill()
    await eventually('it has ended', () => child.signalCode !== null)
    expect(child.signalCode).toBe('SIGKILL')
  })

  it('tells its callback of the kill, as Node does of any', async () => {
    const told: unknown[] = []
    const greenlet = spawn(function* () {
      yield* exec(LONG, (error) => told.push(error?.killed, error?.signal))
    })
    await inWait(greenlet)
    await greenlet.kill()
    await eventually('it is told', () => told.length > 0)
    expect(told).toEqual([true, 'SIGTERM'])
  })
})

describe('util.promisify', () => {
  it('of exec and execFile gives what it gave: a promise of the output, with its child', async () => {
    const promise = promisify(exec)('echo x')
    expect(promise).toBeInstanceOf(Promise)
    expect(promise.child.constructor).toBe(childProcess.ChildProcess)
    expect(Object.keys(promise)).toEqual(['child'])
    expect(await promise).toEqual({ stdout: 'x\n', stderr: '' })
    expect(await promisify(execFile)('echo', ['y'])).toEqual({ stdout: 'y\n', stderr: '' })
    await expect(promisify(exec)('echo out; exit 3')).rejects.toMatchObject({ code: 3, stdout: 'out\n', stderr: '' })
    expect(thrown(() => promisify(exec)(5 as unknown as string))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
  })

  it('gives promises that a greenlet drives', async () => {
    await run(function* () {
      expect(yield* promisify(exec)('echo x')).toEqual({ stdout: 'x\n', stderr: '' })
      expect(yield* until(promisify(execFile)('echo', ['y']))).toEqual({ stdout: 'y\n', stderr: '' })
    })
  })

  it('a function that was made before the patch, or under it, works on when it is taken back', async () => {
    const under = promisify(exec)
    monkey.unpatchAll()
    const before = promisify(exec)
    expect(await under('echo under')).toEqual({ stdout: 'under\n', stderr: '' })
    monkey.patchChildProcess()
    expect(await before('echo before')).toEqual({ stdout: 'before\n', stderr: '' })
  })

  it('a failure that nobody handles is reported once, as before', async () => {
    const unhandled = catchUnhandled()
    void promisify(exec)('exit 3')
    await eventually('it is reported', () => unhandled.length > 0)
    await sleep(2)
    expect(unhandled).toHaveLength(1)
  })
})

describe('spawn and fork', () => {
  it('are Node’s own', () => {
    expect([childProcess.spawn, childProcess.fork]).toEqual([original.spawn, original.fork])
  })

  it('are driven: the child, when it runs', async () => {
    await run(function* () {
      const child = yield* start('cat')
      expect(child.pid).toBeGreaterThan(0)
      expect(child.constructor).toBe(childProcess.ChildProcess)
      child.stdin.end('text')
      expect(String(yield* until(child.stdout.toArray()))).toBe('text')
      expect(yield* child.wait()).toBe(0)
      expect(yield* child).toBe(child)
    })
  })

  it('throw there that it could not be started, at once or late', async () => {
    const error = await failure(function* () {
      return yield* start('no-such-program', ['x'])
    })
    expect(error.message).toBe('spawn no-such-program ENOENT')
    const late = start('no-such-program', ['x']).on('error', () => undefined)
    await eventually('Node has told', () => late.exitCode !== null)
    for (const drive of [() => late[Symbol.iterator](), () => late.wait()[Symbol.iterator]()]) {
      const same = await failure(drive as () => Green<unknown>)
      expect([same.message, fieldsOf(same)]).toEqual([error.message, fieldsOf(error)])
    }
    expect(fieldsOf(error)).toEqual({
      errno: -2,
      code: 'ENOENT',
      syscall: 'spawn no-such-program',
      path: 'no-such-program',
      spawnargs: ['x'],
    })
    expect(
      await failure(function* () {
        return yield* start('ls', { cwd: join(folder, 'missing') })
      }),
    ).toMatchObject({ code: 'ENOENT' })
  })

  it('a child that could not be started is nobody’s error when its greenlet is killed meanwhile', async () => {
    const unhandled = catchUnhandled()
    const greenlet: Greenlet = spawn(function* () {
      killer.start()
      yield* start('no-such-program')
    })
    const killer = spawn(() => {
      greenlet.kill()
    })
    await greenlet.join()
    await sleep(5)
    expect(unhandled).toEqual([])
  })

  it('a forked child talks, and ends', async () => {
    await run(function* () {
      const child = yield* fork(echo)
      const answer = until(new Promise((resolve) => child.once('message', resolve)))
      child.send({ hello: 5 })
      expect(yield* answer).toEqual(['echo', { hello: 5 }])
      expect(yield* child.wait()).toBe(0)
    })
  })

  it('what is not driven behaves as before: an error that nobody hears ends the process', async () => {
    const { stdout, stderr, code } = await runProgram(new URL('./programs/unheard.ts', import.meta.url).href)
    expect([stdout, code]).toEqual(['heard ENOENT\ndriven ENOENT\n', 1])
    expect(stderr).toContain('Error: spawn no-such-program ENOENT')
  })
})

describe('child.wait()', () => {
  it('gives the exit code, or the negative number of the signal', async () => {
    await run(function* () {
      const child = start('sh', ['-c', 'exit 7'])
      expect(yield* child.wait()).toBe(7)
      expect(yield* child.wait()).toBe(7)
      for (const [signal, returncode] of [
        ['SIGTERM', -15],
        ['SIGKILL', -9],
      ] as const) {
        const sleeper = start('sleep', ['100'])
        sleeper.kill(signal)
        expect(yield* sleeper.wait()).toBe(returncode)
      }
      expect(yield* exec('exit 3').wait()).toBe(3)
    })
    expect(await start('true').wait()).toBe(0)
  })

  it('wakes all who wait in the order in which they came, and leaves no listener', async () => {
    const child = start('sleep', ['100'])
    const order: number[] = []
    const all = Array.from({ length: 20 }, (_, n) =>
      spawn(function* () {
        order.push(n, yield* child.wait())
      }),
    )
    await inWait(all.at(-1)!)
    expect([child.listenerCount('exit'), child.listenerCount('error')]).toEqual([1, 1])
    await all[0]!.kill()
    expect(all[1]!.$wait?.describe()).toBe(`wait() of sleep 100 (pid ${String(child.pid)})`)
    child.kill()
    await joinall(all)
    expect(order).toEqual(Array.from({ length: 19 }, (_, n) => [n + 1, -15]).flat())
    expect([child.listenerCount('exit'), child.listenerCount('error')]).toEqual([0, 0])
  })

  it('a kill, a timeout and a lost choice leave the child running, and no listener', async () => {
    const child = start('sleep', ['100'])
    const greenlet = spawn(function* () {
      yield* child.wait()
    })
    await inWait(greenlet)
    await greenlet.kill()
    const error = await failure(function* () {
      return yield* child.wait({ timeoutMs: 3 })
    })
    expect(error).toBeInstanceOf(TimeoutExpired)
    expect(error.message).toBe(
      `wait() of sleep 100 (pid ${String(child.pid)}) timed out after 3 ms; the child runs on.`,
    )
    expect(fieldsOf(error)).toMatchObject({ args: ['sleep', '100'], timeoutMs: 3 })
    await run(function* () {
      const timeout = new Timeout(3)
      try {
        yield* child.wait({ timeoutMs: timeout })
        expect.unreachable()
      } catch (late) {
        expect(late).toBe(timeout)
      }
      expect(yield* choose({ end: child.wait(), time: sleep(1) })).toEqual(['time', undefined])
    })
    expect([child.killed, child.exitCode, child.listenerCount('exit'), child.listenerCount('error')]).toEqual([
      ...[false, null],
      ...[0, 0],
    ])
    child.kill()
    expect(await race([child.wait(), sleep(1000)])).toBe(-15)
  })

  it('hears the error that nobody else hears, and only that', async () => {
    expect(
      await failure(function* () {
        return yield* start('no-such-program').wait()
      }),
    ).toMatchObject({ code: 'ENOENT' })
    const abort = new AbortController()
    const aborted = start('sleep', ['100'], { signal: abort.signal })
    const waiter = spawn(function* () {
      return yield* aborted.wait()
    })
    await inWait(waiter)
    abort.abort()
    await expect(waiter.get()).rejects.toMatchObject({ name: 'AbortError' })
    const errors: unknown[] = []
    const heard = start('sleep', ['100'], { signal: AbortSignal.timeout(2) }).on('error', (error) => errors.push(error))
    expect(await heard.wait()).toBe(-15)
    expect(errors).toHaveLength(1)
  })

  it('refuses wrong options at the call', () => {
    const child = start('true')
    expect(usage(() => child.wait(5 as unknown as object))).toBe(
      'wait() expects its options as an object, such as { timeoutMs: 5 }, but got 5 (number).',
    )
    expect(usage(() => child.wait({ timeoutMs: -1 }))).toBe(
      'wait() expects `timeoutMs` to be a number of milliseconds, 0 or more, but got -1.',
    )
  })
})

describe('plain code', () => {
  it('that iterates a child, as test tools do, starts nothing and comes to an end', () => {
    const child = start('true')
    expect([...(child as unknown as Iterable<never>)]).toEqual([])
    expect([...(exec('true') as unknown as Iterable<never>)]).toEqual([])
  })

  it('has nothing of it when the patch is taken back', () => {
    monkey.unpatchAll()
    expect({ ...childProcess }).toEqual(original)
    expect(Symbol.iterator in childProcess.ChildProcess.prototype).toBe(false)
    expect('wait' in childProcess.ChildProcess.prototype).toBe(false)
  })
})
