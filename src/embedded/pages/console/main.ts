/**
 * The page "console": asks the process how it is, again and again, and draws the answers.
 *
 * ```
 *   Line ── state ──▶ Tiles, TreeView, Side          a person ── filter, open, select ──▶ Wanted ── asks again ──▶ Line
 * ```
 *
 * Everything that is shown comes as data and goes in as text. Stands on its views; what they share lies in `wanted.ts`.
 */
import type { ConsoleState } from '../../../trace/console/state.ts'
import { html } from '../shared/element.ts'
import { KillDialog } from './kill-dialog.ts'
import { Line } from './line.ts'
import { masthead } from './masthead.ts'
import { Tiles } from './numbers/tiles.ts'
import { Side } from './side.ts'
import { TreeView } from './tree/tree-view.ts'
import { Wanted } from './wanted.ts'

const token = new URLSearchParams(location.search).get('token') ?? ''
const wanted = new Wanted()
const line = new Line(token, wanted)
const head = masthead(line)
const dialog = new KillDialog((id) => line.kill(id))
const tiles = new Tiles()
const tree = new TreeView(wanted, dialog)
const side = new Side(wanted, dialog, tree)

function draw(state: ConsoleState): void {
  head.update(state)
  tiles.update(state)
  tree.update(state)
  side.update(state)
}

document.body.append(
  head.element,
  html('main', {}, tiles.element, html('div', { class: 'columns' }, tree.element, side.element)),
  dialog.element,
)
wanted.onSelect = () => {
  // While it is paused nothing is to move; what was sent already needs no question.
  if (line.isPaused && side.showRow(tree.rowOf(wanted.selected))) return
  line.askAgain()
}
line.begin(draw)
tree.focus()
