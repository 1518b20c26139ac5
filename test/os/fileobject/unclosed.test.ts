// Files that nobody closes, in processes of their own: what was written is in them, and a warning says which was dropped.
import { readFileSync } from 'node:fs'
import { FileObject, open } from 'greenloop/os'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { type ProgramEnd, runProgram } from '../../support/program.ts'
import { folder, TELLS_OPEN } from '../files/support.ts'

checkLeaks()

function ending(path: string, how: string): Promise<ProgramEnd> {
  return runProgram(new URL('./programs/unclosed.ts', import.meta.url).href, { args: [path, how] })
}

describe('a file that was not closed', () => {
  it.runIf(TELLS_OPEN)('is closed when nobody can reach it, and a warning says so', async () => {
    const at = folder()
    const { stdout, stderr, code } = await ending(at(), 'dropped')
    expect([stdout, code]).toEqual(['0 kept 0\n', 0])
    expect(stderr.replace(/\(node:\d+\)/u, '(node)').replace(/descriptor \d+/u, 'descriptor N')).toBe(
      `(node) [GREENLOOP_UNCLOSED_FILE] ResourceWarning: The file ${JSON.stringify(at('file'))} (descriptor N) was not closed before it could be reached no more; it is closed now. Right: \`using file = yield* open(...)\`.\n` +
        '(Use `node --trace-warnings ...` to show where the warning was created)\n',
    )
  })

  it.runIf(TELLS_OPEN)(
    'is written when nobody can reach it, and that is all when its descriptor is somebody else’s',
    async () => {
      const end = await ending(folder()(), 'borrowed')
      expect(end).toMatchObject({ stdout: '1 kept 0\n', stderr: '', code: 0 })
    },
  )

  it.each([
    ['end', 0, '1 true\n4\n'],
    ['exit', 3, '1 true\n'],
    ['throw', 1, '1 true\n'],
  ])('is written when the program ends: %s', async (how, code, stdout) => {
    const at = folder()
    const end = await ending(at(), how)
    expect([end.code, end.stdout]).toEqual([code, stdout])
    expect(readFileSync(at('file'), 'utf8')).toBe('kept')
  })

  it('is written when the program ends while something is under way, and so is a pipe', async () => {
    const at = folder()
    const ends = await Promise.all([ending(at(), 'flushing'), ending(folder()(), 'piped')])
    expect(ends.map(({ code, stdout, stderr }) => [code, stdout, stderr])).toEqual([
      [4, '1 true\n', ''],
      [4, '1 true\nto a pipe\n', ''],
    ])
    expect(readFileSync(at('file'), 'utf8')).toBe('kept, too')
  })
})

describe('a file that was closed', () => {
  it('leaves no listener, however it was closed', async () => {
    const path = folder()('file')
    const before = process.listenerCount('exit')
    const files = [await open(path, 'w'), await open(path, 'a')]
    expect(process.listenerCount('exit')).toBe(before + 1)
    await files[0]?.close()
    expect(process.listenerCount('exit')).toBe(before + 1)
    files[1]?.[Symbol.dispose]()
    expect(process.listenerCount('exit')).toBe(before)
    expect(files.every((file) => file instanceof FileObject && file.closed)).toBe(true)
  })
})
