/**
 * The small API in greenlets: `node serve-greenloop.js name`. Prints its port.
 */
import http from 'node:http'
import { run } from 'greenloop'
import { Response as LightResponse, type ServerRequest, serve } from 'greenloop/http'
import { patchHttp } from 'greenloop/monkey'
import { listen, startOneOf } from '../method/servers.ts'
import { answer, TYPE, textOf } from './api.ts'

await startOneOf({
  serve: () => served(({ path }) => new LightResponse(textOf(path), { headers: { 'Content-Type': TYPE } })),
  'serve, global Response': () =>
    served(({ path }) => new Response(textOf(path), { headers: { 'Content-Type': TYPE } })),
  patched: () => {
    patchHttp()
    return listen(
      http.createServer(function* (request, response) {
        answer(request, response)
      }),
    )
  },
})

function served(answer: (request: ServerRequest) => Response | LightResponse): Promise<number> {
  return run(function* () {
    const server = yield* serve(
      function* (request) {
        return answer(request)
      },
      { port: 0 },
    )
    return server.serverPort
  })
}
