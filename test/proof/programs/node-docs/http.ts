// The snippets of Node's documentation on HTTP: all of it stands on net.
import http from 'node:http'
import { all, happens, listening, type Snippet, type Stage } from './stage.ts'

const HTTP = '@types/node/http.d.ts'
const data = JSON.stringify({ data: 'Hello World!' })

/** Asks the server that a snippet has made. */
async function visit(stage: Stage, names: object = {}): Promise<void> {
  const { server } = await stage.run({ ...names }, 'server')
  await get(stage, await listening(server))
}

/** Asks, and writes what is answered. */
async function get(stage: Stage, port: number): Promise<void> {
  const request = stage.watch('request', http.get({ host: 'localhost', port, agent: false }))
  request.on('information', ({ statusCode, headers }: http.InformationEvent) => stage.log(statusCode, headers))
  const response = (await happens(request, 'response')) as http.IncomingMessage // that is what the event hands over
  stage.log(response.statusCode, response.headers['content-type'], await all(response))
  await stage.emitted('request', 'close')
}

/** A server for the snippets that ask. */
async function site(stage: Stage, listener: http.RequestListener): Promise<number> {
  return stage.listen(stage.watch('server', http.createServer(listener)), 'localhost')
}

export const httpSnippets: readonly Snippet[] = [
  {
    subject: 'http',
    name: 'http.createServer',
    file: HTTP,
    words: '// Listen to the request event',
    swaps: [['8000', "0, 'localhost'"]],
    shows: data,
    around: (stage) => visit(stage),
  },
  {
    subject: 'http',
    name: 'response.setHeaders',
    file: HTTP,
    words: "const headers = new Headers({ 'Content-Type': 'text/html' })",
    swaps: [[/$(?![^])/gu, "server.listen(0, 'localhost')"]],
    shows: '-> 200 text/plain ok',
    around: (stage) => visit(stage, { http }),
  },
  {
    subject: 'http',
    name: 'http.get',
    file: HTTP,
    words: "http.get('http://localhost:8000/'",
    swaps: [
      [
        "http.get('http://localhost:8000/',",
        'const ask = () => http.get(`http://localhost:${server.address().port}/`,',
      ],
      ['server.listen(8000)', "server.listen(0, 'localhost', ask)"],
    ],
    shows: "{ data: 'Hello World!' }",
    async around(stage) {
      await stage.run({ http }, 'server')
      await stage.wrote('Hello World!')
    },
  },
  {
    subject: 'http',
    name: 'http.request: POST',
    file: HTTP,
    words: "path: '/upload'",
    swaps: [
      ["'www.google.com'", "'localhost'"],
      ['port: 80,', 'port,'],
    ],
    shows: 'BODY: got {"msg":"Hello World!"}',
    async around(stage) {
      const port = await site(stage, (request, response) => {
        response.sendDate = false
        void all(request).then((body) => response.end(`got ${body}`))
      })
      await stage.run({ port }, 'req')
      await stage.emitted('req', 'close')
    },
  },
  {
    subject: 'http',
    name: 'http.request: an incomplete answer',
    file: HTTP,
    words: "method: 'POST',\n}, (res) => {\n  res.resume();",
    swaps: [
      ['8080', 'port'],
      ["res.on('end'", "res.on('error', (error) => console.error(error.code)).on('close'"],
    ],
    shows: 'stderr: The connection was terminated while the message was still being sent',
    async around(stage) {
      const listener: http.RequestListener = (request, response) => {
        response.writeHead(200, { 'content-length': 100 }).write('half', () => response.destroy())
        request.resume()
      }
      const port = await stage.listen(http.createServer(listener)) // the snippet says 127.0.0.1
      const { req } = await stage.run({ http, port }, 'req')
      req.end()
      await stage.emitted('req', 'close')
    },
  },
  {
    subject: 'http',
    name: 'request.reusedSocket: retried',
    file: HTTP,
    words: 'retriableRequest',
    swaps: [
      ["'http://localhost:3000'", 'url'],
      ['// ...', 'res.resume(); answered()'],
      [
        "req.reusedSocket && err.code === 'ECONNRESET'",
        "req.reusedSocket && (console.log('retried', err.code), err.code === 'ECONNRESET')",
      ],
      [/retriableRequest\(\);\n$/gu, 'const returned = retriableRequest\nretriableRequest();\n'],
    ],
    shows: 'retried ECONNRESET',
    async around(stage) {
      // The second request of a connection is never answered: the server has gone away.
      const seen = new Set<unknown>()
      let asked = 0
      const port = await site(stage, (request, response) => {
        stage.log('request', ++asked)
        if (seen.has(request.socket)) request.socket.destroy()
        else response.end('here')
        seen.add(request.socket)
      })
      let answers = 0
      const answered = (): void => stage.log('answer', ++answers)
      const names = { url: `http://localhost:${port}`, answered }
      const { returned, agent } = await stage.run(names, 'returned', 'agent')
      stage.defer(() => agent.destroy())
      await stage.emitted('agent', 'free')
      ;(returned as () => void)() // the function that the snippet calls
      await stage.wrote('answer 2')
    },
  },
  {
    subject: 'http',
    name: 'asyncLocalStorage.run in a server',
    file: '@types/node/async_hooks.d.ts',
    words: "logWithId('start')",
    swaps: [
      ['http.createServer((', 'const server = http.createServer(('],
      ['8080)', "0, 'localhost')"],
      [/^http\.get\('http:.*$/gmu, ''],
    ],
    shows: '1: finish',
    async around(stage) {
      const { server } = await stage.run({}, 'server')
      const port = await listening(server)
      // One after the other: of two at once either may come first.
      for (const _ of [0, 1]) {
        const request = http.get({ host: 'localhost', port, agent: false })
        await all((await happens(request, 'response')) as http.IncomingMessage) // that is what the event hands over
      }
    },
  },
  {
    subject: 'http',
    name: 'response.writeEarlyHints',
    file: HTTP,
    words: 'const earlyHintsCallback',
    shows: 'early hints message sent',
    async around(stage) {
      const port = await site(stage, (_, response) => {
        void stage.run({ response }).then(() => response.end('the page'))
      })
      await get(stage, port)
    },
  },
]
