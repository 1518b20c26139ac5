// Popen: a child that runs, waited for by whoever wants to.
import { readdirSync } from 'node:fs'
import { choose, Event, getHub, joinall, run as main, sleep, spawn, Timeout, wait, withTimeout } from 'greenloop'
import { DEVNULL, PIPE, Popen, TimeoutExpired } from 'greenloop/os'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { recorder } from '../../support/recorder.ts'
import { thrown, usage } from '../../support/thrown.ts'
import { caught, children, eventually } from './processes.ts'

checkLeaks()

const sleeper = (): Popen => new Popen(['sleep', '9'], { stdin: DEVNULL })

describe('Popen', () => {
  it('runs at once, and says how it ends', async () => {
    const child = new Popen('exit 3', { shell: true })
    expect([child.returncode, child.signal, child.poll(), child.ready()]).toEqual([null, null, null, false])
    expect(children()).toContain(child.pid)
    expect([child.args, child.stdin, child.stdout, child.stderr]).toEqual(['exit 3', null, null, null])
    expect(await child.wait()).toBe(3)
    expect([child.returncode, child.signal, child.poll(), child.ready()]).toEqual([3, null, 3, true])
    expect(String(child)).toBe(`Popen(exit 3, pid ${child.pid})`)
    expect(await child.wait()).toBe(3)
  })

  it('shows which signal has ended it, as Python does', async () => {
    for (const [end, code, signal] of [
      [(child: Popen) => child.terminate(), -15, 'SIGTERM'],
      [(child: Popen) => child.kill(), -9, 'SIGKILL'],
      [(child: Popen) => child.sendSignal('SIGINT'), -2, 'SIGINT'],
      [(child: Popen) => child.sendSignal(1), -1, 'SIGHUP'],
    ] as const) {
      const child = sleeper()
      end(child)
      expect(await child.wait()).toBe(code)
      expect(child.signal).toBe(signal)
    }
    expect(usage(() => sleeper().sendSignal('SIGNONE' as never))).toBe(
      'sendSignal() expects `signal` to be the name of a signal, such as \'SIGTERM\', or its number, but got "SIGNONE" (string).',
    )
    for (const pid of children()) process.kill(pid, 'SIGKILL')
  })

  it('leaves no zombie when nobody waits', async () => {
    const { pid } = new Popen(['true'])
    expect(await eventually(() => !children().includes(pid))).toBe(true)
  })

  it('is waited for by several, woken in the order in which they came', async () => {
    const rec = recorder()
    await main(function* () {
      using child = sleeper()
      const waiters = ['one', 'two', 'three'].map((name) =>
        spawn(function* () {
          rec(`${name} ${String(yield* child.wait())}`)
        }),
      )
      yield* sleep(0)
      expect(child.linkcount()).toBe(3)
      waiters[1]?.kill()
      yield* sleep(0)
      expect(child.linkcount()).toBe(2)
      child.kill()
      yield* joinall(waiters)
    })
    rec.expect(['one -9', 'three -9'])
  })

  it('is waited for a time, and runs on', async () => {
    await main(function* () {
      using child = sleeper()
      const error = yield* caught(child.wait({ timeoutMs: 5 }))
      expect(error).toBeInstanceOf(TimeoutExpired)
      expect(error).toMatchObject({
        message: `wait() for Popen(sleep 9, pid ${child.pid}) timed out after 5 ms; the child runs on.`,
        args: ['sleep', '9'],
        timeoutMs: 5,
        stdout: null,
        stderr: null,
      })
      const timeout = new Timeout(1)
      expect(yield* caught(child.wait({ timeoutMs: timeout }))).toBe(timeout)
      expect([child.poll(), child.linkcount(), getHub().outstanding]).toEqual([null, 0, 0])
    })
    expect(usage(() => new Popen(['true']).wait(5 as never))).toBe(
      'wait() expects its options as an object, such as { timeoutMs: 5 }, but got 5 (number).',
    )
  })

  it('is a branch of choose(), and taken back when another comes true', async () => {
    await main(function* () {
      using child = sleeper()
      const stop = new Event()
      spawn(() => stop.set())
      expect(yield* choose({ ended: child.wait(), stop: stop.wait() })).toEqual(['stop', true])
      expect([child.linkcount(), getHub().outstanding]).toEqual([0, 0])
      child.kill()
      expect(yield* choose({ ended: child.wait(), stop: new Event().wait() })).toEqual(['ended', -9])
    })
  })

  it('is one of the things that wait() waits for, and tells links', async () => {
    await main(function* () {
      const [quick, slow] = [new Popen(['true']), sleeper()]
      const told: unknown[] = []
      const link = (child: unknown): void => void told.push(child)
      slow.rawlink(link)
      slow.rawlink(() => told.push('other'))
      slow.unlink(link)
      expect(yield* wait([slow, quick], { count: 1 })).toEqual([quick])
      expect([told, slow.linkcount()]).toEqual([[], 1])
      quick.rawlink(link)
      slow.kill()
      expect(yield* wait([slow, quick])).toEqual([quick, slow])
      yield* sleep(0)
      expect(told).toEqual([quick, 'other'])
    })
  })

  it('counts as something outside while somebody waits for it: it is no deadlock, and wait() waits', async () => {
    await main(function* () {
      const child = new Popen(['sleep', '0.02'], { stdin: DEVNULL })
      expect(getHub().outstanding).toBe(0)
      const waiting = spawn(() => child.wait())
      const others = spawn(() => wait([child]))
      yield* sleep(0)
      expect(getHub().outstanding).toBe(1)
      waiting.kill()
      yield* sleep(0)
      expect(getHub().outstanding).toBe(1)
      expect(yield* wait()).toBe(true)
      expect([child.returncode, others.ready(), getHub().outstanding]).toEqual([0, true, 0])
    })
  })

  it('lets the process end while it runs, if it is told to', () => {
    const child = sleeper()
    const refs = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'ProcessWrap').length
    const before = refs()
    expect(child.unref()).toBe(child)
    expect(refs()).toBe(before - 1)
    expect(child.ref()).toBe(child)
    expect(refs()).toBe(before)
    child.kill()
  })

  it('is ended by the end of its block', async () => {
    const before = readdirSync('/proc/self/fd').length
    let first = 0
    let second: number
    await main(function* () {
      {
        using child = new Popen('sleep 9 & sleep 9', { shell: true, stdin: PIPE, stdout: PIPE, stderr: PIPE })
        first = child.pid
      }
      yield* sleep(0)
    })
    {
      await using child = new Popen('sleep 9 & sleep 9', { shell: true, stdin: PIPE, stdout: PIPE, stderr: PIPE })
      second = child.pid
    }
    expect(children()).not.toContain(second)
    expect(await eventually(() => !children().includes(first))).toBe(true)
    expect(readdirSync('/proc/self/fd').length).toBe(before)
  })

  it('of a test that could not even be made throws at once', () => {
    expect(String(thrown(() => new Popen('no-such-program')))).toBe(
      'StartError: Cannot start `no-such-program`: the program no-such-program is in no folder of PATH (ENOENT).',
    )
  })
})

describe('The pipes of a child', () => {
  it('are files: written to and read by lines, at once', async () => {
    await main(function* () {
      using child = new Popen(['cat'], { stdin: PIPE, stdout: PIPE, text: true })
      yield* child.stdin.write('one\n')
      expect(yield* child.stdout.readline()).toBe('one\n')
      yield* child.stdin.write('two\nthree')
      const lines = child.stdout.lines()
      expect(yield* lines.next()).toBe(true)
      expect(lines.value).toBe('two')
      yield* child.stdin.close()
      expect(yield* lines.next()).toBe(true)
      expect(lines.value).toBe('three')
      expect(yield* lines.next()).toBe(false)
      expect(yield* child.wait()).toBe(0)
    })
  })

  it('carry bytes, or the text that is asked for', async () => {
    await main(function* () {
      using bytes = new Popen(['printf', '\\303\\251'], { stdout: PIPE })
      using text = new Popen(['printf', '\\303\\251'], { stdout: PIPE, encoding: 'latin1' })
      expect(yield* bytes.stdout.read()).toEqual(Buffer.from('é'))
      expect(yield* text.stdout.read()).toBe('Ã©')
    })
  })

  it('can be read when the child has ended long ago', async () => {
    await main(function* () {
      using child = new Popen('echo kept; echo kept, too >&2', { shell: true, stdout: PIPE, stderr: PIPE, text: true })
      yield* child.wait()
      yield* sleep(10)
      expect([yield* child.stdout.read(), yield* child.stderr.read()]).toEqual(['kept\n', 'kept, too\n'])
    })
  })

  it('can be read further when another one has taken over', async () => {
    await main(function* () {
      using child = new Popen('echo first; sleep 0.02 && echo second &', {
        shell: true,
        stdin: DEVNULL,
        stdout: PIPE,
        text: true,
      })
      expect(yield* child.wait()).toBe(0)
      expect(yield* child.stdout.read()).toBe('first\nsecond\n')
    })
  })

  it('can be written to when another one has taken over', async () => {
    await main(function* () {
      using child = new Popen('exec 3<&0; cat <&3 & exit 0', { shell: true, stdin: PIPE, stdout: PIPE, text: true })
      expect(yield* child.wait()).toBe(0)
      yield* child.stdin.write('late')
      yield* child.stdin.close()
      expect(yield* child.stdout.read()).toBe('late')
    })
  })

  it('end a wait for them by the error of the system, when nobody reads them any more', async () => {
    await main(function* () {
      using child = new Popen(['true'], { stdin: PIPE })
      yield* child.wait()
      const error = yield* caught(
        withTimeout(1000, function* () {
          for (;;) {
            yield* child.stdin.write(Buffer.alloc(1000))
            yield* sleep(0)
          }
        }),
      )
      expect(error).toMatchObject({ code: 'EPIPE' })
    })
  })

  it('lose nothing by a kill, or by being closed under a reader', async () => {
    await main(function* () {
      using child = new Popen(['cat'], { stdin: PIPE, stdout: PIPE, text: true })
      const reader = spawn(() => child.stdout.read())
      yield* sleep(0)
      yield* child.stdin.write('kept')
      yield* sleep(5)
      yield* reader.kill()
      yield* child.stdin.close()
      expect(yield* child.stdout.read()).toBe('kept')
      expect(yield* child.wait()).toBe(0)
    })
  })
})
