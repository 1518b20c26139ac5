// The answer in all its parts, and its body in pieces.
import { inspect } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { gzipSync } from 'node:zlib'
import { ConcurrentObjectUseError, type Green, getHub, run, spawn } from 'greenloop'
import { requests } from 'greenloop/http'
import { describe, expect, it, onTestFinished } from 'vitest'
import { eventually, inWait } from '../../net/support.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { message, rejection, thrown, usage } from '../../support/thrown.ts'
import { serve } from '../support.ts'

checkLeaks()

/** Serves one body with its headers, and gets it. */
async function answered(
  body: string | Buffer,
  headers: Record<string, string | string[]> = {},
  options?: requests.RequestOptions,
): Promise<requests.Response> {
  const { url } = await serve((_, response) => {
    response.writeHead(200, headers).end(body)
    return true
  })
  return requests.get(url, options)
}

/** Serves pieces of a body, each some time after the last one, and gets the head. */
async function streamed(
  pieces: readonly (string | Buffer)[],
  headers: Record<string, string> = {},
): Promise<requests.Response> {
  const { url } = await serve((_, response) => {
    response.writeHead(200, headers)
    void (async () => {
      for (const piece of pieces) {
        response.write(piece)
        await new Promise((resolve) => setTimeout(resolve, 4))
      }
      response.end()
    })()
    return true
  })
  return requests.get(url, { stream: true })
}

async function all<T>(cursor: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of cursor) items.push(item)
  return items
}

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

  it('is decompressed', async () => {
    const { content, headers } = await answered(gzipSync('hello'), { 'content-encoding': 'gzip' })
    expect([String(content), headers['content-encoding']]).toEqual(['hello', 'gzip'])
  })

  it('that is not what its encoding says is a ContentDecodingError', async () => {
    expect(await rejection(answered('hello', { 'content-encoding': 'gzip' }))).toBeInstanceOf(
      requests.ContentDecodingError,
    )
  })

  it('has its text in the charset of the header', async () => {
    const answer = await answered(Buffer.from('é', 'latin1'), { 'content-type': 'text/plain; charset=latin1' })
    expect([answer.encoding?.toLowerCase(), answer.text]).toEqual(['latin1', 'é'])
  })

  it('has its text in the charset that is set, or guessed after null', async () => {
    const answer = await answered(Buffer.from('é€ und so weiter'), { 'content-type': 'text/plain; charset=latin1' })
    answer.encoding = 'utf-8'
    expect(answer.text).toBe('é€ und so weiter')
    answer.encoding = null
    expect(answer.text).toBe('é€ und so weiter')
    expect(answer.apparentEncoding.toLowerCase()).toBe('utf-8')
    expect(usage(() => (answer.encoding = 8 as unknown as string))).toBe(
      'response.encoding expects the name of a charset, or null, but got 8 (number).',
    )
  })

  it('has the headers in any case, a repeated one joined', async () => {
    const { headers } = await answered('', { 'X-One': 'a', 'x-two': ['b', 'c'] })
    expect([headers['x-one'], headers['X-ONE'], headers['x-two'], headers['x-none']]).toEqual([
      'a',
      'a',
      'b, c',
      undefined,
    ])
  })

  it('has its cookies', async () => {
    const { cookies } = await answered('', { 'set-cookie': ['a=1', 'b=2; path=/'] })
    expect(cookies.toDict()).toEqual({ a: '1', b: '2' })
  })

  it('has its links', async () => {
    const { links } = await answered('', { link: '</page/2>; rel="next"' })
    expect(links['next']?.url).toBe('/page/2')
    expect((await answered('')).links).toEqual({})
  })

  it('has its request', async () => {
    const { url } = await serve()
    const { request } = await requests.post(`${url}/echo`, { data: 'hi', headers: { 'x-tag': 'green' } })
    expect([request.method, request.url, request.headers.get('X-Tag'), request.body, String(request)]).toEqual([
      'POST',
      `${url}/echo`,
      'green',
      Buffer.from('hi'),
      '<PreparedRequest [POST]>',
    ])
    const plain = (await requests.get(url)).request
    expect([plain.headers.get('accept'), plain.body]).toEqual(['*/*', null])
  })

  it('knows how long its head took, and not its body', async () => {
    const { url } = await serve((_, response) => {
      setTimeout(() => response.writeHead(200).write('the beginning'), 10)
      return true
    })
    const began = performance.now()
    const answer = await requests.get(url, { stream: true })
    const { elapsedMs } = answer
    expect(elapsedMs).toBeGreaterThanOrEqual(9)
    expect(elapsedMs).toBeLessThanOrEqual(performance.now() - began)
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(answer.elapsedMs).toBe(elapsedMs)
    answer.close()
  })

  it('shows its status', async () => {
    const answer = await answered('')
    expect([String(answer), inspect(answer)]).toEqual(['<Response [200]>', '<Response [200]>'])
  })

  it('of 404 is an answer, not an error', async () => {
    const { url } = await serve()
    const { statusCode, ok, reason, text } = await requests.get(`${url}/missing`)
    expect([statusCode, ok, reason, text]).toEqual([404, false, 'Not Found', 'not here'])
  })

  it('is `ok` below 400, and raiseForStatus() throws from there to 599', async () => {
    const texts: (string | number)[] = []
    const { url } = await serve((request, response) => {
      response.writeHead(Number(request.url?.slice(1)), 'So It Is').end()
      return true
    })
    for (const status of [200, 204, 304, 399, 400, 499, 500, 599, 600]) {
      const answer = await requests.get(`${url}/${status}`)
      expect(answer.ok).toBe(status < 400)
      if (status < 400 || status === 600) expect(answer.raiseForStatus()).toBe(answer)
      else texts.push(message(() => answer.raiseForStatus()))
    }
    expect(texts).toEqual([
      `400 Client Error: So It Is for url: ${url}/400`,
      `499 Client Error: So It Is for url: ${url}/499`,
      `500 Server Error: So It Is for url: ${url}/500`,
      `599 Server Error: So It Is for url: ${url}/599`,
    ])
  })

  it('of which raiseForStatus() throws an HTTPError that has it', async () => {
    const { url } = await serve()
    const answer = await requests.get(`${url}/missing`)
    const error = thrown(() => answer.raiseForStatus())
    expect(error).toBeInstanceOf(requests.HTTPError)
    expect(error).toMatchObject({ response: answer, request: { method: 'GET', url: `${url}/missing` } })
  })
})

describe('json()', () => {
  it('parses the body', async () => {
    expect((await answered('[1, {"a": null}]')).json()).toEqual([1, { a: null }])
    expect((await answered('{"a":"é"}', { 'content-type': 'text/plain' })).json<{ a: string }>().a).toBe('é')
  })

  it('takes the charset that is named', async () => {
    const type = { 'content-type': 'application/json; charset=latin1' }
    expect((await answered(Buffer.from('"é"', 'latin1'), type)).json()).toBe('é')
  })

  it('throws JSONDecodeError with what came instead', async () => {
    const page = `<!doctype html>\n<p>${'no '.repeat(50)}`
    const answer = await answered(page, { 'content-type': 'text/html' })
    const error = thrown(() => answer.json())
    expect(error).toBeInstanceOf(requests.JSONDecodeError)
    expect(error).toMatchObject({ response: answer, cause: expect.any(SyntaxError) })
    expect((error as Error).message).toBe(
      `GET ${answer.url} answered 200 with text/html, which is no JSON: ${JSON.stringify(`${page.slice(0, 59)}…`)}.`,
    )
    const empty = await answered('')
    expect(message(() => empty.json())).toBe(
      `GET ${empty.url} answered 200 with no content-type, which is no JSON: an empty body.`,
    )
  })
})

describe('a streamed answer', () => {
  it('is there when its head is, and its content after read()', async () => {
    const { url } = await serve()
    const answer = await requests.get(`${url}/endless`, { stream: true })
    expect(answer.statusCode).toBe(200)
    expect(usage(() => answer.content)).toBe(
      `The content of ${url}/endless was asked for, but it is streamed and has not been read.\n\n` +
        '  response.content                    // incorrect: with `stream: true` only the head has come\n' +
        '  yield* response.read()              // correct: waits for all of it; then response.content is there\n' +
        '  const it = response.iterContent()   // correct: piece by piece; while (yield* it.next()) use(it.value)',
    )
    answer.close()
    const whole = await streamed(['one ', 'two'])
    expect(String(await whole.read())).toBe('one two')
    expect([whole.text, String(await whole.read())]).toEqual(['one two', 'one two'])
  })

  it('is aborted by close()', async () => {
    const { url, aborted } = await serve()
    const answer = await requests.get(`${url}/endless`, { stream: true })
    answer.close()
    await aborted('/endless')
    expect(await rejection(answer.read())).toBeInstanceOf(requests.StreamConsumedError)
  })

  it('is aborted by `using`', async () => {
    const { url, aborted } = await serve()
    await run(function* () {
      using answer = yield* requests.get(`${url}/endless`, { stream: true })
      expect(answer.ok).toBe(true)
    })
    await aborted('/endless')
  })

  it('is aborted when nobody has it any more', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void // the flag makes it
    const { url, aborted } = await serve()
    await requests.get(`${url}/endless`, { stream: true })
    const collecting = setInterval(collect, 5)
    onTestFinished(() => clearInterval(collecting))
    await aborted('/endless')
  })

  it('is read on by the next one, when a greenlet that reads is killed', async () => {
    let finish = (): void => undefined
    const { url } = await serve((_, response) => {
      response.write('one ')
      finish = () => response.end('two')
      return true
    })
    const answer = await requests.get(url, { stream: true })
    const victim = spawn(() => answer.read())
    await inWait(victim)
    await new Promise((resolve) => setTimeout(resolve, 10)) // the first piece has come
    await victim.kill()
    expect(getHub().outstanding).toBe(0)
    finish()
    expect(String(await answer.read())).toBe('one two')
  })

  it('refuses a second reader at the same time', async () => {
    const { url } = await serve()
    const answer = await requests.get(`${url}/endless`, { stream: true })
    const first = spawn(() => answer.read())
    await inWait(first)
    const error = await rejection(answer.read())
    expect(error).toBeInstanceOf(ConcurrentObjectUseError)
    expect((error as Error).message).toBe(
      `Greenlet "main" waits in the body of ${url}/endless, where "${first.name}" waits already.`,
    )
    await first.kill()
    answer.close()
  })

  it('of the session, if it says so', async () => {
    const { url } = await serve()
    using session = new requests.Session({ stream: true })
    const answer = await session.get(url)
    expect(message(() => answer.content)).toContain('it is streamed')
    expect(String(await answer.read())).toBe('hello')
    expect((await session.get(url, { stream: false })).text).toBe('hello')
  })

  it('has an empty body after HEAD and 204', async () => {
    const { url } = await serve((_, response) => {
      response.writeHead(204).end()
      return true
    })
    expect((await (await requests.head(url, { stream: true })).read()).length).toBe(0)
    expect((await (await requests.get(url, { stream: true })).read()).length).toBe(0)
  })
})

describe('iterContent()', () => {
  it('gives pieces as they come', async () => {
    const answer = await streamed(['one', 'two', 'three'])
    const pieces = await run(function* (): Green<string[]> {
      const got: string[] = []
      const it = answer.iterContent()
      while (yield* it.next()) got.push(String(it.value))
      return got
    })
    expect(pieces.join('')).toBe('onetwothree')
    expect(pieces.length).toBeGreaterThan(1)
  })

  it('gives pieces of one size, but for the last', async () => {
    const answer = await streamed(['onetw', 'o', 'three'])
    expect((await all(answer.iterContent(4))).map(String)).toEqual(['onet', 'woth', 'ree'])
  })

  it('gives them decompressed', async () => {
    const zipped = gzipSync('hello '.repeat(1000))
    const answer = await streamed([zipped.subarray(0, 10), zipped.subarray(10, 25), zipped.subarray(25)], {
      'content-encoding': 'gzip',
    })
    expect(String(Buffer.concat(await all(answer.iterContent())))).toBe('hello '.repeat(1000))
  })

  it('of a gzip that is cut short is a ContentDecodingError', async () => {
    const zipped = gzipSync('hello '.repeat(1000))
    const answer = await streamed([zipped.subarray(0, 20)], { 'content-encoding': 'gzip' })
    expect(await rejection(all(answer.iterContent()))).toBeInstanceOf(requests.ContentDecodingError)
  })

  it('can be called once, and the content is not kept', async () => {
    const answer = await streamed(['one'])
    await all(answer.iterContent())
    const text = (call: string): string =>
      `${call} of ${answer.url}: the body was read already; a streamed one can be read once, by read(), iterContent() or iterLines().`
    for (const call of [() => answer.iterContent(), () => answer.iterLines(), () => answer.content])
      expect(thrown(call)).toBeInstanceOf(requests.StreamConsumedError)
    expect(message(() => answer.iterContent())).toBe(text('iterContent()'))
    expect(message(() => answer.content)).toBe(text('content'))
    expect(await rejection(answer.read())).toBeInstanceOf(requests.StreamConsumedError)
  })

  it('cuts what is there already, as often as it is called', async () => {
    const answer = await answered('hello')
    expect((await all(answer.iterContent(2))).map(String)).toEqual(['he', 'll', 'o'])
    expect((await all(answer.iterContent())).map(String)).toEqual(['hello'])
    expect(await all((await answered('')).iterContent())).toEqual([])
  })

  it('closes the response when it is left', async () => {
    const { url, aborted } = await serve()
    const answer = await requests.get(`${url}/endless`, { stream: true })
    for await (const piece of answer.iterContent()) {
      expect(String(piece)).toBe('the beginning')
      break
    }
    await aborted('/endless')
  })

  it('pauses the server when nobody reads', async () => {
    let sent = 0
    const { url } = await serve((_, response) => {
      const more = (): void => {
        while (sent < 24_000_000 && response.write(Buffer.alloc(100_000))) sent += 100_000
        if (sent < 24_000_000) {
          sent += 100_000
          response.once('drain', more)
        } else response.end()
      }
      more()
      return true
    })
    const answer = await requests.get(url, { stream: true })
    await eventually('the server has begun', () => sent > 100_000)
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(sent).toBeLessThan(16_000_000)
    let length = 0
    for await (const piece of answer.iterContent()) length += piece.length
    expect(length).toBeGreaterThanOrEqual(24_000_000)
  })

  it.each([
    [0, '0 (number)'],
    [1.5, '1.5 (number)'],
    ['4', '"4" (string)'],
  ])('refuses pieces of %j', async (size, shown) => {
    const answer = await answered('')
    expect(usage(() => answer.iterContent(size as number))).toBe(
      `response.iterContent() expects \`chunkSize\` to be an integer above 0, but got ${shown}.`,
    )
  })
})

describe('iterLines()', () => {
  const lines: [string, string[], string[]][] = [
    ['each kind of end', ['a\nb\r\nc\rd'], ['a', 'b', 'c', 'd']],
    ['an end at the end', ['a\nb\n'], ['a', 'b']],
    ['empty lines', ['\n\na\n\n'], ['', '', 'a', '']],
    ['an end in two pieces', ['a\r', '\nb\r', 'c'], ['a', 'b', 'c']],
    ['a `\\r` at the very end', ['a\r'], ['a']],
    ['a line in many pieces', ['on', 'e, t', 'wo\nthree'], ['one, two', 'three']],
    ['nothing', [], []],
  ]

  it.each(lines)('gives lines: %s', async (_, pieces, expected) => {
    const answer = await streamed(pieces)
    expect(await all(answer.iterLines())).toEqual(expected)
  })

  it('gives lines as greenlets read them', async () => {
    const answer = await streamed(['{"n":1}\n{"n"', ':2}\n'])
    const got = await run(function* (): Green<unknown[]> {
      const list: unknown[] = []
      const it = answer.iterLines()
      while (yield* it.next()) list.push(JSON.parse(it.value))
      return list
    })
    expect(got).toEqual([{ n: 1 }, { n: 2 }])
  })

  it('splits at a delimiter, that may lie in two pieces', async () => {
    const answer = await streamed(['a--b-', '-c\n-d--'])
    expect(await all(answer.iterLines({ delimiter: '--' }))).toEqual(['a', 'b', 'c\n-d'])
  })

  it('decodes letters that lie in two pieces', async () => {
    const bytes = Buffer.from('é€\nü')
    const answer = await streamed([bytes.subarray(0, 1), bytes.subarray(1, 4), bytes.subarray(4)])
    expect(await all(answer.iterLines())).toEqual(['é€', 'ü'])
  })

  it('reads what is there already', async () => {
    expect(await all((await answered('a\nb')).iterLines())).toEqual(['a', 'b'])
  })

  it('closes the response when it is left', async () => {
    const { url, aborted } = await serve((_, response) => {
      response.write('a\nb\nc')
      return true
    })
    for await (const line of (await requests.get(url, { stream: true })).iterLines()) {
      expect(line).toBe('a')
      break
    }
    await aborted('/')
  })

  it('refuses a wrong delimiter', async () => {
    const answer = await answered('')
    expect(usage(() => answer.iterLines({ delimiter: '' }))).toBe(
      'response.iterLines() expects `delimiter` to be a string that is not empty, but got "" (string).',
    )
    expect(usage(() => answer.iterLines(';' as never))).toBe(
      'response.iterLines() expects its options as an object, such as { delimiter: \';\' }, but got ";" (string).',
    )
  })
})

describe('bodyLimit', () => {
  it('is the most bytes that a body may have', async () => {
    const { url } = await serve()
    expect((await requests.get(url, { bodyLimit: 5 })).text).toBe('hello')
    expect(await rejection(requests.get(url, { bodyLimit: 4 }))).toBeInstanceOf(requests.ContentTooLarge)
  })

  it('counts what it becomes, too: a bomb does not go off', async () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000))
    const options = { bodyLimit: 1_000_000 }
    const error = await rejection(answered(bomb, { 'content-encoding': 'gzip' }, options))
    expect(error).toBeInstanceOf(requests.ContentTooLarge)
    const answer = await answered(bomb, { 'content-encoding': 'gzip' }, { ...options, stream: true })
    expect(await rejection(all(answer.iterContent()))).toBeInstanceOf(requests.ContentTooLarge)
    answer.close()
  })

  it('counts what is streamed', async () => {
    const { url } = await serve()
    const answer = await requests.get(url, { bodyLimit: 4, stream: true }).then(
      (response) => rejection(response.read()),
      (error: unknown) => error,
    )
    expect(answer).toBeInstanceOf(requests.ContentTooLarge)
  })

  it('may be that of the session', async () => {
    const { url } = await serve()
    using session = new requests.Session({ bodyLimit: 4 })
    expect(await rejection(session.get(url))).toBeInstanceOf(requests.ContentTooLarge)
    expect((await session.get(url, { bodyLimit: Infinity })).text).toBe('hello')
  })
})
