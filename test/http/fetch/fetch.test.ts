// The patched fetch: driven by greenlets and aborted with them; the same as ever for everybody else.
import { type Green, GreenletExit, getHub, joinall, run, sleep, spawn, Timeout, withTimeout } from 'greenloop'
import * as monkey from 'greenloop/monkey'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { catchUnhandled, closedPort, eventually, inWait, randomOf } from '../../net/support.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { rejection, thrown } from '../../support/thrown.ts'
import { serve } from '../support.ts'

checkLeaks()

const nodeFetch = globalThis.fetch

beforeEach(() => {
  monkey.patchAll()
})
afterEach(() => {
  monkey.unpatchAll()
})

describe('in a greenlet', () => {
  it('`yield* fetch(url)` is a Response, Node’s own', async () => {
    const { url } = await serve()
    await run(function* () {
      const response = yield* fetch(url)
      expect(response).toBeInstanceOf(Response)
      expect([response.status, response.ok, response.url]).toEqual([200, true, `${url}/`])
      expect(yield* response.text()).toBe('hello')
    })
  })

  it('each method that reads the body can be driven', async () => {
    const { url } = await serve((request, response) => {
      if (request.url !== '/form') return false
      response.setHeader('content-type', 'application/x-www-form-urlencoded')
      response.end('a=1&b=2')
      return true
    })
    await run(function* () {
      expect(yield* (yield* fetch(url)).text()).toBe('hello')
      expect(yield* (yield* fetch(`${url}/json`)).json()).toEqual({ answer: 42 })
      expect(Buffer.from(yield* (yield* fetch(url)).arrayBuffer())).toEqual(Buffer.from('hello'))
      const blob = yield* (yield* fetch(url)).blob()
      expect([blob instanceof Blob, blob.size]).toEqual([true, 5])
      // eslint-disable-next-line @typescript-eslint/no-deprecated -- for servers; it is there, so it is patched
      const form = yield* (yield* fetch(`${url}/form`)).formData()
      expect([...form]).toEqual([
        ['a', '1'],
        ['b', '2'],
      ])
    })
  })

  it('a response and its clone can both be read', async () => {
    const { url } = await serve()
    await run(function* () {
      const response = yield* fetch(url)
      const clone = response.clone()
      expect(clone).toBeInstanceOf(Response)
      expect([yield* clone.text(), yield* response.text()]).toEqual(['hello', 'hello'])
    })
  })

  it('a Response that was made by hand can be read', async () => {
    await run(function* () {
      expect(yield* new Response('made').text()).toBe('made')
      expect(yield* new Response('[1]').clone().json()).toEqual([1])
    })
  })

  it('only this greenlet waits: pages come at the same time', async () => {
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
    function* getPage(page: string): Green<number> {
      const response = yield* fetch(page)
      return (yield* response.text()).length
    }
    const pages = [1, 2, 3].map((n) => spawn(getPage, `${url}/${n}`))
    await joinall(pages)
    expect([pages.map(({ value }) => value), most]).toEqual([[4, 4, 4], 3])
  })

  it('a failure is thrown by the `yield*`: refused, reset, wrong URL, wrong JSON', async () => {
    const port = await closedPort()
    const { url } = await serve()
    const bodies: [string, () => Green<unknown>, object][] = [
      [
        'refused',
        function* () {
          yield* fetch(`http://127.0.0.1:${port}/`)
        },
        { name: 'TypeError', message: 'fetch failed', cause: { code: 'ECONNREFUSED' } },
      ],
      [
        'reset',
        function* () {
          yield* (yield* fetch(`${url}/reset`)).text()
        },
        { name: 'TypeError', message: 'terminated', cause: { code: 'ECONNRESET' } },
      ],
      [
        'no URL',
        function* () {
          yield* fetch('no url')
        },
        { name: 'TypeError', message: 'Failed to parse URL from no url' },
      ],
      [
        'no JSON',
        function* () {
          yield* (yield* fetch(url)).json()
        },
        { name: 'SyntaxError' },
      ],
    ]
    for (const [what, body, error] of bodies) {
      const got = await rejection(run(body))
      expect(got, what).toMatchObject(error)
    }
  })

  it('the body is read once: a second reading is Node’s error', async () => {
    const { url } = await serve()
    const error = await rejection(
      run(function* () {
        const response = yield* fetch(url)
        yield* response.text()
        yield* response.text()
      }),
    )
    expect(error).toMatchObject({ name: 'TypeError', message: 'Body is unusable: Body has already been read' })
  })

  it('a promise that has settled before can be driven', async () => {
    const { url } = await serve()
    await run(function* () {
      const asked = fetch(url)
      yield* sleep(50)
      expect(yield* (yield* asked).text()).toBe('hello')
    })
  })
})

describe('a greenlet that is given up aborts its request', () => {
  function* read(url: string): Green<string> {
    const response = yield* fetch(url)
    return yield* response.text()
  }

  it.each(['silent', 'endless'])('when it is killed: %s', async (path) => {
    const { url, came, aborted } = await serve()
    const unhandled = catchUnhandled()
    const victim = spawn(read, `${url}/${path}`)
    await came(`/${path}`)
    if (path === 'endless') await new Promise((resolve) => setTimeout(resolve, 20)) // it reads the body
    await victim.kill()
    expect(victim.value).toBeInstanceOf(GreenletExit)
    expect(getHub().outstanding).toBe(0)
    await aborted(`/${path}`)
    expect(unhandled).toEqual([])
  })

  it.each(['silent', 'endless'])('when it is timed out: %s', async (path) => {
    const { url, aborted } = await serve()
    expect(await rejection(withTimeout(50, read, `${url}/${path}`))).toBeInstanceOf(Timeout)
    await aborted(`/${path}`)
  })

  it.each(['arrayBuffer', 'blob', 'formData', 'json', 'text'] as const)('while it reads by %s()', async (method) => {
    const { url, aborted } = await serve((request, response) => {
      if (request.url !== '/form') return false
      response.writeHead(200, { 'content-type': 'application/x-www-form-urlencoded' })
      response.write('a=1')
      return true
    })
    const error = await rejection(
      withTimeout(50, function* () {
        const response = yield* fetch(`${url}/form`)
        yield* response[method]()
      }),
    )
    expect(error).toBeInstanceOf(Timeout)
    await aborted('/form')
  })

  it('while it reads a clone', async () => {
    const { url, aborted } = await serve()
    const error = await rejection(
      withTimeout(50, function* () {
        const response = yield* fetch(`${url}/endless`)
        yield* response.clone().text()
      }),
    )
    expect(error).toBeInstanceOf(Timeout)
    await aborted('/endless')
  })

  it('and nobody else’s', async () => {
    const { url, came, aborted, isAborted } = await serve((request, response) => {
      if (request.url !== '/slow') return false
      setTimeout(() => response.end('slow'), 60)
      return true
    })
    const victim = spawn(read, `${url}/silent`)
    const other = spawn(read, `${url}/slow`)
    await came('/silent')
    await came('/slow')
    await victim.kill()
    await aborted('/silent')
    expect(await other.get()).toBe('slow')
    expect(isAborted('/slow')).toBe(false)
  })

  it('when two drive one promise, only with the second of them', async () => {
    const { url, came, aborted, isAborted } = await serve()
    const shared = fetch(`${url}/silent`)
    const drive = (): Green<Response> =>
      (function* () {
        return yield* shared
      })()
    const [first, second] = [spawn(drive), spawn(drive)]
    await inWait(first)
    await inWait(second)
    await came('/silent')
    await first.kill()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect([isAborted('/silent'), second.ready()]).toEqual([false, false])
    await second.kill()
    await aborted('/silent')
  })

  it('when two read one body, only with the second of them', async () => {
    const { url, aborted, isAborted } = await serve()
    const text = (await fetch(`${url}/endless`)).text()
    const drive = (): Green<string> =>
      (function* () {
        return yield* text
      })()
    const [first, second] = [spawn(drive), spawn(drive)]
    await inWait(first)
    await inWait(second)
    await first.kill()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(isAborted('/endless')).toBe(false)
    await second.kill()
    await aborted('/endless')
  })

  it('when two drive one promise and one is killed, the other gets the answer', async () => {
    const { url, came } = await serve((_, response) => {
      setTimeout(() => response.end('slow'), 50)
      return true
    })
    const shared = fetch(`${url}/slow`)
    function* drive(): Green<string> {
      return yield* (yield* shared).text()
    }
    const [first, second] = [spawn(drive), spawn(drive)]
    await came('/slow')
    await first.kill()
    expect(await second.get()).toBe('slow')
  })

  it('that was killed just before it asks leaves no request and no unhandled rejection', async () => {
    const { url, requests, aborted } = await serve()
    const port = await closedPort()
    const unhandled = catchUnhandled()
    for (const target of [`${url}/silent`, `http://127.0.0.1:${port}/`]) {
      const body = function* (): Green<void> {
        victim.kill()
        yield* fetch(target)
      }
      const victim = spawn(body)
      await victim.join()
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(unhandled).toEqual([])
    if (requests.length > 0) await aborted('/silent') // it may have been sent, but must not stay
  })

  it('that was killed just before it reads the body closes the connection', async () => {
    const { url, aborted } = await serve()
    function* body(): Green<void> {
      const response = yield* fetch(`${url}/endless`)
      victim.kill()
      yield* response.text()
    }
    const victim = spawn(body)
    await victim.join()
    await aborted('/endless')
  })

  it('100 times at random moments, and nothing unhandled and nothing open is left', async () => {
    const seed = Number(process.env['GREENLOOP_SEED'] ?? Date.now() % 1_000_000)
    const unhandled = catchUnhandled()
    let open = 0
    const { url } = await serve((_, response) => {
      open++
      response.on('close', () => open--)
      setTimeout(() => {
        if (!response.destroyed) response.write('the beginning')
      }, 5)
      return true
    })
    const victims = Array.from({ length: 100 }, (_, n) => spawn(read, `${url}/${n}`))
    const random = randomOf(seed)
    for (const victim of victims) setTimeout(() => void victim.kill(), random() * 60)
    await joinall(victims)
    expect(victims.filter(({ value }) => !(value instanceof GreenletExit)).length, `GREENLOOP_SEED=${seed}`).toBe(0)
    expect(getHub().outstanding).toBe(0)
    await eventually(`no request is open (GREENLOOP_SEED=${seed})`, () => open === 0)
    expect(unhandled).toEqual([])
  })
})

describe('for everybody else', () => {
  it('`await fetch(url)` is as before', async () => {
    const { url } = await serve()
    const asked = fetch(`${url}/json`)
    expect(asked).toBeInstanceOf(Promise)
    expect(Object.keys(asked)).toEqual([])
    const response = await asked
    expect(await response.clone().json()).toEqual({ answer: 42 })
    expect(await response.text()).toBe('{"answer":42}')
  })

  it('the caller’s own signal aborts, with its own reason', async () => {
    const { url, aborted } = await serve()
    const reason = new RangeError('enough')
    for (const path of ['silent', 'endless']) {
      const own = new AbortController()
      const asked = fetch(`${url}/${path}`, { signal: own.signal }).then((response) => response.text())
      setTimeout(() => own.abort(reason), 30)
      expect(await rejection(asked)).toBe(reason)
      await aborted(`/${path}`)
    }
  })

  it('the caller’s own signal aborts under a greenlet, too', async () => {
    const { url, aborted } = await serve()
    const own = new AbortController()
    const waiting = spawn(function* () {
      return yield* fetch(`${url}/silent`, { signal: own.signal })
    })
    setTimeout(() => own.abort(), 20)
    expect(await rejection(waiting.get())).toMatchObject({ name: 'AbortError' })
    await aborted('/silent')
  })

  it('a kill does not fire the caller’s own signal', async () => {
    const { url, came, aborted } = await serve()
    const own = new AbortController()
    const victim = spawn(function* () {
      yield* fetch(`${url}/silent`, { signal: own.signal })
    })
    await came('/silent')
    await victim.kill()
    await aborted('/silent')
    expect(own.signal.aborted).toBe(false)
  })

  it('the signal of a Request aborts; one in `init` takes its place, also null', async () => {
    const { url, aborted } = await serve()
    const own = new AbortController()
    const asked = fetch(new Request(`${url}/silent`, { signal: own.signal }))
    setTimeout(() => own.abort(), 20)
    expect(await rejection(asked)).toMatchObject({ name: 'AbortError' })
    await aborted('/silent')

    const fired = AbortSignal.abort()
    const request = new Request(url, { signal: fired })
    expect((await fetch(request, { signal: null })).status).toBe(200)
    expect((await fetch(request.url, { signal: null })).status).toBe(200)
    expect(await rejection(fetch(request))).toMatchObject({ name: 'AbortError' })
    expect((await fetch(new Request(url, { signal: fired }), { signal: new AbortController().signal })).status).toBe(
      200,
    )
  })

  it('a greenlet that drives a fetch of a Request aborts it', async () => {
    const { url, aborted } = await serve()
    for (const init of [undefined, { signal: null }]) {
      const error = await rejection(
        withTimeout(30, function* () {
          yield* fetch(new Request(`${url}/silent`), init)
        }),
      )
      expect(error).toBeInstanceOf(Timeout)
      await aborted('/silent')
    }
  })

  it('method, headers and body arrive, from `init`, from a Request, and from a Request as `init`', async () => {
    const { url } = await serve()
    const init = { method: 'POST', headers: { 'x-tag': 'tag' }, body: 'body' }
    const inherited = Object.create(init) as typeof init
    const calls: [string, (send: typeof fetch) => Promise<Response>][] = [
      ['init', (send) => send(`${url}/echo`, init)],
      ['Request', (send) => send(new Request(`${url}/echo`, init))],
      ['Request and init', (send) => send(new Request(`${url}/echo`, init), { method: 'PUT', body: 'other' })],
      ['Request as init', (send) => send(`${url}/echo`, new Request(url, { ...init, body: null }))],
      ['inherited init', (send) => send(`${url}/echo`, inherited)],
    ]
    for (const [what, call] of calls) {
      const [patched, node] = await Promise.all([call(fetch), call(nodeFetch)])
      expect([what, await patched.text()]).toEqual([what, await node.text()])
    }
  })

  it('what is wrong is told as Node tells it: by the promise, in the same words', async () => {
    const { url } = await serve()
    const wrong: [string, unknown[]][] = [
      ['no argument', []],
      ['no URL', ['no url']],
      ['a symbol', [Symbol('url')]],
      ['a wrong signal', [url, { signal: 5 }]],
      ['a wrong method', [url, { method: 'NO METHOD' }]],
      ['a body with GET', [url, { body: 'x' }]],
      ['a wrong init', [url, 5]],
      [
        'a URL that throws',
        [
          {
            toString() {
              throw new RangeError('no string')
            },
          },
        ],
      ],
    ]
    const unhandled = catchUnhandled()
    const seen: Record<string, string[]> = {}
    for (const [who, send] of [
      ['node', nodeFetch],
      ['patched', fetch],
    ] as const) {
      seen[who] = []
      for (const [what, args] of wrong) {
        let outcome: string
        try {
          outcome = String(await rejection((send as (...args: unknown[]) => Promise<unknown>)(...args).catch(rethrow)))
        } catch (error) {
          outcome = `thrown at the call: ${String(error)}`
        }
        seen[who].push(`${what}: ${outcome}`)
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(seen['patched']).toEqual(seen['node'])
    expect(unhandled).toEqual([])
  })

  it('the URL is read once', async () => {
    const { url } = await serve()
    let read = 0
    const once = {
      toString() {
        read++
        return url
      },
    }
    await fetch(once as unknown as string)
    expect(read).toBe(1)
  })

  it('a Response that is none is refused by Node', async () => {
    expect(await rejection(Response.prototype.text.call({} as Response))).toMatchObject({ code: 'ERR_INVALID_THIS' })
    expect(thrown(() => Response.prototype.clone.call({} as Response))).toBeInstanceOf(TypeError)
  })

  it('a fetch inside a greenlet’s slice is nobody’s but its caller’s', async () => {
    const { url } = await serve()
    const victim = spawn(function* () {
      const pages = Promise.all([fetch(url), fetch(`${url}/json`)]).then((all) =>
        Promise.all(all.map((response) => response.text())),
      )
      victim.kill()
      expect(getHub().outstanding).toBe(0)
      try {
        yield* sleep(1000)
      } catch {
        return pages
      }
      return null
    })
    await victim.join()
    expect(await (victim.value as Promise<string[]>)).toEqual(['hello', '{"answer":42}'])
  })
})

function rethrow(error: unknown): never {
  throw error
}
