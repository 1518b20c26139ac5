/**
 * What the programs have in common that fetch pages: `node get-….js name port pages at-once bytes warm-up-ms measured-ms`.
 *
 * All pages are fetched again and again, first to warm up, where there is a time for it, then once at least and until the time is over.
 * Prints a measurement, each figure for one page.
 */

/** Fetches all pages, and gives the bytes of all. */
export type Client = (urls: readonly string[]) => Promise<number>

const [name = '', port = '', ...figures] = process.argv.slice(2)
const [pages = NaN, atOnce = NaN, bytes = NaN, warmUpMs = NaN, measuredMs = NaN] = figures.map(Number)

/** So many at a time. */
export const AT_ONCE: number = atOnce

const URLS = Array.from({ length: pages }, (_, n) => `http://127.0.0.1:${port}/page/${String(n)}`)

/** Measures the one that the command line names. */
export async function measureOneOf(clients: Readonly<Record<string, () => Client>>): Promise<void> {
  const client = clients[name]?.()
  if (client === undefined) throw new Error(`There are ${Object.keys(clients).join(', ')}.`)
  const warm = performance.now() + warmUpMs
  while (performance.now() < warm) await fetchAll(client)
  const [began, cpuBegan] = [performance.now(), process.cpuUsage()]
  let done = 0
  do {
    await fetchAll(client)
    done += pages
  } while (performance.now() - began < measuredMs)
  const [took, { user, system }] = [performance.now() - began, process.cpuUsage(cpuBegan)]
  console.log(JSON.stringify({ wallNs: (took / done) * 1e6, cpuNs: ((user + system) / done) * 1e3, peakBytes: null }))
  process.exit() // connections are kept alive
}

async function fetchAll(client: Client): Promise<void> {
  const got = await client(URLS)
  if (got !== pages * bytes) throw new Error(`${name} has fetched ${String(got)} bytes.`)
}

/** Async functions, as many as pages are fetched at once, each of which takes the next page. */
export function byFunctions(get: (url: string) => Promise<number>): Client {
  return async (urls) => {
    const left = urls.values()
    const take = async (): Promise<number> => {
      let sum = 0
      for (const url of left) sum += await get(url)
      return sum
    }
    return sumOf(await Promise.all(Array.from({ length: AT_ONCE }, take)))
  }
}

/** `Promise.all` of as many as are fetched at once, then of the next. */
export function inBatches(get: (url: string) => Promise<{ arrayBuffer(): Promise<ArrayBuffer> }>): Client {
  return async (urls) => {
    let sum = 0
    for (const batch of batchesOf(urls)) {
      sum += sumOf(await Promise.all(batch.map(async (url) => (await (await get(url)).arrayBuffer()).byteLength)))
    }
    return sum
  }
}

/** The same pages, as many as are fetched at once in each. */
export function batchesOf(urls: readonly string[]): readonly (readonly string[])[] {
  const count = Math.ceil(urls.length / AT_ONCE)
  return Array.from({ length: count }, (_, n) => urls.slice(n * AT_ONCE, (n + 1) * AT_ONCE))
}

export function sumOf(list: readonly number[]): number {
  return list.reduce((total, one) => total + one, 0)
}
