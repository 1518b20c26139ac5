/** One page of `pages.ts`, as it is told to people: when its greenlet began and ended, and what came of it. */
import type { Greenlet } from 'greenloop'

/** What a page's greenlet returns. */
export interface Page {
  status: number
  /** Characters of the text. */
  size: number
}

/** A greenlet that fetches a page, with the times for the picture. */
export interface Visit {
  readonly url: string
  readonly greenlet: Greenlet<Page>
  readonly began: number
  /** Set when the greenlet has ended. */
  ended: number
  /** Why there is no page; null when there is one. Set when the greenlet has ended. */
  reason: string | null
}

/** Times `greenlet`, which has just been spawned, and prints its line when it ends. */
export function visit(url: string, greenlet: Greenlet<Page>): Visit {
  const page: Visit = { url, greenlet, began: performance.now(), ended: Infinity, reason: null }
  greenlet.rawlink(() => {
    page.ended = performance.now()
    if (!greenlet.successful()) page.reason = reasonOf(greenlet.exception)
    console.log(lineOf(page))
  })
  return page
}

/** From the begin of the first page to the end of the last. */
export function tookMs(pages: readonly Visit[]): number {
  return Math.max(...pages.map((page) => page.ended)) - Math.min(...pages.map((page) => page.began))
}

function lineOf({ url, greenlet, began, ended, reason }: Visit): string {
  const time = `${(ended - began).toFixed(0)} ms`.padStart(8)
  if (reason !== null) return `  failed             ${time}  ${url}  ${reason}`
  const { status, size } = greenlet.value as Page // it has ended, nobody killed it, and it did not fail
  return `  ${status}  ${`${size} chars`.padStart(15)} ${time}  ${url}`
}

/** What went wrong, in one line. `fetch` says only "fetch failed"; its cause says why. */
function reasonOf(error: unknown): string {
  let inner = error
  while (inner instanceof Error && inner.cause !== undefined) inner = inner.cause
  // A host name with several addresses fails with one error for each.
  if (inner instanceof AggregateError && inner.errors.length > 0) return inner.errors.map(reasonOf).join('; ')
  if (!(inner instanceof Error)) return String(inner)
  const { message, code } = inner as NodeJS.ErrnoException
  if (code === undefined || message.includes(code)) return message
  return `${message} (${code})`
}
