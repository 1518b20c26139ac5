// What the calls of fs infer, with `greenloop/os` and patched: the same.
import type { Dir, Dirent } from 'node:fs'
import nodeFs, { type BigIntStats, type BigIntStatsFs, type Stats, type StatsFs } from 'node:fs'
import { promisify } from 'node:util'
import { type Green, type Greenlet, type Operation, Pool, spawn, withTimeout } from 'greenloop'
import 'greenloop/monkey'
import { type FileCalls, type FileChange, fs, watch, writeWhole } from 'greenloop/os'
import { expectTypeOf, it } from 'vitest'

type Bytes = Buffer<ArrayBuffer>

it('node:fs has all forms when it is patched, save what need not be patched, and what its types do not know yet', () => {
  expectTypeOf<typeof nodeFs>().toExtend<Omit<FileCalls, 'close' | 'glob'>>()
  // @ts-expect-error -- it does without a callback
  expectTypeOf<typeof nodeFs>().toExtend<Pick<FileCalls, 'close'>>()
})

it('whole files are text or bytes', () => {
  expectTypeOf(fs.readFile('p')).toEqualTypeOf<Operation<Bytes>>()
  expectTypeOf(fs.readFile(5)).toEqualTypeOf<Operation<Bytes>>()
  expectTypeOf(fs.readFile('p', null)).toEqualTypeOf<Operation<Bytes>>()
  expectTypeOf(fs.readFile('p', { flag: 'r+' })).toEqualTypeOf<Operation<Bytes>>()
  expectTypeOf(fs.readFile('p', 'utf8')).toEqualTypeOf<Operation<string>>()
  expectTypeOf(fs.readFile('p', { encoding: 'utf8' })).toEqualTypeOf<Operation<string>>()
  expectTypeOf(fs.readFile('p', { signal: AbortSignal.abort() })).toEqualTypeOf<Operation<Bytes>>()
  expectTypeOf(fs.readFile('p', {} as { encoding?: BufferEncoding | null })).toEqualTypeOf<Operation<string | Bytes>>()
  expectTypeOf(fs.writeFile('p', 'x', { mode: 0o600 })).toEqualTypeOf<Operation<void>>()
  expectTypeOf(fs.appendFile('p', Buffer.alloc(1), 'utf8')).toEqualTypeOf<Operation<void>>()
  expectTypeOf(writeWhole('p', 'x', { flush: false })).toEqualTypeOf<Operation<void>>()
})

it('folders are names, bytes or entries', () => {
  expectTypeOf(fs.readdir('p')).toEqualTypeOf<Operation<string[]>>()
  expectTypeOf(fs.readdir('p', 'utf8')).toEqualTypeOf<Operation<string[]>>()
  expectTypeOf(fs.readdir('p', { recursive: true })).toEqualTypeOf<Operation<string[]>>()
  expectTypeOf(fs.readdir('p', 'buffer')).toEqualTypeOf<Operation<Bytes[]>>()
  expectTypeOf(fs.readdir('p', { withFileTypes: true })).toEqualTypeOf<Operation<Dirent[]>>()
  expectTypeOf(fs.readdir('p', { encoding: 'buffer', withFileTypes: true })).toEqualTypeOf<Operation<Dirent<Bytes>[]>>()
  expectTypeOf(fs.opendir('p')).toEqualTypeOf<Operation<Dir>>()
  expectTypeOf(fs.mkdir('p')).toEqualTypeOf<Operation<void>>()
  expectTypeOf(fs.mkdir('p', 0o700)).toEqualTypeOf<Operation<void>>()
  expectTypeOf(fs.mkdir('p', { recursive: true })).toEqualTypeOf<Operation<string | undefined>>()
  expectTypeOf(fs.mkdtemp('p')).toEqualTypeOf<Operation<string>>()
  expectTypeOf(fs.mkdtemp('p', 'buffer')).toEqualTypeOf<Operation<Bytes>>()
  expectTypeOf(fs.glob('*')).toEqualTypeOf<Operation<string[]>>()
  expectTypeOf(fs.glob(['*'], { withFileTypes: true })).toEqualTypeOf<Operation<Dirent[]>>()
})

it('what is known of files is numbers, or large ones', () => {
  expectTypeOf(fs.stat('p')).toEqualTypeOf<Operation<Stats>>()
  expectTypeOf(fs.stat('p', { bigint: false })).toEqualTypeOf<Operation<Stats>>()
  expectTypeOf(fs.lstat('p', { bigint: true })).toEqualTypeOf<Operation<BigIntStats>>()
  expectTypeOf(fs.fstat(5, {} as nodeFs.StatOptions)).toEqualTypeOf<Operation<Stats | BigIntStats>>()
  expectTypeOf(fs.statfs('p')).toEqualTypeOf<Operation<StatsFs>>()
  expectTypeOf(fs.statfs('p', { bigint: true })).toEqualTypeOf<Operation<BigIntStatsFs>>()
  expectTypeOf(fs.exists('p')).toEqualTypeOf<Operation<boolean>>()
  expectTypeOf(fs.access('p', fs.constants.R_OK)).toEqualTypeOf<Operation<void>>()
  expectTypeOf(fs.realpath('p')).toEqualTypeOf<Operation<string>>()
  expectTypeOf(fs.realpath.native('p', 'buffer')).toEqualTypeOf<Operation<Bytes>>()
  expectTypeOf(fs.readlink('p', { encoding: 'utf8' })).toEqualTypeOf<Operation<string>>()
})

it('descriptors are numbers, and what is read keeps its type', () => {
  const bytes = new Uint8Array(5)
  expectTypeOf(fs.open('p')).toEqualTypeOf<Operation<number>>()
  expectTypeOf(fs.read(5)).toEqualTypeOf<Operation<{ bytesRead: number; buffer: Bytes }>>()
  expectTypeOf(fs.read(5, bytes)).toEqualTypeOf<Operation<{ bytesRead: number; buffer: typeof bytes }>>()
  expectTypeOf(fs.read(5, bytes, 0, 5, null)).toEqualTypeOf<Operation<{ bytesRead: number; buffer: typeof bytes }>>()
  expectTypeOf(fs.write(5, bytes)).toEqualTypeOf<Operation<{ bytesWritten: number; buffer: typeof bytes }>>()
  expectTypeOf(fs.write(5, 'x', null, 'utf8')).toEqualTypeOf<Operation<{ bytesWritten: number; buffer: string }>>()
  expectTypeOf(fs.readv(5, [bytes])).toEqualTypeOf<Operation<nodeFs.ReadVResult<(typeof bytes)[]>>>()
  expectTypeOf(fs.writev(5, [bytes])).toEqualTypeOf<Operation<nodeFs.WriteVResult<(typeof bytes)[]>>>()
  expectTypeOf(fs.close(5)).toEqualTypeOf<Operation<void>>()
})

it('greenlets infer', () => {
  expectTypeOf(spawn(fs.readFile, 'p')).toEqualTypeOf<Greenlet<Bytes, [string]>>()
  expectTypeOf(withTimeout(5, fs.stat, 'p')).toEqualTypeOf<Operation<Stats>>()
  expectTypeOf(new Pool().map((path: string) => fs.readFile(path, 'utf8'), ['p'])).toEqualTypeOf<Operation<string[]>>()
  spawn(function* (): Green<void> {
    expectTypeOf(yield* fs.readFile('p', 'utf8')).toEqualTypeOf<string>()
    const changes = watch('p')
    while (yield* changes.next()) expectTypeOf(changes.value).toEqualTypeOf<FileChange>()
  })
})

it('patched, the forms with a callback and those of promisify are what they were', () => {
  spawn(function* () {
    expectTypeOf(yield* nodeFs.readFile('p', 'utf8')).toEqualTypeOf<string>()
    expectTypeOf(yield* nodeFs.readFile('p')).toEqualTypeOf<Bytes>()
    expectTypeOf(yield* nodeFs.promises.open('p')).toEqualTypeOf<nodeFs.promises.FileHandle>()
  })
  const withCallback = (): void => {
    nodeFs.readFile('p', 'utf8', (_, text) => {
      expectTypeOf(text).toEqualTypeOf<string>()
    })
  }
  expectTypeOf(withCallback).returns.toBeVoid()
  // eslint-disable-next-line @typescript-eslint/no-misused-promises -- of its forms promisify takes the one with a callback
  expectTypeOf(promisify(nodeFs.readFile)('p', 'utf8')).toEqualTypeOf<Promise<string>>()
  expectTypeOf(spawn(nodeFs.readFile, 'p')).toExtend<Greenlet<Bytes>>()
})

it('wrong arguments do not compile', () => {
  // @ts-expect-error -- a path is no number
  fs.stat(5)
  // @ts-expect-error -- a callback is for node:fs
  fs.readFile('p', () => undefined)
  // @ts-expect-error -- no such encoding
  fs.readFile('p', 'utf9')
  // @ts-expect-error -- the second path is missing
  fs.rename('p')
  // @ts-expect-error -- the data is missing
  nodeFs.writeFile('p')
  // @ts-expect-error -- iterating is not driving
  for (const _ of fs.readdir('p'));
  // @ts-expect-error -- a folder is made by number or options
  nodeFs.mkdir('p', true)
  // @ts-expect-error -- no such option
  watch('p', { persistent: false })
  // @ts-expect-error -- a file is written as a whole by its path
  writeWhole(5, 'x')
})
