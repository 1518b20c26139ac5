/**
 * Content encodings: whole bodies and chunks, broken ones, bombs, and waits that are given up.
 */
import { createHash } from 'node:crypto'
import * as zlib from 'node:zlib'
import fc from 'fast-check'
import { run, sleep, spawn, Timeout, withTimeout } from 'greenloop'
import { requests } from 'greenloop/http'
import { describe, expect, it } from 'vitest'
import { ACCEPT_ENCODING, Decoder, decodeWhole, isEncoded } from '../../../src/http/message/decode.ts'
import type { Green, Operation } from '../../../src/protocol.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { messageOf, thrown } from '../../support/thrown.ts'

checkLeaks()

const SEED = 20_241_106
const NO_LIMIT = 2 ** 30
const { gzipSync, deflateSync, deflateRawSync, brotliCompressSync } = zlib
const { zstdCompressSync } = zlib as { zstdCompressSync?: (content: Buffer) => Buffer } // newer Nodes have it
const hasZstd = ACCEPT_ENCODING.includes('zstd')
const brotli = (content: Buffer): Buffer =>
  brotliCompressSync(content, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 2 } })

const text = Buffer.from('Content that is worth compressing, compressing, compressing. '.repeat(8))
/** Compressed it is still longer than what is decoded in place. */
const long = Buffer.from(Array.from({ length: 30_000 }, (_, n) => (n * 2_654_435_761) % 4_294_967_296).join(' '))

/** Long Buffers are compared by their hashes, which costs a thousandth. */
function brief(content: Buffer): Buffer | string {
  return content.length < 10_000
    ? content
    : `${content.length} bytes, ${createHash('sha1').update(content).digest('hex')}`
}

function* whole(content: Buffer, encoding: string | undefined, limit = NO_LIMIT): Green<Buffer> {
  const decoded = decodeWhole(content, encoding, limit)
  return Buffer.isBuffer(decoded) ? decoded : yield* decoded
}

function* chunked(content: Buffer, encoding: string, size: number, limit = NO_LIMIT): Green<Buffer> {
  const decoder = new Decoder(encoding, limit)
  const decoded: Buffer[] = []
  for (let at = 0; at < content.length; at += size) decoded.push(yield* decoder.push(content.subarray(at, at + size)))
  decoded.push(yield* decoder.end())
  return Buffer.concat(decoded)
}

/** All ways to decode it, which must come to the same; an error is its class and its message. */
async function outcome(content: Buffer, encoding: string, limit = NO_LIMIT): Promise<unknown> {
  const ways = [
    () => whole(content, encoding, limit),
    () => chunked(content, encoding, content.length < 2000 ? 1 : 1000, limit),
    () => chunked(content, encoding, NO_LIMIT, limit),
  ]
  const outcomes = await Promise.all(
    ways.map(async (way) => {
      try {
        return brief(await run(way))
      } catch (error) {
        return `${(error as Error).name}: ${messageOf(error)}`
      }
    }),
  )
  for (const other of outcomes) expect(other).toEqual(outcomes[0])
  return outcomes[0]
}

const broken = (encoding: string, how: string): string =>
  `ContentDecodingError: The body cannot be decoded as ${encoding}, which its content-encoding says it is: ${how}.`

const garbage = Buffer.from('\r\n<!-- garbage -->')
const gzipped = gzipSync(text)

describe('a body', () => {
  it.each<[what: string, content: Buffer, encoding: string]>([
    ['gzip', gzipped, 'gzip'],
    ['x-gzip', gzipped, 'x-gzip'],
    ['gzip in capitals', gzipped, ' GZIP '],
    ['deflate', deflateSync(text), 'deflate'],
    ['bare deflate', deflateRawSync(text), 'deflate'],
    ['br', brotli(text), 'br'],
    ['gzip, then br', brotli(gzipped), 'gzip, br'],
    ['deflate, gzip and br', brotli(gzipSync(deflateSync(text))), 'deflate,gzip , identity, br'],
    ['nothing', text, 'identity'],
    ['an encoding of no name', text, ', ,'],
    ['an unknown encoding', text, 'compress'],
    ['a known one below an unknown one', text, 'gzip, compress'],
    ['an unknown one below a known one', gzipped, 'compress, gzip'],
  ])('of %s is decoded, or left as it is', async (_, content, encoding) => {
    expect(await outcome(content, encoding)).toEqual(text)
  })

  it.skipIf(!hasZstd)('of zstd is decoded', async () => {
    expect(await outcome(zstdCompressSync!(text), 'zstd')).toEqual(text)
    expect(await outcome(Buffer.concat([zstdCompressSync!(text), zstdCompressSync!(text)]), 'zstd')).toEqual(
      Buffer.concat([text, text]),
    )
    expect(await outcome(zstdCompressSync!(text).subarray(0, -3), 'zstd')).toBe(broken('zstd', 'it is cut short'))
  })

  it.skipIf(hasZstd)('of zstd is left as it is where Node has none, or one that loses something', async () => {
    expect(await outcome(text, 'zstd')).toEqual(text)
  })

  it('without an encoding is the same Buffer', async () => {
    expect(await run(() => whole(text, undefined))).toBe(text)
  })

  it.each(['gzip', 'deflate', 'br', 'gzip, br', 'zstd'])('of nothing is nothing in %s', async (encoding) => {
    expect(await outcome(Buffer.alloc(0), encoding)).toEqual(Buffer.alloc(0))
  })

  it.each<[what: string, content: Buffer, encoding: string]>([
    ['gzip', Buffer.concat([gzipped, garbage]), 'gzip'],
    ['gzip, a line break', Buffer.concat([gzipped, Buffer.from('\n')]), 'gzip'],
    ['gzip, zeros', Buffer.concat([gzipped, Buffer.alloc(600)]), 'gzip'],
    ['gzip, the beginning of another member', Buffer.concat([gzipped, Buffer.from([0x1f])]), 'gzip'],
    ['gzip, a header without a member', Buffer.concat([gzipped, Buffer.from([0x1f, 0x8b, 8, 0])]), 'gzip'],
    ['deflate', Buffer.concat([deflateSync(text), garbage]), 'deflate'],
    ['bare deflate', Buffer.concat([deflateRawSync(text), garbage]), 'deflate'],
    ['br', Buffer.concat([brotli(text), garbage]), 'br'],
  ])('has an end, behind which nothing matters: %s', async (_, content, encoding) => {
    expect(await outcome(content, encoding)).toEqual(text)
  })

  it('of gzip may have several members, empty ones too', async () => {
    const content = Buffer.concat([gzipped, gzipSync(Buffer.alloc(0)), gzipped, garbage])
    expect(await outcome(content, 'gzip')).toEqual(Buffer.concat([text, text]))
    expect(await outcome(gzipSync(Buffer.alloc(0)), 'gzip')).toEqual(Buffer.alloc(0))
  })

  it('of gzip may have all that a header can have', async () => {
    const extra = Buffer.from([3, 0, 1, 2, 3])
    const head = Buffer.concat([
      Buffer.from([0x1f, 0x8b, 8, 0x1e, 0, 0, 0, 0, 0, 3]),
      extra,
      Buffer.from('name\0comment\0'),
      Buffer.alloc(2),
    ])
    expect(await outcome(Buffer.concat([head, gzipped.subarray(10)]), 'gzip')).toEqual(text)
    const endless = Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3]), Buffer.alloc(140_000, 'x')])
    expect(await outcome(endless, 'gzip')).toBe(broken('gzip', 'incorrect header check'))
  })

  it.each<[what: string, content: Buffer, encoding: string, how: string]>([
    ['gzip without its end', gzipped.subarray(0, -3), 'gzip', 'it is cut short'],
    ['gzip without its trailer', gzipped.subarray(0, -8), 'gzip', 'it is cut short'],
    ['gzip without its second half', gzipped.subarray(0, 40), 'gzip', 'it is cut short'],
    ['gzip, one byte', gzipped.subarray(0, 1), 'gzip', 'it is cut short'],
    ['gzip, its header', gzipped.subarray(0, 9), 'gzip', 'it is cut short'],
    [
      'gzip, a second member without its end',
      Buffer.concat([gzipped, gzipped.subarray(0, -9)]),
      'gzip',
      'it is cut short',
    ],
    ['text as gzip', text, 'gzip', 'incorrect header check'],
    [
      'gzip with unknown flags',
      Buffer.from([0x1f, 0x8b, 8, 0xff, 0, 0, 0, 0, 0, 0, 0]),
      'gzip',
      'incorrect header check',
    ],
    [
      'gzip with a wrong sum',
      Buffer.concat([gzipped.subarray(0, -8), Buffer.alloc(8)]),
      'gzip',
      'incorrect data check',
    ],
    [
      'gzip with a wrong length',
      Buffer.concat([gzipped.subarray(0, -4), Buffer.alloc(4)]),
      'gzip',
      'incorrect length check',
    ],
    ['gzip, spoilt', Buffer.concat([gzipped.subarray(0, 10), Buffer.alloc(30, 0xff)]), 'gzip', 'invalid block type'],
    ['deflate without its end', deflateSync(text).subarray(0, -2), 'deflate', 'it is cut short'],
    ['deflate, one byte', deflateSync(text).subarray(0, 1), 'deflate', 'it is cut short'],
    ['bare deflate without its end', deflateRawSync(text).subarray(0, -2), 'deflate', 'it is cut short'],
    ['text as deflate', Buffer.from('<html>'), 'deflate', 'invalid code lengths set'],
    ['br without its end', brotli(text).subarray(0, -2), 'br', 'it is cut short'],
    ['text as br', Buffer.from('<html>'), 'br', 'Decompression failed'],
    ['gzip in br without its end', brotli(gzipped.subarray(0, -8)), 'gzip, br', 'it is cut short'],
  ])('that is not what it says is an error: %s', async (_, content, encoding, how) => {
    expect(await outcome(content, encoding)).toBe(broken(encoding.split(',')[0]!, how))
  })

  it('names its request in the error, and keeps what zlib said', () => {
    const request = { method: 'GET', url: 'http://h/' }
    const error = thrown(() => decodeWhole(brotli(text).subarray(0, 9), 'br', NO_LIMIT, request))
    expect(error).toBeInstanceOf(requests.ContentDecodingError)
    expect(error).toMatchObject({
      message:
        'The body of GET http://h/ cannot be decoded as br, which its content-encoding says it is: it is cut short.',
      request,
      cause: { code: 'Z_BUF_ERROR' },
    })
  })

  it('is decoded at once when it is short, and in the thread pool when it is long', async () => {
    expect(Buffer.isBuffer(decodeWhole(gzipped, 'gzip', NO_LIMIT))).toBe(true)
    for (const [content, encoding] of [
      [gzipSync(long), 'gzip'],
      [deflateSync(long), 'deflate'],
      [brotli(long), 'br'],
    ] as const) {
      expect(Buffer.isBuffer(decodeWhole(content, encoding, NO_LIMIT))).toBe(false)
      expect(brief(await run(() => whole(content, encoding)))).toBe(brief(long))
    }
  })

  it('lets others run while it is decoded in the thread pool', async () => {
    const content = gzipSync(Buffer.alloc(30_000_000))
    let turns = 0
    await run(function* () {
      const other = spawn(function* () {
        for (;;) {
          turns++
          yield* sleep(1)
        }
      })
      expect((yield* whole(content, 'gzip')).length).toBe(30_000_000)
      yield* other.kill()
    })
    expect(turns).toBeGreaterThan(2)
  })
})

describe('a limit', () => {
  const tooLarge = (limit: number): string =>
    `ContentTooLarge: The body is longer than ${limit} bytes when it is decoded.`

  it.each<[encoding: string, content: Buffer]>([
    ['gzip', gzipped],
    ['deflate', deflateSync(text)],
    ['br', brotli(text)],
    ['gzip, br', brotli(gzipped)],
  ])('lets exactly so many bytes out: %s', async (encoding, content) => {
    expect(await outcome(content, encoding, text.length)).toEqual(text)
    expect(await outcome(content, encoding, text.length - 1)).toBe(tooLarge(text.length - 1))
    expect(await outcome(content, encoding, 0)).toBe(tooLarge(0))
  })

  it('is for all members of gzip together', async () => {
    expect(await outcome(Buffer.concat([gzipped, gzipped]), 'gzip', text.length + 1)).toBe(tooLarge(text.length + 1))
  })

  it.each<[encoding: string, content: Buffer, limit: number]>([
    ['gzip', gzipSync(Buffer.alloc(20_000_000)), 5_000_000],
    ['gzip', gzipSync(Buffer.alloc(4_000_000)), 100_000],
    ['br', brotli(Buffer.alloc(20_000_000)), 5_000_000],
    ['gzip, gzip', gzipSync(gzipSync(Buffer.alloc(20_000_000))), 5_000_000],
  ])('stops a bomb of %s', async (encoding, content, limit) => {
    expect(await outcome(content, encoding, limit)).toBe(tooLarge(limit))
  })

  it('lets through what a short body becomes, when that may be so', async () => {
    const content = gzipSync(Buffer.alloc(3_000_000))
    expect(content.length).toBeLessThan(16_384)
    expect(await outcome(content, 'gzip', 3_000_000)).toBe(brief(Buffer.alloc(3_000_000)))
  })

  it('is five encodings at most', async () => {
    const error = await outcome(text, 'gzip,gzip,gzip,gzip,gzip,gzip')
    expect(error).toBe('ContentDecodingError: The body is encoded 6 times over; 5 times are the most that is undone.')
  })
})

describe('isEncoded()', () => {
  it.each<[string | undefined, boolean]>([
    [undefined, false],
    ['', false],
    ['identity', false],
    ['compress', false],
    ['gzip, compress', false],
    ['gzip', true],
    ['X-GZIP', true],
    ['compress, br', true],
    ['gzip,gzip,gzip,gzip,gzip,gzip', true],
  ])('%j: %s', (encoding, is) => {
    expect(isEncoded(encoding)).toBe(is)
  })
})

describe('Decoder', () => {
  it('gives what there is with each chunk', async () => {
    await run(function* () {
      const flushed = { finishFlush: zlib.constants.Z_SYNC_FLUSH }
      const decoder = new Decoder('gzip', NO_LIMIT)
      const seen: string[] = [String(yield* decoder.push(gzipped.subarray(0, 10)))]
      for (const part of ['one ', 'two ', 'three']) {
        seen.push(String(yield* decoder.push(deflateRawSync(part, flushed))))
      }
      decoder.close()
      expect(seen).toEqual(['', 'one ', 'two ', 'three'])
    })
  })

  it('comes to the same as decodeWhole(), however the body is cut', async () => {
    const codings: Record<string, (content: Buffer) => Buffer> = { gzip: gzipSync, deflate: deflateSync, br: brotli }
    const coding = fc.constantFrom(...Object.keys(codings))
    await fc.assert(
      fc.asyncProperty(
        fc.array(coding, { minLength: 1, maxLength: 3 }),
        fc.uint8Array({ maxLength: 2000 }),
        fc.array(fc.nat(40), { minLength: 1, maxLength: 20 }),
        fc.constantFrom('', 'cut', 'garbage', 'spoilt'),
        async (names, content, cuts, fault) => {
          const encoding = names.join(', ')
          const encoded = names.reduce<Buffer>((bytes, name) => codings[name]!(bytes), Buffer.from(content))
          const body = Buffer.concat([encoded, fault === 'garbage' ? garbage : Buffer.alloc(0)]).subarray(
            0,
            fault === 'cut' ? -1 : undefined,
          )
          if (fault === 'spoilt') body[body.length >> 1]! ^= 0x55
          const settle = async (way: () => Green<Buffer>): Promise<unknown> => {
            try {
              return await run(way)
            } catch (error) {
              expect(error).toBeInstanceOf(requests.ContentDecodingError)
              return 'an error'
            }
          }
          const expected = await settle(() => whole(body, encoding))
          if (fault === '' || fault === 'garbage') expect(expected).toEqual(Buffer.from(content))
          const decoded = await settle(function* () {
            const decoder = new Decoder(encoding, NO_LIMIT)
            const pieces: Buffer[] = []
            for (let at = 0, n = 0; at < body.length; n++) {
              const size = cuts[n % cuts.length]! + 1
              pieces.push(yield* decoder.push(body.subarray(at, at + size)))
              at += size
            }
            return Buffer.concat([...pieces, yield* decoder.end()])
          })
          expect(decoded).toEqual(expected)
        },
      ),
      { seed: SEED, numRuns: 60 },
    )
  })

  it('is over after an error, and after close()', async () => {
    await run(function* () {
      const decoder = new Decoder('br', NO_LIMIT)
      const attempt = function* (chunk: Buffer): Green<string> {
        try {
          return String(yield* decoder.push(chunk))
        } catch (error) {
          return messageOf(error)
        }
      }
      expect(yield* attempt(Buffer.from('<html>'))).toContain('Decompression failed.')
      expect(yield* attempt(brotli(text))).toContain('decoding it was given up before.')
      decoder.close()
      decoder.close()
    })
  })

  it.each<[what: string, end: (decoder: Decoder) => Green<unknown>]>([
    [
      'killed',
      function* (decoder) {
        const reader = spawn(() => decoder.push(gzipSync(long)))
        yield* sleep(0)
        yield* reader.kill()
        expect(reader.successful()).toBe(true)
      },
    ],
    [
      'timed out',
      function* (decoder) {
        try {
          yield* withTimeout(0, () => decoder.push(gzipSync(Buffer.alloc(8_000_000))))
          expect.unreachable()
        } catch (error) {
          expect(error).toBeInstanceOf(Timeout)
        }
      },
    ],
  ])('leaves nothing behind when it is %s', async (_, end) => {
    await run(function* () {
      const decoder = new Decoder('gzip', NO_LIMIT)
      yield* end(decoder)
      // The stream is gone, and with it what zlib held: the leak check looks for the rest.
      expect((yield* outcomeOf(decoder.push(Buffer.from('x')))).message).toContain('decoding it was given up before.')
    })
  })

  it('leaves nothing behind when a whole body is given up', async () => {
    await run(function* () {
      const content = gzipSync(Buffer.alloc(8_000_000))
      const readers = [1, 2, 3].map(() => spawn(() => whole(content, 'gzip')))
      yield* sleep(2)
      for (const reader of readers) yield* reader.kill()
      expect(readers.map((reader) => reader.dead)).toEqual([true, true, true])
    })
  })

  function* outcomeOf(operation: Operation<Buffer>): Green<Error> {
    try {
      yield* operation
    } catch (error) {
      return error as Error
    }
    throw new Error('Nothing was thrown.')
  }
})
