// run() and its kin: a child from beginning to end, of which nothing is left.
import { readdirSync } from 'node:fs'
import { choose, type Green, getHub, run as main, sleep, spawn, Timeout } from 'greenloop'
import {
  CalledProcessError,
  CompletedProcess,
  call,
  checkCall,
  checkOutput,
  DEVNULL,
  getoutput,
  getstatusoutput,
  PIPE,
  run,
  STDOUT,
  subprocess,
  TimeoutExpired,
} from 'greenloop/os'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { runProgram } from '../../support/program.ts'
import { rejection, rejectionMessage, usage } from '../../support/thrown.ts'
import { caught, children, eventually, membersOf, runs } from './processes.ts'

checkLeaks()

const SLEEPERS = 'sleep 9 & sleep 9'

describe('run()', () => {
  it('gives how it has ended, and what was caught', async () => {
    const done = await run('cat; echo err >&2; exit 3', { shell: true, input: 'in', captureOutput: true, text: true })
    expect(done).toBeInstanceOf(CompletedProcess)
    expect(done).toEqual({
      args: 'cat; echo err >&2; exit 3',
      returncode: 3,
      signal: null,
      stdout: 'in',
      stderr: 'err\n',
    })
    expect(await run(['true'])).toEqual({ args: ['true'], returncode: 0, signal: null, stdout: null, stderr: null })
    expect(await run('kill $$', { shell: true })).toMatchObject({ returncode: -15, signal: 'SIGTERM' })
    expect(await run('echo 1; echo 2 >&2', { shell: true, stdout: PIPE, stderr: STDOUT })).toMatchObject({
      stdout: Buffer.from('1\n2\n'),
      stderr: null,
    })
  })

  it('does nothing before it is driven, and does it again when it is driven again', async () => {
    const before = children().length
    const recipe = run(['echo', 'x'], { captureOutput: true, text: true })
    expect(String(recipe as unknown)).toBe('run(echo x)')
    expect(children().length).toBe(before)
    expect([(await recipe).stdout, (await recipe).stdout]).toEqual(['x\n', 'x\n'])
  })

  it('throws what was not well, if it is to check that', async () => {
    const error = await rejection(
      run("echo out; echo 'no such thing' >&2; exit 3", { shell: true, check: true, captureOutput: true, text: true }),
    )
    expect(error).toBeInstanceOf(CalledProcessError)
    expect(error).toMatchObject({
      message:
        "`echo out; echo 'no such thing' >&2; exit 3` has ended with exit code 3; the last of its stderr:\n  no such thing",
      args: "echo out; echo 'no such thing' >&2; exit 3",
      returncode: 3,
      signal: null,
      stdout: 'out\n',
      stderr: 'no such thing\n',
    })
    expect(await rejection(run(['sh', '-c', 'kill -9 $$'], { check: true }))).toMatchObject({
      message: "`sh -c 'kill -9 $$'` was ended by SIGKILL (signal 9).",
      returncode: -9,
      signal: 'SIGKILL',
      stderr: null,
    })
    expect(await run(['true'], { check: true })).toMatchObject({ returncode: 0 })
  })

  it('shows the last lines of stderr alone, and not too much of them', async () => {
    const many = await rejectionMessage(run('seq 100 >&2; exit 1', { shell: true, check: true, captureOutput: true }))
    const lines = Array.from({ length: 10 }, (_, n) => `  ${91 + n}`)
    expect(many).toBe(
      `\`seq 100 >&2; exit 1\` has ended with exit code 1; the last of its stderr:\n  ...\n${lines.join('\n')}`,
    )
    const long = await rejectionMessage(
      run("head -c 100000 /dev/zero | tr '\\0' x >&2; exit 1", { shell: true, check: true, stderr: PIPE }),
    )
    expect(long.split('\n')).toEqual([
      expect.stringMatching(/has ended with exit code 1; the last of its stderr:$/u),
      '  ...',
      `  ${'x'.repeat(2000)}`,
    ])
  })

  it('ends the child and its group when its time is up, and says what it had written', async () => {
    const error = await rejection(
      run(`echo said; ${SLEEPERS}`, { shell: true, stdin: DEVNULL, captureOutput: true, text: true, timeoutMs: 300 }),
    )
    expect(error).toBeInstanceOf(TimeoutExpired)
    expect(error).toMatchObject({
      message: `run(echo said; ${SLEEPERS}) timed out after 300 ms; it was ended.`,
      args: `echo said; ${SLEEPERS}`,
      timeoutMs: 300,
      stdout: 'said\n',
      stderr: '',
    })
    expect(children()).toEqual([])
    const timeout = new Timeout(5)
    expect(await rejection(run(['sleep', '9'], { timeoutMs: timeout }))).toBe(timeout)
  })

  it('ends it when the greenlet is killed, timed out, or has lost a choice, before that goes on', async () => {
    await main(function* () {
      const g = spawn(() => run(SLEEPERS, { shell: true, stdin: DEVNULL, captureOutput: true }))
      const [group = 0] = yield* oneMore()
      yield* g.kill()
      expect(children()).not.toContain(group)
      yield* none(group)

      const timeout = new Timeout(30).start()
      expect(yield* caught(run(SLEEPERS, { shell: true, stdin: DEVNULL }))).toBe(timeout)
      expect(children()).toEqual([])

      expect(yield* choose({ child: run(SLEEPERS, { shell: true, stdin: DEVNULL }), time: sleep(30) })).toEqual([
        'time',
        undefined,
      ])
      while (children().length > 0) yield* sleep(2)
    })
  })

  it('ends the one whom the child has left with our pipes', async () => {
    await main(function* () {
      const error = yield* caught(
        run('sleep 9 & echo $!', { shell: true, stdin: DEVNULL, captureOutput: true, text: true, timeoutMs: 300 }),
      )
      const left = Number((error as TimeoutExpired).stdout)
      expect(left).toBeGreaterThan(0)
      while (runs(left)) yield* sleep(2)
    })
  })

  it('leaves no child, descriptor, listener, timer', async () => {
    const count = (): object => ({
      descriptors: readdirSync('/proc/self/fd').length,
      exit: process.listenerCount('exit'),
      children: children(),
      timers: getHub().timers.count,
    })
    const before = count()
    await main(function* () {
      const g = spawn(() => run(['sleep', '9'], { captureOutput: true, input: 'x'.repeat(1_000_000) }))
      const other = spawn(() => run(['sleep', '9']))
      yield* sleep(0)
      expect(process.listenerCount('exit')).toBe(Number(Reflect.get(before, 'exit')) + 1)
      yield* g.kill()
      yield* other.kill()
      yield* run(['echo', 'x'], { captureOutput: true, check: true })
      yield* caught(run(['false'], { captureOutput: true, check: true }))
      yield* caught(run(['no-such-program'], { captureOutput: true }))
      yield* sleep(0)
    })
    expect(count()).toEqual(before)
  })

  it('is named in what a greenlet waits for', async () => {
    await main(function* () {
      const g = spawn(() => run(['sleep', '9']))
      yield* sleep(0)
      expect(g.$wait?.describe()).toMatch(/^communicate\(\) of Popen\(sleep 9, pid \d+\)$/u)
      yield* g.kill()
    })
  })
})

describe('The kin of run()', () => {
  it('gives the exit code: call()', async () => {
    expect(await call('exit 4', { shell: true })).toBe(4)
    expect(await rejectionMessage(call(['sleep', '9'], { timeoutMs: 5 }))).toBe(
      'call(sleep 9) timed out after 5 ms; it was ended.',
    )
    expect(usage(() => call(['ls'], { check: true } as never))).toBe('call() has no option `check`.')
  })

  it('gives 0 or throws: checkCall()', async () => {
    expect(await checkCall(['true'])).toBe(0)
    expect(await rejectionMessage(checkCall('exit 4', { shell: true }))).toBe('`exit 4` has ended with exit code 4.')
  })

  it('gives the output or throws: checkOutput()', async () => {
    expect(await checkOutput(['echo', 'x'])).toEqual(Buffer.from('x\n'))
    expect(await checkOutput(['cat'], { input: 'é', encoding: 'latin1' })).toBe('é')
    expect(
      await rejection(checkOutput('echo out; echo err >&2; exit 4', { shell: true, text: true, stderr: PIPE })),
    ).toMatchObject({
      message: '`echo out; echo err >&2; exit 4` has ended with exit code 4; the last of its stderr:\n  err',
      stdout: 'out\n',
      stderr: 'err\n',
    })
    expect(usage(() => checkOutput(['ls'], { stdout: PIPE } as never))).toBe(
      'checkOutput() catches stdout itself; it has no option `stdout`.',
    )
  })

  it('gives what a line has written: getoutput(), getstatusoutput()', async () => {
    expect(await getoutput('echo one; echo two >&2; echo; exit 3')).toBe('one\ntwo\n')
    expect(await getstatusoutput('printf one; exit 3')).toEqual([3, 'one'])
    expect(await getstatusoutput('kill $$')).toEqual([-15, ''])
    expect(await rejectionMessage(getoutput('sleep 9', { timeoutMs: 5 }))).toBe(
      'getoutput(sleep 9) timed out after 5 ms; it was ended.',
    )
    expect(usage(() => getoutput(['ls'] as never))).toBe(
      'getoutput() expects a line for the shell, as a string, but got an Array.',
    )
    expect(usage(() => getoutput('ls', { text: true } as never))).toBe(
      'getoutput() decides `text` itself; take run() to say it.',
    )
  })

  it("stands under Python's names in `subprocess`", () => {
    expect(Object.keys(subprocess).sort()).toEqual([
      'CalledProcessError',
      'CompletedProcess',
      'DEVNULL',
      'INHERIT',
      'PIPE',
      'Popen',
      'STDOUT',
      'StartError',
      'SubprocessError',
      'TimeoutExpired',
      'call',
      'checkCall',
      'checkOutput',
      'getoutput',
      'getstatusoutput',
      'run',
    ])
  })

  it('tells a result by itself: checkReturncode()', () => {
    const done = new CompletedProcess(['make'], 2, null, null, Buffer.from('no rule\n'))
    expect(() => {
      done.checkReturncode()
    }).toThrow('`make` has ended with exit code 2; the last of its stderr:\n  no rule')
    new CompletedProcess(['make'], 0, null, null, null).checkReturncode()
  })
})

describe('A process with children of run()', () => {
  it('ends them when it exits', async () => {
    const { stdout, code } = await runProgram('../../os/subprocess/programs/exits.ts')
    const { kept, left } = JSON.parse(stdout) as { kept: number[]; left: number }
    expect(code).toBe(7)
    expect(kept).toHaveLength(2)
    expect(await eventually(() => !kept.some(runs))).toBe(true)
    expect(membersOf(left)).toEqual([left]) // one of Popen is its own
    process.kill(left, 'SIGKILL')
  })

  it('ends them at a Ctrl-C, which reaches the greenlets alone', async () => {
    const { stdout, stderr, code } = await runProgram('../../os/subprocess/programs/interrupted.ts', {
      signal: 'SIGINT',
    })
    const [pid = '', ...rest] = stdout.split('\n')
    expect([stderr, code, rest]).toEqual(['', 130, ['ready', `children left: `, '']])
    expect(runs(Number(pid))).toBe(false)
  })
})

/** Waits until there is a child. */
function* oneMore(): Green<number[]> {
  let all = children()
  while (all.length === 0) {
    yield* sleep(2)
    all = children()
  }
  return all
}

function* none(group: number): Green<void> {
  while (membersOf(group).length > 0) yield* sleep(2)
}
