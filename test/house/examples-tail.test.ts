// What else examples/tail.ts can, besides what it shows by itself: with logs and arguments of a user; and its growing file.
import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Green, run } from 'greenloop'
import { afterAll, describe, expect, it } from 'vitest'
import { GrowingFile } from '../../examples/support/growing-file.ts'
import { checkLeaks } from '../support/leaks.ts'
import { Conversation } from './support/conversation.ts'
import { tsx } from './support/processes.ts'

checkLeaks()

const TIMEOUT = { timeout: 30_000 }

const folder = mkdtempSync(join(tmpdir(), 'greenloop-tail-'))
afterAll(() => rmSync(folder, { recursive: true }))
let made = 0

/** A path of its own, in a folder of all. */
function fresh(content?: string | Buffer): string {
  const path = join(folder, `${String(made++)}.log`)
  if (content !== undefined) writeFileSync(path, content)
  return path
}

/** Runs `body` on the growing file at `path`; `lines` gives what was read since it was last asked. */
function reading(path: string, body: (file: GrowingFile, lines: () => Green<string[]>) => Green<void>): Promise<void> {
  return run(function* () {
    const file = (yield* GrowingFile.open(path))!
    try {
      yield* body(file, function* () {
        const lines: string[] = []
        yield* file.read(function* (line) {
          lines.push(line)
        })
        return lines
      })
    } finally {
      file.close()
    }
  })
}

describe('a growing file', () => {
  it('gives a line when its end has come, and not before', async () => {
    const path = fresh('one\ntw')
    await reading(path, function* (_file, lines) {
      expect(yield* lines()).toEqual(['one'])
      expect(yield* lines()).toEqual([])
      appendFileSync(path, 'o')
      expect(yield* lines()).toEqual([])
      appendFileSync(path, '\r\n\nfour')
      expect(yield* lines()).toEqual(['two', ''])
    })
  })

  it('puts a character together that was written in two pieces', async () => {
    const bytes = Buffer.from('é€😀\n')
    const path = fresh('')
    await reading(path, function* (_file, lines) {
      for (let at = 0; at < bytes.length; at++) {
        appendFileSync(path, bytes.subarray(at, at + 1))
        expect(yield* lines()).toEqual(at === bytes.length - 1 ? ['é€😀'] : [])
      }
    })
  })

  it('gives the half line of one who writes no more, when it is asked to', async () => {
    await reading(fresh('one\nhalf'), function* (file, lines) {
      const rest: string[] = []
      function* take(line: string): Green<void> {
        rest.push(line)
      }
      expect(yield* lines()).toEqual(['one'])
      yield* file.finish(take)
      yield* file.finish(take)
      expect(rest).toEqual(['half'])
    })
  })

  // Longer than a block, in which it looks for the ends of lines; one of them lies at its edge.
  const long = Array.from({ length: 3000 }, (_, n) => String(n).padEnd(n % 97, '.'))
  it.each([0, 1, 2, 2000, 2999, 3000, 3001])('finds the last %i of 3000 lines', async (count) => {
    await reading(fresh(`${long.join('\n')}\nhalf`), function* (file, lines) {
      yield* file.goToLast(count)
      expect(yield* lines()).toEqual(count === 0 ? [] : long.slice(-count))
    })
  })

  it('finds the last line of a file that has one, or none', async () => {
    for (const [content, expected] of [
      ['', []],
      ['half', []],
      ['\n', ['']],
      ['one\n', ['one']],
    ] as const) {
      await reading(fresh(content), function* (file, lines) {
        yield* file.goToLast(1)
        expect(yield* lines()).toEqual(expected)
      })
    }
  })

  it('sees that it has become shorter, was replaced, or has lost its name', async () => {
    const path = fresh('one\ntwo\n')
    await reading(path, function* (file, lines) {
      yield* lines()
      expect(yield* file.fate(path)).toBe('the same')
      truncateSync(path, 4)
      expect(yield* file.fate(path)).toBe('shorter')
      yield* file.restart()
      expect(yield* lines()).toEqual(['one'])
      expect(yield* file.fate(path)).toBe('the same')
      renameSync(path, `${path}.1`)
      expect(yield* file.fate(path)).toBe('the same')
      writeFileSync(path, 'other')
      expect(yield* file.fate(path)).toBe('replaced')
      unlinkSync(path)
      expect(yield* file.fate(path)).toBe('the same')
    })
  })

  it('is null where there is none, and what else is wrong is said', async () => {
    await run(function* () {
      expect(yield* GrowingFile.open(fresh())).toBe(null)
    })
    await expect(reading(folder, (_file, lines) => lines() as Green<never>)).rejects.toThrow(/EISDIR/u)
  })
})

describe.concurrent('examples/tail.ts', () => {
  it('follows one log, by a pattern, until Ctrl-C', TIMEOUT, async ({ onTestFinished }) => {
    const path = fresh('error 1\nerror 2\nwell\n')
    const tail = new Conversation('examples/tail.ts', ['--lines', '2', '--grep', '^error', path], onTestFinished)
    await tail.until('error 2\n')
    appendFileSync(path, 'well\nerror 3\n')
    await tail.until('error 3\n')
    renameSync(path, `${path}.1`)
    writeFileSync(path, 'error 4\n')
    await tail.until('error 4\n')
    expect(await tail.end('SIGINT')).toEqual({
      stdout: 'error 2\nerror 3\nerror 4\n',
      stderr: `${path} is a new file\n`,
      code: 130,
    })
  })

  it('says of several which one a line is from', TIMEOUT, async ({ onTestFinished }) => {
    const [one, other] = [fresh('1\n2\n'), fresh()]
    const tail = new Conversation('examples/tail.ts', [one, other, one], onTestFinished)
    await tail.until(`${other} is not there yet\n`)
    writeFileSync(other, '3\n')
    await tail.until(`${other} | 3\n`)
    expect(await tail.end('SIGINT')).toEqual({
      stdout: `${one} | 1\n${one} | 2\n${other} | 3\n`,
      stderr: `${other} is not there yet\n${other} is a new file\n`,
      code: 130,
    })
  })

  it('ends when nobody reads any more what it prints', TIMEOUT, async ({ onTestFinished }) => {
    const path = fresh('1\n')
    const tail = new Conversation('examples/tail.ts', [path], onTestFinished)
    await tail.until('1\n')
    tail.hangUp()
    appendFileSync(path, '2\n')
    expect(await tail.ended()).toEqual({ stdout: '1\n', stderr: '', code: 0 })
  })

  it('says what is wrong', TIMEOUT, async () => {
    const [pattern, nowhere] = await Promise.all([
      tsx('examples/tail.ts', ['--grep', '(', 'web.log']),
      tsx('examples/tail.ts', [join(folder, 'nowhere', 'web.log')]),
    ])
    expect(pattern).toEqual({
      stdout: '',
      stderr: `\
Invalid regular expression: /(/u: Unterminated group
Usage: npx tsx examples/tail.ts [--lines 10] [--grep pattern] file...
`,
      code: 2,
    })
    expect(nowhere).toEqual({
      stdout: '',
      stderr: `Error: ENOENT: no such file or directory, watch '${join(folder, 'nowhere')}'\n`,
      code: 1,
    })
  })
})
