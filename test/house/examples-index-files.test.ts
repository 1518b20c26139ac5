// What else examples/index-files.ts can, besides what it shows by itself: with a folder and arguments of a user; and the parts of it.
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawn } from 'greenloop'
import { describe, expect, it } from 'vitest'
import { linesOf, sizeOf } from '../../examples/support/index-report.ts'
import { showProgress } from '../../examples/support/progress-line.ts'
import { checkLeaks } from '../support/leaks.ts'
import { virtualHub } from '../support/virtual-clock.ts'
import { type Ended, REPOSITORY, tsx } from './support/processes.ts'

checkLeaks()

const TIMEOUT = { timeout: 30_000 }

describe('a report of files', () => {
  const file = (path: string, size: number, hash = path) => ({ path, size, hash })

  it('sums up by kind, and names the biggest files and the copies', () => {
    const files = [
      file('b.txt', 10, 'x'),
      file('a.txt', 10, 'x'),
      file('Makefile', 30),
      file('c/d.TXT', 10),
      file('empty', 0, 'nothing'),
      file('empty too', 0, 'nothing'),
    ]
    expect([...linesOf(files, 2)]).toEqual([
      'by kind:',
      '  none         3      30 B',
      '  .txt         2      20 B',
      'the biggest:',
      '       30 B Makefile',
      '       10 B a.txt',
      'there several times, 10 B too much:',
      '       10 B a.txt = b.txt',
    ])
  })

  it('is short for no files', () => {
    expect([...linesOf([], 5)]).toEqual(['by kind:', 'the biggest:', 'there several times, 0 B too much:'])
  })

  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [1_234_567, '1.2 MB'],
    [5e9, '5.0 GB'],
    [5e15, '5000.0 TB'],
  ])('says %i as %s', (bytes, text) => {
    expect(sizeOf(bytes)).toBe(text)
  })
})

describe('a line of progress', () => {
  function show(isTTY: boolean): string[] {
    const { clock } = virtualHub()
    const written: string[] = []
    const screen = { isTTY, write: (text: string) => written.push(text) > 0 } as unknown as typeof process.stderr
    let round = 0
    const line = spawn(showProgress, () => `round ${String(++round)}`, screen)
    spawn(function* () {
      yield* line.join({ timeoutMs: 250 })
      yield* line.kill()
    })
    clock.run()
    return written
  }

  it('is written anew ten times a second, and wiped away at the end', () => {
    const clear = '\r\x1b[K'
    expect(show(true)).toEqual([`${clear}round 1`, `${clear}round 2`, `${clear}round 3`, clear])
  })

  it('is not there in a pipe', () => {
    expect(show(false)).toEqual([])
  })
})

describe.concurrent('examples/index-files.ts', () => {
  it('reads the folder that it is given, as it is', TIMEOUT, async ({ onTestFinished }) => {
    const folder = mkdtempSync(join(tmpdir(), 'greenloop-index-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    mkdirSync(join(folder, 'sub'))
    writeFileSync(join(folder, 'one.txt'), 'the same')
    writeFileSync(join(folder, 'sub', 'two.txt'), 'the same')
    writeFileSync(join(folder, 'sub', 'large.bin'), Buffer.alloc(300_000, 'x'))
    symlinkSync(folder, join(folder, 'sub', 'round'))
    expect(await tsx('examples/index-files.ts', ['--open', '1', '--top', '1', folder])).toEqual({
      stdout: `\
3 files in 2 folders, 300.0 kB
by kind:
  .bin         1  300.0 kB
the biggest:
   300.0 kB ${join('sub', 'large.bin')}
there several times, 8 B too much:
        8 B one.txt = ${join('sub', 'two.txt')}
not read: 0 vanished, 0 forbidden
never more than 1 files open
`,
      stderr: '',
      code: 0,
    })
  })

  it('counts what is forbidden to it, and goes on', TIMEOUT, async () => {
    const { stdout, stderr, code } = await asNobody('examples/index-files.ts')
    expect(stderr).toBe('')
    expect(stdout).toContain('121 files in 11 folders')
    expect(stdout).toContain('not read: 1 vanished, 1 forbidden\n')
    expect(code).toBe(0)
  })

  it('says what is wrong', TIMEOUT, async () => {
    const nowhere = join(tmpdir(), 'greenloop-nowhere')
    const [none, missing] = await Promise.all([
      tsx('examples/index-files.ts', ['--open', '0', '.']),
      tsx('examples/index-files.ts', [nowhere]),
    ])
    expect(none).toEqual({
      stdout: '',
      stderr: `\
--open expects an integer, 1 or more, but got '0'
Usage: npx tsx examples/index-files.ts [--open 16] [--top 5] folder
`,
      code: 2,
    })
    expect(missing).toEqual({
      stdout: '',
      stderr: `Error: ENOENT: no such file or directory, scandir '${nowhere}'\n`,
      code: 1,
    })
  })
})

/** Runs a file as somebody to whom something is forbidden: root is made nobody. */
function asNobody(file: string): Promise<Ended> {
  const { PATH } = process.env
  const isRoot = process.getuid?.() === 0
  const options = { cwd: REPOSITORY, env: { PATH, NO_COLOR: '1' }, ...(isRoot ? { uid: 65_534, gid: 65_534 } : {}) }
  return new Promise((resolve) => {
    const child = execFile(process.execPath, ['--import', 'tsx', file], options, (_, stdout, stderr) => {
      resolve({ stdout, stderr, code: child.exitCode ?? Number.NaN })
    })
  })
}
