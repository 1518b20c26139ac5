/**
 * `open`: a file by its path, as a FileObject.
 *
 * Stands on the call of `fs.open`, which closes a descriptor that comes too late, and on the FileObject.
 */
import type { PathLike } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { UsageError } from '../../errors/classes.ts'
import { show } from '../../errors/usage.ts'
import type { Operation } from '../../protocol.ts'
import { operation } from '../../waiting/operation.ts'
import { fs } from '../files/fs.ts'
import { Descriptor } from './descriptor.ts'
import { accessOf, type Content, checkFileOptions, type FileMode, type ModeOf } from './file-mode.ts'
import { FileObject } from './file-object.ts'

/** How a file is opened. */
export interface OpenOptions {
  /** Of text. @defaultValue 'utf8' */
  encoding?: BufferEncoding
  /** How many bytes are kept before they are handed to the system; 0: each `write` is handed over at once. @defaultValue 65536 */
  buffering?: number
  /** Who may do what with a file that is made, less what the process's umask forbids. @defaultValue 0o666 */
  permissions?: number
}

/**
 * Opens a file.
 *
 * @param path - which one.
 * @param mode - Python's: `r` to read; `w` to write, from nothing; `a` to write at the end; `x` to write a file that is not there yet. With `+`
 * for reading and writing, and with `b` for bytes instead of text. @defaultValue 'r'
 * @param options - `encoding`, `buffering`, `permissions`.
 * @returns the file; close it by `using`.
 * @throws UsageError at the call for wrong arguments; Node's error when it cannot be opened. A greenlet that is killed meanwhile leaves nothing
 * open.
 * @switches always
 * @source Python: `open`
 * @example
 * ```ts
 * import { tmpdir } from 'node:os'
 * import { join } from 'node:path'
 * import { run } from 'greenloop'
 * import { fs, open } from 'greenloop/os'
 *
 * await run(function* () {
 *   const path = join(yield* fs.mkdtemp(join(tmpdir(), 'greenloop-')), 'notes.txt')
 *   {
 *     using file = yield* open(path, 'w')
 *     yield* file.write('one\ntwo\n')
 *   }
 *   using file = yield* open(path)
 *   const it = file.lines()
 *   while (yield* it.next()) console.log(it.value)
 * })
 * // one
 * // two
 * ```
 */
export function open<M extends FileMode = 'r'>(
  path: PathLike,
  mode: M = 'r' as M, // which is M when none is given
  options: OpenOptions = {},
): Operation<FileObject<Content<M>>> {
  if (!(typeof path === 'string' || Buffer.isBuffer(path) || path instanceof URL))
    throw new UsageError(`open() expects a path, a string, a Buffer or a URL, but got ${show(path)}.`)
  const access = accessOf('open()', mode)
  checkFileOptions('open()', access, options)
  const { encoding, buffering, permissions = 0o666 } = options
  if (!Number.isInteger(permissions))
    throw new UsageError(
      `open() expects \`permissions\` to be an integer, such as 0o600, but got ${show(permissions)}.`,
    )
  const name = path instanceof URL ? fileURLToPath(path) : String(path)
  const label = `the file ${JSON.stringify(name)}`
  return operation(`open(${JSON.stringify(name)}, '${mode}')`, function* () {
    const fd = yield* fs.open(path, access.flags, permissions)
    const { appends, reads } = access
    const raw = new Descriptor(fd, { label, path: name, atEnd: appends, appends, isFresh: !appends && !reads })
    return new FileObject<Content<M>>(raw, mode as ModeOf<Content<M>>, {
      // M is one of its modes
      name,
      ...(encoding === undefined ? {} : { encoding }),
      ...(buffering === undefined ? {} : { buffering }),
    })
  })
}
