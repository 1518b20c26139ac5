/**
 * The page "timeline": what src/trace/pictures/html.ts makes of recordings, drawn.
 */
import type { PackedTimeline } from '../../../trace/pictures/packed.ts'
import { Details } from './control/details.ts'
import { listenToKeys } from './control/keyboard.ts'
import { listenToPointer } from './control/pointer.ts'
import { makeToolbar } from './control/toolbar.ts'
import { Chart } from './drawing/chart.ts'
import { Stage } from './stage.ts'

function main(): void {
  const packed = JSON.parse(document.querySelector('#recordings')?.textContent ?? '') as PackedTimeline // html.ts put it there
  const stage = new Stage(packed)
  const chart = new Chart(stage)
  const details = new Details(stage)
  const toolbar = makeToolbar(packed.title, stage, chart)
  document.body.append(
    toolbar.header,
    toolbar.notes,
    chart.element,
    details.pane,
    toolbar.legend,
    details.spoken,
    details.tooltip,
    toolbar.help,
  )
  listenToPointer(stage, chart, details)
  listenToKeys(stage, chart, details, toolbar)
  const paper = matchMedia('print')
  paper.addEventListener('change', () => chart.print(paper.matches))
  addEventListener('beforeprint', () => chart.print(true))
  addEventListener('afterprint', () => chart.print(false))
  chart.draw()
}

main()
