/**
 * Fetches a thousand pages, a hundred at once, by one of the clients: `node get.ts name port warm-ups measured`.
 *
 * Prints the nanoseconds per page, the median of the measured rounds.
 */
import { type Green, type Greenlet, joinall, Pool, run, spawn } from 'greenloop'
import { fetch as greenFetch, requests } from 'greenloop/http'
import { patchFetch } from 'greenloop/monkey'

const PAGES = 1000
const AT_ONCE = 100
const BYTES = 1024

/** Fetches all pages, and gives the bytes of all. */
type Client = (urls: readonly string[]) => Promise<number>

/** What the pages are fetched by. */
const CLIENTS: Readonly<Record<string, () => Client | Promise<Client>>> = {
  'undici.request': async () => {
    const { request } = await undici()
    return (urls) => byFunctions(urls, async (url) => (await (await request(url)).body.arrayBuffer()).byteLength)
  },
  'undici.request, text': async () => {
    const { request } = await undici()
    return (urls) => byFunctions(urls, async (url) => (await (await request(url)).body.text()).length)
  },
  'requests.get': () => (urls) => byGreenlets(urls, bytesOf),
  'requests.get, Pool': () => (urls) =>
    run(function* () {
      return sum(yield* new Pool(AT_ONCE).map(bytesOf, urls))
    }),
  fetch: () => (urls) => inBatches(urls, fetch),
  'fetch, signal': () => (urls) => inBatches(urls, (url) => fetch(url, { signal: new AbortController().signal })),
  'fetch, greenlets': () => {
    patchFetch()
    return (urls) =>
      inGreenBatches(urls, function* (url) {
        return (yield* (yield* fetch(url)).arrayBuffer()).byteLength
      })
  },
  'undici.fetch': async () => {
    const { fetch } = await undici()
    return (urls) => inBatches(urls, fetch)
  },
  'undici.fetch, signal': async () => {
    const { fetch } = await undici()
    return (urls) => inBatches(urls, (url) => fetch(url, { signal: new AbortController().signal }))
  },
  'undici.fetch, greenlets': () => (urls) =>
    inGreenBatches(urls, function* (url) {
      return (yield* (yield* greenFetch(url)).arrayBuffer()).byteLength
    }),
}

/** Once it is loaded, the fetch of Node sends by it, too: so only where it is wanted. */
function undici(): Promise<typeof import('undici')> {
  return import('undici')
}

function* bytesOf(url: string): Green<number> {
  return (yield* requests.get(url)).content.length
}

/** A hundred async functions, each of which takes the next page. */
async function byFunctions(urls: readonly string[], get: (url: string) => Promise<number>): Promise<number> {
  const pages = urls.values()
  const take = async () => {
    let bytes = 0
    for (const url of pages) bytes += await get(url)
    return bytes
  }
  return sum(await Promise.all(Array.from({ length: AT_ONCE }, take)))
}

/** A hundred greenlets, the same. */
function byGreenlets(urls: readonly string[], get: (url: string) => Green<number>): Promise<number> {
  const pages = urls.values()
  function* take(): Green<number> {
    let bytes = 0
    for (const url of pages) bytes += yield* get(url)
    return bytes
  }
  return run(function* () {
    return yield* sumOf(Array.from({ length: AT_ONCE }, () => spawn(take)))
  })
}

async function inBatches(
  urls: readonly string[],
  get: (url: string) => Promise<{ arrayBuffer(): Promise<ArrayBuffer> }>,
): Promise<number> {
  let bytes = 0
  for (const batch of batchesOf(urls)) {
    bytes += sum(await Promise.all(batch.map(async (url) => (await (await get(url)).arrayBuffer()).byteLength)))
  }
  return bytes
}

function inGreenBatches(urls: readonly string[], get: (url: string) => Green<number>): Promise<number> {
  return run(function* () {
    let bytes = 0
    for (const batch of batchesOf(urls)) bytes += yield* sumOf(batch.map((url) => spawn(get, url)))
    return bytes
  })
}

function batchesOf(urls: readonly string[]): readonly (readonly string[])[] {
  return Array.from({ length: urls.length / AT_ONCE }, (_, n) => urls.slice(n * AT_ONCE, (n + 1) * AT_ONCE))
}

function* sumOf(greenlets: readonly Greenlet<number>[]): Green<number> {
  const joined = yield* joinall(greenlets, { raiseError: true })
  return sum(joined.map(({ value }) => (typeof value === 'number' ? value : NaN)))
}

function sum(list: readonly number[]): number {
  return list.reduce((total, one) => total + one, 0)
}

const [name = '', port = '', warmUps = '', measured = ''] = process.argv.slice(2)
const make = CLIENTS[name]
if (make === undefined) throw new Error(`There are ${Object.keys(CLIENTS).join(', ')}.`)
const client = await make()
const urls = Array.from({ length: PAGES }, (_, n) => `http://127.0.0.1:${port}/page/${String(n)}`)
const samples: number[] = []
for (let round = -Number(warmUps); round < Number(measured); round++) {
  const began = performance.now()
  const bytes = await client(urls)
  const took = performance.now() - began
  if (bytes !== PAGES * BYTES) throw new Error(`${name} has fetched ${String(bytes)} bytes.`)
  if (round >= 0) samples.push((took / PAGES) * 1e6)
}
console.log(samples.sort((a, b) => a - b)[samples.length >> 1])
process.exit() // connections are kept alive
