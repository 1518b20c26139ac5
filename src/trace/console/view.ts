/**
 * What of the tree a page wants to see: the filter, and which rows are open. It comes with each request, so that the console keeps nothing
 * for a page.
 *
 * Stands on nothing. Leaves to `tree-rows.ts` what that makes of the tree.
 */

/** How many rows are sent at the most, besides those that were asked for. */
const ROWS = 400
/** How many of a set are shown at first, and how many at the most. */
const SET = 100
const LARGEST_SET = 5000
/** A longer list of ids is cut. */
const IDS = 1000

/** What a page wants to see. */
export interface View {
  /** In small letters; empty: no filter. */
  readonly filter: string
  /** Rows that were closed. */
  readonly closed: ReadonlySet<number>
  /** Groups that were opened. */
  readonly open: ReadonlySet<number>
  /** How many of the set below a row are shown, where more were asked for. */
  readonly more: ReadonlyMap<number, number>
  /** The row that is wanted in any case; null: none. */
  readonly chosen: number | null
  /** How many rows there may be. */
  readonly rows: number
}

/** How many of the set below the row `id` are to be shown. */
export function shownOf({ more }: View, id: number): number {
  return more.get(id) ?? SET
}

/** Reads `filter=queue&closed=3,4&open=9&more=9:300`; what makes no sense is ignored. */
export function readView(query: URLSearchParams): View {
  const more = new Map<number, number>()
  for (const pair of (query.get('more') ?? '').split(',').slice(0, IDS)) {
    const [id, count] = pair.split(':').map(Number)
    if (id === undefined || count === undefined || !Number.isSafeInteger(id) || !(count > SET)) continue
    more.set(id, Math.min(Math.floor(count), LARGEST_SET))
  }
  let extra = 0
  for (const count of more.values()) extra += count
  return {
    filter: (query.get('filter') ?? '').trim().toLowerCase().slice(0, 200),
    closed: readIds(query.get('closed')),
    open: readIds(query.get('open')),
    more,
    chosen: [...readIds(query.get('chosen'))][0] ?? null,
    rows: ROWS + Math.min(extra, LARGEST_SET),
  }
}

function readIds(text: string | null): Set<number> {
  if (text === null || text === '') return new Set()
  return new Set(text.split(',').slice(0, IDS).map(Number).filter(Number.isSafeInteger))
}
