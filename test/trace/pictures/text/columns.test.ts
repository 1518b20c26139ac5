// Text as a terminal shows it: how wide it is, cut, padded, in lines.

import { createInterface } from 'node:readline'
import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { clean, cut, cutName, lines, pad, sentence, widthOf } from '../../../../src/trace/pictures/text/columns.ts'

/** How wide Node's own line editor takes a text to be: it has to place a cursor behind it. */
function widthByReadline(text: string): number {
  const input = new PassThrough()
  const editor = createInterface({ input, output: new PassThrough(), terminal: false })
  editor.setPrompt(text)
  const { cols } = editor.getCursorPos()
  editor.close()
  return cols
}

describe('widthOf()', () => {
  it.each(['getPage-1', 'grün', '王思聪', 'ラーメン', '한국어', 'ﬁ', '🙂 ok', 'e\u0301', '①②', '¥ and ￥', '…'])(
    'takes %s to be as wide as a line editor does',
    (text) => {
      expect(widthOf(text)).toBe(widthByReadline(text))
    },
  )

  it('takes an emoji that is put together of several for one', () => {
    expect(widthOf('👩‍👩‍👧')).toBe(2)
    expect(widthOf('❤️')).toBe(2)
  })
})

describe('clean()', () => {
  it('replaces what a terminal would obey', () => {
    expect(clean('a\u001b[31mb\nc\td\u202ee\ud800')).toBe('a?[31mb?c?d?e?')
  })

  it('replaces what is not ASCII, a mark for each character, when it is asked to', () => {
    expect(clean('王思聪 e\u0301 👩‍👩‍👧!', true)).toBe('??? ? ?!')
  })
})

describe('cut()', () => {
  it('leaves what fits', () => {
    expect(cut('王思聪', 6)).toBe('王思聪')
  })

  it('ends what does not fit in a mark, and never splits a wide character', () => {
    expect(cut('王思聪', 5)).toBe('王思…')
    expect(cut('王思聪', 4)).toBe('王…')
    expect(cut('getPage-1', 5, true)).toBe('get..')
    expect([cut('abc', 1), cut('abc', 0), cut('abc', 1, true)]).toEqual(['…', '', '.'])
  })

  it('keeps the number of a name, and of a row for many', () => {
    expect(cutName('getPageFromServer-12', 10)).toBe('getPag…-12')
    expect(cutName('getPageFromServer-* (9,997)', 16)).toBe('getPage… (9,997)')
    expect(cutName('abcdefgh-123456', 6)).toBe('abcde…')
  })
})

describe('pad()', () => {
  it('counts columns, not characters', () => {
    expect(pad('王', 4)).toBe('王  ')
    expect(pad('王', 4, true)).toBe('  王')
    expect(pad('long', 2)).toBe('long')
  })
})

describe('lines()', () => {
  it('breaks between parts, and cuts what is longer than a line', () => {
    expect(lines(['one', 'two', 'three', 'elephants!'], 9, 2)).toEqual(['one  two', 'three', 'elephant…'])
  })
})

describe('sentence()', () => {
  it('keeps a number with its unit', () => {
    expect(sentence('It took 12 ms, or 3 min 4 s.', 10)).toEqual(['It took', '12 ms, or', '3 min 4 s.'])
  })
})
