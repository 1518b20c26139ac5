// The snippets of Node's documentation on streams, those of other pages that lead streams through each other included.
import assert from 'node:assert'
import fs from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import stream, { addAbortSignal, finished, PassThrough, Readable, Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { all, happens, listening, type Snippet, type Stage } from './stage.ts'

const FILE = '@types/node/stream.d.ts'
const TEXT = 'What is in the file.\nAnd a second line.\n'

/** The path of a file in a folder that is there until the end; of one that is there, with `text`. */
function pathOf(stage: Stage, name: string, text?: string): string {
  const folder = fs.mkdtempSync(join(tmpdir(), 'docs-'))
  stage.defer(() => fs.rmSync(folder, { recursive: true }))
  const path = join(folder, name)
  if (text !== undefined) fs.writeFileSync(path, text)
  return path
}

/** A stream of bytes, piece by piece. */
function bytes(...pieces: readonly string[]): Readable {
  return Readable.from(
    pieces.map((piece) => Buffer.from(piece)),
    { objectMode: false },
  )
}

/** Runs the snippet with a stream that comes from somewhere, and waits for the last words. */
async function somehow(stage: Stage, words: string, names: object = {}): Promise<void> {
  await stage.run({ getReadableStreamSomehow: () => bytes('one', 'three', 'eleven'), ...names })
  await stage.wrote(words)
}

/** Runs the snippet with a stream that writes down what it is given at once. */
async function writing(stage: Stage): Promise<void> {
  const sink = new Writable({
    highWaterMark: 3,
    writev: (chunks, done) => {
      stage.log('written:', chunks.map(({ chunk }) => String(chunk)).join('|'))
      setImmediate(done)
    },
  })
  await stage.run({ stream: sink })
  await delay(2)
  sink.end()
  await happens(sink, 'finish')
}

const cork = "stream.write('some ');\nstream."

export const streamSnippets: readonly Snippet[] = [
  {
    subject: 'stream',
    name: "Event: 'readable'",
    file: FILE,
    words: 'Stream is readable (new data received in buffer)',
    // It depends on the system how much has come by then.
    swaps: [["console.log('Stream is readable (new data received in buffer)');", '']],
    shows: 'Reached end of stream.',
    around: (stage) => somehow(stage, 'Reached end'),
  },
  {
    subject: 'stream',
    name: 'readable.read',
    file: FILE,
    words: 'const chunks = [];\n\nreadable.on',
    swaps: [["const content = chunks.join('');", "console.log(chunks.join(''));"]],
    shows: 'onethreeeleven',
    async around(stage) {
      await stage.run({ readable: bytes('one', 'three', 'eleven') })
      await stage.wrote('onethreeeleven')
    },
  },
  {
    subject: 'stream',
    name: 'readable.setEncoding',
    file: FILE,
    words: 'characters of string data',
    shows: 'Got 6 characters of string data:',
    around: (stage) => somehow(stage, 'Got 6', { assert }),
  },
  {
    subject: 'stream',
    name: 'readable.resume',
    file: FILE,
    words: 'There will be no additional data for 1 second.',
    swaps: [['1000', '2']],
    shows: 'Received 6 bytes of data.',
    around: (stage) => somehow(stage, 'Received 6'),
  },
  {
    subject: 'stream',
    name: 'readable.resume: unread',
    file: FILE,
    words: 'Reached the end, but did not read anything.',
    shows: 'Reached the end, but did not read anything.',
    around: (stage) => somehow(stage, 'Reached the end'),
  },
  {
    subject: 'stream',
    name: 'readable.isPaused',
    file: FILE,
    words: 'const readable = new stream.Readable();\n\nreadable.isPaused()',
    swaps: [[/^(readable\.isPaused\(\)); \/\/ ===/gmu, 'console.log($1) // ===']],
    shows: 'true',
    async around(stage) {
      await stage.run({ stream: { Readable: PassThrough } })
    },
  },
  {
    subject: 'stream',
    name: 'readable.unpipe',
    file: FILE,
    words: 'Stop writing to file.txt.',
    swaps: [
      ["createWriteStream('file.txt')", 'createWriteStream(path)'],
      ['1000', '5'],
    ],
    shows: '-> before',
    async around(stage) {
      const path = pathOf(stage, 'file.txt')
      const source = new PassThrough()
      source.write('before')
      await stage.run({ path, getReadableStreamSomehow: () => source })
      await stage.wrote('Manually close')
      source.write('after')
      await stage.until(() => fs.existsSync(path) && fs.readFileSync(path, 'utf8') === 'before')
      stage.log(fs.readFileSync(path, 'utf8'))
    },
  },
  {
    subject: 'stream',
    name: 'readable.unshift',
    file: FILE,
    words: 'Pull off a header delimited by',
    shows: "-> null [ 'a: 1\\nb: 2', 'the body' ]",
    async around(stage) {
      const { parseHeader } = await stage.run({}, 'parseHeader')
      const [error, header, rest] = await new Promise<[unknown, string, Readable]>((resolve) =>
        parseHeader(bytes('a: 1\nb', ': 2\n\nthe b', 'ody'), (...told) => resolve(told)),
      )
      stage.log(error, [header, await all(rest)])
    },
  },
  {
    subject: 'stream',
    name: 'writable.write',
    file: FILE,
    words: 'Write completed, do more writes now.',
    shows: 'Write completed, do more writes now.',
    around: writing,
  },
  {
    subject: 'stream',
    name: 'writable.end',
    file: FILE,
    words: "file.end('world!')",
    swaps: [["'example.txt'", 'path']],
    shows: '-> hello, world!',
    async around(stage) {
      const path = pathOf(stage, 'example.txt')
      await stage.run({ path }, 'file')
      await stage.emitted('file', 'close')
      stage.log(fs.readFileSync(path, 'utf8'))
    },
  },
  {
    subject: 'stream',
    name: 'writable.cork',
    file: FILE,
    words: `${cork}write('data ')`,
    shows: '-> written: some |data',
    around: writing,
  },
  {
    subject: 'stream',
    name: 'writable.uncork',
    file: FILE,
    words: `${cork}cork()`,
    shows: '-> written: some |data',
    around: writing,
  },
  {
    subject: 'stream',
    name: 'stream.duplexPair',
    file: FILE,
    words: 'duplexPair()',
    shows: '-> said to the other side',
    async around(stage) {
      const { sideA, sideB } = await stage.run({ duplexPair: Reflect.get(stream, 'duplexPair') }, 'sideA', 'sideB')
      sideA.end('said to the other side')
      stage.log(await all(sideB))
    },
  },
  {
    subject: 'stream',
    name: 'stream.addAbortSignal',
    file: FILE,
    words: 'Later, abort the operation closing the stream',
    swaps: [
      ["('object.json')", 'path'],
      ['controller.abort();', "read.on('error', (error) => console.log(error.name));\ncontroller.abort();"],
    ],
    shows: 'AbortError',
    async around(stage) {
      await stage.run({ addAbortSignal, path: pathOf(stage, 'object.json', TEXT) }, 'read')
      await stage.emitted('read', 'close')
    },
  },
  {
    subject: 'stream',
    name: 'stream.addAbortSignal: for await',
    file: FILE,
    words: 'await process(chunk)',
    swaps: [
      ["('object.json')", 'path'],
      ['10_000', '5'],
      ['// The operation was cancelled', "console.log('cancelled');"],
    ],
    shows: 'cancelled',
    async around(stage) {
      const path = pathOf(stage, 'object.json', TEXT)
      await stage.run({ addAbortSignal, fs, path, process: () => delay(20) })
      await stage.wrote('cancelled')
    },
  },
  {
    subject: 'stream',
    name: 'stream.addAbortSignal: a web stream',
    file: FILE,
    words: 'addAbortSignal(controller.signal, rs)',
    swaps: [['// The operation was cancelled', "console.log('cancelled');"]],
    shows: 'hello',
    async around(stage) {
      await stage.run({ addAbortSignal, finished })
      await stage.wrote('cancelled')
    },
  },
  {
    subject: 'stream',
    name: 'stream.finished',
    file: FILE,
    words: 'Stream is done reading.',
    swaps: [["'archive.tar'", 'path']],
    shows: 'Stream is done reading.',
    async around(stage) {
      await stage.run({ path: pathOf(stage, 'archive.tar', TEXT) })
      await stage.wrote('done')
    },
  },
  {
    subject: 'stream',
    name: 'stream.finished: cleanup',
    file: FILE,
    words: 'const cleanup = finished(rs',
    swaps: [['// ...', 'console.log(err)']],
    shows: '-> listeners left: 0',
    async around(stage) {
      const rs = bytes('unread').resume()
      await stage.run({ finished, rs })
      await stage.wrote('undefined')
      stage.log('listeners left:', rs.listenerCount('error'))
    },
  },
  {
    subject: 'stream',
    name: 'stream.pipeline',
    file: FILE,
    words: 'Pipeline succeeded.',
    swaps: [
      ["'archive.tar'", 'path'],
      ["'archive.tar.gz'", 'zipped'],
    ],
    shows: 'Pipeline succeeded.',
    async around(stage) {
      const zipped = pathOf(stage, 'archive.tar.gz')
      await stage.run({ path: pathOf(stage, 'archive.tar', TEXT), zipped })
      await stage.wrote('Pipeline')
      stage.log(String(gunzipSync(fs.readFileSync(zipped))))
    },
  },
  {
    subject: 'stream',
    name: 'stream.pipeline: into a response',
    file: FILE,
    words: 'fileNotExist',
    swaps: [['./fileNotExist.txt', 'fileNotExist.txt']],
    shows: "code: 'ENOENT'",
    async around(stage) {
      const { server } = await stage.run({}, 'server')
      server.listen(0, '127.0.0.1')
      const port = await listening(server)
      const request = stage.watch('request', http.get({ host: '127.0.0.1', port, agent: false }))
      stage.log((await happens(request, 'error')) instanceof Error)
      await stage.emitted('request', 'close')
    },
  },
  {
    subject: 'stream',
    name: 'zlib.createGzip: in pipelines, one of them promisified',
    file: '@types/node/zlib.d.ts',
    words: 'do_gzip',
    swaps: [
      ["'input.txt', 'input.txt.gz'", 'path, zipped[1]'],
      ["'input.txt.gz'", 'zipped[0]'],
      ["'input.txt'", 'path'],
      ['await pipe(source, gzip, destination);', "await pipe(source, gzip, destination);\n  console.log('promised');"],
    ],
    shows: '-> true',
    async around(stage) {
      const zipped = [pathOf(stage, '0.gz'), pathOf(stage, '1.gz')]
      await stage.run({ path: pathOf(stage, 'input.txt', TEXT), zipped }, 'destination')
      await stage.wrote('promised')
      await stage.emitted('destination', 'close')
      for (const path of zipped) stage.log(String(gunzipSync(fs.readFileSync(path))) === TEXT)
    },
  },
  {
    subject: 'stream',
    name: 'readline: for await of the lines of a stream',
    file: '@types/node/readline.d.ts',
    words: 'for await (const line of rl)',
    swaps: [["'input.txt'", 'path']],
    shows: 'Line from file: And a second line.',
    async around(stage) {
      await stage.run({ path: pathOf(stage, 'input.txt', TEXT) })
      await stage.wrote('second line')
    },
  },
]
