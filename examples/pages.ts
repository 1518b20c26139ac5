/**
 * The program of the lesson: three pages, first one after another, then together. Each page is fetched by a greenlet of its own; the code
 * looks blocking, and only the greenlet that fetches waits. The picture at the end shows both runs on one time axis.
 *
 * Run: `npm start`, or `npx tsx examples/pages.ts https://www.python.org/ https://github.com/` with URLs of your own. Without URLs it
 * fetches from a server that it starts itself, on a free port of this machine. The pages come back after 400, 500 and 350 ms: one after
 * another that is 1250 ms, together 500, so about 2.5 times as fast.
 *
 * A page that cannot be fetched is shown as failed, with the reason; the others are not disturbed, and the exit code is 1. An answer with
 * an HTTP error status (404, 500) is an answer: it is shown with its status, and counts as fetched. With real sites the second run also
 * finds open connections, so its figure flatters a little; with the server of our own it does not matter.
 *
 * Expected output, in a pipe (a terminal gets finer signs). `<n>` is a number, `<n...>` are several, bars may be of any length:
 * ```text
 * One after another:
 *   200  48000 chars  <n> ms  http://127.0.0.1:<n>/python
 *   200  91000 chars  <n> ms  http://127.0.0.1:<n>/yahoo
 *   200  23500 chars  <n> ms  http://127.0.0.1:<n>/github
 * Together:
 *   200  23500 chars  <n> ms  http://127.0.0.1:<n>/github
 *   200  48000 chars  <n> ms  http://127.0.0.1:<n>/python
 *   200  91000 chars  <n> ms  http://127.0.0.1:<n>/yahoo
 *
 *                           0   <n...>                                  ms
 * one after another         |---------|---------|---------|---------|-----
 *   127.0.0.1:<n>/python    #################
 *   127.0.0.1:<n>/yahoo     .................######################
 *   127.0.0.1:<n>/github    .......................................###############
 * together                  |---------|---------|---------|---------|-----
 *   127.0.0.1:<n>/python    #################
 *   127.0.0.1:<n>/yahoo     ######################
 *   127.0.0.1:<n>/github    ###############
 *   # in flight   . waits for its turn
 *
 * <n> ms one after another, <n> ms together: <n> times as fast.
 * ```
 */
import * as gevent from 'greenloop'
import * as monkey from 'greenloop/monkey'
import { picture, terminal } from './support/picture.ts'
import { openSite } from './support/site.ts'
import { tookMs, type Visit, visit } from './support/visit.ts'

monkey.patchAll()

function* getPage(url: string) {
  const res = yield* fetch(url) // looks blocking; only this greenlet waits
  return { status: res.status, size: (yield* res.text()).length }
}

const site = process.argv.length > 2 ? null : await openSite()
const urls = site?.urls ?? process.argv.slice(2)
await fetch('data:,') // Node loads its HTTP client at the first fetch; neither run shall pay for that

console.log('One after another:')
const oneByOne: Visit[] = []
for (const url of urls) {
  const page = visit(url, gevent.spawn(getPage, url))
  oneByOne.push(page)
  await gevent.joinall([page.greenlet])
}

console.log('Together:')
const together = urls.map((url) => visit(url, gevent.spawn(getPage, url)))
await gevent.joinall(together.map((page) => page.greenlet))

site?.close()

const runs = { 'one after another': oneByOne, together }
console.log(`\n${picture(runs, terminal())}\n`)

const [slow, fast] = [tookMs(oneByOne), tookMs(together)]
const times = (slow / fast).toFixed(1)
console.log(`${slow.toFixed(0)} ms one after another, ${fast.toFixed(0)} ms together: ${times} times as fast.`)

const failed = urls.filter((_, n) => oneByOne[n]?.reason !== null || together[n]?.reason !== null)
if (failed.length > 0) {
  console.log(`${failed.length} of ${urls.length} pages failed; the reasons are above.`)
  process.exitCode = 1
}
