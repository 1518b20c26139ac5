// requests.get(): the answer in all its parts, each way in which a request fails, and a request that is given up.
import { type Green, GreenletExit, getHub, joinall, run, spawn, Timeout, UsageError, withTimeout } from 'greenloop'
import { Response, requests } from 'greenloop/http'
import { Agent, type Dispatcher, getGlobalDispatcher, setGlobalDispatcher } from 'undici'
import { describe, expect, it, onTestFinished } from 'vitest'
import { catchUnhandled, closedPort } from '../../net/support.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { runProgram } from '../../support/program.ts'
import { message, rejection, thrown } from '../../support/thrown.ts'
import { serve } from '../support.ts'

checkLeaks()

/** Serves one body with one content type, and gets it. */
async function answered(body: string | Buffer, contentType?: string): Promise<Response> {
  const { url } = await serve((_, response) => {
    if (contentType !== undefined) response.setHeader('content-type', contentType)
    response.end(body)
    return true
  })
  return requests.get(url)
}

describe('requests.get()', () => {
  it('gives the whole answer to a greenlet: the lecture’s `ret.content`', async () => {
    const { url } = await serve()
    const length = await run(function* () {
      const ret = yield* requests.get(url)
      return ret.content.length
    })
    expect(length).toBe(5)
  })

  it('gives it to plain code by await, too', async () => {
    const { url } = await serve()
    const answer = await requests.get(url)
    expect(answer).toBeInstanceOf(Response)
    expect([answer.statusCode, answer.ok, answer.text, answer.url]).toEqual([200, true, 'hello', `${url}/`])
  })

  it('takes a URL object', async () => {
    const { url } = await serve()
    expect((await requests.get(new URL('/json', url))).json()).toEqual({ answer: 42 })
  })

  it('is a recipe: nothing is sent until it is driven, and each time it is driven it is sent', async () => {
    const { url, requests: came } = await serve()
    const recipe = requests.get(url)
    await new Promise((resolve) => setTimeout(resolve, 10))
    expect(came).toEqual([])
    await run(function* () {
      yield* recipe
      yield* recipe
    })
    expect(came).toEqual(['GET /', 'GET /'])
  })

  it('lets other greenlets run: pages are fetched at the same time', async () => {
    let open = 0
    let most = 0
    const { url } = await serve((_, response) => {
      most = Math.max(most, ++open)
      setTimeout(() => {
        open--
        response.end('page')
      }, 20)
      return true
    })
    const pages = [1, 2, 3].map((n) => spawn(requests.get, `${url}/${n}`))
    await joinall(pages)
    expect(pages.map(({ value }) => (value as Response).text)).toEqual(['page', 'page', 'page'])
    expect(most).toBe(3)
  })

  it('sends the headers that it is given', async () => {
    const { url } = await serve()
    expect((await requests.get(`${url}/echo`, { headers: { 'x-tag': 'green' } })).text).toBe('GET green ')
  })
})

describe('the answer', () => {
  it('has the bytes as a Buffer', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, n) => n))
    const { content } = await answered(bytes)
    expect(content).toBeInstanceOf(Buffer)
    expect(content).toEqual(bytes)
  })

  it('has megabytes, whole', async () => {
    const bytes = Buffer.alloc(3_000_000, 'greenloop ')
    expect((await answered(bytes)).content.equals(bytes)).toBe(true)
  })

  it('has an empty Buffer and an empty text when there is no body', async () => {
    const { content, text } = await answered('')
    expect([content, text]).toEqual([Buffer.alloc(0), ''])
  })

  const texts: [string, Buffer, string | undefined, string][] = [
    ['in the charset that the header names', Buffer.from('é', 'latin1'), 'text/plain; charset=latin1', 'é'],
    ['in a charset in quotes and capitals', Buffer.from('é', 'latin1'), 'text/plain; Charset="ISO-8859-1"; x=y', 'é'],
    ['in UTF-8 when the header says so', Buffer.from('é€'), 'text/html;charset=utf-8', 'é€'],
    ['in UTF-8 when the header names no charset', Buffer.from('é€'), 'text/html', 'é€'],
    ['in UTF-8 when the charset is unknown', Buffer.from('é€'), 'text/html; charset=klingon', 'é€'],
    ['in UTF-8 when there is no header', Buffer.from('é€'), undefined, 'é€'],
    ['with U+FFFD for what is no UTF-8', Buffer.of(0x61, 0xff), 'text/plain', 'a\ufffd'],
  ]

  it.each(texts)('has the text %s', async (_, body, contentType, text) => {
    expect((await answered(body, contentType)).text).toBe(text)
  })

  it('parses JSON, and throws SyntaxError when it is none', async () => {
    expect((await answered('[1, {"a": null}]')).json()).toEqual([1, { a: null }])
    const answer = await answered('{')
    expect(thrown(() => answer.json())).toBeInstanceOf(SyntaxError)
  })

  it('has the headers by lower-case name, a repeated one as a list', async () => {
    const { url } = await serve((_, response) => {
      response.writeHead(200, [
        ['X-One', 'a'],
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', 'b=2'],
      ] as unknown as string[])
      response.end()
      return true
    })
    const { headers } = await requests.get(url)
    expect([headers['x-one'], headers['set-cookie'], headers['x-none']]).toEqual(['a', ['a=1', 'b=2'], undefined])
  })

  it('of 404 is an answer, not an error; `ok` is false', async () => {
    const { url } = await serve()
    const { statusCode, ok, text } = await requests.get(`${url}/missing`)
    expect([statusCode, ok, text]).toEqual([404, false, 'not here'])
  })

  it('is `ok` below 400', async () => {
    for (const [status, ok] of [
      [200, true],
      [204, true],
      [304, true],
      [399, true],
      [400, false],
      [500, false],
    ] as const) {
      const { url } = await serve((_, response) => {
        response.writeHead(status).end()
        return true
      })
      const answer = await requests.get(url)
      expect([answer.statusCode, answer.ok]).toEqual([status, ok])
    }
  })

  it('comes from the end of the redirects, whose URL it has', async () => {
    const { url, requests: came } = await serve()
    const answer = await requests.get(`${url}/redirect/3`)
    expect([answer.statusCode, answer.text, answer.url]).toEqual([200, 'hello', `${url}/`])
    expect(came).toEqual(['GET /redirect/3', 'GET /redirect/2', 'GET /redirect/1', 'GET /'])
  })

  it('comes from another server when the redirect leads there', async () => {
    const there = await serve()
    const here = await serve((_, response) => {
      response.writeHead(307, { location: `${there.url}/json?a=b` }).end()
      return true
    })
    const answer = await requests.get(here.url)
    expect([answer.url, there.requests]).toEqual([`${there.url}/json?a=b`, ['GET /json?a=b']])
  })

  it('comes after 30 redirects, too', async () => {
    const { url } = await serve()
    expect((await requests.get(`${url}/redirect/30`)).text).toBe('hello')
  })
})

describe('a request fails', () => {
  it('after 30 redirects', async () => {
    const { url, requests: came } = await serve()
    expect(await rejection(requests.get(`${url}/redirect/40`))).toMatchObject({
      code: 'GREENLOOP_ERROR',
      message: `requests.get() of ${url}/redirect/40 was redirected more than 30 times.`,
    })
    expect(came).toHaveLength(31)
  })

  it('with the error of the connection when nobody listens', async () => {
    const port = await closedPort()
    expect(await rejection(requests.get(`http://127.0.0.1:${port}/`))).toMatchObject({
      code: 'ECONNREFUSED',
      message: `connect ECONNREFUSED 127.0.0.1:${port}`,
    })
  })

  it('with the error of the connection when it is reset in mid-body', async () => {
    const { url } = await serve()
    const { code } = (await rejection(run(() => requests.get(`${url}/reset`)))) as { code?: unknown }
    // undici's own code when its parser notices first that the other side is gone
    expect(['ECONNRESET', 'UND_ERR_SOCKET']).toContain(code)
  })

  it('when the server closes the connection before the body is complete', async () => {
    const { url } = await serve((request, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('the beginning')
      setTimeout(() => request.socket.destroy(), 10)
      return true
    })
    expect(await rejection(requests.get(url))).toMatchObject({ code: 'UND_ERR_SOCKET', message: 'other side closed' })
  })

  it('when a page redirects to itself', async () => {
    const { url } = await serve((_, response) => {
      response.writeHead(302, { location: '/' }).end()
      return true
    })
    expect(String(await rejection(requests.get(url)))).toContain('Redirect loop detected')
  })

  it('with a Timeout when no head comes within `timeoutMs`, and the connection is closed', async () => {
    const { url, aborted } = await serve()
    const error = await rejection(run(() => requests.get(`${url}/silent`, { timeoutMs: 50 })))
    expect(error).toBeInstanceOf(Timeout)
    expect(String(error)).toBe('Timeout: 50 ms')
    await aborted('/silent')
  })

  it('with a Timeout when the body is not complete within `timeoutMs`, and the connection is closed', async () => {
    const { url, aborted } = await serve()
    expect(await rejection(requests.get(`${url}/endless`, { timeoutMs: 50 }))).toBeInstanceOf(Timeout)
    await aborted('/endless')
  })

  it('not, when it is within `timeoutMs`; no timer is left', async () => {
    const { url } = await serve()
    expect((await requests.get(url, { timeoutMs: 5000 })).text).toBe('hello')
    expect(getHub().timers.count).toBe(0)
  })

  const wrongUrls: [unknown, string][] = [
    ['www.python.org', '"www.python.org" (string)'],
    ['/path', '"/path" (string)'],
    ['', '"" (string)'],
    ['ftp://127.0.0.1/x', '"ftp://127.0.0.1/x" (string)'],
    [new URL('file:///x'), 'file:///x'],
    ['http://', '"http://" (string)'],
    [undefined, 'undefined'],
    [null, 'null'],
    [80, '80 (number)'],
    [{}, 'an Object'],
    [Symbol('url'), 'Symbol(url)'],
  ]

  it.each(wrongUrls)('at the call for the wrong URL %s', (wrong, shown) => {
    const call = (): unknown => requests.get(wrong as string)
    expect(thrown(call)).toBeInstanceOf(UsageError)
    expect(message(call)).toBe(`requests.get() expects a URL with http: or https:, but got ${shown}.`)
  })

  const wrongTimes: [unknown, string][] = [
    [-1, '-1'],
    [Number.NaN, 'NaN'],
    ['50', '"50" (string)'],
    [null, 'null'],
  ]

  it.each(wrongTimes)('at the call for the wrong timeoutMs %s', (timeoutMs, shown) => {
    const call = (): unknown => requests.get('http://127.0.0.1/', { timeoutMs: timeoutMs as number })
    expect(thrown(call)).toBeInstanceOf(UsageError)
    expect(message(call)).toBe(
      `requests.get() expects \`timeoutMs\` to be a number of milliseconds, 0 or more, but got ${shown}.`,
    )
  })
})

describe('a greenlet that is given up aborts its request', () => {
  it.each(['silent', 'endless'])('when it is killed: %s', async (path) => {
    const { url, came, aborted } = await serve()
    const unhandled = catchUnhandled()
    const victim = spawn(requests.get, `${url}/${path}`)
    await came(`/${path}`)
    if (path === 'endless') await new Promise((resolve) => setTimeout(resolve, 20)) // the body has begun
    await victim.kill()
    expect(victim.value).toBeInstanceOf(GreenletExit)
    expect(getHub().outstanding).toBe(0)
    await aborted(`/${path}`)
    expect(unhandled).toEqual([])
  })

  it.each(['silent', 'endless'])('when it is timed out from outside: %s', async (path) => {
    const { url, aborted } = await serve()
    const error = await rejection(withTimeout(50, requests.get, `${url}/${path}`))
    expect(error).toBeInstanceOf(Timeout)
    await aborted(`/${path}`)
  })

  it('also when the request has been redirected', async () => {
    const { url, came, aborted } = await serve((request, response) => {
      if (request.url !== '/from') return false
      response.writeHead(302, { location: '/silent' }).end()
      return true
    })
    const victim = spawn(requests.get, `${url}/from`)
    await came('/silent')
    await victim.kill()
    await aborted('/silent')
  })

  it('and nobody else’s', async () => {
    const { url, came, aborted, isAborted } = await serve((request, response) => {
      if (request.url !== '/slow') return false
      setTimeout(() => response.end('slow'), 60)
      return true
    })
    const victim = spawn(requests.get, `${url}/silent`)
    const other = spawn(requests.get, `${url}/slow`)
    await came('/silent')
    await came('/slow')
    await victim.kill()
    await aborted('/silent')
    expect((await other.get()).text).toBe('slow')
    expect(isAborted('/slow')).toBe(false)
  })

  it('that is killed just before it asks sends nothing', async () => {
    const { url, requests: came } = await serve()
    function* body(): Green<void> {
      victim.kill()
      yield* requests.get(url)
    }
    const victim = spawn(body)
    await victim.join()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(came).toEqual([])
  })
})

describe('undici', () => {
  it('decides: its global dispatcher is used, as it is at the time of the call', async () => {
    const { url } = await serve()
    const paths: string[] = []
    class Counting extends Agent {
      override dispatch(options: Agent.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
        paths.push(options.path)
        return super.dispatch(options, handler)
      }
    }
    const before = getGlobalDispatcher()
    const counting = new Counting()
    onTestFinished(async () => {
      setGlobalDispatcher(before)
      await counting.close()
    })
    await requests.get(`${url}/json`)
    setGlobalDispatcher(counting)
    await requests.get(`${url}/redirect/1`)
    await requests.get(url)
    setGlobalDispatcher(before)
    await requests.get(`${url}/json`)
    expect(paths).toEqual(['/redirect/1', '/', '/'])
  })

  it('keeps the connection for the next request, and does not hold the process with it', async () => {
    const { url } = await serve()
    expect(await runProgram(new URL('../programs/idle.ts', import.meta.url).href, { args: [url] })).toEqual({
      stdout: '200 hello\n',
      stderr: '',
      code: 0,
    })
  })

  it('and Node’s own fetch may be loaded in any order', async () => {
    const { url } = await serve()
    expect(await runProgram(new URL('../programs/patched-before.ts', import.meta.url).href, { args: [url] })).toEqual({
      stdout: 'fetch hello\nrequests hello\n',
      stderr: '',
      code: 0,
    })
  })
})
