/**
 * What `npm run bench -- ...` asks for: the options, checked, so that a mistake is told at once and in one line.
 *
 * Stands on the works, of which it chooses. Leaves the running to `index.ts`.
 */
import { existsSync } from 'node:fs'
import { type ParseArgsConfig, parseArgs } from 'node:util'
import type { Growing } from './method/growth.ts'
import type { Pace } from './method/plan.ts'
import { quickOf } from './method/quick.ts'
import type { Work } from './method/work.ts'

export const USAGE = `Usage: npm run bench -- [options]

Measures every work side by side with what a user would take instead, in under twenty minutes.

  --work NAME        only this work; may be repeated, and be several with commas between
  --only CONTESTANT  only this one of each work; may be repeated
  --rounds N         exactly so many rounds; otherwise 5, and fewer for those that are slow
  --part X           only this part of the times, above 0 and up to 1; gates are not judged then
  --own              our own works instead
  --growth           how cost grows, from ten to a million, instead
  --quick            in a minute: what the ratios that are kept need; and compares with them
  --check            the same
  --store            the same, and keeps the ratios in bench/ratios.json
  --json[=FILE]      all samples as JSON, on stdout instead of the tables or in a file
  --write            everything, our own works and growth too, and writes docs/performance.md and its pictures; with --work
                     only these, in the place of what is there of them
  --python PATH      which Python; otherwise /usr/bin/python3, or the one on the PATH
  --help             this

It ends with 1 when a gate fails, that is when an aim is missed by more than a quarter, or when a kept ratio has become worse.`

/** What there is to choose from. */
export interface Choice {
  readonly sideBySide: readonly Work[]
  readonly own: readonly Work[]
  readonly growing: readonly Growing[]
}

/** What is asked for. */
export interface Command {
  readonly help: boolean
  readonly works: readonly Work[]
  readonly growing: readonly Growing[]
  readonly pace: Pace
  readonly part: number
  /** Whether the gates are judged: at the sizes that the aims are for. */
  readonly isJudged: boolean
  readonly python: string
  /** Whether ratios are compared with those that are kept, or kept themselves. */
  readonly ratios: 'compare' | 'keep' | null
  /** Whether all is measured that there are ratios of. */
  readonly isWhole: boolean
  /** A file; `-` is stdout, null is none. */
  readonly json: string | null
  readonly write: boolean
}

/** The command line is wrong. The message is one line, for whoever wrote it. */
export class WrongCommand extends Error {}

/** Of the twenty minutes; the rest is for what goes before and after. */
const BUDGET_MS = 18.5 * 60_000
const ROUNDS = 5
const QUICK_ROUNDS = 3
const KEPT_ROUNDS = 5

const OPTIONS = {
  work: { type: 'string', multiple: true, default: [] },
  only: { type: 'string', multiple: true, default: [] },
  rounds: { type: 'string' },
  part: { type: 'string' },
  own: { type: 'boolean', default: false },
  growth: { type: 'boolean', default: false },
  quick: { type: 'boolean', default: false },
  check: { type: 'boolean', default: false },
  store: { type: 'boolean', default: false },
  json: { type: 'string' },
  write: { type: 'boolean', default: false },
  python: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const satisfies ParseArgsConfig['options']

type Options = ReturnType<typeof optionsOf>

/** Reads it. */
export function commandOf(args: readonly string[], choice: Choice): Command {
  const options = optionsOf(args)
  const isQuick = options.quick || options.check || options.store
  if (options.store && options.check)
    throw new WrongCommand('--store keeps what --check compares with: give one of them.')
  if (isQuick && (options.own || options.growth || options.write))
    throw new WrongCommand('A quick run has no --own, --growth or --write.')
  const isSome = options.only.length > 0 || options.own || options.growth || options.part !== undefined
  if (options.write && isSome)
    throw new WrongCommand('--write is for whole works: it goes without --only, --part, --own and --growth.')
  const rounds = options.rounds === undefined ? null : roundsOf(options.rounds)
  const part = options.part === undefined ? null : partOf(options.part)
  return {
    help: options.help,
    ...chosenOf(options, choice, isQuick),
    pace: isQuick
      ? { rounds: rounds ?? (options.store ? KEPT_ROUNDS : QUICK_ROUNDS), budgetMs: null }
      : { rounds: rounds ?? ROUNDS, budgetMs: rounds === null ? BUDGET_MS : null },
    part: part ?? 1,
    isJudged: !isQuick && (part ?? 1) === 1,
    python: options.python ?? (existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3'),
    ratios: options.store ? 'keep' : isQuick ? 'compare' : null,
    isWhole: options.work.length === 0 && options.only.length === 0,
    json: options.json ?? null,
    write: options.write,
  }
}

function optionsOf(args: readonly string[]) {
  try {
    // What has no value of its own means stdout.
    return parseArgs({ args: args.map((one) => (one === '--json' ? '--json=-' : one)), options: OPTIONS }).values
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    // The rest of the message is about values that begin with a dash.
    throw new WrongCommand(`${error.message.split(/\. |\.?\n/u)[0] ?? ''}. --help shows what there is.`)
  }
}

/** What is measured, of what there is. */
function chosenOf(options: Options, choice: Choice, isQuick: boolean): Pick<Command, 'works' | 'growing'> {
  const { sideBySide, own, growing } = choice
  const names = options.work.flatMap((some) => some.split(',')).map((name) => name.trim())
  const isPlain = !options.own && !options.growth
  const all: Pick<Command, 'works' | 'growing'> = {
    works: isQuick
      ? quickOf(sideBySide)
      : [
          ...(isPlain ? sideBySide : []),
          // Those that are asked for by name may be of either kind.
          ...(options.own || options.write || (isPlain && names.length > 0) ? own : []),
        ],
    growing: options.growth || (options.write && names.length === 0) ? growing : [],
  }
  const isNamed = ({ name }: Work): boolean => names.length === 0 || names.includes(name)
  const known = [...all.works, ...all.growing.map(({ work }) => work)]
  for (const name of names) if (!known.some((one) => one.name === name)) refuseWork(name, known)
  const works = all.works.filter(isNamed)
  return {
    works: options.only.length === 0 ? works : onlyOf(works, options.only),
    growing: all.growing.filter(({ work }) => isNamed(work)),
  }
}

function refuseWork(name: string, known: readonly Work[]): never {
  throw new WrongCommand(
    `There is no work "${name}" here; there are ${[...new Set(known.map((one) => one.name))].join(', ')}.`,
  )
}

function onlyOf(works: readonly Work[], only: readonly string[]): Work[] {
  const names = new Set(works.flatMap(({ contestants }) => contestants.map(({ name }) => name)))
  for (const name of only) {
    if (!names.has(name))
      throw new WrongCommand(
        `No work here has a contestant "${name}"; there are ${[...names].map((one) => `"${one}"`).join(', ')}.`,
      )
  }
  return works
    .map((one) => ({ ...one, contestants: one.contestants.filter(({ name }) => only.includes(name)) }))
    .filter(({ contestants }) => contestants.length > 0)
}

function roundsOf(text: string): number {
  const rounds = Number(text)
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 1000)
    throw new WrongCommand(`--rounds is a whole number from 1 to 1000, and not "${text}".`)
  return rounds
}

function partOf(text: string): number {
  const part = Number(text)
  if (!(part > 0 && part <= 1)) throw new WrongCommand(`--part is a number above 0 and up to 1, and not "${text}".`)
  return part
}
