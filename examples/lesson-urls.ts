/**
 * The URL programs of the lesson, in their own shape: first `requests.get` in a loop, each call waiting for its answer before the next one
 * begins; then three functions with the same line in them, run by `joinall`, of which only the one that waits for its answer waits.
 *
 * Run: `npx tsx examples/lesson-urls.ts`. The answers come from a server that it starts itself.
 *
 * Expected output:
 * ```text
 * you asked for alex
 * you asked for db
 * you asked for sb
 * one after another: never more than 1 at once
 * http://127.0.0.1:<n>/github <Buffer 2e 2e 2e 2e 2e 2e 2e 2e 2e 2e>
 * http://127.0.0.1:<n>/python <Buffer 2e 2e 2e 2e 2e 2e 2e 2e 2e 2e>
 * http://127.0.0.1:<n>/yahoo <Buffer 2e 2e 2e 2e 2e 2e 2e 2e 2e 2e>
 * by joinall: 3 at once
 * ```
 */
import * as gevent from 'greenloop'
import { Response, requests, type ServerRequest, serve } from 'greenloop/http'

const LATENCY_MS = new Map([
  ['/python', 80],
  ['/yahoo', 120],
  ['/github', 40],
])
let running = 0
let most = 0

/** The site: answers after a while, and counts how many wait for that. */
function* site(request: ServerRequest): gevent.Green<Response> {
  most = Math.max(most, ++running)
  yield* gevent.sleep(LATENCY_MS.get(request.path) ?? 10)
  running--
  return new Response(request.path === '/s' ? `you asked for ${request.searchParams.get('wd') ?? ''}` : '.'.repeat(10))
}

const server = await serve(site, { port: 0 })

// key_list = ['alex', 'db', 'sb']; for item in key_list: ...
await gevent.run(function* () {
  const keyList = ['alex', 'db', 'sb']
  for (const item of keyList) {
    const ret = yield* requests.get(`${server.url}/s?wd=${item}`)
    console.log(ret.text)
  }
})
console.log(`one after another: never more than ${String(most)} at once`)

function* getPage1(url: string) {
  const ret = yield* requests.get(url)
  console.log(url, ret.content)
}

function* getPage2(url: string) {
  const ret = yield* requests.get(url)
  console.log(url, ret.content)
}

function* getPage3(url: string) {
  const ret = yield* requests.get(url)
  console.log(url, ret.content)
}

await gevent.joinall([
  gevent.spawn(getPage1, `${server.url}/python`), // coroutine 1
  gevent.spawn(getPage2, `${server.url}/yahoo`), // coroutine 2
  gevent.spawn(getPage3, `${server.url}/github`), // coroutine 3
])
console.log(`by joinall: ${String(most)} at once`)
await server.stop()
