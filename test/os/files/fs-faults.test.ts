// What the world answers to calls of `fs`: Node's errors, and nothing is left open by them.
import nodeFs from 'node:fs'
import { Pool, run } from 'greenloop'
import { fs } from 'greenloop/os'
import { describe, expect, it, onTestFinished } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { runProgram } from '../../support/program.ts'
import { rejection } from '../../support/thrown.ts'
import { folder, openUnder, TELLS_OPEN } from './support.ts'

checkLeaks()

const PROGRAM = new URL('./programs/limits.ts', import.meta.url).href

/** The call of the system that has failed, and how. */
async function failure(call: PromiseLike<unknown>): Promise<string> {
  const { code, syscall } = (await rejection(call)) as NodeJS.ErrnoException
  return `${syscall} ${code}`
}

describe('a fault is Node’s error', () => {
  it('ENOENT: a file that has vanished since its folder was read', async () => {
    const at = folder()
    for (const name of ['one', 'two', 'three']) nodeFs.writeFileSync(at(name), name)
    await run(function* () {
      const found: string[] = []
      for (const name of (yield* fs.readdir(at())).sort()) {
        nodeFs.rmSync(at('two'), { force: true })
        try {
          found.push(yield* fs.readFile(at(name), 'utf8'))
        } catch (err) {
          expect(err).toMatchObject({ code: 'ENOENT', syscall: 'open', path: at('two') })
        }
      }
      expect(found).toEqual(['one', 'three'])
    })
  })

  it('EISDIR, ENOTDIR, EEXIST, ENOTEMPTY: it is something else', async () => {
    const at = folder()
    nodeFs.writeFileSync(at('file'), 'x')
    expect(await failure(fs.readFile(at()))).toBe('read EISDIR')
    expect(await failure(fs.writeFile(at(), 'x'))).toBe('open EISDIR')
    expect(await failure(fs.readdir(at('file')))).toBe('scandir ENOTDIR')
    expect(await failure(fs.open(at('file', 'below')))).toBe('open ENOTDIR')
    expect(await failure(fs.mkdir(at('file')))).toBe('mkdir EEXIST')
    expect(await failure(fs.open(at('file'), 'wx'))).toBe('open EEXIST')
    expect(['rmdir ENOTEMPTY', 'rmdir EEXIST']).toContain(await failure(fs.rmdir(at())))
  })

  it('EBADF: a descriptor that is closed', async () => {
    const at = folder()
    nodeFs.writeFileSync(at('file'), 'x')
    const fd = await fs.open(at('file'))
    await fs.close(fd)
    expect(await failure(fs.read(fd))).toBe('read EBADF')
    expect(await failure(fs.fstat(fd))).toBe('fstat EBADF')
    expect(await failure(fs.close(fd))).toBe('close EBADF')
  })

  it.runIf(nodeFs.existsSync('/dev/full'))('ENOSPC: a disk that is full', async () => {
    expect(await failure(fs.writeFile('/dev/full', 'x'))).toBe('write ENOSPC')
    const fd = await fs.open('/dev/full', 'w')
    expect(await failure(fs.write(fd, 'x'))).toBe('write ENOSPC')
    await fs.close(fd)
  })

  it.runIf(process.platform !== 'win32')('EACCES, EPERM: what this user may not do', async () => {
    const at = folder()
    nodeFs.writeFileSync(at('secret'), 'x', { mode: 0o200 })
    if (process.geteuid?.() === 0) {
      // Root may read everything; so this process is nobody meanwhile.
      nodeFs.chmodSync(at(), 0o755)
      process.seteuid?.(65_534)
      onTestFinished(() => process.seteuid?.(0))
    }
    expect(await failure(fs.readFile(at('secret')))).toBe('open EACCES')
    if (process.getuid?.() === 0) expect(await failure(fs.chmod(at('secret'), 0o777))).toBe('chmod EPERM')
  })

  it.runIf(TELLS_OPEN)('of many at once, each its own, and nothing is left open', async () => {
    const at = folder()
    nodeFs.writeFileSync(at('file'), 'x')
    await run(function* () {
      const paths = Array.from({ length: 200 }, (_, i) => [at('file'), at(), at('nothing')][i % 3]!)
      const codes = yield* new Pool(10).map(function* (path: string) {
        try {
          return yield* fs.readFile(path, 'utf8')
        } catch (err) {
          return (err as NodeJS.ErrnoException).code
        }
      }, paths)
      expect(codes).toEqual(paths.map((_, i) => ['x', 'EISDIR', 'ENOENT'][i % 3]))
    })
    expect(openUnder(at())).toEqual([])
  })
})

it.runIf(process.platform !== 'win32')(
  'EMFILE: a process with too many open files goes on when some are closed',
  async () => {
    const { stdout, stderr, code } = await runProgram(PROGRAM, { args: ['descriptors'] })
    expect([stderr, code]).toEqual(['', 0])
    expect(stdout).toBe('open EMFILE\nopen EMFILE\nall closed: read again\n')
  },
)
