/**
 * The numbers along the top: who lives, how much goes on, how the process is; each with its last minute.
 */
import type { ConsoleState, RowState, StateCounts, Totals } from '../../../trace/console/state.ts'
import { html } from '../shared/element.ts'
import { counted, formatCount } from '../shared/format.ts'
import { Sparkline } from './sparkline.ts'
import { formatBytes, formatLate, formatRate } from './words.ts'

/** In the order in which they are drawn. */
const STATES: readonly RowState[] = ['running', 'ready', 'waiting', 'switched', 'not started']

/** Rates are those of so long. */
const RATE_MS = 2000

/** A number with a name, a remark and a line. */
class Tile {
  readonly element: HTMLElement
  readonly #value = html('strong', {}, '–')
  readonly #unit = html('span', { class: 'unit' })
  readonly #remark = html('span', { class: 'remark' })
  readonly #line: Sparkline

  constructor(name: string, kind: string) {
    this.#line = new Sparkline()
    this.element = html(
      'div',
      { class: `tile ${kind}` },
      html('h3', {}, name),
      html('p', {}, this.#value, this.#unit),
      this.#remark,
      this.#line.element,
    )
  }

  /** @param value - null: there is none yet. */
  show(value: number | null, text: string, unit: string, remark: string): void {
    setText(this.#value, text)
    setText(this.#unit, unit)
    setText(this.#remark, remark)
    this.#line.add(value)
  }
}

/** The row of tiles. */
export class Tiles {
  readonly element: HTMLElement
  readonly #living = new Tile('Living', 'living')
  readonly #bar = new StateBar()
  readonly #rates: readonly (readonly [keyof Totals, Tile])[] = [
    ['switches', new Tile('Switches', 'rate')],
    ['spawned', new Tile('Spawns', 'rate')],
    ['ended', new Tile('Ends', 'rate')],
    ['wakes', new Tile('Wakes', 'rate')],
  ]
  readonly #loop = new Tile('Loop delay', 'loop')
  readonly #memory = new Tile('Heap', 'memory')
  /** The looks of the last two seconds, the oldest first: rates of a shorter time jump. */
  #looks: ConsoleState[] = []

  constructor() {
    this.#living.element.append(this.#bar.element)
    const tiles = [this.#living, ...this.#rates.map(([, tile]) => tile), this.#loop, this.#memory]
    this.element = html('section', { class: 'tiles', 'aria-label': 'Numbers' }, ...tiles.map(({ element }) => element))
  }

  update(state: ConsoleState): void {
    const { living, states, timers, outstanding, vitals, totals } = state
    this.#living.show(
      living,
      formatCount(living),
      living === 1 ? 'greenlet' : 'greenlets',
      `${counted(timers, 'timer')} · ${formatCount(outstanding)} outside`,
    )
    this.#bar.update(states)
    this.#looks = this.#looks.filter(({ watch, pid }) => watch === state.watch && pid === state.pid)
    while (this.#looks.length > 1 && (this.#looks[1]?.atMs ?? 0) <= state.atMs - RATE_MS) this.#looks.shift()
    for (const [name, tile] of this.#rates) {
      const rate = this.#rateOf(state, name)
      const failed = name === 'ended' && totals.failed > 0 ? ` · ${formatCount(totals.failed)} failed` : ''
      tile.show(rate, rate === null ? '–' : formatRate(rate), '/s', `${formatCount(totals[name])} in all${failed}`)
    }
    this.#looks.push(state)
    const { delay, busy } = vitals
    const busyText = busy === null ? '' : `${Math.round(busy * 100)} % busy`
    const most = delay === null ? '' : `max ${formatLate(delay.max)}`
    const [late = '–', unit = ''] = delay === null ? [] : formatLate(delay.p99).split(' ')
    this.#loop.show(
      delay?.p99 ?? null,
      late,
      delay === null ? '' : `${unit} p99`,
      [most, busyText].filter(Boolean).join(' · '),
    )
    const [size = '', sizeUnit = ''] = formatBytes(vitals.heapUsed).split(' ')
    this.#memory.show(
      vitals.heapUsed,
      size,
      sizeUnit,
      `process ${formatBytes(vitals.rss)}`,
    )
  }

  /** How many a second lately; null: this is the first look of its watch. */
  #rateOf({ atMs, totals }: ConsoleState, name: keyof Totals): number | null {
    const [before] = this.#looks
    if (before === undefined || atMs <= before.atMs) return null
    return Math.max(0, ((totals[name] - before.totals[name]) / (atMs - before.atMs)) * 1000)
  }
}

/** How many are in which state, as parts of a bar. */
export class StateBar {
  readonly element: HTMLElement = html('div', { class: 'states', role: 'img' })
  readonly #parts = new Map<RowState, HTMLElement>()

  constructor() {
    for (const state of STATES) {
      const part = html('span', { 'data-state': state })
      this.#parts.set(state, part)
      this.element.append(part)
    }
  }

  update(states: StateCounts): void {
    for (const [state, part] of this.#parts) part.style.flexGrow = String(states[state] ?? 0)
    const text = statesInWords(states)
    if (this.element.title === text) return
    this.element.title = text
    this.element.setAttribute('aria-label', text === '' ? 'nobody' : text)
  }
}

/** `3 ready, 9,997 waiting` */
export function statesInWords(states: StateCounts): string {
  return STATES.filter((state) => states[state] !== undefined)
    .map((state) => `${formatCount(states[state] ?? 0)} ${state}`)
    .join(', ')
}

/** Sets a text if it is another one: nothing is drawn for one that stays. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text
}
