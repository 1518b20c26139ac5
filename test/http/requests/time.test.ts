// `timeoutMs` in all its forms: until there is a connection, until something comes, and for the whole.
import { choose, getHub, run, sleep, spawn, Timeout, withTimeout } from 'greenloop'
import { requests } from 'greenloop/http'
import { describe, expect, it } from 'vitest'
import { listen } from '../../net/support.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { rejection, usage } from '../../support/thrown.ts'
import { type HttpServer, serve } from '../support.ts'

checkLeaks()

/** A server to which there is a connection already: what is counted is the answer alone. */
async function connected(own?: Parameters<typeof serve>[0]): Promise<HttpServer> {
  const server = await serve((request, response) => request.url !== '/connect' && (own?.(request, response) ?? false))
  await requests.get(`${server.url}/connect`)
  return server
}

describe('a number', () => {
  it('is how long nothing may come: the head', async () => {
    const { url, aborted } = await connected()
    const error = await rejection(requests.get(`${url}/silent`, { timeoutMs: 50 }))
    expect(error).toBeInstanceOf(requests.ReadTimeout)
    expect(error).toBeInstanceOf(requests.Timeout)
    expect(error).not.toBeInstanceOf(Timeout)
    expect(error).toMatchObject({ code: 'ETIMEDOUT', request: { method: 'GET', url: `${url}/silent` } })
    await aborted('/silent')
  })

  it('is how long nothing may come: the body', async () => {
    const { url, aborted } = await connected()
    expect(await rejection(requests.get(`${url}/endless`, { timeoutMs: 50 }))).toBeInstanceOf(requests.ReadTimeout)
    await aborted('/endless')
  })

  it('is how long nothing may come, not how long it may take', async () => {
    const { url } = await connected((_, response) => {
      let left = 15
      const more = (): void => {
        if (left-- === 0) response.end()
        else {
          response.write('.')
          setTimeout(more, 30)
        }
      }
      more()
      return true
    })
    expect((await requests.get(url, { timeoutMs: 400 })).text).toBe('.'.repeat(15))
  })

  it('is counted anew behind a redirect', async () => {
    const { url } = await connected((request, response) => {
      if (request.url === '/silent') return false
      response.writeHead(302, { location: '/silent' }).end()
      return true
    })
    expect(await rejection(requests.get(`${url}/x`, { timeoutMs: 50 }))).toMatchObject({
      request: { url: `${url}/silent` },
    })
  })

  it('leaves no timer behind', async () => {
    const { url } = await connected()
    expect((await requests.get(url, { timeoutMs: 5000 })).text).toBe('hello')
    expect((await requests.get(`${url}/redirect/2`, { timeoutMs: 5000 })).text).toBe('hello')
    expect(getHub().timers.count).toBe(0)
  })

  it('holds for each read of a streamed body', async () => {
    const { url } = await connected()
    const answer = await requests.get(`${url}/endless`, { timeoutMs: 50, stream: true })
    expect(await rejection(answer.read())).toBeInstanceOf(requests.ReadTimeout)
    answer.close()
  })

  it('is that of the session, unless the call has its own', async () => {
    const { url } = await serve((_, response) => {
      setTimeout(() => response.end('slow'), 40)
      return true
    })
    using session = new requests.Session({ timeoutMs: 15 })
    expect(await rejection(session.get(url))).toBeInstanceOf(requests.Timeout)
    expect((await session.get(url, { timeoutMs: Infinity })).text).toBe('slow')
    session.timeoutMs = 1000
    expect((await session.get(url)).text).toBe('slow')
  })
})

describe('two numbers', () => {
  it.each([
    ['a list', [1000, 30] as const],
    ['a list without the first', [null, 30] as const],
    ['an object', { connectMs: 1000, readMs: 30 }],
    ['an object without the first', { readMs: 30 }],
  ])('are apart: %s', async (_, timeoutMs) => {
    const { url } = await serve()
    expect(await rejection(requests.get(`${url}/silent`, { timeoutMs }))).toBeInstanceOf(requests.ReadTimeout)
  })

  it('the first is for the connection: ConnectTimeout', async () => {
    const { port } = await listen((peer) => peer.resume()) // and says nothing of TLS
    const error = await rejection(requests.get(`https://127.0.0.1:${String(port)}/`, { timeoutMs: [20, null] }))
    expect(error).toBeInstanceOf(requests.ConnectTimeout)
    expect(error).toBeInstanceOf(requests.ConnectionError)
    expect(error).toBeInstanceOf(requests.Timeout)
  })

  it('does not count in the line before the connections of a host', async () => {
    const { url, came } = await serve()
    using session = new requests.Session({ connectionsPerHost: 1 })
    const holder = spawn(() => session.get(`${url}/silent`))
    await came('/silent')
    const waiting = spawn(() => session.get(`${url}/json`, { timeoutMs: 20 }))
    await sleep(40)
    expect(waiting.ready()).toBe(false)
    await holder.kill()
    expect((await waiting.get()).text).toBe('{"answer":42}')
  })
})

describe('totalMs', () => {
  it('is for all of it: RequestTimeout', async () => {
    const { url, aborted } = await serve()
    const error = await rejection(requests.get(`${url}/endless`, { timeoutMs: { totalMs: 30 } }))
    expect(error).toBeInstanceOf(requests.RequestTimeout)
    expect(error).not.toBeInstanceOf(requests.ReadTimeout)
    expect((error as Error).message).toBe(`GET ${url}/endless: there was no answer within 30 ms in all.`)
    await aborted('/endless')
  })

  it('counts redirects and pauses in', async () => {
    const { url } = await serve((request, response) => {
      setTimeout(() => response.writeHead(302, { location: `${request.url ?? ''}x` }).end(), 10)
      return true
    })
    expect(await rejection(requests.get(`${url}/x`, { timeoutMs: { totalMs: 50 } }))).toBeInstanceOf(
      requests.RequestTimeout,
    )
    expect(getHub().timers.count).toBe(0)
  })

  it('does not count when it is in time', async () => {
    const { url } = await serve()
    expect((await requests.get(url, { timeoutMs: { totalMs: 5000, readMs: 1000 } })).text).toBe('hello')
    expect(getHub().timers.count).toBe(0)
  })
})

describe('a Timeout', () => {
  it('is for all of it, and throws itself', async () => {
    const { url, aborted } = await serve()
    const timeout = new Timeout(30)
    expect(await rejection(requests.get(`${url}/endless`, { timeoutMs: timeout }))).toBe(timeout)
    await aborted('/endless')
  })

  it('throws the error that it was made with', async () => {
    const { url } = await serve()
    const mine = new Error('mine')
    expect(await rejection(requests.get(`${url}/silent`, { timeoutMs: new Timeout(20, mine) }))).toBe(mine)
  })

  it('that runs already goes on running behind it', async () => {
    const { url } = await serve()
    const error = await rejection(
      run(function* () {
        using timeout = Timeout.startNew(50)
        yield* requests.get(url, { timeoutMs: timeout })
        yield* sleep(10_000)
      }),
    )
    expect(error).toBeInstanceOf(Timeout)
  })
})

describe('from outside', () => {
  it('withTimeout() is for all of it', async () => {
    const { url, aborted } = await serve()
    expect(await rejection(withTimeout(30, requests.get, `${url}/endless`))).toBeInstanceOf(Timeout)
    await aborted('/endless')
  })

  it('a request is a branch of choose(), and the loser is aborted', async () => {
    const { url, aborted } = await serve()
    const [key] = await choose({ page: requests.get(`${url}/silent`), late: sleep(30) })
    expect(key).toBe('late')
    await aborted('/silent')
  })
})

describe('a wrong timeoutMs is refused at the call', () => {
  const forms =
    'to be a number of milliseconds, [connectMs, readMs], { connectMs, readMs, totalMs } or a Timeout, but got'
  const noTime =
    '\n\n' +
    '  { timeoutMs: 0 }          // incorrect: nobody answers in no time\n' +
    '  { timeoutMs: Infinity }   // correct: as long as it takes'
  const wrong: [unknown, string][] = [
    [0, `\`timeoutMs\` to be a number of milliseconds above 0, but got 0.${noTime}`],
    [[0, 5], `\`timeoutMs[0]\` to be a number of milliseconds above 0, but got 0.${noTime}`],
    [{ totalMs: 0 }, `\`timeoutMs.totalMs\` to be a number of milliseconds above 0, but got 0.${noTime}`],
    [-1, '`timeoutMs` to be a number of milliseconds above 0, but got -1.'],
    [Number.NaN, '`timeoutMs` to be a number of milliseconds above 0, but got NaN.'],
    [[-1, 5], '`timeoutMs[0]` to be a number of milliseconds above 0, but got -1.'],
    [[1, 'x'], '`timeoutMs[1]` to be a number of milliseconds above 0, but got "x" (string).'],
    [{ totalMs: -1 }, '`timeoutMs.totalMs` to be a number of milliseconds above 0, but got -1.'],
    ['50', `\`timeoutMs\` ${forms} "50" (string).`],
    [null, `\`timeoutMs\` ${forms} null.`],
    [[1, 2, 3], `\`timeoutMs\` ${forms} an Array.`],
    [{ connect: 5 }, `\`timeoutMs\` ${forms} an Object.`],
  ]

  it.each(wrong)('%j', (timeoutMs, text) => {
    expect(usage(() => requests.get('http://127.0.0.1/', { timeoutMs: timeoutMs as number }))).toBe(
      `requests.get() expects ${text}`,
    )
  })

  it('of a session, too, and by the next call when it is set later', () => {
    const expected = `expects \`timeoutMs\` to be a number of milliseconds above 0, but got 0.${noTime}`
    expect(usage(() => new requests.Session({ timeoutMs: 0 }))).toBe(`new Session() ${expected}`)
    const session = new requests.Session()
    session.timeoutMs = 0
    expect(usage(() => session.get('http://127.0.0.1/'))).toBe(`session.get() ${expected}`)
  })
})
