// The buffered reader: sizes and lines of what comes in pieces; nothing is lost, cut or looked at twice.
import { type Green, sleep, spawn, Timeout, withTimeout } from 'greenloop'
import { describe, expect, it, vi } from 'vitest'
import { BufferedReader } from '../../src/buffered/reader.ts'
import { checkLeaks } from '../support/leaks.ts'
import { virtualHub } from '../support/virtual-clock.ts'
import { bytesOf, Source, textOf } from './support.ts'

checkLeaks()

/** What a body gives on a clock that stands still. */
function played<T>(body: () => Green<T>): T {
  const { clock } = virtualHub()
  const greenlet = spawn(body)
  clock.run()
  if (!greenlet.successful()) throw greenlet.exception
  return greenlet.value as T // it was successful
}

describe('read()', () => {
  it('waits for as much as was asked for, and gives less only at the end', () => {
    const reader = textOf('ab', 'cd', 'ef', 'g')
    const read = function* () {
      return [
        yield* reader.read(3),
        yield* reader.read(0),
        yield* reader.read(3),
        yield* reader.read(3),
        yield* reader.read(3),
      ]
    }
    expect(played(read)).toEqual(['abc', '', 'def', 'g', ''])
  })

  it('without a size gives all there is', () => {
    const [text, bytes] = [textOf('ab', 'cd\n', 'ef'), bytesOf('ab', 'cd\n', 'ef')]
    const read = function* () {
      return [yield* text.read(), yield* bytes.read(2), yield* bytes.read()]
    }
    expect(played(read)).toEqual(['abcd\nef', Buffer.from('ab'), Buffer.from('cd\nef')])
  })

  it('puts a character together that comes in pieces, and shows what was cut off at the end', () => {
    const euro = Buffer.from('€')
    const reader = textOf(euro.subarray(0, 1), euro.subarray(1, 2), euro.subarray(2), 'x', euro.subarray(0, 2))
    const read = function* () {
      return [yield* reader.read(1), yield* reader.read(), yield* reader.read()]
    }
    expect(played(read)).toEqual(['€', 'x\ufffd', ''])
  })

  it('gives a character whole that the size would cut', () => {
    const reader = textOf('a😀b😀')
    const read = function* () {
      const taken: string[] = []
      for (let n = 0; n < 5; n++) taken.push(yield* reader.read(1))
      return taken
    }
    expect(played(read)).toEqual(['a', '😀', 'b', '😀', ''])
    const other = textOf('😀😀')
    expect(played(() => other.read(3))).toBe('😀😀')
  })

  it.each([
    ['utf16le', 'aü😀\n'],
    ['latin1', 'aü\n'],
    ['base64', 'YWJj'],
    ['hex', '0aff'],
  ] as const)('decodes %s, whatever the pieces', (encoding, text) => {
    const bytes = Buffer.from(text, encoding)
    for (let size = 1; size <= bytes.length; size++) {
      const pieces: Buffer[] = []
      for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size))
      const reader = new BufferedReader<string>(new Source(pieces).read, encoding)
      expect(played(() => reader.read())).toBe(text)
    }
  })

  it('asks for much when much is missing, and for no less than 64 KiB', () => {
    const source = new Source(['x', 'y'.repeat(200_000), 'z'.repeat(3_000_000), 'end'])
    const reader = new BufferedReader<string>(source.read, 'utf8')
    expect(played(() => reader.read()).length).toBe(3_200_004)
    expect(source.asked).toEqual([65_536, 65_536, 200_001, 1_048_576, 1_048_576])
  })
})

describe('read1()', () => {
  it('gives what is there, and waits only for the first', () => {
    const euro = Buffer.from('€')
    const reader = textOf('abc', euro.subarray(0, 2), euro.subarray(2), 'de', euro.subarray(0, 1))
    const read = function* () {
      const taken: string[] = []
      for (const size of [0, 2, 5, 5, 1, 5, 5, 5]) taken.push(yield* reader.read1(size))
      return taken
    }
    expect(played(read)).toEqual(['', 'ab', 'c', '€', 'd', 'e', '\ufffd', ''])
  })
})

describe('readline()', () => {
  it('gives line by line with their ends, however they come, and an empty line at the end of all', () => {
    const reader = textOf('on', 'e\ntw', 'o\r\n\nfo', 'ur')
    const read = function* () {
      const lines: string[] = []
      for (let n = 0; n < 6; n++) lines.push(yield* reader.readline())
      return lines
    }
    expect(played(read)).toEqual(['one\n', 'two\r\n', '\n', 'four', '', ''])
  })

  it('gives at most as much as was asked for, and goes on behind it', () => {
    const reader = bytesOf('abc', 'def\nghi')
    const read = function* () {
      const lines: string[] = []
      for (const size of [0, 2, 1, 1, 100, 2, 2]) lines.push(String(yield* reader.readline(size)))
      return lines
    }
    expect(played(read)).toEqual(['', 'ab', 'c', 'd', 'ef\n', 'gh', 'i'])
  })

  it('that is given up loses nothing of the line', () => {
    const reader = textOf('half ', 'a ', 'line\nrest')
    const read = function* (): Green<unknown[]> {
      const victim = spawn(() => reader.readline())
      yield* sleep(3)
      yield* victim.kill()
      const timeout = new Timeout(1)
      try {
        yield* withTimeout(timeout, () => reader.readline())
      } catch (error) {
        if (error !== timeout) throw error
      }
      return [reader.length, yield* reader.readline(), yield* reader.readline()]
    }
    expect(played(read)).toEqual([5, 'half a line\n', 'rest'])
  })

  it('looks at each piece once, also when it is called again for the same line', () => {
    const look = vi.spyOn(Buffer.prototype, 'indexOf')
    const source = new Source(Array<string>(1000).fill('x'.repeat(10)))
    const reader = new BufferedReader<Buffer>(source.read, null, true)
    const read = function* () {
      const found: number[] = []
      for (let n = 0; n < 3; n++) found.push((yield* reader.readline(1)).length)
      source.add('y'.repeat(10), 'z\n', 'end')
      found.push((yield* reader.readline(20_000)).length, look.mock.calls.length)
      return found
    }
    expect(played(read)).toEqual([1, 1, 1, 10_009, 1002])
    look.mockRestore()
  })

  it('searches a long piece once for each line, though it is taken bit by bit', () => {
    const look = vi.spyOn(Buffer.prototype, 'indexOf')
    const reader = bytesOf(`${'x'.repeat(10_000)}\n${'y'.repeat(10)}`)
    const read = function* () {
      const sizes = new Set<number>()
      for (let n = 0; n < 1000; n++) sizes.add((yield* reader.readline(10)).length)
      return [...sizes, String(yield* reader.readline(10)), look.mock.calls.length]
    }
    expect(played(read)).toEqual([10, '\n', 1])
    look.mockRestore()
  })
})

describe('readlines(), cursor() and lines()', () => {
  it('give all lines, with their ends and without', () => {
    const pieces = ['a\nb\r', '\n\n', 'c\r\n', 'd\r']
    const [all, ended, stripped] = [textOf(...pieces), textOf(...pieces), bytesOf(...pieces)]
    const read = function* () {
      const [withEnds, withoutEnds]: [string[], string[]] = [[], []]
      for (const it = ended.cursor(); yield* it.next(); ) withEnds.push(it.value)
      for (const it = stripped.lines(); yield* it.next(); ) withoutEnds.push(String(it.value))
      return [yield* all.readlines(), withEnds, withoutEnds]
    }
    const lines = ['a\n', 'b\r\n', '\n', 'c\r\n', 'd\r']
    expect(played(read)).toEqual([lines, lines, ['a', 'b', '', 'c', 'd\r']])
    const text = textOf('x\r\ny\nz')
    const strip = function* () {
      const lines: string[] = []
      for (const it = text.lines(); yield* it.next(); ) lines.push(it.value)
      return lines
    }
    expect(played(strip)).toEqual(['x', 'y', 'z'])
  })

  it('a cursor that is disposed of ends, and leaves the rest', () => {
    const reader = textOf('1\n2\n', '3\n')
    const read = function* () {
      const it = reader.cursor()
      yield* it.next()
      it[Symbol.dispose]()
      return [yield* it.next(), yield* reader.readline(), yield* reader.readline()]
    }
    expect(played(read)).toEqual([false, '2\n', '3\n'])
  })

  it('a cursor that waits says what it is called', () => {
    const texts = [textOf('').lines('next() of the tests'), textOf('').cursor()].map((it): object => it.next())
    expect(texts.map(String)).toEqual(['next() of the tests', 'next() of a line cursor'])
  })
})

describe('an end that is not for ever', () => {
  it('is asked again, and a character that was begun there is completed', () => {
    const euro = Buffer.from('€')
    const source = new Source(['on', Buffer.concat([Buffer.from('e'), euro.subarray(0, 1)])])
    const reader = new BufferedReader<string>(source.read, 'utf8', true)
    const read = function* () {
      const taken = [yield* reader.readline()]
      source.add(euro.subarray(1), '!\n')
      taken.push(yield* reader.readline(), yield* reader.readline())
      source.add(euro.subarray(0, 1))
      taken.push(yield* reader.readline())
      return taken
    }
    expect(played(read)).toEqual(['one', '€!\n', '', '\ufffd'])
  })

  it('else it is: nobody is asked again', () => {
    const source = new Source(['one'])
    const reader = new BufferedReader<string>(source.read, 'utf8')
    const read = function* () {
      const taken = [yield* reader.read()]
      source.add('two')
      taken.push(yield* reader.read())
      return taken
    }
    expect(played(read)).toEqual(['one', ''])
    expect(source.asked.length).toBe(2)
  })
})

describe('what was not taken', () => {
  it('can be counted, forgotten, and taken as bytes', () => {
    const euro = Buffer.from('€')
    const reader = textOf(Buffer.concat([Buffer.from('aü€😀b'), euro.subarray(0, 2)]), 'more')
    const read = function* () {
      const left = [(yield* reader.read(1), reader.unreadBytes)]
      for (let n = 0; n < 4; n++) left.push((yield* reader.read(1), reader.unreadBytes))
      return left
    }
    expect(played(read)).toEqual([12, 10, 7, 3, 2])
    const other = textOf(Buffer.concat([Buffer.from('aü€'), euro.subarray(0, 2)]), 'more')
    const take = function* () {
      yield* other.read(1)
      const bytes = other.takeBytes()
      return [bytes, other.length, other.unreadBytes, yield* other.read()]
    }
    expect(played(take)).toEqual([Buffer.concat([Buffer.from('ü€'), euro.subarray(0, 2)]), 0, 0, 'more'])
    const third = textOf('forgotten', 'kept')
    const forget = function* () {
      yield* third.read(1)
      third.discard()
      return yield* third.read()
    }
    expect(played(forget)).toBe('kept')
  })

  it('is counted rightly also where the bytes are no text', () => {
    const reader = textOf(Buffer.from([0xff, 0x61, 0xe2, 0x82, 0x62, 0xf0, 0x9f, 0x98, 0x80, 0xc0, 0x63]))
    const read = function* () {
      const left: [string, number][] = []
      for (let text = yield* reader.read(1); text !== ''; text = yield* reader.read(1))
        left.push([text, reader.unreadBytes])
      return left
    }
    expect(played(read)).toEqual([
      ['\ufffd', 10],
      ['a', 9],
      ['\ufffd', 7],
      ['b', 6],
      ['😀', 2],
      ['\ufffd', 1],
      ['c', 0],
    ])
  })
})
