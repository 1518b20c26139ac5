/**
 * Content encodings: gzip, deflate, br, zstd where this Node has a whole one, and several in a row.
 *
 * A small body is decoded in place, since a hop to the thread pool costs more than it; a larger one, and one that comes in chunks, by a stream of
 * zlib's, whose work is done in threads. Never more than `limit` bytes come out, whatever was promised; a body that is cut short, or is something
 * else, is an error. What nobody here can decode is left as it is.
 *
 * gzip is unpacked here down to its bare deflate, member by member: zlib's own takes anything behind the end for another member, and fails
 * without what it has decoded. Servers send such rests, and clients ignore them.
 *
 * Stands on zlib and its streams as waits. Leaves it to others where the bytes come from.
 */
import { constants } from 'node:buffer'
import * as zlib from 'node:zlib'
import type { Green, Operation } from '../../protocol.ts'
import { operation } from '../../waiting/operation.ts'
import { ContentDecodingError, ContentTooLarge, type FailedRequest } from '../exceptions.ts'
import { BrokenCoding, codingOf, Engine, HAS_ZSTD, howBroken, join, OverLimit, RAW, type ZlibStream } from './engine.ts'

/** Up to so many bytes are decoded in place. */
const IN_PLACE = 16_384
/** So many may come out of that: they take a millisecond. What becomes more is begun again in the thread pool. */
const MOST_IN_PLACE = 1_048_576
/** A body is not wrapped more often by any honest server. */
const MOST_CODINGS = 5
const NOTHING: Buffer = Buffer.alloc(0)

/** What this Node can decode, as `accept-encoding` has it. */
export const ACCEPT_ENCODING: string = HAS_ZSTD ? 'gzip, deflate, br, zstd' : 'gzip, deflate, br'

/** Tells whether a `content-encoding` leaves anything to be decoded. */
export function isEncoded(encoding: string | undefined): boolean {
  return encoding !== undefined && codingsOf(encoding).length > 0
}

/** The encodings to be undone, the outermost first, up to the first that nobody here knows. */
function codingsOf(encoding: string): string[] {
  const codings: string[] = []
  for (const name of encoding.toLowerCase().split(',').reverse()) {
    const coding = name.trim()
    if (coding === '' || coding === 'identity') continue
    if (!(/^(?:x-gzip|gzip|deflate|br)$/u.test(coding) || (coding === 'zstd' && HAS_ZSTD))) break
    codings.push(coding)
  }
  return codings
}

function undoable(encoding: string, request: FailedRequest | undefined): string[] {
  const codings = codingsOf(encoding)
  if (codings.length <= MOST_CODINGS) return codings
  throw new ContentDecodingError(
    `${subject(request)} is encoded ${codings.length} times over; ${MOST_CODINGS} times are the most that is undone.`,
    { request },
  )
}

/**
 * Decodes a whole body.
 *
 * @param encoding - the value of `content-encoding`.
 * @param limit - how many bytes may come out.
 * @returns the bytes at once, when they are few; else an operation that gives them.
 * @throws ContentDecodingError for a body that is not so encoded, or is cut short; ContentTooLarge.
 */
export function decodeWhole(
  content: Buffer,
  encoding: string | undefined,
  limit: number,
  request?: FailedRequest,
): Buffer | Operation<Buffer> {
  if (encoding === undefined || content.length === 0) return content
  const codings = undoable(encoding, request)
  if (codings.length === 0) return content
  const decoded = content.length <= IN_PLACE ? inPlace(content, codings, limit, request) : null
  if (decoded !== null) return decoded
  return operation(`decode(${encoding})`, function* () {
    const decoder = new Decoder(encoding, limit, request)
    try {
      const most = yield* decoder.push(content)
      return join([most, yield* decoder.end()])
    } finally {
      decoder.close()
    }
  })
}

/** Null when too much comes out for that. */
function inPlace(
  content: Buffer,
  codings: readonly string[],
  limit: number,
  request: FailedRequest | undefined,
): Buffer | null {
  const most = Math.min(limit, MOST_IN_PLACE)
  let decoded = content
  for (const coding of codings) {
    if (decoded.length === 0) break
    try {
      decoded = isGzip(coding) ? gunzip(decoded, most) : wholeOf(coding, decoded, most)
    } catch (error) {
      if (!isTooLarge(error)) throw notDecodable(coding, error, request)
      if (most < limit) return null
      throw tooLarge(limit, request)
    }
    if (decoded.length > limit) throw tooLarge(limit, request) // a limit of 0: zlib has none below 1
  }
  return decoded
}

function isGzip(coding: string): boolean {
  return coding === 'gzip' || coding === 'x-gzip'
}

/** Of zlib's functions that decode all at once. */
function isTooLarge(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE' // whatever it is, it may be asked
}

function subject(request: FailedRequest | undefined): string {
  return request === undefined ? 'The body' : `The body of ${request.method} ${request.url}`
}

function notDecodable(coding: string, error: unknown, request: FailedRequest | undefined): ContentDecodingError {
  const cause = error instanceof BrokenCoding ? error.cause : error
  const how = error instanceof BrokenCoding ? error.message : howBroken(error)
  return new ContentDecodingError(
    `${subject(request)} cannot be decoded as ${coding}, which its content-encoding says it is: ${how}.`,
    cause === undefined ? { request } : { request, cause },
  )
}

function tooLarge(limit: number, request: FailedRequest | undefined): ContentTooLarge {
  return new ContentTooLarge(`${subject(request)} is longer than ${limit} bytes when it is decoded.`, { request })
}

function wholeOf(name: string, content: Buffer, limit: number): Buffer {
  return codingOf(name, content).whole(content, Math.max(1, Math.min(limit, constants.MAX_LENGTH)))
}

/** Undoes an encoding chunk by chunk. What has been decoded of a chunk is given with it; the last of it at the end. */
export class Decoder {
  readonly #stages: readonly Stage[]
  readonly #encoding: string
  readonly #limit: number
  readonly #request: FailedRequest | undefined

  /**
   * @param encoding - the value of `content-encoding`.
   * @param limit - how many bytes may come out, of all chunks.
   * @throws ContentDecodingError for more encodings than are undone.
   */
  constructor(encoding: string, limit: number, request?: FailedRequest) {
    this.#encoding = encoding
    this.#limit = limit
    this.#request = request
    this.#stages = undoable(encoding, request).map((name) =>
      isGzip(name) ? new GzipStage(name, limit) : new ZlibStage(name, limit),
    )
  }

  /**
   * Decodes the next chunk. One chunk at a time.
   *
   * @throws ContentDecodingError, ContentTooLarge. The decoder is closed by that, and by a wait that is given up.
   */
  push(chunk: Buffer): Operation<Buffer> {
    return this.#through(chunk, false)
  }

  /** Gives what is left. @throws ContentDecodingError when the body is cut short; ContentTooLarge. */
  end(): Operation<Buffer> {
    return this.#through(NOTHING, true)
  }

  /** Gives it up; nothing is left behind. It may be called at any time, and again. @switches never */
  close(): void {
    for (const stage of this.#stages) stage.close()
  }

  #through(chunk: Buffer, isEnd: boolean): Operation<Buffer> {
    return operation(`decode(${this.#encoding})`, () => this.#run(chunk, isEnd))
  }

  *#run(chunk: Buffer, isEnd: boolean): Green<Buffer> {
    let decoded = chunk
    let isDone = false
    let name = ''
    try {
      for (const stage of this.#stages) {
        ;({ name } = stage)
        const most = decoded.length > 0 ? yield* stage.push(decoded) : NOTHING
        decoded = isEnd ? join([most, yield* stage.end()]) : most
      }
      isDone = true
      return decoded
    } catch (error) {
      if (error instanceof OverLimit) throw tooLarge(this.#limit, this.#request)
      throw error instanceof BrokenCoding ? notDecodable(name, error, this.#request) : error
    } finally {
      if (!isDone || isEnd) this.close()
    }
  }
}

/** One encoding of several. */
interface Stage {
  readonly name: string
  push(chunk: Buffer): Green<Buffer>
  end(): Green<Buffer>
  close(): void
}

/** An encoding that zlib decodes by itself. What stands behind its end is ignored. */
class ZlibStage implements Stage {
  readonly name: string
  readonly #limit: number
  #engine: Engine | null = null
  /** One byte that does not tell yet which deflate it is. */
  #start: Buffer = NOTHING

  constructor(name: string, limit: number) {
    this.name = name
    this.#limit = limit
  }

  *push(chunk: Buffer): Green<Buffer> {
    if (this.#engine !== null) return yield* this.#engine.write(chunk)
    const start = join([this.#start, chunk])
    this.#start = start
    return start.length < 2 ? NOTHING : yield* this.#begin().write(start)
  }

  *end(): Green<Buffer> {
    if (this.#engine !== null) return yield* this.#engine.end()
    if (this.#start.length === 0) return NOTHING // an empty body
    const engine = this.#begin()
    return join([yield* engine.write(this.#start), yield* engine.end()])
  }

  close(): void {
    this.#engine?.close()
  }

  #begin(): Engine {
    this.#engine = new Engine(codingOf(this.name, this.#start).stream(), this.name, this.#limit)
    return this.#engine
  }
}

/** gzip, member by member. What stands behind the last one is ignored. */
class GzipStage implements Stage {
  readonly name: string
  /** How many bytes may come out yet. */
  #left: number
  /** What has come and is not used: the beginning of a header or of a trailer. */
  #rest: Buffer = NOTHING
  /** Of the member that is being decoded; null in a header. */
  #engine: Engine | null = null
  #sum = 0
  #size = 0
  #members = 0
  #isOver = false

  constructor(name: string, limit: number) {
    this.name = name
    this.#left = limit
  }

  *push(chunk: Buffer): Green<Buffer> {
    if (this.#isOver) return NOTHING
    const decoded: Buffer[] = []
    this.#rest = join([this.#rest, chunk])
    while (this.#engine === null ? this.#begin() : yield* this.#goOn(this.#engine, decoded));
    return join(decoded)
  }

  *end(): Green<Buffer> {
    const isInHeader = this.#members === 0 && this.#rest.length > 0
    if (!this.#isOver && (this.#engine !== null || isInHeader)) throw new BrokenCoding('it is cut short')
    return NOTHING
  }

  close(): void {
    this.#engine?.close()
  }

  /** Takes a header; false when more must come, or nothing will. */
  #begin(): boolean {
    const rest = this.#rest
    this.#isOver = this.#members > 0 && rest.length > 0 && !isMember(rest)
    const end = this.#isOver || rest.length === 0 ? null : headerEnd(rest)
    if (end === null) return false
    this.#rest = rest.subarray(end)
    this.#engine = new Engine(RAW.stream(), this.name, this.#left)
    return true
  }

  /** Decodes what there is, or takes the trailer; false when more must come. */
  *#goOn(engine: Engine, decoded: Buffer[]): Green<boolean> {
    const rest = this.#rest
    if (engine.isOver) {
      if (rest.length < TRAILER) return false
      checkTrailer(rest, this.#sum, this.#size)
      engine.close()
      this.#rest = rest.subarray(TRAILER)
      this.#engine = null
      this.#sum = 0
      this.#size = 0
      this.#members++
      return true
    }
    if (rest.length === 0) return false
    const { used } = engine
    const piece = yield* engine.write(rest)
    decoded.push(piece)
    this.#sum = zlib.crc32(piece, this.#sum)
    this.#size += piece.length
    this.#left -= piece.length
    this.#rest = rest.subarray(engine.used - used)
    return true
  }
}

/** As {@link GzipStage}, all at once. */
function gunzip(content: Buffer, limit: number): Buffer {
  const decoded: Buffer[] = []
  let left = limit
  let rest = content
  do {
    const end = headerEnd(rest)
    if (end === null) {
      if (decoded.length === 0) throw new BrokenCoding('it is cut short')
      break
    }
    const options = { info: true, maxOutputLength: Math.max(1, Math.min(left, constants.MAX_LENGTH)) }
    // With `info` the answer is of this form; the types do not say so.
    const made = zlib.inflateRawSync(rest.subarray(end), options) as unknown as { buffer: Buffer; engine: ZlibStream }
    decoded.push(made.buffer)
    left -= made.buffer.length
    const trailer = rest.subarray(end + made.engine.bytesWritten)
    checkTrailer(trailer, zlib.crc32(made.buffer), made.buffer.length)
    rest = trailer.subarray(TRAILER)
  } while (rest.length > 0 && isMember(rest))
  return join(decoded)
}

const TRAILER = 8
/** Longer than any header is, file name and comment included. */
const LONGEST_HEADER = 131_072

function isMember(start: Buffer): boolean {
  return [0x1f, 0x8b, 8].every((byte, at) => at >= start.length || start[at] === byte)
}

/** Where the header of a member ends; null when that has not come yet. RFC 1952, 2.3. */
function headerEnd(start: Buffer): number | null {
  const flags = start[3] ?? 0
  if (!isMember(start) || (flags & 0xe0) !== 0) throw new BrokenCoding('incorrect header check')
  let at = 10
  if ((flags & 4) !== 0) at += 2 + (start[at] ?? 0) + 256 * (start[at + 1] ?? 0)
  for (const flag of [8, 16]) {
    if ((flags & flag) === 0) continue
    const zero = start.indexOf(0, at)
    at = zero < 0 ? Infinity : zero + 1
  }
  if ((flags & 2) !== 0) at += 2
  if (at <= start.length) return at
  if (start.length > LONGEST_HEADER) throw new BrokenCoding('incorrect header check')
  return null
}

function checkTrailer(trailer: Buffer, sum: number, size: number): void {
  if (trailer.length < TRAILER) throw new BrokenCoding('it is cut short')
  if (trailer.readUInt32LE(0) !== sum) throw new BrokenCoding('incorrect data check')
  if (trailer.readUInt32LE(4) !== size % 2 ** 32) throw new BrokenCoding('incorrect length check')
}
