/**
 * From bytes to text: the header's charset, the mark, UTF-8, a guess.
 */
import { describe, expect, it } from 'vitest'
import { apparentEncoding, charsetOf, decodeText, jsonText, textDecoder } from '../../../src/http/message/charset.ts'
import { checkLeaks } from '../../support/leaks.ts'

checkLeaks()

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1')
const utf16be = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16()
const utf32 = (text: string, isBig: boolean): Buffer =>
  Buffer.concat(
    Array.from(text, (character) => {
      const bytes = Buffer.alloc(4)
      if (isBig) bytes.writeUInt32BE(character.codePointAt(0) ?? 0)
      else bytes.writeUInt32LE(character.codePointAt(0) ?? 0)
      return bytes
    }),
  )
/** In windows-1251. */
const RUSSIAN = Buffer.from(
  'cff0e8e2e5f22c20ece8f0212020dd f2ee20f0f3f1f1eae8e920f2e5eaf1f2'.replaceAll(' ', ''),
  'hex',
)

const SHIFT_JIS = Buffer.from(
  '93fa967b8cea82cc95b68e9a83528381839382f08f9182a282c482dd82dc82b782b182f182c982bf82cd90a28a458142',
  'hex',
)

describe('charsetOf()', () => {
  it.each<[contentType: string | undefined, charset: string | null]>([
    [undefined, null],
    ['text/html', null],
    ['text/html; charset=utf-8', 'utf-8'],
    ['text/html;charset="ISO-8859-1"', 'ISO-8859-1'],
    ["text/html; Charset = 'koi8-r' ; x=y", 'koi8-r'],
    ['text/html; charset=', null],
    ['text/html; xcharset=a', null],
    ['text/html; a="; charset=b"; charset=c', 'c'],
    ['charset=utf-8', null],
  ])('reads %s', (contentType, charset) => {
    expect(charsetOf(contentType)).toBe(charset)
  })
})

describe('apparentEncoding()', () => {
  it.each<[what: string, content: Buffer, encoding: string]>([
    ['nothing', Buffer.alloc(0), 'utf-8'],
    ['ASCII', latin1('hello'), 'utf-8'],
    ['UTF-8', Buffer.from('grüße €'), 'utf-8'],
    ['UTF-8 with a mark', Buffer.from('\ufeffgrüße'), 'utf-8'],
    ['UTF-16 with a mark', Buffer.from('\ufeffhi', 'utf16le'), 'utf-16le'],
    ['big-endian UTF-16 with a mark', utf16be('\ufeffhi'), 'utf-16be'],
    ['UTF-32 with a mark', utf32('\ufeffhi', false), 'utf-32le'],
    ['big-endian UTF-32 with a mark', utf32('\ufeffhi', true), 'utf-32be'],
    ['windows-1251', RUSSIAN, 'windows-1251'],
    ['windows-1251 behind a long head of ASCII', Buffer.concat([Buffer.alloc(200_000, 'x'), RUSSIAN]), 'windows-1251'],
    ['Shift_JIS', SHIFT_JIS, 'shift_jis'],
    ['Latin-1', latin1('{"name":"Fran\xe7ois a mang\xe9 \xe0 No\xebl"}'), 'iso-8859-1'],
    ['a single letter of it', latin1('caf\xe9'), 'windows-1252'],
  ])('finds %s', (_, content, encoding) => {
    expect(apparentEncoding(content)).toBe(encoding)
  })
})

describe('decodeText()', () => {
  it.each<[encoding: string, content: Buffer, text: string]>([
    ['utf-8', Buffer.from('grüße'), 'grüße'],
    ['UTF8', Buffer.from('\ufeffgrüße'), 'grüße'],
    ['utf_8', Buffer.from('grüße'), 'grüße'],
    ['utf-8', latin1('gr\xfc\xdfe'), 'gr\ufffd\ufffde'],
    ['iso-8859-1', latin1('gr\xfc\xdfe'), 'grüße'],
    ['latin-1', latin1('gr\xfc\xdfe'), 'grüße'],
    ['ISO-8859-1', latin1('\x80 5'), '€ 5'], // windows-1252, as in browsers
    ['windows-1251', RUSSIAN.subarray(0, 6), 'Привет'],
    ['utf-16', Buffer.from('\ufeffhi', 'utf16le'), 'hi'],
    ['utf-16', utf16be('\ufeffhi'), 'hi'],
    ['utf-16', Buffer.from('hi', 'utf16le'), 'hi'],
    ['utf-16be', utf16be('hi'), 'hi'],
    ['utf-32', utf32('\ufeffh😀', true), 'h😀'],
    ['utf-32', utf32('h😀', false), 'h😀'],
    ['utf-32le', Buffer.concat([utf32('a', false), Buffer.from('00d80000ffffffff00', 'hex')]), 'a\ufffd\ufffd\ufffd'],
    ['no-such-charset', Buffer.from('grüße'), 'grüße'],
    ['', Buffer.from('grüße'), 'grüße'],
  ])('of %s', (encoding, content, text) => {
    expect(decodeText(content, encoding)).toBe(text)
  })

  it('keeps nothing of what was cut in the middle of a character', () => {
    expect([decodeText(Buffer.from([0xe2, 0x82]), 'utf-8'), decodeText(Buffer.from('a'), 'utf-8')]).toEqual([
      '\ufffd',
      'a',
    ])
  })
})

describe('jsonText()', () => {
  const json = '{"ü":"😀"}'

  it.each<[what: string, content: Buffer, encoding: string | null]>([
    ['UTF-8', Buffer.from(json), null],
    ['UTF-8 with a mark', Buffer.from(`\ufeff${json}`), null],
    ['UTF-16', Buffer.from(json, 'utf16le'), null],
    ['big-endian UTF-16', utf16be(json), null],
    ['UTF-16 with a mark', utf16be(`\ufeff${json}`), null],
    ['UTF-32', utf32(json, false), null],
    ['big-endian UTF-32', utf32(json, true), null],
    ['UTF-32 with a mark', utf32(`\ufeff${json}`, true), null],
    ['what the header says', utf16be(json), 'utf-16be'],
  ])('reads %s', (_, content, encoding) => {
    expect(jsonText(content, encoding)).toBe(json)
  })

  it('guesses where it is none of these, and reads short ones', () => {
    expect(jsonText(latin1('{"name":"Fran\xe7ois a mang\xe9 \xe0 No\xebl"}'), null)).toBe(
      '{"name":"François a mangé à Noël"}',
    )
    expect([jsonText(Buffer.from('[]'), null), jsonText(Buffer.from('5'), null)]).toEqual(['[]', '5'])
  })
})

describe('textDecoder()', () => {
  it('decodes chunk by chunk, an unknown charset as UTF-8', () => {
    const decoder = textDecoder('no-such-charset')
    const euro = Buffer.from('€')
    const parts = [euro.subarray(0, 1), euro.subarray(1)].map((part) => decoder.decode(part, { stream: true }))
    expect([...parts, decoder.decode()]).toEqual(['', '€', ''])
    expect(textDecoder('Latin1').decode(latin1('\xfc'))).toBe('ü')
  })

  it('is another one each time', () => {
    expect(textDecoder('utf-8')).not.toBe(textDecoder('utf-8'))
  })
})
