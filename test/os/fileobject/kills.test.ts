// Kills in the middle of a file's calls: what was written is there, what was not given can be read, and the descriptor is closed in the end.
import nodeFs, { readFileSync, writeFileSync } from 'node:fs'
import { type Green, type Greenlet, GreenletExit, joinall, run, sleep, spawn } from 'greenloop'
import { type FileObject, open } from 'greenloop/os'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { eventually, killedIn, randomOf } from '../../net/support.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { catchReports } from '../../support/reports.ts'
import { rejectionMessage } from '../../support/thrown.ts'
import { folder, openUnder, TELLS_OPEN } from '../files/support.ts'

checkLeaks()

const SEED = 7
const FULL = "ENOSPC: no space left on device, write '/dev/full'"

/** Kills a greenlet that is in this call, and waits until it is dead. */
function* killIn(made: { [Symbol.iterator](): unknown }): Green<void> {
  const victim: Greenlet = spawn(() => made)
  yield* sleep(0)
  yield* victim.kill()
  expect(victim.value).toBeInstanceOf(GreenletExit)
}

describe.runIf(TELLS_OPEN)('a kill', () => {
  it('during open() leaves nothing open', async () => {
    const path = folder()('file')
    const seen: number[] = []
    const victims = Array.from({ length: 20 }, () => killedIn(open(path, 'w'), () => seen.push(1)))
    await joinall(victims)
    expect(victims.every(({ value }) => value instanceof GreenletExit)).toBe(true)
    await eventually('all are closed', () => nodeFs.existsSync(path) && openUnder(path).length === 0)
    expect(seen.length).toBe(20)
  })

  it('during a read takes nothing away', async () => {
    const path = folder()('file')
    writeFileSync(path, 'one\ntwo\n')
    await run(function* () {
      using file = yield* open(path)
      yield* killIn(file.readline())
      expect(file.tell()).toBe(0)
      yield* killIn(file.read())
      expect([yield* file.readline(), yield* file.readline()]).toEqual(['one\n', 'two\n'])
    })
    expect(openUnder(path)).toEqual([])
  })

  it('during a write, a flush or a seek does not keep what was written from the file', async () => {
    const path = folder()('file')
    await run(function* () {
      const file = yield* open(path, 'w+', { buffering: 3 })
      yield* killIn(file.write('0123456789'))
      yield* killIn(file.write('abcdef'))
      expect(file.tell()).toBe(16)
      yield* file.write('!')
      yield* killIn(file.flush())
      yield* file.write('?')
      yield* killIn(file.seek(0, 2))
      yield* file.flush()
      expect(readFileSync(path, 'utf8')).toBe('0123456789abcdef!?')
      yield* file.write('.')
      yield* killIn(file.close())
    })
    await eventually('it is closed', () => openUnder(path).length === 0)
    expect(readFileSync(path, 'utf8')).toBe('0123456789abcdef!?.')
  })

  it('during a write behind which the block ends: it is written, and then closed', async () => {
    const path = folder()('file')
    const victim = killedIn(
      (function* (): Green<void> {
        using file = yield* open(path, 'w', { buffering: 1000 })
        yield* file.write('kept, ')
        queueMicrotask(() => {
          victim.kill()
        })
        yield* file.write('x'.repeat(2000))
      })(),
      () => undefined,
    )
    await victim.join()
    // The first kill has hit open().
    expect(victim.value).toBeInstanceOf(GreenletExit)
    const second: Greenlet<void> = spawn(function* () {
      using file = yield* open(path, 'w', { buffering: 1000 })
      queueMicrotask(() => {
        second.kill()
      })
      yield* file.write('x'.repeat(2000))
    })
    await second.join()
    expect(second.value).toBeInstanceOf(GreenletExit)
    await eventually('it is closed', () => openUnder(path).length === 0)
    expect(readFileSync(path, 'utf8')).toBe('x'.repeat(2000))
  })

  it('in the line for a file leaves the line, and nothing of its call happens', async () => {
    const path = folder()('file')
    await run(function* () {
      using file = yield* open(path, 'w', { buffering: 0 })
      const first = spawn(() => file.write('one '))
      const second = spawn(() => file.write('two '))
      const third = spawn(() => file.write('three '))
      yield* sleep(0)
      yield* second.kill()
      yield* joinall([first, third], { raiseError: true })
      expect(readFileSync(path, 'utf8')).toBe('one three ')
    })
  })

  it('at any time leaves no descriptor, and of a log whole lines only', async () => {
    const at = folder()
    const random = randomOf(SEED)
    function* work(n: number): Green<void> {
      using file = yield* open(at(`${n % 7}`), n % 2 === 0 ? 'a' : 'a+', { buffering: n % 3 === 0 ? 0 : 100 })
      for (let line = 0; line < 10; line++) {
        yield* file.write(`${'x'.repeat(line * 7)}\n`)
        if (n % 2 === 1) {
          yield* file.seek(0)
          yield* file.readline()
        }
      }
      yield* file.close()
    }
    await run(function* () {
      const workers = Array.from({ length: 80 }, (_, n) => spawn(work, n))
      for (const worker of workers) {
        if (random() < 0.8) worker.kill()
        if (random() < 0.3) yield* sleep(random() < 0.5 ? 0 : 1)
      }
      yield* joinall(workers, { raiseError: true })
    })
    await eventually('all are closed', () => openUnder(at()).length === 0)
    const files = nodeFs.readdirSync(at())
    expect(files.length).toBe(7)
    for (const file of files) {
      const lines = readFileSync(at(file), 'utf8').split('\n')
      expect(lines.pop()).toBe('')
      expect(lines.every((line) => /^x*$/u.test(line) && line.length % 7 === 0)).toBe(true)
    }
  })
})

describe.runIf(nodeFs.existsSync('/dev/full'))('what fails when nobody waits for it any more', () => {
  it('is thrown by the next call', async () => {
    await run(function* () {
      using file = yield* open('/dev/full', 'w+', { buffering: 0 })
      yield* killIn(file.write('lost'))
      yield* sleep(5)
      expect(yield* textOf(file.read())).toBe(FULL)
      yield* killIn(file.write('lost'))
      expect(yield* textOf(file.seek(0, 2))).toBe(FULL) // it stands in line behind the write
      yield* killIn(file.write('lost'))
      yield* sleep(5)
      expect(yield* textOf(file.write('lost as well'))).toBe(FULL)
      expect(yield* textOf(file.close())).toBe(FULL)
    })
    expect(openUnder('/dev/full')).toEqual([])
  })

  it('is told to the hub when the file is left', async () => {
    const reports = catchReports()
    let file: FileObject | undefined
    await run(function* () {
      file = yield* open('/dev/full', 'w', { buffering: 0 })
      yield* killIn(file.write('lost'))
      file[Symbol.dispose]()
    })
    await eventually('it is told', () => reports.length > 0)
    expect(reports.map(({ name, error }) => [name, (error as Error).message])).toEqual([['the file "/dev/full"', FULL]])
    expect(openUnder('/dev/full')).toEqual([])
    await expect(file?.close()).resolves.toBe(undefined)
  })

  it('by close(): the wait is over, the descriptor closed, and the hub is told', async () => {
    const reports = catchReports()
    await run(function* () {
      const file = yield* open('/dev/full', 'w')
      yield* file.write('lost')
      yield* killIn(file.close())
      expect(file.closed).toBe(true)
    })
    await eventually('it is told', () => reports.length > 0)
    await eventually('it is closed', () => openUnder('/dev/full').length === 0)
    expect(reports.map(({ error }) => (error as Error).message)).toEqual([FULL])
  })
})

describe('a write that fails in the middle', () => {
  it('leaves the file where it stopped', async () => {
    const path = folder()('file')
    const write = vi.spyOn(nodeFs, 'write')
    onTestFinished(() => {
      write.mockRestore()
    })
    const file = await open(path, 'wb', { buffering: 0 })
    // The disk takes three bytes, and is full then.
    write.mockImplementationOnce(((
      fd: number,
      data: Buffer,
      from: number,
      _length: number,
      at: number,
      back: unknown,
    ) => {
      nodeFs.writeSync(fd, data, from, 3, at)
      ;(back as (error: null, length: number) => void)(null, 3)
    }) as never)
    write.mockImplementationOnce(((...args: unknown[]) => {
      ;(args[5] as (error: Error) => void)(new Error('the disk is full'))
    }) as never)
    expect(await rejectionMessage(file.write(Buffer.from('abcdef')))).toBe(`the disk is full '${path}'`)
    expect(file.tell()).toBe(3)
    await file.write(Buffer.from('!'))
    await file.close()
    expect(readFileSync(path, 'utf8')).toBe('abc!')
  })
})

/** The message of what an operation throws. */
function* textOf(made: { [Symbol.iterator](): unknown }): Green<string> {
  try {
    yield* made as Green<unknown>
  } catch (error) {
    if (error instanceof GreenletExit) throw error
    return (error as Error).message
  }
  return 'nothing was thrown'
}
