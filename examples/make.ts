/**
 * A parallel command runner, like `make -j`: each target is a greenlet that waits for those that it needs, and then for one of a limited
 * number of places. The first command that fails stops all that run, with all that these have started; so does Ctrl-C. What a command prints
 * is kept together, and in the order of the file, whichever ends first; so two runs can be compared.
 *
 * Run: `npx tsx examples/make.ts [-f file] [-j jobs] [-k] [target...]`, or without arguments: then it makes some of
 * `examples/support/demonstration.mk`. It asks no clock: whatever is needed is made.
 *
 * Expected output, in a pipe (a terminal has a bar below it):
 * ```text
 * $ make -j 2 app
 * [1/4] pipes
 * [2/4] main.o
 *       hello from parse.o
 * [3/4] parse.o
 *       hello from main.o
 * [4/4] app
 *       linked: main parse
 * made 4 of 4, at most 2 at once
 * $ make -j 3 six
 * [1/7] a
 * [2/7] b
 * [3/7] c
 * [4/7] d
 * [5/7] e
 * [6/7] f
 * [7/7] six
 * made 7 of 7, at most 3 at once
 * $ make -j 2 check
 * [1/4] ready
 * [3/4] test: exit code 3
 *       $ cat ready
 *       $ echo expected 7, but got 8 >&2
 *       $ exit 3
 *       serving
 *       expected 7, but got 8
 * made 1 of 4, at most 2 at once; failed: test; stopped: serve; not begun: check
 * $ make -j 2 --keep-going report
 * [1/3] lint: exit code 1
 *       $ echo word.c: unused: n >&2
 *       $ exit 1
 *       word.c: unused: n
 * [2/3] spell
 *       no mistakes
 * [3/3] report: for want of lint
 * made 1 of 3, at most 2 at once; failed: lint; left out: report
 * $ make hen
 * MakefileError: a cycle: hen -> egg -> hen
 * $ make cake
 * MakefileError: no rule for "flour", which "cake" needs
 * ```
 */
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type Green, type Greenlet, joinall, type Nursery, nursery, run, Semaphore, signalHandler } from 'greenloop'
import { type CompletedProcess, DEVNULL, fs, subprocess } from 'greenloop/os'
import { BuildLog, indented } from './support/build-log.ts'
import { countOf, giveUp, refuse } from './support/command-line.ts'
import { inOrder, MakefileError, parseMakefile, type Rule } from './support/makefile.ts'

const USAGE = 'npx tsx examples/make.ts [-f file] [-j jobs] [-k] [target...]'

interface Options {
  /** How many commands run at once, at the most. */
  readonly jobs: number
  /** Whether a failure leaves alone what can be made without it. */
  readonly keepGoing: boolean
  /** Where the commands run. */
  readonly folder: string
}

class Build {
  readonly #rules: readonly Rule[]
  readonly #options: Options
  readonly #places: Semaphore
  readonly #log: BuildLog

  /** @param rules - what is to be made, each behind what it needs. */
  constructor(rules: readonly Rule[], options: Options) {
    this.#rules = rules
    this.#options = options
    this.#places = new Semaphore(options.jobs)
    this.#log = new BuildLog(rules)
  }

  /** Makes all targets, or as many as can be; answers whether it was all. */
  *run(): Green<boolean> {
    try {
      yield* nursery((all) => {
        const greenlets = new Map<string, Greenlet<void>>()
        for (const rule of this.#rules) {
          const needed = rule.needs.flatMap((need) => greenlets.get(need) ?? [])
          const greenlet = all.spawn(() => this.#make(rule, needed, all))
          greenlets.set(rule.target, greenlet)
        }
      })
    } finally {
      this.#log.end() // also after Ctrl-C
    }
    return this.#log.those('made').length === this.#rules.length
  }

  /** What each of the greenlets does. */
  *#make(rule: Rule, needed: readonly Greenlet<void>[], all: Nursery): Green<void> {
    yield* joinall(needed)
    const made = new Set(this.#log.those('made'))
    const missing = rule.needs.filter((need) => !made.has(need))
    if (missing.length > 0) this.#log.mark(rule, 'left out', `: for want of ${missing.join(', ')}`)
    else if (rule.commands.length === 0) this.#log.mark(rule, 'made')
    else yield* this.#makeNow(rule, all)
  }

  *#makeNow(rule: Rule, all: Nursery): Green<void> {
    using _place = yield* this.#places.hold()
    this.#log.mark(rule, 'running')
    const ended = yield* subprocess.run(['sh', '-ec', rule.commands.join('\n')], {
      cwd: this.#options.folder,
      stdin: DEVNULL, // nobody could say for which of them a line of the terminal is
      captureOutput: true,
      text: true,
      killSignal: 'SIGTERM', // so that they can put away what they have begun
      graceMs: 2000,
    })
    this.#log.mark(rule, ended.returncode === 0 ? 'made' : 'failed', tellOf(rule, ended))
    if (ended.returncode === 0 || this.#options.keepGoing) return
    this.#log.hurry()
    void all.kill()
  }
}

/** What a command has printed; if it has failed also what it was and how it has ended, and of its errors only the last. */
function tellOf({ commands }: Rule, { returncode, signal, stdout, stderr }: CompletedProcess<string, string>): string {
  if (returncode === 0) return indented(stdout + stderr)
  const how = signal === null ? `exit code ${String(returncode)}` : `ended by ${signal}`
  const script = commands.map((command) => `$ ${command}`).join('\n')
  const tail = stderr.trimEnd().split('\n').slice(-10).join('\n')
  return `: ${how}${[script, stdout, tail].map(indented).join('')}`
}

/** What a command line says. */
function commandLine(args: string[]) {
  try {
    const { values, positionals: goals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        file: { type: 'string', short: 'f', default: 'Makefile' },
        jobs: { type: 'string', short: 'j', default: String(availableParallelism()) },
        'keep-going': { type: 'boolean', short: 'k', default: false },
      },
    })
    return { file: values.file, goals, jobs: countOf('--jobs', values.jobs, 1), keepGoing: values['keep-going'] }
  } catch (err) {
    return refuse(USAGE, err)
  }
}

/** Makes what a command line says; answers whether it was all made. */
function* make(args: string[], folder: string): Green<boolean> {
  const { file, goals, ...options } = commandLine(args)
  const rules = parseMakefile(yield* fs.readFile(file, 'utf8'))
  const first = [...rules.keys()].slice(0, 1)
  return yield* new Build(inOrder(rules, goals.length > 0 ? goals : first), { ...options, folder }).run()
}

/** Makes some of what there is in the demonstration, in a folder of its own. */
function* demonstrate(): Green<void> {
  const file = fileURLToPath(new URL('support/demonstration.mk', import.meta.url))
  const folder = yield* fs.mkdtemp(join(tmpdir(), 'greenloop-make-'))
  try {
    for (const line of ['-j 2 app', '-j 3 six', '-j 2 check', '-j 2 --keep-going report', 'hen', 'cake']) {
      console.log(`$ make ${line}`)
      yield* attempt(['-f', file, ...line.split(' ')], folder)
    }
  } finally {
    yield* fs.rm(folder, { recursive: true })
  }
}

function* attempt(args: string[], folder: string): Green<void> {
  try {
    yield* make(args, folder)
  } catch (err) {
    if (!(err instanceof MakefileError)) throw err
    console.log(String(err))
  }
}

// Its children do not hear of these signals, and would live on.
for (const signal of ['SIGTERM', 'SIGHUP'] as const) signalHandler(signal, () => process.kill(process.pid, 'SIGINT'))

const args = process.argv.slice(2)
if (args.length > 0) {
  const isMade = await run(make, args, '.').catch(giveUp)
  if (isMade === false) process.exitCode = 1
} else {
  await run(demonstrate)
}
