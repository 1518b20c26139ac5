// Sources of bytes for buffered readers.
import { type Green, type Operation, sleep } from 'greenloop'
import { BufferedReader } from '../../src/buffered/reader.ts'
import { operation } from '../../src/waiting/operation.ts'

/** Gives these pieces, each after two milliseconds of the clock; and none of them twice. Notes how much it was asked for. */
export class Source {
  readonly asked: number[] = []
  readonly #pieces: Buffer[]

  constructor(pieces: readonly (string | Buffer)[]) {
    this.#pieces = pieces.map((piece) => Buffer.from(piece))
  }

  /** Puts more behind the end. */
  add(...pieces: readonly (string | Buffer)[]): void {
    this.#pieces.push(...pieces.map((piece) => Buffer.from(piece)))
  }

  readonly read = (size: number): Operation<Buffer> => {
    const next = (): Buffer => this.#pieces.shift() ?? Buffer.alloc(0)
    const { asked } = this
    return operation('source.read()', function* (): Green<Buffer> {
      asked.push(size)
      yield* sleep(2)
      return next()
    })
  }
}

/** A reader of text that is there in these pieces. */
export function textOf(...pieces: readonly (string | Buffer)[]): BufferedReader<string> {
  return new BufferedReader<string>(new Source(pieces).read, 'utf8')
}

/** A reader of bytes that are there in these pieces. */
export function bytesOf(...pieces: readonly (string | Buffer)[]): BufferedReader<Buffer> {
  return new BufferedReader<Buffer>(new Source(pieces).read, null)
}
