// Cookies: which are kept, which are sent back where, and how they go away.
import { type Case, call, cookie, get, to } from '../case.ts'

const READ = ['cookies', 'jar']

/** A session that is given cookies by `/a` and then asks for `/b` and `/dir/c`. */
function kept(title: string, values: string[], more: Partial<Case> = {}): Case {
  return {
    title,
    session: {},
    answers: { '/a': cookie(...values) },
    calls: [get('/a', ...READ), get('/b', 'jar'), get('/dir/c', 'jar')],
    ...more,
  }
}

export const cookies: readonly Case[] = [
  kept('a cookie is sent back', ['a=1']),
  kept('several cookies are sent back in one header', ['a=1', 'b=2; Path=/', 'c=3']),
  kept('a cookie of a path is sent there only', ['a=1; Path=/dir', 'b=2; Path=/di']),
  kept('a longer path comes first', ['a=1; Path=/', 'b=2; Path=/dir/']),
  kept('a cookie whose path is no path', ['a=1; Path=dir'], { calls: [get('/a', 'ok'), get('/b', 'jar')] }),
  kept('a cookie of a domain that is not the server’s is dropped', ['a=1; Domain=example.org']),
  kept('a secure cookie is not sent over http', ['a=1; Secure', 'b=2'], { calls: [get('/a', 'ok'), get('/b', 'jar')] }),
  kept('attributes in any case, and unknown ones', ['a=1; PATH=/; httponly; SameSite=Lax; Priority=High']),
  kept('a cookie with an expiry in the future', ['a=1; Expires=Wed, 01 Jan 2098 00:00:00 GMT']),
  kept('a cookie that has expired is not kept', ['a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT', 'b=2']),
  kept('Max-Age of nothing', ['a=1; Max-Age=0', 'b=2; Max-Age=100', 'c=3; Max-Age=-1']),
  kept('an expiry that is no date', ['a=1; Expires=soon']),
  kept('a value with equal signs, and one in quotes', ['a=b=c', 'd="e f"', 'g=']),
  kept('a cookie without a value, or without a name', ['lonely', '=nameless', ';'], {
    calls: [get('/a', 'ok'), get('/b', 'jar')],
  }),
  kept('the same name twice: the later one', ['a=1', 'a=2']),
  {
    title: 'a server deletes a cookie by letting it expire',
    session: {},
    answers: { '/a': cookie('a=1; Path=/'), '/b': cookie('a=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT') },
    calls: [get('/a', 'jar'), get('/b', 'jar'), get('/c', 'jar')],
  },
  {
    title: 'a cookie belongs to its host',
    session: {},
    answers: { '/a': cookie('a=1') },
    calls: [get('/a', 'jar'), get('http://{there}/b', 'text')],
  },
  {
    title: 'a cookie of localhost',
    session: {},
    answers: { '/a': cookie('a=1', 'b=2; Domain=localhost') },
    calls: [get('http://{there}/a', 'ok'), get('http://{there}/b', 'jar')],
  },
  {
    title: 'a cookie of an address that names it as its domain',
    session: {},
    answers: { '/a': cookie('a=1; Domain=127.0.0.1', 'b=2; Domain=.0.0.1') },
    calls: [get('/a', 'ok'), get('/b', 'jar')],
  },
  {
    title: 'without a session nothing is kept',
    answers: { '/a': cookie('a=1') },
    calls: [get('/a', 'cookies'), get('/b')],
  },
  {
    title: 'a cookie that is set by a redirect is sent to where it leads, and kept',
    session: {},
    answers: { '/a': to('/b', 302, cookie('a=1; Path=/')) },
    calls: [get('/a', ...READ), get('/c')],
  },
  {
    title: 'a cookie that is set by a redirect is sent to where it leads, even without a session',
    answers: { '/a': to('/b', 302, cookie('a=1; Path=/')) },
    calls: [get('/a', 'cookies')],
  },
  {
    title: 'a redirect that deletes a cookie',
    session: { cookies: { b: 'mine' } },
    answers: { '/a': to('/b', 302, cookie('a=1; Path=/', 'b=; Max-Age=0; Path=/')) },
    calls: [get('/a', 'jar')],
  },
  {
    title: 'cookies of a call are sent by that call only',
    session: {},
    calls: [call('GET', '/a', { cookies: { a: '1', b: '2' } }, { read: ['jar'] }), get('/b')],
  },
  {
    title: 'cookies of a call join those of the session, and win',
    session: { cookies: { a: 'session', b: 'session' } },
    calls: [call('GET', '/a', { cookies: { b: 'call' } }, { read: ['jar'] }), get('/b')],
  },
  {
    title: 'cookies of a call are taken along by a redirect on the same host',
    answers: { '/a': to('/b') },
    calls: [call('GET', '/a', { cookies: { a: '1' } })],
  },
  {
    title: 'cookies of a call and a redirect to another host',
    answers: { '/a': to('http://{there}/b') },
    calls: [call('GET', '/a', { cookies: { a: '1' } })],
  },
  {
    title: 'a Cookie header of one’s own beside the session’s cookies',
    session: { cookies: { a: 'session' } },
    calls: [call('GET', '/a', { headers: { Cookie: 'b=own' } })],
  },
  {
    title: 'cookie values with spaces, quotes and commas',
    calls: [call('GET', '/a', { cookies: { a: 'b c', d: 'h"i', e: 'k,l', f: '' } })],
  },
  {
    title: 'a cookie value with a semicolon',
    calls: [call('GET', '/a', { cookies: { a: 'b;c' } })],
  },
]
