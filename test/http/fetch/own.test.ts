// The fetch of `greenloop/http`: undici's, driven by greenlets without any patch; the same as undici's for everybody else.
import { type Green, run, spawn, until } from 'greenloop'
import { type FetchInit, fetch, type GreenPromise, type GreenResponse } from 'greenloop/http'
import * as undici from 'undici'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { catchUnhandled, inWait } from '../../net/support.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { rejection } from '../../support/thrown.ts'
import { serve } from '../support.ts'

checkLeaks()

describe('in a greenlet, nothing patched', () => {
  it('`yield* fetch(url)` is a Response of undici', async () => {
    const { url } = await serve()
    await run(function* () {
      const response = yield* fetch(url)
      expect(response).toBeInstanceOf(undici.Response)
      expect([response.constructor.name, Object.keys(response)]).toEqual(['Response', []])
      expect([response.status, response.ok, response.url, response.bodyUsed]).toEqual([200, true, `${url}/`, false])
      expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8')
      expect(yield* response.text()).toBe('hello')
      expect(response.bodyUsed).toBe(true)
    })
  })

  it('each method that reads the body can be driven, of a clone, too', async () => {
    const { url } = await serve()
    await run(function* () {
      expect(yield* (yield* fetch(`${url}/json`)).json()).toEqual({ answer: 42 })
      expect(Buffer.from(yield* (yield* fetch(url)).arrayBuffer()).toString()).toBe('hello')
      expect(Buffer.from(yield* (yield* fetch(url)).bytes()).toString()).toBe('hello')
      expect((yield* (yield* fetch(url)).blob()).size).toBe(5)
      const response = yield* fetch(url)
      const clone = response.clone()
      expect(clone).toBeInstanceOf(undici.Response)
      expect([yield* clone.clone().text(), yield* clone.text(), yield* response.text()]).toEqual(Array(3).fill('hello'))
      const reader = (yield* fetch(url)).body!.getReader()
      expect(Buffer.from((yield* until(reader.read())).value as Uint8Array).toString()).toBe('hello')
    })
  })

  it('stands in messages with its URL', async () => {
    const { url } = await serve()
    const asking = spawn(function* () {
      yield* fetch(`${url}/silent`)
    })
    await inWait(asking)
    expect(asking.$wait?.describe()).toBe(`fetch(${url}/silent)`)
    await asking.kill()
    const reading = spawn(function* () {
      yield* (yield* fetch(new URL(`${url}/endless`))).text()
    })
    while (reading.$wait?.describe() !== `text() of ${url}/endless`) await new Promise(setImmediate)
    await reading.kill()
  })

  it('infers', () => {
    spawn(function* () {
      const response = yield* fetch('u')
      expectTypeOf(response).toEqualTypeOf<GreenResponse>()
      expectTypeOf(response).toExtend<undici.Response>()
      expectTypeOf(yield* response.text()).toBeString()
      expectTypeOf(yield* response.json()).toBeUnknown()
      expectTypeOf(yield* response.clone().bytes()).toEqualTypeOf<Uint8Array>()
    }).kill()
    expectTypeOf(fetch).returns.toEqualTypeOf<GreenPromise<GreenResponse>>()
    expectTypeOf<FetchInit>().toEqualTypeOf<undici.RequestInit>()
    expectTypeOf(fetch).toExtend<typeof undici.fetch>()
  })
})

describe('for everybody else', () => {
  it('it is undici’s: `await` works, and undici itself is untouched', async () => {
    const { url } = await serve()
    const asked = fetch(url)
    expect([asked instanceof Promise, Object.keys(asked)]).toEqual([true, []])
    const response = await asked
    expect([await response.clone().text(), await response.text()]).toEqual(['hello', 'hello'])
    const bare = await undici.fetch(url)
    expect(bare.text).toBe(undici.Response.prototype.text)
    expect(Object.getPrototypeOf(bare)).toBe(undici.Response.prototype)
    const text = bare.text()
    expect(Symbol.iterator in text).toBe(false)
    await text
  })

  it('method, headers, body and signal arrive, from `init`, a Request, and whatever else can be given', async () => {
    const { url } = await serve()
    const init = { method: 'POST', headers: { 'x-tag': 'tag' }, body: 'body' }
    const form = new undici.FormData()
    form.set('a', '1')
    const calls: [string, (send: typeof undici.fetch) => Promise<undici.Response>][] = [
      ['init', (send) => send(`${url}/echo`, init)],
      ['URL', (send) => send(new URL(`${url}/echo`), { ...init, signal: null })],
      ['null', (send) => send(url, null as never)],
      ['headers as a list', (send) => send(`${url}/echo`, { ...init, headers: [['x-tag', 'listed']] })],
      ['Headers', (send) => send(`${url}/echo`, { ...init, headers: new undici.Headers({ 'x-tag': 'class' }) })],
      ['a signal', (send) => send(`${url}/echo`, { ...init, signal: new AbortController().signal })],
      ['Request', (send) => send(new undici.Request(`${url}/echo`, init))],
      ['Request and init', (send) => send(new undici.Request(`${url}/echo`, init), { method: 'PUT', body: 'other' })],
      ['inherited init', (send) => send(`${url}/echo`, Object.create(init) as typeof init)],
      [
        'init without a prototype',
        (send) => send(`${url}/echo`, Object.assign(Object.create(null), init) as typeof init),
      ],
      ['URLSearchParams', (send) => send(`${url}/echo`, { method: 'PUT', body: new URLSearchParams({ a: '1' }) })],
      [
        'a stream',
        (send) => send(`${url}/echo`, { method: 'PUT', duplex: 'half', body: new Blob(['streamed']).stream() }),
      ],
      ['no URL of HTTP', (send) => send('data:text/plain,data')],
    ]
    for (const [what, call] of calls) {
      const [ours, theirs] = await Promise.all([call(fetch), call(undici.fetch)])
      expect([what, await ours.text()]).toEqual([what, await theirs.text()])
    }
    expect(await (await fetch(`${url}/echo`, { method: 'POST', body: form })).text()).toContain('name="a"')
  })

  it('a form of Node’s is sent as one, with its files', async () => {
    const { url } = await serve()
    const form = new FormData()
    form.set('a', '1')
    form.set('file', new Blob(['content'], { type: 'text/x-test' }), 'name.txt')
    const response = await fetch(`${url}/echo`, { method: 'POST', body: form as undici.FormData })
    expect(response.headers.get('content-type')).toMatch(/^multipart\/form-data; boundary=/u)
    const sent = await response.text()
    expect(sent).toContain('name="a"\r\n\r\n1\r\n')
    expect(sent).toContain('name="file"; filename="name.txt"\r\nContent-Type: text/x-test\r\n\r\ncontent\r\n')
  })

  it('what is wrong is told as undici tells it: by the promise, in the same words', async () => {
    const { url } = await serve()
    const thrower = {
      get body(): never {
        throw new RangeError('no body')
      },
    }
    const wrong: [string, unknown[]][] = [
      ['no argument', []],
      ['no URL', ['no url']],
      ['an empty one', ['']],
      ['credentials', ['http://user:pass@127.0.0.1/']],
      ['a scheme that there is not', ['ftp://127.0.0.1/']],
      ['a symbol', [Symbol('url')]],
      ['a wrong signal', [url, { signal: 5 }]],
      ['an object as a signal', [url, { signal: {} }]],
      ['a wrong method', [url, { method: 'NO METHOD' }]],
      ['a forbidden method', [url, { method: 'TRACE' }]],
      ['a body with GET', [url, { body: 'x' }]],
      ['a stream without duplex', [url, { method: 'POST', body: new Blob(['x']).stream() }]],
      ['a wrong header', [url, { headers: { 'a b': 'x' } }]],
      ['a wrong value of a header', [url, { headers: { a: 'x\r\ny' } }]],
      ['wrong headers', [url, { headers: 5 }]],
      ['a wrong mode', [url, { mode: 'nowhere' }]],
      ['a wrong redirect', [url, { redirect: 'away' }]],
      ['a wrong init', [url, 5]],
      ['an init that throws', [url, thrower]],
      ['an aborted signal', [url, { signal: AbortSignal.abort(new RangeError('enough')) }]],
      ['a URL that throws', [{ toString: () => fail() }]],
    ]
    const unhandled = catchUnhandled()
    const outcome = async (send: unknown, args: unknown[]): Promise<string> => {
      let promise: Promise<unknown>
      try {
        promise = (send as (...args: unknown[]) => Promise<unknown>)(...args)
      } catch (error) {
        return `thrown at the call: ${String(error)}`
      }
      return String(await rejection(promise))
    }
    for (const [what, args] of wrong)
      expect([what, await outcome(fetch, args)]).toEqual([what, await outcome(undici.fetch, args)])
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(unhandled).toEqual([])
  })

  it('the caller’s own signal stays the caller’s, and is followed', async () => {
    const { url, came, aborted } = await serve()
    const own = new AbortController()
    const reason = new RangeError('enough')
    const asked = fetch(`${url}/endless`, { signal: own.signal }).then((response) => response.text())
    await came('/endless')
    setTimeout(() => own.abort(reason), 5)
    expect(await rejection(asked)).toBe(reason)
    await aborted('/endless')
    const other = new AbortController()
    const victim = spawn(function* () {
      yield* fetch(`${url}/silent`, { signal: other.signal })
    })
    await came('/silent')
    await victim.kill()
    await aborted('/silent')
    expect(other.signal.aborted).toBe(false)
  })

  it('a dispatcher of the caller’s is used, of `init` and of a Request', async () => {
    const agent = new undici.MockAgent()
    agent.disableNetConnect()
    agent.get('http://mock.example').intercept({ path: '/' }).reply(200, 'mocked').persist()
    function* get(input: string | undici.Request, init?: FetchInit): Green<string> {
      return yield* (yield* fetch(input, init)).text()
    }
    await run(function* () {
      const url = 'http://mock.example/'
      expect(yield* get(url, { dispatcher: agent })).toBe('mocked')
      expect(yield* get(new undici.Request(url, { dispatcher: agent }))).toBe('mocked')
      expect(yield* get(new undici.Request(url), { dispatcher: agent })).toBe('mocked')
    })
    await agent.close()
  })
})

function fail(): never {
  throw new RangeError('no string')
}
