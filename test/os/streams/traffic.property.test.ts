// Random traffic: however the bytes of a stream are cut, read, written, and given up on, they arrive exactly, and nothing is left on the stream.
import { PassThrough, Readable, Writable } from 'node:stream'
import fc from 'fast-check'
import { type Green, GreenletExit, run, StreamTimeoutError, sleep, spawn } from 'greenloop'
import { chunks, end, lines, recv, transform, write } from 'greenloop/os'
import { expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { listeners } from './support.ts'

checkLeaks()

/** Change it to replay a run that fast-check has printed: the seed stands in the message of the failure. */
const SEED = 20_270_131
const RUNS = { seed: SEED, numRuns: 60 }

type When = 'now' | 'tick' | 'round'

/** How a stream gives its bytes: each piece when. */
const anyPieces = fc.array(
  fc.record({
    size: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 3000 })),
    when: fc.constantFrom<When>('now', 'tick', 'round'),
  }),
  { maxLength: 25 },
)

/** How it is read, over and over: by what, and how long it is waited for at the most. */
const anyReads = fc.array(
  fc.record({
    by: fc.constantFrom('recv', 'chunks', 'killed', 'late'),
    size: fc.oneof(fc.constant(undefined), fc.integer({ min: 1, max: 2000 })),
  }),
  { minLength: 1, maxLength: 8 },
)

const anyLimit = fc.constantFrom(1, 7, 1000, 65_536)

const after: Record<When, (fn: () => void) => void> = {
  now: (fn) => {
    fn()
  },
  tick: (fn) => {
    process.nextTick(fn)
  },
  round: (fn) => {
    setImmediate(fn)
  },
}

/** A stream that gives these bytes in these pieces. */
function source(bytes: Buffer, pieces: readonly { size: number; when: When }[], options: object): Readable {
  let [at, next] = [0, 0]
  return new Readable({
    ...options,
    read() {
      const piece = at < bytes.length ? pieces[next++] : undefined
      if (piece === undefined) {
        this.push(null)
        return
      }
      after[piece.when](() => this.push(bytes.subarray(at, (at += piece.size))))
    },
  })
}

function bytesFor(pieces: readonly { size: number }[]): Buffer {
  const length = pieces.reduce((sum, { size }) => sum + size, 0)
  return Buffer.from(Array.from({ length }, (_, index) => (index * 31 + (index >> 8)) & 0xff))
}

it('every byte is read once, in order, whatever reads and kills', async () => {
  await fc.assert(
    fc.asyncProperty(anyPieces, anyReads, anyLimit, fc.boolean(), async (pieces, reads, highWaterMark, isPiped) => {
      const bytes = bytesFor(pieces)
      const first = source(bytes, pieces, { highWaterMark })
      const stream = isPiped ? first.pipe(new PassThrough({ highWaterMark })) : first
      const before = listeners(stream)
      const got: Buffer[] = []

      function* one({ by, size }: (typeof reads)[number]): Green<boolean> {
        switch (by) {
          case 'recv': {
            const piece = yield* recv(stream, size)
            got.push(piece)
            return piece.length > 0
          }
          case 'chunks': {
            const it = chunks(stream)
            if (!(yield* it.next())) return false
            got.push(it.value)
            return true
          }
          case 'late':
            try {
              got.push(yield* recv(stream, size, { timeoutMs: 0 }))
            } catch (error) {
              if (!(error instanceof StreamTimeoutError)) throw error
            }
            return true
          default: {
            const victim = spawn(() => recv(stream, size))
            yield* sleep(0)
            victim.kill()
            yield* victim.join()
            if (victim.value instanceof GreenletExit) yield* sleep(0)
            else got.push(victim.value!)
            return true
          }
        }
      }

      await run(function* () {
        for (let n = 0; yield* one(reads[n % reads.length]!); n++) {
          // only a plain read tells the end
          if (!reads.some(({ by }) => by === 'recv' || by === 'chunks') && stream.readableEnded) break
        }
        yield* sleep(1)
      })
      expect(Buffer.concat(got).equals(bytes)).toBe(true)
      expect(stream.closed ? {} : listeners(stream)).toEqual(stream.closed ? {} : before)
    }),
    RUNS,
  )
})

it('every line is read once, wherever its bytes are cut', async () => {
  const anyText = fc
    .array(fc.oneof(fc.constantFrom('\n', '\r\n', '\r', 'ü', '€', '😀', ''), fc.string({ maxLength: 12 })), {
      maxLength: 40,
    })
    .map((words) => words.join(''))
  await fc.assert(
    fc.asyncProperty(anyText, anyPieces, fc.boolean(), fc.nat(3), async (content, pieces, isText, killEach) => {
      const bytes = Buffer.from(content)
      const total = pieces.reduce((sum, { size }) => sum + size, 0)
      const all = [...pieces, { size: Math.max(1, bytes.length - total), when: 'now' as const }]
      const stream = source(bytes, all, isText ? { encoding: 'utf8' } : {})
      const got: string[] = []
      await run(function* () {
        const it = lines(stream)
        for (let n = 1; ; n++) {
          const reader = spawn(function* () {
            if (!(yield* it.next())) return false
            got.push(it.value)
            return true
          })
          if (killEach > 0 && n % killEach === 0) {
            yield* sleep(0)
            reader.kill()
            yield* reader.join()
            if (reader.value === false) break
          } else if (!(yield* reader.get())) {
            break
          }
        }
      })
      const expected = bytes
        .toString()
        .split('\n')
        .map((line, index, list) => (index < list.length - 1 && line.endsWith('\r') ? line.slice(0, -1) : line))
      if (expected.at(-1) === '') expected.pop()
      expect(got).toEqual(expected)
    }),
    RUNS,
  )
})

it('every byte that was handed over is written once, in order, whoever is killed', async () => {
  const anyWrites = fc.array(
    fc.record({
      size: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 3000 })),
      by: fc.constantFrom('waits', 'killed', 'late'),
    }),
    { maxLength: 25 },
  )
  await fc.assert(
    fc.asyncProperty(
      anyWrites,
      anyLimit,
      fc.constantFrom<When>('now', 'tick', 'round'),
      async (writes, highWaterMark, when) => {
        const bytes = bytesFor(writes)
        const taken: Buffer[] = []
        const stream = new Writable({
          highWaterMark,
          write(chunk: Buffer, _encoding, done) {
            taken.push(Buffer.from(chunk))
            after[when](done)
          },
        })
        const before = listeners(stream)
        await run(function* () {
          let at = 0
          for (const { size, by } of writes) {
            const data = bytes.subarray(at, (at += size))
            if (by === 'waits') yield* write(stream, data)
            else if (by === 'killed') {
              const victim = spawn(() => write(stream, data))
              yield* sleep(0)
              victim.kill()
              yield* victim.join()
            } else {
              try {
                yield* write(stream, data, { timeoutMs: 0 })
              } catch (error) {
                if (!(error instanceof StreamTimeoutError)) throw error
              }
            }
          }
          yield* sleep(0)
          if (!writes.some(({ by }) => by !== 'killed')) expect(listeners(stream)).toEqual(before)
          yield* end(stream)
        })
        expect(Buffer.concat(taken).equals(bytes)).toBe(true)
      },
    ),
    RUNS,
  )
})

it('what goes through transforms comes out in its order, however many chunks are under way', async () => {
  const anyWork = fc.array(fc.record({ waits: fc.nat(2), outs: fc.nat(3), returns: fc.boolean() }), { maxLength: 25 })
  await fc.assert(
    fc.asyncProperty(
      anyWork,
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 4 }),
      async (work, concurrency, highWaterMark) => {
        const stream = transform<number, string>(
          function* (index, push) {
            const { waits, outs, returns } = work[index]!
            for (let n = 0; n < waits; n++) yield* sleep(0)
            for (let n = 0; n < outs; n++) yield* push(`${index}.${n}`)
            return returns ? `${index}.` : undefined
          },
          { objectMode: true, highWaterMark, concurrency },
        )
        const got: string[] = []
        await run(function* () {
          spawn(function* () {
            for (const index of work.keys()) yield* write(stream, index)
            yield* end(stream)
          })
          const it = chunks<string>(stream)
          while (yield* it.next()) got.push(it.value)
        })
        expect(got).toEqual(
          work.flatMap(({ outs, returns }, index) => [
            ...Array.from({ length: outs }, (_, n) => `${index}.${n}`),
            ...(returns ? [`${index}.`] : []),
          ]),
        )
      },
    ),
    RUNS,
  )
})
