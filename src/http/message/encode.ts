/**
 * Bodies to be sent: `data`, `json`, `files`.
 *
 * What is in memory is one Buffer, or is sent piece by piece where putting it together would cost; what is a stream stays one. Nothing is read before
 * it is sent. The length is said where it is known, files of the disk included, since many servers want it; the rest is chunked.
 *
 * Multipart is framed here, since the encoders at hand (of fetch's FormData) know neither headers of a part nor Node's streams.
 *
 * Stands on Node's streams and Blob, and on `query.ts` for forms. Leaves to others whether a body goes out at all, and when again.
 */
import { randomBytes } from 'node:crypto'
import { fstatSync, ReadStream, statSync } from 'node:fs'
import { basename } from 'node:path'
import { Readable } from 'node:stream'
import { ReadableStream as NodeReadableStream } from 'node:stream/web'
import { lookup } from 'mrmime'
import { UsageError } from '../../errors/classes.ts'
import { show, wrongRight } from '../../errors/usage.ts'
import { isOperation } from '../../protocol.ts'
import { InvalidJSONError } from '../exceptions.ts'
import { HeaderMap, type HeadersLike } from './headers.ts'
import { encodeForm, formFields } from './query.ts'

/** What is sent as it comes: bytes, or text in UTF-8. */
export type Chunks = AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>

/**
 * What `data` can be: text or bytes as they are; a form (an object, a Map, a list of pairs, URLSearchParams), in which a list repeats its name and
 * null leaves it out; a FormData, which is sent as multipart; a Blob; a stream, or whatever else gives chunks.
 */
export type Data =
  | string
  | Uint8Array
  | ArrayBuffer
  | URLSearchParams
  | FormData
  | Blob
  | Readable
  | ReadableStream<string | Uint8Array>
  | Chunks
  | ReadonlyMap<string, unknown>
  | readonly (readonly [name: string, value: unknown])[]
  | Readonly<Record<string, unknown>>

/** What a file consists of. */
export type FileContent = string | Uint8Array | Blob | Readable | ReadableStream<string | Uint8Array> | Chunks

/** A file to be sent: its content, or a list of what is said of it. A filename of null makes a field of it. */
export type FileLike =
  | FileContent
  | readonly [
      filename: string | null | undefined,
      content: FileContent,
      contentType?: string | null | undefined,
      headers?: HeadersLike | undefined,
    ]

/** Files by the names of their fields: one, or a list of them. Pairs may repeat a name too. */
export type Files =
  | Readonly<Record<string, FileLike | readonly FileLike[] | null | undefined>>
  | Iterable<readonly [name: string, file: FileLike]>

/** What a request is to send. */
export interface BodyOptions {
  data?: Data | null | undefined
  /** Undefined is nothing; null is JSON. */
  json?: unknown
  files?: Files | null | undefined
}

/** A body as it can be sent. */
export interface EncodedBody {
  readonly body: Buffer | Readable | AsyncIterable<Uint8Array> | null
  /** What it is; null: nobody has said. */
  readonly contentType: string | null
  /** In bytes; null: not known, it is sent in chunks. */
  readonly length: number | null
  /** Whether it can be sent again. */
  readonly replayable: boolean
}

const NONE: EncodedBody = { body: null, contentType: null, length: 0, replayable: true }
const FORM = 'application/x-www-form-urlencoded'
/** Pieces that are together no longer than that are put together. */
const SMALL = 65_536

/**
 * Makes the body of a request.
 *
 * @param call - the call as it stands in messages: `requests.post()`.
 * @throws UsageError for what is no body, and for `json` beside something else; InvalidJSONError for what cannot be JSON.
 */
export function encodeBody({ data, json, files }: BodyOptions, call: string = 'requests.post()'): EncodedBody {
  const parts = files === undefined || files === null ? [] : filesOf(files, call)
  if (json !== undefined) {
    if (isGiven(data) || parts.length > 0) throw jsonAndMore(call, parts.length > 0 ? 'files' : 'data')
    return inMemory(jsonOf(json, call), 'application/json')
  }
  if (parts.length > 0) return multipart([...fieldsOf(data, call), ...parts])
  return isGiven(data) ? encodeData(data, call) : NONE
}

function isGiven(data: Data | null | undefined): data is Data {
  return data !== undefined && data !== null && data !== ''
}

function encodeData(data: Data, call: string): EncodedBody {
  if (isFormData(data)) return multipart(partsOfFormData(data, call))
  if (isForm(data)) return inMemory(encodeForm(data, call, 'data'), FORM)
  const source = sourceOf(data)
  if (source === null) throw notData(call, data)
  const contentType = data instanceof Blob && data.type !== '' ? data.type : null
  if (Buffer.isBuffer(source)) return inMemory(source, contentType)
  const length = lengthOf(data)
  if (!(source instanceof Blob)) return { body: source, contentType, length, replayable: false }
  return { body: new Pieces([source]), contentType, length, replayable: true }
}

function inMemory(content: string | Buffer, contentType: string | null): EncodedBody {
  const body = typeof content === 'string' ? Buffer.from(content) : content
  return body.length === 0 ? NONE : { body, contentType, length: body.length, replayable: true }
}

function jsonOf(json: unknown, call: string): string {
  let text: unknown
  try {
    text = JSON.stringify(json)
  } catch (error) {
    throw new InvalidJSONError(`${call} cannot send \`json\`: ${(error as Error).message}`, { cause: error })
  }
  if (typeof text === 'string') return text // a function or a symbol is undefined, whatever the types say
  throw new InvalidJSONError(`${call} cannot send ${show(json)} as JSON.`)
}

function isFormData(data: unknown): data is FormData {
  return Object.prototype.toString.call(data) === '[object FormData]' // there are Node's and undici's
}

type Form = URLSearchParams | Readonly<Record<string, unknown>> | Iterable<readonly [string, unknown]>

/** Lists, Maps and plain objects are forms; whatever else gives values gives chunks. */
function isForm(data: Data): data is Data & Form {
  if (typeof data !== 'object') return false
  if (data instanceof URLSearchParams || Array.isArray(data) || data instanceof Map) return true
  if (isOperation(data) || data instanceof Blob || data instanceof ArrayBuffer || ArrayBuffer.isView(data)) return false
  return !(Symbol.iterator in data || Symbol.asyncIterator in data || 'pipe' in data)
}

/** What is sent of a content: bytes, a Blob, or a stream; null when it is none. */
function sourceOf(content: unknown): Buffer | Blob | Readable | null {
  if (typeof content === 'string') return Buffer.from(content)
  if (typeof content !== 'object' || content === null || isOperation(content)) return null
  if (ArrayBuffer.isView(content)) return Buffer.from(content.buffer, content.byteOffset, content.byteLength)
  if (content instanceof ArrayBuffer) return Buffer.from(content)
  if (content instanceof Blob) return content
  if (content instanceof Readable) return content.on('error', noted)
  if (content instanceof NodeReadableStream) return Readable.fromWeb(content)
  if (Symbol.asyncIterator in content || Symbol.iterator in content) {
    return Readable.from(bytesOf(content as Chunks), { objectMode: false }) // what comes is checked there
  }
  return null
}

/** A file that is not there is found out before anybody reads it; who does is told. Without a listener it would end the process. */
function noted(): void {
  // the stream has kept it
}

async function* bytesOf(chunks: Chunks): AsyncGenerator<Uint8Array, undefined> {
  for await (const chunk of chunks as AsyncIterable<unknown>) {
    if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array)) {
      throw new UsageError(`A body is sent in chunks of text or bytes, but among them was ${show(chunk)}.`)
    }
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    if (bytes.length > 0) yield bytes
  }
}

/** The length of a Blob, or of a file of the disk that nothing was read of yet; null: not known. */
function lengthOf(content: unknown): number | null {
  if (content instanceof Blob) return content.size
  if (!(content instanceof ReadStream) || content.bytesRead > 0) return null
  const {
    fd,
    path,
    start = 0,
    end = Infinity,
  } = content as { fd?: unknown; path: string; start?: number; end?: number } // Node's own fields
  try {
    const stats = typeof fd === 'number' ? fstatSync(fd) : statSync(path)
    return stats.isFile() ? Math.max(0, Math.min(end + 1, stats.size) - start) : null
  } catch {
    return null // the stream will say what is wrong
  }
}

/** Pieces in memory, or in Blobs: they can be sent again. */
class Pieces implements AsyncIterable<Uint8Array> {
  readonly #pieces: readonly (Buffer | Blob)[]

  constructor(pieces: readonly (Buffer | Blob)[]) {
    this.#pieces = pieces
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, undefined> {
    for (const piece of this.#pieces) {
      if (Buffer.isBuffer(piece)) yield piece
      else yield* piece.stream()
    }
  }
}

/** A part of a multipart body. */
interface Part {
  /** Latin-1 is for the other headers; a filename is in UTF-8. */
  readonly disposition: string
  readonly headers: HeaderMap
  readonly content: Buffer | Blob | Readable
  readonly length: number | null
}

function multipart(parts: readonly Part[]): EncodedBody {
  const boundary = randomBytes(16).toString('hex')
  const contentType = `multipart/form-data; boundary=${boundary}`
  const pieces: (Buffer | Blob | Readable)[] = []
  let length: number | null = 0
  for (const part of parts) {
    const lines = [...part.headers].map(([name, value]) => `${name}: ${value}\r\n`)
    const head = Buffer.from(`--${boundary}\r\nContent-Disposition: ${part.disposition}\r\n${lines.join('')}\r\n`)
    pieces.push(head, part.content, Buffer.from('\r\n'))
    length = length === null || part.length === null ? null : length + head.length + part.length + 2
  }
  const tail = Buffer.from(`--${boundary}--\r\n`)
  pieces.push(tail)
  if (length !== null) length += tail.length
  const kept = pieces.filter((piece) => !(piece instanceof Readable)) as (Buffer | Blob)[] // all that are none
  if (kept.length < pieces.length) return { body: joined(pieces), contentType, length, replayable: false }
  const buffers = kept.filter((piece) => Buffer.isBuffer(piece))
  const isSmall = buffers.length === kept.length && length !== null && length <= SMALL
  return { body: isSmall ? Buffer.concat(buffers) : new Pieces(kept), contentType, length, replayable: true }
}

/** One stream of several; when it is given up they all are, those that it has not come to as well. */
function joined(pieces: readonly (Buffer | Blob | Readable)[]): Readable {
  async function* all(): AsyncGenerator<Uint8Array, undefined> {
    for (const piece of pieces) yield* piece instanceof Readable ? bytesOf(piece) : new Pieces([piece])
  }
  const whole = Readable.from(all(), { objectMode: false })
  whole.once('close', () => {
    for (const piece of pieces) if (piece instanceof Readable) piece.destroy()
  })
  return whole
}

function fieldsOf(data: Data | null | undefined, call: string): Part[] {
  if (!isGiven(data)) return []
  if (isFormData(data)) return partsOfFormData(data, call)
  if (!isForm(data)) {
    throw new UsageError(
      `${call} sends \`data\` beside \`files\` as fields, but \`data\` is ${show(data)}.\n\n${wrongRight("{ data: 'text', files }", 'which field is it', "{ data: { note: 'text' }, files }")}`,
    )
  }
  const parts: Part[] = []
  for (const [name, value] of formFields(data, call, 'data')) parts.push(partOf(name, null, value, call))
  return parts
}

function partsOfFormData(data: FormData, call: string): Part[] {
  return [...data].map(([name, value]) => partOf(name, typeof value === 'string' ? null : value.name, value, call))
}

function filesOf(files: Files, call: string): Part[] {
  if (typeof files !== 'object' || typeof files === 'string') throw notFiles(call, show(files))
  const parts: Part[] = []
  const pairs: Iterable<unknown> = Symbol.iterator in files ? files : Object.entries(files)
  for (const pair of pairs) {
    if (!Array.isArray(pair) || pair.length !== 2 || typeof pair[0] !== 'string')
      throw notFiles(call, `${show(pair)} among them`)
    const [name, file] = pair as [string, FileLike | readonly FileLike[] | null | undefined] // its name was checked, it will be
    // A list that begins with a filename is one file; any other is a list of files.
    const list = Array.isArray(file) && !isFilename(file[0]) ? (file as readonly FileLike[]) : [file as FileLike]
    for (const each of list) parts.push(...fileOf(name, each, call))
  }
  return parts
}

function isFilename(value: unknown): boolean {
  return typeof value === 'string' || value === null || value === undefined
}

/** None for a file that is null, as in Python. */
function fileOf(name: string, file: unknown, call: string): Part[] {
  if (file === null || file === undefined) return []
  if (!Array.isArray(file)) return [partOf(name, nameOf(file) ?? name, file, call)]
  if (file.length < 2 || file.length > 4) throw notFiles(call, `${JSON.stringify(name)} as a list of ${file.length}`)
  const [filename, content, contentType, headers] = file as [string | null, unknown, string | null, HeadersLike] // checked where they are used
  return [partOf(name, filename, content, call, contentType, headers)]
}

function nameOf(content: unknown): string | null {
  if (content instanceof ReadStream) return content.path ? basename(String(content.path)) : null
  return content instanceof File ? content.name : null
}

function partOf(
  name: string,
  filename: string | null | undefined,
  content: unknown,
  call: string,
  contentType?: string | null,
  others?: HeadersLike,
): Part {
  const source = sourceOf(content)
  if (source === null) throw notFiles(call, `${JSON.stringify(name)} as ${show(content)}`)
  const isFile = typeof filename === 'string'
  const headers = new HeaderMap(others)
  const type = contentType ?? (isFile && !headers.has('content-type') ? typeOf(filename, content) : null)
  if (type !== null) headers.set('Content-Type', type)
  headers.delete('Content-Disposition')
  const disposition = `form-data; name="${quoted(name)}"${isFile ? `; filename="${quoted(filename)}"` : ''}`
  return { disposition, headers, content: source, length: Buffer.isBuffer(source) ? source.length : lengthOf(source) }
}

/** What a file is, by its own word or by its name. */
function typeOf(filename: string, content: unknown): string {
  if (content instanceof Blob && content.type !== '') return content.type
  // Of a name without a dot, the name itself would be looked up.
  return (filename.includes('.') ? lookup(filename) : undefined) ?? 'application/octet-stream'
}

/** As browsers write a name: in UTF-8, with what would end it replaced. */
function quoted(name: string): string {
  return name.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function jsonAndMore(call: string, other: 'data' | 'files'): UsageError {
  return new UsageError(
    `${call} was given both \`json\` and \`${other}\`; a request has one body.\n\n` +
      wrongRight(
        `${call.replace('()', '')}(url, { json: { a: 1 }, ${other} })`,
        'two bodies',
        other === 'data'
          ? `${call.replace('()', '')}(url, { json: { a: 1 } })`
          : `${call.replace('()', '')}(url, { data: { a: 1 }, files })`,
        other === 'data' ? '' : 'fields beside the files',
      ),
  )
}

function notData(call: string, data: unknown): UsageError {
  return new UsageError(
    `${call} expects \`data\` to be text, bytes, a form (an object, a Map, pairs, URLSearchParams, FormData), a Blob, a stream or chunks, but got ${show(data)}.`,
  )
}

function notFiles(call: string, got: string): UsageError {
  return new UsageError(
    `${call} expects \`files\` to be an object of text, bytes, Blobs, streams or [filename, content, contentType, headers], but got ${got}.`,
  )
}
