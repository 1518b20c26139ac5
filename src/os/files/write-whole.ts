/**
 * `writeWhole`: a file is replaced as a whole, or not at all.
 *
 * ```
 *   temporary file beside it ── write all ── fsync ── rename over it ── fsync of the folder
 *            └── whatever goes wrong before: it is removed, and the old file is as it was
 * ```
 *
 * The steps are Node's promises, so that they come to their end when nobody waits any more: a kill ends the wait at once, no further step is
 * made, and what was made is removed unseen.
 *
 * Stands on the wait for a promise. Leaves to the caller what two who write one file at once mean: the last one has written it.
 */
import { randomBytes } from 'node:crypto'
import nodeFs, { type Mode, type Stats } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { callForWait } from '../../context.ts'
import { UsageError } from '../../errors/classes.ts'
import { checkFlag, checkOptions, show } from '../../errors/usage.ts'
import type { Coroutine } from '../../greenlet/kernel.ts'
import type { Step } from '../../greenlet/operation.ts'
import type { Operation } from '../../protocol.ts'
import { HubOperation } from '../../waiting/operation.ts'
import { PromiseWait } from '../../waiting/until.ts'

/** How a file is replaced. */
export interface WriteWholeOptions {
  /** How text becomes bytes. @defaultValue 'utf8' */
  encoding?: BufferEncoding
  /** Who may do what with the file, less the umask. @defaultValue as with the file that is replaced, and 0o666 for a new one */
  mode?: Mode
  /** Whether it waits until all is on the disk; else a loss of power can undo it, or leave it empty. @defaultValue true */
  flush?: boolean
}

/**
 * Writes a file as a whole: who reads it finds what was there or all that is new, whatever happens. What is written goes to a temporary file
 * beside it (`.greenloop-…`), which takes its place when it is on the disk.
 *
 * The mode of the file that is replaced is kept, its owner where that is allowed. Of a link the file that it points to is replaced.
 *
 * A kill or a timeout ends the wait at once and leaves the old file; the temporary one is removed when the step under way is over. It stays
 * behind if the process itself is killed.
 *
 * @param file - the path of the file; its folder must be there.
 * @param data - text, or bytes.
 * @param options - see {@link WriteWholeOptions}.
 * @throws Node's error (`ENOENT`: no such folder, `ENOSPC`: the disk is full, `EACCES`, ...); UsageError at the call for what is no data, and when
 * it is driven for what is there and no file: a folder, a device.
 * @switches always
 * @example
 * ```ts
 * import { rmSync } from 'node:fs'
 * import { run } from 'greenloop'
 * import { fs, writeWhole } from 'greenloop/os'
 *
 * await run(function* () {
 *   yield* writeWhole('settings.json', JSON.stringify({ theme: 'dark' }))
 *   console.log(yield* fs.readFile('settings.json', 'utf8')) // {"theme":"dark"}
 *   rmSync('settings.json')
 * })
 * ```
 */
export function writeWhole(
  file: string | URL,
  data: string | Uint8Array,
  options: WriteWholeOptions = {},
): Operation<void> {
  if (typeof file !== 'string' && !(file instanceof URL))
    throw new UsageError(`writeWhole() expects a path, but got ${show(file)}.`)
  if (typeof data !== 'string' && !(data instanceof Uint8Array))
    throw new UsageError(`writeWhole() expects text or bytes, but got ${show(data)}.`)
  checkOptions('writeWhole()', options, '{ mode: 0o600 }')
  checkFlag('writeWhole()', 'flush', options.flush)
  const name = typeof file === 'string' ? file : fileURLToPath(file)
  return new WriteWhole(name, data, options)
}

class WriteWhole extends HubOperation<void> {
  readonly #name: string
  readonly #data: string | Uint8Array
  readonly #options: WriteWholeOptions

  constructor(name: string, data: string | Uint8Array, options: WriteWholeOptions) {
    super()
    this.#name = name
    this.#data = data
    this.#options = options
  }

  override begin(greenlet: Coroutine): Step<void> {
    const controller = new AbortController()
    const done = callForWait(() => replace(this.#name, this.#data, this.#options, controller.signal))
    return new PromiseWait(greenlet, controller, String(this)).parkUntil(done)
  }

  /** The greenlet's frames lie on the stack here; where we have met the error is of no interest. */
  override throw(error: unknown): never {
    // eslint-disable-next-line @typescript-eslint/unbound-method -- it is looked for on the stack, and not called
    if (error instanceof Error && 'syscall' in error) Error.captureStackTrace(error, this.throw)
    throw error
  }

  override toString(): string {
    return `writeWhole('${this.#name}')`
  }
}

async function replace(
  name: string,
  data: string | Uint8Array,
  { encoding = 'utf8', mode, flush = true }: WriteWholeOptions,
  signal: AbortSignal,
): Promise<void> {
  const { promises } = nodeFs
  const target = await targetOf(name)
  const old = await statsOf(target)
  const folder = path.dirname(target)
  const temporary = path.join(folder, `.greenloop-${randomBytes(8).toString('hex')}`)
  signal.throwIfAborted()
  try {
    // What others may not read they are not to read meanwhile.
    const file = await promises.open(temporary, 'wx', mode ?? (old === null ? 0o666 : 0o600))
    try {
      await file.writeFile(data, { encoding, signal })
      if (old !== null) await keep(file, old, mode === undefined)
      if (flush) await file.sync()
    } finally {
      await file.close()
    }
    signal.throwIfAborted()
    await promises.rename(temporary, target)
  } catch (error) {
    await promises.rm(temporary, { force: true })
    throw named(error, temporary, target)
  }
  if (flush) await syncFolder(folder)
}

/** An error of opening the temporary file (no such folder, not allowed) is about the file that the caller knows. */
function named(error: unknown, temporary: string, target: string): unknown {
  if (error instanceof Error && 'path' in error && error.path === temporary && !('dest' in error)) {
    error.path = target
    error.message = error.message.replace(temporary, target)
  }
  return error
}

/** Where a chain of links ends, and whether or not a file is there. */
async function targetOf(name: string): Promise<string> {
  const { promises } = nodeFs
  try {
    return await promises.realpath(name)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
  // There is no file: no link either, or one that points to where one could be.
  const link = await promises.readlink(name).catch(() => null)
  return link === null ? name : targetOf(path.resolve(path.dirname(name), link))
}

/** What is known of the file that is to be replaced; null: there is none. */
async function statsOf(target: string): Promise<Stats | null> {
  const stats = await nodeFs.promises.stat(target).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  })
  if (stats?.isFile() === false)
    throw new UsageError(`writeWhole() replaces a file, but '${target}' is ${kindOf(stats)}.`)
  return stats
}

function kindOf(stats: Stats): string {
  return stats.isDirectory() ? 'a folder' : stats.isFIFO() ? 'a pipe' : stats.isSocket() ? 'a socket' : 'a device'
}

/** Gives the new file to the owner of the old one, and what that allows. */
async function keep(file: nodeFs.promises.FileHandle, old: Stats, withMode: boolean): Promise<void> {
  const { uid, gid } = await file.stat()
  // Only root may give a file away; that it is somebody else's now is no reason not to write it.
  if (uid !== old.uid || gid !== old.gid) await file.chown(old.uid, old.gid).catch(() => undefined)
  if (withMode) await file.chmod(old.mode & 0o7777)
}

/** Waits until the new name is on the disk, where folders can be asked for that. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await nodeFs.promises.open(folder, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (!['EACCES', 'EINVAL', 'EISDIR', 'ENOTSUP', 'EPERM'].includes(codeOf(error))) throw error
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '' // what Node's functions throw
}
