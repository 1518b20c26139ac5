// Child processes where they are easily got wrong: who is signalled, who reads what, where a file that is handed over goes on.
import { spawn as nodeSpawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { open as openHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { resolve } from 'node:path'
import { ConcurrentObjectUseError, run as main, sleep, spawn, UsageError } from 'greenloop'
import { checkOutput, nextSignal, open, PIPE, Popen, run, StartError } from 'greenloop/os'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { Hub } from '../../src/hub/hub.ts'
import { Group } from '../../src/os/launch/group.ts'
import { checkLeaks } from '../support/leaks.ts'
import { usage } from '../support/thrown.ts'
import { VirtualClock, virtualHub } from '../support/virtual-clock.ts'
import { caught, eventually, runs } from './subprocess/processes.ts'

checkLeaks()

const folder = mkdtempSync(resolve(tmpdir(), 'greenloop-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

/** For a shell: waits until there is a file. */
const WAIT = 'while [ ! -e "$path" ]; do sleep 0.01; done'

describe('A group whose child is gone', () => {
  it('is killed at once or not at all: later its number may be a stranger\u2019s', async () => {
    const clock = new VirtualClock()
    const child = nodeSpawn('sh', ['-c', 'sleep 9 >/dev/null 2>&1 & echo $!'], { detached: true })
    const group = new Group(child.pid ?? 0, true, new Hub({ clock }), () => false)
    let said = ''
    child.stdout.on('data', (piece: Buffer) => (said += piece.toString()))
    child.on('exit', () => {
      group.childEnded()
    })
    await once(child, 'close')
    const left = Number(said)
    clock.time += 1000
    group.end('SIGKILL', 0)
    expect(runs(left)).toBe(true)
    group.childEnded() // as if it were now
    group.end('SIGKILL', 0)
    expect(await eventually(() => !runs(left))).toBe(true)
  })
})

describe('A greenlet that reads while another one is in communicate()', () => {
  it('is refused, and takes nothing away', async () => {
    await main(function* () {
      const path = resolve(folder, 'go')
      using child = new Popen(`${WAIT}; echo one; echo two`, { shell: true, env: { path }, stdout: PIPE, text: true })
      const talker = spawn(() => child.communicate())
      talker.name = 'talker'
      yield* sleep(0)
      const error = yield* caught(child.stdout.readline())
      expect(error).toBeInstanceOf(ConcurrentObjectUseError)
      expect((error as Error).message).toBe(
        'Greenlet "main" called read() of the stdout of a child, where "talker" reads already; who would get which bytes is not defined.',
      )
      writeFileSync(path, '')
      expect(yield* talker.get()).toEqual(['one\ntwo\n', null])
      expect(yield* child.stdout.readline()).toBe('')
    })
  })

  it('may read again when that was cut short', async () => {
    await main(function* () {
      const path = resolve(folder, 'go on')
      const options = { shell: true, env: { path }, stdin: PIPE, stdout: PIPE, text: true } as const
      using child = new Popen(`${WAIT}; cat`, options)
      const talker = spawn(() => child.communicate('one\ntwo\n'))
      yield* sleep(0)
      yield* talker.kill()
      writeFileSync(path, '')
      expect(yield* child.stdout.readline()).toBe('one\n')
      expect(yield* child.communicate()).toEqual(['two\n', null])
    })
  })
})

describe('communicate()', () => {
  it('writes nothing when it is refused', async () => {
    await main(function* () {
      using child = new Popen(['cat'], { stdin: PIPE, stdout: PIPE, text: true })
      const reader = spawn(() => child.stdout.readline())
      yield* sleep(0)
      expect(yield* caught(child.communicate('lost?'))).toBeInstanceOf(ConcurrentObjectUseError)
      yield* reader.kill()
      expect(yield* child.communicate('kept')).toEqual(['kept', null])
    })
  })

  it('refuses input for a stdin that was closed', async () => {
    await main(function* () {
      using child = new Popen(['cat'], { stdin: PIPE, stdout: PIPE, text: true })
      yield* child.stdin.write('first')
      yield* child.stdin.close()
      expect(usage(() => child.communicate('second'))).toBe(
        `communicate() was given input for ${String(child)}, whose stdin is closed; the child would never read it.`,
      )
      expect(yield* child.communicate()).toEqual(['first', null])
    })
  })

  it('throws when what was written is more than can be held', async () => {
    await main(function* () {
      using child = new Popen(['echo', 'much'], { stdout: PIPE })
      const tooLong = new RangeError('too long')
      const join = Buffer.concat.bind(Buffer)
      const concat = vi.spyOn(Buffer, 'concat').mockImplementation((pieces) => {
        if (String(pieces[0]) === 'much\n') throw tooLong
        return join(pieces)
      })
      try {
        expect(yield* caught(child.communicate())).toBe(tooLong)
      } finally {
        concat.mockRestore()
      }
    })
  })
})

describe('A pipe that was given to another child', () => {
  it('is not read by us', async () => {
    await main(function* () {
      using first = new Popen(['echo', 'for the other one'], { stdout: PIPE, text: true })
      using second = new Popen(['cat'], { stdin: first.stdout, stdout: PIPE, text: true })
      const read = yield* caught(first.stdout.read())
      expect(read).toBeInstanceOf(UsageError)
      expect((read as Error).message).toBe('read(): the stdout of a child was given to another child, which reads it.')
      expect(((yield* caught(first.communicate())) as Error).message).toBe(
        `communicate() of ${String(first)}: the stdout of a child was given to another child, which reads it.`,
      )
      expect(yield* second.communicate()).toEqual(['for the other one\n', null])
      yield* first.stdout.close()
      expect(yield* first.communicate()).toEqual(['', null])
    })
  })

  it('is ours still, when that could not be started', async () => {
    await main(function* () {
      using first = new Popen(['echo', 'ours'], { stdout: PIPE, text: true })
      expect(() => new Popen(['no-such-program'], { stdin: first.stdout })).toThrow(StartError)
      expect(yield* first.communicate()).toEqual(['ours\n', null])
    })
  })
})

describe('nextSignal()', () => {
  it('waits longer than the longest timer of Node', () => {
    const { clock } = virtualHub()
    const waiter = spawn(() => nextSignal('SIGUSR2'))
    clock.run(2 ** 32)
    expect(waiter.dead).toBe(false)
    process.emit('SIGUSR2', 'SIGUSR2')
    clock.run(2 ** 32)
    expect(waiter.value).toBe('SIGUSR2')
  })
})

describe('A wrong argument', () => {
  it('is named at the call', () => {
    expect(usage(() => run('ls', ['-l'] as never))).toBe(
      'run() expects its options as an object, but got an Array.\n\n' +
        "  run('ls', ['-l'])   // incorrect: arguments stand in a list\n" +
        "  run(['ls', '-l'])   // correct",
    )
    expect(usage(() => new Popen('ls', ['-l'] as never))).toBe(
      'new Popen() expects its options as an object, but got an Array.\n\n' +
        "  new Popen('ls', ['-l'])   // incorrect: arguments stand in a list\n" +
        "  new Popen(['ls', '-l'])   // correct",
    )
    expect(usage(() => run(Array(2) as string[]))).toBe(
      'run() expects item 0 of the list to be a string, but got undefined.',
    )
    const wrong: [option: object, text: string][] = [
      [{ shell: '' }, "`shell` to be a boolean or a shell, but got ''."],
      [{ cwd: '' }, "`cwd` to be a folder, but got ''."],
      [{ env: 5 }, "`env` to be an object, such as { ...process.env, LANG: 'C' }, but got 5 (number)."],
      [{ env: null }, "`env` to be an object, such as { ...process.env, LANG: 'C' }, but got null."],
      [{ env: ['A=1'] }, "`env` to be an object, such as { ...process.env, LANG: 'C' }, but got an Array."],
      [{ env: { 'A\0': '' } }, 'the names in `env` to be without a zero byte, but got "A\\u0000" (string).'],
      [{ uid: 'root' }, '`uid` to be the number of a user, 0 or more, but got "root" (string).'],
      [{ uid: -1 }, '`uid` to be the number of a user, 0 or more, but got -1 (number).'],
      [{ gid: 1.5 }, '`gid` to be the number of a group, 0 or more, but got 1.5 (number).'],
      [{ passFds: 5 }, '`passFds` to be a list of descriptors, but got 5 (number).'],
      [{ passFds: null }, '`passFds` to be a list of descriptors, but got null.'],
    ]
    for (const [option, text] of wrong) expect(usage(() => run('ls', option as never))).toBe(`run() expects ${text}`)
  })
})

describe('What is closed', () => {
  it('is refused as a stream of a child', async () => {
    const handle = await openHandle(resolve(folder, 'handle'), 'w')
    await handle.close()
    expect(usage(() => new Popen(['true'], { stdout: handle as never }))).toBe(
      '`stdout` was given a file or stream that is closed.',
    )
    const stream = createWriteStream(resolve(folder, 'stream'))
    await once(stream, 'open')
    stream.destroy()
    await once(stream, 'close')
    expect(usage(() => new Popen(['true'], { stdout: stream }))).toBe(
      '`stdout` was given a file or stream that is closed.',
    )
  })
})

describe('A file that is the stdout of a child', () => {
  it('goes on where it is, and behind what the child has written', async () => {
    await main(function* () {
      const path = resolve(folder, 'log')
      {
        using file = yield* open(path, 'w')
        yield* file.write('header\n')
        yield* file.flush()
        yield* run(['echo', 'body'], { stdout: file })
        yield* file.write('between\n')
        yield* file.flush()
        yield* run(['echo', 'more'], { stdout: file })
        yield* file.write('footer\n')
      }
      expect(readFileSync(path, 'utf8')).toBe('header\nbody\nbetween\nmore\nfooter\n')
    })
  })

  it('is refused when the child would begin somewhere else', async () => {
    await main(function* () {
      using file = yield* open(resolve(folder, 'both'), 'w+')
      yield* file.write('one\ntwo\n')
      expect(usage(() => new Popen(['echo', 'three'], { stdout: file }))).toBe(
        '`stdout` was given a file that is at the place 8; the child would begin at another.\n\n' +
          "  { stdout: yield* open(path, 'w+') }   // incorrect: only the file knows its place\n" +
          "  { stdout: yield* open(path, 'a') }    // correct",
      )
      yield* file.seek(0)
      expect(yield* checkOutput(['cat'], { stdin: file, text: true })).toBe('one\ntwo\n')
      using another = yield* open(resolve(folder, 'both'))
      yield* another.readline()
      expect(usage(() => new Popen(['cat'], { stdin: another }))).toBe(
        '`stdin` was given a file that is at the place 4; the child would begin at another.\n\n' +
          '  { stdin: file }                 // incorrect: only the file knows its place\n' +
          '  { input: yield* file.read() }   // correct',
      )
    })
  })
})
