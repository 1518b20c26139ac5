// communicate(): all input in, all output out, without a deadlock.
import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import {
  ConcurrentObjectUseError,
  type Green,
  getHub,
  joinall,
  run as main,
  type Operation,
  sleep,
  spawn,
  Timeout,
} from 'greenloop'
import { DEVNULL, PIPE, Popen, TimeoutExpired } from 'greenloop/os'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { usage } from '../../support/thrown.ts'
import { caught } from './processes.ts'

checkLeaks()

const OUTPUT = { stdin: DEVNULL, stdout: PIPE, stderr: PIPE, text: true } as const
const FOREVER = 'while :; do sleep 0.01; done'
const ON_SIGNAL = (does: string): string => `trap ${JSON.stringify(`${does}; exit`)} USR1`

const PIPES = { stdin: PIPE, stdout: PIPE, stderr: PIPE } as const

describe('communicate()', () => {
  it('gives what the child has written to each pipe, and null for what is none', async () => {
    await main(function* () {
      const both = new Popen('cat; echo err >&2', { shell: true, ...PIPES, text: true })
      expect(yield* both.communicate('in\n')).toEqual(['in\n', 'err\n'])
      expect(both.returncode).toBe(0)
      const one = new Popen(['cat'], { stdin: PIPE, stdout: PIPE })
      expect(yield* one.communicate(Uint8Array.of(1, 2))).toEqual([Buffer.of(1, 2), null])
      const none = new Popen(['true'])
      expect(yield* none.communicate()).toEqual([null, null])
    })
  })

  it('waits for neither side, whatever their sizes', async () => {
    await main(function* () {
      const input = Buffer.alloc(2_000_000, 'abcdefghij')
      const digest = (data: Buffer): string => createHash('md5').update(data).digest('hex')
      const child = new Popen('tee >(cat >&2)', { shell: '/bin/bash', ...PIPES })
      const quick = new Popen('cat >&2; head -c 3000000 /dev/zero', { shell: true, ...PIPES })
      const [[out, err], [zeros, same]] = yield* both(child.communicate(input), quick.communicate(input))
      expect([digest(out), digest(err)]).toEqual([digest(input), digest(input)])
      expect([zeros.length, digest(same)]).toEqual([3_000_000, digest(input)])
    })
  })

  it('takes no offence at a child that does not read', async () => {
    await main(function* () {
      const child = new Popen(['true'], { stdin: PIPE })
      expect(yield* child.communicate('x'.repeat(1_000_000))).toEqual([null, null])
      const deaf = new Popen('exec 0<&-; sleep 0.01; echo done', { shell: true, ...PIPES, text: true })
      expect(yield* deaf.communicate('x'.repeat(1_000_000))).toEqual(['done\n', ''])
    })
  })

  it('goes on where a time that was up has cut it short', async () => {
    await main(function* () {
      const line = `${ON_SIGNAL('echo last')}; echo first; echo err >&2; ${FOREVER}`
      using slow = new Popen(line, { shell: true, ...OUTPUT })
      let error: unknown
      do error = yield* caught(slow.communicate(undefined, { timeoutMs: 20 }))
      while ((error as TimeoutExpired).stderr === '')
      expect(error).toBeInstanceOf(TimeoutExpired)
      expect(error).toMatchObject({
        message: `communicate() of ${String(slow)} timed out after 20 ms; the child runs on.`,
        args: line,
        timeoutMs: 20,
        stdout: 'first\n',
        stderr: 'err\n',
      })
      const timeout = new Timeout(1)
      expect(yield* caught(slow.communicate(undefined, { timeoutMs: timeout }))).toBe(timeout)
      process.kill(slow.pid, 'SIGUSR1')
      expect(yield* slow.communicate()).toEqual(['first\nlast\n', 'err\n'])
      expect(yield* slow.communicate()).toEqual(['first\nlast\n', 'err\n'])
    })
  })

  it('does not read while nobody waits', async () => {
    await main(function* () {
      using child = new Popen(['head', '-c', '100000000', '/dev/zero'], { stdout: PIPE })
      const before = process.memoryUsage().arrayBuffers
      yield* caught(child.communicate(undefined, { timeoutMs: 0 }))
      yield* sleep(20)
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000)
      expect((yield* child.communicate())[0].length).toBe(100_000_000)
    })
  })

  it('gives a character that was cut by the time only when it is whole', async () => {
    await main(function* () {
      const line = `${ON_SIGNAL("printf '\\251'")}; printf 'e\\303'; ${FOREVER}`
      using child = new Popen(line, { shell: true, ...OUTPUT })
      let error: unknown
      do error = yield* caught(child.communicate(undefined, { timeoutMs: 20 }))
      while ((error as TimeoutExpired).stdout === '')
      expect((error as TimeoutExpired).stdout).toBe('e')
      process.kill(child.pid, 'SIGUSR1')
      expect((yield* child.communicate())[0]).toBe('eé')
    })
  })

  it('begins with what a line was read from', async () => {
    await main(function* () {
      using child = new Popen("printf 'one\\ntwo\\303'; read x; printf '\\251 three'", {
        shell: true,
        ...PIPES,
        text: true,
      })
      expect(yield* child.stdout.readline()).toBe('one\n')
      yield* child.stdin.write('go')
      expect(yield* child.communicate('\n')).toEqual(['twoé three', ''])
    })
  })

  it('ends at the end of the pipes, which somebody else may hold longer than the child', async () => {
    await main(function* () {
      using child = new Popen('(sleep 0.03; echo late) & echo early', {
        shell: true,
        stdin: DEVNULL,
        stdout: PIPE,
        text: true,
      })
      expect(yield* child.wait()).toBe(0)
      expect((yield* child.communicate())[0]).toBe('early\nlate\n')
    })
  })

  it('is for one greenlet', async () => {
    await main(function* () {
      using child = new Popen(['cat'], { stdin: PIPE, stdout: PIPE })
      const reader = spawn(() => child.stdout.read())
      reader.name = 'reader'
      yield* sleep(0)
      const error = yield* caught(child.communicate())
      expect(error).toBeInstanceOf(ConcurrentObjectUseError)
      expect((error as Error).message).toBe(
        `Greenlet "main" called communicate() of ${String(child)}, where "reader" reads already; who would get which bytes is not defined.`,
      )
      yield* reader.kill()
    })
  })

  it('leaves nothing when it is killed: the child runs on', async () => {
    await main(function* () {
      using child = new Popen(['sleep', '9'], PIPES)
      const before = listeners(child)
      const g = spawn(() => child.communicate('x'))
      yield* sleep(0)
      expect(g.$wait?.describe()).toBe(`communicate() of ${String(child)}`)
      yield* g.kill()
      expect([listeners(child), child.poll(), getHub().outstanding]).toEqual([before, null, 0])
    })
    const before = readdirSync('/proc/self/fd').length
    await main(function* () {
      const child = new Popen(['true'], PIPES)
      yield* child.communicate()
      yield* sleep(0)
    })
    expect(readdirSync('/proc/self/fd').length).toBe(before)
  })

  it('refuses what nobody would take', async () => {
    const child = new Popen(['true'])
    expect(usage(() => child.communicate('x'))).toBe(
      `communicate() was given input for ${String(child)}, whose stdin is no pipe.\n\n` +
        "  new Popen(['sort'])                    // incorrect: it reads what we read\n" +
        "  new Popen(['sort'], { stdin: PIPE })   // correct",
    )
    expect(usage(() => child.communicate(5 as never))).toBe(
      'communicate() expects `input` to be a string or a Uint8Array, but got 5 (number).',
    )
    expect(usage(() => child.communicate(undefined, 5 as never))).toBe(
      'communicate() expects its options as an object, such as { timeoutMs: 5 }, but got 5 (number).',
    )
    const piped = new Popen(['cat'], { stdin: PIPE, stdout: PIPE })
    await piped.communicate('x')
    await expect(piped.communicate('y')).rejects.toThrow(
      `communicate() of ${String(piped)} has begun already; only its first call may have input.`,
    )
    await child.wait()
  })
})

function* both<A, B>(a: Operation<A>, b: Operation<B>): Green<[A, B]> {
  const [first, second] = [spawn(() => a), spawn(() => b)]
  yield* joinall([first, second], { raiseError: true })
  return [yield* first.get(), yield* second.get()]
}

/** How many listeners its sockets have. */
function listeners(child: Popen): number {
  const sockets = (child as unknown as { $sockets: readonly NodeJS.EventEmitter[] }).$sockets
  return sockets.reduce(
    (sum, socket) => sum + socket.eventNames().reduce((n, name) => n + socket.listenerCount(name), 0),
    0,
  )
}
