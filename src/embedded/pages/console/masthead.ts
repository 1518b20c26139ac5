/**
 * The top of the page: which program it is, whether the process answers, pause and theme; and a line across the page when it does not.
 */
import type { ConsoleState } from '../../../trace/console/state.ts'
import { html, svg } from '../shared/element.ts'
import { themeButton } from '../shared/theme.ts'
import type { Line, LineState } from './line.ts'

const WORDS: Readonly<Record<LineState, string>> = {
  connecting: 'Connecting',
  live: 'Live',
  paused: 'Paused',
  silent: 'No answer',
  gone: 'Gone',
  refused: 'Refused',
  failed: 'Failed',
}

/** What is said across the page. */
function notice(state: LineState, silentMs: number, failure: string): string {
  switch (state) {
    case 'silent':
      return `No answer for ${Math.floor(silentMs / 1000)} s: the hub is blocked, or the process has ended. What you see is how it was before.`
    case 'gone':
      return 'The process has ended, or has closed the console. What you see is how it was at the end. Trying again each second.'
    case 'refused':
      return 'Another process answers here, and this page is not its own: open the address that it has printed.'
    case 'failed':
      return `The process could not say what it does: ${failure}`
    default:
      return ''
  }
}

/** The top, and what keeps it up to date. */
export interface Masthead {
  readonly element: HTMLElement
  update(state: ConsoleState): void
}

/** Makes it. */
export function masthead(line: Line): Masthead {
  const program = html('code', {}, '…')
  const process = html('span', { class: 'process' })
  const pulse = html('span', { class: 'pulse', 'data-state': 'connecting', role: 'status' }, WORDS.connecting)
  const pause = html('button', { type: 'button', class: 'pause', 'aria-pressed': 'false' }, 'Pause')
  const theme = html('button', { type: 'button', class: 'theme' })
  const banner = html('p', { class: 'banner', role: 'alert', hidden: '' })
  themeButton(theme)
  pause.addEventListener('click', () => line.pause(!line.isPaused))
  line.onState = (state, silentMs, failure) => {
    pulse.textContent = WORDS[state]
    pulse.dataset['state'] = state
    const text = notice(state, silentMs, failure)
    banner.hidden = text === ''
    banner.textContent = text
    document.body.classList.toggle('stale', text !== '')
    pause.textContent = line.isPaused ? 'Go on' : 'Pause'
    pause.setAttribute('aria-pressed', String(line.isPaused))
  }
  const element = html(
    'header',
    {},
    html(
      'div',
      { class: 'bar' },
      html('h1', {}, mark(), html('span', {}, 'greenloop'), html('span', { class: 'what' }, 'console')),
      html('p', { class: 'program' }, program, process),
      html('div', { class: 'tools' }, pulse, pause, theme),
    ),
    banner,
  )
  return {
    element,
    update({ title, pid, node }) {
      program.textContent = title
      program.title = title
      process.textContent = `pid ${pid} · Node ${node}`
      document.title = `${title} · greenloop console`
    },
  }
}

/** A loop, green. */
function mark(): SVGElement {
  return svg(
    'svg',
    { class: 'mark', viewBox: '0 0 16 16', 'aria-hidden': 'true' },
    svg('path', { d: 'M13.2 8a5.2 5.2 0 1 1-2.1-4.2' }),
    svg('path', { d: 'M11.4 0.9v3.2h-3.2' }),
  )
}
