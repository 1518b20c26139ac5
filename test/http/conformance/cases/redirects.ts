// Redirects: every code with every method, where they lead, what is taken along and what is left behind.
import { type Call, type Case, call, get, to } from '../case.ts'

const CODES = [300, 301, 302, 303, 304, 305, 306, 307, 308]
const METHODS: readonly Call['method'][] = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE']

/** With a body wherever there may be one, so that it shows whether it is sent on. */
const matrix: Case[] = CODES.flatMap((code) =>
  METHODS.map((method) => ({
    title: `${String(code)} in answer to ${method}`,
    answers: { '/a': to('/b', code, { reason: 'Elsewhere' }) },
    calls: [
      call(method, '/a', {
        allowRedirects: true,
        headers: { 'X-Kept': 'yes' },
        ...(method === 'GET' || method === 'HEAD' ? {} : { data: { key: 'value' } }),
      }),
    ],
  })),
)

/** `location` as it is sent by `/dir/a`. */
function location(title: string, text: string, more: Partial<Case> = {}): Case {
  return { title: `a location that ${title}`, answers: { '/dir/a': to(text) }, calls: [get('/dir/a?x=1')], ...more }
}

const locations: Case[] = [
  location('is relative', 'b'),
  location('goes up', '../b'),
  location('goes up beyond the root', '../../../b'),
  location('is only a query', '?y=2', { answers: { '/dir/a': [to('?y=2'), { body: 'the second time' }] } }),
  location('has no scheme', '//{there}/b'),
  location('is absolute', 'http://{there}/b?q=1'),
  location('has its scheme in capitals', 'HTTP://{here}/b'),
  location('has a space', '/a b'),
  location('has characters beyond ASCII, as UTF-8', '/grün?ü=ß'),
  location('is percent-encoded', '/gr%C3%BCn%20x?a=%26'),
  location('is percent-encoded in small letters, and more than it need be', '/%7euser/%c3%bc'),
  location('has a percent sign that means nothing', '/100%/b'),
  location('has brackets and bars', '/a[1]|{2}'),
  location('has a quote', `/it's"b"`),
  location('has a plus', '/a+b?c+d'),
  location('has a fragment', '/b#part'),
  location('is only a fragment', '#part', { answers: { '/dir/a': [to('#part'), { body: 'the second time' }] } }),
  location('has spaces around it', '  /b  '),
  location('is empty', ''),
  location('is of another scheme', 'ftp://{here}/b'),
  location('is mailto:', 'mailto:somebody@example.org'),
  location('has a port that is none', 'http://127.0.0.1:99999/'),
  location('has no host', 'http:///{nobody}/'),
  location('has a user', 'http://user:pass@{here}/b'),
  location('leads to a port where nobody is', 'http://{nobody}/'),
]

const ways: Case[] = [
  {
    title: 'a redirect without a location is the answer',
    answers: { '/a': { status: 302, body: 'nowhere' } },
    calls: [get('/a', 'text', 'redirect', 'ok')],
  },
  {
    title: 'a redirect that is not followed is the answer',
    answers: { '/a': to('/b', 301, { body: 'look there' }) },
    calls: [call('GET', '/a', { allowRedirects: false }, { read: ['text', 'redirect', 'ok', 'header:location'] })],
  },
  {
    title: 'head() follows no redirect unless it is told to',
    answers: { '/a': to('/b') },
    calls: [call('HEAD', '/a', {}, { read: ['redirect'] })],
  },
  {
    title: 'options() follows redirects',
    answers: { '/a': to('/b', 307) },
    calls: [call('OPTIONS', '/a')],
  },
  {
    title: 'three redirects are the history, oldest first',
    answers: { '/a': to('/b', 301), '/b': to('/c', 302), '/c': to('/d', 307) },
    calls: [get('/a')],
  },
  {
    title: 'the fragment of the first URL stays where the location has none',
    answers: { '/a': to('/b') },
    calls: [get('/a#part')],
  },
  {
    title: 'the fragment of the location takes the place of the first',
    answers: { '/a': to('/b#other'), '/b': to('/c') },
    calls: [get('/a#part')],
  },
  {
    title: 'parameters are not sent on',
    answers: { '/a': to('/b') },
    calls: [call('GET', '/a', { params: { q: 1 } })],
  },
  {
    title: 'an endless redirect ends after thirty',
    answers: { '/a': to('/a') },
    calls: [get('/a')],
  },
  {
    title: 'maxRedirects of a session is the number that is followed',
    session: { maxRedirects: 2 },
    answers: { '/a': to('/b'), '/b': to('/c'), '/c': { body: 'there' }, '/e': to('/a') },
    calls: [get('/a'), get('/e')],
  },
  {
    title: 'a redirect whose own body is broken is followed',
    answers: { '/a': to('/b', 302, { headers: [['Content-Encoding', 'gzip']], body: 'no gzip' }) },
    calls: [get('/a')],
  },
  {
    title: 'a 307 sends JSON again, with its type',
    answers: { '/a': to('/b', 307) },
    calls: [call('POST', '/a', { json: { a: 1 } })],
  },
  {
    title: 'a 303 drops body, type and length',
    answers: { '/a': to('/b', 303) },
    calls: [call('POST', '/a', { json: { a: 1 } })],
  },
  {
    title: 'an error at the end of a redirect names the last URL',
    answers: { '/a': to('/b'), '/b': { status: 404 } },
    calls: [get('/a', 'ok', 'raise')],
  },
  {
    title: 'Authorization stays on the same host',
    answers: { '/a': to('/b') },
    calls: [call('GET', '/a', { auth: ['user', 'secret'] })],
  },
  {
    title: 'Authorization is not taken to another host',
    answers: { '/a': to('http://{there}/b') },
    calls: [call('GET', '/a', { auth: ['user', 'secret'] })],
  },
  {
    title: 'an Authorization header of one’s own is not taken to another host either',
    answers: { '/a': to('http://{there}/b') },
    calls: [call('GET', '/a', { headers: { Authorization: 'Bearer t', 'X-Token': 't' } })],
  },
  {
    title: 'Authorization is not back when a redirect leads home again',
    answers: { '/a': to('http://{there}/b'), '/b': to('http://{here}/c') },
    calls: [call('GET', '/a', { auth: ['user', 'secret'] })],
  },
  {
    title: 'a Cookie header of one’s own is dropped by a redirect',
    answers: { '/a': to('/b') },
    calls: [call('GET', '/a', { headers: { Cookie: 'a=1' } })],
  },
]

export const redirects: readonly Case[] = [...matrix, ...locations, ...ways]
