// Types of streams: what the functions take and give, and that the methods of sockets and messages fit those of streams.
import type net from 'node:net'
import { PassThrough, type Readable, type Transform, type Writable } from 'node:stream'
import type { Cursor, Green, Operation } from 'greenloop'
import type { SocketMethods } from 'greenloop/net'
import {
  buffer,
  chunks,
  end,
  finished,
  type GreenStep,
  input,
  json,
  lines,
  type Push,
  pipeline,
  type ReadableMethods,
  recv,
  text,
  transform,
  type WritableMethods,
  write,
} from 'greenloop/os'
import { describe, expectTypeOf, it } from 'vitest'

const stream = new PassThrough()

describe('reading', () => {
  it('gives Buffers, text, and whatever the caller says', () => {
    expectTypeOf(recv(stream, 5, { timeoutMs: 1 })).toEqualTypeOf<Operation<Buffer>>()
    expectTypeOf(chunks(stream)).toEqualTypeOf<Cursor<Buffer>>()
    expectTypeOf(chunks<{ a: number }>(stream)).toEqualTypeOf<Cursor<{ a: number }>>()
    expectTypeOf(chunks({} as ReadableStream<number>)).toEqualTypeOf<Cursor<number>>()
    expectTypeOf(lines(stream, { maxLength: 5 })).toEqualTypeOf<Cursor<string>>()
    expectTypeOf(lines({} as ReadableStream<Uint8Array>)).toEqualTypeOf<Cursor<string>>()
    expectTypeOf(text(stream)).toEqualTypeOf<Operation<string>>()
    expectTypeOf(buffer({} as ReadableStream)).toEqualTypeOf<Operation<Buffer>>()
    expectTypeOf(json(stream)).toEqualTypeOf<Operation<unknown>>()
    expectTypeOf(input('? ')).toEqualTypeOf<Operation<string>>()
  })

  it('takes streams that can be read', () => {
    expectTypeOf(recv).toBeCallableWith(process.stdin)
    expectTypeOf(recv).toBeCallableWith({} as net.Socket)
    // @ts-expect-error -- a Writable
    recv({} as Writable)
    // @ts-expect-error -- a web stream has no bytes to be counted
    recv({} as ReadableStream)
  })
})

describe('writing', () => {
  it('takes streams that can be written to', () => {
    expectTypeOf(write(stream, 'x')).toEqualTypeOf<Operation<void>>()
    expectTypeOf(end(process.stdout)).toEqualTypeOf<Operation<void>>()
    expectTypeOf(write({} as WritableStream, 5)).toEqualTypeOf<Operation<void>>()
    // @ts-expect-error -- a Readable
    write({} as Readable, 'x')
  })
})

describe('whole streams', () => {
  it('are waited for', () => {
    expectTypeOf(finished(stream, { readable: false })).toEqualTypeOf<Operation<void>>()
    expectTypeOf(finished({} as ReadableStream)).toEqualTypeOf<Operation<void>>()
  })

  it('are led through steps of all kinds', () => {
    function* upper(source: Cursor<string>, push: Push<string>): Green<void> {
      while (yield* source.next()) yield* push(source.value)
    }
    const typed: GreenStep<string, number> = function* (source, push) {
      expectTypeOf(source).toEqualTypeOf<Cursor<string>>()
      yield* push(source.value.length)
    }
    const asynchronous = async function* (source: AsyncIterable<Buffer>): AsyncGenerator<string> {
      for await (const chunk of source) yield String(chunk)
    }
    expectTypeOf(
      pipeline(stream, upper, typed, asynchronous, {} as TransformStream, {} as WritableStream, { end: false }),
    ).toEqualTypeOf<Operation<void>>()
    // @ts-expect-error -- no such option
    pipeline(stream, stream, { ends: false })
  })

  it('are made of a function', () => {
    expectTypeOf(transform((chunk) => chunk.length.toString())).toEqualTypeOf<Transform>()
    transform(
      function* (n: number, push) {
        yield* push('text')
        return String(n)
      },
      { objectMode: true, concurrency: 2 },
    )
    transform<number, string>(function* (n, push) {
      expectTypeOf(n).toEqualTypeOf<number>()
      expectTypeOf(push).toEqualTypeOf<Push<string>>()
    })
    // @ts-expect-error -- a number is no string
    transform<number, string>((n) => n)
  })
})

describe('methods', () => {
  it('of sockets fit those of streams', () => {
    expectTypeOf<SocketMethods['recv']>().toEqualTypeOf<ReadableMethods['recv']>()
    expectTypeOf<Pick<SocketMethods, 'recv' | 'sendall'>>().toExtend<
      Pick<ReadableMethods & WritableMethods, 'recv' | 'sendall'>
    >()
  })
})
