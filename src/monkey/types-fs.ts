/**
 * What the patch of `node:fs` adds, for the compiler: the forms without a callback. They are those of `FileCalls` in `src/os/files/forms.ts`, which
 * a test of types checks.
 */
/* eslint-disable @typescript-eslint/unified-signatures -- the last form of a call repeats an earlier one, for those who infer from it */
import type { Abortable } from 'node:events'
import type { ReadResult, WriteResult } from '../os/files/forms.ts'
import type { Operation } from '../protocol.ts'

declare module 'fs' {
  /** Without a callback, in a greenlet: `yield* fs.access(path)`. */
  function access(path: PathLike, mode?: number): Operation<void>
  /** Without a callback, in a greenlet: `yield* fs.appendFile(path, ...)`. */
  function appendFile(
    path: PathOrFileDescriptor,
    data: string | Uint8Array,
    options?: WriteFileOptions,
  ): Operation<void>
  /** Without a callback, in a greenlet: `yield* fs.chmod(path, ...)`. */
  function chmod(path: PathLike, mode: Mode): Operation<void>
  /** Without a callback, in a greenlet: `yield* fs.chown(path, ...)`. */
  function chown(path: PathLike, uid: number, gid: number): Operation<void>
  /** Without a callback, in a greenlet: `yield* fs.copyFile(source, ...)`. */
  function copyFile(source: PathLike, destination: PathLike, mode?: number): Operation<void>
  /** Without a callback, in a greenlet: `yield* fs.cp(source, ...)`. */
  function cp(source: string | URL, destination: string | URL, options?: CopyOptions): Operation<void>
  /** Without a callback, in a greenlet: `yield* fs.exists(path)`. */
  function exists(path: PathLike): Operation<boolean>
  /** Without a callback, in a greenlet: `yield* fs.fchmod(fd, ...)`. */
  function fchmod(fd: number, mode: Mode): Operation<void>
  /** Without a callback, in a greenlet: `yield* fs.fchown(fd, ...)`. */
  function fchown(fd: number, uid: number, gid: number): Operation<void>
  /** Without a callback, in a greenlet: `yield* fs.fdatasync(fd)`. */
  function fdatasync(fd: number): Operation<void>
  /** Without a callback, in a greenlet: `yield* fs.fstat(fd)`. */
  function fstat(fd: number, options: StatOptions & { bigint: true }): Operation<BigIntStats>
  function fstat(fd: number, options: StatOptions & { bigint?: false | undefined }): Operation<Stats>
  function fstat(fd: number, options: StatOptions): Operation<Stats | BigIntStats>
  function fstat(fd: number): Operation<Stats>
  /** Without a callback, in a greenlet: `yield* fs.fsync(fd)`. */
  function fsync(fd: number): Operation<void>
  /** Without a callback, in a greenlet: `yield* fs.ftruncate(fd)`. */
  function ftruncate(fd: number, length?: number): Operation<void>
  /** Without a callback, in a greenlet: `yield* fs.futimes(fd, ...)`. */
  function futimes(fd: number, atime: TimeLike, mtime: TimeLike): Operation<void>
  /** Without a callback, in a greenlet: `yield* fs.lchown(path, ...)`. */
  function lchown(path: PathLike, uid: number, gid: number): Operation<void>
  /** Without a callback, in a greenlet: `yield* fs.link(existingPath, ...)`. */
  function link(existingPath: PathLike, newPath: PathLike): Operation<void>
  /** Without a callback, in a greenlet: `yield* fs.lstat(path)`. */
  function lstat(path: PathLike, options: StatOptions & { bigint: true }): Operation<BigIntStats>
  function lstat(path: PathLike, options: StatOptions & { bigint?: false | undefined }): Operation<Stats>
  function lstat(path: PathLike, options: StatOptions): Operation<Stats | BigIntStats>
  function lstat(path: PathLike): Operation<Stats>
  /** Without a callback, in a greenlet: `yield* fs.lutimes(path, ...)`. */
  function lutimes(path: PathLike, atime: TimeLike, mtime: TimeLike): Operation<void>
  /** Without a callback, in a greenlet: `yield* fs.mkdir(path)`. */
  function mkdir(path: PathLike, options: MakeDirectoryOptions & { recursive: true }): Operation<string | undefined>
  function mkdir(
    path: PathLike,
    options: Mode | (MakeDirectoryOptions & { recursive?: false | undefined }) | null,
  ): Operation<void>
  function mkdir(path: PathLike, options: Mode | MakeDirectoryOptions | null): Operation<string | undefined>
  function mkdir(path: PathLike): Operation<void>
  /** Without a callback, in a greenlet: `yield* fs.mkdtemp(prefix)`. */
  function mkdtemp(prefix: string, options: BufferEncodingOption): Operation<Buffer<ArrayBuffer>>
  function mkdtemp(prefix: string, options: EncodingOption): Operation<string>
  function mkdtemp(
    prefix: string,
    options: EncodingOption | BufferEncodingOption,
  ): Operation<string | Buffer<ArrayBuffer>>
  function mkdtemp(prefix: string): Operation<string>
  /** Without a callback, in a greenlet: `yield* fs.open(path)`. */
  function open(path: PathLike, flags?: OpenMode, mode?: Mode | null): Operation<number>
  /** Without a callback, in a greenlet: `yield* fs.opendir(path)`. */
  function opendir(path: PathLike, options?: OpenDirOptions): Operation<Dir>
  /** Without a callback, in a greenlet: `yield* fs.read(fd)`. */
  function read<T extends NodeJS.ArrayBufferView>(
    fd: number,
    buffer: T,
    offset: number,
    length: number,
    position: ReadPosition | null,
  ): Operation<ReadResult<T>>
  function read<T extends NodeJS.ArrayBufferView>(
    fd: number,
    buffer: T,
    options?: ReadOptions,
  ): Operation<ReadResult<T>>
  function read<T extends NodeJS.ArrayBufferView = Buffer<ArrayBuffer>>(
    fd: number,
    options: ReadOptionsWithBuffer<T>,
  ): Operation<ReadResult<T>>
  function read(fd: number): Operation<ReadResult<Buffer<ArrayBuffer>>>
  /** Without a callback, in a greenlet: `yield* fs.readFile(path)`. */
  function readFile(
    path: PathOrFileDescriptor,
    options: ({ encoding: BufferEncoding; flag?: string | undefined } & Abortable) | BufferEncoding,
  ): Operation<string>
  function readFile(
    path: PathOrFileDescriptor,
    options: ({ encoding?: null | undefined; flag?: string | undefined } & Abortable) | null,
  ): Operation<Buffer<ArrayBuffer>>
  function readFile(
    path: PathOrFileDescriptor,
    options: (ObjectEncodingOptions & { flag?: string | undefined } & Abortable) | BufferEncoding | null,
  ): Operation<string | Buffer<ArrayBuffer>>
  function readFile(path: PathOrFileDescriptor): Operation<Buffer<ArrayBuffer>>
  /** Without a callback, in a greenlet: `yield* fs.readdir(path)`. */
  function readdir(
    path: PathLike,
    options: { encoding: 'buffer'; withFileTypes: true; recursive?: boolean | undefined },
  ): Operation<Dirent<Buffer<ArrayBuffer>>[]>
  function readdir(
    path: PathLike,
    options: ObjectEncodingOptions & { withFileTypes: true; recursive?: boolean | undefined },
  ): Operation<Dirent[]>
  function readdir(
    path: PathLike,
    options: { encoding: 'buffer'; withFileTypes?: false | undefined; recursive?: boolean | undefined } | 'buffer',
  ): Operation<Buffer<ArrayBuffer>[]>
  function readdir(
    path: PathLike,
    options:
      | { encoding?: BufferEncoding | null; withFileTypes?: false | undefined; recursive?: boolean | undefined }
      | BufferEncoding
      | null,
  ): Operation<string[]>
  function readdir(
    path: PathLike,
    options:
      | (ObjectEncodingOptions & { withFileTypes?: false | undefined; recursive?: boolean | undefined })
      | BufferEncoding
      | null,
  ): Operation<string[] | Buffer<ArrayBuffer>[]>
  function readdir(path: PathLike): Operation<string[]>
  /** Without a callback, in a greenlet: `yield* fs.readlink(path)`. */
  function readlink(path: PathLike, options: BufferEncodingOption): Operation<Buffer<ArrayBuffer>>
  function readlink(path: PathLike, options: EncodingOption): Operation<string>
  function readlink(
    path: PathLike,
    options: EncodingOption | BufferEncodingOption,
  ): Operation<string | Buffer<ArrayBuffer>>
  function readlink(path: PathLike): Operation<string>
  /** Without a callback, in a greenlet: `yield* fs.readv(fd, ...)`. */
  function readv<T extends readonly NodeJS.ArrayBufferView[]>(
    fd: number,
    buffers: T,
    position?: number | null,
  ): Operation<ReadVResult<T>>
  /** Without a callback, in a greenlet: `yield* fs.realpath(path)`. */
  function realpath(path: PathLike, options: BufferEncodingOption): Operation<Buffer<ArrayBuffer>>
  function realpath(path: PathLike, options: EncodingOption): Operation<string>
  function realpath(
    path: PathLike,
    options: EncodingOption | BufferEncodingOption,
  ): Operation<string | Buffer<ArrayBuffer>>
  function realpath(path: PathLike): Operation<string>
  // eslint-disable-next-line @typescript-eslint/no-namespace -- declaration merging
  namespace realpath {
    function native(path: PathLike, options: BufferEncodingOption): Operation<Buffer<ArrayBuffer>>
    function native(path: PathLike, options: EncodingOption): Operation<string>
    function native(
      path: PathLike,
      options: EncodingOption | BufferEncodingOption,
    ): Operation<string | Buffer<ArrayBuffer>>
    function native(path: PathLike): Operation<string>
  }
  /** Without a callback, in a greenlet: `yield* fs.rename(oldPath, ...)`. */
  function rename(oldPath: PathLike, newPath: PathLike): Operation<void>
  /** Without a callback, in a greenlet: `yield* fs.rm(path)`. */
  function rm(path: PathLike, options?: RmOptions): Operation<void>
  /** Without a callback, in a greenlet: `yield* fs.rmdir(path)`. */
  function rmdir(path: PathLike, options?: RmDirOptions): Operation<void>
  /** Without a callback, in a greenlet: `yield* fs.stat(path)`. */
  function stat(path: PathLike, options: StatOptions & { bigint: true }): Operation<BigIntStats>
  function stat(path: PathLike, options: StatOptions & { bigint?: false | undefined }): Operation<Stats>
  function stat(path: PathLike, options: StatOptions): Operation<Stats | BigIntStats>
  function stat(path: PathLike): Operation<Stats>
  /** Without a callback, in a greenlet: `yield* fs.statfs(path)`. */
  function statfs(path: PathLike, options: StatFsOptions & { bigint: true }): Operation<BigIntStatsFs>
  function statfs(path: PathLike, options: StatFsOptions & { bigint?: false | undefined }): Operation<StatsFs>
  function statfs(path: PathLike, options: StatFsOptions): Operation<StatsFs | BigIntStatsFs>
  function statfs(path: PathLike): Operation<StatsFs>
  /** Without a callback, in a greenlet: `yield* fs.symlink(target, ...)`. */
  function symlink(target: PathLike, path: PathLike, type?: 'dir' | 'file' | 'junction' | null): Operation<void>
  /** Without a callback, in a greenlet: `yield* fs.truncate(path)`. */
  function truncate(path: PathLike, length?: number): Operation<void>
  /** Without a callback, in a greenlet: `yield* fs.unlink(path)`. */
  function unlink(path: PathLike): Operation<void>
  /** Without a callback, in a greenlet: `yield* fs.utimes(path, ...)`. */
  function utimes(path: PathLike, atime: TimeLike, mtime: TimeLike): Operation<void>
  /** Without a callback, in a greenlet: `yield* fs.write(fd, ...)`. */
  function write<T extends NodeJS.ArrayBufferView>(
    fd: number,
    buffer: T,
    offset?: number | null,
    length?: number | null,
    position?: number | null,
  ): Operation<WriteResult<T>>
  function write<T extends NodeJS.ArrayBufferView>(
    fd: number,
    buffer: T,
    options: WriteOptions,
  ): Operation<WriteResult<T>>
  function write(
    fd: number,
    data: string,
    position?: number | null,
    encoding?: BufferEncoding | null,
  ): Operation<WriteResult<string>>
  /** Without a callback, in a greenlet: `yield* fs.writeFile(path, ...)`. */
  function writeFile(
    path: PathOrFileDescriptor,
    data: string | NodeJS.ArrayBufferView,
    options?: WriteFileOptions,
  ): Operation<void>
  /** Without a callback, in a greenlet: `yield* fs.writev(fd, ...)`. */
  function writev<T extends readonly NodeJS.ArrayBufferView[]>(
    fd: number,
    buffers: T,
    position?: number | null,
  ): Operation<WriteVResult<T>>
}
