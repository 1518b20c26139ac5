// The project of `examples/testing`, copied as a user would: its tests pass, and find the mistake that its README makes in it.
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fencesOf, normal, pattern } from './support/pages.ts'

const PROJECT = fileURLToPath(new URL('../../examples/testing', import.meta.url))
const MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url))

/** The README's mistake, as it stands there. */
const [right = '', wrong = ''] = (
  fencesOf(readFileSync(join(PROJECT, 'README.md'), 'utf8')).find(({ language }) => language === 'diff')?.code ?? ''
)
  .trimEnd()
  .split('\n')
  .map((line) => line.slice(2))

const folder = mkdtempSync(join(tmpdir(), 'greenloop-'))
let printed = ''

beforeAll(async () => {
  // The library is the one that was compiled for this run of the tests, found through the `exports` of its package.json.
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(process.env['GREENLOOP_PROGRAMS'] ?? '', join(folder, 'node_modules/greenloop'))
  symlinkSync(join(MODULES, 'vitest'), join(folder, 'node_modules/vitest'))
  // In one run: the project with the mistake, and in a folder of it the project as it is.
  const filter = (path: string): boolean => !path.includes('node_modules', PROJECT.length)
  cpSync(PROJECT, folder, { recursive: true, filter })
  cpSync(PROJECT, join(folder, 'right'), { recursive: true, filter })
  const bank = readFileSync(join(PROJECT, 'bank.ts'), 'utf8')
  writeFileSync(join(folder, 'bank.ts'), bank.replace(right, wrong))
  const args = [join(MODULES, 'vitest/vitest.mjs'), 'run', '--reporter=verbose', '--no-file-parallelism']
  const { PATH, HOME } = process.env
  printed = await new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: folder, env: { PATH, HOME, NO_COLOR: '1' } }, (_, stdout, stderr) => {
      resolve(stdout + stderr)
    })
  })
}, 30_000)

afterAll(() => {
  rmSync(folder, { recursive: true })
})

describe('examples/testing', () => {
  it('passes', () => {
    const results = [...printed.matchAll(/^ ([✓×]) (right\/.*?)(?: \d+ms)?$/gmu)].map(
      ([, sign, name]) => `${sign} ${name}`,
    )
    expect(results.sort()).toEqual([
      '✓ right/bank.test.ts > interest > is paid once a day',
      '✓ right/bank.test.ts > transfers > lose nothing, and never wait for each other in a circle',
      '✓ right/bank.test.ts > transfers > refuse what is not there, whoever comes first',
      '✓ right/switch.test.ts > f1 and f2 run by turns, each from where it stood',
    ])
  })

  it('fails with its mistake as its README says', () => {
    expect(wrong).not.toBe('')
    const report = fencesOf(readFileSync(join(PROJECT, 'README.md'), 'utf8')).find(
      ({ language }) => language === 'text',
    )
    expect(normal(printed)).toMatch(pattern(report?.code ?? '', true))
    expect(printed).toMatch(/Tests {2}1 failed \| 7 passed \(8\)/u)
  })
})
