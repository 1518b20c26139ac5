// Snippets of Node's own documentation, run in three processes: unpatched, patched, and patched with each snippet in a greenlet.
import { describe, expect, it } from 'vitest'
import { runProgram } from '../support/program.ts'
import { message } from '../support/thrown.ts'
import { extract } from './programs/node-docs/extract.ts'
import type { Mode, Record } from './programs/node-docs/stage.ts'

/** For all snippets, some of which start processes. */
const LONGEST_MS = 60_000

/** How a process has ended that has run all snippets. */
interface Run {
  /** By subject and name. */
  readonly records: ReadonlyMap<string, Record>
  readonly titles: readonly string[]
  readonly stderr: string
  readonly code: number | null
}

async function run(mode: Mode): Promise<Run> {
  const { stdout, stderr, code } = await runProgram('../../proof/programs/node-docs.ts', {
    args: [mode],
    longestMs: LONGEST_MS,
  })
  if (stdout === '') throw new Error(`The snippets have not been run:\n${stderr}`)
  const lines = stdout.split('\n').filter((line) => line !== '')
  const records = lines.map((line) => JSON.parse(line) as Record)
  const titles = records.map(({ subject, name }) => `${subject}: ${name}`)
  return {
    records: new Map(records.map((record, place) => [titles[place]!, record])),
    titles,
    stderr: stderr.replaceAll(/\(node:\d+\)/gu, '(node:<pid>)'),
    code,
  }
}

const [plain, patched, greenlet] = await Promise.all([run('plain'), run('patched'), run('greenlet')])

describe.each(plain.titles)('%s', (title) => {
  const expected = plain.records.get(title)!

  it('does what the documentation says', () => {
    expect(expected.failure).toBeNull()
    expect(expected.shown, expected.lines.join('\n')).toBe(true)
  })

  it('does the same patched', () => {
    expect(patched.records.get(title)).toStrictEqual(expected)
  })

  it('does the same patched, in a greenlet', () => {
    expect(greenlet.records.get(title)).toStrictEqual(expected)
  })
})

it('runs at least 30 snippets of net, tls, dns, timers and fetch, none of them twice', () => {
  const counts: { [subject: string]: number } = {}
  for (const { subject } of plain.records.values()) counts[subject] = (counts[subject] ?? 0) + 1
  expect(counts).toStrictEqual({
    net: 11,
    tls: 9,
    dns: 18,
    timers: 11,
    fetch: 15,
    http: 8,
    stream: 22,
    fs: 37,
    child_process: 19,
  })
  expect(plain.records.size).toBe(plain.titles.length)
})

it('names a snippet that is not there any more, or that does not say what is to be replaced', () => {
  const place = { file: '@types/node/net.d.ts', words: 'socket.setTimeout(3000)' }
  expect(message(() => extract({ ...place, words: 'socket.setTimeout(3001)' }, []))).toBe(
    '@types/node/net.d.ts has 0 snippets that say "socket.setTimeout(3001)", instead of one.',
  )
  expect(message(() => extract(place, [['4000', '1']]))).toBe('The snippet of @types/node/net.d.ts does not say 4000.')
})

it('ends each process in the same way', () => {
  expect(plain.code).toBe(0)
  expect([patched.code, patched.stderr]).toStrictEqual([plain.code, plain.stderr])
  expect([greenlet.code, greenlet.stderr]).toStrictEqual([plain.code, plain.stderr])
})
