/**
 * What a switch costs: `npm run bench`.
 *
 * Prints nanoseconds per switch of the library beside a bare generator loop (the limit) and async/await, measured in one run. Each
 * figure is the median over interleaved rounds, each in a fresh process with its code warmed up, on the built package; a ratio is the
 * median of the rounds' ratios. Believe the ratios: absolute times are this machine's, at this hour. `--quick` takes fewer rounds, `--json` prints the samples.
 */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { WORKS } from './works.ts'

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    json: { type: 'boolean' },
    work: { type: 'string' },
    switches: { type: 'string' },
  },
})
const SWITCHES = Number(options.switches ?? 3_000_000)
const WARM_UP = 300_000
const ROUNDS = options.quick === true ? 3 : 11

if (options.work === undefined) await compare()
else await measure(options.work)

/** In a process of its own: one work, once. Prints nanoseconds per switch. */
async function measure(name: string): Promise<void> {
  const work = WORKS[name]
  if (work === undefined) throw new Error(`There is no work "${name}"; there are ${Object.keys(WORKS).join(', ')}.`)
  await work(WARM_UP)
  globalThis.gc?.()
  const began = performance.now()
  await work(SWITCHES)
  console.log(((performance.now() - began) / SWITCHES) * 1e6)
}

/** All works, round by round, so that a slow minute of the machine meets all of them. */
async function compare(): Promise<void> {
  const samples = new Map(Object.keys(WORKS).map((name) => [name, [] as number[]]))
  for (let round = 1; round <= ROUNDS; round++) {
    process.stderr.write(`round ${String(round)} of ${String(ROUNDS)}\r`)
    for (const [name, list] of samples) list.push(inFreshProcess(name))
  }
  process.stderr.write(`${' '.repeat(20)}\r`)
  if (options.json === true) {
    console.log(JSON.stringify({ node: process.version, switches: SWITCHES, nsPerSwitch: Object.fromEntries(samples) }))
    return
  }
  console.log(
    `ns per switch, Node ${process.version}, ${String(SWITCHES)} switches, median of ${String(ROUNDS)} rounds\n`,
  )
  console.log(
    `${'work'.padEnd(18)}${['median', 'min', 'max', 'x bare', 'x async'].map((head) => head.padStart(9)).join('')}`,
  )
  for (const [name, list] of samples) {
    const cells = [
      median(list).toFixed(1),
      Math.min(...list).toFixed(1),
      Math.max(...list).toFixed(1),
      ratio(list, samples.get('bare generators') ?? []).toFixed(2),
      ratio(list, samples.get('async/await') ?? []).toFixed(2),
    ]
    console.log(`${name.padEnd(18)}${cells.map((cell) => cell.padStart(9)).join('')}`)
  }
  console.log('\naims: RawGreenlet within 2.6 x bare and at most 0.6 x async/await')
}

function inFreshProcess(name: string): number {
  const args = [
    '--expose-gc',
    ...process.execArgv,
    fileURLToPath(import.meta.url),
    '--work',
    name,
    '--switches',
    String(SWITCHES),
  ]
  return Number(execFileSync(process.execPath, args, { encoding: 'utf8' }))
}

/** The median of the ratios round by round: both of a round met the machine in the same minute. */
function ratio(own: readonly number[], other: readonly number[]): number {
  return median(own.map((ns, round) => ns / (other[round] ?? NaN)))
}

function median(list: readonly number[]): number {
  const sorted = [...list].sort((a, b) => a - b)
  return ((sorted[(sorted.length - 1) >> 1] ?? NaN) + (sorted[sorted.length >> 1] ?? NaN)) / 2
}
