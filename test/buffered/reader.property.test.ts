// Random bytes in random pieces, read by random calls: what was given is what the bytes say, and where that ends in the bytes is known.
import fc from 'fast-check'
import { type Green, run } from 'greenloop'
import { expect, it } from 'vitest'
import { BufferedReader } from '../../src/buffered/reader.ts'
import { operation } from '../../src/waiting/operation.ts'
import { checkLeaks } from '../support/leaks.ts'

/** Change it to replay a run that fast-check has printed. */
const SEED = 20_261_207

checkLeaks()

const character = fc.constantFrom('a', 'b', '\n', '\r\n', 'ü', '€', '😀', '\ufffd')
const rubbish = fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes))
const content = fc
  .array(
    fc.oneof({ weight: 6, arbitrary: character.map((text) => Buffer.from(text)) }, { weight: 1, arbitrary: rubbish }),
    { maxLength: 40 },
  )
  .map((parts) => Buffer.concat(parts))
const calls = fc.array(
  fc.record({
    kind: fc.constantFrom('read' as const, 'readline' as const, 'bufferedLine' as const),
    size: fc.nat({ max: 12 }),
  }),
  { maxLength: 30 },
)

/** Gives the bytes in pieces of these sizes, again and again. */
function sourceOf(bytes: Buffer, sizes: readonly number[]): () => ReturnType<typeof operation<Buffer>> {
  let [at, turn] = [0, 0]
  return () =>
    operation('source', function* (): Green<Buffer> {
      const piece = bytes.subarray(at, at + (sizes[turn++ % sizes.length] ?? 1))
      at += piece.length
      return piece
    })
}

it('gives what the bytes say, in whole characters, and knows how many bytes that were', async () => {
  await fc.assert(
    fc.asyncProperty(
      content,
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
      calls,
      async (bytes, sizes, steps) => {
        let arrived = 0
        const source = sourceOf(bytes, sizes)
        const counted = () =>
          operation('counted', function* (): Green<Buffer> {
            const piece = yield* source()
            arrived += piece.length
            return piece
          })
        const reader = new BufferedReader<string>(counted, 'utf8')
        await run(function* () {
          let text = ''
          for (const { kind, size } of steps) {
            const got = kind === 'bufferedLine' ? (reader.bufferedLine() ?? '') : yield* reader[kind](size)
            if (kind !== 'read') expect(got.slice(0, -1)).not.toContain('\n')
            expect(kind === 'bufferedLine' || got.length <= size + 1).toBe(true)
            text += got
            const taken = arrived - reader.unreadBytes
            expect(text).toBe(bytes.toString('utf8', 0, taken))
            expect(text + bytes.toString('utf8', taken)).toBe(bytes.toString())
          }
          expect(text + (yield* reader.read())).toBe(bytes.toString())
          expect(reader.unreadBytes).toBe(0)
        })
      },
    ),
    { seed: SEED, numRuns: 300 },
  )
})
