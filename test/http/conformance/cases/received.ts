// What comes back: status lines, encodings, charsets, links, chunks and lines.
import { type Call, type Case, call, chunks, get, one, typed } from '../case.ts'
import type { Answer } from '../site.ts'

/** Of more than ASCII, and longer than it is compressed. */
export const TEXT: string = 'Grüße aus dem Süden, où être naïf coûte cher. '.repeat(3)

/** A body that was coded so, and says so in `header`. */
function coded(title: string, header: string, coding: Answer['coded'], more: Partial<Case> = {}): Case {
  const headers: Answer['headers'] = [
    ['Content-Encoding', header],
    ['Content-Type', 'text/plain; charset=utf-8'],
  ]
  return one(`content-encoding: ${title}`, { headers, body: TEXT, ...(coding && { coded: coding }) }, get('/a'), more)
}

/** A body of bytes without more said about them. */
function charset(title: string, type: string, body: string | Buffer, more: Partial<Case> = {}): Case {
  return one(`charset: ${title}`, typed(type, body), get('/a', 'encoding', 'text'), more)
}

function raw(title: string, text: string, made: Call, more: Partial<Case> = {}): Case {
  return one(title, { raw: text.replaceAll('\n', '\r\n') }, made, more)
}

const SHIFT_JIS = Buffer.from('93fa967b8cea82cc95b68e9a83528381838b82c982c282a282c482cc90e096be82c582b781420d0a', 'hex')
const GBK = Buffer.from('d5e2cac7d2bbb6ced6d0cec4cec4b1bea3acd3c3c0b4b2e2cad4d7d6b7fbb1e0c2ebb5c4b2c2b2e2a1a3', 'hex')
const UTF16 = Buffer.from('\uFEFFGrüße', 'utf16le')

const LINES = 'one\ntwo\r\nthree\r\n\r\nfive'

export const received: readonly Case[] = [
  coded('gzip', 'gzip', ['gzip']),
  coded('x-gzip', 'x-gzip', ['gzip']),
  coded('GZIP in capitals', 'GZIP', ['gzip']),
  coded('deflate, as zlib', 'deflate', ['zlib']),
  coded('deflate, raw', 'deflate', ['deflate']),
  coded('br', 'br', ['br']),
  coded('deflate, then gzip', 'deflate, gzip', ['zlib', 'gzip']),
  coded('gzip twice', 'gzip, gzip', ['gzip', 'gzip']),
  coded('br, then gzip', 'br, gzip', ['br', 'gzip']),
  coded('identity', 'identity', undefined),
  coded('one that nobody knows', 'odd', undefined),
  coded('gzip that is none', 'gzip', undefined),
  coded('deflate that is none', 'deflate', undefined),
  one('content-encoding: gzip of nothing', { headers: [['Content-Encoding', 'gzip']], body: '' }, get('/a', 'content')),
  one('content-encoding: gzip in answer to HEAD', { headers: [['Content-Encoding', 'gzip']] }, call('HEAD', '/a')),
  one(
    'content-encoding: gzip, chunked',
    { headers: [['Content-Encoding', 'gzip']], chunked: true, body: 'text', coded: ['gzip'] },
    get('/a'),
  ),
  one(
    'content-encoding: gzip with more behind it',
    {
      headers: [['Content-Encoding', 'gzip']],
      body: Buffer.from('1f8b08000000000000034b040043beb7e80100000058', 'hex'),
    },
    get('/a'),
  ),
  one(
    'content-encoding: two members of gzip',
    {
      headers: [['Content-Encoding', 'gzip']],
      body: Buffer.from('1f8b08000000000000034b040043beb7e8010000001f8b08000000000000034b0200f9efbe7101000000', 'hex'),
    },
    get('/a'),
  ),
  one(
    'content-encoding: gzip that is cut short',
    { headers: [['Content-Encoding', 'gzip']], body: Buffer.from('1f8b08000000000000034b0400', 'hex') },
    get('/a'),
  ),
  one(
    'content-encoding: gzip with a wrong sum',
    { headers: [['Content-Encoding', 'gzip']], body: Buffer.from('1f8b08000000000000034b04000000000001000000', 'hex') },
    get('/a'),
  ),

  charset('of the header', 'text/plain; charset=iso-8859-15', Buffer.from('a4', 'hex')),
  charset('of the header, quoted and in capitals', 'text/plain; Charset="UTF-8"', 'grün'),
  charset('of the header, in single quotes', "text/plain; charset='utf-8'", 'grün'),
  charset('of the header, that nobody knows', 'text/plain; charset=odd', 'plain'),
  charset('of the header, that does not fit', 'text/plain; charset=utf-8', Buffer.from('67fc6e', 'hex')),
  charset(
    'latin1 of the header, with what Windows put there',
    'text/plain; charset=iso-8859-1',
    Buffer.from('80', 'hex'),
  ),
  charset('gbk of the header', 'text/plain; charset=gbk', GBK),
  charset('shift_jis of the header', 'text/plain; charset=shift_jis', SHIFT_JIS),
  charset('text without one is latin1', 'text/plain', 'grün'),
  charset('html without one is latin1, whatever it says itself', 'text/html', '<meta charset="utf-8">grün'),
  charset('json without one is UTF-8', 'application/json', '{"a":"grün"}'),
  charset('guessed: UTF-8', 'application/octet-stream', TEXT),
  charset('guessed: ASCII', 'application/octet-stream', 'plain'),
  charset('guessed: UTF-8 with its mark', 'application/octet-stream', `\uFEFF${TEXT}`),
  charset('guessed: latin1', 'application/octet-stream', Buffer.from(TEXT, 'latin1')),
  charset('guessed: gbk', 'application/octet-stream', GBK),
  charset('guessed: shift_jis', 'application/octet-stream', SHIFT_JIS),
  charset('guessed: UTF-16 by its mark', 'application/octet-stream', UTF16),
  charset('guessed: nothing', 'application/octet-stream', ''),
  one('charset: no content type', { body: TEXT }, get('/a', 'encoding', 'text')),
  one('charset: UTF-8 with its mark, by the header', typed('text/plain; charset=utf-8', '\uFEFFx'), get('/a', 'text')),
  one('json(): an object', typed('application/json', '{"a":[1,2.5,null],"b":"grün"}'), get('/a', 'json')),
  one('json(): UTF-16', typed('application/json', Buffer.from('{"a":"ü"}', 'utf16le')), get('/a', 'json')),
  one('json(): UTF-8 with its mark', typed('application/json', '\uFEFF{"a":1}'), get('/a', 'json')),
  one(
    'json(): latin1 by its header',
    typed('text/json; charset=latin1', Buffer.from('{"a":"ü"}', 'latin1')),
    get('/a', 'json'),
  ),
  one('json(): no JSON', typed('application/json', '<html>'), get('/a', 'json')),
  one('json(): nothing', { status: 204 }, get('/a', 'json')),

  one('status 200', { body: 'x' }, get('/a', 'ok', 'raise')),
  one('status 404', { status: 404, body: 'x' }, get('/a', 'text', 'ok', 'raise')),
  one('status 404 for a URL that was encoded', { status: 404 }, get('/a?b=ü c', 'raise')),
  one('status 503', { status: 503, body: 'x' }, get('/a', 'text', 'ok', 'raise')),
  one('status 418 with a reason of its own', { status: 418, reason: "I'm a teapot" }, get('/a', 'raise')),
  one('status 399', { status: 399, reason: 'Odd' }, get('/a', 'ok', 'raise')),
  one('status 600', { status: 600, reason: 'Odd' }, get('/a', 'ok', 'raise')),
  one('a status without a reason', { status: 404, reason: '' }, get('/a', 'raise')),
  one('a reason of latin1', { status: 404, reason: 'Nicht verf\xFCgbar' }, get('/a', 'raise')),
  one('a reason of UTF-8', { status: 404, reason: Buffer.from('für').toString('latin1') }, get('/a', 'raise')),
  raw('a status line without a space behind the status', 'HTTP/1.1 200\nContent-Length: 1\n\nx', get('/a')),
  raw('HTTP/1.0, whose body ends with the connection', 'HTTP/1.0 200 OK\n\nuntil the end', get('/a')),
  raw('HTTP/1.1 whose body ends with the connection', 'HTTP/1.1 200 OK\n\nuntil the end', get('/a')),
  raw('100 before the answer', 'HTTP/1.1 100 Continue\n\nHTTP/1.1 200 OK\nContent-Length: 1\n\nx', get('/a')),
  raw(
    '103 before the answer',
    'HTTP/1.1 103 Early Hints\nLink: </b>\n\nHTTP/1.1 200 OK\nContent-Length: 1\n\nx',
    get('/a'),
  ),
  one('status 204', { status: 204 }, get('/a', 'text', 'content')),
  one('status 304', { status: 304 }, get('/a', 'text', 'ok')),
  one('status 205 with nothing', { status: 205 }, get('/a', 'text')),
  one(
    'HEAD with a length',
    { headers: [['Content-Length', '5']] },
    call('HEAD', '/a', {}, { read: ['text', 'header:content-length'] }),
  ),

  one('chunked', chunks('one', 'two', 'three'), get('/a', 'text', 'header:transfer-encoding')),
  one('chunked, nothing', { chunked: true, body: '' }, get('/a')),
  raw(
    'chunked, with extensions and a trailer',
    'HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n3;a=b\none\n0\nX-Trailer: yes\n\n',
    get('/a', 'text', 'header:x-trailer'),
  ),
  one(
    'headers: in any case',
    { headers: [['X-Own', 'yes']] },
    get('/a', 'header:x-own', 'header:X-OWN', 'header:x-other'),
  ),
  one(
    'headers: of one name are joined',
    {
      headers: [
        ['X-A', '1'],
        ['x-a', '2'],
      ],
    },
    get('/a', 'header:x-a'),
  ),
  one('headers: beyond ASCII', { headers: [['X-A', '\xFC']] }, get('/a', 'header:x-a')),
  one('headers: UTF-8', { headers: [['X-A', Buffer.from('ü').toString('latin1')]] }, get('/a', 'header:x-a')),
  raw(
    'headers: folded over two lines',
    'HTTP/1.1 200 OK\nX-A: one\n two\nContent-Length: 1\n\nx',
    get('/a', 'header:x-a'),
  ),
  one(
    'links of the header',
    { headers: [['Link', '<http://a/?page=2>; rel="next"; title="two", </last>; rel=last, <d>, <e,f>; rel="x"']] },
    get('/a', 'links'),
  ),
  one(
    'links with semicolons in quotes, single quotes, and a parameter without a value',
    { headers: [['Link', `<b>; rel="x;y"; title='two'; odd`]] },
    get('/a', 'links'),
  ),
  one('links without a header', {}, get('/a', 'links')),

  one('iterContent: pieces of a size', { body: 'abcdefghij' }, get('/a', 'chunks:4')),
  one(
    'iterContent: of a stream',
    chunks('abc', 'defgh', 'ij'),
    call('GET', '/a', { stream: true }, { read: ['chunks:4'] }),
  ),
  one(
    'iterContent: of a stream with a length',
    { body: 'abcdefghij' },
    call('GET', '/a', { stream: true }, { read: ['chunks:4'] }),
  ),
  one(
    'iterContent: decompressed',
    { headers: [['Content-Encoding', 'gzip']], body: 'a'.repeat(10), coded: ['gzip'] },
    call('GET', '/a', { stream: true }, { read: ['chunks:100'] }),
  ),
  one('iterContent: twice after the content', { body: 'abc' }, get('/a', 'content', 'chunks:2', 'chunks:3')),
  one(
    'iterContent: twice of a stream',
    { body: 'abc' },
    call('GET', '/a', { stream: true }, { read: ['chunks:10', 'chunks:10'] }),
  ),
  one(
    'iterContent: then the content',
    { body: 'abc' },
    call('GET', '/a', { stream: true }, { read: ['chunks:10', 'content'] }),
  ),
  one('iterContent: of nothing', { body: '' }, get('/a', 'chunks:4')),
  one('iterLines', typed('text/plain', LINES), get('/a', 'lines')),
  one(
    'iterLines: of a stream',
    chunks('on', 'e\ntw', 'o\r', '\nthree\n'),
    call('GET', '/a', { stream: true }, { read: ['lines'] }),
  ),
  one('iterLines: with an end', { body: 'one\ntwo\n' }, get('/a', 'lines')),
  one('iterLines: other ends of lines', { body: 'a\rb\x0Bc\x0Cd\x1Ce' }, get('/a', 'lines')),
  one('iterLines: as text', typed('text/plain; charset=utf-8', 'grün\n日本\n'), get('/a', 'lines of text')),
  one(
    'iterLines: as text, other ends of lines',
    typed('text/plain; charset=utf-8', 'a\u2028b\u0085c'),
    get('/a', 'lines of text'),
  ),
  one('iterLines: of nothing', { body: '' }, get('/a', 'lines')),
  one('text of a stream', { body: 'abc' }, call('GET', '/a', { stream: true })),
  one('elapsed is more than nothing', { body: 'abc' }, get('/a', 'elapsed')),
]
