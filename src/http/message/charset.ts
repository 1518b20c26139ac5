/**
 * From bytes to text: which charset it is, and decoding it.
 *
 * In this order: the charset that the header names; the byte order mark; UTF-8, when all of it is UTF-8; a guess. A header that names no charset says
 * nothing: that `text/*` was ISO-8859-1 then was taken out of HTTP by RFC 7231, and it spoilt more pages than it helped. A name that nobody knows is read
 * as UTF-8. JSON is UTF-8, or UTF-16 or UTF-32 by the pattern of its first bytes.
 *
 * Stands on Node's TextDecoder, which reads `iso-8859-1` as browsers do, as windows-1252; on chardet, which guesses. Leaves the headers to others.
 */
import { isUtf8 } from 'node:buffer'
import { TextDecoder } from 'node:util'
import { analyse } from 'chardet'

/** A parameter of a header: `; charset="utf-8"`. */
const PARAMETER = /;\s*([^\s=;]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)/gu

/** Gives the charset that a `content-type` names; null when it names none. */
export function charsetOf(contentType: string | undefined): string | null {
  if (contentType === undefined || !contentType.includes('=')) return null
  for (const [, name = '', value = ''] of contentType.matchAll(PARAMETER)) {
    if (name.toLowerCase() !== 'charset') continue
    const charset = value.trim().replaceAll(/^["']|["']$/gu, '')
    if (charset !== '') return charset
  }
  return null
}

/** Byte order marks, the longer ones first: that of UTF-32 begins with that of UTF-16. */
const MARKS: readonly (readonly [charset: string, ...bytes: number[]])[] = [
  ['utf-32le', 0xff, 0xfe, 0, 0],
  ['utf-32be', 0, 0, 0xfe, 0xff],
  ['utf-8', 0xef, 0xbb, 0xbf],
  ['utf-16le', 0xff, 0xfe],
  ['utf-16be', 0xfe, 0xff],
]

/** How many bytes a guess is made of. More makes it slower and hardly better. */
const SAMPLE = 65_536
/** The letter may be the last of its word. */
const LONGEST_WORD = 32

/** Finds the charset of `content` from nothing but itself: a mark, UTF-8, or a guess. */
export function apparentEncoding(content: Buffer): string {
  const mark = marked(content)
  if (mark !== null) return mark
  if (isUtf8(content)) return 'utf-8'
  // Long pages begin with long heads of ASCII, which say nothing about the charset.
  const start = Math.max(0, firstBeyondAscii(content) - LONGEST_WORD)
  return guess(content.subarray(start, start + SAMPLE))
}

/** How sure the guesser says it is of any charset of several bytes that nothing speaks for or against. */
const UNSURE = 10
/** Short Western texts look nearly as much like Polish ones to it; by how much of the best guess they may miss it. */
const NEARLY = 0.75
/** Charsets that have more than one byte for a character: half of it may be a letter of ASCII. */
const WIDE = /^(?:Shift_JIS|Big5|EUC|GB|ISO-2022)/u
/** Words with a letter beyond ASCII; markup, and what else is ASCII, looks Western whatever the text is. */
const WORDS = /[A-Za-z\x80-\xff]*[\x80-\xff][A-Za-z\x80-\xff]*/gu

/** Guesses what bytes are that are not UTF-8; windows-1252 where nothing speaks for anything else. */
function guess(sample: Buffer): string {
  const wide = analyse(sample).find(({ name, confidence }) => WIDE.test(name) && confidence > UNSURE)
  if (wide !== undefined) return wide.name.toLowerCase()
  const words = Buffer.from((sample.toString('latin1').match(WORDS) ?? []).join(' '), 'latin1')
  const matches = analyse(words).filter(
    ({ name, confidence }) => confidence > 0 && !WIDE.test(name) && !name.startsWith('UTF'),
  )
  const western = matches.find(({ name }) => name === 'ISO-8859-1' || name === 'windows-1252')
  const [best] = matches
  if (best === undefined) return 'windows-1252'
  const match = western !== undefined && western.confidence >= NEARLY * best.confidence ? western : best
  return match.name.toLowerCase()
}

/** Decodes text. What cannot be decoded becomes U+FFFD; a byte order mark is left out; an unknown charset is read as UTF-8. */
export function decodeText(content: Buffer, encoding: string): string {
  const label = encoding.toLowerCase()
  if (label.startsWith('utf-32')) return decodeUtf32(content, label)
  // Python's and the world's `utf-16` is what the mark says; TextDecoder's is always little-endian.
  if (label === 'utf-16' && marked(content) === 'utf-16be') return decoder('utf-16be').decode(content)
  const found = decoder(label)
  // Node 20 takes windows-1252 for Latin-1, but in a stream.
  return found.encoding === 'windows-1252'
    ? found.decode(content, { stream: true }) + found.decode()
    : found.decode(content)
}

/** Gives the text of a body that is JSON. `encoding` is the charset that is known of it; null: none. */
export function jsonText(content: Buffer, encoding: string | null): string {
  return decodeText(content, encoding ?? patternOf(content) ?? apparentEncoding(content))
}

/** Makes a decoder for text that comes in chunks; an unknown charset is read as UTF-8. */
export function textDecoder(encoding: string): TextDecoder {
  return new TextDecoder(decoder(encoding.toLowerCase()).encoding)
}

/** Decoders by label. They keep nothing between calls that are not of a stream. */
const decoders = new Map<string, TextDecoder>()
/** Labels come from servers: more than that are not kept. */
const MOST_DECODERS = 100

function decoder(label: string): TextDecoder {
  const known = decoders.get(label)
  if (known !== undefined) return known
  const made =
    tryDecoder(label) ?? tryDecoder(label.replaceAll('_', '-').replace(/^latin-/u, 'latin')) ?? new TextDecoder()
  if (decoders.size < MOST_DECODERS) decoders.set(label, made)
  return made
}

function tryDecoder(label: string): TextDecoder | null {
  try {
    return new TextDecoder(label)
  } catch {
    return null // a RangeError: nobody knows it
  }
}

function marked(content: Buffer): string | null {
  for (const [charset, ...bytes] of MARKS) if (bytes.every((byte, at) => content[at] === byte)) return charset
  return null
}

/** JSON begins with two characters of ASCII, so that zeros tell its width and its order; null: one byte each, or too short. */
function patternOf(content: Buffer): string | null {
  if (content.length < 4 || marked(content) !== null) return null
  const zeros = [0, 1, 2, 3].map((at) => (content[at] === 0 ? '0' : 'x')).join('')
  return { '000x': 'utf-32be', x000: 'utf-32le', '0x0x': 'utf-16be', x0x0: 'utf-16le' }[zeros] ?? null
}

function firstBeyondAscii(content: Buffer): number {
  let at = 0
  while (at < content.length && (content[at] ?? 0) < 0x80) at++
  return at
}

/** TextDecoder has no UTF-32, since browsers have none. */
function decodeUtf32(content: Buffer, label: string): string {
  const isBig = label.endsWith('be') || (!label.endsWith('le') && marked(content) === 'utf-32be')
  const view = new DataView(content.buffer, content.byteOffset, content.length)
  const characters: string[] = []
  for (let at = 0; at + 4 <= content.length; at += 4) {
    const code = view.getUint32(at, !isBig)
    if (at === 0 && code === 0xfeff) continue
    characters.push(code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? '\ufffd' : String.fromCodePoint(code))
  }
  if (content.length % 4 !== 0) characters.push('\ufffd')
  return characters.join('')
}
