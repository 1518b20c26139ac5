/**
 * The numbers along the top: who lives, how much goes on, how the process is; each with its last minute.
 */
import type { ConsoleState, Totals } from '../../../../trace/console/state.ts'
import { html } from '../../shared/element.ts'
import { counted, formatCount } from '../../shared/format.ts'
import { Sparkline } from './sparkline.ts'
import { StateBar } from './state-bar.ts'
import { formatBytes, formatLate, formatRate, setText } from './words.ts'

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

  /** Shows what it is now; the line is broken after more than `gapMs`. */
  show({ value, text, unit, remark }: Figure, gapMs: number): void {
    setText(this.#value, text)
    setText(this.#unit, unit)
    setText(this.#remark, remark)
    this.#line.add(value, gapMs)
  }
}

/** What a tile shows. */
interface Figure {
  /** Null: there is none yet. */
  readonly value: number | null
  readonly text: string
  readonly unit: string
  readonly remark: string
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
    const gapMs = Math.max(3000, state.everyMs * 4)
    this.#living.show(livingOf(state), gapMs)
    this.#bar.update(state.states)
    this.#looks = this.#looks.filter(({ watch, pid }) => watch === state.watch && pid === state.pid)
    while (this.#looks.length > 1 && (this.#looks[1]?.atMs ?? 0) <= state.atMs - RATE_MS) this.#looks.shift()
    for (const [name, tile] of this.#rates) tile.show(this.#rateOf(state, name), gapMs)
    this.#looks.push(state)
    this.#loop.show(delayOf(state), gapMs)
    this.#memory.show(heapOf(state), gapMs)
  }

  /** How many a second lately. */
  #rateOf({ atMs, totals }: ConsoleState, name: keyof Totals): Figure {
    const [before] = this.#looks
    const failed = name === 'ended' && totals.failed > 0 ? ` · ${formatCount(totals.failed)} failed` : ''
    const remark = `${formatCount(totals[name])} in all${failed}`
    // The first look of its watch has nothing to be compared with.
    if (before === undefined || atMs <= before.atMs) return { value: null, text: '–', unit: '/s', remark }
    const rate = Math.max(0, ((totals[name] - before.totals[name]) / (atMs - before.atMs)) * 1000)
    return { value: rate, text: formatRate(rate), unit: '/s', remark }
  }
}

function livingOf({ living, timers, outstanding }: ConsoleState): Figure {
  return {
    value: living,
    text: formatCount(living),
    unit: living === 1 ? 'greenlet' : 'greenlets',
    remark: `${counted(timers, 'timer')}${outstanding === 0 ? '' : ` · ${formatCount(outstanding)} outside`}`,
  }
}

/** How late the loop is for one in a hundred. */
function delayOf({ vitals: { delay, busy } }: ConsoleState): Figure {
  const busyText = busy === null ? '' : `${Math.round(busy * 100)} % busy`
  if (delay === null) return { value: null, text: '–', unit: '', remark: busyText }
  const [text = '', unit = ''] = formatLate(delay.p99).split(' ')
  const remark = `max ${formatLate(delay.max)}${busyText === '' ? '' : ` · ${busyText}`}`
  return { value: delay.p99, text, unit: `${unit} p99`, remark }
}

function heapOf({ vitals: { heapUsed, rss } }: ConsoleState): Figure {
  const [text = '', unit = ''] = formatBytes(heapUsed).split(' ')
  return { value: heapUsed, text, unit, remark: `process ${formatBytes(rss)}` }
}
