// Files without places: a named pipe, by its descriptors.
import { execFileSync } from 'node:child_process'
import nodeFs from 'node:fs'
import { GreenletExit, run, sleep, spawn } from 'greenloop'
import { FileObject } from 'greenloop/os'
import { describe, expect, it } from 'vitest'
import { eventually } from '../../net/support.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { usage } from '../../support/thrown.ts'
import { folder, openUnder, TELLS_OPEN } from '../files/support.ts'

checkLeaks()

/** Two descriptors of a pipe. Opened for both, so that the opening waits for nobody. */
function ends(): { path: string; reads: number; writes: number } {
  const path = folder()('pipe')
  execFileSync('mkfifo', [path])
  return { path, reads: nodeFs.openSync(path, 'r+'), writes: nodeFs.openSync(path, 'r+') }
}

describe.runIf(TELLS_OPEN)('a pipe', () => {
  it('is read as things come, and written', async () => {
    const { path, reads, writes } = ends()
    await run(function* () {
      using reader = new FileObject(reads, 'r', { name: path })
      using writer = new FileObject<Buffer>(writes, 'wb')
      const line = spawn(() => reader.readline())
      yield* writer.write(Buffer.from('one\ntwo'))
      yield* writer.flush()
      expect(yield* line.get()).toBe('one\n')
      expect([yield* reader.read(2), reader.seekable, reader.name, writer.name]).toEqual(['tw', false, path, writes])
      yield* writer.flush()
      expect(reader.$takeBuffered()).toEqual(Buffer.from('o'))
    })
    expect(openUnder(path)).toEqual([])
  })

  it('loses nothing to a read that is killed: what it had asked for is given to the next one', async () => {
    const { path, reads, writes } = ends()
    await run(function* () {
      using reader = new FileObject(reads)
      for (const isLate of [true, false]) {
        const victim = spawn(() => reader.readline())
        yield* sleep(0)
        yield* victim.kill()
        expect(victim.value).toBeInstanceOf(GreenletExit)
        if (isLate) {
          nodeFs.writeSync(writes, 'came late\n')
          yield* sleep(10)
          expect(yield* reader.readline()).toBe('came late\n')
        } else {
          const next = spawn(() => reader.readline())
          yield* sleep(0)
          nodeFs.writeSync(writes, 'came to the next\n')
          expect(yield* next.get()).toBe('came to the next\n')
        }
      }
    })
    expect(openUnder(path).length).toBe(1)
    nodeFs.closeSync(writes)
  })

  it('that is left while a read is under way is closed when that is back', async () => {
    const { path, reads, writes } = ends()
    await run(function* () {
      const reader = new FileObject(reads)
      const victim = spawn(() => reader.readline())
      yield* sleep(0)
      reader[Symbol.dispose]()
      yield* victim.kill()
      expect(openUnder(path).length).toBe(2)
      nodeFs.writeSync(writes, 'x')
    })
    await eventually('it is closed', () => openUnder(path).length === 1)
    nodeFs.closeSync(writes)
  })

  it('is given what was written also when its file is left without flush()', async () => {
    const { path, reads, writes } = ends()
    await run(function* () {
      {
        using writer = new FileObject(writes, 'w')
        yield* writer.write('the rest')
      }
      using reader = new FileObject(reads)
      expect(yield* reader.read(8)).toBe('the rest')
    })
    await eventually('both are closed', () => openUnder(path).length === 0)
  })

  it('has no places to go to', () => {
    const { reads, writes } = ends()
    const reader = new FileObject(reads)
    const label = `the file of descriptor ${reads}`
    for (const call of [() => reader.seek(0), () => reader.tell(), () => reader.truncate(), () => reader.sync()])
      expect(usage(call)).toMatch(
        new RegExp(`^\\w+\\(\\) was called of ${label}, which has no places to go to\\.$`, 'u'),
      )
    expect(usage(() => new FileObject(writes, 'r+'))).toBe(
      `new FileObject() expects the file of descriptor ${writes} to have places to go to, for the mode 'r+'.`,
    )
    reader[Symbol.dispose]()
    nodeFs.closeSync(writes)
  })
})
