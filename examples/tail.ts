/**
 * `tail -F`: tells the last lines of logs, and then each line that is written to them, for as long as it runs. A log that is renamed and begun
 * anew is followed into its new file, one that is emptied is read from its beginning, and one that is not there yet is waited for. Half a line
 * is held back until its end has come.
 *
 * Each log has a greenlet, which sleeps until something happens in the folder of the log: that is watched.
 *
 * Run: `npx tsx examples/tail.ts`, which follows two logs that it writes itself, or with logs of your own, until Ctrl-C:
 * `npx tsx examples/tail.ts [--lines 10] [--grep pattern] file...`
 *
 * Expected output:
 * ```text
 * web.log is there, worker.log is not
 *   web.log | 10:01 WARN GET /report took 2031 ms
 *   web.log | 10:02 ERROR GET /export: the disk is full
 *   worker.log is not there yet
 * the web server writes a line that nobody wants to see, and one in three pieces
 *   web.log | 10:03 WARN GET /café took 1200 ms
 * the worker begins its log
 *   worker.log is a new file
 *   worker.log | 10:04 WARN 812 jobs are waiting
 * web.log is renamed, written to all the same, up to half a line, and begun anew
 *   web.log | 10:05 ERROR GET /export: the disk is full
 *   web.log | 10:05 WARN GET /re
 *   web.log is a new file
 *   web.log | 10:06 WARN GET /report took 1931 ms
 * worker.log is emptied
 *   worker.log was cut short, and is read from its beginning
 * and written to again
 *   worker.log | 10:07 WARN 911 jobs are waiting
 * both write 100 lines at the same time
 *   web.log: all 100, in their order
 *   worker.log: all 100, in their order
 * the tailer is stopped, and nothing else was told
 * ```
 */
import { basename, dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { Event, each, type Green, nursery, type Operation, Queue, run } from 'greenloop'
import { watch, write } from 'greenloop/os'
import { countOf, giveUp, refuse } from './support/command-line.ts'
import { GrowingFile } from './support/growing-file.ts'
import { tellStory } from './support/log-story.ts'

const USAGE = 'npx tsx examples/tail.ts [--lines 10] [--grep pattern] file...'

/** So often each log is looked at in any case: what happens on a drive of the network, nobody tells. */
const LOOK_MS = 1000

/** Is told what happens. A log is read no faster than that is done. */
interface Listener {
  /** A line of the log at `path`. */
  line(path: string, text: string): Operation<void>
  /** What has become of the log itself. */
  news(path: string, text: string): Operation<void>
}

interface Settings {
  /** How many of the lines that are there are told. */
  readonly lines: number
  /** Only lines are told that match. */
  readonly grep: RegExp
}

/** Follows the logs at `paths`, until it is killed. */
function tail(paths: Iterable<string>, settings: Settings, listener: Listener): Operation<void> {
  return nursery(function* (n) {
    const logs = Array.from(new Set(paths), (path) => new Log(path, settings, listener))
    for (const folder of new Set(logs.map((log) => log.folder))) {
      const inside = logs.filter((log) => log.folder === folder)
      const changes = watch(folder) // from here on: nothing is missed while the logs are opened
      n.spawn(() => each(changes, () => inside.forEach((log) => log.changed.set())))
    }
    for (const log of logs) {
      n.spawn(() => log.follow())
      yield* log.begun.wait() // so that their first lines do not mix
    }
  })
}

/** A log: whatever file has its name. */
class Log {
  readonly folder: string
  /** Set when its last lines have been told. */
  readonly begun = new Event()
  /** Set when something has happened in its folder. */
  readonly changed = new Event()
  readonly #path: string
  readonly #settings: Settings
  readonly #listener: Listener
  readonly #take = (line: string): Green<void> => this.#tell(line)
  #file: GrowingFile | null = null

  constructor(path: string, settings: Settings, listener: Listener) {
    this.folder = dirname(path)
    this.#path = path
    this.#settings = settings
    this.#listener = listener
  }

  /** Tells its last lines, and from then on each that comes, until it is killed. */
  *follow(): Green<never> {
    try {
      yield* this.#begin()
      for (;;) {
        this.changed.clear() // before it looks: what happens from here on has it look once more
        yield* this.#look()
        yield* this.changed.wait({ timeoutMs: LOOK_MS })
      }
    } finally {
      this.#file?.close()
    }
  }

  *#begin(): Green<void> {
    this.#file = yield* GrowingFile.open(this.#path)
    if (this.#file === null) {
      yield* this.#news('is not there yet')
    } else {
      yield* this.#file.goToLast(this.#settings.lines)
      yield* this.#file.read(this.#take)
    }
    this.begun.set()
  }

  /** Tells what is new, and goes over to another file when that has taken the name. */
  *#look(): Green<void> {
    if (this.#file !== null) {
      const fate = yield* this.#file.fate(this.#path)
      if (fate === 'shorter') {
        yield* this.#file.restart()
        yield* this.#news('was cut short, and is read from its beginning')
      }
      yield* this.#file.read(this.#take)
      if (fate !== 'replaced') return
      yield* this.#file.finish(this.#take)
      this.#file.close()
    }
    this.#file = yield* GrowingFile.open(this.#path)
    if (this.#file === null) return
    yield* this.#news('is a new file')
    yield* this.#file.read(this.#take)
  }

  #news(text: string): Operation<void> {
    return this.#listener.news(this.#path, text)
  }

  *#tell(line: string): Green<void> {
    if (this.#settings.grep.test(line)) yield* this.#listener.line(this.#path, line)
  }
}

/** What the command line asks for. */
function commandLine(): Settings & { paths: string[] } {
  try {
    const options = { lines: { type: 'string', default: '10' }, grep: { type: 'string', default: '' } } as const
    const { values, positionals: paths } = parseArgs({ options, allowPositionals: true })
    return { paths, lines: countOf('--lines', values.lines, 0), grep: new RegExp(values.grep, 'u') }
  } catch (err) {
    return refuse(USAGE, err)
  }
}

const { paths, ...settings } = commandLine()
if (paths.length > 0) {
  const prefix = (path: string) => (paths.length > 1 ? `${path} | ` : '')
  await run(tail, paths, settings, {
    line: (path, text) => write(process.stdout, `${prefix(path)}${text}\n`),
    news: (path, text) => write(process.stderr, `${path} ${text}\n`),
  }).catch((err: unknown) => {
    if ((err as NodeJS.ErrnoException).code !== 'EPIPE') giveUp(err) // who read it has had enough: `... | head -3`
  })
} else {
  await run(function* () {
    const told = new Queue<string>()
    const listener: Listener = {
      line: (path, text) => told.put(`${basename(path)} | ${text}`),
      news: (path, text) => told.put(`${basename(path)} ${text}`),
    }
    yield* tellStory((paths) => tail(paths, { lines: 2, grep: /WARN|ERROR/u }, listener), told)
  })
}
