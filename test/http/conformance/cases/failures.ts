// Authentication, and what goes wrong: by which name, and when.
import { type Case, call, digest, get, one, to } from '../case.ts'
import type { DigestSecret } from '../seen.ts'

function secret(algorithm: DigestSecret['algorithm'], challenge: string): DigestSecret {
  return {
    user: 'Mufasa',
    password: 'Circle of Life',
    algorithm,
    challenge: `Digest realm="site", nonce="n1", ${challenge}`,
  }
}

const MD5 = secret('md5', 'qop="auth"')

function auth(title: string, answer: DigestSecret, password = 'Circle of Life', more: Partial<Case> = {}): Case {
  return one(
    `auth: ${title}`,
    { digest: answer, body: 'let in' },
    call('GET', '/a?b=c', { auth: digest('Mufasa', password) }, { read: ['text', 'ok'] }),
    more,
  )
}

function raw(title: string, text: string, more: Partial<Case> = {}): Case {
  return one(title, { raw: text.replaceAll('\n', '\r\n') }, get('/a'), more)
}

export const authentication: readonly Case[] = [
  one('auth: basic', null, call('GET', '/a', { auth: ['user', 'secret'] })),
  one('auth: basic beyond ASCII, in latin1', null, call('GET', '/a', { auth: ['üser', 'gehäim'] })),
  one('auth: basic with a colon and nothing', null, call('GET', '/a', { auth: ['us:er', ''] })),
  one('auth: of the URL', null, call('GET', 'http://user:secret@{here}/a')),
  one('auth: of the URL, encoded', null, call('GET', 'http://us%40er:s%3Ac%20t@{here}/a')),
  one('auth: of the URL without a password', null, call('GET', 'http://user@{here}/a')),
  one(
    'auth: that of the call, not that of the URL',
    null,
    call('GET', 'http://url:url@{here}/a', { auth: ['call', 'call'] }),
  ),
  one(
    'auth: it takes the place of an Authorization header',
    null,
    call('GET', '/a', { auth: ['user', 'secret'], headers: { Authorization: 'own' } }),
  ),
  {
    title: 'auth: of a session, and of one call',
    session: { auth: ['session', 's'] },
    calls: [get('/a'), call('GET', '/b', { auth: ['call', 'c'] }), get('/c')],
  },
  one(
    'auth: basic refused',
    { status: 401, body: 'no' },
    call('GET', '/a', { auth: ['user', 'wrong'] }, { read: ['text', 'raise'] }),
  ),
  auth('digest by MD5', MD5),
  auth('digest by SHA-256', secret('sha256', 'qop="auth", algorithm=SHA-256')),
  auth('digest as it was before there was a qop', secret('md5', 'algorithm=MD5')),
  auth('digest with an opaque word', secret('md5', 'qop="auth", opaque="o1"')),
  auth('digest with a choice of qop', secret('md5', 'qop="auth-int,auth"')),
  auth('digest that is offered beside basic', {
    ...MD5,
    challenge: `Basic realm="b", ${MD5.challenge}`,
  }),
  auth('digest with a wrong password', MD5, 'wrong'),
  auth('digest of an algorithm that nobody knows', secret('md5', 'qop="auth", algorithm=ODD')),
  {
    title: 'auth: digest of a POST sends the body again',
    answers: { '/a': { digest: MD5, body: 'let in' } },
    calls: [call('POST', '/a', { auth: digest('Mufasa', 'Circle of Life'), data: { a: 1 } })],
  },
  {
    title: 'auth: digest of a session goes without a challenge the second time',
    session: { auth: digest('Mufasa', 'Circle of Life') },
    answers: { '/a': { digest: MD5 }, '/b': { digest: MD5 } },
    calls: [get('/a'), get('/b')],
  },
  {
    title: 'auth: digest where nobody asks for it',
    calls: [call('GET', '/a', { auth: digest('Mufasa', 'Circle of Life') })],
  },
  {
    title: 'auth: digest where basic is asked for',
    answers: { '/a': { status: 401, headers: [['WWW-Authenticate', 'Basic realm="x"']] } },
    calls: [call('GET', '/a', { auth: digest('Mufasa', 'Circle of Life') })],
  },
  {
    title: 'auth: digest behind a redirect',
    answers: { '/a': to('/b'), '/b': { digest: MD5, body: 'let in' } },
    calls: [call('GET', '/a', { auth: digest('Mufasa', 'Circle of Life') })],
  },
]

export const failures: readonly Case[] = [
  one('nobody is there', null, get('http://{nobody}/')),
  one('no scheme', null, get('example.org/a')),
  one('no scheme, but a port', null, get('localhost:80/a')),
  one('a scheme that is not of HTTP', null, get('ftp://{here}/a')),
  one('a scheme that only looks like one', null, get('httpx://{here}/a')),
  one('no host', null, get('http:///a')),
  one('a host with a star', null, get('http://*.example.org/a')),
  one('a port that is none', null, get('http://127.0.0.1:port/a')),
  one('a port that is too great', null, get('http://127.0.0.1:99999/a')),
  one('brackets that do not close', null, get('http://[::1/a')),
  one('an empty URL', null, get('')),

  one('no answer in time', { stalls: 'before the head' }, call('GET', '/a', { timeoutMs: 150 })),
  one('no answer in time, by a pair', { stalls: 'before the head' }, call('GET', '/a', { timeoutMs: [5000, 50] })),
  one(
    'a body that stops',
    { stalls: 'in the body', headers: [['Content-Length', '9']], body: 'abc' },
    call('GET', '/a', { timeoutMs: [5000, 200] }),
  ),
  one(
    'a streamed body that stops',
    { stalls: 'in the body', headers: [['Content-Length', '9']], body: 'abc' },
    call('GET', '/a', { timeoutMs: [5000, 200], stream: true }, { read: ['ok', 'chunks:3'] }),
  ),
  one('an answer that is late, but in time', { lateMs: 10, body: 'late' }, call('GET', '/a', { timeoutMs: 2000 })),

  raw('the connection is closed before anything', ''),
  raw('no HTTP at all', 'hello\n\n'),
  raw('the head is cut short', 'HTTP/1.1 200 OK\nContent-Le'),
  raw('a header without a colon', 'HTTP/1.1 200 OK\nodd\nContent-Length: 1\n\nx'),
  raw('a status that is no number', 'HTTP/1.1 abc OK\nContent-Length: 1\n\nx'),
  raw('a body that is shorter than its length', 'HTTP/1.1 200 OK\nContent-Length: 9\n\nabc'),
  raw('a body that is longer than its length', 'HTTP/1.1 200 OK\nContent-Length: 3\n\nabcdef'),
  raw('a length that is no number', 'HTTP/1.1 200 OK\nContent-Length: x\n\nabc'),
  raw('two lengths', 'HTTP/1.1 200 OK\nContent-Length: 3\nContent-Length: 4\n\nabcd'),
  raw('a length and chunks', 'HTTP/1.1 200 OK\nContent-Length: 3\nTransfer-Encoding: chunked\n\n1\nx\n0\n\n'),
  raw('a chunk whose size is none', 'HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\nzz\nabc\n0\n\n'),
  raw('a chunk that is cut short', 'HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n9\nabc'),
  raw('chunks without an end', 'HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n3\nabc\n'),
  one(
    'a streamed body that is cut short',
    { raw: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n' },
    call('GET', '/a', { stream: true }, { read: ['ok', 'text'] }),
  ),
  raw('a header of 70,000 characters', `HTTP/1.1 200 OK\nX-A: ${'a'.repeat(70_000)}\nContent-Length: 1\n\nx`),
  raw('two hundred headers', `HTTP/1.1 200 OK\n${'X-A: a\n'.repeat(200)}Content-Length: 1\n\nx`),
]
