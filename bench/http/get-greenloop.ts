/**
 * Fetches pages in greenlets: `node get-greenloop.js name …`, the rest as `pages.ts` says.
 */
import { type Green, type Greenlet, joinall, Pool, run, spawn } from 'greenloop'
import { fetch as ownFetch, requests } from 'greenloop/http'
import { patchFetch } from 'greenloop/monkey'
import { AT_ONCE, batchesOf, type Client, measureOneOf, sumOf } from './pages.ts'

await measureOneOf({
  'requests.get': () => byGreenlets(bytesOf),
  'requests.get, Pool': () => (urls) =>
    run(function* () {
      return sumOf(yield* new Pool(AT_ONCE).map(bytesOf, urls))
    }),
  'patched fetch': () => {
    patchFetch()
    return inGreenBatches(function* (url) {
      return (yield* (yield* fetch(url)).arrayBuffer()).byteLength
    })
  },
  'own fetch': () =>
    inGreenBatches(function* (url) {
      return (yield* (yield* ownFetch(url)).arrayBuffer()).byteLength
    }),
})

function* bytesOf(url: string): Green<number> {
  return (yield* requests.get(url)).content.length
}

/** As many as pages are fetched at once, each of which takes the next page. */
function byGreenlets(get: (url: string) => Green<number>): Client {
  return (urls) => {
    const left = urls.values()
    function* take(): Green<number> {
      let sum = 0
      for (const url of left) sum += yield* get(url)
      return sum
    }
    return run(function* () {
      return yield* sumOfAll(Array.from({ length: AT_ONCE }, () => spawn(take)))
    })
  }
}

/** A greenlet a page, as many as are fetched at once, then the next. */
function inGreenBatches(get: (url: string) => Green<number>): Client {
  return (urls) =>
    run(function* () {
      let sum = 0
      for (const batch of batchesOf(urls)) sum += yield* sumOfAll(batch.map((url) => spawn(get, url)))
      return sum
    })
}

function* sumOfAll(greenlets: readonly Greenlet<number>[]): Green<number> {
  const joined = yield* joinall(greenlets, { raiseError: true })
  return sumOf(joined.map(({ value }) => (typeof value === 'number' ? value : NaN)))
}
