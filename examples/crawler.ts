/**
 * A crawler: sixteen greenlets take pages from a queue, fetch them, and put the links that they find into it. No host is asked for more than
 * four pages at once; what fails for a moment is tried again, what is silent is given up, and a page that is lost stops nobody.
 *
 * Run: `npx tsx examples/crawler.ts`, or with a URL of your own: `npx tsx examples/crawler.ts https://example.org/`, which reads at most 500
 * pages of that host. Without one it crawls a site of 500 pages on two hosts that it serves itself, and some of whose pages fail.
 *
 * Expected output, in a pipe (on a terminal it is a bar that grows):
 * ```text
 * [####----------------] 100 pages
 * [########------------] 200 pages
 * [############--------] 300 pages
 * [################----] 400 pages
 * [####################] 500 pages
 * 490 pages read, <n> characters, in <n> ms; 4 at once of one host at the most
 * 10 pages lost:
 *   5 x HTTPError, such as "500 Server Error: Internal Server Error for url: http://127.0.0.1:<n>/page/<n>"
 *   5 x ReadTimeout, such as "GET http://127.0.0.1:<n>/page/<n>: nothing came from the server for 300 ms, where an answer was to come."
 * ```
 */
import { type Green, isInterrupt, Pool, Queue, run } from 'greenloop'
import { requests } from 'greenloop/http'
import { openFaultySite } from './support/faulty-site.ts'
import { ProgressBar } from './support/progress-bar.ts'

const WORKERS = 16
const MOST_PAGES = 500

class Crawler {
  readonly #session = new requests.Session({
    connectionsPerHost: 4,
    timeoutMs: 300,
    retries: new requests.Retry({ total: 3, backoffMs: 10 }),
  })
  readonly #todo = new Queue<string>()
  readonly #seen = new Set<string>()
  readonly #mayRead: (url: URL) => boolean
  readonly #bar = new ProgressBar('pages')
  readonly lost: Error[] = []
  read = 0
  characters = 0

  constructor(mayRead: (url: URL) => boolean) {
    this.#mayRead = mayRead
  }

  /** Reads the page at `url`, and all that its links lead to. */
  *crawl(url: string): Green<void> {
    this.#find(new URL(url))
    const workers = new Pool(WORKERS)
    for (let n = 0; n < WORKERS; n++) yield* workers.spawn(() => this.#work())
    yield* this.#todo.join() // each page is read or lost
    yield* workers.kill()
    this.#session.close()
    this.#bar.end()
  }

  /** What each of the greenlets does, until it is killed. */
  *#work(): Green<void> {
    for (;;) {
      const url = yield* this.#todo.get()
      try {
        yield* this.#visit(url)
      } catch (err) {
        if (isInterrupt(err)) throw err
        this.lost.push(err as Error) // requests throws errors only
      } finally {
        this.#todo.taskDone()
        this.#bar.show(this.read + this.lost.length, MOST_PAGES)
      }
    }
  }

  *#visit(url: string): Green<void> {
    const page = yield* this.#session.get(url)
    page.raiseForStatus()
    for (const [, link = ''] of page.text.matchAll(/href="([^"#]+)/gu)) this.#find(new URL(link, page.url))
    this.read++
    this.characters += page.text.length
  }

  #find(url: URL): void {
    if (this.#seen.has(url.href) || this.#seen.size === MOST_PAGES || !this.#mayRead(url)) return
    this.#seen.add(url.href)
    this.#todo.putNowait(url.href)
  }
}

/** How often each kind of error came, with an example. */
function* kinds(errors: readonly Error[]): Iterable<string> {
  for (const name of new Set(errors.map((error) => error.name).sort())) {
    const ofThese = errors.filter((error) => error.name === name)
    yield `${String(ofThese.length)} x ${name}, such as "${ofThese[0]?.message ?? ''}"`
  }
}

const given = process.argv[2]
const site = given === undefined ? await openFaultySite() : null
const start = new URL(site?.url ?? given ?? '')

await run(function* () {
  const began = performance.now()
  const crawler = new Crawler((url) => url.hostname === start.hostname)
  yield* crawler.crawl(start.href)
  const ms = (performance.now() - began).toFixed(0)
  const atOnce = site === null ? '' : `; ${String(site.mostAtOnce)} at once of one host at the most`
  console.log(`${String(crawler.read)} pages read, ${String(crawler.characters)} characters, in ${ms} ms${atOnce}`)
  if (crawler.lost.length > 0) console.log(`${String(crawler.lost.length)} pages lost:`)
  for (const kind of kinds(crawler.lost)) console.log(`  ${kind}`)
})
site?.close()
