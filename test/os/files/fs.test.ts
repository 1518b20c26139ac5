// The calls of `fs`: each gives what util.promisify of Node's function gives, and a kill leaves nothing open.
import nodeFs from 'node:fs'
import { promisify } from 'node:util'
import {
  choose,
  GreenletExit,
  LoopExit,
  type Operation,
  Pool,
  run,
  sleep,
  spawn,
  Timeout,
  until,
  withTimeout,
} from 'greenloop'
import { type FileCalls, fs } from 'greenloop/os'
import { describe, expect, it } from 'vitest'
import { FileFunction, type NodeCall } from '../../../src/os/files/file-call.ts'
import { eventually, inWait, killedIn } from '../../net/support.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { rejection, usage } from '../../support/thrown.ts'
import { folder, openUnder, TELLS_OPEN } from './support.ts'

checkLeaks()

type Name = Exclude<keyof FileCalls, 'constants' | 'glob'>
type Path = (...names: string[]) => string

/** Files to work on: a file, an empty folder, a link, an open descriptor. */
function stage(): { at: Path; fd: number } {
  const at = folder()
  nodeFs.writeFileSync(at('file'), 'content')
  nodeFs.mkdirSync(at('empty'))
  nodeFs.symlinkSync('file', at('link'))
  return { at, fd: nodeFs.openSync(at('file'), 'r+') }
}

/** Calls of each function; the results of two that were made in stages of their own are compared. */
const CALLS: Readonly<Record<Name, (at: Path, fd: number) => readonly (readonly unknown[])[]>> = {
  access: (at) => [[at('file')], [at('file'), nodeFs.constants.R_OK], [at('nothing')]],
  appendFile: (at) => [
    [at('file'), ' more'],
    [at('new'), 'ff', { encoding: 'hex' }],
    [at('empty'), 'x'],
  ],
  chmod: (at) => [
    [at('file'), 0o600],
    [at('nothing'), 0o600],
  ],
  chown: (at) => [
    [at('file'), process.getuid?.() ?? 0, process.getgid?.() ?? 0],
    [at('nothing'), 0, 0],
  ],
  close: (_, fd) => [[fd], [2 ** 31 - 1]],
  copyFile: (at) => [
    [at('file'), at('copy')],
    [at('file'), at('copy'), nodeFs.constants.COPYFILE_EXCL],
  ],
  cp: (at) => [
    [at('empty'), at('copy'), { recursive: true }],
    [at('nothing'), at('other')],
  ],
  exists: (at) => [[at('file')], [at('nothing')], [5]],
  fchmod: (_, fd) => [[fd, 0o600]],
  fchown: (_, fd) => [[fd, process.getuid?.() ?? 0, process.getgid?.() ?? 0]],
  fdatasync: (_, fd) => [[fd]],
  fstat: (_, fd) => [[fd], [fd, { bigint: true }]],
  fsync: (_, fd) => [[fd]],
  ftruncate: (_, fd) => [[fd], [fd, 3]],
  futimes: (_, fd) => [[fd, 1, 2]],
  lchown: (at) => [[at('link'), process.getuid?.() ?? 0, process.getgid?.() ?? 0]],
  link: (at) => [
    [at('file'), at('second')],
    [at('nothing'), at('third')],
  ],
  lstat: (at) => [[at('link')], [at('link'), { bigint: true }]],
  lutimes: (at) => [[at('link'), 1, 2]],
  mkdir: (at) => [[at('folder')], [at('file')], [at('one', 'two'), { recursive: true }]],
  mkdtemp: (at) => [[at('temporary-')], [at('temporary-'), 'buffer'], [at('nothing', 'x')]],
  open: (at) => [[at('file')], [at('new'), 'wx', 0o600], [at('nothing'), undefined, undefined]],
  opendir: (at) => [[at()], [at('nothing')]],
  read: (_, fd) => [
    [fd, Buffer.alloc(9), 0, 3, 0],
    [fd, { position: 2 }],
    [fd, Buffer.alloc(9), { position: 5 }],
    [fd],
    [2 ** 31 - 1],
  ],
  readFile: (at, fd) => [
    [at('file')],
    [at('file'), 'utf8'],
    [at('file'), { encoding: 'hex' }],
    [at('file'), null],
    [fd, 'utf8'],
    [at('empty')],
    [at('nothing'), 'utf8'],
  ],
  readdir: (at) => [
    [at()],
    [at(), 'buffer'],
    [at(), { withFileTypes: true }],
    [at(), { recursive: true }],
    [at('file')],
  ],
  readlink: (at) => [[at('link')], [at('link'), 'buffer'], [at('file')]],
  readv: (_, fd) => [[fd, [Buffer.alloc(2), Buffer.alloc(3)], 1]],
  realpath: (at) => [[at('empty', '..', 'link')], [at('link'), 'buffer'], [at('nothing')]],
  rename: (at) => [
    [at('file'), at('moved')],
    [at('nothing'), at('moved')],
  ],
  rm: (at) => [[at('file')], [at('nothing')], [at('nothing'), { force: true }], [at(), { recursive: true }]],
  rmdir: (at) => [[at('empty')], [at()]],
  stat: (at) => [[at('link')], [at('link'), { bigint: true }], [at('nothing')]],
  statfs: (at) => [[at()], [at(), { bigint: true }]],
  symlink: (at) => [
    [at('file'), at('other')],
    [at('file'), at('other'), null],
  ],
  truncate: (at) => [[at('file'), 2], [at('file')], [at('nothing')]],
  unlink: (at) => [[at('file')], [at('nothing')]],
  utimes: (at) => [[at('file'), 1, new Date(2)]],
  write: (_, fd) => [
    [fd, 'text', 2],
    [fd, Buffer.from('bytes'), 1, 2, 0],
    [fd, new Uint8Array(2), { length: 1 }],
  ],
  writeFile: (at, fd) => [
    [at('file'), 'text'],
    [at('new'), Buffer.from('x'), { mode: 0o600 }],
    [fd, 'y'],
    [at('empty'), 'x'],
  ],
  writev: (_, fd) => [[fd, [Buffer.from('a'), Buffer.from('bc')], 1]],
}

type Shown = { [key: string]: unknown }

/** Of an outcome what is the same in each run. Descriptors and folders that it opens are closed. */
function settled(name: string, outcome: unknown, at: Path): unknown {
  if (name === 'open' && typeof outcome === 'number') nodeFs.closeSync(outcome)
  if (outcome instanceof nodeFs.Dir) outcome.closeSync()
  if (name === 'open' || name === 'opendir') return typeof outcome
  if (outcome instanceof Error) {
    const { code, errno, syscall, path = '', dest = '' } = outcome as NodeJS.ErrnoException & { dest?: string }
    const isTemporary = name === 'mkdtemp' // whose path has random letters
    return { code, errno, syscall, path: isTemporary ? '' : path.replace(at(), ''), dest: dest.replace(at(), '') }
  }
  if (name.endsWith('stat')) {
    const { mode, size, nlink } = outcome as nodeFs.Stats
    return { kind: outcome?.constructor.name, mode, size, nlink }
  }
  if (name === 'statfs') return Object.entries(outcome as object).map(([key, value]) => [key, typeof value])
  if (name === 'mkdtemp') return [typeof outcome, String(outcome).length]
  if (typeof outcome === 'string') return outcome.replace(at(), '')
  if (Buffer.isBuffer(outcome)) return { buffer: String(outcome).replace(at(), '') }
  if (Array.isArray(outcome)) return outcome.map((item: unknown) => settled('', item, at))
  if (outcome instanceof nodeFs.Dirent) return [outcome.name, outcome.isFile(), outcome.isSymbolicLink()]
  return outcome
}

/** What all files of a folder are. */
function listing(at: Path): Shown {
  if (!nodeFs.existsSync(at())) return {}
  const names = nodeFs.readdirSync(at(), { recursive: true, encoding: 'utf8' }).sort()
  return Object.fromEntries(
    names.map((name) => {
      const stats = nodeFs.lstatSync(at(name))
      const content = stats.isFile() ? nodeFs.readFileSync(at(name), 'latin1') : ''
      return [name.replace(/^temporary-.*/u, 'temporary'), [stats.mode, content]]
    }),
  )
}

type Call = (...args: readonly unknown[]) => PromiseLike<unknown>

/** All that the calls of a function do, in a stage of its own. */
async function outcomes(name: Name, call: Call): Promise<unknown[]> {
  const { at, fd } = stage()
  const all: unknown[] = []
  for (const args of CALLS[name](at, fd)) {
    const outcome = await call(...args).then(
      (value) => value,
      (error: unknown) => error,
    )
    all.push([settled(name, outcome, at), listing(at)])
  }
  if (name !== 'close') nodeFs.closeSync(fd)
  return all
}

describe('each call', () => {
  const names = Object.keys(CALLS) as Name[]
  /** `promisify` calls one property of its outcome otherwise than Node's documentation, and than `fs.promises`. */
  const documented = (name: Name, theirs: Call): Call => {
    if (name !== 'writev') return theirs
    return async (...args) => {
      const { bytesWritten, ...rest } = (await theirs(...args)) as { bytesWritten: number; buffer: unknown }
      return { bytesWritten, buffers: rest.buffer }
    }
  }

  it('is there for every function of node:fs that takes its callback last', () => {
    const theirs = Object.keys(nodeFs).filter((name) => {
      const fn: unknown = Reflect.get(nodeFs, name)
      return typeof fn === 'function' && `${name}Sync` in nodeFs && !['glob', 'openAsBlob'].includes(name) // it has its own test, and that gives a promise
    })
    expect(names).toEqual(theirs.sort())
  })

  it.each(names)('%s gives what util.promisify of Node’s gives, and does what it does', async (name) => {
    const theirs = documented(name, promisify(Reflect.get(nodeFs, name) as NodeCall))
    const ours = fs[name] as Call
    const expected = await outcomes(name, theirs)
    expect(await outcomes(name, ours)).toEqual(expected)
    // Driven in a greenlet instead of awaited by plain code.
    const driven: Call = (...args) => spawn(() => ours(...args)).get()
    expect(await outcomes(name, driven)).toEqual(expected)
  })

  it('realpath.native is that of the system', async () => {
    const { at } = stage()
    expect(await fs.realpath.native(at('link'))).toBe(nodeFs.realpathSync.native(at('link')))
  })

  it('glob lists what has such a name, or says that this Node has none', async () => {
    const { at } = stage()
    if ('glob' in nodeFs) expect((await fs.glob('*i*', { cwd: at() })).sort()).toEqual(['file', 'link'])
    else expect(usage(() => fs.glob('*'))).toBe(`fs.glob() is not there in Node ${process.versions.node}.`)
  })

  it('constants are Node’s', () => {
    expect(fs.constants).toBe(nodeFs.constants)
  })

  it('is a recipe: driven again it does it again', async () => {
    const { at } = stage()
    const append = fs.appendFile(at('file'), '!')
    expect(nodeFs.readFileSync(at('file'), 'utf8')).toBe('content')
    await append
    await append
    expect(nodeFs.readFileSync(at('file'), 'utf8')).toBe('content!!')
  })

  it('has the name of Node’s function, and stands in messages as it is written', () => {
    expect(fs.readFile.name).toBe('readFile')
    const calls: Operation<unknown>[] = [
      fs.readFile('a.txt', 'utf8'),
      fs.rename('a', 'b'),
      fs.close(5),
      fs.stat(new URL('file:///x')),
      fs.stat(Buffer.from('x')),
      fs.writeFile('a', 'secret'),
      fs.realpath.native('x'),
    ]
    expect(calls.map(String)).toEqual([
      "readFile('a.txt')",
      "rename('a', 'b')",
      'close(5)',
      "stat('file:///x')",
      'stat(...)',
      "writeFile('a')",
      "realpath.native('x')",
    ])
  })

  it('takes a signal, beside the one that a kill fires', async () => {
    const { at } = stage()
    const { signal } = new AbortController()
    expect(await fs.readFile(at('file'), { encoding: 'utf8', signal })).toBe('content')
    const aborted = AbortSignal.abort(new Error('enough'))
    const error = await rejection(fs.readFile(at('file'), { signal: aborted }))
    expect(error).toMatchObject({ code: 'ABORT_ERR', cause: new Error('enough') })
  })

  it('works with withTimeout, spawn and pools', async () => {
    const { at } = stage()
    await run(function* () {
      expect((yield* withTimeout(1000, fs.stat, at('file'))).size).toBe(7)
      expect(String(yield* spawn(fs.readFile, at('file')).get())).toBe('content')
      const sizes = yield* new Pool(2).map((name: string) => fs.stat(at(name)), ['file', 'link'])
      expect(sizes.map(({ size }) => size)).toEqual([7, 7])
    })
  })
})

describe('wrong arguments', () => {
  it('a callback is refused: that is for node:fs', () => {
    const read = fs.readFile as unknown as NodeCall
    expect(usage(() => read('x', 'utf8', () => undefined))).toBe(
      'fs.readFile() was given a callback, but it is an operation, which a greenlet drives.\n\n' +
        '  fs.readFile(..., callback)   // incorrect: this is not node:fs\n' +
        '  yield* fs.readFile(...)      // correct: gives what the callback would be given',
    )
  })

  it('are refused by Node in its own words when it is driven, and nothing is left', async () => {
    const call = (fn: unknown, ...args: unknown[]): PromiseLike<unknown> => (fn as Call)(...args)
    for (const [made, text] of [
      [call(fs.readFile, {}), 'The "path" argument must be of type string or an instance of Buffer or URL.'],
      [call(fs.rename, 'a'), 'The "newPath" argument must be of type string or an instance of Buffer or URL.'],
      [call(fs.writeFile, 'a'), 'The "data" argument must be of type string or an instance of Buffer, TypedArray'],
      [call(fs.readFile, 'a', 5), 'The "options" argument must be one of type string or object.'],
      [call(fs.readFile, 'a', 'nonsense'), "The argument 'encoding' is invalid encoding. Received 'nonsense'"],
    ] as const) {
      const error = await rejection(made)
      expect(error).toBeInstanceOf(TypeError)
      expect((error as Error).message).toContain(text.slice(0, 40))
    }
  })
})

describe('an error', () => {
  function* reader(path: string) {
    return yield* fs.readFile(path)
  }

  it('is Node’s own, and its stack shows where the greenlet called', async () => {
    const error = (await rejection(
      run(function* outer() {
        return yield* reader('/nowhere/at/all')
      }),
    )) as NodeJS.ErrnoException
    expect({ ...error }).toEqual({ errno: -2, code: 'ENOENT', syscall: 'open', path: '/nowhere/at/all' })
    const [head, first, second] = error.stack?.split('\n') ?? []
    expect(head).toBe("Error: ENOENT: no such file or directory, open '/nowhere/at/all'")
    expect(first).toMatch(/^ {4}at reader \(.*fs\.test\.ts:\d+:\d+\)$/u)
    expect(second).toMatch(/^ {4}at outer \(.*fs\.test\.ts:\d+:\d+\)$/u)
  })

  it('that Node has made with frames of its own has ours, too', async () => {
    const error = (await rejection(
      run(function* copier() {
        yield* fs.cp('/nowhere/at/all', '/nowhere/else')
      }),
    )) as NodeJS.ErrnoException
    expect(error.code).toBe('ENOENT')
    expect(error.stack).toMatch(/at copier \(.*fs\.test\.ts/u)
  })

  it('of somebody else, thrown into the wait, keeps its stack', async () => {
    const { at } = stage()
    const mine = Object.assign(new Error('mine'), { syscall: 'none' })
    const { stack } = mine
    const victim = spawn(() => fs.readFile(at('file')))
    victim.rawlink(() => undefined)
    await Promise.resolve()
    victim.kill(mine)
    expect(await rejection(victim.get())).toBe(mine)
    expect(mine.stack).toBe(stack)
  })
})

describe('a kill', () => {
  it('ends the wait at once, and what the call was to give is dropped', async () => {
    const { at } = stage()
    const victim = killedIn(fs.readFile(at('file')))
    await victim.join()
    expect(victim.value).toBeInstanceOf(GreenletExit)
  })

  it.runIf(TELLS_OPEN)('closes what open() brings too late', async () => {
    const { at, fd } = stage()
    nodeFs.closeSync(fd)
    for (let i = 0; i < 20; i++) await killedIn(fs.open(at('file'))).join()
    await eventually('all are closed', () => openUnder(at()).length === 0)
  })

  it.runIf(TELLS_OPEN)('closes what opendir() brings too late', async () => {
    const { at, fd } = stage()
    nodeFs.closeSync(fd)
    for (let i = 0; i < 20; i++) await killedIn(fs.opendir(at())).join()
    await eventually('all are closed', () => openUnder(at()).length === 0)
  })

  it('removes what mkdtemp() makes too late', async () => {
    const { at } = stage()
    for (let i = 0; i < 5; i++) await killedIn(fs.mkdtemp(at('temporary-'))).join()
    await fs.stat(at('file')) // behind them in the line
    await eventually('all are removed', () => nodeFs.readdirSync(at()).length === 3)
  })

  it.runIf(TELLS_OPEN)('stops readFile() at its next step, and Node closes the file', async () => {
    const { at, fd } = stage()
    nodeFs.closeSync(fd)
    nodeFs.truncateSync(at('file'), 2 ** 28)
    const victim = spawn(() => fs.readFile(at('file')))
    await eventually('it is open', () => openUnder(at()).length === 1)
    victim.kill()
    await victim.join()
    await eventually('it is closed', () => openUnder(at()).length === 0)
  })

  it('lets a write come to its end unseen', async () => {
    const { at } = stage()
    await killedIn(fs.writeFile(at('new'), 'all of it')).join()
    await eventually('it is written', () => nodeFs.existsSync(at('new')) && nodeFs.statSync(at('new')).size === 9)
  })

  it('of a branch that loses in choose() is one as well', async () => {
    const { at } = stage()
    await run(function* () {
      const [key] = yield* choose({ now: sleep(0), dir: fs.opendir(at()) })
      expect(key).toBe('now')
    })
    if (TELLS_OPEN) await eventually('it is closed', () => openUnder(at()).length === 1) // the stage's own
  })

  it('by a timeout is no other', async () => {
    const { at } = stage()
    const timeout = new Timeout(0)
    const late = spawn(function* () {
      return yield* timeout.run(() => until(new Promise(() => undefined)))
    })
    expect(await rejection(late.get())).toBe(timeout)
    await run(function* () {
      const given = yield* withTimeout({ ms: 0, timeoutValue: 'late' }, function* () {
        for (;;) yield* fs.readFile(at('file'))
      })
      expect(given).toBe('late')
    })
  })
})

describe('Node’s function', () => {
  /** Operations over a function of our own, which notes what it is given. */
  function fake(name: string, fn: (...args: never[]) => unknown): (...args: unknown[]) => Operation<unknown> {
    const made = new FileFunction(name, fn as NodeCall)
    return (...args) => made.call(args)
  }

  it('may call back at once, with a value or an error', async () => {
    const now = fake('stat', (value: unknown, callback: (error: unknown, value: unknown) => void) => {
      callback(value instanceof Error ? value : null, value)
    })
    await run(function* () {
      expect(yield* now('there')).toBe('there')
    })
    const error = new Error('not there')
    expect(await rejection(now(error))).toBe(error)
  })

  it('may throw, and nothing is left', async () => {
    const broken = fake('stat', () => {
      throw new RangeError('no')
    })
    expect(await rejection(broken('x'))).toEqual(new RangeError('no'))
  })

  it('is given what stops it, as a signal, with the options, whatever they are', async () => {
    const given: unknown[] = []
    const read = fake('readFile', (_: unknown, options: unknown) => {
      given.push(options)
    })
    const inherited = Object.create({ flag: 'r+' }) as object
    const theirs = new AbortController()
    const calls = [
      read('x'),
      read('x', null),
      read('x', 'utf8'),
      read('x', { encoding: 'hex' }),
      read('x', inherited),
      read('x', { signal: theirs.signal }),
      read('x', { signal: 5 }),
    ]
    const victims = calls.map((call) => spawn(() => call))
    await inWait(victims.at(-1)!)
    const signal = expect.objectContaining({ aborted: false, reason: undefined }) as unknown
    expect(given).toEqual([
      { encoding: undefined, signal },
      { encoding: null, signal },
      { encoding: 'utf8', signal },
      { encoding: 'hex', signal },
      { flag: 'r+', signal },
      { signal },
      { signal: 5 }, // which Node refuses
    ])
    const isAborted = (): unknown[] => given.map((options) => (options as { signal: AbortSignal }).signal.aborted)
    expect(isAborted()).toEqual([false, false, false, false, false, false, undefined])
    for (const victim of victims) victim.kill()
    expect(isAborted()).toEqual([true, true, true, true, true, true, undefined])
    expect(theirs.signal.aborted).toBe(false)
    const [, , , , , beside] = given as { signal: AbortSignal }[]
    const reason = new Error('theirs')
    theirs.abort(reason)
    expect([beside?.signal.aborted, beside?.signal.reason]).toEqual([true, reason])
    await Promise.all(victims.map((victim) => victim.join()))
  })

  it('tells nobody whose wait is over, and gives nothing back that has failed', async () => {
    const callbacks: ((error: unknown, fd?: number) => void)[] = []
    const open = fake('open', (_: unknown, callback: (error: unknown, fd?: number) => void) => {
      callbacks.push(callback)
    })
    const victim = spawn(() => open('x'))
    await inWait(victim)
    victim.kill()
    await victim.join()
    callbacks[0]!(new Error('late'))
    expect(victim.value).toBeInstanceOf(GreenletExit)
  })

  it('that never calls back is named by LoopExit’s list as it is written', async () => {
    const never = fake('stat', () => undefined)
    const victim = spawn(() => never('x'))
    await inWait(victim)
    expect(victim.$wait?.describe()).toBe("stat('x')")
    victim.kill()
    await victim.join()
    expect(new LoopExit('').waiting).toEqual([])
  })
})
