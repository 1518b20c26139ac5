// The functions of `requests`: each method, what a call refuses, and a request that is given up.
import { type Green, GreenletExit, getHub, joinall, run, spawn, Timeout, UsageError, withTimeout } from 'greenloop'
import { requests } from 'greenloop/http'
import { describe, expect, it } from 'vitest'
import { written } from '../../net/dns/shown.ts'
import { catchUnhandled, closedPort } from '../../net/support.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { runProgram } from '../../support/program.ts'
import { message, rejection, thrown, usage } from '../../support/thrown.ts'
import { serve } from '../support.ts'

checkLeaks()

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
    expect(answer).toBeInstanceOf(requests.Response)
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
    const waiting: (() => void)[] = []
    const { url } = await serve((_, response) => {
      // Nobody is answered before all have asked.
      waiting.push(() => response.end('page'))
      if (waiting.length === 3) for (const answer of waiting) answer()
      return true
    })
    const pages = [1, 2, 3].map((n) => spawn(requests.get, `${url}/${n}`))
    await joinall(pages)
    expect(pages.map(({ value }) => (value as requests.Response).text)).toEqual(['page', 'page', 'page'])
  })

  it('is named with its URL', () => {
    expect(written(requests.get('http://127.0.0.1:1/x?y=1'))).toBe('requests.get(http://127.0.0.1:1/x?y=1)')
  })

  it('keeps no cookies from call to call', async () => {
    const { url } = await serve((request, response) => {
      response.setHeader('set-cookie', 'a=1').end(request.headers.cookie ?? 'none')
      return true
    })
    expect((await requests.get(url)).text).toBe('none')
    expect((await requests.get(url)).text).toBe('none')
  })
})

describe('the methods', () => {
  const verbs = [
    ['get', 'GET'],
    ['options', 'OPTIONS'],
    ['post', 'POST'],
    ['put', 'PUT'],
    ['patch', 'PATCH'],
    ['delete', 'DELETE'],
  ] as const

  it.each(verbs)('requests.%s() sends %s, and follows redirects', async (name, method) => {
    const { url, requests: came } = await serve((request, response) => {
      if (request.url === '/from') response.writeHead(307, { location: '/to' }).end()
      else response.end(request.method)
      return true
    })
    expect((await requests[name](`${url}/from`)).text).toBe(method)
    expect(came).toEqual([`${method} /from`, `${method} /to`])
  })

  it('requests.head() has a head and no body, and does not follow redirects unless told', async () => {
    const { url, requests: came } = await serve()
    const { statusCode, headers, content } = await requests.head(`${url}/json`)
    expect([statusCode, headers['content-type'], content.length]).toEqual([200, 'application/json', 0])
    expect((await requests.head(`${url}/redirect/1`)).statusCode).toBe(302)
    expect((await requests.head(`${url}/redirect/1`, { allowRedirects: true })).statusCode).toBe(200)
    expect(came).toEqual(['HEAD /json', 'HEAD /redirect/1', 'HEAD /redirect/1', 'HEAD /'])
  })

  it('requests.request() sends any method, in capitals, and follows redirects, HEAD too', async () => {
    const { url, requests: came } = await serve()
    await requests.request('propfind', url)
    await requests.request('head', `${url}/redirect/1`)
    expect(came).toEqual(['PROPFIND /', 'HEAD /redirect/1', 'HEAD /'])
  })

  it.each([
    ['', '"" (string)'],
    ['GET /', '"GET /" (string)'],
    ['GET\r\n', '"GET\\r\\n" (string)'],
    [7, '7 (number)'],
  ])('requests.request() refuses the method %j', (method, shown) => {
    expect(usage(() => requests.request(method as string, 'http://127.0.0.1/'))).toBe(
      `requests.request() expects a method such as 'GET', but got ${shown}.`,
    )
  })
})

describe('a wrong URL is refused at the call', () => {
  const kinds: [unknown, string][] = [
    [undefined, 'undefined'],
    [null, 'null'],
    [80, '80 (number)'],
    [{}, 'an Object'],
    [Symbol('url'), 'Symbol(url)'],
  ]

  it.each(kinds)('one that is none: %s', (wrong, shown) => {
    expect(usage(() => requests.get(wrong as string))).toBe(
      `requests.get() expects a URL as a string or a URL, but got ${shown}.`,
    )
  })

  const wrongs: [string, string, string][] = [
    ['www.python.org', 'MissingSchema', ', which has no scheme. Perhaps you meant "https://www.python.org"?'],
    ['localhost', 'MissingSchema', ', which has no scheme. Perhaps you meant "https://localhost"?'],
    ['//host/x', 'MissingSchema', ', which has no scheme. Perhaps you meant "https://host/x"?'],
    ['/path', 'MissingSchema', ', which has no scheme.'],
    ['', 'MissingSchema', ', which has no scheme.'],
    [
      'localhost:8080/x',
      'InvalidSchema',
      '; only http: and https: can be asked for. Perhaps you meant "https://localhost:8080/x"?',
    ],
    ['ftp://127.0.0.1/x', 'InvalidSchema', '; only http: and https: can be asked for.'],
    ['mailto:green@example.org', 'InvalidSchema', '; only http: and https: can be asked for.'],
    ['file:///x', 'InvalidSchema', '; only http: and https: can be asked for.'],
    ['http://', 'InvalidURL', ', which names no host that could be asked.'],
    ['http:///path', 'InvalidURL', ', which names no host that could be asked.'],
    ['http:example.org', 'InvalidURL', ', which names no host that could be asked.'],
    ['http://*.example.org/', 'InvalidURL', ', which names no host that could be asked.'],
    ['http://.example.org/', 'InvalidURL', ', which names no host that could be asked.'],
    ['http://[::1', 'InvalidURL', ', which is no URL.'],
    ['http://127.0.0.1:99999/', 'InvalidURL', ', which is no URL.'],
    ['http://a b/', 'InvalidURL', ', which is no URL.'],
  ]

  it.each(wrongs)('%s: %s', (wrong, name, text) => {
    const error = thrown(() => requests.get(wrong))
    expect(error).toBeInstanceOf(requests.InvalidURL)
    expect(error).toBeInstanceOf(requests.RequestException)
    expect(error).not.toBeInstanceOf(UsageError)
    expect((error as Error).name).toBe(name)
    expect((error as Error).message).toBe(`requests.get() got ${JSON.stringify(wrong)}${text}`)
  })

  it('and a URL object of something else', () => {
    expect(message(() => requests.get(new URL('file:///x')))).toBe(
      'requests.get() got "file:///x"; only http: and https: can be asked for.',
    )
  })

  it('space around it is none of it', async () => {
    const { url } = await serve()
    expect((await requests.get(` ${url}/json\n`)).url).toBe(`${url}/json`)
  })
})

describe('wrong options are refused at the call', () => {
  const url = 'http://127.0.0.1/'
  const all =
    'params, headers, cookies, auth, timeoutMs, stream, proxies, verify, cert, hooks, bodyLimit, retries, data, json, files, allowRedirects'

  const meant: [object, string][] = [
    [{ timeout: 5 }, 'requests.get() has no option `timeout`; what is meant is `timeoutMs`, in milliseconds.'],
    [{ allow_redirects: true }, 'requests.get() has no option `allow_redirects`; what is meant is `allowRedirects`.'],
    [{ follow: true }, 'requests.get() has no option `follow`; what is meant is `allowRedirects`.'],
    [{ maxRedirects: 1 }, 'requests.get() has no option `maxRedirects`; what is meant is `maxRedirects` of a Session.'],
    [{ body: '' }, 'requests.get() has no option `body`; what is meant is `data`, or `json`.'],
    [
      { signal: null },
      'requests.get() has no option `signal`; what is meant is nothing of the kind: a greenlet that is killed, or timed out, aborts its request.',
    ],
    [{ colour: 'green' }, `requests.get() has no option \`colour\`; it has ${all}.`],
    [{ toString: 1 }, `requests.get() has no option \`toString\`; it has ${all}.`],
  ]

  it.each(meant)('%j', (options, text) => {
    expect(usage(() => requests.get(url, options))).toBe(text)
  })

  it('the body as second argument, as in Python: with the right line', () => {
    expect(usage(() => requests.post(url, { name: 'green' } as object))).toBe(
      `requests.post() has no option \`name\`; it has ${all}.\n\n` +
        '  requests.post(url, { name: ... })             // incorrect: the second argument is the options\n' +
        '  requests.post(url, { data: { name: ... } })   // correct: or `json`',
    )
  })

  const values: [object, string][] = [
    [{ stream: 1 }, 'requests.get() expects `stream` to be a boolean, but got 1 (number).'],
    [{ allowRedirects: 'no' }, 'requests.get() expects `allowRedirects` to be a boolean, but got "no" (string).'],
    [{ bodyLimit: -1 }, 'requests.get() expects `bodyLimit` to be an integer, 0 or more, but got -1 (number).'],
    [
      { retries: 1.5 },
      'requests.get() expects `retries` to be an integer, 0 or more, or a Retry, but got 1.5 (number).',
    ],
    [{ hooks: { response: 7 } }, 'requests.get() expects `hooks` to be { response: function }, but got 7 (number).'],
  ]

  it.each(values)('%j', (options, text) => {
    expect(usage(() => requests.get(url, options))).toBe(text)
  })

  it.each([
    [5, '5 (number)'],
    [null, 'null'],
    ['x', '"x" (string)'],
    [new Timeout(5), 'a Timeout'],
  ])('%s as options', (options, shown) => {
    expect(usage(() => requests.get(url, options as object))).toBe(
      `requests.get() expects its options as an object, such as { timeoutMs: 1000 }, but got ${shown}.`,
    )
  })
})

describe('a request fails', () => {
  it('with ConnectionError when nobody listens', async () => {
    const port = await closedPort()
    const error = await rejection(requests.get(`http://127.0.0.1:${port}/`))
    expect(error).toBeInstanceOf(requests.ConnectionError)
    expect(error).toMatchObject({ request: { method: 'GET', url: `http://127.0.0.1:${port}/` } })
    expect((error as Error).message).toContain(`127.0.0.1:${port}`)
  })

  it.each(['/reset'])(
    'with ChunkedEncodingError or ConnectionError when it breaks off in mid-body: %s',
    async (path) => {
      const { url } = await serve()
      const error = await rejection(run(() => requests.get(`${url}${path}`)))
      expect(error).toBeInstanceOf(requests.RequestException)
      expect(error instanceof requests.ChunkedEncodingError || error instanceof requests.ConnectionError).toBe(true)
    },
  )
})

describe('a greenlet that is given up aborts its request', () => {
  it.each(['silent', 'endless'])('when it is killed: %s', async (path) => {
    const { url, came, aborted } = await serve()
    const unhandled = catchUnhandled()
    const victim = spawn(requests.get, `${url}/${path}`)
    await came(`/${path}`)
    if (path === 'endless') await new Promise((resolve) => setTimeout(resolve, 10)) // the body has begun
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

describe('the names of Python’s requests', () => {
  it('has the errors, `Timeout` among them, and `exceptions`', () => {
    expect(requests.Timeout).toBe(requests.RequestTimeout)
    expect(requests.exceptions.ConnectionError).toBe(requests.ConnectionError)
    expect(new requests.ReadTimeout()).toBeInstanceOf(requests.Timeout)
    expect(new requests.ConnectTimeout()).toBeInstanceOf(requests.Timeout)
    expect(new requests.ConnectTimeout()).toBeInstanceOf(requests.ConnectionError)
  })

  it('has the statuses', () => {
    expect([requests.codes.ok, requests.codes.notFound, requests.codes.imATeapot]).toEqual([200, 404, 418])
  })

  it('has session()', () => {
    using session = requests.session({ maxRedirects: 1 })
    expect(session).toBeInstanceOf(requests.Session)
    expect(session.maxRedirects).toBe(1)
  })
})

describe('the process', () => {
  it('keeps the connection for the next request, and is not held by it', async () => {
    const { url } = await serve()
    expect(await runProgram(new URL('../programs/idle.ts', import.meta.url).href, { args: [url] })).toEqual({
      stdout: '200 hello\n',
      stderr: '',
      code: 0,
    })
  })

  it('may load Node’s own fetch and the library in any order', async () => {
    const { url } = await serve()
    expect(await runProgram(new URL('../programs/patched-before.ts', import.meta.url).href, { args: [url] })).toEqual({
      stdout: 'fetch hello\nrequests hello\n',
      stderr: '',
      code: 0,
    })
  })
})
