/**
 * A small JSON API, by one of the servers: `node serve.ts name`. Prints its port.
 */
import http, { type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getHub, run } from 'greenloop'
import { Response as LightResponse, serve } from 'greenloop/http'
import { patchHttp } from 'greenloop/monkey'

const TYPE = 'application/json'

/** How the API is served. Each begins to listen, and answers at which port. */
const SERVERS: Readonly<Record<string, () => Promise<number>>> = {
  'http.createServer': () => bare(http.createServer(answer)),
  serve: () =>
    run(function* () {
      const server = yield* serve(
        function* (request) {
          return new LightResponse(pageOf(request.path), { headers: { 'Content-Type': TYPE } })
        },
        { port: 0 },
      )
      return server.serverPort
    }),
  'serve, global Response': () =>
    run(function* () {
      const server = yield* serve(
        function* (request) {
          return new Response(pageOf(request.path), { headers: { 'Content-Type': TYPE } })
        },
        { port: 0 },
      )
      return server.serverPort
    }),
  'patched http.createServer': () => {
    patchHttp()
    return bare(
      http.createServer(function* (request, response) {
        answer(request, response)
      }),
    )
  },
}

const answer: RequestListener = (request, response) => {
  const page = pageOf(request.url ?? '')
  response.writeHead(200, { 'Content-Type': TYPE, 'Content-Length': Buffer.byteLength(page) }).end(page)
}

/** What is answered: about a hundred bytes. */
function pageOf(path: string): string {
  return JSON.stringify({ path, name: 'Ada Lovelace', langs: ['ada', 'c'], active: true, score: 42.5 })
}

async function bare(server: http.Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

// The client goes away in mid-answer.
getHub().onError = () => undefined

const start = SERVERS[process.argv[2] ?? '']
if (start === undefined) throw new Error(`There are ${Object.keys(SERVERS).join(', ')}.`)
console.log(await start())
