// The bodies of responses, of both fetches: by method, by cursor and by a reader of their own; given up at every point.
import { each, type Green, GreenletExit, iterate, run, sleep, spawn, Timeout, until, withTimeout } from 'greenloop'
import { describe, expect, it } from 'vitest'
import { catchUnhandled, eventually, inWait } from '../../net/support.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { rejection } from '../../support/thrown.ts'
import { type HttpServer, serve } from '../support.ts'
import { type AnyResponse, BOTH, patchForFile } from './both.ts'

checkLeaks()
patchForFile()

/** A server with a page that comes in three parts, and never ends when it is called `/more`. */
function parts(): Promise<HttpServer & { closed(path: string): Promise<void> }> {
  return serve((request, response) => {
    if (request.url !== '/parts' && request.url !== '/more') return false
    let n = 0
    const next = (): void => {
      response.write(`part ${String(++n)}\n`)
      if (n < 3) setTimeout(next, 2)
      else if (request.url === '/parts') response.end()
    }
    next()
    return true
  }).then((server) => ({ ...server, closed: server.aborted }))
}

const text = (chunk: Uint8Array): string => Buffer.from(chunk).toString()

describe.each(BOTH)('%s: a body', (_, fetch) => {
  function* bodyOf(url: string): Green<NonNullable<AnyResponse['body']>> {
    const { body } = yield* fetch(url)
    if (body === null) throw new Error('It has no body.')
    return body
  }

  it('is read chunk by chunk with a cursor', async () => {
    const { url } = await parts()
    await run(function* () {
      let all = ''
      const it = iterate(yield* bodyOf(`${url}/parts`))
      while (yield* it.next()) all += text(it.value)
      expect(all).toBe('part 1\npart 2\npart 3\n')
    })
  })

  it('is read with `each`, whose function may wait', async () => {
    const { url } = await parts()
    await run(function* () {
      let all = ''
      yield* each(yield* bodyOf(`${url}/parts`), function* (chunk) {
        yield* sleep(1)
        all += text(chunk)
      })
      expect(all).toBe('part 1\npart 2\npart 3\n')
    })
  })

  it('is read by a reader of its own, by byte readers, too', async () => {
    const { url } = await parts()
    await run(function* () {
      const reader = (yield* bodyOf(`${url}/parts`)).getReader()
      let all = ''
      for (;;) {
        const { done, value } = yield* reader.read()
        if (done) break
        all += text(value)
      }
      expect(all).toBe('part 1\npart 2\npart 3\n')
      const bytes = (yield* bodyOf(`${url}/parts`)).getReader({ mode: 'byob' })
      const { value } = yield* bytes.read(new Uint8Array(4))
      expect(text(value!)).toBe('part')
      yield* bytes.cancel()
    })
  })

  it('and what else there is are as ever in async code: for await, pipe, tee', async () => {
    const { url } = await parts()
    const ask = async (): Promise<NonNullable<AnyResponse['body']>> => (await fetch(`${url}/parts`)).body!
    let all = ''
    for await (const chunk of await ask()) all += text(chunk)
    const [one, two] = (await ask()).tee()
    for await (const chunk of one) all += text(chunk)
    for await (const chunk of (await ask()).pipeThrough(new TransformStream<Uint8Array, Uint8Array>()))
      all += text(chunk)
    await two.cancel()
    expect(all).toBe('part 1\npart 2\npart 3\n'.repeat(3))
    const response = await fetch(`${url}/parts`)
    expect([response.body === response.body, response.body?.locked, Object.keys(response.body!)]).toEqual([
      true,
      false,
      [],
    ])
    expect(await response.text()).toBe('part 1\npart 2\npart 3\n')
  })

  it('that was not asked for, as with HEAD, is null', async () => {
    const { url } = await parts()
    expect((await fetch(url, { method: 'HEAD' })).body).toBe(null)
  })

  describe('closes its connection', () => {
    const READINGS: [string, (body: NonNullable<AnyResponse['body']>) => Green<unknown>][] = [
      [
        'in `next()` of a cursor',
        function* (body) {
          const it = iterate(body)
          while (yield* it.next()) expect(text(it.value)).toContain('part')
        },
      ],
      [
        'in `each`',
        (body) =>
          (function* () {
            return yield* each(body, () => undefined)
          })(),
      ],
      [
        'in `read()` of a reader',
        function* (body) {
          const reader = body.getReader()
          while (!(yield* reader.read()).done);
        },
      ],
      [
        'in `until` of a reader’s `read()`',
        function* (body) {
          const reader = body.getReader()
          while (!(yield* until(reader.read())).done);
        },
      ],
    ]

    it.each(READINGS)('when its greenlet is killed %s', async (_name, read) => {
      const { url, closed } = await parts()
      const unhandled = catchUnhandled()
      const victim = spawn(function* () {
        yield* read(yield* bodyOf(`${url}/more`))
      })
      await new Promise((resolve) => setTimeout(resolve, 20)) // it has read what there is
      await eventually('it waits for more', () => victim.$wait?.describe().startsWith('fetch(') === false)
      await victim.kill()
      expect(victim.value).toBeInstanceOf(GreenletExit)
      await closed('/more')
      expect(unhandled).toEqual([])
    })

    it.each(READINGS.slice(1))('when its greenlet is timed out %s', async (_name, read) => {
      const { url, closed } = await parts()
      const late = withTimeout(20, function* () {
        yield* read(yield* bodyOf(`${url}/more`))
      })
      expect(await rejection(late)).toBeInstanceOf(Timeout)
      await closed('/more')
    })

    it('when the loop is left, and its cursor disposed of', async () => {
      const { url, closed } = await parts()
      await run(function* () {
        using it = iterate(yield* bodyOf(`${url}/more`))
        while (yield* it.next()) break
      })
      await closed('/more')
    })

    it('when the loop is timed out, and its cursor disposed of', async () => {
      const { url, closed } = await parts()
      const late = withTimeout(20, function* () {
        using it = iterate(yield* bodyOf(`${url}/more`))
        while (yield* it.next()) expect(text(it.value)).toContain('part')
      })
      expect(await rejection(late)).toBeInstanceOf(Timeout)
      await closed('/more')
    })

    it('when it is cancelled', async () => {
      const { url, closed } = await parts()
      await run(function* () {
        const body = yield* bodyOf(`${url}/more`)
        yield* until(body.cancel())
      })
      await closed('/more')
    })

    it('when its greenlet is killed before it has asked for the body', async () => {
      const { url, closed } = await parts()
      const victim = spawn(function* () {
        const response = yield* fetch(`${url}/more`)
        yield* sleep(Infinity)
        yield* response.text()
      })
      await eventually('it has the answer', () => victim.$wait?.describe().startsWith('sleep') === true)
      await victim.kill()
      await closed('/more')
    })

    it('when its greenlet ends by a timeout before it has asked for the body', async () => {
      const { url, closed } = await parts()
      const late = spawn(function* () {
        yield* fetch(`${url}/more`)
        yield* withTimeout(5, sleep, Infinity)
      })
      expect(await rejection(late.get())).toBeInstanceOf(Timeout)
      await closed('/more')
    })
  })

  it('that another greenlet reads stays, whatever becomes of the one that asked for it', async () => {
    const { url, isAborted } = await parts()
    const asking = spawn(function* () {
      const response = yield* fetch(`${url}/parts`)
      const reading = spawn(() => response.text())
      yield* sleep(0)
      handed.push(reading)
      yield* sleep(Infinity)
    })
    const handed: { get(): PromiseLike<unknown> }[] = []
    await eventually('it was handed on', () => handed.length === 1)
    await asking.kill()
    expect(await handed[0]!.get()).toBe('part 1\npart 2\npart 3\n')
    expect(isAborted('/parts')).toBe(false)
  })

  it('that is handed out as the outcome stays', async () => {
    const { url } = await parts()
    const asking = spawn(function* () {
      return yield* fetch(`${url}/parts`)
    })
    const response = await asking.get()
    await asking.kill()
    expect(await response.text()).toBe('part 1\npart 2\npart 3\n')
  })

  it('is watched for at most 16 responses of a greenlet that asks for none', async () => {
    const { url } = await serve()
    const asking = spawn(function* () {
      for (let n = 0; n < 20; n++) yield* fetch(url)
      yield* sleep(Infinity)
    })
    await eventually('all have come', () => asking.$wait?.describe().startsWith('sleep') === true)
    expect(asking.hasLinks()).toBe(1)
    await asking.kill()
  })

  it('a next() that is timed out loses nothing', async () => {
    const { url } = await serve((request, response) => {
      if (request.url !== '/late') return false
      response.write('a')
      setTimeout(() => response.end('b'), 20)
      return true
    })
    await run(function* () {
      using it = iterate(yield* bodyOf(`${url}/late`))
      let all = ''
      for (;;) {
        try {
          if (!(yield* withTimeout(4, () => it.next()))) break
          all += text(it.value)
        } catch (error) {
          if (!(error instanceof Timeout)) throw error
        }
      }
      expect(all).toBe('ab')
    })
  })

  it('that is waited for stands in messages with its URL', async () => {
    const { url } = await parts()
    const reading = spawn(function* () {
      const reader = (yield* bodyOf(`${url}/more`)).getReader()
      for (;;) yield* reader.read()
    })
    await inWait(reading)
    await eventually('it reads', () => reading.$wait?.describe() === `read() of ${url}/more`)
    await reading.kill()
  })
})
