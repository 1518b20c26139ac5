// The patched fs: each function is an operation when the callback is missing, Node's own call when it is there.
import fs, { readFile as namedReadFile } from 'node:fs'
import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import { type Greenlet, GreenletExit, type Operation, run } from 'greenloop'
import * as monkey from 'greenloop/monkey'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CALLBACK_LAST } from '../../src/monkey/patches/callback-last.ts'
import { isGenerator, isOperation } from '../../src/protocol.ts'
import { eventually, killedIn } from '../net/support.ts'
import { folder, openUnder, TELLS_OPEN } from '../os/files/support.ts'
import { checkLeaks } from '../support/leaks.ts'
import { message, rejection } from '../support/thrown.ts'

checkLeaks()

const original = { ...fs }
type Call = (...args: unknown[]) => unknown

beforeEach(() => {
  monkey.patchAll()
})
afterEach(() => {
  monkey.unpatchAll()
})

describe('without a callback', () => {
  const names = [...CALLBACK_LAST.fs, 'rm'].filter((name) => name in fs)
  /** In no folder that there is, and no descriptor that anybody has. */
  const [nowhere, nobody] = ['/greenloop/is/not/here', 2 ** 31 - 1]
  const takesDescriptor = (name: string): boolean => /^f|^(?:read|write)v?$/u.test(name)

  it.each(names)('%s is an operation', async (name) => {
    const given = takesDescriptor(name) ? nobody : nowhere
    const made = (Reflect.get(fs, name) as Call)(given, nowhere, 3) as Operation<unknown>
    expect([isOperation(made), isGenerator(made)]).toEqual([true, false])
    const shown = given === nobody ? String(nobody) : `'${nowhere}'`
    const isOfTwo = ['copyFile', 'cp', 'link', 'rename', 'symlink'].includes(name)
    expect([made].map(String)).toEqual([`${name}(${shown}${isOfTwo ? `, '${nowhere}'` : ''})`])
    await rejection(made)
  })

  it.each(CALLBACK_LAST.fs.filter((name) => name in fs))('%s throws unpatched', (name) => {
    monkey.unpatchAll()
    expect(message(() => (Reflect.get(fs, name) as Call)('/greenloop/nowhere', 'b', 'c'))).toMatch(/must be/u)
  })

  it('it is driven by `yield*`', async () => {
    const at = folder()
    await run(function* () {
      yield* fs.mkdir(at('below'))
      yield* fs.writeFile(at('below', 'file'), 'content')
      expect(yield* fs.readFile(at('below', 'file'), 'utf8')).toBe('content')
      expect(yield* fs.readdir(at('below'))).toEqual(['file'])
      expect((yield* fs.stat(at('below', 'file'))).size).toBe(7)
      expect([yield* fs.exists(at('below')), yield* fs.exists(at('nothing'))]).toEqual([true, false])
      expect(yield* fs.realpath.native(at('below'))).toBe(original.realpathSync.native(at('below')))
      const fd = yield* fs.open(at('below', 'file'), 'r')
      const { bytesRead, buffer } = yield* fs.read(fd, Buffer.alloc(4))
      expect([bytesRead, String(buffer)]).toEqual([4, 'cont'])
      fs.closeSync(fd)
      yield* fs.rm(at('below'), { recursive: true })
      expect(fs.existsSync(at('below'))).toBe(false)
    })
  })

  it('it is awaited by plain code', async () => {
    const at = folder()
    fs.writeFileSync(at('file'), 'x')
    expect(String(await fs.readFile(at('file')))).toBe('x')
  })

  it('a named import is one, too', async () => {
    const at = folder()
    fs.writeFileSync(at('file'), 'x')
    expect(
      await (namedReadFile as unknown as (path: string, encoding: string) => Operation<string>)(at('file'), 'utf8'),
    ).toBe('x')
  })

  it('an error is Node’s, with the stack of the greenlet', async () => {
    const error = (await rejection(
      run(function* reader() {
        yield* fs.readFile('/nowhere/at/all')
      }),
    )) as NodeJS.ErrnoException
    expect(error).toMatchObject({ code: 'ENOENT', syscall: 'open', path: '/nowhere/at/all' })
    expect(error.stack).toMatch(/\n {4}at reader \(.*fs\.test\.ts/u)
  })

  it.runIf(TELLS_OPEN)('a kill closes what comes too late', async () => {
    const at = folder()
    fs.writeFileSync(at('file'), 'x')
    for (let i = 0; i < 10; i++) {
      const victim = killedIn(fs.open(at('file')))
      await victim.join()
      expect(victim.value).toBeInstanceOf(GreenletExit)
      await killedIn(fs.opendir(at())).join()
    }
    await eventually('all are closed', () => openUnder(at()).length === 0)
  })
})

describe('with a callback', () => {
  it('answers as before', async () => {
    const at = folder()
    fs.writeFileSync(at('file'), 'content')
    const calls: [name: 'readFile' | 'stat' | 'readdir' | 'exists' | 'access' | 'realpath', ...args: unknown[]][] = [
      ['readFile', at('file')],
      ['readFile', at('file'), 'utf8'],
      ['readFile', at('nothing'), { encoding: 'utf8' }],
      ['stat', at('file'), undefined],
      ['readdir', at(), { withFileTypes: true }],
      ['exists', at('file')],
      ['access', at('nothing'), 0],
      ['realpath', at('file')],
    ]
    for (const [name, ...args] of calls) {
      const answer = (fn: Call): Promise<unknown[]> =>
        new Promise((resolve) => fn(...args, (...all: unknown[]) => resolve(all)))
      expect(await answer(fs[name] as Call)).toEqual(await answer(original[name] as Call))
    }
    const native: unknown = await new Promise((resolve) => fs.realpath.native(at('file'), (_, path) => resolve(path)))
    expect(native).toBe(fs.realpathSync.native(at('file')))
  })

  it('wrong arguments are refused by Node, as before', () => {
    for (const args of [
      [5.5, () => undefined],
      ['x', 'nonsense', () => undefined],
      [{}, null, () => undefined],
    ]) {
      const told = [fs.readFile, original.readFile].map((readFile) => message(() => (readFile as Call)(...args)))
      expect(told[0]).toBe(told[1])
    }
  })

  it('util.promisify gives what it gave', async () => {
    const at = folder()
    fs.writeFileSync(at('file'), 'content')
    const fd = fs.openSync(at('file'), 'r+')
    /* eslint-disable @typescript-eslint/no-misused-promises, @typescript-eslint/no-deprecated -- of its forms promisify takes the one with a callback */
    const [exists, read, write, readFile] = [
      promisify(fs.exists),
      promisify(fs.read),
      promisify(fs.write),
      promisify(fs.readFile),
    ]
    /* eslint-enable */
    expect(await exists(at('file'))).toBe(true)
    expect(await read(fd, Buffer.alloc(3), 0, 3, 0)).toEqual({ bytesRead: 3, buffer: Buffer.from('con') })
    expect(await write(fd, 'CON', 0)).toEqual({ bytesWritten: 3, buffer: 'CON' })
    expect(await readFile(at('file'), 'utf8')).toBe('CONtent')
    fs.closeSync(fd)
  })

  it('Node’s own streams and the loader of modules use it as before', async () => {
    const at = folder()
    fs.writeFileSync(at('module.cjs'), 'module.exports = 5')
    expect(createRequire(import.meta.url)(at('module.cjs'))).toBe(5)
    fs.createReadStream(at('module.cjs')).pipe(fs.createWriteStream(at('copy')))
    await eventually('it is copied', () => fs.existsSync(at('copy')) && fs.statSync(at('copy')).size === 18)
  })
})

describe('fs.promises', () => {
  it('stays Node’s: its promises are those that they were', async () => {
    const at = folder()
    const promise = fs.promises.open(at('file'), 'w')
    expect(promise).toBeInstanceOf(Promise)
    expect(Object.keys(promise)).toEqual([])
    const handle = await promise
    expect(handle.constructor.name).toBe('FileHandle')
    await handle.close()
    expect(fs.promises.readFile).toBe(original.promises.readFile)
    expect(await rejection(fs.promises.open(at('nowhere', 'file')))).toMatchObject({ code: 'ENOENT', syscall: 'open' })
  })

  it('its promises are driven', async () => {
    const at = folder()
    await run(function* () {
      const handle = yield* fs.promises.open(at('file'), 'w')
      yield* handle.writeFile('x')
      yield* handle.close()
      const dir = yield* fs.promises.opendir(at())
      expect((yield* dir.read())?.name).toBe('file')
      yield* dir.close()
      expect(yield* fs.promises.mkdtemp(at('temporary-'))).toContain('temporary-')
      expect(String(yield* fs.promises.readFile(at('file')))).toBe('x')
    })
  })

  it.runIf(TELLS_OPEN)(
    'a kill closes what open() and opendir() bring too late, and removes what mkdtemp() makes',
    async () => {
      const at = folder()
      fs.writeFileSync(at('file'), 'x')
      for (let i = 0; i < 10; i++) {
        await killedIn(fs.promises.open(at('file'))).join()
        await killedIn(fs.promises.opendir(at())).join()
        await killedIn(fs.promises.mkdtemp(at('temporary-'))).join()
      }
      await eventually('all are closed', () => openUnder(at()).length === 0)
      await eventually('all are removed', () => fs.readdirSync(at()).length === 1)
    },
  )

  it('a kill does not mind that it fails, and stands in messages as it is written', async () => {
    const calls: [promise: Promise<unknown>, text: string][] = [
      [fs.promises.open('/nowhere/at/all'), "open('/nowhere/at/all')"],
      [fs.promises.opendir(new URL('file:///nowhere/at/all')), 'opendir()'],
    ]
    for (const [promise, text] of calls) {
      const texts: unknown[] = []
      const victim: Greenlet = killedIn(promise, () => texts.push(victim.$wait?.describe()))
      await victim.join()
      expect([texts, victim.value]).toEqual([[text], expect.any(GreenletExit)])
    }
  })
})

it('unpatched, all is Node’s own', () => {
  monkey.unpatchAll()
  expect({ ...fs }).toEqual(original)
  expect(message(() => (fs.readFile as Call)('x'))).toMatch(/^The "cb" argument must be of type function/u)
})
