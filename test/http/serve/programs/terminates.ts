// Two servers in a process that gets SIGTERM: what runs is answered, nobody new is let in, and the process ends by the signal.
import { type Green, run, sleep } from 'greenloop'
import { type HTTPServer, Response, serve } from 'greenloop/http'

await run(function* (): Green<void> {
  const first: HTTPServer = yield* serve(
    function* (): Green<Response> {
      console.log('ready')
      while (!first.closed) yield* sleep(1)
      console.log('answers')
      return new Response('answered')
    },
    { port: 0 },
  )
  const second = yield* serve(() => new Response('x'), { port: 0 })
  fetch(first.url).catch(() => undefined)
  yield* first.serveForever()
  yield* second.serveForever()
  console.log('both have stopped')
  yield* sleep(1000)
  console.log('not reached')
})
