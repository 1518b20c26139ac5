/**
 * Pieces: what has arrived, as text or as bytes, in the order in which it came.
 *
 * Bytes become text here, piece by piece: what a piece has at its end of a character that is not whole waits for the next one. So each piece
 * stands by itself, and knows the bytes that it was made of; where in the bytes a place in the text is can be told at any time.
 *
 * Stands on nothing. Leaves to the reader what is taken when.
 */

/** Arrived in one go. A link of a chain: the first can be taken off, however many there are, and nothing moves. */
export interface Piece<T> {
  readonly value: T
  /** What the value was made of. */
  readonly bytes: Buffer
  next: Piece<T> | null
}

/** What text and bytes have in common. */
export interface Kind<T> {
  /** How many bytes at the end of `bytes` begin a character whose rest is not there. */
  incomplete(bytes: Buffer): number
  make(bytes: Buffer): T
  /** Where the first line from `from` on ends; -1: nowhere. */
  newline(value: T, from: number): number
  /** Where to cut for the sake of whole characters: at `at`, or behind it. */
  boundary(value: T, at: number): number
  part(value: T, from: number, to?: number): T
  join(values: readonly T[]): T
  /** A line without its end. */
  stripped(line: T): T
  /** How many bytes of a piece belong to what comes from `from` on. */
  bytesFrom(piece: Piece<T>, from: number): number
}

const NEWLINE = 10
const RETURN = 13

export const bytes: Kind<Buffer> = {
  incomplete: () => 0,
  make: (given) => given,
  newline: (value, from) => value.indexOf(NEWLINE, from),
  boundary: (_value, at) => at,
  part: (value, from, to) => value.subarray(from, to),
  join: (values) => Buffer.concat(values),
  stripped(line) {
    if (line.at(-1) !== NEWLINE) return line
    return line.subarray(0, line.at(-2) === RETURN ? -2 : -1)
  },
  bytesFrom: (piece, from) => piece.bytes.length - from,
}

/** Text of this encoding. */
export function text(encoding: BufferEncoding): Kind<string> {
  const incomplete = incompleteIn(encoding)
  return {
    incomplete,
    make: (given) => given.toString(encoding),
    newline: (value, from) => value.indexOf('\n', from),
    boundary: (value, at) => (isHigh(value.charCodeAt(at - 1)) && isLow(value.charCodeAt(at)) ? at + 1 : at),
    part: (value, from, to) => value.slice(from, to),
    join: (values) => values.join(''),
    stripped: (line) => (line.endsWith('\r\n') ? line.slice(0, -2) : line.endsWith('\n') ? line.slice(0, -1) : line),
    bytesFrom({ value, bytes: given }, from) {
      if (from === 0) return given.length
      // Bytes that are no text have become U+FFFD, which is longer: then only the bytes themselves can tell.
      if (Buffer.byteLength(value, encoding) === given.length) return Buffer.byteLength(value.slice(from), encoding)
      return given.length - placeOf(given, encoding, from, value.length)
    },
  }
}

/** Of a surrogate pair, UTF-16's way to write a character in two units. */
function isHigh(unit: number): boolean {
  return (unit & 0xfc00) === 0xd800
}

function isLow(unit: number): boolean {
  return (unit & 0xfc00) === 0xdc00
}

function incompleteIn(encoding: BufferEncoding): (bytes: Buffer) => number {
  switch (encoding.toLowerCase()) {
    case 'utf8':
    case 'utf-8':
      return incompleteUtf8
    case 'utf16le':
    case 'utf-16le':
    case 'ucs2':
    case 'ucs-2':
      return incompleteUtf16
    case 'base64':
    case 'base64url':
      return (given) => given.length % 3
    default:
      return () => 0
  }
}

function incompleteUtf8(given: Buffer): number {
  for (let back = 1; back <= 3 && back <= given.length; back++) {
    const byte = given[given.length - back] ?? 0
    if (byte < 0x80) return 0
    if (byte < 0xc0) continue // in the middle of a character
    const needed = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : byte < 0xf8 ? 4 : 0
    return needed > back ? back : 0
  }
  return 0
}

function incompleteUtf16(given: Buffer): number {
  const odd = given.length % 2
  const last = given.length - odd - 2
  return last >= 0 && isHigh(given.readUInt16LE(last)) ? odd + 2 : odd
}

/** How many bytes make up the first `units` of a text, some bytes of which are no text. Found by trying: what is before and behind must fit. */
function placeOf(given: Buffer, encoding: BufferEncoding, units: number, all: number): number {
  let [low, high] = [0, given.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (given.toString(encoding, 0, middle).length < units) low = middle + 1
    else high = middle
  }
  // A character that is cut off counts as one, too; it is not to be cut.
  while (low < given.length && given.toString(encoding, low).length > all - units) low++
  return low
}
