/**
 * zlib: its encodings, and a stream of it as something one waits for. A chunk goes in, what it makes comes out.
 *
 * The work is done in Node's threads. A wait that is given up destroys the stream, and the memory that zlib holds for it goes with it.
 *
 * Stands on waits. Leaves to `decode.ts` which encodings a body has, and what a failure means.
 */
import type { Transform } from 'node:stream'
import * as zlib from 'node:zlib'
import type { Coroutine } from '../../greenlet/kernel.ts'
import { ready, type Step } from '../../greenlet/operation.ts'
import type { Operation } from '../../protocol.ts'
import { HubOperation } from '../../waiting/operation.ts'
import { Wait } from '../../waiting/wait.ts'

/** How much a stream hands out at once. */
const CHUNK = 65_536

const NOTHING: Buffer = Buffer.alloc(0)

/** The bytes are not what they are said to be, or are cut short. The message says how, and is the end of a sentence. */
export class BrokenCoding extends Error {}

/** More comes out than may. */
export class OverLimit extends Error {}

/** A stream of zlib's: it tells how much of what it was given it has used. */
export interface ZlibStream extends Transform {
  readonly bytesWritten: number
}

/** How zlib decodes one encoding: all at once, and as a stream. */
export interface Coding {
  readonly whole: (content: Buffer, limit: number) => Buffer
  readonly stream: () => ZlibStream
}

/** Options that all functions of zlib take. */
interface ZlibOptions {
  maxOutputLength?: number
  chunkSize?: number
}

/** What Node 20 does not have yet, and its types do not know. */
const { zstdDecompressSync, createZstdDecompress } = zlib as {
  zstdDecompressSync?: (content: Buffer, options: ZlibOptions) => Buffer
  createZstdDecompress?: (options: ZlibOptions) => ZlibStream
}

const DEFLATE: Coding = {
  whole: (content, limit) => zlib.inflateSync(content, { maxOutputLength: limit }),
  stream: () => zlib.createInflate({ chunkSize: CHUNK }),
}
/** deflate without anything around it. */
export const RAW: Coding = {
  whole: (content, limit) => zlib.inflateRawSync(content, { maxOutputLength: limit }),
  stream: () => zlib.createInflateRaw({ chunkSize: CHUNK }),
}
const BROTLI: Coding = {
  whole: (content, limit) => zlib.brotliDecompressSync(content, { maxOutputLength: limit }),
  stream: () => zlib.createBrotliDecompress({ chunkSize: CHUNK }),
}
const ZSTD: Coding | null =
  zstdDecompressSync === undefined || createZstdDecompress === undefined || !isReliable(zstdDecompressSync)
    ? null
    : {
        whole: (content, limit) => zstdDecompressSync(content, { maxOutputLength: limit }),
        stream: () => createZstdDecompress({ chunkSize: CHUNK }),
      }

/** Whether it reads all frames of a body, and says so when one is cut short. The first Nodes with zstd give what they have, and no error. */
function isReliable(decompress: (content: Buffer, options: ZlibOptions) => Buffer): boolean {
  const frame = Buffer.from('28b52ffd200109000061', 'hex') // of the letter a
  try {
    if (decompress(join([frame, frame]), {}).length !== 2) return false
    decompress(frame.subarray(0, -1), {})
    return false
  } catch {
    return true
  }
}

/** Whether this Node has zstd, one that loses nothing. */
export const HAS_ZSTD: boolean = ZSTD !== null

/** What servers call deflate is zlib's format, by the standard, or bare deflate; the first two bytes tell. */
export function codingOf(name: string, start: Buffer): Coding {
  if (name === 'br') return BROTLI
  if (name === 'zstd' && ZSTD !== null) return ZSTD
  const [first = 0, second = 0] = start
  return (first & 0x0f) === 8 && ((first << 8) | second) % 31 === 0 ? DEFLATE : RAW
}

/** One stream. One chunk at a time. */
export class Engine {
  readonly #stream: ZlibStream
  readonly #name: string
  #left: number
  #pieces: Buffer[] = []
  #waiting: EngineWait | null = null
  #isOver = false

  /** @param limit - how many bytes may come out. */
  constructor(stream: ZlibStream, name: string, limit: number) {
    this.#stream = stream
    this.#name = name
    this.#left = limit
    stream.on('readable', () => {
      this.#take()
    })
    stream.on('end', () => {
      this.#isOver = true
      this.#done()
    })
    stream.on('error', (error) => {
      this.#fail(new BrokenCoding(howBroken(error), { cause: error }))
    })
  }

  /** Whether the stream has come to an end of its own; what it is given from then on is left unused. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** How many of the bytes that it was given it has used. */
  get used(): number {
    return this.#stream.bytesWritten
  }

  /** Decodes a chunk. @throws BrokenCoding, OverLimit. */
  write(chunk: Buffer): Operation<Buffer> {
    return new EngineStep(this, chunk)
  }

  /** Gives what is left. @throws BrokenCoding when something is missing; OverLimit. */
  end(): Operation<Buffer> {
    return new EngineStep(this, null)
  }

  /** Gives it up. */
  close(): void {
    this.#stream.destroy()
  }

  /** Begins a step; `chunk` is null for the end. */
  begin(greenlet: Coroutine, chunk: Buffer | null): Step<Buffer> {
    if (this.#isOver) return ready(NOTHING)
    if (this.#stream.destroyed) throw new BrokenCoding('decoding it was given up before')
    const wait = new EngineWait(greenlet, this, `decode(${this.#name})`)
    this.#waiting = wait
    if (chunk === null) this.#stream.end()
    else
      this.#stream.write(chunk, () => {
        this.#done()
      })
    return wait.parkOutside()
  }

  /** The wait was given up. */
  abandoned(): void {
    this.#waiting = null
    this.#stream.destroy()
  }

  #take(): void {
    for (let piece = this.#read(); piece !== null; piece = this.#read()) {
      this.#left -= piece.length
      if (this.#left < 0) {
        this.#fail(new OverLimit())
        return
      }
      this.#pieces.push(piece)
    }
  }

  #read(): Buffer | null {
    return this.#stream.destroyed ? null : (this.#stream.read() as Buffer | null) // it has no encoding
  }

  #done(): void {
    this.#take()
    const wait = this.#waiting
    if (wait === null) return // given up, or failed in taking
    const pieces = this.#pieces
    this.#waiting = null
    this.#pieces = []
    wait.over()
    wait.succeed(join(pieces))
  }

  #fail(error: Error): void {
    const wait = this.#waiting
    this.#waiting = null
    this.#pieces = []
    this.#stream.destroy()
    wait?.over()
    wait?.fail(error)
  }
}

class EngineStep extends HubOperation<Buffer> {
  readonly #engine: Engine
  readonly #chunk: Buffer | null

  constructor(engine: Engine, chunk: Buffer | null) {
    super()
    this.#engine = engine
    this.#chunk = chunk
  }

  override begin(greenlet: Coroutine): Step<Buffer> {
    return this.#engine.begin(greenlet, this.#chunk)
  }

  override toString(): string {
    return 'decode()'
  }
}

class EngineWait extends Wait {
  readonly #engine: Engine
  readonly #text: string

  constructor(greenlet: Coroutine, engine: Engine, text: string) {
    super(greenlet)
    this.#engine = engine
    this.#text = text
  }

  parkOutside(): Step<never> {
    this.hub.outstanding++
    return this.park()
  }

  over(): void {
    this.hub.outstanding--
  }

  protected override leave(): void {
    this.over()
    this.#engine.abandoned()
  }

  override describe(): string {
    return this.#text
  }
}

/** What is wrong, in zlib's words or better ones. */
export function howBroken(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown } // zlib's errors have both
  return code === 'Z_BUF_ERROR' ? 'it is cut short' : String(message)
}

/** Puts pieces together; one is not copied. */
export function join(pieces: readonly Buffer[]): Buffer {
  const filled = pieces.filter((piece) => piece.length > 0)
  return filled.length === 1 && filled[0] !== undefined ? filled[0] : Buffer.concat(filled)
}
