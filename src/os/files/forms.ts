/**
 * The forms of the calls of `fs`: their arguments, and what each gives. Those of `node:fs`, without the callback; `src/monkey/types-fs.ts` says
 * the same of `node:fs` itself.
 *
 * Of several forms the last is what `spawn` and `withTimeout` see: `spawn(fs.readFile, path)`.
 */
/* eslint-disable @typescript-eslint/unified-signatures -- the last form of a call repeats an earlier one, for those who infer from it */
import type { Abortable } from 'node:events'
import type {
  BigIntStats,
  BigIntStatsFs,
  BufferEncodingOption,
  CopyOptions,
  constants,
  Dir,
  Dirent,
  EncodingOption,
  MakeDirectoryOptions,
  Mode,
  ObjectEncodingOptions,
  OpenDirOptions,
  OpenMode,
  PathLike,
  PathOrFileDescriptor,
  ReadOptions,
  ReadOptionsWithBuffer,
  ReadPosition,
  ReadVResult,
  RmDirOptions,
  RmOptions,
  StatFsOptions,
  StatOptions,
  Stats,
  StatsFs,
  TimeLike,
  WriteFileOptions,
  WriteOptions,
  WriteVResult,
} from 'node:fs'
import type { Operation } from '../../protocol.ts'

/** What was read from a descriptor. */
export interface ReadResult<T> {
  /** How many bytes; 0 at the end of the file. */
  bytesRead: number
  /** Where they are: what was given, or a buffer of Node's. */
  buffer: T
}

/** What was written to a descriptor. */
export interface WriteResult<T> {
  /** How many bytes; it may be less than all. */
  bytesWritten: number
  /** What was given. */
  buffer: T
}

/** What a pattern is looked for with. */
export interface GlobOptions {
  /** Where to look. @defaultValue the working directory */
  cwd?: string | URL
  /** Gives entries, which tell what they are, instead of paths. @defaultValue false */
  withFileTypes?: boolean
  /** Says of a path, or of an entry, that it is left out with all that is in it; in Node 24 and up also patterns. */
  exclude?: ((entry: never) => boolean) | readonly string[]
}

/** The operations of `fs`, by name. */
export interface FileCalls {
  /** What `access`, `open` and `copyFile` are told by numbers, and `stat` tells by them. */
  readonly constants: typeof constants
  /** Asks whether a file is there and may be used so: `mode` is made of `constants.R_OK` and its like. */
  readonly access: (path: PathLike, mode?: number) => Operation<void>
  /** Writes at the end of a file, which is made if it is not there. */
  readonly appendFile: (
    path: PathOrFileDescriptor,
    data: string | Uint8Array,
    options?: WriteFileOptions,
  ) => Operation<void>
  /** Sets who may do what with a file. */
  readonly chmod: (path: PathLike, mode: Mode) => Operation<void>
  /** Gives a file to somebody. */
  readonly chown: (path: PathLike, uid: number, gid: number) => Operation<void>
  /** Closes a descriptor. */
  readonly close: (fd: number) => Operation<void>
  /** Copies a file. `mode` is made of `constants.COPYFILE_EXCL` and its like. */
  readonly copyFile: (source: PathLike, destination: PathLike, mode?: number) => Operation<void>
  /** Copies a folder with all that is in it. */
  readonly cp: (source: string | URL, destination: string | URL, options?: CopyOptions) => Operation<void>
  /** Asks whether something is there. */
  readonly exists: (path: PathLike) => Operation<boolean>
  /** As {@link FileCalls.chmod}, of a descriptor. */
  readonly fchmod: (fd: number, mode: Mode) => Operation<void>
  /** As {@link FileCalls.chown}, of a descriptor. */
  readonly fchown: (fd: number, uid: number, gid: number) => Operation<void>
  /** Waits until what was written to a descriptor is on the disk. */
  readonly fdatasync: (fd: number) => Operation<void>
  /** As {@link FileCalls.stat}, of a descriptor. */
  readonly fstat: {
    (fd: number, options: StatOptions & { bigint: true }): Operation<BigIntStats>
    (fd: number, options: StatOptions & { bigint?: false | undefined }): Operation<Stats>
    (fd: number, options: StatOptions): Operation<Stats | BigIntStats>
    (fd: number): Operation<Stats>
  }
  /** Waits until what was written to a descriptor is on the disk, its times and size as well. */
  readonly fsync: (fd: number) => Operation<void>
  /** As {@link FileCalls.truncate}, of a descriptor. */
  readonly ftruncate: (fd: number, length?: number) => Operation<void>
  /** As {@link FileCalls.utimes}, of a descriptor. */
  readonly futimes: (fd: number, atime: TimeLike, mtime: TimeLike) => Operation<void>
  /** Lists what has a name of that pattern. In Node 22 and up. */
  readonly glob: {
    (pattern: string | readonly string[], options: GlobOptions & { withFileTypes: true }): Operation<Dirent[]>
    (pattern: string | readonly string[], options?: GlobOptions & { withFileTypes?: false }): Operation<string[]>
  }
  /** As {@link FileCalls.chown}, of a link itself. */
  readonly lchown: (path: PathLike, uid: number, gid: number) => Operation<void>
  /** Gives a file a second name. */
  readonly link: (existingPath: PathLike, newPath: PathLike) => Operation<void>
  /** As {@link FileCalls.stat}, of a link itself. */
  readonly lstat: {
    (path: PathLike, options: StatOptions & { bigint: true }): Operation<BigIntStats>
    (path: PathLike, options: StatOptions & { bigint?: false | undefined }): Operation<Stats>
    (path: PathLike, options: StatOptions): Operation<Stats | BigIntStats>
    (path: PathLike): Operation<Stats>
  }
  /** As {@link FileCalls.utimes}, of a link itself. */
  readonly lutimes: (path: PathLike, atime: TimeLike, mtime: TimeLike) => Operation<void>
  /** Makes a folder; with `{ recursive: true }` those above it as well, and gives the first of them that was made. */
  readonly mkdir: {
    (path: PathLike, options: MakeDirectoryOptions & { recursive: true }): Operation<string | undefined>
    (path: PathLike, options: Mode | (MakeDirectoryOptions & { recursive?: false | undefined }) | null): Operation<void>
    (path: PathLike, options: Mode | MakeDirectoryOptions | null): Operation<string | undefined>
    (path: PathLike): Operation<void>
  }
  /** Makes a folder whose name begins with `prefix` and is nobody else's, and gives that. A kill removes it. */
  readonly mkdtemp: {
    (prefix: string, options: BufferEncodingOption): Operation<Buffer<ArrayBuffer>>
    (prefix: string, options: EncodingOption): Operation<string>
    (prefix: string, options: EncodingOption | BufferEncodingOption): Operation<string | Buffer<ArrayBuffer>>
    (prefix: string): Operation<string>
  }
  /** Opens a file, and gives its descriptor. A kill closes it. */
  readonly open: (path: PathLike, flags?: OpenMode, mode?: Mode | null) => Operation<number>
  /** Opens a folder, whose entries are read one by one. A kill closes it. */
  readonly opendir: (path: PathLike, options?: OpenDirOptions) => Operation<Dir>
  /** Reads from a descriptor, and gives how many bytes and where they are. */
  readonly read: {
    <T extends NodeJS.ArrayBufferView>(
      fd: number,
      buffer: T,
      offset: number,
      length: number,
      position: ReadPosition | null,
    ): Operation<ReadResult<T>>
    <T extends NodeJS.ArrayBufferView>(fd: number, buffer: T, options?: ReadOptions): Operation<ReadResult<T>>
    <T extends NodeJS.ArrayBufferView = Buffer<ArrayBuffer>>(
      fd: number,
      options: ReadOptionsWithBuffer<T>,
    ): Operation<ReadResult<T>>
    (fd: number): Operation<ReadResult<Buffer<ArrayBuffer>>>
  }
  /** Reads a whole file: text, if an encoding is given, else bytes. A kill closes it. */
  readonly readFile: {
    (
      path: PathOrFileDescriptor,
      options: ({ encoding: BufferEncoding; flag?: string | undefined } & Abortable) | BufferEncoding,
    ): Operation<string>
    (
      path: PathOrFileDescriptor,
      options: ({ encoding?: null | undefined; flag?: string | undefined } & Abortable) | null,
    ): Operation<Buffer<ArrayBuffer>>
    (
      path: PathOrFileDescriptor,
      options: (ObjectEncodingOptions & { flag?: string | undefined } & Abortable) | BufferEncoding | null,
    ): Operation<string | Buffer<ArrayBuffer>>
    (path: PathOrFileDescriptor): Operation<Buffer<ArrayBuffer>>
  }
  /** Lists what is in a folder. */
  readonly readdir: {
    (
      path: PathLike,
      options: { encoding: 'buffer'; withFileTypes: true; recursive?: boolean | undefined },
    ): Operation<Dirent<Buffer<ArrayBuffer>>[]>
    (
      path: PathLike,
      options: ObjectEncodingOptions & { withFileTypes: true; recursive?: boolean | undefined },
    ): Operation<Dirent[]>
    (
      path: PathLike,
      options: { encoding: 'buffer'; withFileTypes?: false | undefined; recursive?: boolean | undefined } | 'buffer',
    ): Operation<Buffer<ArrayBuffer>[]>
    (
      path: PathLike,
      options:
        | { encoding?: BufferEncoding | null; withFileTypes?: false | undefined; recursive?: boolean | undefined }
        | BufferEncoding
        | null,
    ): Operation<string[]>
    (
      path: PathLike,
      options:
        | (ObjectEncodingOptions & { withFileTypes?: false | undefined; recursive?: boolean | undefined })
        | BufferEncoding
        | null,
    ): Operation<string[] | Buffer<ArrayBuffer>[]>
    (path: PathLike): Operation<string[]>
  }
  /** Tells what a link points to. */
  readonly readlink: {
    (path: PathLike, options: BufferEncodingOption): Operation<Buffer<ArrayBuffer>>
    (path: PathLike, options: EncodingOption): Operation<string>
    (path: PathLike, options: EncodingOption | BufferEncodingOption): Operation<string | Buffer<ArrayBuffer>>
    (path: PathLike): Operation<string>
  }
  /** Reads from a descriptor into several buffers, one after the other. */
  readonly readv: <T extends readonly NodeJS.ArrayBufferView[]>(
    fd: number,
    buffers: T,
    position?: number | null,
  ) => Operation<ReadVResult<T>>
  /** Tells the path without links and dots; `realpath.native` asks the system for it. */
  readonly realpath: {
    (path: PathLike, options: BufferEncodingOption): Operation<Buffer<ArrayBuffer>>
    (path: PathLike, options: EncodingOption): Operation<string>
    (path: PathLike, options: EncodingOption | BufferEncodingOption): Operation<string | Buffer<ArrayBuffer>>
    (path: PathLike): Operation<string>
    /** Asks the system itself. */
    readonly native: {
      (path: PathLike, options: BufferEncodingOption): Operation<Buffer<ArrayBuffer>>
      (path: PathLike, options: EncodingOption): Operation<string>
      (path: PathLike, options: EncodingOption | BufferEncodingOption): Operation<string | Buffer<ArrayBuffer>>
      (path: PathLike): Operation<string>
    }
  }
  /** Gives a file another name, in the place of what has it. */
  readonly rename: (oldPath: PathLike, newPath: PathLike) => Operation<void>
  /** Removes a file, or with `{ recursive: true }` a folder with all that is in it. */
  readonly rm: (path: PathLike, options?: RmOptions) => Operation<void>
  /** Removes a folder that is empty. */
  readonly rmdir: (path: PathLike, options?: RmDirOptions) => Operation<void>
  /** Tells what is known of a file: size, times, kind. */
  readonly stat: {
    (path: PathLike, options: StatOptions & { bigint: true }): Operation<BigIntStats>
    (path: PathLike, options: StatOptions & { bigint?: false | undefined }): Operation<Stats>
    (path: PathLike, options: StatOptions): Operation<Stats | BigIntStats>
    (path: PathLike): Operation<Stats>
  }
  /** Tells what is known of the file system that a path is in: how much is free. */
  readonly statfs: {
    (path: PathLike, options: StatFsOptions & { bigint: true }): Operation<BigIntStatsFs>
    (path: PathLike, options: StatFsOptions & { bigint?: false | undefined }): Operation<StatsFs>
    (path: PathLike, options: StatFsOptions): Operation<StatsFs | BigIntStatsFs>
    (path: PathLike): Operation<StatsFs>
  }
  /** Makes a link at `path` that points to `target`. */
  readonly symlink: (target: PathLike, path: PathLike, type?: 'dir' | 'file' | 'junction' | null) => Operation<void>
  /** Cuts a file to a length, 0 by default, or fills it up with zeroes. */
  readonly truncate: (path: PathLike, length?: number) => Operation<void>
  /** Removes a file, or a link. */
  readonly unlink: (path: PathLike) => Operation<void>
  /** Sets when a file was read and changed the last time: a Date, or seconds. */
  readonly utimes: (path: PathLike, atime: TimeLike, mtime: TimeLike) => Operation<void>
  /** Writes to a descriptor, and gives how many bytes that were, which may be less than all. */
  readonly write: {
    <T extends NodeJS.ArrayBufferView>(
      fd: number,
      buffer: T,
      offset?: number | null,
      length?: number | null,
      position?: number | null,
    ): Operation<WriteResult<T>>
    <T extends NodeJS.ArrayBufferView>(fd: number, buffer: T, options: WriteOptions): Operation<WriteResult<T>>
    (
      fd: number,
      data: string,
      position?: number | null,
      encoding?: BufferEncoding | null,
    ): Operation<WriteResult<string>>
  }
  /** Writes a whole file, in the place of what was in it. If that fails on the way, a part is there: not with `writeWhole`. */
  readonly writeFile: (
    path: PathOrFileDescriptor,
    data: string | NodeJS.ArrayBufferView,
    options?: WriteFileOptions,
  ) => Operation<void>
  /** Writes several buffers to a descriptor, one after the other. */
  readonly writev: <T extends readonly NodeJS.ArrayBufferView[]>(
    fd: number,
    buffers: T,
    position?: number | null,
  ) => Operation<WriteVResult<T>>
}
