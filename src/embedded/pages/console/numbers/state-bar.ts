/**
 * In which states they are, as a bar and in words.
 */
import type { RowState, StateCounts } from '../../../../trace/console/state.ts'
import { html } from '../../shared/element.ts'
import { formatCount } from '../../shared/format.ts'

/** In the order in which they are drawn. */
const STATES: readonly RowState[] = ['running', 'ready', 'waiting', 'switched', 'not started']

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
