// writeWhole: the old file or the new one, never something between, and nothing beside it.
import { spawnSync } from 'node:child_process'
import nodeFs from 'node:fs'
import { pathToFileURL } from 'node:url'
import { GreenletExit, run, sleep, spawn, Timeout, withTimeout } from 'greenloop'
import { writeWhole } from 'greenloop/os'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { eventually, killedIn } from '../../net/support.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { runProgram } from '../../support/program.ts'
import { rejection, rejectionMessage, usage } from '../../support/thrown.ts'
import { folder, openUnder, TELLS_OPEN } from './support.ts'

checkLeaks()

const sh = (script: string): { status: number | null } => spawnSync('sh', ['-c', script])
const isPosix = process.platform !== 'win32'
const read = (path: string): string => nodeFs.readFileSync(path, 'utf8')
const modeOf = (path: string): number => nodeFs.statSync(path).mode & 0o7777

describe('writeWhole()', () => {
  it('makes a file, and replaces it', async () => {
    const at = folder()
    await run(function* () {
      yield* writeWhole(at('file'), 'one')
      expect(read(at('file'))).toBe('one')
      yield* writeWhole(at('file'), Buffer.from('two'))
      expect(read(at('file'))).toBe('two')
      yield* writeWhole(pathToFileURL(at('file')), '0aff', { encoding: 'hex', flush: false })
      expect(nodeFs.readFileSync(at('file'))).toEqual(Buffer.from([10, 255]))
    })
    expect(nodeFs.readdirSync(at())).toEqual(['file'])
  })

  it('writes a large file as a whole', async () => {
    const at = folder()
    const data = Buffer.alloc(5_000_000, 'large')
    await writeWhole(at('file'), data)
    expect(nodeFs.readFileSync(at('file')).equals(data)).toBe(true)
  })

  it('puts a new file in the place: who reads the old one reads on in it', async () => {
    const at = folder()
    nodeFs.writeFileSync(at('file'), 'old')
    const fd = nodeFs.openSync(at('file'), 'r')
    const { ino } = nodeFs.fstatSync(fd)
    await writeWhole(at('file'), 'new')
    expect(nodeFs.statSync(at('file')).ino).not.toBe(ino)
    expect(nodeFs.readFileSync(fd, 'utf8')).toBe('old')
    nodeFs.closeSync(fd)
  })

  it.runIf(isPosix)('keeps the mode of the old file, unless it is told another', async () => {
    const at = folder()
    nodeFs.writeFileSync(at('plain'), 'x')
    const umask = 0o666 & ~modeOf(at('plain'))
    await writeWhole(at('new'), 'x')
    expect(modeOf(at('new'))).toBe(0o666 & ~umask)
    await writeWhole(at('secret'), 'x', { mode: 0o600 })
    expect(modeOf(at('secret'))).toBe(0o600)
    nodeFs.chmodSync(at('secret'), 0o777)
    await writeWhole(at('secret'), 'y')
    expect(modeOf(at('secret'))).toBe(0o777)
    await writeWhole(at('secret'), 'z', { mode: 0o640 })
    expect(modeOf(at('secret'))).toBe(0o640 & ~umask)
  })

  it.runIf(process.geteuid?.() === 0)('keeps the owner of the old file, where it may', async () => {
    const at = folder()
    nodeFs.writeFileSync(at('file'), 'x', { mode: 0o640 })
    nodeFs.chownSync(at('file'), 65_534, 65_534)
    await writeWhole(at('file'), 'y')
    const { uid, gid } = nodeFs.statSync(at('file'))
    expect([uid, gid, modeOf(at('file'))]).toEqual([65_534, 65_534, 0o640])
    // Somebody who may write to the folder and not give files away.
    nodeFs.chownSync(at('file'), 0, 0)
    nodeFs.chmodSync(at(), 0o777)
    process.seteuid?.(65_534)
    onTestFinished(() => process.seteuid?.(0))
    await writeWhole(at('file'), 'z')
    expect([nodeFs.statSync(at('file')).uid, read(at('file'))]).toEqual([65_534, 'z'])
  })

  it.runIf(isPosix)('follows links, and leaves them', async () => {
    const at = folder()
    nodeFs.mkdirSync(at('below'))
    nodeFs.writeFileSync(at('below', 'file'), 'old')
    nodeFs.symlinkSync('below/file', at('link'))
    nodeFs.symlinkSync('link', at('second'))
    nodeFs.symlinkSync('below/nothing', at('dangling'))
    await writeWhole(at('second'), 'new')
    await writeWhole(at('dangling'), 'made')
    expect([read(at('below', 'file')), read(at('below', 'nothing'))]).toEqual(['new', 'made'])
    expect(nodeFs.readlinkSync(at('second'))).toBe('link')
    expect(nodeFs.readdirSync(at('below')).sort()).toEqual(['file', 'nothing'])
  })

  it('waits until all is on the disk, the folder as well, unless it is told not to', async () => {
    const at = folder()
    const handle = await nodeFs.promises.open(at(), 'r')
    const sync = vi.spyOn(Object.getPrototypeOf(handle) as typeof handle, 'sync')
    await handle.close()
    onTestFinished(() => {
      sync.mockRestore()
    })
    await writeWhole(at('file'), 'x', { flush: false })
    expect(sync).toHaveBeenCalledTimes(0)
    await writeWhole(at('file'), 'x')
    expect(sync).toHaveBeenCalledTimes(2)
  })

  it('does not mind a folder that cannot be asked for that, but an error of the disk', async () => {
    const at = folder()
    const { open: real } = nodeFs.promises
    const spy = vi.spyOn(nodeFs.promises, 'open')
    onTestFinished(() => {
      spy.mockRestore()
    })
    for (const code of ['EISDIR', 'EIO']) {
      spy.mockImplementation(async (path, flags, mode) => {
        if (flags === 'r') throw Object.assign(new Error(code), { code, syscall: 'fsync' })
        return real(path, flags, mode)
      })
      const written = writeWhole(at('file'), code)
      if (code === 'EIO') expect(await rejection(written)).toMatchObject({ code: 'EIO' })
      else await written
      expect(read(at('file'))).toBe(code)
    }
  })

  it('is a recipe, and stands in messages as it is written', async () => {
    const at = folder()
    const write = writeWhole(at('file'), 'x')
    expect(nodeFs.existsSync(at('file'))).toBe(false)
    const calls: unknown[] = [write]
    expect(calls.map(String)).toEqual([`writeWhole('${at('file')}')`])
    await write
    nodeFs.rmSync(at('file'))
    await write
    expect(read(at('file'))).toBe('x')
  })
})

describe('what is wrong', () => {
  it('with its arguments is said at the call', () => {
    expect(usage(() => writeWhole(5 as never, 'x'))).toBe('writeWhole() expects a path, but got 5 (number).')
    expect(usage(() => writeWhole('x', 5 as never))).toBe('writeWhole() expects text or bytes, but got 5 (number).')
    expect(usage(() => writeWhole('x', 'y', 'utf8' as never))).toBe(
      'writeWhole() expects its options as an object, such as { mode: 0o600 }, but got "utf8" (string).',
    )
    expect(usage(() => writeWhole('x', 'y', { flush: 1 as never }))).toBe(
      'writeWhole() expects `flush` to be a boolean, but got 1 (number).',
    )
  })

  it('with the world is Node’s error, with the stack of the greenlet', async () => {
    const at = folder()
    const error = (await rejection(
      run(function* saver() {
        yield* writeWhole(at('nowhere', 'file'), 'x')
      }),
    )) as NodeJS.ErrnoException
    const file = at('nowhere', 'file')
    expect(error).toMatchObject({ code: 'ENOENT', syscall: 'open', path: file })
    expect(error.message).toBe(`ENOENT: no such file or directory, open '${file}'`)
    expect(error.stack?.split('\n')[1]).toMatch(/^ {4}at saver \(.*write-whole\.test\.ts:\d+:\d+\)$/u)
    nodeFs.writeFileSync(at('file'), 'x')
    expect(await rejection(writeWhole(at('file', 'below'), 'x'))).toMatchObject({ code: 'ENOTDIR' })
  })

  it('what is there and no file is left alone', async () => {
    const at = folder()
    nodeFs.mkdirSync(at('folder'))
    expect(await rejectionMessage(writeWhole(at('folder'), 'x'))).toBe(
      `writeWhole() replaces a file, but '${at('folder')}' is a folder.`,
    )
    if (!isPosix) return
    expect(await rejectionMessage(writeWhole('/dev/null', 'x'))).toBe(
      "writeWhole() replaces a file, but '/dev/null' is a device.",
    )
    sh(`mkfifo '${at('pipe')}'`)
    expect(await rejectionMessage(writeWhole(at('pipe'), 'x'))).toBe(
      `writeWhole() replaces a file, but '${at('pipe')}' is a pipe.`,
    )
    expect(nodeFs.readdirSync(at()).sort()).toEqual(['folder', 'pipe'])
  })

  it('a full disk leaves the old file, and nothing else', async ({ skip }) => {
    const at = folder()
    const { status } = sh(`mount -t tmpfs -o size=64k tmpfs '${at()}'`)
    if (status !== 0) skip('this user may not mount a small disk')
    onTestFinished(() => void sh(`umount '${at()}'`))
    await writeWhole(at('file'), 'old')
    expect(await rejection(writeWhole(at('file'), Buffer.alloc(2 ** 20, 'new')))).toMatchObject({
      code: 'ENOSPC',
      syscall: 'write',
    })
    expect([nodeFs.readdirSync(at()), read(at('file'))]).toEqual([['file'], 'old'])
  })

  it.runIf(isPosix)('so does a file that becomes too large', async () => {
    const program = new URL('./programs/limits.ts', import.meta.url).href
    const { stdout, stderr, code } = await runProgram(program, { args: ['file size'] })
    expect([stderr, code]).toEqual(['', 0])
    expect(stdout).toBe("write EFBIG\nold [ 'file' ]\n")
  })
})

describe('a kill', () => {
  it('ends the wait at once, leaves the old file, and the temporary one goes', async () => {
    const at = folder()
    nodeFs.writeFileSync(at('file'), 'old')
    const victim = killedIn(writeWhole(at('file'), 'new'))
    await victim.join()
    expect(victim.value).toBeInstanceOf(GreenletExit)
    await sleep(5)
    expect([nodeFs.readdirSync(at()), read(at('file'))]).toEqual([['file'], 'old'])
  })

  it('at any moment: the file is the old or the new one, and nothing is left', async () => {
    const at = folder()
    nodeFs.writeFileSync(at('file'), 'old')
    const large = 'new'.repeat(500_000)
    for (let moment = 1; moment <= 30; moment++) {
      const victim = spawn(() => writeWhole(at('file'), large, { flush: moment % 2 === 0 }))
      // So many looks at what the thread pool has done: each lets it come a step further.
      for (let i = 0; i < moment; i++) await new Promise((resolve) => setImmediate(resolve))
      victim.kill()
      await victim.join()
      await eventually('the temporary file goes', () => nodeFs.readdirSync(at()).length === 1)
      const found = read(at('file'))
      expect(found === 'old' || found === large).toBe(true)
      if (victim.value === undefined) expect(found).toBe(large)
      if (TELLS_OPEN) await eventually('nothing is open', () => openUnder(at()).length === 0)
    }
  })

  it('by a timeout is no other', async () => {
    const at = folder()
    nodeFs.writeFileSync(at('file'), 'old')
    const late = withTimeout(1, function* () {
      for (;;) yield* writeWhole(at('file'), 'new', { flush: false })
    })
    expect(await rejection(late)).toBeInstanceOf(Timeout)
    await eventually('the temporary file goes', () => nodeFs.readdirSync(at()).length === 1)
    expect(['old', 'new']).toContain(read(at('file')))
  })
})

it('of several that write one file each is whole, and the last one has written it', async () => {
  const at = folder()
  const texts = Array.from({ length: 20 }, (_, i) => String(i).repeat(10_000))
  await Promise.all(texts.map((text) => writeWhole(at('file'), text, { flush: false })))
  expect(texts).toContain(read(at('file')))
  expect(nodeFs.readdirSync(at())).toEqual(['file'])
})
