/**
 * One row of the tree on the page. Its element stays while the greenlet is in sight, and only what has changed is written.
 */
import type { Row } from '../../../../trace/console/state.ts'
import { html, set } from '../../shared/element.ts'
import { counted, formatCount } from '../../shared/format.ts'
import { StateBar } from '../numbers/state-bar.ts'
import { formatSince, setText, shortPlace, wholePlace } from '../numbers/words.ts'
import { STEP } from '../wanted.ts'

/** So deep the rows are moved in; deeper ones stand below each other. */
const DEEPEST = 16

/** What tells one row from the others. */
export function keyOf({ kind, id }: Row): string {
  return kind === 'rest' ? `rest-${id}` : `row-${id}`
}

/** The element of a row. */
export class TreeRow {
  readonly element: HTMLElement
  readonly #twisty = html('span', { class: 'twisty', 'data-part': 'twisty', 'aria-hidden': 'true' })
  readonly #name = html('span', { class: 'name' })
  readonly #count = html('span', { class: 'count' })
  readonly #first = html('span', { class: 'cell first' }, this.#twisty, this.#name, this.#count)
  readonly #word = html('span', { class: 'word' })
  readonly #bar = new StateBar()
  readonly #state = html(
    'span',
    { class: 'cell state' },
    html('i', { class: 'dot', 'aria-hidden': 'true' }),
    this.#word,
    this.#bar.element,
  )
  readonly #call = html('span', { class: 'call' })
  readonly #why = html('span', { class: 'why' })
  readonly #wait = html('span', { class: 'cell wait' }, this.#call, this.#why)
  readonly #since = html('span', { class: 'cell since' })
  readonly #place = html('span', { class: 'cell place' })
  readonly #kill: HTMLButtonElement | null

  constructor(key: string, mayKill: boolean) {
    this.#kill = mayKill
      ? html('button', { type: 'button', class: 'row-kill', 'data-part': 'kill', tabindex: -1 }, 'Kill')
      : null
    this.element = html('div', { role: 'treeitem', class: 'row', id: key, 'data-key': key })
    this.element.append(this.#first, this.#state, this.#wait, this.#since, this.#place)
    if (this.#kill !== null) this.element.append(html('span', { class: 'cell act' }, this.#kill))
  }

  /** @param top - where it stands, in pixels. */
  update(row: Row, top: number, isActive: boolean, filter: string): void {
    const { kind, depth, name, state, wait, because, sinceMs, isLonger, place, below, isOpen, states } = row
    const { element } = this
    element.style.transform = `translateY(${top}px)`
    set(element, {
      'data-kind': kind,
      'data-state': state,
      'aria-level': depth + 1,
      'aria-posinset': row.position,
      'aria-setsize': row.setSize,
      'aria-expanded': isOpen === null ? null : String(isOpen),
      'aria-selected': String(isActive),
    })
    element.classList.toggle('found', row.isFound)
    element.classList.toggle('aside', filter !== '' && !row.isFound)
    this.#first.style.setProperty('--depth', String(Math.min(depth, DEEPEST)))
    setText(this.#twisty, isOpen === null ? '' : isOpen ? '▾' : '▸')
    if (kind === 'rest') {
      setText(this.#name, `and ${formatCount(below)} more`)
      setText(this.#count, below > STEP ? `show ${STEP}` : 'show them')
    } else {
      setText(this.#name, name === '' ? '(no name)' : name)
      setText(this.#count, countText(row))
    }
    this.#name.title = name
    const many = states !== null
    this.#bar.element.hidden = !many
    this.#word.hidden = many
    if (many) this.#bar.update(states)
    else setText(this.#word, kind === 'main' && wait === null ? '' : state)
    setText(this.#call, wait ?? '')
    this.#call.title = wait ?? ''
    const why = because ?? namesOf(row)
    setText(this.#why, why)
    this.#why.title = why
    setText(this.#since, sinceMs === null ? '' : `${many ? '≤ ' : ''}${formatSince(sinceMs, isLonger && !many)}`)
    setText(this.#place, place === null ? '' : shortPlace(place))
    this.#place.title = place === null ? '' : wholePlace(place)
    if (this.#kill !== null) {
      this.#kill.hidden = kind !== 'greenlet'
      this.#kill.setAttribute('aria-label', `Kill ${name}`)
    }
  }
}

/** For whom one waits, unless the call says so. */
function namesOf({ wait, waitsFor }: Row): string {
  const [first] = waitsFor
  if (first === undefined || wait?.includes(first.name) === true) return ''
  return `→ ${waitsFor.map(({ name }) => name).join(', ')}`
}

/** How many a row stands for, or hides. */
function countText({ kind, below, isOpen }: Row): string {
  if (kind === 'main' && isOpen !== false) return 'plain code and the hub'
  if (kind === 'group') return `× ${formatCount(below)}`
  return isOpen === false ? `${counted(below, 'greenlet')} below` : ''
}
