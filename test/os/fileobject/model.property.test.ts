// Random calls of a file, some of them killed, against a model in memory: a Buffer and a place in it.
import { readFileSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { type Green, GreenletExit, run, sleep, spawn } from 'greenloop'
import { open } from 'greenloop/os'
import { expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { folder } from '../files/support.ts'

/** Change it to replay a run that fast-check has printed. */
const SEED = 20_261_208

checkLeaks()

/** What a file should be. */
class Model {
  content: Buffer
  place = 0

  constructor(content: Buffer) {
    this.content = content
  }

  read(size: number): Buffer {
    const taken = this.content.subarray(this.place, this.place + size)
    this.place += taken.length
    return taken
  }

  readline(size: number): Buffer {
    const end = this.content.indexOf(10, this.place)
    return this.read(Math.min(size, end < 0 ? Infinity : end + 1 - this.place))
  }

  write(data: Buffer): void {
    const longer = Buffer.alloc(Math.max(this.content.length, data.length === 0 ? 0 : this.place + data.length))
    this.content.copy(longer)
    data.copy(longer, this.place)
    this.content = longer
    this.place += data.length
  }

  truncate(size: number): void {
    const changed = Buffer.alloc(size)
    this.content.copy(changed, 0, 0, size)
    this.content = changed
  }
}

const data = fc.array(fc.constantFrom(10, 65, 66, 67), { maxLength: 12 }).map((bytes) => Buffer.from(bytes))
const size = fc.oneof({ weight: 4, arbitrary: fc.nat({ max: 15 }) }, { weight: 1, arbitrary: fc.constant(Infinity) })
const isKilled = fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) })
const step = fc.oneof(
  fc.record({ kind: fc.constantFrom('read' as const, 'readline' as const), size, isKilled }),
  fc.record({ kind: fc.constantFrom('readlines' as const, 'line' as const, 'flush' as const, 'tell' as const) }),
  fc.record({ kind: fc.constant('write' as const), data, isKilled }),
  fc.record({
    kind: fc.constant('seek' as const),
    offset: fc.integer({ min: -10, max: 30 }),
    whence: fc.constantFrom(0, 1, 2),
  }),
  fc.record({ kind: fc.constant('truncate' as const), size: fc.nat({ max: 30 }) }),
)

/** What the call gives; null when it was killed before it was done. */
function* killed<T>(made: { [Symbol.iterator](): unknown }): Green<T | null> {
  const victim = spawn(() => made as Green<T>)
  yield* sleep(0)
  yield* victim.kill()
  return victim.value instanceof GreenletExit ? null : (victim.value as T)
}

it('a file of bytes does what the model does, whatever is killed', async () => {
  const path = folder()('file')
  await fc.assert(
    fc.asyncProperty(
      data,
      fc.nat({ max: 16 }),
      fc.array(step, { maxLength: 25 }),
      async (content, buffering, steps) => {
        writeFileSync(path, content)
        const model = new Model(content)
        await run(function* () {
          using file = yield* open(path, 'r+b', { buffering })
          for (const one of steps) {
            if (one.kind === 'read' || one.kind === 'readline') {
              const given = one.isKilled
                ? yield* killed<Buffer>(file[one.kind](one.size))
                : yield* file[one.kind](one.size)
              if (given !== null) expect(given).toEqual(model[one.kind](one.size))
            } else if (one.kind === 'readlines') {
              const lines = yield* file.readlines()
              for (const line of lines) expect(line).toEqual(model.readline(Infinity))
              expect(model.read(Infinity).length).toBe(0)
            } else if (one.kind === 'line') {
              const it = file.cursor()
              if (yield* it.next()) expect(it.value).toEqual(model.readline(Infinity))
              else expect(model.readline(Infinity).length).toBe(0)
            } else if (one.kind === 'write') {
              if (one.isKilled) yield* killed(file.write(one.data))
              else yield* file.write(one.data)
              model.write(one.data)
            } else if (one.kind === 'flush') {
              yield* file.flush()
              expect(readFileSync(path)).toEqual(model.content)
            } else if (one.kind === 'seek') {
              const place = one.offset + [0, model.place, model.content.length][one.whence]!
              if (place < 0) continue
              model.place = place
              expect(yield* file.seek(one.offset, one.whence as 0)).toBe(place)
            } else if (one.kind === 'truncate') {
              yield* file.truncate(one.size)
              model.truncate(one.size)
            }
            expect(file.tell()).toBe(model.place)
          }
          // A write of the last call may still be under way.
          yield* file.flush()
        })
        expect(readFileSync(path)).toEqual(model.content)
      },
    ),
    { seed: SEED, numRuns: 80 },
  )
})

it('a file of text gives whole characters, from every place that tell() has given', async () => {
  const path = folder()('file')
  const characters = fc.array(fc.constantFrom('a', '\n', 'ü', '€', '😀', '\r\n'), { maxLength: 30 })
  const call = fc.record({ kind: fc.constantFrom('read', 'readline', 'back', 'append'), size: fc.nat({ max: 8 }) })
  await fc.assert(
    fc.asyncProperty(characters, fc.array(call, { maxLength: 20 }), async (list, calls) => {
      let content = list.join('')
      writeFileSync(path, content)
      await run(function* () {
        using file = yield* open(path, 'r+')
        const places = [0]
        for (const { kind, size: many } of calls) {
          if (kind === 'back') yield* file.seek(places[many % places.length]!)
          const from = file.tell()
          const rest = Buffer.from(content).subarray(from).toString()
          if (kind === 'append') {
            yield* file.seek(0, 2)
            yield* file.write('ö😀\n')
            content += 'ö😀\n'
          } else {
            const given = yield* kind === 'readline' ? file.readline(many) : file.read(many)
            expect(rest.startsWith(given)).toBe(true)
            expect(file.tell() - from).toBe(Buffer.byteLength(given))
            expect(Buffer.from(given).toString()).toBe(given) // no half of a character
          }
          places.push(file.tell())
        }
        yield* file.seek(0)
        expect(yield* file.read()).toBe(content)
      })
    }),
    { seed: SEED, numRuns: 60 },
  )
})
