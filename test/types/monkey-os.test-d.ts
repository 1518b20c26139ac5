// What the patched forms of streams and child processes infer, and which of their misuses do not compile.
import {
  type ChildProcess,
  type ChildProcessByStdio,
  type ChildProcessWithoutNullStreams,
  exec,
  execFile,
  fork,
  spawn as start,
} from 'node:child_process'
import http from 'node:http'
import net from 'node:net'
import {
  type Duplex,
  finished,
  PassThrough,
  pipeline,
  Readable,
  Transform,
  type TransformCallback,
  type Writable,
} from 'node:stream'
import streams from 'node:stream/promises'
import { promisify } from 'node:util'
import { type Cursor, type Green, type Operation, run, spawn } from 'greenloop'
import * as monkey from 'greenloop/monkey'
import { expectTypeOf, it } from 'vitest'

/** The output of a child, as text or as bytes. */
interface Out<T> {
  stdout: T
  stderr: T
}

it('exec and execFile infer their output: text, or bytes', () => {
  spawn(function* () {
    expectTypeOf(yield* exec('ls')).toEqualTypeOf<Out<string>>()
    expectTypeOf(yield* exec('ls', { timeout: 5 })).toEqualTypeOf<Out<string>>()
    expectTypeOf(yield* exec('ls', { encoding: 'utf8' })).toEqualTypeOf<Out<string>>()
    expectTypeOf(yield* exec('ls', { encoding: 'buffer' })).toEqualTypeOf<Out<Buffer>>()
    expectTypeOf(yield* exec('ls', () => undefined)).toEqualTypeOf<Out<string>>()
    expectTypeOf(yield* execFile('ls')).toEqualTypeOf<Out<string>>()
    expectTypeOf(yield* execFile('ls', ['x'])).toEqualTypeOf<Out<string>>()
    expectTypeOf(yield* execFile('ls', ['x'], { cwd: '.' })).toEqualTypeOf<Out<string>>()
    expectTypeOf(yield* execFile('ls', { encoding: null })).toEqualTypeOf<Out<Buffer>>()
    expectTypeOf(yield* execFile('ls', ['x'], { encoding: 'buffer' })).toEqualTypeOf<Out<Buffer>>()
    expectTypeOf(yield* promisify(exec)('ls')).toEqualTypeOf<Out<string>>()
    expectTypeOf((yield* promisify(execFile)('ls', ['x'], { encoding: 'buffer' })).stdout).toExtend<Buffer>()
  })
})

it('callbacks have the types that they had', () => {
  exec('ls', (error, stdout) => {
    expectTypeOf(stdout).toEqualTypeOf<string>()
    expectTypeOf(error?.code).toEqualTypeOf<number | undefined>()
  })
  exec('ls', { encoding: 'buffer' }, (_, stdout) => {
    expectTypeOf(stdout).toEqualTypeOf<Buffer>()
  })
  execFile('ls', ['x'], {}, (error, stdout) => {
    expectTypeOf(stdout).toEqualTypeOf<string>()
    expectTypeOf(error?.code).toEqualTypeOf<string | number | null | undefined>()
  })
  // @ts-expect-error -- a callback takes no number
  exec('ls', (error: number) => error)
})

it('spawn and fork infer the child, with the pipes that it has', () => {
  spawn(function* () {
    expectTypeOf(yield* start('ls')).toEqualTypeOf<ChildProcessWithoutNullStreams>()
    expectTypeOf(yield* start('ls', ['x'], { cwd: '.' })).toEqualTypeOf<ChildProcessWithoutNullStreams>()
    expectTypeOf(yield* start('ls', { stdio: ['pipe', 'inherit', 'ignore'] })).toEqualTypeOf<
      ChildProcessByStdio<Writable, null, null>
    >()
    expectTypeOf(yield* start('ls', [], { stdio: ['ignore', 'pipe', 'pipe'] })).toEqualTypeOf<
      ChildProcessByStdio<null, Readable, Readable>
    >()
    for (const child of [yield* start('ls', { stdio: 'inherit' }), yield* fork('x.js'), yield* fork('x.js', ['y'])]) {
      expectTypeOf(child).toExtend<ChildProcess>()
      expectTypeOf(child.stdout).toEqualTypeOf<Readable | null>()
    }
    expectTypeOf(yield* start('ls', [], { stdio: ['ignore', 5, 'pipe'] })).toExtend<ChildProcess>()
  })
})

it('they are children as ever, and of one of which nothing else is known, nothing is known', () => {
  const children: ChildProcess[] = [exec('ls'), execFile('ls'), start('ls'), fork('x.js')]
  const typed: ChildProcessWithoutNullStreams = start('ls')
  spawn(function* () {
    for (const child of children) expectTypeOf(yield* child).toEqualTypeOf<unknown>()
    expectTypeOf(yield* typed.wait()).toEqualTypeOf<number>()
    expectTypeOf(typed.wait({ timeoutMs: 5 })).toEqualTypeOf<Operation<number>>()
  })
  // @ts-expect-error -- a child is no sequence
  for (const _ of exec('ls'));
  // @ts-expect-error -- nor can it be spread
  ;[...start('ls')]
  // @ts-expect-error -- milliseconds are a number
  typed.wait({ timeoutMs: '5' })
})

it('streams infer what is read, and take what can be written', () => {
  const duplex: Duplex = new PassThrough()
  const readable: Readable = Readable.from([])
  const writable: Writable = duplex
  spawn(function* () {
    expectTypeOf(yield* readable.recv(5)).toEqualTypeOf<Buffer>()
    expectTypeOf(readable.cursor()).toEqualTypeOf<Cursor<Buffer>>()
    expectTypeOf(readable.cursor<number>()).toEqualTypeOf<Cursor<number>>()
    expectTypeOf(duplex.lines({ encoding: 'utf8' })).toEqualTypeOf<Cursor<string>>()
    expectTypeOf(yield* writable.sendall({ any: 'thing' })).toBeVoid()
    expectTypeOf(yield* duplex.finish('last', { timeoutMs: 5 })).toBeVoid()
    expectTypeOf(duplex.finish()).toEqualTypeOf<Operation<void>>()
  })
  // @ts-expect-error -- a stream is no sequence
  for (const _ of readable);
  // @ts-expect-error -- a string is no size
  readable.recv('5')
  // @ts-expect-error -- a socket takes text and bytes only
  net.connect(1).sendall({})
  // @ts-expect-error -- so does a message of http
  http.request('u').sendall({})
  expectTypeOf(net.connect(1).lines()).toEqualTypeOf<Cursor<string>>()
  expectTypeOf(http.request('u').finish()).toEqualTypeOf<Operation<void>>()
})

it('pipeline and finished infer: without a callback an operation, with one as ever', () => {
  const [readable, duplex] = [Readable.from([]), new PassThrough()]
  expectTypeOf(pipeline(readable, duplex)).toEqualTypeOf<Operation<void>>()
  expectTypeOf(pipeline(['x'], duplex, duplex)).toEqualTypeOf<Operation<void>>()
  expectTypeOf(pipeline(readable, duplex, { end: false })).toEqualTypeOf<Operation<void>>()
  expectTypeOf(
    pipeline(
      readable,
      async function* (source: AsyncIterable<Buffer>) {
        for await (const chunk of source) yield chunk
      },
      duplex,
    ),
  ).toEqualTypeOf<Operation<void>>()
  expectTypeOf(finished(readable)).toEqualTypeOf<Operation<void>>()
  expectTypeOf(finished(readable, { timeoutMs: 5 })).toEqualTypeOf<Operation<void>>()
  expectTypeOf(run(() => finished(readable))).toEqualTypeOf<Promise<void>>()

  const piped = pipeline(readable, new Transform(), duplex, (error) => {
    expectTypeOf(error).toEqualTypeOf<NodeJS.ErrnoException | null>()
  })
  expectTypeOf(piped).toEqualTypeOf<PassThrough>()
  const cleanup = finished(readable, (error) => {
    expectTypeOf(error).toEqualTypeOf<NodeJS.ErrnoException | null | undefined>()
  })
  expectTypeOf(cleanup).toEqualTypeOf<() => void>()
  expectTypeOf(finished(duplex, { readable: false }, () => undefined)).toEqualTypeOf<() => void>()
  // eslint-disable-next-line @typescript-eslint/no-misused-promises -- some do
  expectTypeOf(pipeline(readable, duplex, async () => Promise.resolve())).toExtend<NodeJS.WritableStream>()
  // @ts-expect-error -- a number is no stream
  finished(5)
  spawn(function* () {
    expectTypeOf(yield* streams.pipeline(readable, duplex)).toBeVoid()
    expectTypeOf(yield* streams.finished(duplex)).toBeVoid()
  })
})

it('streams of one’s own are written as before', () => {
  class Upper extends Transform {
    override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
      done(null, String(chunk).toUpperCase())
    }
  }
  function* shout(words: string): Green<void> {
    yield* new Upper().sendall(words)
  }
  expectTypeOf(shout('x')).toEqualTypeOf<Green<void>>()
})

it('getOriginal knows what it gives', () => {
  expectTypeOf(monkey.getOriginal('stream/promises', 'pipeline')).toEqualTypeOf<typeof streams.pipeline>()
  expectTypeOf(monkey.getOriginal('child_process', 'exec')).toEqualTypeOf<typeof exec>()
})
