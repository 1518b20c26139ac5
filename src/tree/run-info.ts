/**
 * gevent's `print_run_info`: what a process is doing now, as a page of text. On a call, on a signal, and in LoopExit.
 *
 * LoopExit is made in `src/hub/deadlock.ts`, below; loading this file puts {@link drawDead} into the slot that is there for it.
 *
 * Stands on the tree. Leaves to a recorder what has been before.
 */
import { UsageError } from '../errors/classes.ts'
import { show } from '../errors/usage.ts'
import { signalHeard } from '../gevent/signal.ts'
import { kernel } from '../greenlet/kernel.ts'
import { type DeadHub, type DeadHubDrawn, drawnAbove } from '../hub/deadlock.ts'
import { getHub } from '../hub/default.ts'
import { Hub } from '../hub/hub.ts'
import { draw } from './drawing.ts'
import { duration } from './duration.ts'
import { type Branch, grow, standsForMain } from './forest.ts'
import { checkFormat, type TreeFormat } from './greenlet-tree.ts'
import { rowsOf } from './rows.ts'
import { stateOf, type TreeState } from './state.ts'
import { nameOf } from './values.ts'

/** What is written of a process. */
export interface RunInfoOptions extends TreeFormat {
  /** Whose greenlets. @defaultValue getHub() */
  hub?: Hub
}

/** Where it is written. */
export interface PrintRunInfoOptions extends RunInfoOptions {
  /** Anything that takes text: a stream, or an object with a method `write`. @defaultValue process.stderr */
  file?: {
    /** Is given the text, with an end of line. */
    write(text: string): unknown
  }
}

/**
 * Writes down what the process is doing now: how many greenlets there are and what they do, who is running, and everybody by spawner with
 * state, wait, what it waits for, and locals. How long each has been waiting is known while somebody watches (a `Recorder`, the live
 * console); in which line, in debug mode.
 *
 * @param options - `hub`: whose greenlets; the others as for `GreenletTree.format`.
 * @returns lines, without an end of the last one.
 * @throws UsageError when an option is none.
 * @switches never
 * @source gevent: `gevent.util.format_run_info`
 * @example
 * ```ts
 * import { Event, formatRunInfo, run, spawnWith } from 'greenloop'
 *
 * await run(function* () {
 *   const stop = new Event()
 *   spawnWith({ name: 'server' }, () => stop.wait())
 *   console.log(formatRunInfo().split('\n').slice(3).join('\n'))
 *   stop.set()
 * })
 * // main          waiting in run()
 * // └─ main       running
 * //    └─ server  ready to start
 * ```
 */
export function formatRunInfo(options: RunInfoOptions = {}): string {
  return infoOf('formatRunInfo()', options)
}

/**
 * Writes {@link formatRunInfo} to a file.
 *
 * @param options - `file`: where; the others as for {@link formatRunInfo}.
 * @throws UsageError when an option is none.
 * @switches never
 * @source gevent: `gevent.util.print_run_info`
 */
export function printRunInfo(options: PrintRunInfoOptions = {}): void {
  const text = infoOf('printRunInfo()', options)
  const { file = process.stderr } = options
  if (typeof (file as { write?: unknown } | null)?.write !== 'function') {
    throw new UsageError(`printRunInfo() expects \`file\` to have a method write(), but got ${show(file)}.`)
  }
  file.write(`${text}\n`)
}

/** Windows has these, and no others that could be listened for. */
const ON_WINDOWS = ['SIGINT', 'SIGBREAK', 'SIGHUP', 'SIGWINCH']

/**
 * Has {@link printRunInfo} write to stderr whenever the process gets `signal`: `kill -USR2 1234` in another terminal. It comes when the
 * event loop does: at once while everybody waits, and not while code runs that never gives way.
 *
 * @param signal - the name or the number. On Windows only `'SIGBREAK'` (Ctrl-Break), `'SIGINT'`, `'SIGHUP'` and `'SIGWINCH'` come.
 * @returns takes it back. The process does not stay alive for it.
 * @throws UsageError when there is no such signal, or none can be listened for.
 * @switches never
 * @example
 * ```ts
 * import { printRunInfoOnSignal } from 'greenloop'
 *
 * const stop = printRunInfoOnSignal()
 * console.log(process.listenerCount('SIGUSR2')) // 1
 * stop()
 * ```
 */
export function printRunInfoOnSignal(signal: NodeJS.Signals | number = 'SIGUSR2'): () => void {
  if (process.platform === 'win32' && typeof signal === 'string' && !ON_WINDOWS.includes(signal)) {
    throw new UsageError(
      `printRunInfoOnSignal() cannot listen for ${signal}: Windows has no such signal. Take 'SIGBREAK', which is Ctrl-Break there.`,
    )
  }
  const name = signalHeard('printRunInfoOnSignal()', signal)
  const listener = (): void => {
    printRunInfo()
  }
  process.on(name, listener)
  return () => {
    process.off(name, listener)
  }
}

function infoOf(call: string, options: RunInfoOptions): string {
  const checked = checkFormat(call, options)
  const { hub = getHub() } = options
  if (!(hub instanceof Hub)) throw new UsageError(`${call} expects \`hub\` to be a hub, but got ${show(hub)}.`)
  const root = grow(hub)
  return `${headOf(hub, root)}\n\n${treeOf(hub, root, checked)}`
}

/** What those do who have not ended, in the order in which it is told. */
const STATES: readonly (readonly [TreeState, string])[] = [
  ['running', 'running'],
  ['ready', 'ready'],
  ['waiting', 'waiting'],
  ['switched', 'in a switch()'],
  ['not started', 'not started'],
]

function treeOf(hub: Hub, root: Branch, { rows, depth, ...details }: Required<TreeFormat>): string {
  return draw(rowsOf(root, hub, { rows, depth }), hub.clock.now(), details)
}

/** How many do what, what else there is in the hub, and who runs. */
function headOf(hub: Hub, root: Branch): string {
  const counts = new Map<TreeState, number>()
  const all = [...root.below]
  // The list grows while it is gone through.
  for (const { greenlet, below } of all) {
    for (const child of below) all.push(child)
    const state = stateOf(greenlet)
    counts.set(state, (counts.get(state) ?? 0) + 1)
  }
  const living = all.length - (counts.get('finished') ?? 0)
  const parts = STATES.filter(([state]) => counts.has(state)).map(
    ([state, words]) => `${String(counts.get(state))} ${words}`,
  )
  const now = new Date(performance.timeOrigin + hub.clock.now()).toISOString()
  const runs = standsForMain(kernel.current) ? 'Plain code' : `"${nameOf(kernel.current)}"`
  return (
    `${counted(living, 'greenlet')}${parts.length === 0 ? '' : `: ${parts.join(', ')}`}. ` +
    `${counted(hub.timers.count, 'timer')}, ${counted(hub.outstanding, 'promise or socket', 'promises or sockets')} asked.\n` +
    `${now}, process ${String(process.pid)}, up ${duration(process.uptime() * 1000)}. ${runs} is running.`
  )
}

function counted(count: number, one: string, several = `${one}s`): string {
  return `${String(count)} ${count === 1 ? one : several}`
}

/** For LoopExit: the page, and the tree alone where somebody else than main has spawned anybody. */
function drawDead(dead: DeadHub): DeadHubDrawn {
  const hub = dead as Hub // it is one; those below know it as what they need of it
  const root = grow(hub)
  const tree = treeOf(hub, root, checkFormat('formatRunInfo()', {}))
  const isFlat = ({ greenlet, below }: Branch): boolean =>
    below.length === 0 || (hub.mainWaits.has(greenlet) && below.every((child) => child.below.length === 0))
  return { runInfo: `${headOf(hub, root)}\n\n${tree}`, tree: root.below.every(isFlat) ? '' : tree }
}

drawnAbove.draw = drawDead
