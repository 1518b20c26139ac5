/**
 * What stands above the timeline: the title, the search, the order, the buttons, the legend, and notes on what is missing.
 */

import { html } from '../../shared/element.ts'
import { counted, formatCount, formatMs } from '../../shared/format.ts'
import { themeButton } from '../../shared/theme.ts'
import type { Chart } from '../drawing/chart.ts'
import { ORDERS, type Order } from '../model/rows.ts'
import { ARROW_KINDS, SPAN_KINDS, SWITCH } from '../model/timeline.ts'
import type { Stage } from '../stage.ts'
import { KEYS } from './keyboard.ts'

const SPANS = {
  running: 'its code ran',
  ready: 'it could have run, and others did',
  waiting: 'it was in a wait of the hub',
  switched: 'it had switched to somebody else',
} as const
const ARROWS = {
  switch: 'control, by switch(), throw(), or an end that goes on in the parent',
  resume: 'control, by the hub',
  wake: 'the end of a wait, from who brought it about',
  kill: 'a kill or a timeout',
} as const

/** What is above and below the timeline, and what the keys reach. */
export interface Toolbar {
  readonly header: HTMLElement
  readonly notes: HTMLElement
  readonly legend: HTMLElement
  readonly search: HTMLInputElement
  readonly help: HTMLDialogElement
}

export function makeToolbar(title: string, stage: Stage, chart: Chart): Toolbar {
  const search = html('input', {
    type: 'search',
    placeholder: 'Search names  /',
    'aria-label': 'Search names',
    spellcheck: 'false',
  })
  search.addEventListener('input', () => {
    chart.scroller.scrollTop = 0
    stage.wish({ search: search.value })
  })
  const help = makeHelp()
  const header = html(
    'header',
    {},
    html('div', { class: 'title' }, html('h1', { title }, title), html('p', {}, factsText(stage))),
    html(
      'div',
      { class: 'tools', role: 'toolbar', 'aria-label': 'Timeline' },
      html('span', { class: 'field' }, search, found(stage)),
      orderField(stage, chart),
      mainField(stage),
      html(
        'span',
        { class: 'buttons' },
        button('−', 'Zoom out (-)', () => stage.zoom(1 / 1.6)),
        button('+', 'Zoom in (+)', () => stage.zoom(1.6)),
        button('Fit', 'Show all (0); what is picked (F)', () => stage.fit()),
      ),
      html(
        'span',
        { class: 'buttons' },
        theme(),
        button('?', 'Keys (?)', () => help.showModal()),
      ),
    ),
  )
  return { header, notes: makeNotes(stage), legend: makeLegend(stage, chart), search, help }
}

function button(text: string, title: string, action: () => void): HTMLButtonElement {
  const element = html('button', { type: 'button', title, 'aria-label': title }, text)
  element.addEventListener('click', action)
  return element
}

function theme(): HTMLButtonElement {
  const element = html('button', { type: 'button' })
  themeButton(element)
  return element
}

function factsText({ timelines }: Stage): string {
  const [first] = timelines
  if (first === undefined) return ''
  const greenlets = timelines.reduce((sum, { tracks }) => sum + tracks.filter(({ kind }) => kind !== 'main').length, 0)
  const when = new Date(first.beganAt).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })
  if (timelines.length > 1)
    return `${formatCount(timelines.length)} recordings · ${counted(greenlets, 'greenlet')} · ${when}`
  const switches = first.arrowKind.reduce((sum, kind) => sum + (kind === SWITCH ? 1 : 0), 0)
  const counts = switches === 0 ? '' : ` · ${switches === 1 ? '1 switch' : `${formatCount(switches)} switches`}`
  return `${formatMs(first.durationMs)} · ${counted(greenlets, 'greenlet')}${counts} · ${when}`
}

/** How many rows the search has left. */
function found(stage: Stage): HTMLElement {
  const element = html('output', { class: 'found' })
  const all = stage.timelines.reduce((sum, { tracks }) => sum + tracks.length, 0)
  stage.onChange(() => {
    const text = stage.wishes.search.trim() === '' ? '' : `${formatCount(stage.rows.tracks)} of ${formatCount(all)}`
    if (element.textContent !== text) element.textContent = text
  })
  return element
}

function orderField(stage: Stage, chart: Chart): HTMLElement {
  const select = html('select', { 'aria-label': 'Order of the rows' })
  for (const [order, name] of Object.entries(ORDERS)) select.append(html('option', { value: order }, `by ${name}`))
  select.addEventListener('change', () => {
    chart.scroller.scrollTop = 0
    stage.wish({ order: select.value as Order }) // its values are the orders
  })
  return select
}

function mainField(stage: Stage): HTMLElement {
  const box = html('input', { type: 'checkbox' })
  box.addEventListener('change', () => stage.wish({ hideMain: box.checked }))
  return html('label', { class: 'field' }, box, 'hide main')
}

function makeLegend(stage: Stage, chart: Chart): HTMLElement {
  const legend = html('footer', { class: 'legend', 'aria-label': 'Legend' })
  for (const kind of SPAN_KINDS) {
    legend.append(html('span', { class: 'item', title: SPANS[kind] }, html('i', { class: `swatch ${kind}` }), kind))
  }
  const arrows = html('span', { class: 'arrows', role: 'group', 'aria-label': 'Arrows' })
  const counts = ARROW_KINDS.map((kind, number) => {
    const count = stage.timelines.reduce((sum, one) => sum + one.arrowKind.filter((each) => each === number).length, 0)
    const toggle = html('button', { type: 'button', class: `arrow-toggle ${kind}`, title: ARROWS[kind] })
    const left = html('small')
    toggle.append(html('i', { class: `line ${kind}` }), kind, left)
    toggle.disabled = count === 0
    const show = (): void => toggle.setAttribute('aria-pressed', String(count > 0 && stage.arrows.has(kind)))
    toggle.addEventListener('click', () => {
      if (!stage.arrows.delete(kind)) stage.arrows.add(kind)
      show()
      stage.changed()
    })
    show()
    arrows.append(toggle)
    return { kind, left, toggle }
  })
  const born = html('span', { class: 'item' }, html('i', { class: 'line kill cross' }, '✕'), 'killed')
  const failed = html('span', { class: 'item' }, html('i', { class: 'line kill cross' }, '▲'), 'failed')
  legend.append(born, failed, arrows)
  chart.onDrawn = () => {
    for (const { kind, left, toggle } of counts) {
      const hidden = chart.arrows.left.get(kind)
      const text =
        hidden === undefined || !stage.arrows.has(kind)
          ? ''
          : ` ${formatCount(hidden)}: too many, zoom in or pick a row`
      if (left.textContent !== text) left.textContent = text
      toggle.classList.toggle('crowded', text !== '')
    }
  }
  return legend
}

function makeNotes(stage: Stage): HTMLElement {
  const notes = html('div', { class: 'notes' })
  for (const { lostEvents, title, tracks } of stage.timelines) {
    if (lostEvents === 0 || tracks.length === 0) continue
    const where = stage.timelines.length > 1 && title !== '' ? `${title}: the` : 'The'
    notes.append(
      html(
        'p',
        { class: 'warning' },
        `${where} beginning is missing: ${counted(lostEvents, 'event')} did not fit. `,
        html('code', {}, 'new Recorder({ capacity })'),
        ' keeps more.',
      ),
    )
  }
  if (stage.timelines.some(({ locations, tracks }) => !locations && tracks.length > 1)) {
    notes.append(
      html(
        'p',
        { class: 'hint' },
        'Where in the code each wait is, was not recorded. ',
        html('code', {}, 'greenloop run --timeline --locations'),
        ' does, and so does ',
        html('code', {}, 'new Recorder({ locations: true })'),
        '.',
      ),
    )
  }
  for (const note of notes.children) {
    const close = html('button', { type: 'button', class: 'close', 'aria-label': 'Hide this note' }, '×')
    close.addEventListener('click', () => note.remove())
    note.append(close)
  }
  return notes
}

function makeHelp(): HTMLDialogElement {
  const list = html('dl')
  for (const [keys, meaning] of KEYS) {
    const names = keys.flatMap((key, at) => (at === 0 ? [html('kbd', {}, key)] : [' ', html('kbd', {}, key)]))
    list.append(html('dt', {}, ...names), html('dd', {}, meaning))
  }
  const mouse = html(
    'p',
    {},
    html('kbd', {}, 'Ctrl'),
    ' and the wheel zoom, ',
    html('kbd', {}, 'Shift'),
    ' and the wheel move. A drag over the rows moves; with ',
    html('kbd', {}, 'Shift'),
    ', on the axis or in the overview it selects a stretch. A click picks a span: its arrows stand out, and who woke it, and who woke that one. A double click shows it large.',
  )
  const close = html('button', { type: 'submit' }, 'Close')
  const form = html('form', { method: 'dialog' }, html('h2', {}, 'Keys and mouse'), list, mouse, close)
  return html('dialog', { class: 'help', 'aria-label': 'Keys and mouse' }, form)
}
