/**
 * How a file is used: its mode, in Python's letters, with what follows for its type, and the options; and the checks of both.
 *
 * Stands on the errors. Leaves the opening to `open.ts`.
 */
import { UsageError } from '../../errors/classes.ts'
import { checkOptions, show } from '../../errors/usage.ts'

/** `r` to read; `w` to write, from nothing; `a` to write at the end; `x` to write what is not there yet. */
type Purpose = 'r' | 'w' | 'a' | 'x'

/** A file of text. `+`: for reading and writing. */
export type TextMode = `${Purpose}${'' | 't' | '+' | 't+' | '+t'}`

/** A file of bytes. `+`: for reading and writing. */
export type BinaryMode = `${Purpose}${'b' | 'b+' | '+b'}`

/** How a file is opened. */
export type FileMode = TextMode | BinaryMode

/** What a file that is opened so is made of. */
export type Content<M extends FileMode> = M extends BinaryMode ? Buffer : string

/** How a file of text, or of bytes, can be opened. */
export type ModeOf<T extends string | Buffer> = T extends string ? TextMode : BinaryMode

/** What a mode means. */
export interface Access {
  readonly reads: boolean
  readonly writes: boolean
  readonly appends: boolean
  readonly isBinary: boolean
  /** As Node's `open` takes them. */
  readonly flags: 'r' | 'r+' | 'w' | 'w+' | 'a' | 'a+' | 'wx' | 'wx+'
}

const MODE = /^([rwax])(?:[bt]?\+?|\+[bt])$/u

/** What `mode` means. @throws UsageError when it is none */
export function accessOf(call: string, mode: unknown): Access {
  const purpose = typeof mode === 'string' ? MODE.exec(mode)?.[1] : undefined
  if (typeof mode !== 'string' || purpose === undefined) {
    throw new UsageError(
      `${call} expects a mode, 'r', 'w', 'a' or 'x', with a '+' for reading and writing and a 'b' for bytes, but got ${show(mode)}.`,
    )
  }
  const both = mode.includes('+')
  return {
    reads: both || purpose === 'r',
    writes: both || purpose !== 'r',
    appends: purpose === 'a',
    isBinary: mode.includes('b'),
    flags: `${purpose === 'x' ? 'wx' : (purpose as Purpose)}${both ? '+' : ''}` as Access['flags'], // MODE has seen to it
  }
}

/** How a file is used. */
export interface FileObjectOptions {
  /** Of text. @defaultValue 'utf8' */
  encoding?: BufferEncoding
  /** How many bytes are kept before they are handed to the system; 0: each `write` is handed over at once. @defaultValue 65536 */
  buffering?: number
  /** What the file is called. @defaultValue the descriptor */
  name?: string | number
  /** Whether `close()` closes the descriptor, too. @defaultValue true */
  closefd?: boolean
}

/** Checks a number of characters or bytes. */
export function checkSize(call: string, size: number): void {
  if (Number.isSafeInteger(size) && size >= 0) return
  throw new UsageError(`${call}() expects \`size\` to be an integer, 0 or more, but got ${show(size)}.`)
}

/** Checks what `open` and the constructor have in common. */
export function checkFileOptions(call: string, access: Access, options: FileObjectOptions): void {
  checkOptions(call, options, "{ encoding: 'latin1' }")
  const { encoding, buffering } = options
  if (encoding !== undefined) {
    if (!Buffer.isEncoding(encoding))
      throw new UsageError(`${call} expects \`encoding\` to be one of Node's, but got ${show(encoding)}.`)
    if (access.isBinary)
      throw new UsageError(`${call} takes no \`encoding\` for a file of bytes, but got ${show(encoding)}.`)
  }
  if (buffering !== undefined && !(Number.isSafeInteger(buffering) && buffering >= 0))
    throw new UsageError(`${call} expects \`buffering\` to be an integer, 0 or more, but got ${show(buffering)}.`)
}

/** Checks what is to be written. */
export function checkData(call: string, { isBinary }: Access, data: unknown): void {
  if (isBinary ? data instanceof Uint8Array : typeof data === 'string') return
  const what = isBinary ? 'bytes expects a Uint8Array' : 'text expects a string'
  throw new UsageError(`${call}() of a file of ${what}, but got ${show(data)}.`)
}

/** Checks where `seek` is to go. */
export function checkPlace(offset: number, whence: 0 | 1 | 2): void {
  if (!Number.isSafeInteger(offset))
    throw new UsageError(`seek() expects \`offset\` to be an integer, but got ${show(offset)}.`)
  if (![0, 1, 2].includes(whence)) {
    throw new UsageError(
      `seek() expects \`whence\` to be 0 (from the beginning), 1 (from here) or 2 (from the end), but got ${show(whence)}.`,
    )
  }
  if (whence === 0 && offset < 0) throw beforeBeginning(offset)
}

/** Refuses a place that cannot be. */
export function beforeBeginning(place: number): UsageError {
  return new UsageError(`seek() would go to ${String(place)}, which is before the beginning of the file.`)
}
