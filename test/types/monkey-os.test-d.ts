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
import type { Readable, Writable } from 'node:stream'
import { promisify } from 'node:util'
import { type Operation, spawn } from 'greenloop'
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

it('getOriginal knows what it gives', () => {
  expectTypeOf(monkey.getOriginal('child_process', 'exec')).toEqualTypeOf<typeof exec>()
})
