// Streams that are sent: what they fail of, and that they are let go of whatever becomes of the request.
import { Readable } from 'node:stream'
import { run, spawn, UsageError } from 'greenloop'
import { requests } from 'greenloop/http'
import { describe, expect, it } from 'vitest'
import { eventually, inWait } from '../../net/support.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { rejection } from '../../support/thrown.ts'
import { serve } from '../support.ts'

checkLeaks()

/** A stream without an end. */
function endless(): Readable {
  return new Readable({
    read() {
      this.push(Buffer.alloc(1000))
    },
  })
}

describe('what a stream fails of is thrown as it is, as in Python', () => {
  const mine = new TypeError('mine')

  it.each([{}, { timeoutMs: 1000 }, { retries: 2 }])('by a generator, with %j', async (options) => {
    const { url } = await serve()
    async function* broken(): AsyncGenerator<string> {
      yield 'a part'
      await Promise.resolve()
      throw mine
    }
    expect(await rejection(requests.post(`${url}/echo`, { data: broken(), ...options }))).toBe(mine)
  })

  it('by a stream', async () => {
    const { url } = await serve()
    const data = new Readable({
      read() {
        this.destroy(mine)
      },
    })
    expect(await rejection(requests.post(`${url}/echo`, { data }))).toBe(mine)
  })

  it('by chunks that are none', async () => {
    const { url } = await serve()
    const error = await rejection(requests.post(`${url}/echo`, { data: new Set([5 as never]) }))
    expect(error).toBeInstanceOf(UsageError)
    expect((error as Error).message).toBe('A body is sent in chunks of text or bytes, but among them was 5 (number).')
  })

  it('and nothing else is: a connection that breaks is a ConnectionError', async () => {
    const { url } = await serve((request) => request.socket.resetAndDestroy() !== request.socket)
    const data = endless()
    const error = await rejection(requests.post(`${url}/echo`, { data }))
    expect(error).toBeInstanceOf(requests.ConnectionError)
    expect(data.destroyed).toBe(true)
  })
})

describe('a stream is destroyed', () => {
  it.each<[string, requests.RequestOptions]>([
    ['there is no such proxy', { proxies: { http: 'ftp://127.0.0.1/' } }],
    ['there are no such certificates', { verify: '/does/not/exist' }],
    [
      'the program does not know who it is',
      {
        auth: {
          authorize() {
            throw new Error('Who am I?')
          },
        },
      },
    ],
  ])('when the request does not go out since %s', async (_, options) => {
    const data = endless()
    await rejection(requests.post('http://127.0.0.1:1/', { data, ...options }))
    expect(data.destroyed).toBe(true)
  })

  it('when the session is closed', async () => {
    const session = new requests.Session()
    session.close()
    const data = endless()
    expect(String(await rejection(session.post('http://127.0.0.1:1/', { data })))).toBe(
      'UsageError: The session was closed, and http://127.0.0.1:1 cannot be asked any more.',
    )
    expect(data.destroyed).toBe(true)
  })

  it('when the answer comes before its end, and when it is killed', async () => {
    const { url } = await serve((request, response) => {
      if (request.url === '/no') response.writeHead(413).end()
      return request.url === '/no'
    })
    const refused = endless()
    expect((await requests.post(`${url}/no`, { data: refused })).statusCode).toBe(413)
    await eventually('it is destroyed', () => refused.destroyed)
    const data = endless()
    const victim = spawn(() => requests.post(`${url}/silent`, { data }))
    await inWait(victim)
    await victim.kill()
    expect(data.destroyed).toBe(true)
  })

  it('not by a second greenlet that drives the same call', async () => {
    const { url } = await serve()
    const data = Readable.from([Buffer.from('once')], { objectMode: false })
    await run(function* () {
      const call = requests.post(`${url}/echo`, { data })
      const first = spawn(function* () {
        return (yield* call).text
      })
      const second = spawn(function* () {
        return (yield* call).text
      })
      second.rawlink(() => undefined)
      expect(yield* first.get()).toBe('POST  once')
      expect(String(second.exception)).toContain('UnrewindableBodyError')
    })
  })
})
