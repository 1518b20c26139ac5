/**
 * What is put up around a program, to see it run, and taken down when it ends: the recorder with its pictures, the monitor, the console,
 * and the state of everything on SIGUSR2.
 *
 * Only the process of the program is watched, and in it the main thread: a worker has a hub of its own. Stands on the rooms of
 * `src/trace`, which are loaded when something of them is wanted, so that a program that nobody watches pays for none of it.
 */
import { UsageError } from '../errors/classes.ts'
import type { Monitor } from '../trace/monitor/monitor.ts'
import { beforeFirstLine } from './first-line.ts'
import { atEnd } from './last-words.ts'
import { drawer, type Wanted } from './pictures/drawings.ts'
import type { Program } from './program.ts'
import { type Bare, say } from './words.ts'

/** How a program is to be watched, as options say it. */
export interface Watches extends Wanted {
  readonly locations?: Bare
  readonly debug?: Bare
  /** How long the hub may be blocked, in milliseconds, or as long as the monitor thinks right. */
  readonly monitor?: number | Bare
  /** The port of the console, or any that is free. */
  readonly console?: number | Bare
  readonly consoleKill?: Bare
}

/**
 * Puts up all that is wanted.
 *
 * @param name - what the program is called.
 * @returns what is to be waited for right before the program is loaded.
 * @throws UsageError when something cannot be: a file that cannot be written, a port that is taken.
 */
export async function watch(wanted: Watches, program: Program, name: string): Promise<() => Promise<void>> {
  const { locations, debug, monitor, console: live } = wanted
  const record = await recording(wanted, program, name)
  if (locations === true) {
    const { setLocations } = await import('../locations.ts')
    setLocations(true)
  }
  const guard = monitor === undefined ? null : await monitorOf(monitor)
  if (locations ?? debug ?? monitor ?? live) await tellOnSignal()
  if (live !== undefined) await openLive(live === true ? 0 : live, wanted.consoleKill === true)
  return async () => {
    await guard?.start().ready // it would not notice what blocks before
    record?.()
  }
}

/** A recorder, if there is something to be drawn of it; answers what starts it. */
async function recording(wanted: Watches, program: Program, title: string): Promise<(() => void) | null> {
  const { timeline, trace, summary, locations = false } = wanted
  if (timeline === undefined && trace === undefined && summary === undefined) return null
  const draw = await drawer(wanted, process.stderr)
  const { Recorder } = await import('../trace/record/recorder.ts')
  const recorder = new Recorder({ locations, title })
  return () => {
    recorder.start()
    // Loading is not what anybody wants to see, unless something of it has begun already what the program does.
    beforeFirstLine(program, () => {
      const { tracks, arrows } = recorder.read()
      if (tracks.length <= 1 && arrows.length === 0) recorder.clear()
    })
    atEnd(() => {
      recorder.stop()
      draw([recorder.read()])
    })
  }
}

/** Opens the console, and says where it is. It keeps no process alive. */
async function openLive(port: number, kill: boolean): Promise<void> {
  const { openConsole } = await import('../trace/console/console.ts')
  try {
    const { url } = await openConsole({ port, kill })
    say(`the console is at ${url}`)
  } catch (err) {
    if (!(err instanceof UsageError)) throw err
    throw new UsageError(err.message.replace(/^openConsole\(\) /u, 'the console '))
  }
}

async function monitorOf(limit: number | Bare): Promise<Monitor> {
  const { Monitor } = await import('../trace/monitor/monitor.ts')
  return new Monitor(limit === true ? {} : { blockedMs: limit })
}

/** Windows has no such signal. */
async function tellOnSignal(): Promise<void> {
  if (process.platform === 'win32') return
  const { printRunInfoOnSignal } = await import('../tree/run-info.ts')
  printRunInfoOnSignal('SIGUSR2')
}
