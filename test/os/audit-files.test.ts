// What an audit of files has found: kills and closings in the middle of calls, and who may read what meanwhile.
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Queue, run, sleep, spawn, until } from 'greenloop'
import { FileObject, open, writeWhole } from 'greenloop/os'
import { afterAll, describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { rejectionMessage } from '../support/thrown.ts'

checkLeaks()

const folder = mkdtempSync(join(tmpdir(), 'greenloop-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})
const file = (name: string): string => join(folder, name)

describe('a kill', () => {
  it('in readlines() loses no line', async () => {
    const pieces = new Queue<Buffer>()
    const raw = {
      label: 'the pipe',
      fd: null,
      disk: null,
      read: () => pieces.get(),
      write: () => sleep(0),
      close: () => sleep(0),
      abandon: () => undefined,
    }
    await run(function* () {
      const pipe = new FileObject(raw)
      const reader = spawn(() => pipe.readlines())
      pieces.putNowait(Buffer.from('a\nb\nc'))
      yield* sleep(0)
      yield* sleep(0)
      yield* reader.kill()
      for (const piece of ['d\n', '']) pieces.putNowait(Buffer.from(piece))
      expect(yield* pipe.readlines()).toEqual(['a\n', 'b\n', 'cd\n'])
    })
  })
})

describe('writelines()', () => {
  it('says that the file was closed meanwhile, instead of losing the rest', async () => {
    await run(function* () {
      const path = file('lines.txt')
      const target = yield* open(path, 'w', { buffering: 10 })
      const writer = spawn(() => target.writelines(['more than ten characters\n', 'short\n']))
      const refusal = rejectionMessage(writer.get())
      yield* sleep(0)
      yield* target.close()
      expect(yield* until(refusal)).toBe(`writelines() of the file "${path}": it was closed meanwhile.`)
      expect(readFileSync(path, 'utf8')).toBe('more than ten characters\n')
    })
  })
})

describe('writeWhole()', () => {
  it('lets nobody read meanwhile who may not read the file', async () => {
    const path = file('secret')
    writeFileSync(path, 'old')
    chmodSync(path, 0o600)
    await run(function* () {
      const writer = spawn(() => writeWhole(path, 'new'.repeat(500_000)))
      const modes = new Set<number>()
      while (!writer.ready()) {
        for (const name of readdirSync(folder))
          if (name.startsWith('.greenloop-')) {
            const stats = statSync(file(name), { throwIfNoEntry: false })
            if (stats !== undefined) modes.add(stats.mode & 0o777)
          }
        yield* sleep(0)
      }
      expect([...modes]).toEqual([0o600])
    })
  })
})
