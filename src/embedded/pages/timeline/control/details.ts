/**
 * What is known of a span: beside the pointer as long as it is there, below the picture as long as it is pinned.
 */
import { copyButton, html } from '../../shared/element.ts'
import { type Facts, factsOf, sentenceOf } from '../model/facts.ts'
import type { Spot, Stage } from '../stage.ts'

/** From the pointer. */
const AWAY = 14

export class Details {
  readonly tooltip: HTMLElement = html('div', { class: 'tooltip', role: 'tooltip', hidden: '' })
  readonly pane: HTMLElement = html('aside', { class: 'details', 'aria-label': 'Details', hidden: '' })
  /** Read out by screen readers when it changes. */
  readonly spoken: HTMLElement = html('p', { class: 'unseen', role: 'status', 'aria-live': 'polite' })
  readonly #stage: Stage
  #hovered: Spot | null = null
  #shown: Spot | null = null

  constructor(stage: Stage) {
    this.#stage = stage
    stage.onChange(() => this.#update())
  }

  /** Shows the tooltip of a spot at a place of the window; null hides it. */
  hover(spot: Spot | null, x = 0, y = 0): void {
    if (spot === null) {
      this.#hovered = null
      this.tooltip.hidden = true
      return
    }
    if (!isSame(spot, this.#hovered)) {
      this.#hovered = spot
      this.tooltip.replaceChildren(...contents(factsOf(spot), false))
    }
    this.tooltip.hidden = false
    const { offsetWidth, offsetHeight } = this.tooltip
    const isRight = x + AWAY + offsetWidth <= innerWidth - 4
    const isBelow = y + AWAY + offsetHeight <= innerHeight - 4
    this.tooltip.style.left = `${Math.max(4, Math.min(isRight ? x + AWAY : x - AWAY - offsetWidth, innerWidth - offsetWidth - 4))}px`
    this.tooltip.style.top = `${Math.max(4, isBelow ? y + AWAY : y - AWAY - offsetHeight)}px`
  }

  #update(): void {
    const { picked, pinned } = this.#stage
    if (!isSame(picked, this.#shown)) {
      this.#shown = picked
      const facts = picked === null ? null : factsOf(picked)
      this.spoken.textContent = facts === null ? '' : sentenceOf(facts)
      this.pane.replaceChildren(...(facts === null ? [] : [this.#close(), ...contents(facts, true)]))
    }
    this.pane.hidden = !pinned || picked === null
  }

  #close(): HTMLButtonElement {
    const button = html(
      'button',
      { type: 'button', class: 'close', 'aria-label': 'Close the details', title: 'Close (Escape)' },
      '×',
    )
    button.addEventListener('click', () => this.#stage.pick(null))
    return button
  }
}

function contents({ name, doing, kind, list }: Facts, isPinned: boolean): Node[] {
  const sign = html('i', { class: `swatch ${kind ?? 'none'}` })
  const head = html('p', { class: 'head' }, sign, html('strong', {}, name), html('span', {}, doing))
  const facts = html('dl')
  for (const { label, text, isCode } of list) {
    const value = html('dd', {}, isCode ? html('code', {}, text) : text)
    if (isCode && isPinned) value.append(copyButton(text))
    facts.append(html('div', {}, html('dt', {}, label), value))
  }
  return [head, facts]
}

function isSame(one: Spot | null, other: Spot | null): boolean {
  return one === other || (one?.track === other?.track && one?.span === other?.span)
}
