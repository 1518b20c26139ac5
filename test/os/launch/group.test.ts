// Who is reached by the signals of a child: its whole group, as long as that is known to be its own.
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Green, getHub, run as main, sleep, spawn } from 'greenloop'
import { DEVNULL, PIPE, Popen, run } from 'greenloop/os'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { children, membersOf, runs } from '../subprocess/processes.ts'

checkLeaks()

/** Starts a shell with two sleepers in the background, and gives their numbers. */
const SLEEPERS = 'sleep 9 & echo $!; sleep 9 & echo $!; wait'

describe('A signal to a child', () => {
  it('reaches what it has started, too', async () => {
    await main(function* () {
      using child = new Popen(SLEEPERS, { shell: true, stdin: DEVNULL, stdout: PIPE, text: true })
      const first = Number(yield* child.stdout.readline())
      const second = Number(yield* child.stdout.readline())
      expect(membersOf(child.pid)).toEqual([child.pid, first, second])
      child.kill()
      expect(yield* child.wait()).toBe(-9)
      expect(child.signal).toBe('SIGKILL')
      while (runs(first) || runs(second)) yield* sleep(2) // nobody here is their parent
    })
  })

  it('reaches the child alone in our own session', async () => {
    await main(function* () {
      using child = new Popen(SLEEPERS, {
        shell: true,
        stdin: DEVNULL,
        stdout: PIPE,
        text: true,
        startNewSession: false,
      })
      const sleepers = [Number(yield* child.stdout.readline()), Number(yield* child.stdout.readline())]
      child.terminate()
      expect(yield* child.wait()).toBe(-15)
      expect(sleepers.filter(runs)).toEqual(sleepers)
      for (const pid of sleepers) process.kill(pid, 'SIGKILL')
    })
  })

  it('may stop it and have it go on', async () => {
    await main(function* () {
      using child = new Popen(['cat'], { stdin: PIPE, stdout: PIPE, text: true })
      child.sendSignal('SIGSTOP')
      yield* child.stdin.write('late\n')
      yield* sleep(5)
      child.sendSignal('SIGCONT')
      expect(yield* child.stdout.readline()).toBe('late\n')
    })
  })

  it("goes to nobody when all have ended: the number may be a stranger's", async () => {
    await main(function* () {
      using child = new Popen(['true'], { stdout: PIPE })
      yield* child.wait()
      const kill = vi.spyOn(process, 'kill')
      child.kill()
      child.terminate()
      child[Symbol.dispose]()
      expect(kill).not.toHaveBeenCalled()
      kill.mockRestore()
    })
  })

  it('goes to those whom the child has left while they hold our pipe, and to nobody else', async () => {
    await main(function* () {
      using child = new Popen('sleep 9 & echo $!', { shell: true, stdin: DEVNULL, stdout: PIPE, text: true })
      using silent = new Popen('sleep 9 >/dev/null & echo $!', {
        shell: true,
        stdin: DEVNULL,
        stdout: PIPE,
        text: true,
      })
      const [left, unknown] = [Number(yield* child.stdout.readline()), Number(yield* silent.stdout.readline())]
      yield* child.wait()
      yield* silent.wait()
      expect(yield* silent.stdout.read()).toBe('')
      child.kill()
      silent.kill()
      expect(yield* child.stdout.read()).toBe('') // nobody holds the pipe any more
      expect([runs(left), runs(unknown)]).toEqual([false, true])
      process.kill(unknown, 'SIGKILL')
    })
  })
})

const QUIET = { shell: true, stdin: DEVNULL, stdout: PIPE, text: true } as const
const READY = 'echo ready; while :; do sleep 0.01; done'

describe('A group that is given time to end', () => {
  const stubborn = `trap "" TERM; ${READY}`
  let options: { shell: true; stdin: 'ignore'; stdout: number }
  let path = ''

  beforeEach(() => {
    const folder = mkdtempSync(join(tmpdir(), 'greenloop-'))
    path = join(folder, 'said')
    options = { shell: true, stdin: DEVNULL, stdout: openSync(path, 'w') }
    onTestFinished(() => {
      closeSync(options.stdout)
      rmSync(folder, { recursive: true })
    })
  })

  /** Waits until a child has said a line; gives all lines. */
  function* said(line: string): Green<string[]> {
    for (;;) {
      const lines = readFileSync(path, 'utf8').split('\n')
      if (lines.includes(line)) return lines
      yield* sleep(2)
    }
  }

  it('ends by itself', async () => {
    await main(function* () {
      const line = `trap "echo cleaned; exit 3" TERM; ${READY}`
      const child = new Popen(line, { ...QUIET, killSignal: 'SIGTERM', graceMs: 60_000 })
      yield* child.stdout.readline()
      child.$end()
      expect(yield* child.stdout.read()).toBe('cleaned\n')
      expect(yield* child.wait()).toBe(3)
      while (child.$group.grace !== null) yield* sleep(5) // somebody may have to fetch the last sleeper
    })
  })

  it('is killed when the time is over', async () => {
    await main(function* () {
      const child = new Popen(stubborn, { ...QUIET, killSignal: 'SIGTERM', graceMs: 30 })
      yield* child.stdout.readline()
      child[Symbol.dispose]()
      expect(yield* child.wait()).toBe(-9)
    })
  })

  it('is killed at once by a SIGKILL meanwhile', async () => {
    await main(function* () {
      const child = new Popen(stubborn, { ...QUIET, killSignal: 'SIGTERM', graceMs: 60_000 })
      yield* child.stdout.readline()
      child[Symbol.dispose]()
      child[Symbol.dispose]()
      child.kill()
      expect(yield* child.wait()).toBe(-9)
    })
  })

  it('has it when the child is gone, too, and those who are left are killed then', async () => {
    await main(function* () {
      const line = `(${stubborn}) & echo $!; wait`
      const child = new Popen(line, { ...QUIET, killSignal: 'SIGTERM', graceMs: 60 })
      const left = Number(yield* child.stdout.readline())
      expect(yield* child.stdout.readline()).toBe('ready\n')
      child[Symbol.dispose]()
      expect(yield* child.wait()).toBe(-15)
      expect(runs(left)).toBe(true)
      while (runs(left)) yield* sleep(2)
    })
  })

  it('is waited for by run(), which goes on when it is over', async () => {
    await main(function* () {
      const g = spawn(() => run(`(${stubborn}) & echo $!; wait`, { ...options, killSignal: 15, graceMs: 60 }))
      const [left = ''] = yield* said('ready')
      const began = getHub().clock.now()
      yield* g.kill()
      expect(getHub().clock.now() - began).toBeGreaterThanOrEqual(59)
      while (runs(Number(left))) yield* sleep(2) // it was told, and nobody here is its parent
    })
  })

  it('is killed by whoever breaks off that waiting', async () => {
    await main(function* () {
      const g = spawn(() => run(stubborn, { ...options, killSignal: 'SIGTERM', graceMs: 60_000 }))
      yield* said('ready')
      const [group = 0] = children()
      g.kill()
      yield* sleep(5)
      expect(g.ready()).toBe(false)
      yield* g.kill()
      expect(g.ready()).toBe(true)
      while (membersOf(group).length > 0) yield* sleep(2)
    })
  })
})
