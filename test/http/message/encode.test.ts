/**
 * Bodies to be sent: what goes over the wire, its length where that is known, and that streams stay streams.
 */
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { sleep } from 'greenloop'
import { requests } from 'greenloop/http'
import { FormData as UndiciFormData } from 'undici'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type BodyOptions, type EncodedBody, encodeBody } from '../../../src/http/message/encode.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { message, rejectionMessage, thrown, usage } from '../../support/thrown.ts'

checkLeaks()

const SEED = 20_241_106

async function bytesOf({ body }: EncodedBody): Promise<Buffer> {
  if (body === null) return Buffer.alloc(0)
  if (Buffer.isBuffer(body)) return body
  const chunks: Uint8Array[] = []
  for await (const chunk of body as AsyncIterable<Uint8Array | string>) {
    chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)
  }
  return Buffer.concat(chunks)
}

/** What goes out, and what is said of it. */
async function sent(what: BodyOptions): Promise<[text: string, contentType: string | null, length: number | null]> {
  const body = encodeBody(what)
  const bytes = await bytesOf(body)
  if (body.length !== null) expect(bytes.length).toBe(body.length)
  if (body.replayable) expect(await bytesOf(body)).toEqual(bytes)
  return [bytes.toString(), body.contentType, body.length]
}

/** A file of the disk that is gone after the test. */
function fileOf(name: string, content: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'encode-'))
  onTestFinished(() => {
    rmSync(folder, { recursive: true })
  })
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}

const FORM = 'application/x-www-form-urlencoded'

describe('data', () => {
  it.each<[what: string, data: () => requests.Data, text: string, contentType: string | null, length: number | null]>([
    ['text', () => 'grüße', 'grüße', null, 7],
    ['a Buffer', () => Buffer.from('abc'), 'abc', null, 3],
    ['a part of an Uint8Array', () => new Uint8Array([1, 97, 98]).subarray(1), 'ab', null, 2],
    ['an ArrayBuffer', () => new Uint8Array([97, 98]).buffer, 'ab', null, 2],
    ['an object', () => ({ a: 1, b: ['x y', null, true], c: null }), 'a=1&b=x+y&b=true', FORM, 16],
    ['a Map', () => new Map([['ü', '&']]), '%C3%BC=%26', FORM, 10],
    [
      'pairs',
      () => [
        ['a', 1],
        ['a', 2],
      ],
      'a=1&a=2',
      FORM,
      7,
    ],
    ['URLSearchParams', () => new URLSearchParams({ q: '*' }), 'q=%2A', FORM, 5],
    ['a Blob', () => new Blob(['blob'], { type: 'text/css' }), 'blob', 'text/css', 4],
    ['a Blob without a type', () => new Blob(['blob']), 'blob', null, 4],
    ['a Readable', () => Readable.from(['a', Buffer.from('b')]), 'ab', null, null],
    ['a web stream', () => new Blob(['web']).stream(), 'web', null, null],
    ['a web stream of text', () => ReadableStream.from(['ü']), 'ü', null, null],
    [
      'a generator',
      () =>
        (function* () {
          yield 'a'
          yield ''
          yield Buffer.from('b')
        })(),
      'ab',
      null,
      null,
    ],
    [
      'an async generator',
      () =>
        (async function* () {
          yield 'a'
          yield new Uint8Array([98])
        })(),
      'ab',
      null,
      null,
    ],
    ['a Set of chunks', () => new Set(['a', 'b']), 'ab', null, null],
  ])('can be %s', async (_, data, text, contentType, length) => {
    expect(await sent({ data: data() })).toEqual([text, contentType, length])
  })

  it.each<[what: string, data: requests.Data | null | undefined]>([
    ['undefined', undefined],
    ['null', null],
    ['empty text', ''],
    ['an empty Buffer', Buffer.alloc(0)],
    ['an empty object', {}],
    ['an object of nothing', { a: null }],
  ])('is no body when it is %s', (_, data) => {
    expect(encodeBody({ data })).toEqual({ body: null, contentType: null, length: 0, replayable: true })
  })

  it('is not copied when it is bytes', () => {
    const bytes = Buffer.from('abc')
    const { body } = encodeBody({ data: bytes })
    expect((body as Buffer).buffer).toBe(bytes.buffer)
  })

  it('says the length of a file of the disk, or of a part of it', async () => {
    const path = fileOf('a.txt', '0123456789')
    expect(await sent({ data: createReadStream(path) })).toEqual(['0123456789', null, 10])
    expect(await sent({ data: createReadStream(path, { start: 2, end: 4 }) })).toEqual(['234', null, 3])
    expect(await sent({ data: createReadStream(path, { start: 2, end: 400 }) })).toEqual(['23456789', null, 8])
  })

  it('leaves it to the stream of a file that is not there to say so', async () => {
    const body = encodeBody({ data: createReadStream('/no/such/file') })
    expect(body.length).toBeNull()
    expect(await rejectionMessage(bytesOf(body))).toContain('ENOENT')
  })

  it('can be sent again unless it is a stream', () => {
    const replayable = (data: requests.Data): boolean => encodeBody({ data }).replayable
    expect([replayable('a'), replayable({ a: 1 }), replayable(new Blob(['a']))]).toEqual([true, true, true])
    expect([replayable(Readable.from(['a'])), replayable(new Blob(['a']).stream())]).toEqual([false, false])
  })

  it('stays where it is until it is read', () => {
    let started = false
    const chunks = (function* () {
      started = true
      yield 'a'
    })()
    const { body } = encodeBody({ data: chunks })
    expect([body instanceof Readable, started]).toEqual([true, false])
  })

  it('lets go of what gives the chunks when it is given up', async () => {
    let isOver = false
    async function* chunks(): AsyncGenerator<string> {
      try {
        for (;;) yield 'a'
      } finally {
        isOver = true
      }
    }
    const body = encodeBody({ data: chunks() }).body as Readable
    for await (const _ of body) break
    await new Promise((resolve) => setImmediate(resolve))
    expect([isOver, body.destroyed]).toEqual([true, true])
  })

  it('refuses a chunk that is neither text nor bytes', async () => {
    const body = encodeBody({ data: [5].values() as never })
    expect(await rejectionMessage(bytesOf(body))).toBe(
      'A body is sent in chunks of text or bytes, but among them was 5 (number).',
    )
  })

  it.each<[data: unknown, got: string]>([
    [5, '5 (number)'],
    [true, 'true (boolean)'],
    [() => 1, 'the function (anonymous)'],
    [sleep(1), 'an operation'],
  ])('refuses what is no body: %s', (data, got) => {
    expect(usage(() => encodeBody({ data: data as never }, 'requests.put()'))).toBe(
      `requests.put() expects \`data\` to be text, bytes, a form (an object, a Map, pairs, URLSearchParams, FormData), a Blob, a stream or chunks, but got ${got}.`,
    )
  })

  it('refuses a form that is none', () => {
    expect(usage(() => encodeBody({ data: ['a'] as never }))).toBe(
      'requests.post() expects `data` to be text, an object ({ page: 2 }), or pairs of names and values, but got an Array with "a" (string) in it.',
    )
    expect(usage(() => encodeBody({ data: { a: { b: 1 } } }))).toBe(
      'requests.post() expects the values of `data` to be text, numbers, booleans or lists of them, but "a" is an Object.',
    )
  })
})

describe('json', () => {
  it.each<[json: unknown, text: string]>([
    [{ a: [1, 'ü', null] }, '{"a":[1,"ü",null]}'],
    [{}, '{}'],
    [null, 'null'],
    ['', '""'],
    [0, '0'],
    [new Date(0), '"1970-01-01T00:00:00.000Z"'],
  ])('%j is sent as JSON in UTF-8', async (json, text) => {
    expect(await sent({ json })).toEqual([text, 'application/json', Buffer.byteLength(text)])
  })

  it('that cannot be JSON is an InvalidJSONError', () => {
    const circle: Record<string, unknown> = {}
    circle['self'] = circle
    for (const json of [circle, 10n, () => 1, Symbol('s')]) {
      expect(thrown(() => encodeBody({ json }))).toBeInstanceOf(requests.InvalidJSONError)
    }
    expect(message(() => encodeBody({ json: () => 1 }))).toBe('requests.post() cannot send the function json as JSON.')
    expect(message(() => encodeBody({ json: 10n }))).toBe(
      'requests.post() cannot send `json`: Do not know how to serialize a BigInt',
    )
  })

  it('is refused beside another body', () => {
    expect(
      usage(() => encodeBody({ json: {}, data: 'x' })),
    ).toBe(`requests.post() was given both \`json\` and \`data\`; a request has one body.

  requests.post(url, { json: { a: 1 }, data })   // incorrect: two bodies
  requests.post(url, { json: { a: 1 } })         // correct`)
    expect(
      usage(() => encodeBody({ json: null, files: { f: 'x' } }, 'session.put()')),
    ).toBe(`session.put() was given both \`json\` and \`files\`; a request has one body.

  session.put(url, { json: { a: 1 }, files })   // incorrect: two bodies
  session.put(url, { data: { a: 1 }, files })   // correct: fields beside the files`)
    expect(encodeBody({ json: 1, data: null, files: {} }).contentType).toBe('application/json')
  })
})

/** The parts of a multipart body, as they are written, with the boundary as `B`. */
async function parts(what: BodyOptions): Promise<string[]> {
  const [text, contentType] = await sent(what)
  const boundary = /^multipart\/form-data; boundary=([0-9a-f]{32})$/u.exec(contentType ?? '')?.[1]
  expect(boundary).toBeDefined()
  const pieces = text.split(`--${boundary!}`)
  expect([pieces.shift(), pieces.pop()]).toEqual(['', '--\r\n'])
  return pieces
}

describe('files', () => {
  it.each<[what: string, file: () => requests.Files, part: string]>([
    ['text', () => ({ f: 'abc' }), 'name="f"; filename="f"\r\nContent-Type: application/octet-stream\r\n\r\nabc'],
    [
      'a Buffer',
      () => ({ f: Buffer.from('abc') }),
      'name="f"; filename="f"\r\nContent-Type: application/octet-stream\r\n\r\nabc',
    ],
    [
      'a Blob',
      () => ({ f: new Blob(['abc'], { type: 'text/x' }) }),
      'name="f"; filename="f"\r\nContent-Type: text/x\r\n\r\nabc',
    ],
    [
      'a File',
      () => ({ f: new File(['abc'], 'a.css') }),
      'name="f"; filename="a.css"\r\nContent-Type: text/css\r\n\r\nabc',
    ],
    [
      'a stream',
      () => ({ f: Readable.from(['abc']) }),
      'name="f"; filename="f"\r\nContent-Type: application/octet-stream\r\n\r\nabc',
    ],
    [
      'content with a filename',
      () => ({ f: ['a.html', 'abc'] }),
      'name="f"; filename="a.html"\r\nContent-Type: text/html\r\n\r\nabc',
    ],
    [
      'a filename that is only an ending',
      () => ({ f: ['json', 'abc'] }),
      'name="f"; filename="json"\r\nContent-Type: application/octet-stream\r\n\r\nabc',
    ],
    [
      'content with its type',
      () => ({ f: ['a.html', 'abc', 'x/y'] }),
      'name="f"; filename="a.html"\r\nContent-Type: x/y\r\n\r\nabc',
    ],
    [
      'content with headers',
      () => ({ f: ['a', 'b', null, { 'X-A': '1', 'content-type': 'x/z' }] }),
      'name="f"; filename="a"\r\nX-A: 1\r\ncontent-type: x/z\r\n\r\nb',
    ],
    ['content without a filename', () => ({ f: [null, 'abc'] }), 'name="f"\r\n\r\nabc'],
    [
      'content without a filename but with a type',
      () => ({ f: [undefined, '{}', 'application/json'] }),
      'name="f"\r\nContent-Type: application/json\r\n\r\n{}',
    ],
    [
      'a name with quotes and breaks',
      () => ({ 'a"\r\nb': ['"\n.txt', 'x'] }),
      'name="a%22%0D%0Ab"; filename="%22%0A.txt"\r\nContent-Type: text/plain\r\n\r\nx',
    ],
    [
      'a name beyond ASCII',
      () => ({ ü: ['€.txt', 'x'] }),
      'name="ü"; filename="€.txt"\r\nContent-Type: text/plain\r\n\r\nx',
    ],
  ])('can be %s', async (_, files, part) => {
    expect(await parts({ files: files() })).toEqual([`\r\nContent-Disposition: form-data; ${part}\r\n`])
  })

  it('can be several of one name, as a list or as pairs', async () => {
    const head = (name: string): string =>
      `\r\nContent-Disposition: form-data; name="f"; filename="${name}"\r\nContent-Type: text/plain\r\n\r\n`
    const expected = [`${head('a.txt')}1\r\n`, `${head('b.txt')}2\r\n`]
    expect(
      await parts({
        files: {
          f: [
            ['a.txt', '1'],
            ['b.txt', '2'],
          ],
        },
      }),
    ).toEqual(expected)
    expect(
      await parts({
        files: [
          ['f', ['a.txt', '1']],
          ['f', ['b.txt', '2']],
        ],
      }),
    ).toEqual(expected)
    expect(await parts({ files: new Map([['f', [Buffer.from('1'), Buffer.from('2')]]]) as never })).toHaveLength(2)
  })

  it('come after the fields of `data`', async () => {
    const form = new FormData()
    form.append('a', '1')
    const forms: requests.Data[] = [{ a: ['1'], b: null }, [['a', 1]], new URLSearchParams('a=1'), form]
    for (const data of forms) {
      expect(await parts({ data, files: { f: [null, 'x'] } })).toEqual([
        '\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n',
        '\r\nContent-Disposition: form-data; name="f"\r\n\r\nx\r\n',
      ])
    }
  })

  it('of nothing are no body', () => {
    for (const files of [{}, { f: null, g: undefined }, null, undefined, []])
      expect(encodeBody({ files }).body).toBeNull()
    expect(encodeBody({ files: {}, data: { a: 1 } }).contentType).toBe(FORM)
  })

  it('are named and typed as files of the disk are', async () => {
    const path = fileOf('page.html', '<p>')
    expect(await parts({ files: { f: createReadStream(path) } })).toEqual([
      '\r\nContent-Disposition: form-data; name="f"; filename="page.html"\r\nContent-Type: text/html\r\n\r\n<p>\r\n',
    ])
  })

  it('have a length that is known, unless one of them is a stream of unknown length', () => {
    const path = fileOf('a.txt', '0123456789')
    const onDisk = encodeBody({ files: { f: createReadStream(path), g: new Blob(['x']), h: 'y' } })
    expect([typeof onDisk.length, onDisk.replayable]).toEqual(['number', false])
    ;(onDisk.body as Readable).destroy()
    const stream = encodeBody({ files: { f: Readable.from(['x']) } })
    expect([stream.length, stream.replayable]).toEqual([null, false])
    const large = encodeBody({ files: { f: Buffer.alloc(100_000) } })
    expect([Buffer.isBuffer(large.body), large.replayable, large.length! > 100_000]).toEqual([false, true, true])
  })

  it('are all let go of when the body is given up, those that were not begun as well', async () => {
    const streams = [1, 2].map(() => Readable.from(['x']))
    const { body } = encodeBody({ files: { a: streams[0]!, b: streams[1]! } })
    ;(body as Readable).destroy()
    await new Promise((resolve) => setImmediate(resolve))
    expect(streams.map((stream) => stream.destroyed)).toEqual([true, true])
  })

  it('that are not there fail the body, and nothing else', async () => {
    const missing = createReadStream('/no/such/file')
    const body = encodeBody({ files: { a: Readable.from(['x']), b: missing } })
    await new Promise((resolve) => missing.once('close', () => resolve(null)))
    expect(await rejectionMessage(bytesOf(body))).toContain('ENOENT')
  })

  it('refuses text as `data` beside them', () => {
    expect(
      usage(() => encodeBody({ data: 'note', files: { f: 'x' } })),
    ).toBe(`requests.post() sends \`data\` beside \`files\` as fields, but \`data\` is "note" (string).

  { data: 'text', files }             // incorrect: which field is it
  { data: { note: 'text' }, files }   // correct`)
  })

  it.each<[files: unknown, got: string]>([
    ['text', '"text" (string)'],
    [5, '5 (number)'],
    [{ f: 5 }, '"f" as 5 (number)'],
    [{ f: ['name', 5] }, '"f" as 5 (number)'],
    [{ f: ['name'] }, '"f" as a list of 1'],
    [{ f: ['a', 'b', 'c', {}, 'e'] }, '"f" as a list of 5'],
    [[['f']], 'an Array among them'],
  ])('refuses what is no file: %j', (files, got) => {
    expect(usage(() => encodeBody({ files: files as never }))).toBe(
      `requests.post() expects \`files\` to be an object of text, bytes, Blobs, streams or [filename, content, contentType, headers], but got ${got}.`,
    )
  })

  it('refuses headers of a part that would split it', () => {
    const evil = (value: string): unknown => encodeBody({ files: { f: ['a', 'b', value] } })
    expect(thrown(() => evil('x\r\nY: 1'))).toBeInstanceOf(requests.InvalidHeader)
  })
})

describe('a FormData', () => {
  it.each([
    ['of Node', FormData],
    ['of undici', UndiciFormData as unknown as typeof FormData],
  ])('%s is sent as multipart', async (_, Form) => {
    const form = new Form()
    form.append('a', 'x\ny')
    form.append('f', new File(['abc'], 'a.txt', { type: 'text/plain' }))
    expect(await parts({ data: form })).toEqual([
      '\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\ny\r\n',
      '\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\nabc\r\n',
    ])
  })
})

describe('any multipart body', () => {
  // What `%22` was before it was written cannot be told: the standard has it so.
  const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }).filter((text) => !text.includes('%'))
  const field = fc.record({ name, value: fc.string({ unit: 'grapheme', maxLength: 40 }) })
  const file = fc.record({
    name,
    filename: name,
    content: fc.uint8Array({ maxLength: 300 }),
    form: fc.constantFrom('buffer', 'blob', 'stream'),
  })

  it('is read back by Response.formData() as it was', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(field, { maxLength: 5 }),
        fc.array(file, { minLength: 1, maxLength: 5 }),
        async (fields, files) => {
          const body = encodeBody({
            data: fields.map(({ name, value }) => [name, value] as const),
            files: files.map(({ name, filename, content, form }) => [name, [filename, contentIn(form, content)]]),
          })
          const bytes = await bytesOf(body)
          expect(body.length === null || body.length === bytes.length).toBe(true)
          // eslint-disable-next-line @typescript-eslint/no-deprecated -- deprecated for what others send; this is our own
          const form = await new Response(bytes, { headers: { 'content-type': body.contentType! } }).formData()
          const read: [string, string, string?][] = []
          for (const [name, value] of form) {
            read.push(
              typeof value === 'string'
                ? [name, value]
                : [name, Buffer.from(await value.arrayBuffer()).toString('hex'), value.name],
            )
          }
          expect(read).toEqual([
            ...fields.map(({ name, value }) => [name, value]),
            ...files.map(({ name, filename, content }) => [name, Buffer.from(content).toString('hex'), filename]),
          ])
        },
      ),
      { seed: SEED, numRuns: 60 },
    )
  })

  function contentIn(form: string, content: Uint8Array): requests.FileContent {
    if (form === 'buffer') return content
    const copy = Buffer.from(content)
    return form === 'blob' ? new Blob([copy]) : Readable.from([copy.subarray(0, 7), copy.subarray(7)])
  }
})
