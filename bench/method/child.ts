/**
 * The process of one measurement: `node child.js <contestant> <run> <times> <parameter> <cold|steady>`. Prints the measurement as JSON.
 *
 * Stands on the contestant's file alone, which it loads. Steady: before what is measured there is a run of a tenth, one of the same size if
 * that is not long, and one of a tenth; then it is measured again and again until half a second has passed, five times at the most, and the
 * median counts: V8 throws code away and compiles it again while it learns. Cold: a run of a tenth, and one that is measured.
 */
import { readFileSync } from 'node:fs'
import type { Measurement } from './measurement.ts'
import type { Runs, Stopwatch } from './runs.ts'

const LONGEST_WARM_UP_MS = 1500
const ENOUGH_MS = 500
const MOST_RUNS = 5
const NOTHING: Timed = { wallMs: NaN, cpuMicros: NaN, done: 1, told: null }

class Watch implements Stopwatch {
  #began = 0
  #cpuBegan: NodeJS.CpuUsage = process.cpuUsage()
  #wallMs: number | null = null
  #cpuMicros = 0
  #told: number | null = null

  start(): void {
    globalThis.gc?.()
    this.begin()
  }

  /** The same without collecting: V8 drops code that was made for objects of which none is left. */
  begin(): void {
    this.#wallMs = null
    this.#cpuBegan = process.cpuUsage()
    this.#began = performance.now()
  }

  stop(): void {
    if (this.#wallMs !== null) return
    this.#wallMs = performance.now() - this.#began
    const { user, system } = process.cpuUsage(this.#cpuBegan)
    this.#cpuMicros = user + system
  }

  tell(figure: number): void {
    this.#told = figure
  }

  get told(): number | null {
    return this.#told
  }

  get wallMs(): number {
    return this.#wallMs ?? NaN
  }

  get cpuMicros(): number {
    return this.#cpuMicros
  }
}

const [file = '', name = '', count = '', parameter = '', how = ''] = process.argv.slice(2)
const { runs } = (await import(new URL(`../contestants/${file}.js`, import.meta.url).href)) as { runs: Runs } // each exports them
const run = runs[name]
if (run === undefined) throw new Error(`${file} has no run "${name}"; it has ${Object.keys(runs).join(', ')}.`)
console.log(JSON.stringify(await measure(Number(count))))
process.exit() // a library may hold connections, timers or threads

async function measure(times: number): Promise<Measurement> {
  globalThis.gc?.()
  const residentBefore = process.memoryUsage.rss()
  const tenth = Math.max(1, Math.round(times / 10))
  // That of the first run of full size: later ones find what the first has left.
  let peak: number | null = null
  if (how === 'steady') {
    const { wallMs } = await timed(tenth)
    if (wallMs * 10 < LONGEST_WARM_UP_MS) {
      await timed(times)
      peak = mostResident()
    }
    globalThis.gc?.()
  }
  // Nothing is collected between this and what is measured: V8 drops code that was made for objects of which none is left.
  await timed(tenth)
  const measured: Timed[] = []
  do measured.push(await timed(times))
  while (how === 'steady' && measured.length < MOST_RUNS && sum(measured) < ENOUGH_MS)
  peak ??= mostResident()
  const { wallMs, cpuMicros, done, told } =
    measured.sort((a, b) => figure(a) - figure(b))[measured.length >> 1] ?? NOTHING
  if (told !== null) return { wallNs: told, cpuNs: null, peakBytes: null }
  return {
    wallNs: (wallMs / done) * 1e6,
    cpuNs: (cpuMicros / done) * 1e3,
    peakBytes: peak === null ? null : (peak - residentBefore) / done,
  }
}

/** The most memory that the process has had, in bytes; null where that is not told. Not `maxRSS`: that begins with what the parent had. */
function mostResident(): number | null {
  if (process.platform !== 'linux') return null
  const kilobytes = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
  return kilobytes === undefined ? null : Number(kilobytes) * 1024
}

interface Timed {
  readonly wallMs: number
  readonly cpuMicros: number
  /** How often the work was done. */
  readonly done: number
  /** The figure of its own, if it has one. */
  readonly told: number | null
}

function figure({ wallMs, done, told }: Timed): number {
  return told ?? wallMs / done
}

function sum(runs: readonly Timed[]): number {
  return runs.reduce((total, { wallMs }) => total + wallMs, 0)
}

async function timed(times: number): Promise<Timed> {
  const watch = new Watch()
  watch.begin()
  const given = await run?.(times, watch, Number(parameter))
  watch.stop()
  const done = typeof given === 'number' ? given : times
  return { wallMs: watch.wallMs, cpuMicros: watch.cpuMicros, done, told: watch.told }
}
