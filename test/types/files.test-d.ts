// What files give, as TypeScript infers it: by the mode.
import { each, type Green, type Operation, spawn } from 'greenloop'
import { type FileMode, FileObject, open } from 'greenloop/os'
import { describe, expectTypeOf, it } from 'vitest'

/** The types are looked at, and nothing runs. */
declare function looked(body: () => Green<unknown>): void

describe('the types of', () => {
  it('open() follow from the mode', () => {
    looked(function* () {
      expectTypeOf(yield* open('path')).toEqualTypeOf<FileObject>()
      expectTypeOf(yield* open('path', 'a+', { encoding: 'latin1' })).toEqualTypeOf<FileObject>()
      expectTypeOf(yield* open('path', 'rt')).toEqualTypeOf<FileObject>()
      expectTypeOf(yield* open(Buffer.from('path'), 'rb')).toEqualTypeOf<FileObject<Buffer>>()
      expectTypeOf(yield* open(new URL('file:///path'), 'w+b')).toEqualTypeOf<FileObject<Buffer>>()
      const mode = 'r' as FileMode
      expectTypeOf(yield* open('path', mode)).toEqualTypeOf<FileObject<string | Buffer>>()
      expectTypeOf(yield* spawn(open, 'path').get()).not.toBeAny()
      // @ts-expect-error -- no such mode
      open('path', 'rw')
      // @ts-expect-error -- a descriptor is for the constructor
      open(5)
    })
  })

  it('a file’s calls follow from what it is of', () => {
    looked(function* () {
      const [text, bytes] = [yield* open('path'), yield* open('path', 'r+b')]
      expectTypeOf(yield* text.read()).toEqualTypeOf<string>()
      expectTypeOf(yield* bytes.readline(5)).toEqualTypeOf<Buffer>()
      expectTypeOf(yield* bytes.readlines()).toEqualTypeOf<Buffer[]>()
      expectTypeOf(text.lines().value).toEqualTypeOf<string>()
      expectTypeOf(text.write('x')).toEqualTypeOf<Operation<number>>()
      expectTypeOf(bytes.write(new Uint8Array(1))).toEqualTypeOf<Operation<number>>()
      expectTypeOf(bytes.tell()).toEqualTypeOf<number>()
      yield* each(text, (line) => {
        expectTypeOf(line).toEqualTypeOf<string>()
      })
      // @ts-expect-error -- bytes to a file of text
      text.write(new Uint8Array(1))
      // @ts-expect-error -- text to a file of bytes
      bytes.write('x')
      // @ts-expect-error -- there are three
      text.seek(0, 3)
    })
  })

  it('the constructor: of text, and where it is said, of bytes', () => {
    expectTypeOf(() => new FileObject(3)).returns.toEqualTypeOf<FileObject>()
    expectTypeOf(() => new FileObject(3, 'r+')).returns.toEqualTypeOf<FileObject>()
    expectTypeOf(() => new FileObject<Buffer>(3, 'rb')).returns.toEqualTypeOf<FileObject<Buffer>>()
    // @ts-expect-error -- it would be one of text
    expectTypeOf(() => new FileObject(3, 'rb')).toBeFunction()
    // @ts-expect-error -- it is said to be one of bytes
    expectTypeOf(() => new FileObject<Buffer>(3, 'r')).toBeFunction()
  })
})
