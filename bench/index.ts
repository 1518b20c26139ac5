/**
 * What things cost: `npm run bench`.
 *
 * Each table puts the library beside what one would write without it, in one run. A figure is the median over interleaved rounds, each
 * in a fresh process, on the built package, after a warm-up of the same size and one of a tenth (of a tenth only where the table says so); a ratio is the median of the rounds' ratios, since both of a round
 * met the machine in the same minute. Believe the ratios: absolute times are this machine's, at this hour.
 *
 * `--table switch` runs one table, `--rounds 3` is quicker, `--json` prints the samples. `--python path` names a Python that has
 * greenlet and gevent, for the rows of their own C; without one it is said that there is none.
 */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { findPython, measurePython, type PythonWork, pythonRow } from './python.ts'
import { TABLES, type Table } from './tables.ts'
import type { Work } from './work.ts'

const { values: options } = parseArgs({
  options: {
    table: { type: 'string' },
    rounds: { type: 'string', default: '11' },
    json: { type: 'boolean', default: false },
    python: { type: 'string' },
    // For the processes that measure: one work of the table.
    work: { type: 'string' },
  },
})

if (options.work === undefined) await compare(Number(options.rounds))
else await measure(options.table ?? '', options.work)

/** In a process of its own: one work, once. Prints the figure. */
async function measure(table: string, name: string): Promise<void> {
  const work = TABLES[table]?.works[name]
  if (work === undefined) throw new Error(`There is no work "${name}" in table "${table}".`)
  if (work.measure !== undefined) {
    console.log(await work.measure(work.times))
    return
  }
  // V8 drops code that was made for objects of which none is left, as after a collection: so the short run comes last.
  if (work.cold !== true) await work.run(work.times)
  globalThis.gc?.()
  await work.run(work.times / 10)
  const began = performance.now()
  await work.run(work.times)
  console.log(((performance.now() - began) / work.times) * 1e6)
}

async function compare(rounds: number): Promise<void> {
  if (!(rounds >= 1)) throw new Error(`--rounds takes a number, 1 or more, but got ${options.rounds}.`)
  const chosen = Object.entries(TABLES).filter(([name]) => options.table === undefined || options.table === name)
  if (chosen.length === 0) throw new Error(`There is no such table; there are ${Object.keys(TABLES).join(', ')}.`)
  for (const [name, table] of chosen) {
    const pythons = new Map<PythonWork, string>()
    for (const work of table.python ?? []) {
      const python = findPython(work, options.python)
      if (python === null) console.log(`(no Python here has ${pythonRow(work)})`)
      else pythons.set(work, python)
    }
    const samples = await collect(name, table, rounds, pythons)
    if (options.json)
      console.log(JSON.stringify({ table: name, node: process.version, samples: Object.fromEntries(samples) }))
    else print(table, samples, rounds)
  }
}

/** All works of a table, round by round, so that a slow minute of the machine meets all of them. */
async function collect(
  name: string,
  table: Table,
  rounds: number,
  pythons: ReadonlyMap<PythonWork, string>,
): Promise<Map<string, number[]>> {
  const samples = new Map<string, number[]>()
  for (let round = 1; round <= rounds; round++) {
    process.stderr.write(`${name}: round ${String(round)} of ${String(rounds)}\r`)
    for (const [row, work] of Object.entries(table.works)) {
      const list = samples.get(row) ?? samples.set(row, []).get(row)
      list?.push(inFreshProcess(name, row, work))
    }
    for (const [work, python] of pythons) {
      const row = pythonRow(work)
      const list = samples.get(row) ?? samples.set(row, []).get(row)
      list?.push(await measurePython(work, python))
    }
  }
  process.stderr.write(`${' '.repeat(40)}\r`)
  return samples
}

function inFreshProcess(table: string, name: string, work: Work): number {
  const flags = ['--expose-gc', ...(work.flags ?? []), ...process.execArgv]
  const output = execFileSync(
    process.execPath,
    [...flags, fileURLToPath(import.meta.url), '--table', table, '--work', name],
    {
      encoding: 'utf8',
    },
  )
  return Number(output)
}

function print(table: Table, samples: ReadonlyMap<string, readonly number[]>, rounds: number): void {
  console.log(`\n${table.title}\n${table.unit}, Node ${process.version}, median of ${String(rounds)} rounds\n`)
  const bases = table.bases.filter((base) => samples.has(base))
  const width = Math.max(...[...samples.keys()].map((row) => row.length)) + 2
  const heads = ['median', 'min', 'max', ...bases.map((base) => `x ${base}`)]
  const columns = heads.map((head) => Math.max(11, head.length + 2))
  console.log(`${'work'.padEnd(width)}${heads.map((head, column) => head.padStart(columns[column] ?? 11)).join('')}`)
  for (const [row, list] of samples) {
    const figures = [
      median(list).toFixed(1),
      Math.min(...list).toFixed(1),
      Math.max(...list).toFixed(1),
      ...bases.map((base) => ratio(list, samples.get(base) ?? []).toFixed(2)),
    ]
    console.log(`${row.padEnd(width)}${figures.map((cell, column) => cell.padStart(columns[column] ?? 11)).join('')}`)
  }
  console.log(`\naims: ${table.aims}`)
}

function ratio(own: readonly number[], other: readonly number[]): number {
  return median(own.map((figure, round) => figure / (other[round] ?? NaN)))
}

function median(list: readonly number[]): number {
  const sorted = [...list].sort((a, b) => a - b)
  return ((sorted[(sorted.length - 1) >> 1] ?? NaN) + (sorted[sorted.length >> 1] ?? NaN)) / 2
}
