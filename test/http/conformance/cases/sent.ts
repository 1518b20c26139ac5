// What is sent: parameters, forms, JSON, files, streams, headers.
import { bytes, type Case, call, one, type Plain, pieces } from '../case.ts'

const ALL = ['accept', 'accept-encoding', 'connection', 'content-length', 'content-type', 'host', 'transfer-encoding']

function params(title: string, value: Plain, url = '/a'): Case {
  return one(`params: ${title}`, null, call('GET', url, { params: value }))
}

function data(title: string, value: Plain, more: Record<string, Plain> = {}): Case {
  return one(`data: ${title}`, null, call('POST', '/a', { data: value, ...more }))
}

function json(title: string, value: Plain, more: Record<string, Plain> = {}): Case {
  return one(`json: ${title}`, null, call('POST', '/a', { json: value, ...more }))
}

function files(title: string, value: Plain, more: Record<string, Plain> = {}): Case {
  return one(`files: ${title}`, null, call('POST', '/a', { files: value, ...more }))
}

function headers(title: string, value: Plain, more: Partial<Case> = {}): Case {
  return one(`headers: ${title}`, null, call('GET', '/a', { headers: value }), more)
}

export const sent: readonly Case[] = [
  params('a dictionary', { a: 1, b: 'two' }),
  params('a list repeats the name', { a: [1, 2, 3], b: [] }),
  params('null is left out, in a list too', { a: null, b: ['x', null] }),
  params('true and false', { a: true, b: false }),
  params('numbers', { a: 1.5, b: -0.25, c: 1e21, d: 1000000 }),
  params('beyond ASCII', { ä: 'grün', b: '日本', c: '😀' }),
  params('spaces, plus and percent signs are encoded', { a: 'b c+d', e: '100%', f: '%20' }),
  params('what means something in a URL', { a: '&=#?/:;@', b: `!*'()~-._,$[]{}|^\`"<>\\` }),
  params('join the query that is there', { b: '2' }, '/a?a=1'),
  params('stand before the fragment', { b: '2' }, '/a#part'),
  params('pairs keep their order and may repeat', [
    ['b', '1'],
    ['a', '2'],
    ['b', '3'],
  ]),
  params('a text is taken as it is', 'a=1&b=%20c d+e'),
  params('an empty text', ''),
  params('an empty dictionary', {}),
  params('an empty value', { a: '' }),
  params('a line break', { a: 'b\nc\r\n' }),
  one('a URL with a query that is encoded already', null, call('GET', '/a?b=%20c+d%2B&e=%C3%BC')),
  one('a URL with spaces and characters beyond ASCII', null, call('GET', '/grün weg?ü=ä b')),
  one('a URL with brackets, bars and quotes', null, call('GET', `/a[1]|b'c"?d=[1]|e'f"`)),
  one('a URL with percent signs that mean nothing', null, call('GET', '/100%?a=%zz')),
  one('a URL with dots', null, call('GET', '/a/./b/../c')),
  one('a URL with an empty query', null, call('GET', '/a?')),
  one('a URL of the host only', null, call('GET', 'http://{here}')),
  one('a URL in capitals', null, call('GET', 'HTTP://{here}/A')),
  one('a URL with spaces before it', null, call('GET', '  http://{here}/a')),
  one('a URL with encoded dots and slashes', null, call('GET', '/a%2Fb/%2e%2E/c')),

  data('a dictionary is a form', { a: 1, b: 'two words' }),
  data('lists in a form', { a: ['x', 'y'], b: null }),
  data('nested lists', { a: [['x', 'y'], 'z'] }),
  data('pairs', [
    ['b', '1'],
    ['a', '2'],
    ['b', '3'],
  ]),
  data('beyond ASCII in a form', { ä: 'grün & blau', b: '+%' }),
  data('true, false and numbers in a form', { a: true, b: 1.5 }),
  data('a text is sent as it is, without a type', 'a=1&b=grün'),
  data('bytes are sent as they are', bytes('00ff0a0d80')),
  data('an empty text', ''),
  data('an empty dictionary', {}),
  data('a type of one’s own', { a: 1 }, { headers: { 'Content-Type': 'text/odd' } }),
  data('in pieces: chunked', pieces('one', 'two', 'three')),
  data('no pieces at all', pieces()),
  data('with parameters', { a: 1 }, { params: { b: 2 } }),
  one('data: of a GET', null, call('GET', '/a', { data: { a: 1 } })),
  one('data: of a DELETE', null, call('DELETE', '/a', { data: 'x' })),
  one('POST without a body', null, call('POST', '/a')),
  one('PUT without a body', null, call('PUT', '/a')),
  one('PATCH without a body', null, call('PATCH', '/a')),
  one('DELETE without a body', null, call('DELETE', '/a')),
  one('OPTIONS without a body', null, call('OPTIONS', '/a')),
  one('a body of 70,000 characters', null, call('POST', '/a', { data: 'x'.repeat(70_000) })),

  json('an object', { a: [1, 2.5, true, null], b: { c: 'd' } }),
  json('beyond ASCII', { a: 'grün 日本 😀' }),
  json('a text', 'text'),
  json('a list without anything', []),
  json('zero', 0),
  json('false', false),
  json('null is no body', null),
  json('a type of one’s own', { a: 1 }, { headers: { 'content-type': 'application/vnd.api+json' } }),
  json('beside data: data wins', { a: 1 }, { data: { b: 2 } }),
  json('beside empty data', { a: 1 }, { data: {} }),

  files('a text by its field', { field: 'content' }),
  files('bytes', { field: ['a.bin', bytes('00ff80'), 'image/x-own'] }),
  files('with a name and a type', { field: ['a.txt', 'content', 'text/x-own'] }),
  files('with headers of its own', { field: ['a.txt', 'content', 'text/plain', { 'X-Part': 'yes' }] }),
  files('the type is guessed by the name', {
    a: ['a.png', 'x'],
    b: ['b.html', 'x'],
    c: ['c.json', 'x'],
    d: ['d.unknown', 'x'],
  }),
  files('several of one field', [
    ['field', ['a.txt', 'one', 'text/plain']],
    ['field', ['b.txt', 'two', 'text/plain']],
  ]),
  files(
    'with the data before them',
    { field: ['a.txt', 'content', 'text/plain'] },
    { data: { a: 1, b: ['x', 'y'], c: null } },
  ),
  files('a name with quotes and beyond ASCII', { field: ['it"s grün.txt', 'content', 'text/plain'] }),
  files('without a name', { field: [null, 'content'] }),
  files('that is empty', { field: ['a.txt', '', 'text/plain'] }),
  files('none at all', {}),
  files('beside a text', { field: 'content' }, { data: 'text' }),

  one('the headers of a plain GET', null, call('GET', '/a'), { see: ALL.filter((name) => name !== 'accept-encoding') }),
  one('the headers of a form', null, call('POST', '/a', { data: { a: 1 } }), {
    see: ALL.filter((name) => name !== 'accept-encoding'),
  }),
  one('what a GET says that it understands', null, call('GET', '/a'), { see: ['accept-encoding'] }),
  headers('of the call', { 'X-A': '1', 'X-B': 'two words' }),
  headers('null takes a default away', { Accept: null }, { see: ['accept'] }),
  headers('one’s own instead of a default', { accept: 'text/html' }, { see: ['accept'] }),
  headers('another host', { Host: 'example.org' }, { see: ['host'] }),
  headers('a value that is empty', { 'X-A': '' }),
  headers('a value of latin1', { 'X-A': 'grün' }),
  headers('a value beyond latin1', { 'X-A': '日本' }),
  headers('a value with a line break', { 'X-A': 'a\r\nX-B: b' }),
  headers('a value with spaces before it', { 'X-A': '  a' }),
  headers('a value with spaces behind it', { 'X-A': 'a  ' }),
  headers('a value that is a number', { 'X-A': 1 }),
  headers('a name with a space', { 'X A': 'a' }),
  headers('a name that is empty', { '': 'a' }),
  headers('a length of one’s own', { 'Content-Length': '0' }),
  {
    title: 'headers: those of a session, one replaced and one taken away by the call',
    session: { headers: { 'X-A': 'session', 'X-B': 'session', 'X-C': 'session' } },
    calls: [call('GET', '/a', { headers: { 'x-a': 'call', 'X-C': null } }), call('GET', '/b')],
  },
  {
    title: 'params: those of a session, one replaced and one taken away by the call',
    session: { params: { a: 'session', b: 'session', c: 'session' } },
    calls: [call('GET', '/a', { params: { a: 'call', c: null } }), call('GET', '/b')],
  },
]
