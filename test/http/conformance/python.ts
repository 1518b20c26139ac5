/**
 * What Python's `requests` makes of the cases: asked where it is installed, in the version that was recorded, and else as recorded.
 */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Case, type Outcome, outcomeOf, type Played } from './case.ts'
import { Site } from './site.ts'

/** Debian's, with its python3-requests. */
const PYTHON = '/usr/bin/python3'
const PLAYER = fileURLToPath(new URL('programs/play.py', import.meta.url))
/** A run of all cases takes a second or two; on a machine that has much else to do, not so long. */
export const LONGEST_MS = 30_000

/** The outcomes of a run, each as one line of JSON, under a line with the versions that had a part in it. */
export const RECORD: string = fileURLToPath(new URL('recorded.txt', import.meta.url))

/** A run of all cases. */
export interface Run {
  /** `requests 2.28.1, ...`. */
  readonly versions: string
  readonly outcomes: readonly Outcome[]
}

/** What was recorded. */
export function recorded(): Run {
  const [versions = '', ...lines] = readFileSync(RECORD, 'utf8').trimEnd().split('\n')
  return { versions, outcomes: lines.map((line) => JSON.parse(line) as Outcome) } // what `record` has written
}

/** A run as it is recorded. */
export function record({ versions, outcomes }: Run): string {
  return `${[versions, ...outcomes.map((outcome) => JSON.stringify(outcome))].join('\n')}\n`
}

/** Plays `cases` with Python; null where there is no such Python, or no `requests` in it. */
export async function askPython(cases: readonly Case[]): Promise<Run | null> {
  const site = await Site.open(cases)
  try {
    const asked = cases.map(({ session, calls }) => ({ session, calls }))
    const answer = await runPlayer(site.fill(JSON.stringify({ site: 'http://{here}', cases: asked })))
    if (answer === null) return null
    const { versions, outcomes } = JSON.parse(site.hide(answer)) as { versions: string; outcomes: Played[] } // as play.py writes it
    return { versions, outcomes: outcomes.map((played, at) => outcomeOf(cases[at]?.title ?? '', played)) }
  } finally {
    site.close()
  }
}

function runPlayer(work: string): Promise<string | null> {
  // Isolated, and in an environment of its own: no proxy, no .netrc, no other language has a part in it.
  const child = spawn(PYTHON, ['-I', PLAYER], { env: { LANG: 'C.UTF-8', HOME: '/nonexistent' }, timeout: LONGEST_MS })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  child.stdin.on('error', () => undefined).end(work) // one that has ended without reading says why by itself
  return new Promise((resolve, reject) => {
    child.on('error', () => resolve(null))
    child.on('close', (code) => {
      if (code === 0) resolve(stdout)
      else if (stderr.includes("No module named 'requests'")) resolve(null)
      else reject(new Error(`play.py ended with ${String(code)}:\n${stderr}`))
    })
  })
}
