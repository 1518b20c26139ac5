/**
 * What a person wants to see: the filter, what is open, who is selected. It goes along with each question, and whoever changes it has the
 * question asked at once.
 */

/** How many more of a long list are shown at a time. */
export const STEP = 200
/** How many of a list are shown at first; the process says the same. */
const FIRST = 100

/** The wishes of one page. */
export class Wanted {
  filter = ''
  /** The number of the row that is selected; 0: main. */
  selected: number | null = null
  readonly #closed = new Set<number>()
  readonly #open = new Set<number>()
  readonly #more = new Map<number, number>()
  /** Called when another row is selected. */
  onSelect: () => void = () => undefined
  /** Called when something else has changed. */
  onChange: () => void = () => undefined

  /** The same as a query. */
  query(): URLSearchParams {
    const query = new URLSearchParams()
    if (this.filter !== '') query.set('filter', this.filter)
    if (this.selected !== null) query.set('chosen', String(this.selected))
    if (this.#closed.size > 0) query.set('closed', last(this.#closed).join(','))
    if (this.#open.size > 0) query.set('open', last(this.#open).join(','))
    if (this.#more.size > 0)
      query.set(
        'more',
        last(this.#more)
          .map((pair) => pair.join(':'))
          .join(','),
      )
    return query
  }

  find(text: string): void {
    this.filter = text
    this.onChange()
  }

  select(id: number | null): void {
    if (this.selected === id) return
    this.selected = id
    this.onSelect()
  }

  /** Opens or closes what is below a row. */
  toggle(id: number, isGroup: boolean, open: boolean): void {
    if (isGroup) keep(this.#open, id, open)
    else keep(this.#closed, id, !open)
    if (!open) this.#more.delete(id)
    this.onChange()
  }

  /** Shows more of what is directly below a row. */
  showMore(id: number): void {
    this.#more.set(id, (this.#more.get(id) ?? FIRST) + STEP)
    this.onChange()
  }
}

function keep(set: Set<number>, id: number, isIn: boolean): void {
  if (isIn) set.add(id)
  else set.delete(id)
}

/** Those that were put in last: a question has no room for more. */
function last<T>(all: Iterable<T>): T[] {
  return [...all].slice(-300)
}
