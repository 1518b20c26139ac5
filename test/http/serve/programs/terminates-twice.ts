// A server whose handler does not end, in a process that gets SIGTERM twice: the second one ends it at once.
import { type Green, run, sleep } from 'greenloop'
import { type HTTPServer, Response, serve } from 'greenloop/http'

await run(function* (): Green<void> {
  const server: HTTPServer = yield* serve(
    function* (): Green<Response> {
      console.log('ready')
      while (!server.closed) yield* sleep(1)
      console.log('ready')
      yield* sleep(60_000)
      return new Response('late')
    },
    { port: 0, graceMs: 60_000 },
  )
  fetch(server.url).catch(() => undefined)
  yield* server.serveForever()
})
