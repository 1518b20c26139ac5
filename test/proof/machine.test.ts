// Tools that stand on streams and child processes, run in three processes: unpatched, patched, and patched in greenlets.
import { describe, expect, it } from 'vitest'
import { runProgram } from '../support/program.ts'

const NAMES = [
  'esbuild compiles, by a child that stays',
  'tsx runs a program',
  'a cluster: two workers, of which each answers',
  'a worker with pipes',
  'readline: of a child, with questions, and for await',
  'zlib: streams, callbacks, promises',
  'streams: operators, compose, from, web streams, consumers',
  'children: a shell, one that fails, one that is piped into another',
] as const

const EXPECTED: Readonly<Record<(typeof NAMES)[number], unknown>> = {
  'esbuild compiles, by a child that stays': 'const answer = 42;\n',
  'tsx runs a program': { stdout: 'typed\n', stderr: '' },
  'a cluster: two workers, of which each answers': [
    ['answered by a worker', '7', 'answered by a worker', '7'],
    ['ChildProcess', 'ChildProcess'],
  ],
  'a worker with pipes': ['SAID', 0],
  'readline: of a child, with questions, and for await': [['one', 'two', 'three', 'forty-two'], 'the answer? '],
  'zlib: streams, callbacks, promises': [true, true, 240_000],
  'streams: operators, compose, from, web streams, consumers': [
    'ABAB',
    [2, 4],
    'web',
    'from the web',
    { promised: true },
  ],
  'children: a shell, one that fails, one that is piped into another': [3, 'out\n', 'a\nb\n'],
}

/** They start processes that start processes. */
const LONGEST_MS = 60_000
const modes = ['plain', 'patched', 'greenlet'] as const
const ends = await Promise.all(
  modes.map((mode) => runProgram('../../proof/programs/machine.ts', { args: [mode], longestMs: LONGEST_MS })),
)

describe.each(modes)('%s', (mode) => {
  const { stdout, stderr, code } = ends[modes.indexOf(mode)]!
  const results = (stdout === '' ? {} : JSON.parse(stdout)) as Record<string, unknown>

  it('the process ends as it should', () => {
    expect([code, stderr]).toEqual([0, ''])
  })

  it.each(NAMES)('%s', (name) => {
    expect(results[name]).toEqual(EXPECTED[name])
  })
})
