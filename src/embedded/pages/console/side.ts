/**
 * Beside the tree: the selected greenlet, those that wait for the longest time, and what they all wait in.
 */
import type { Chosen, ConsoleState, Target } from '../../../trace/console/state.ts'
import { html } from '../shared/element.ts'
import { counted, formatCount } from '../shared/format.ts'
import type { KillDialog } from './kill-dialog.ts'
import { statesInWords } from './numbers/state-bar.ts'
import { formatSince, setText, wholePlace } from './numbers/words.ts'
import type { TreeView } from './tree/tree-view.ts'
import type { Wanted } from './wanted.ts'

/** The column. */
export class Side {
  readonly element: HTMLElement
  readonly #wanted: Wanted
  readonly #tree: TreeView
  readonly #dialog: KillDialog
  readonly #title = html('h2', {}, 'Selected')
  readonly #facts = html('dl', {})
  readonly #hint = html('p', { class: 'hint' }, 'Select a greenlet to see more of it.')
  readonly #kill = html('button', { type: 'button', class: 'danger', hidden: '' }, 'Kill')
  readonly #find = html('button', { type: 'button', hidden: '' }, 'Find it in the tree')
  readonly #slowest = html('ol', { class: 'slowest' })
  readonly #waits = html('ul', { class: 'waits' })
  #chosen: Chosen | null = null
  #written = ''
  #slowestWritten = ''

  constructor(wanted: Wanted, dialog: KillDialog, tree: TreeView) {
    this.#wanted = wanted
    this.#dialog = dialog
    this.#tree = tree
    this.#kill.addEventListener('click', () => {
      if (this.#chosen !== null) this.#dialog.ask(this.#chosen.id, this.#chosen.name)
    })
    this.#find.addEventListener('click', () => {
      if (this.#chosen !== null) this.#tree.search(this.#chosen.name)
    })
    const selected = html('section', { class: 'panel selected' }, this.#title, this.#hint, this.#facts)
    selected.append(html('p', { class: 'buttons' }, this.#find, this.#kill))
    this.element = html(
      'aside',
      {},
      selected,
      html('section', { class: 'panel' }, html('h2', {}, 'Slowest waits'), this.#slowest),
      html('section', { class: 'panel' }, html('h2', {}, 'What they wait in'), this.#waits),
    )
  }

  update(state: ConsoleState): void {
    this.#dialog.mayKill = state.mayKill
    this.#showSelected(state.chosen)
    this.#updateSlowest(state)
    this.#updateWaits(state)
  }

  /** Shows one that is known already; answers whether there is one. */
  showRow(chosen: Chosen | null): boolean {
    if (chosen !== null) this.#showSelected(chosen)
    return chosen !== null
  }

  #showSelected(chosen: Chosen | null): void {
    const { selected } = this.#wanted
    const { mayKill } = this.#dialog
    const isThere = chosen !== null && chosen.id === selected
    if (isThere) this.#chosen = chosen
    this.#kill.hidden = !(mayKill && isThere && chosen.kind === 'greenlet')
    this.#find.hidden = !isThere || chosen.kind === 'group' || this.#tree.rowOf(chosen.id) !== null
    if (selected === null) return
    if (!isThere) {
      const name = this.#chosen?.id === selected ? this.#chosen.name : 'It'
      setText(this.#hint, `${name} has ended.`)
      this.#hint.hidden = false
      this.element.classList.add('ended')
      return
    }
    this.element.classList.remove('ended')
    this.#hint.hidden = true
    setText(this.#title, chosen.name === '' ? '(no name)' : chosen.name)
    this.#writeFacts(factsOf(chosen), chosen)
  }

  /** Writes them anew only when one of them is another one, so that what is selected or has the focus in them stays. */
  #writeFacts(facts: readonly Fact[], chosen: Chosen): void {
    const shape = JSON.stringify([chosen.id, facts.map(([name, value]) => (name === 'for' ? name : [name, value]))])
    if (shape !== this.#written) {
      this.#written = shape
      const items = facts.flatMap(([name, value]) => {
        const dd = html('dd', { class: CODE.has(name) ? 'code' : '', 'data-fact': name })
        if (typeof value === 'string') dd.append(value)
        else for (const target of value) dd.append(this.#link(target))
        return [html('dt', {}, name), dd]
      })
      this.#facts.replaceChildren(...items)
    }
    const since = facts.find(([name]) => name === 'for')?.[1]
    const dd = this.#facts.querySelector('[data-fact="for"]')
    if (typeof since === 'string' && dd !== null) setText(dd, since)
  }

  #link({ id, name }: Target): HTMLElement {
    const button = html('button', { type: 'button', class: 'link' }, name)
    button.addEventListener('click', () => this.#tree.reveal(id))
    return button
  }

  #updateSlowest({ slowest }: ConsoleState): void {
    const shape = slowest.map(({ id, wait }) => `${id} ${wait}`).join('\n')
    if (shape !== this.#slowestWritten) {
      this.#slowestWritten = shape
      const items = slowest.map(({ id, name, wait }) => {
        const button = html(
          'button',
          { type: 'button', class: 'slow', title: `${name} waits in ${wait}` },
          html('span', { class: 'name' }, name),
          html('span', { class: 'since' }),
          html('span', { class: 'call' }, wait),
        )
        button.addEventListener('click', () => this.#tree.reveal(id))
        return html('li', {}, button)
      })
      this.#slowest.replaceChildren(...(items.length > 0 ? items : [html('li', { class: 'hint' }, 'Nobody waits.')]))
    }
    this.#slowest.querySelectorAll('.since').forEach((element, index) => {
      const wait = slowest[index]
      if (wait !== undefined) setText(element, formatSince(wait.sinceMs, wait.isLonger))
    })
  }

  #updateWaits({ waits, states }: ConsoleState): void {
    const all = states.waiting ?? 0
    const rest = all - waits.reduce((sum, { count }) => sum + count, 0)
    const rows = rest > 0 ? [...waits, { call: 'others', count: rest }] : waits
    while (this.#waits.childElementCount > Math.max(1, rows.length)) this.#waits.lastElementChild?.remove()
    if (rows.length === 0) {
      this.#waits.replaceChildren(html('li', { class: 'hint' }, 'Nobody waits.'))
      return
    }
    rows.forEach(({ call, count }, index) => {
      let item = this.#waits.children[index]
      if (item === undefined || item.className === 'hint') {
        item?.remove()
        item = html('li', {}, html('span', { class: 'call' }), html('span', { class: 'number' }), html('i', {}))
        this.#waits.append(item)
      }
      const [name, number, bar] = item.children
      if (name !== undefined) setText(name, call)
      if (number !== undefined) setText(number, formatCount(count))
      if (bar instanceof HTMLElement) bar.style.width = `${(count / all) * 100}%`
    })
  }
}

/** A line about the selected one. */
type Fact = readonly [name: string, value: string | readonly Target[]]

/** Facts that are of the program's own words. */
const CODE: ReadonlySet<string> = new Set(['waits in', 'at', 'spawned at'])

function factsOf(row: Chosen): Fact[] {
  const { kind, state, states, wait, because, waitsFor, sinceMs, isLonger, place, spawnedAt, spawner, below } = row
  const facts: (Fact | null)[] = [
    states !== null
      ? ['are', statesInWords(states)]
      : kind === 'main'
        ? ['is', 'plain code and the hub']
        : ['is', state],
    wait === null ? null : [states === null ? 'waits in' : 'most in', wait],
    sinceMs === null ? null : ['for', `${states === null ? '' : 'at most '}${formatSince(sinceMs, isLonger)}`],
    because === null ? null : [kind === 'finished' ? 'it' : 'because', because],
    waitsFor.length === 0 ? null : ['waits for', waitsFor],
    place === null ? null : ['at', wholePlace(place)],
    spawner === null ? null : ['spawned by', [spawner]],
    spawnedAt === null ? null : ['spawned at', wholePlace(spawnedAt)],
    below === 0 ? null : [kind === 'group' ? 'they are' : 'below it', counted(below, 'greenlet')],
  ]
  return facts.filter((fact) => fact !== null)
}
