// `handler()` by itself: the function that it makes, a server of Node's without any patch, and who calls it without a framework.
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { type Greenlet, GreenletKilledError, getcurrent, getHub, sleep, withTimeout } from 'greenloop'
import { ClientGoneError, handler } from 'greenloop/http'
import { describe, expect, it, onTestFinished } from 'vitest'
import { catchUnhandled, eventually } from '../../net/support.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { catchReports } from '../../support/reports.ts'
import { rejection, usage } from '../../support/thrown.ts'

checkLeaks()

describe('what it makes', () => {
  it('has the name, the number of parameters and the `this` of the function', async () => {
    const made = handler(function* look(this: { tag: string }, a: number, b: number, c: number, d: number) {
      yield* sleep(0)
      return [this.tag, a + b + c + d]
    })
    expect([made.name, made.length]).toEqual(['look', 4])
    expect(await made.call({ tag: 'this' }, 1, 2, 3, 4)).toEqual(['this', 10])
    expect([made.constructor, handler(() => 1).length]).toEqual([Function, 0])
  })

  it('takes async and plain functions, and drives what they return', async () => {
    expect(await handler(async (n: number) => Promise.resolve(n + 1))(1)).toBe(2)
    expect(await handler((n: number) => n + 1)(1)).toBe(2)
    expect(await handler((ms: number) => withTimeout({ ms, timeoutValue: 'late' }, sleep, 60_000))(1)).toBe('late')
  })

  it('runs each call in a greenlet of its own, not before the caller returns', async () => {
    const order: string[] = []
    const made = handler(function* one() {
      order.push(getcurrent().name.replace(/\d+/u, 'n'))
      yield* sleep(0)
    })
    const both = [made(), made()]
    order.push('returned')
    await Promise.all(both)
    expect(order).toEqual(['returned', 'one-n', 'one-n'])
  })

  it('is rejected with what the function throws, at once or later, and when its greenlet is killed', async () => {
    const reports = catchReports()
    const error = new RangeError('thrown')
    expect(
      await rejection(
        handler(() => {
          throw error
        })(),
      ),
    ).toBe(error)
    const waiting = handler(function* victim() {
      yield* sleep(60_000)
    })()
    await eventually('it waits', () => getHub().living().length === 1)
    const [victim] = getHub().living()
    victim!.kill()
    const killed = await rejection(waiting)
    expect(killed).toBeInstanceOf(GreenletKilledError)
    expect(killed).not.toBeInstanceOf(ClientGoneError)
    expect(String(killed)).toBe(`GreenletKilledError: Greenlet "${victim!.name}" was killed.`)
    expect(reports).toEqual([])
  })

  it('refuses what is no function', () => {
    expect(usage(() => handler(5 as unknown as () => void))).toBe('handler() expects a function, but got 5 (number).')
  })
})

it('takes what stands for a request and a response in a test of a handler', async () => {
  const handle = handler(function* (request: object, response: { json(value: unknown): unknown }) {
    yield* sleep(0)
    return response.json([getcurrent().name, request])
  })
  const json = (value: unknown): unknown => value
  expect(await handle({ a: 1 }, { json })).toEqual([expect.stringMatching(/^Greenlet-\d+$/u), { a: 1 }])
  const response = { json, writableEnded: false, setHeader: () => undefined, req: { method: 'GET', url: '/a?b' } }
  expect(await handle({ a: 1 }, response)).toEqual(['GET /a', { a: 1 }])
})

it('the greenlet of a request may be given another name', async () => {
  const server = http.createServer(
    // eslint-disable-next-line @typescript-eslint/no-misused-promises -- a server does not look at it
    handler(function* (_: http.IncomingMessage, response: http.ServerResponse) {
      yield* sleep(0)
      const { name } = getcurrent()
      ;(getcurrent() as Greenlet).name = 'renamed'
      response.end(`${name} ${getcurrent().name}`)
    }),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  expect(await (await fetch(`http://127.0.0.1:${port}/a`)).text()).toBe('GET /a renamed')
})

it('a standard Request gives its name to the greenlet, and its signal kills it', async () => {
  const controller = new AbortController()
  let name = ''
  const answer = handler(function* (_: Request) {
    ;({ name } = getcurrent())
    yield* sleep(60_000)
  })(new Request('http://somewhere/path?query', { signal: controller.signal, method: 'DELETE' }))
  await eventually('it waits', () => name !== '')
  controller.abort()
  const error = await rejection(answer)
  expect(error).toBeInstanceOf(ClientGoneError)
  expect(error).toMatchObject({
    name: 'ClientGoneError',
    code: 'GREENLOOP_CLIENT_GONE',
    statusCode: 499,
    message: 'Greenlet "DELETE /path" was killed: its client has gone away.',
  })
  const dead = await rejection(handler(sleep)(60_000, new Request('http://somewhere', controller) as never))
  expect(dead).toBeInstanceOf(ClientGoneError)
})

it('a server of Node’s: answers; a failure gives 500 and is reported; a client that goes away is nobody’s error', async () => {
  const reports = catchReports()
  const unhandled = catchUnhandled()
  const log: string[] = []
  const server = http.createServer(
    // eslint-disable-next-line @typescript-eslint/no-misused-promises -- a server does not look at it
    handler(function* (request: http.IncomingMessage, response: http.ServerResponse) {
      yield* sleep(0)
      if (request.url === '/fails') throw new RangeError('broken')
      if (request.url === '/') response.end('hello')
      else
        try {
          log.push('begin')
          yield* sleep(60_000)
        } finally {
          log.push('finally')
        }
    }),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const to = { host: '127.0.0.1', port: (server.address() as AddressInfo).port, agent: false as const }
  const ask = async (path: string): Promise<[status: number | undefined, body: string]> => {
    const response = await new Promise<http.IncomingMessage>((resolve) => http.get({ ...to, path }, resolve))
    return [response.statusCode, await text(response)]
  }
  expect(await ask('/')).toEqual([200, 'hello'])
  expect(await ask('/fails')).toEqual([500, 'Internal Server Error'])
  const request = http.get({ ...to, path: '/waits' }).on('error', () => undefined)
  await eventually('it waits', () => log.length === 1)
  request.destroy()
  await eventually('it has ended', () => log.length === 2)
  expect(reports).toEqual([{ name: 'GET /fails', error: new RangeError('broken') }])
  expect(unhandled).toEqual([])
})
