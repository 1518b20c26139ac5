/**
 * The bar of a greenlet: its life in cells on a time axis, one column of a terminal each.
 *
 * A cell stands for a stretch of time, and shows that the greenlet ran when anything of it ran in that time, be it ever so short, since
 * who looks at a picture looks for that; else what took the most of it. In a wait that is long enough stands what is waited for.
 *
 * Stands on text in columns. Leaves names, axis and legend to `terminal.ts`.
 */
import type { End, Span, SpanKind, Track } from '../record/recording.ts'
import { characters, clean, columnsOf, cut, widthOf } from './text/columns.ts'

/** What a cell may show. `partly`: it ran for less than half of the time. */
export type Mark = SpanKind | 'partly' | 'spawned' | End

/** Each mark as a character, and with which others it is drawn. */
export interface Look {
  readonly marks: Readonly<Record<Mark, string>>
  readonly line: string
  readonly tick: string
  readonly arrow: string
  readonly ascii: boolean
}

/** As most terminals can show it. */
export const PLAIN: Look = {
  marks: {
    running: '█',
    partly: '▄',
    ready: '▒',
    waiting: '─',
    switched: '┄',
    spawned: '├',
    returned: '┤',
    failed: '✗',
    killed: '†',
  },
  line: '─',
  tick: '┬',
  arrow: '──▶',
  ascii: false,
}

/** In ASCII. */
export const ASCII: Look = {
  marks: {
    running: '#',
    partly: '+',
    ready: ':',
    waiting: '-',
    switched: '.',
    spawned: '[',
    returned: ']',
    failed: '!',
    killed: 'x',
  },
  line: '-',
  tick: '+',
  arrow: '-->',
  ascii: true,
}

/** How a piece of a line is coloured. */
export type Style = Mark | 'axis' | 'title' | ''

/** The numbers of the terminal's own colours: they suit a light and a dark background. */
const COLOURS: Readonly<Partial<Record<Style, string>>> = {
  running: '32',
  partly: '32',
  ready: '33',
  waiting: '90',
  switched: '35',
  spawned: '90',
  returned: '90',
  failed: '31',
  killed: '31',
  axis: '90',
  title: '1',
}

/** Colours `text`, where there are to be colours. */
export function styled(text: string, style: Style, color: boolean): string {
  const number = COLOURS[style]
  return color && number !== undefined && text !== '' ? `\u001b[${number}m${text}\u001b[0m` : text
}

/** So much of a cell is nothing: times are binary fractions. */
const ROUNDING = 1e-6
/** What may be in a cell, the weightiest first where nothing has any length. */
const KINDS: readonly SpanKind[] = ['running', 'ready', 'switched', 'waiting']

/** A text that stands in the bar. */
interface Label {
  readonly cell: number
  readonly text: string
}

/** One row of cells: the life of a greenlet, or those of many, one over the other. */
export class Bar {
  /** How many milliseconds of which kind are in which cell: the cells of one kind after those of another. */
  readonly #ms: Float64Array
  /** Whether anything of a kind is in a cell, however short. */
  readonly #touched: Uint8Array
  readonly #labels: Label[] = []
  readonly #cells: number
  readonly #msPerCell: number
  readonly #look: Look
  /** The one whose life it is; null: it is that of many. */
  readonly #one: Track | null

  /** `cells` cells for the time from 0 to `axisMs`. */
  constructor(lives: readonly Track[], cells: number, axisMs: number, look: Look) {
    this.#cells = cells
    this.#msPerCell = axisMs / cells
    this.#look = look
    this.#ms = new Float64Array(KINDS.length * cells)
    this.#touched = new Uint8Array(KINDS.length * cells)
    const [first = null] = lives
    this.#one = lives.length === 1 ? first : null
    for (const { spans } of lives) for (const span of spans) this.#add(span)
  }

  #cellAt(ms: number): number {
    return Math.min(this.#cells - 1, Math.max(0, Math.floor(ms / this.#msPerCell + ROUNDING)))
  }

  /** The cell that ends with `ms`; one cell at least is shown from `first` on. */
  #cellBefore(ms: number, first: number): number {
    return Math.max(first, Math.min(this.#cells, Math.ceil(ms / this.#msPerCell)) - 1)
  }

  #add(span: Span): void {
    const { kind, fromMs, toMs } = span
    const first = this.#cellAt(fromMs)
    const last = toMs > fromMs ? this.#cellBefore(toMs, first) : first
    const base = KINDS.indexOf(kind) * this.#cells
    for (let cell = first; cell <= last; cell++) {
      const from = Math.max(fromMs, cell * this.#msPerCell)
      const to = Math.min(toMs, (cell + 1) * this.#msPerCell)
      this.#ms[base + cell] = (this.#ms[base + cell] ?? 0) + Math.max(0, to - from)
      this.#touched[base + cell] = 1
    }
    if (span.what === null || this.#one === null) return
    const begin = fromMs <= first * this.#msPerCell ? first : first + 1
    const end = toMs >= (last + 1) * this.#msPerCell ? last : last - 1
    this.#label(span, begin, end)
  }

  /** Writes what is waited for into the cells from `begin` to `end`, which are all of that wait, if there is room. */
  #label({ kind, what }: Span, begin: number, end: number): void {
    const { ascii } = this.#look
    const room = end - begin + 1 - 4
    const whole = `${kind === 'switched' ? 'to ' : ''}${clean(what ?? '', ascii)}`
    const text = widthOf(whole) <= room || room >= ROOM ? cut(whole, room, ascii) : ''
    if (text !== '') this.#labels.push({ cell: begin + 1, text: ` ${text} ` })
  }

  /** What cell `cell` shows; null: nothing. */
  #markOf(cell: number): Mark | null {
    if (this.#touched[cell] === 1) return (this.#ms[cell] ?? 0) * 2 >= this.#msPerCell * 0.999 ? 'running' : 'partly'
    let most: SpanKind | null = null
    let mostMs = -1
    for (const [index, kind] of KINDS.entries()) {
      const at = index * this.#cells + cell
      const ms = this.#ms[at] ?? 0
      if (this.#touched[at] !== 1 || ms <= mostMs) continue
      most = kind
      mostMs = ms
    }
    return most
  }

  /** Draws the bar, with a column more on each side for spawn and end; `seen` is told which marks are in it. */
  toString(color = false, seen: Set<Mark> = new Set()): string {
    const texts = new Array<string>(this.#cells + 2).fill(' ')
    const styles = new Array<Style>(this.#cells + 2).fill('')
    const put = (column: number, mark: Mark): void => {
      texts[column] = this.#look.marks[mark]
      styles[column] = mark
      seen.add(mark)
    }
    for (let cell = 0; cell < this.#cells; cell++) {
      const mark = this.#markOf(cell)
      if (mark !== null) put(cell + 1, mark)
    }
    for (const { cell, text } of this.#labels) write(texts, styles, cell + 1, text)
    const { spans, spawnedMs, endedMs, end } = this.#one ?? NOBODY
    const first = this.#cellAt(spans[0]?.fromMs ?? spawnedMs ?? 0)
    if (spawnedMs !== null) put(first, 'spawned')
    if (endedMs !== null && end !== null) put(this.#cellBefore(endedMs, first) + 2, end)
    return joined(texts, styles, color)
  }
}

/** What a bar of many says of spawn and end. */
const NOBODY: Pick<Track, 'spans' | 'spawnedMs' | 'endedMs' | 'end'> = {
  spans: [],
  spawnedMs: null,
  endedMs: null,
  end: null,
}
/** So many columns are worth a text that is cut. */
const ROOM = 8

/** Writes `text` over columns; of one that takes two columns the second is left empty. */
function write(texts: string[], styles: Style[], column: number, text: string): void {
  let at = column
  for (const character of characters(text)) {
    const columns = columnsOf(character)
    if (columns === 0) continue
    texts[at] = character
    styles.fill('', at, at + columns)
    if (columns === 2) texts[at + 1] = ''
    at += columns
  }
}

function joined(texts: readonly string[], styles: readonly Style[], color: boolean): string {
  let line = ''
  let piece = ''
  let style: Style = ''
  for (const [column, text] of texts.entries()) {
    const next = styles[column] ?? ''
    if (COLOURS[next] !== COLOURS[style]) {
      line += styled(piece, style, color)
      piece = ''
      style = next
    }
    piece += text
  }
  return line + (style === '' ? piece.trimEnd() : styled(piece, style, color))
}
