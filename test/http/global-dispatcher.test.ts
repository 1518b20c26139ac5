// Whose connections fetch and undici use in a process that has both, and the library: each its own.
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build as bundle, type Plugin } from 'esbuild'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'

checkLeaks()

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url))

/** In a bundle all packages would be loaded first. This one is loaded in its place, as it is from the files of a package. */
const inOrder: Plugin = {
  name: 'in-order',
  setup(build) {
    // Filters are not JavaScript's: they know no flag.
    build.onResolve({ filter: /^undici$/ }, ({ namespace }) =>
      namespace === 'in-order' ? { path: 'undici', external: true } : { path: 'undici', namespace: 'in-order' },
    )
    build.onLoad({ filter: /./, namespace: 'in-order' }, () => ({ contents: "module.exports = require('undici')" }))
  },
}

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(REPOSITORY, 'node_modules/.cache/global-dispatcher-'))
  await bundle({
    entryPoints: [fileURLToPath(new URL('programs/global-dispatcher.ts', import.meta.url))],
    outfile: join(folder, 'program.mjs'),
    bundle: true,
    packages: 'bundle',
    plugins: [inOrder],
    platform: 'node',
    format: 'esm',
    target: 'es2022',
    keepNames: true,
    logLevel: 'error',
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
    },
  })
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** What each order is to print: after each step who is in the slot, and what the step got. */
const ORDERS: [what: string, lines: string[]][] = [
  [
    'the program’s fetch stays on Node’s own connections, whether or not the library’s fetch was used',
    ['http node, fetch=page node, own=page node', 'http node, own=page node, fetch=page node'],
  ],
  [
    'patched or not, before and after',
    ['patch node, http node, fetch=page node, own=page node', 'http node, patch node, own=page node, fetch=page node'],
  ],
  ['who has used fetch before finds it unchanged', ['fetch=page node, http node, own=page node, request=page node']],
  [
    'what the program sets is used by all, set before or after',
    [
      'http node, own=page node, mock mock, own=mocked mock, request=mocked mock, fetch=mocked mock',
      'mock mock, http mock, own=mocked mock, fetch=mocked mock',
    ],
  ],
  [
    'a program that has loaded undici before finds it unchanged',
    ['undici npm, http npm, own=page npm, fetch=page npm'],
  ],
]

/** A program that uses undici itself, and finds an Agent of that version. */
const COMPOSING = [
  'http node, compose=page node, fetch=page node',
  'http node, fetch=page node, request=page node, compose=page node',
]

let printed: Promise<string[]> | null = null
function print(): Promise<string[]> {
  const orders = [...ORDERS.flatMap(([, lines]) => lines), ...COMPOSING]
  const steps = orders.map((line) => line.replaceAll(/(?:=\w+)? \w+(?=,|$)/gu, '').replaceAll(',', ''))
  return (printed ??= promisify(execFile)(process.execPath, [join(folder, 'program.mjs'), ...steps]).then(
    ({ stdout, stderr }) => {
      expect(stderr).toBe('')
      return stdout.trimEnd().split('\n')
    },
  ))
}

it.each(ORDERS)('%s', async (_, lines) => {
  const all = await print()
  for (const line of lines) expect(all).toContain(line)
})

it('a program that uses undici itself has an Agent of that version, not Node’s', async () => {
  const all = await print()
  for (const line of COMPOSING) expect(all).toContain(line)
})
