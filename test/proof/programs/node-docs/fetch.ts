// The snippets of Node's documentation on fetch, which are in the pages of undici, and some of undici itself.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Swap } from './extract.ts'
import { all, happens, type Snippet, type Stage } from './stage.ts'

const README = 'undici/README.md'
const DISPATCHER = 'undici/docs/docs/api/Dispatcher.md'

/** The global fetch instead of the one of the package. */
const GLOBAL: Swap = ["import { fetch } from 'undici'\n", '']

/** A site that tells, as JSON, what it was asked. */
async function site(stage: Stage): Promise<string> {
  const server = http.createServer((request, response) => {
    void all(request).then((body) => {
      const asked = { method: request.method, url: request.url, body: body.replaceAll(/-{4,}\S+/gu, '<boundary>') }
      stage.log('asked', asked)
      response.sendDate = false
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ method: asked.method, length: body.length > 0 }))
    })
  })
  return `http://localhost:${await stage.listen(server, 'localhost')}/data`
}

/** A snippet that asks a site, and leaves something. */
function asking(
  name: string,
  words: string,
  swaps: readonly Swap[],
  shows: string,
  gives?: 'returned' | 'headers' | 'readableNodeStream',
): Snippet {
  return {
    subject: 'fetch',
    name,
    file: README,
    words,
    swaps,
    shows,
    async around(stage) {
      const names = { url: await site(stage) }
      if (gives === undefined) {
        await stage.run(names)
      } else if (gives === 'readableNodeStream') {
        stage.log(await all((await stage.run(names, gives))[gives] as AsyncIterable<unknown>)) // every stream of Node's is one
      } else {
        stage.log((await stage.run(names, gives))[gives])
      }
    },
  }
}

/** An example of undici that has a server of its own. */
function whole(name: string, words: string, shows: string): Snippet {
  return {
    subject: 'fetch',
    name: `undici: ${name}`,
    file: DISPATCHER,
    words,
    swaps: [['.listen()', ".listen(0, 'localhost')"]],
    shows,
    async around(stage) {
      const { server } = await stage.run({}, 'server')
      if (server.listening) await happens(server, 'close')
    },
  }
}

const example: Swap = ["'https://example.com'", 'url']

export const fetchSnippets: readonly Snippet[] = [
  asking(
    'fetch',
    '// Available globally in Node.js v18+',
    [
      ["'https://api.example.com/data'", 'url'],
      [/console\.log\(process.*$/gmu, 'const returned = data'],
    ],
    "-> { method: 'GET', length: false }",
    'returned',
  ),
  asking(
    'fetch: FormData',
    '// Built-in globals',
    [example, [/^await fetch/gmu, 'const returned = await fetch']],
    'name="name"',
    'returned',
  ),
  asking(
    'fetch: json',
    "const res = await fetch('https://example.com')\n",
    [GLOBAL, example],
    "{ method: 'GET', length: false }",
  ),
  asking('fetch: an iterable body', "yield 'hello'", [GLOBAL, example], "body: 'helloworld'"),
  asking(
    'fetch: response.body as a stream of Node',
    'Readable.fromWeb(readableWebStream)',
    [GLOBAL, example],
    '-> {"method":"GET","length":false}',
    'readableNodeStream',
  ),
  asking(
    'fetch: the body is consumed',
    'for await (const chunk of body)',
    [
      ['// force consumption of body', 'console.log(String(Buffer.from(chunk)))'],
      [/\/\/ Do not[^]*/gu, ''],
    ],
    '{"method":"GET","length":false}',
  ),
  asking('fetch: HEAD', "fetch(url, { method: 'HEAD' })", [], "'content-type': 'application/json'", 'headers'),
  asking('fetch: with a dispatcher', 'dispatcher: new Agent({', [example], "{ method: 'GET', length: false }"),
  {
    subject: 'fetch',
    name: 'fetch: a file',
    file: README,
    words: 'openAsBlob(',
    swaps: [
      ["'./big.csv'", 'path'],
      ["'http://example.com'", 'url'],
    ],
    shows: 'filename="big.csv"',
    async around(stage) {
      const folder = mkdtempSync(join(tmpdir(), 'docs-'))
      stage.defer(() => rmSync(folder, { recursive: true }))
      const path = join(folder, 'big.csv')
      writeFileSync(path, 'a;b\n1;2\n')
      await stage.run({ path, url: await site(stage) })
    },
  },
  {
    subject: 'fetch',
    name: 'fetch: aborted by a signal',
    file: '@types/node/test.d.ts',
    words: "await fetch('some/uri', { signal: t.signal })",
    swaps: [["'some/uri'", 'url']],
    shows: '-> aborted: AbortError',
    async around(stage) {
      const silent = http.createServer()
      const url = `http://localhost:${await stage.listen(silent, 'localhost')}/`
      const controller = new AbortController()
      silent.on('request', () => controller.abort())
      let ended: Promise<unknown> = Promise.resolve()
      const test = (_: string, body: (t: object) => Promise<void>): void => {
        ended = body({ signal: controller.signal }).catch((error: unknown) => error)
      }
      await stage.run({ test, url })
      const error = (await ended) as Error // the body of the snippet can only fail
      stage.log('aborted:', error.name)
    },
  },
  whole('request', "console.log('Client closed')", 'Client closed'),
  whole('connect', "const wanted = 'Body'", 'Data received: Body | Data wanted: Body'),
  whole('upgrade', "console.log('Node.js Server - upgrade event')", 'Undici Client - onUpgrade'),
  whole('dispatch', 'Response Data: ${res}', 'Response Data: {"message":"World"}'),
  whole('pipeline', 'Response pipelined to writable', 'Response pipelined to writable: undici'),
]
