// Retries: what is tried again, how often, and how long after.
import { getHub, spawn } from 'greenloop'
import { requests } from 'greenloop/http'
import { describe, expect, it } from 'vitest'
import { closedPort, eventually, listen } from '../../net/support.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { rejection, usage } from '../../support/thrown.ts'
import { serve } from '../support.ts'

checkLeaks()

const { Retry } = requests

/** Answers with these statuses in turn, then with 200. */
async function flaky(statuses: readonly number[], headers: Record<string, string> = {}) {
  let at = 0
  return serve((_, response) => {
    const status = statuses[at++] ?? 200
    response.writeHead(status, status === 200 ? {} : headers).end(`answer ${at}`)
    return true
  })
}

/** Hangs up on the first `times` connections, then answers. */
async function hangingUp(times: number): Promise<{ url: string; came: () => number }> {
  let came = 0
  const { port } = await listen((peer) => {
    peer.once('data', () => {
      if (came++ < times) peer.destroy()
      else peer.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok')
    })
  })
  return { url: `http://127.0.0.1:${port}/`, came: () => came }
}

describe('a status', () => {
  it('of `statusForcelist` is tried again, until it is another', async () => {
    const { url, requests: came } = await flaky([503, 500])
    const answer = await requests.get(url, { retries: new Retry({ total: 2, statusForcelist: [500, 503] }) })
    expect([answer.statusCode, answer.text, answer.history.length, came.length]).toEqual([200, 'answer 3', 0, 3])
  })

  it('that comes too often is a RetryError with the last answer', async () => {
    const { url, requests: came } = await flaky([503, 503, 503])
    const error = await rejection(requests.get(url, { retries: new Retry({ total: 2, statusForcelist: [503] }) }))
    expect(error).toBeInstanceOf(requests.RetryError)
    expect((error as Error).message).toBe(`GET ${url}/ was answered with 503 Service Unavailable after 3 tries.`)
    expect(error).toMatchObject({ cause: expect.any(requests.HTTPError), request: { method: 'GET', url: `${url}/` } })
    expect((error as { response: requests.Response }).response.text).toBe('answer 3')
    expect(came).toHaveLength(3)
  })

  it('that comes too often is the answer with `raiseOnStatus: false`', async () => {
    const { url } = await flaky([503, 503])
    const retries = new Retry({ total: 1, statusForcelist: new Set([503]), raiseOnStatus: false })
    expect((await requests.get(url, { retries })).statusCode).toBe(503)
  })

  it('is not tried again by a number alone', async () => {
    const { url, requests: came } = await flaky([503])
    expect((await requests.get(url, { retries: 3 })).statusCode).toBe(503)
    expect(came).toHaveLength(1)
  })

  it('is not tried again with a method whose second time is another: POST', async () => {
    const { url, requests: came } = await flaky([503])
    const retries = new Retry({ total: 1, statusForcelist: [503] })
    expect((await requests.post(url, { retries, data: 'x' })).statusCode).toBe(503)
    expect(came).toHaveLength(1)
  })

  it.each([[['post']], [null]])('is tried again with the methods that are named, or all: %j', async (methods) => {
    const { url, requests: came } = await flaky([503])
    const retries = new Retry({ total: 1, statusForcelist: [503], methods })
    expect((await requests.post(url, { retries, data: 'x' })).statusCode).toBe(200)
    expect(came).toEqual(['POST /', 'POST /'])
  })

  it('is the answer when the body is a stream that cannot be sent again', async () => {
    const { url } = await flaky([503])
    async function* body(): AsyncGenerator<Buffer> {
      yield Buffer.from('once')
    }
    const retries = new Retry({ total: 1, statusForcelist: [503] })
    expect((await requests.put(url, { retries, data: body() })).statusCode).toBe(503)
  })

  it('of a streamed request is tried again, too', async () => {
    const { url, requests: came } = await flaky([503])
    const retries = new Retry({ total: 1, statusForcelist: [503] })
    const answer = await requests.get(url, { retries, stream: true })
    expect(String(await answer.read())).toBe('answer 2')
    expect(came).toHaveLength(2)
  })
})

describe('Retry-After', () => {
  it.each([413, 429, 503])('with %i is obeyed by a number alone', async (status) => {
    const { url } = await flaky([status], { 'retry-after': '0' })
    expect((await requests.get(url, { retries: 1 })).statusCode).toBe(200)
  })

  it.each([404, 500])('with %i is of no account', async (status) => {
    const { url } = await flaky([status], { 'retry-after': '0' })
    expect((await requests.get(url, { retries: 1 })).statusCode).toBe(status)
  })

  it('that comes too often is the answer, as in urllib3', async () => {
    const { url, requests: came } = await flaky([429, 429, 429], { 'retry-after': '0' })
    expect((await requests.get(url, { retries: 1 })).statusCode).toBe(429)
    expect(came).toHaveLength(2)
  })

  it('is of no account without `respectRetryAfter`', async () => {
    const { url } = await flaky([429], { 'retry-after': '0' })
    expect((await requests.get(url, { retries: new Retry({ respectRetryAfter: false }) })).statusCode).toBe(429)
  })

  it('is waited for, at most `maxRetryAfterMs`', async () => {
    const { url } = await flaky([429], { 'retry-after': '3600' })
    const began = performance.now()
    const answer = await requests.get(url, { retries: new Retry({ total: 1, maxRetryAfterMs: 20 }) })
    expect(answer.statusCode).toBe(200)
    expect(performance.now() - began).toBeGreaterThanOrEqual(19)
  })

  it('can be waited out or given up: a kill leaves nothing', async () => {
    const { url, requests: came } = await flaky([429], { 'retry-after': '3600' })
    const victim = spawn(requests.get, url, { retries: 1 })
    await eventually('it waits', () => getHub().timers.count === 1)
    await victim.kill()
    expect(getHub().timers.count).toBe(0)
    expect(came).toHaveLength(1)
  })
})

describe('a failure', () => {
  it('before there is a connection is tried again with any method, and thrown as it is in the end', async () => {
    const port = await closedPort()
    const error = await rejection(requests.post(`http://127.0.0.1:${port}/`, { retries: 2, data: 'x' }))
    expect(error).toBeInstanceOf(requests.ConnectionError)
    expect(error).not.toBeInstanceOf(requests.RetryError)
  })

  it('before there is a connection is over when somebody listens', async () => {
    const port = await closedPort()
    const url = `http://127.0.0.1:${port}/`
    const retries = new Retry({ total: 9, backoffMs: 5 })
    const asked = spawn(() => requests.post(url, { retries, data: 'x' }))
    await new Promise((resolve) => setTimeout(resolve, 12))
    const http = await import('node:http')
    const server = http.createServer((_, response) => response.end('late')).listen(port, '127.0.0.1')
    expect((await asked.get()).text).toBe('late')
    server.closeAllConnections()
    server.close()
  })

  it('after it was sent is tried again with GET', async () => {
    const { url, came } = await hangingUp(2)
    expect((await requests.get(url, { retries: 2 })).text).toBe('ok')
    expect(came()).toBe(3)
  })

  it('after it was sent is not tried again with POST', async () => {
    const { url, came } = await hangingUp(1)
    expect(await rejection(requests.post(url, { retries: 2, data: 'x' }))).toBeInstanceOf(requests.ConnectionError)
    expect(came()).toBe(1)
  })

  it('is not tried again without retries', async () => {
    const { url, came } = await hangingUp(1)
    expect(await rejection(requests.get(url))).toBeInstanceOf(requests.ConnectionError)
    expect(came()).toBe(1)
  })

  it('in mid-body is tried again', async () => {
    let came = 0
    const { url } = await serve((request, response) => {
      if (came++ > 0) return false
      response.writeHead(200, { 'content-length': '100' }).write('the beginning')
      setTimeout(() => request.socket.destroy(), 5)
      return true
    })
    expect((await requests.get(url, { retries: 1 })).text).toBe('hello')
  })

  it('of time is tried again: ReadTimeout', async () => {
    let came = 0
    const { url } = await serve(() => came++ === 0)
    expect((await requests.get(url, { retries: 1, timeoutMs: [null, 60] })).text).toBe('hello')
  })

  it('of the answer itself is not: ContentDecodingError', async () => {
    let came = 0
    const { url } = await serve((_, response) => {
      came++
      response.writeHead(200, { 'content-encoding': 'gzip' }).end('hello')
      return true
    })
    expect(await rejection(requests.get(url, { retries: 3 }))).toBeInstanceOf(requests.ContentDecodingError)
    expect(came).toBe(1)
  })

  it('may be tried again by what the session says, or the call', async () => {
    const { url } = await hangingUp(2)
    using session = new requests.Session({ retries: 1 })
    expect(await rejection(session.get(url, { retries: 0 }))).toBeInstanceOf(requests.ConnectionError)
    expect((await session.get(url)).text).toBe('ok')
  })

  it('has its tries anew behind a redirect', async () => {
    const broken = await hangingUp(1)
    let came = 0
    const { url } = await serve((_, response) => {
      if (came++ === 0) response.destroy()
      else response.writeHead(302, { location: broken.url }).end()
      return true
    })
    expect((await requests.get(url, { retries: 1 })).text).toBe('ok')
  })

  it('is given up with the whole: a kill in the pause leaves nothing', async () => {
    const port = await closedPort()
    const retries = new Retry({ total: 9, backoffMs: 60_000 })
    const victim = spawn(requests.get, `http://127.0.0.1:${port}/`, { retries })
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(getHub().timers.count).toBe(1)
    await victim.kill()
    expect(getHub().timers.count).toBe(0)
  })
})

describe('the pauses', () => {
  it('are 0, then twice as long each time, up to `maxBackoffMs`', () => {
    const retry = new Retry({ backoffMs: 100, maxBackoffMs: 1000 })
    expect([1, 2, 3, 4, 5, 6].map((n) => retry.pauseMs(n))).toEqual([0, 200, 400, 800, 1000, 1000])
    expect(new Retry().pauseMs(9)).toBe(0)
  })

  it('have a random part of `jitterMs`', () => {
    const retry = new Retry({ backoffMs: 100, jitterMs: 50, random: () => 0.5 })
    expect([1, 2].map((n) => retry.pauseMs(n))).toEqual([25, 225])
    const pause = new Retry({ jitterMs: 50 }).pauseMs(1)
    expect(pause).toBeGreaterThanOrEqual(0)
    expect(pause).toBeLessThan(50)
  })

  const now = Date.UTC(2030, 0, 1)
  const asked: [string, number][] = [
    ['3', 3000],
    [' 12 ', 12_000],
    ['0', 200],
    ['Tue, 01 Jan 2030 00:00:05 GMT', 5000],
    ['Tue, 01 Jan 2020 00:00:05 GMT', 200],
    ['soon', 200],
    ['99999999', 21_600_000],
  ]

  it.each(asked)('are those of Retry-After: %j', (header, ms) => {
    expect(new Retry({ backoffMs: 100 }).pauseMs(2, header, now)).toBe(ms)
  })

  it('go by the server’s clock, where Retry-After is a date', async () => {
    const { url } = await flaky([503], {
      date: 'Wed, 01 Jan 2020 00:00:00 GMT',
      'retry-after': 'Wed, 01 Jan 2020 00:00:05 GMT',
    })
    const began = performance.now()
    const retries = new Retry({ total: 1, maxRetryAfterMs: 20 })
    expect((await requests.get(url, { retries })).statusCode).toBe(200)
    expect(performance.now() - began).toBeGreaterThanOrEqual(19) // by ours the date is long past
  })
})

describe('new Retry()', () => {
  const wrong: [object, string][] = [
    [
      { connect: 1 },
      'has no option `connect`; it has total, backoffMs, maxBackoffMs, jitterMs, statusForcelist, methods, respectRetryAfter, maxRetryAfterMs, raiseOnStatus, random.',
    ],
    [{ total: -1 }, 'expects `total` to be an integer, 0 or more, but got -1 (number).'],
    [{ backoffMs: 'x' }, 'expects `backoffMs` to be a number of milliseconds, 0 or more, but got "x" (string).'],
    [{ statusForcelist: 503 }, 'expects `statusForcelist` to be a list of statuses, but got 503 (number).'],
    [{ methods: 'GET' }, 'expects `methods` to be a list of methods, or null for all, but got "GET" (string).'],
    [{ raiseOnStatus: 1 }, 'expects `raiseOnStatus` to be a boolean, but got 1 (number).'],
    [{ random: 4 }, 'expects `random` to be a function, but got 4 (number).'],
  ]

  it.each(wrong)('refuses %j', (options, text) => {
    expect(usage(() => new Retry(options))).toBe(`new Retry() ${text}`)
  })

  it('refuses what is no options', () => {
    expect(usage(() => new Retry(3 as never))).toBe(
      'new Retry() expects its options as an object, such as { total: 3 }, but got 3 (number).',
    )
  })

  it('is shown as it is', () => {
    expect(String(new Retry({ total: 3 }))).toBe('Retry(3)')
  })
})
