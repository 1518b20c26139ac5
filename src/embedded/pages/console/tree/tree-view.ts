/**
 * The tree: a list of rows of the same height, of which only those in sight have elements.
 *
 * One element has the focus, the tree; who is active in it is told by `aria-activedescendant`. What is above the first row in sight may
 * come and go without moving it.
 */
import type { Chosen, ConsoleState, Row } from '../../../../trace/console/state.ts'
import { html } from '../../shared/element.ts'
import { counted, formatCount } from '../../shared/format.ts'
import type { KillDialog } from '../kill-dialog.ts'
import { setText } from '../numbers/words.ts'
import type { Wanted } from '../wanted.ts'
import { keyOf, TreeRow } from './tree-row.ts'

/** Rows beyond the edges that have elements, too. */
const MARGIN = 6
/** A person who types is not asked for after each letter. */
const TYPING_MS = 150

/** The panel with the tree. */
export class TreeView {
  readonly element: HTMLElement
  readonly #wanted: Wanted
  readonly #dialog: KillDialog
  readonly #filter = html('input', {
    type: 'search',
    class: 'search',
    placeholder: 'Filter: name, call or state',
    'aria-label': 'Filter the greenlets',
    spellcheck: 'false',
    autocomplete: 'off',
  })
  readonly #summary = html('p', { class: 'summary', role: 'status' })
  readonly #space = html('div', { class: 'space', role: 'none' })
  readonly #tree = html(
    'div',
    { class: 'tree', role: 'tree', tabindex: 0, 'aria-label': 'Greenlets, by who has spawned them' },
    this.#space,
  )
  readonly #none = html('p', { class: 'none', hidden: '' }, 'Nobody is called so, or waits in such a call.')
  readonly #rowElements = new Map<string, TreeRow>()
  #rows: readonly Row[] = []
  #mayKill = false
  #active = 'row-0'
  /** Where the active one stood last. */
  #place = 0

  constructor(wanted: Wanted, dialog: KillDialog) {
    this.#wanted = wanted
    this.#dialog = dialog
    const names = ['Greenlet', 'State', 'Waits in', 'For', 'At']
    this.element = html(
      'section',
      { class: 'panel greenlets' },
      html('div', { class: 'head' }, html('h2', {}, 'Greenlets'), this.#summary, this.#filter),
      html(
        'div',
        { class: 'names', 'aria-hidden': 'true' },
        ...names.map((name) => html('span', { class: 'cell' }, name)),
        html('span', { class: 'act' }),
      ),
      html('div', { class: 'box' }, this.#tree, this.#none),
    )
    this.#tree.addEventListener('scroll', () => this.#paint(), { passive: true })
    this.#tree.addEventListener('keydown', (event) => this.#key(event))
    this.#tree.addEventListener('click', (event) => this.#click(event))
    this.#tree.addEventListener('focus', () => {
      // Who was active may have no row any more.
      if (this.#rows.length > 0 && !this.#isActiveShown()) this.#activate(this.#firstFound())
    })
    new ResizeObserver(() => this.#paint()).observe(this.#tree)
    this.#listenToFilter()
  }

  focus(): void {
    this.#tree.focus({ preventScroll: true })
  }

  /** The row of that number, if it is among those that were sent; with the one that it hangs on. */
  rowOf(id: number | null): Chosen | null {
    const place = this.#rows.findIndex((row) => row.id === id && row.kind !== 'rest')
    const row = this.#rows[place]
    if (row === undefined) return null
    let above = this.#rows[this.#above(row, place)]
    if (above?.kind === 'group') above = this.#rows[this.#above(above, this.#rows.indexOf(above))]
    return { ...row, spawner: above === undefined || above === row ? null : { id: above.id, name: above.name } }
  }

  update(state: ConsoleState): void {
    if (this.#mayKill !== state.mayKill) {
      this.#mayKill = state.mayKill
      this.element.classList.toggle('may-kill', state.mayKill)
    }
    this.element.classList.toggle('no-places', !state.rows.some(({ place }) => place !== null))
    const anchor = this.#anchor()
    this.#rows = state.rows
    const { length } = this.#rows
    const place = this.#rows.findIndex((row) => keyOf(row) === this.#active)
    this.#place = place >= 0 ? place : Math.min(this.#place, length - 1)
    this.#space.style.height = `${length * this.#height()}px`
    if (anchor !== null) this.#restore(anchor)
    this.#none.hidden = state.found !== 0
    setText(this.#summary, summaryOf(state))
    this.#paint()
  }

  /** Selects one, and brings it into sight if it has a row. */
  reveal(id: number): void {
    this.#active = `row-${id}`
    const place = this.#rows.findIndex((row) => keyOf(row) === this.#active)
    if (place >= 0) this.#show(place)
    this.#paint()
    this.#wanted.select(id)
  }

  /** Has only those shown that `text` finds. */
  search(text: string): void {
    this.#filter.value = text
    this.#wanted.find(text)
  }

  #isActiveShown(): boolean {
    return this.#rows.some((row) => keyOf(row) === this.#active)
  }

  /** Where the first one stands that the filter has found; else where the active one stood. */
  #firstFound(): number {
    const place = this.#rows.findIndex(({ isFound }) => isFound)
    return place >= 0 ? place : this.#place
  }

  #listenToFilter(): void {
    const filter = this.#filter
    let timer: ReturnType<typeof setTimeout> | undefined
    filter.addEventListener('input', () => {
      clearTimeout(timer)
      timer = setTimeout(() => this.#wanted.find(filter.value.trim()), TYPING_MS)
    })
    filter.addEventListener('keydown', ({ key }) => {
      if (key === 'Enter' || key === 'ArrowDown') {
        this.focus()
        this.#activate(this.#firstFound())
      }
      if (key === 'Escape' && filter.value !== '') this.search('')
    })
    document.addEventListener('keydown', (event) => {
      const inText = event.target instanceof HTMLInputElement || document.querySelector('dialog[open]') !== null
      if (event.key !== '/' || inText || event.ctrlKey || event.metaKey) return
      event.preventDefault()
      filter.focus()
      filter.select()
    })
  }

  #height(): number {
    return parseFloat(getComputedStyle(this.#tree).getPropertyValue('--row')) || 28
  }

  /** Which row is the first in sight, and how much of it; null: nothing was scrolled. */
  #anchor(): { readonly key: string; readonly offset: number } | null {
    const { scrollTop } = this.#tree
    const height = this.#height()
    const row = this.#rows[Math.floor(scrollTop / height)]
    return scrollTop === 0 || row === undefined ? null : { key: keyOf(row), offset: scrollTop % height }
  }

  #restore({ key, offset }: { readonly key: string; readonly offset: number }): void {
    const place = this.#rows.findIndex((row) => keyOf(row) === key)
    if (place < 0) return
    const wanted = place * this.#height() + offset
    if (Math.abs(this.#tree.scrollTop - wanted) >= 1) this.#tree.scrollTop = wanted
  }

  /** Draws the rows that are in sight. */
  #paint(): void {
    const tree = this.#tree
    const height = this.#height()
    const from = Math.max(0, Math.floor(tree.scrollTop / height) - MARGIN)
    const to = Math.min(this.#rows.length, Math.ceil((tree.scrollTop + tree.clientHeight) / height) + MARGIN)
    const gone = new Set(this.#rowElements.keys())
    for (let index = from; index < to; index++) this.#paintRow(index, height, gone)
    // The active one exists even out of sight: it is what a screen reader is at.
    if (this.#isActiveShown()) this.#paintRow(this.#place, height, gone)
    for (const key of gone) {
      this.#rowElements.get(key)?.element.remove()
      this.#rowElements.delete(key)
    }
    if (this.#rowElements.has(this.#active)) tree.setAttribute('aria-activedescendant', this.#active)
    else tree.removeAttribute('aria-activedescendant')
  }

  #paintRow(index: number, height: number, gone: Set<string>): void {
    const row = this.#rows[index]
    if (row === undefined) return
    const key = keyOf(row)
    gone.delete(key)
    let element = this.#rowElements.get(key)
    if (element === undefined) {
      element = new TreeRow(key, this.#mayKill)
      this.#rowElements.set(key, element)
      this.#space.append(element.element)
    }
    element.update(row, index * height, key === this.#active, this.#wanted.filter)
  }

  /** Makes the row at `place` the active one. */
  #activate(place: number): void {
    const row = this.#rows[Math.max(0, Math.min(this.#rows.length - 1, place))]
    if (row === undefined) return
    this.#place = this.#rows.indexOf(row)
    this.#active = keyOf(row)
    this.#show(this.#place)
    this.#paint()
    if (row.kind !== 'rest') this.#wanted.select(row.id)
  }

  /** Scrolls as far as it takes. */
  #show(place: number): void {
    const tree = this.#tree
    const height = this.#height()
    this.#place = place
    if (place * height < tree.scrollTop) tree.scrollTop = place * height
    else if ((place + 1) * height > tree.scrollTop + tree.clientHeight)
      tree.scrollTop = (place + 1) * height - tree.clientHeight
  }

  #toggle(row: Row): void {
    if (row.kind === 'rest') this.#wanted.showMore(row.id)
    else if (row.isOpen !== null && this.#wanted.filter === '')
      this.#wanted.toggle(row.id, row.kind === 'group', !row.isOpen)
  }

  #click({ target }: MouseEvent): void {
    if (!(target instanceof Element)) return
    const key = target.closest('[data-key]')?.getAttribute('data-key')
    const place = this.#rows.findIndex((row) => keyOf(row) === key)
    const row = this.#rows[place]
    if (row === undefined) return
    this.#activate(place)
    const part = target.closest('[data-part]')?.getAttribute('data-part')
    if (part === 'kill') this.#dialog.ask(row.id, row.name)
    else if (part === 'twisty' || row.kind === 'rest') this.#toggle(row)
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const row = this.#rows[this.#place]
    if (row === undefined) return
    const page = Math.max(1, Math.floor(this.#tree.clientHeight / this.#height()) - 1)
    const act: (() => void) | undefined = {
      ArrowDown: () => this.#activate(this.#place + 1),
      ArrowUp: () => this.#activate(this.#place - 1),
      PageDown: () => this.#activate(this.#place + page),
      PageUp: () => this.#activate(this.#place - page),
      Home: () => this.#activate(0),
      End: () => this.#activate(this.#rows.length - 1),
      ArrowRight: () => (row.isOpen === false ? this.#toggle(row) : row.isOpen && this.#activate(this.#place + 1)),
      ArrowLeft: () =>
        row.isOpen && row.kind !== 'rest' ? this.#toggle(row) : this.#activate(this.#above(row, this.#place)),
      ' ': () => this.#toggle(row),
      Enter: () => {
        if (row.kind === 'greenlet' && this.#mayKill && !event.repeat) this.#dialog.ask(row.id, row.name)
        else this.#toggle(row)
      },
    }[event.key]
    if (act === undefined) return
    event.preventDefault()
    act()
  }

  /** Where the row stands on which `row`, at `from`, hangs; main's is its own. */
  #above({ depth }: Row, from: number): number {
    for (let place = from - 1; place >= 0; place--) if ((this.#rows[place]?.depth ?? 0) < depth) return place
    return from
  }
}

/** What is shown of how many. */
function summaryOf({ living, found, leftOut }: ConsoleState): string {
  if (found !== null)
    return `${formatCount(found)} of ${counted(living, 'greenlet')}${leftOut > 0 ? `, ${formatCount(leftOut)} of them below` : ''}`
  if (living === 0) return 'None lives now'
  return leftOut > 0 ? `${formatCount(leftOut)} are folded up` : ''
}
