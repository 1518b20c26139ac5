/**
 * What things cost, side by side with what a user would take instead: `npm run bench`.
 *
 * Each figure is a median over interleaved rounds, each in a fresh process, on the built package; a ratio is the median of the rounds'
 * ratios. Believe the ratios: absolute times are this machine's, at this hour.
 *
 * Stands on the works. Leaves the options to `command-line.ts`, measuring to `method`, and what is shown to `report`. Interrupted, it shows
 * what it has.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { type Command, commandOf, USAGE, WrongCommand } from './command-line.ts'
import { buildPrograms } from './method/built.ts'
import { type Growth, measureGrowth } from './method/growth.ts'
import { narrowed } from './method/quick.ts'
import { type Rounds, runWorks } from './method/rounds.ts'
import { type Figures, figuresFrom, withAgain } from './report/figures.ts'
import { gateLines, gatesOf } from './report/gates.ts'
import { machineOf } from './report/machine.ts'
import { filled, writePage } from './report/page.ts'
import { Progress } from './report/progress.ts'
import { check, checkLines, keptOf, nodeMajor, readKept, rowsOf, writeKept } from './report/ratios.ts'
import { samplesOf } from './report/samples.ts'
import { growthTable } from './report/tables.ts'
import { table } from './report/terminal.ts'
import { WORKS } from './works/all.ts'
import { COLD_WORKS } from './works/cold.ts'
import { GROWING } from './works/growing.ts'
import { OWN_WORKS } from './works/own.ts'

const RATIOS = new URL('ratios.json', import.meta.url)
const PAGE = new URL('../docs/performance.md', import.meta.url)
const FIGURES = new URL('../docs/bench/figures.json', import.meta.url)
const GROWTH_ROUNDS = 3

const command = commandOrEnd()
const stop = new AbortController()
const progress = new Progress(process.stderr)
process.once('SIGINT', () => {
  stop.abort()
  progress.clear()
  console.error('Interrupted: this is what was measured until then.')
})
const say = command.json === '-' ? () => undefined : (lines: readonly string[]) => console.log(lines.join('\n'))
const rounds: Rounds = {
  pace: command.pace,
  part: command.part,
  python: command.python,
  signal: stop.signal,
  onStep: (step) => progress.onStep(step),
  onOutcome: (outcome) => {
    progress.onOutcome(outcome)
    say(['', ...table(outcome)])
  },
}

await buildPrograms()
const outcomes = await runWorks(command.works, rounds)
const growth = await grown()
await keep()
const gates = outcomes.flatMap(gatesOf)
// A quick run says nothing about the aims: it is not at the sizes that they are for.
if (gates.length > 0 && command.ratios === null) {
  if (!command.isJudged) say(['', 'Not at the sizes that the aims are for, so the gates are shown and not judged:'])
  say(['', ...gateLines(gates)])
}
const isRegression = await compared()
const failures = outcomes.flatMap(({ work, failed }) => failed.map((name) => `${work.name}: ${name}`))
if (failures.length > 0) console.error(`Could not do their work: ${failures.join(', ')}.`)
const isMissed = command.isJudged && gates.some(({ verdict }) => verdict === 'failed')
process.exit(stop.signal.aborted ? 130 : isMissed || isRegression || failures.length > 0 ? 1 : 0)

function commandOrEnd(): Command {
  try {
    const sideBySide = [...WORKS, ...COLD_WORKS]
    const asked = commandOf(process.argv.slice(2), { sideBySide, own: OWN_WORKS, growing: GROWING })
    if (asked.write && asked.isWhole) lookAtPage(asked)
    if (!asked.help) return asked
    console.log(USAGE)
    process.exit(0)
  } catch (error) {
    if (!(error instanceof WrongCommand)) throw error
    console.error(error.message)
    process.exit(2)
  }
}

/** What the page asks for is looked at before the half hour, not after it. */
function lookAtPage({ works, growing }: Command): void {
  const names = [...works.map(({ name }) => name), ...growing.map(({ work }) => `growth-${work.name}`)]
  try {
    filled(readFileSync(PAGE, 'utf8'), new Map(['gates', 'machine', ...names].map((name) => [name, ''])))
  } catch (error) {
    throw new WrongCommand(`--write: ${error instanceof Error ? error.message : String(error)}`)
  }
}

async function grown(): Promise<Growth[]> {
  const all: Growth[] = []
  for (const one of command.growing) {
    if (stop.signal.aborted) break
    const found = await measureGrowth(one, {
      rounds: GROWTH_ROUNDS,
      signal: stop.signal,
      onStep: (...step) => progress.onPoint(...step),
    })
    progress.onGrowth(found)
    say(['', found.title, '', growthTable(found)])
    all.push(found)
  }
  return all
}

/** Keeps all of it where it is to be kept. */
async function keep(): Promise<void> {
  if (command.json === null && !command.write) return
  const [date, machine] = [new Date(), machineOf(command.python)]
  if (command.json !== null) {
    const text = `${JSON.stringify(samplesOf(outcomes, { date, machine, part: command.part, growth }), null, 2)}\n`
    if (command.json === '-') process.stdout.write(text)
    else writeFileSync(command.json, text)
  }
  if (!command.write || stop.signal.aborted) return
  const figures = figuresFrom(outcomes, { date, machine, growth })
  await writePage(command.isWhole ? figures : withAgain(JSON.parse(readFileSync(FIGURES, 'utf8')) as Figures, figures)) // as a run has written it
}

/** Whether a ratio that is kept has become worse, in so far as this Node compiles like the one that it was measured with. */
async function compared(): Promise<boolean> {
  if (command.ratios === null || stop.signal.aborted) return false
  const [rows, kept] = [rowsOf(outcomes), readKept(RATIOS)]
  if (command.ratios === 'keep') {
    writeKept(RATIOS, keptOf(rows, new Date(), command.isWhole ? null : kept))
    say(['', `${rows.length} ratios are kept in bench/ratios.json.`])
    return false
  }
  if (kept === null) {
    say(['', 'No ratios are kept: --store keeps those of this machine.'])
    return false
  }
  const found = await check(rows, kept, async (worse, factor) => {
    const pace = { rounds: command.pace.rounds * factor, budgetMs: null }
    return rowsOf(await runWorks(narrowed(command.works, worse), { ...rounds, pace }))
  })
  say(['', ...checkLines(found, command.isWhole)])
  const isOther = kept.node !== nodeMajor()
  if (isOther) say([`They were kept with Node ${kept.node}, and this is Node ${nodeMajor()}: nothing fails.`])
  return found.worse.length > 0 && !isOther
}
