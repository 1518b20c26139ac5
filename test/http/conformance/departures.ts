/**
 * Where ours is another outcome than Python's, and why; by the title of the case. What is not said here has to be the same, and what is
 * said here has to be different.
 */
import type { Departure } from './case.ts'
import { TEXT } from './cases/received.ts'

const WHATWG = 'URLs are those of WHATWG, as in browsers and in all of Node'
const USER = 'the user of a URL is not shown: URLs stand in logs and in messages'
const LENGTH = 'undici sends no length where there is no body, but for POST, PUT and PATCH'
const BOTH = 'one of the two would silently not be sent: UsageError'
const TYPE = 'a part says its type, as those of browsers do; Python leaves it out'
const BR = 'Node has br; Python only with another package'
const LATIN1 = 'RFC 7231 has taken the rule out of HTTP that text is Latin-1; what is UTF-8 is read as such'
const READ = 'it is the same timeout in the body as before the head'
const PARSER = 'undici takes nothing that is not by the rules, since others may read it in another way'

/** Ours fails where Python has an answer. */
function failed(error: string, more: Departure['ours'] = {}): Departure['ours'] {
  return { error, status: null, reason: null, url: null, history: null, text: null, ...more }
}

/** Ours has an answer where Python fails. */
function answered(more: Departure['ours']): Departure['ours'] {
  return { error: null, status: 200, reason: 'OK', url: 'http://{here}/a', history: [], ...more }
}

export const departures: Readonly<Record<string, Departure>> = {
  'a location that is percent-encoded in small letters, and more than it need be': {
    reason: WHATWG,
    ours: { url: 'http://{here}/%7euser/%c3%bc', seen: ['GET /dir/a?x=1', 'GET /%7euser/%c3%bc'] },
  },
  'a location that has a percent sign that means nothing': {
    reason: WHATWG,
    ours: { seen: ['GET /dir/a?x=1', 'GET /100%/b'] },
  },
  'a location that has brackets and bars': {
    reason: WHATWG,
    ours: { url: 'http://{here}/a[1]|%7B2%7D', seen: ['GET /dir/a?x=1', 'GET /a[1]|%7B2%7D'] },
  },
  'a location that has spaces around it': {
    reason: 'spaces around a URL are no part of it',
    ours: { url: 'http://{here}/b', seen: ['GET /dir/a?x=1', 'GET /b'] },
  },
  'a location that has no host': {
    reason: 'browsers find the host behind any number of slashes',
    ours: failed('ConnectionError', { seen: ['GET /dir/a?x=1'] }),
  },
  'a location that has a user': {
    reason: USER,
    ours: { url: 'http://{here}/b' },
  },
  'options() follows redirects': {
    reason: LENGTH,
    ours: { seen: ['OPTIONS /a', 'OPTIONS /b'] },
  },
  'a cookie whose path is no path': {
    reason: 'RFC 6265: a path that does not begin with a slash is as none',
    ours: { jar: ['a=1 127.0.0.1/'], seen: ['GET /a', 'GET /b [cookie: a=1]'] },
  },
  'a secure cookie is not sent over http': {
    reason: 'RFC 6265bis: over http nobody can set one either',
    ours: { jar: ['b=2 127.0.0.1/'] },
  },
  'a cookie without a value, or without a name': {
    reason: 'what has no name or no equal sign is no cookie',
    ours: { jar: [], seen: ['GET /a', 'GET /b'] },
  },
  'a cookie of localhost': {
    reason: 'Python calls the host localhost.local; ours is localhost, where that cookie is sent back',
    ours: { jar: ['a=1 localhost/', 'b=2 localhost/'], seen: ['GET /a', 'GET /b [cookie: a=1; b=2]'] },
  },
  'a cookie of an address that names it as its domain': {
    reason: 'RFC 6265: an address has no domain above it',
    ours: { jar: ['a=1 127.0.0.1/'], seen: ['GET /a', 'GET /b [cookie: a=1]'] },
  },
  'cookies of a call and a redirect to another host': {
    reason: 'they were meant for the host that was asked, and may be secret',
    ours: { seen: ['GET /a [cookie: a=1]', 'GET /b'] },
  },
  'a cookie value with a semicolon': {
    reason: 'it would be another cookie',
    ours: failed('InvalidHeader', { seen: [] }),
  },
  'params: true and false': {
    reason: 'written as JavaScript writes them',
    ours: { url: 'http://{here}/a?a=true&b=false', seen: ['GET /a?a=true&b=false'] },
  },
  'a URL with brackets, bars and quotes': {
    reason: WHATWG,
    ours: { url: "http://{here}/a[1]|b'c%22?d=[1]|e%27f%22", seen: ["GET /a[1]|b'c%22?d=[1]|e%27f%22"] },
  },
  'a URL with percent signs that mean nothing': {
    reason: WHATWG,
    ours: { url: 'http://{here}/100%?a=%zz', seen: ['GET /100%?a=%zz'] },
  },
  'a URL with an empty query': {
    reason: WHATWG,
    ours: { url: 'http://{here}/a?' },
  },
  'a URL with encoded dots and slashes': {
    reason: WHATWG,
    ours: { url: 'http://{here}/c', seen: ['GET /c'] },
  },
  'data: true, false and numbers in a form': {
    reason: 'written as JavaScript writes them',
    ours: { seen: ['POST /a [content-length: 12; content-type: application/x-www-form-urlencoded] a=true&b=1.5'] },
  },
  'data: a text is sent as it is, without a type': {
    reason: 'text is UTF-8; Python sends Latin-1 where it can',
    ours: { seen: ['POST /a [content-length: 11] a=1&b=grün'] },
  },
  'data: no pieces at all': {
    reason: 'a body that turns out to be empty is sent as none',
    ours: { seen: ['POST /a [content-length: 0]'] },
  },
  'DELETE without a body': {
    reason: LENGTH,
    ours: { seen: ['DELETE /a'] },
  },
  'OPTIONS without a body': {
    reason: LENGTH,
    ours: { seen: ['OPTIONS /a'] },
  },
  'json: null is no body': {
    reason: 'null is a value of JSON, too; no body is `undefined`',
    ours: { seen: ['POST /a [content-type: application/json] null'] },
  },
  'json: beside data: data wins': {
    reason: BOTH,
    ours: failed('UsageError', { seen: [] }),
  },
  'json: beside empty data': {
    reason: BOTH,
    ours: failed('UsageError', { seen: [] }),
  },
  'files: a text by its field': {
    reason: TYPE,
    ours: {
      seen: [
        'POST /a [content-type: multipart/form-data] {Content-Disposition: form-data; name="field"; filename="field"; Content-Type: application/octet-stream} content',
      ],
    },
  },
  'files: the type is guessed by the name': {
    reason: TYPE,
    ours: {
      seen: [
        'POST /a [content-type: multipart/form-data] {Content-Disposition: form-data; name="a"; filename="a.png"; Content-Type: image/png} x {Content-Disposition: form-data; name="b"; filename="b.html"; Content-Type: text/html} x {Content-Disposition: form-data; name="c"; filename="c.json"; Content-Type: application/json} x {Content-Disposition: form-data; name="d"; filename="d.unknown"; Content-Type: application/octet-stream} x',
      ],
    },
  },
  'files: beside a text': {
    reason: 'what the program does wrong is a UsageError',
    ours: { error: 'UsageError' },
  },
  'what a GET says that it understands': {
    reason: 'Node has more decoders',
    ours: { seen: ['GET /a [accept-encoding: gzip, deflate, br]'] },
  },
  'headers: a value beyond latin1': {
    reason: 'an error of its own kind',
    ours: { error: 'InvalidHeader' },
  },
  'headers: a value that is a number': {
    reason: 'a number can only mean its digits',
    ours: answered({ seen: ['GET /a [x-a: 1]'], text: 'here' }),
  },
  'headers: a name with a space': {
    reason: 'Python sends it, and the server says what is wrong',
    ours: failed('InvalidHeader'),
  },
  'headers: a length of one’s own': {
    reason: 'undici sets the length itself',
    ours: { seen: ['GET /a'] },
  },
  'content-encoding: x-gzip': {
    reason: 'it is another name of gzip',
    ours: {
      text: TEXT,
    },
  },
  'content-encoding: br': {
    reason: BR,
    ours: {
      text: TEXT,
    },
  },
  'content-encoding: br, then gzip': {
    reason: BR,
    ours: answered({
      text: TEXT,
    }),
  },
  'content-encoding: gzip that is cut short': {
    reason: 'half of a body is not taken for the whole',
    ours: failed('ContentDecodingError'),
  },
  'charset: text without one is latin1': {
    reason: LATIN1,
    ours: { encoding: 'none', text: 'grün' },
  },
  'charset: html without one is latin1, whatever it says itself': {
    reason: LATIN1,
    ours: { encoding: 'none', text: '<meta charset="utf-8">grün' },
  },
  'charset: json without one is UTF-8': {
    reason: 'the charset is null where no header says it; the text is the same',
    ours: { encoding: 'none' },
  },
  'charset: latin1 of the header, with what Windows put there': {
    reason: 'as in browsers latin1 is another name of windows-1252',
    ours: { text: '€' },
  },
  'charset: guessed: shift_jis': {
    reason: 'another library guesses, here better',
    ours: { text: '日本語の文字コメルについての説明です。\r\n' },
  },
  'charset: UTF-8 with its mark, by the header': {
    reason: 'the mark is no part of the text',
    ours: { text: 'x' },
  },
  'json(): UTF-16': {
    reason: 'JSON tells its charset by its first bytes',
    ours: { error: null, json: { a: 'ü' } },
  },
  'json(): UTF-8 with its mark': {
    reason: 'the mark is no part of the text',
    ours: { error: null, json: { a: 1 } },
  },
  'status 600': {
    reason: '`ok` is what its documentation says: below 400',
    ours: { ok: false },
  },
  'a reason of latin1': {
    reason: 'undici reads reasons as UTF-8',
    ours: { reason: 'Nicht verf�gbar', raise: '404 Client Error: Nicht verf�gbar for url: http://{here}/a' },
  },
  'a reason of UTF-8': {
    reason: 'undici reads reasons as UTF-8',
    ours: { reason: 'für', raise: '404 Client Error: für for url: http://{here}/a' },
  },
  '103 before the answer': {
    reason: 'an early hint is not the answer',
    ours: { status: 200, reason: 'OK', text: 'x' },
  },
  'headers: folded over two lines': {
    reason: PARSER,
    ours: { status: null, reason: null, url: null, history: null, 'header:x-a': null, error: 'ConnectionError' },
  },
  'links with semicolons in quotes, single quotes, and a parameter without a value': {
    reason: 'read by RFC 8288',
    ours: { links: { 'x;y': { url: 'b', rel: 'x;y', title: "'two'", odd: '' } } },
  },
  'iterContent: of a stream': {
    reason: 'every piece but the last has the size that was asked for',
    ours: { 'chunks:4': ['abcd', 'efgh', 'ij'] },
  },
  'iterContent: then the content': {
    reason: 'an error of its own kind',
    ours: { error: 'StreamConsumedError' },
  },
  'iterLines: of a stream': {
    reason: 'Python makes two line ends of one that came in two pieces',
    ours: { lines: ['one', 'two', 'three'] },
  },
  'iterLines: as text, other ends of lines': {
    reason: 'lines end as in bytes; U+2028 and U+0085 end none',
    ours: { 'lines of text': ['a bc'] },
  },
  'auth: basic beyond ASCII, in latin1': {
    reason: 'RFC 7617 and browsers: UTF-8',
    ours: { seen: ['GET /a [authorization: Basic w7xzZXI6Z2Vow6RpbQ==]'] },
  },
  'auth: of the URL': {
    reason: USER,
    ours: { url: 'http://{here}/a' },
  },
  'auth: of the URL, encoded': {
    reason: USER,
    ours: { url: 'http://{here}/a' },
  },
  'auth: of the URL without a password': {
    reason: 'a user without a password is sent as one with an empty one, as by browsers',
    ours: { url: 'http://{here}/a', seen: ['GET /a [authorization: Basic dXNlcjo=]'] },
  },
  'auth: that of the call, not that of the URL': {
    reason: USER,
    ours: { url: 'http://{here}/a' },
  },
  'auth: digest of an algorithm that nobody knows': {
    reason: 'it cannot be answered, so the 401 is the answer',
    ours: answered({ status: 401, reason: 'Unauthorized', url: 'http://{here}/a?b=c', text: '', ok: false }),
  },
  'auth: digest behind a redirect': {
    reason: 'the history has all answers on the way, those to an authentication included',
    ours: { history: ['302 http://{here}/a', '401 http://{here}/b'] },
  },
  'a body that stops': {
    reason: READ,
    ours: { error: 'ReadTimeout' },
  },
  'a streamed body that stops': {
    reason: READ,
    ours: { error: 'ReadTimeout' },
  },
  'the head is cut short': {
    reason: 'half of an answer is not taken for the whole',
    ours: failed('ConnectionError'),
  },
  'a header without a colon': {
    reason: PARSER,
    ours: failed('ConnectionError'),
  },
  'a body that is shorter than its length': {
    reason: 'half of a body is not taken for the whole',
    ours: failed('ChunkedEncodingError'),
  },
  'a length that is no number': {
    reason: PARSER,
    ours: failed('ConnectionError'),
  },
  'two lengths': {
    reason: 'it is the connection that is not to be trusted; InvalidHeader is of what is sent',
    ours: { error: 'ConnectionError' },
  },
  'a length and chunks': {
    reason: PARSER,
    ours: failed('ConnectionError'),
  },
  'two hundred headers': {
    reason: 'headers are limited by their bytes, not by their number',
    ours: answered({ text: 'x' }),
  },
}
