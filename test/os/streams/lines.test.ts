// lines of streams: where they end, in whatever pieces they come; what is kept of the rest; and lines that do not end.
import { createReadStream, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { run, StreamClosedError, sleep, spawn, spawnWith, Timeout, withTimeout } from 'greenloop'
import { chunks, LineTooLongError, lines, recv } from 'greenloop/os'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { messageOf, usage } from '../../support/thrown.ts'
import { all, caught, folder, listeners, pair } from './support.ts'

checkLeaks()

/** The lines of a stream that gives `pieces`. */
function linesOf(pieces: readonly (string | Uint8Array)[], options = {}): Promise<string[]> {
  return run(() => all(lines(Readable.from(pieces), options)))
}

describe('lines()', () => {
  it.each([
    [[], []],
    [[''], []],
    [['one'], ['one']],
    [['one\n'], ['one']],
    [['one\ntwo'], ['one', 'two']],
    [['\n\n'], ['', '']],
    [
      ['a\r\nb\rc\r', '\nd\r'],
      ['a', 'b\rc', 'd\r'],
    ],
    [
      ['o', 'n', 'e\nt', 'wo', '\n'],
      ['one', 'two'],
    ],
  ])('of %j are %j', async (pieces, expected) => {
    expect(await linesOf(pieces)).toEqual(expected)
    expect(await linesOf(pieces.map((piece) => Buffer.from(piece)))).toEqual(expected)
    const joined = Buffer.from(pieces.join(''))
    expect(await linesOf(Array.from(joined, (byte) => Uint8Array.of(byte)))).toEqual(expected)
  })

  it('keep characters whole whose bytes come in two pieces, also at the end', async () => {
    const bytes = Buffer.from('grün €\n€')
    expect(await linesOf(Array.from(bytes, (byte) => Buffer.of(byte)))).toEqual(['grün €', '€'])
    expect(await linesOf([bytes.subarray(0, -1)])).toEqual(['grün €', '\ufffd'])
  })

  it('are decoded as `encoding` says', async () => {
    expect(await linesOf([Buffer.from('ü\nö', 'latin1')], { encoding: 'latin1' })).toEqual(['ü', 'ö'])
    expect(await linesOf([Buffer.from('a\nb', 'utf16le')], { encoding: 'utf16le' })).toEqual(['a', 'b'])
  })

  it('come one by one, while the stream goes on', async () => {
    const stream = new PassThrough()
    await run(function* () {
      using it = lines(stream)
      const reader = spawn(() => it.next())
      yield* sleep(1)
      stream.write('on')
      yield* sleep(1)
      expect(reader.ready()).toBe(false)
      stream.write('e\ntwo\nth')
      expect([yield* reader.get(), it.value]).toEqual([true, 'one'])
      expect([yield* it.next(), it.value]).toEqual([true, 'two'])
      stream.end('ree')
      expect([yield* it.next(), it.value]).toEqual([true, 'three'])
      expect(yield* it.next()).toBe(false)
      expect(yield* it.next()).toBe(false)
    })
  })

  it('of files, sockets, and web streams', async () => {
    const path = join(folder(), 'file')
    const content = Array.from({ length: 20_000 }, (_, n) => `line ${n}`)
    writeFileSync(path, content.join('\n'))
    const [socket, peer] = await pair()
    socket.end(`${content.join('\n')}\n`)
    const blob = new Blob([content.join('\r\n')]).stream() as ReadableStream
    await run(function* () {
      for (const stream of [createReadStream(path), peer, blob]) expect(yield* all(lines(stream))).toEqual(content)
    })
  })

  it('that are long are put together once', async () => {
    const [pieces, piece] = [2000, 'x'.repeat(1000)]
    const time = async (count: number): Promise<number> => {
      const before = process.cpuUsage()
      const [line] = await linesOf(Array.from({ length: count }, () => piece))
      expect(line?.length).toBe(count * 1000)
      return process.cpuUsage(before).user
    }
    await time(pieces)
    const [short, long] = [await time(pieces), await time(pieces * 8)]
    expect(long).toBeLessThan(short * 40) // 64 if it were quadratic
  })

  it('a kill or a timeout in next() loses nothing and leaves no listener', async () => {
    const stream = new PassThrough()
    const before = listeners(stream)
    stream.write('be')
    await run(function* () {
      const it = lines(stream)
      const victim = spawn(() => it.next())
      yield* sleep(0)
      victim.kill()
      const timeout = new Timeout(1)
      expect(yield* caught(withTimeout(timeout, () => it.next()))).toBe(timeout)
      expect(listeners(stream)).toEqual(before)
      stream.write('gun\n')
      expect([yield* it.next(), it.value]).toEqual([true, 'begun'])
    })
  })

  it('leave what they have read beyond a line to the next who reads', async () => {
    const stream = new PassThrough()
    stream.write('one\ntwo\nthrée\nfour')
    await run(function* () {
      yield* lines(stream).next()
      const it = lines(stream)
      expect([yield* it.next(), it.value]).toEqual([true, 'two'])
      expect(String(yield* recv(stream, 3))).toBe('thr')
      const latin = lines(stream, { encoding: 'latin1' })
      expect(yield* latin.next()).toBe(true)
      expect(latin.value).toBe(Buffer.from('ée').toString('latin1'))
      const rest = chunks(stream)
      expect([yield* rest.next(), String(rest.value)]).toEqual([true, 'four'])
    })
  })

  it('of text begin where recv has stopped', async () => {
    const stream = new PassThrough({ encoding: 'utf8' })
    stream.end('one\ntwo\n')
    await run(function* () {
      expect(String(yield* recv(stream, 2))).toBe('on')
      expect(yield* all(lines(stream))).toEqual(['e', 'two'])
    })
    const other = new PassThrough({ encoding: 'utf8' })
    other.end('one\ntwo\n')
    await run(function* () {
      yield* recv(other, 2)
      const rest = chunks<string>(other)
      expect([yield* rest.next(), rest.value]).toEqual([true, 'e\ntwo\n'])
    })
  })

  it('are over when the cursor is disposed of, and the stream is destroyed', async () => {
    const stream = new PassThrough()
    const [, peer] = await pair()
    stream.write('one\ntwo\n')
    await run(function* () {
      const it = lines(stream)
      yield* it.next()
      it[Symbol.dispose]()
      expect(yield* it.next()).toBe(false)
      expect(stream.destroyed).toBe(true)
      const ofSocket = lines(peer)
      const reader = spawnWith({ name: 'reader' }, () => ofSocket.next())
      yield* sleep(0)
      const second = spawnWith({ name: 'second' }, () => caught(ofSocket.next()))
      expect(messageOf(yield* second.get())).toBe(
        'Greenlet "second" waits in next() of lines(), where "reader" waits already.',
      )
      ofSocket[Symbol.dispose]()
      expect(yield* reader.get()).toBe(false)
    })
  })

  it('throw what the stream does', async () => {
    const stream = new PassThrough()
    await run(function* () {
      const reader = spawn(() => caught(lines(stream).next()))
      yield* sleep(0)
      stream.destroy()
      const error = yield* reader.get()
      expect(error).toBeInstanceOf(StreamClosedError)
      expect(messageOf(error)).toBe('next() of lines(): the PassThrough is closed.')
    })
  })
})

describe('a line that is too long', () => {
  it('throws, and is dropped; the ones behind it can be read', async () => {
    const options = { maxLength: 3 }
    const stream = new PassThrough()
    stream.write('abc\r\nabcd\nok\nabcdefg')
    await run(function* () {
      const it = lines(stream, options)
      expect([yield* it.next(), it.value]).toEqual([true, 'abc'])
      const error = yield* caught(it.next())
      expect(error).toBeInstanceOf(LineTooLongError)
      expect(messageOf(error)).toBe('lines(): a line is longer than its `maxLength`, 3.')
      expect([yield* it.next(), it.value]).toEqual([true, 'ok'])
      expect(yield* caught(it.next())).toBeInstanceOf(LineTooLongError)
      stream.write('more of it')
      stream.write('\nlast')
      stream.end()
      expect(yield* caught(it.next())).toBeInstanceOf(LineTooLongError)
      expect(yield* it.next()).toBe(false)
    })
  })

  it('throws in the greenlet that waits for its end, which does not come', async () => {
    const stream = new PassThrough()
    await run(function* () {
      const reader = spawn(() => caught(lines(stream, { maxLength: 10 }).next()))
      yield* sleep(0)
      stream.write('x'.repeat(8))
      yield* sleep(1)
      expect(reader.ready()).toBe(false)
      stream.write('x'.repeat(8))
      expect(yield* reader.get()).toBeInstanceOf(LineTooLongError)
    })
  })

  it('is dropped to the end of the stream', async () => {
    await run(function* () {
      const it = lines(Readable.from(['abcdefg', 'hij']), { maxLength: 3 })
      expect(yield* caught(it.next())).toBeInstanceOf(LineTooLongError)
      expect(yield* it.next()).toBe(false)
    })
  })
})

describe('lines() refuses', () => {
  it('what is no stream, and options that are none', () => {
    const stream = new PassThrough()
    expect(usage(() => lines('text' as never))).toBe(
      'lines() expects a stream that can be read, such as a Readable of Node\'s, but got "text" (string).',
    )
    expect(usage(() => lines(stream, { encoding: 'utf-9' as never }))).toBe(
      'lines() expects `encoding` to be one of Node\'s, but got "utf-9" (string).',
    )
    expect(usage(() => lines(stream, { maxLength: -1 }))).toBe(
      'lines() expects `maxLength` to be an integer, 0 or more, but got -1 (number).',
    )
    expect(usage(() => lines(stream, 'utf8' as never))).toBe(
      'lines() expects its options as an object, such as { encoding: \'latin1\' }, but got "utf8" (string).',
    )
  })

  it('a stream of objects, when one comes', async () => {
    expect(messageOf(await run(() => caught(lines(Readable.from([{ a: 1 }])).next())))).toBe(
      'lines() reads bytes and text, but the stream gave an Object.',
    )
  })
})
