import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { compileFunction } from 'node:vm'
import { ESLint, type Linter } from 'eslint'
import * as eslintConfig from 'eslint/config'
import greenloop from 'greenloop/eslint'
import tseslint from 'typescript-eslint'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Compiled, compile } from './support/compiled.ts'
import { blocksOf, fencesOf } from './support/pages.ts'
import { REPOSITORY } from './support/processes.ts'
import { openWeb, type Web } from './support/web.ts'

const PAGES = [
  'README.md',
  'docs/testing.md',
  'docs/watching.md',
  'docs/semantics.md',
  'docs/design.md',
  'docs/performance.md',
].map((file) => {
  const fences = fencesOf(readFileSync(join(REPOSITORY, file), 'utf8'))
  return { file, fences, blocks: blocksOf(file, fences) }
})
const commands = PAGES.flatMap(({ fences }) => fences.filter(({ language }) => language === 'sh')).flatMap(({ code }) =>
  code.trim().split(/\n| && /u),
)

let compiled: Compiled
let web: Web

beforeAll(async () => {
  compiled = compile(PAGES.flatMap(({ blocks }) => blocks))
  web = await openWeb()
}, 30_000)

afterAll(() => {
  compiled.remove()
  web.close()
})

for (const { file, fences, blocks } of PAGES) {
  describe(file, () => {
    it('has no code block of a kind that nobody runs', () => {
      // The one of JavaScript configures ESLint; below it is run.
      const languages = ['ts', 'text', 'sh', ...(file === 'README.md' ? ['js'] : [])]
      for (const { line, language } of fences) expect(languages, `${file}:${line}`).toContain(language)
    })

    for (const block of blocks) {
      // The first one pays for the compiler's whole program.
      it(`${block.name} compiles`, { timeout: 30_000 }, () => {
        expect(compiled.errors(block)).toEqual([])
      })
    }
  })
}

// Apart from the others: vitest runs together only what stands together.
describe.concurrent('a block', () => {
  for (const block of PAGES.flatMap(({ blocks }) => blocks)) {
    it(`${block.name} prints what it says`, { timeout: 30_000 }, async () => {
      await compiled.run(block, /https:\/\/[a-z]/u.test(block.code) ? web.env : null)
    })
  }
})

/** A program with mistakes, as the tests of the rules have it. */
const PROGRAM = join(REPOSITORY, 'test/eslint/fixtures')

/** What an `eslint.config.js` in `dirname` exports. */
function configOf(code: string, dirname: string): Linter.Config[] {
  const modules = { 'eslint/config': eslintConfig, 'greenloop/eslint': greenloop, 'typescript-eslint': tseslint }
  const body = code
    .replace(/^import (.*) from ('.*')$/gmu, 'const $1 = modules[$2]')
    .replace('export default', 'return')
    .replace('import.meta.dirname', 'dirname')
  type Load = (found: typeof modules, dirname: string) => Linter.Config[]
  return (compileFunction(body, ['modules', 'dirname']) as Load)(modules, dirname)
}

describe('README.md', () => {
  it('begins with the two commands', () => {
    const [first, second] = fencesOf(readFileSync(join(REPOSITORY, 'README.md'), 'utf8'))
    expect(first).toMatchObject({ language: 'sh', code: 'npm ci && npm start\n' })
    expect(second).toMatchObject({ language: 'sh', code: 'npm ci && npm test\n' })
  })

  it('configures ESLint so that it finds a forgotten yield* and a swallowed kill', { timeout: 30_000 }, async () => {
    const fences = PAGES.find(({ file }) => file === 'README.md')?.fences ?? []
    const [block, ...others] = fences.filter(({ language }) => language === 'js')
    expect(others).toEqual([])
    const eslint = new ESLint({
      cwd: PROGRAM,
      overrideConfigFile: true,
      overrideConfig: configOf(block?.code ?? '', PROGRAM),
    })
    const [result] = await eslint.lintFiles(['forgotten.ts'])
    expect(new Set(result?.messages.map(({ ruleId }) => ruleId))).toEqual(
      new Set(['greenloop/no-floating-operation', 'greenloop/no-swallowed-interrupt']),
    )
  })
})

describe('a command in a page', () => {
  const { scripts } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }

  it.each(commands)('%s can be run in a fresh clone', (command) => {
    const [program, ...rest] = command.replace(/^(npx )/u, '').split(/\s+/u)
    const script = rest[0] === 'run' ? (rest[1] ?? '') : (rest[0] ?? '')
    if (command === 'npm ci') expect(existsSync(join(REPOSITORY, 'package-lock.json'))).toBe(true)
    else if (program === 'npm') expect(scripts).toHaveProperty([script])
    // examples.test.ts runs what is in examples.
    else expect([program, existsSync(join(REPOSITORY, script))], command).toEqual(['tsx', true])
  })

  it('is, for the first two, the example and the tests', () => {
    expect(scripts).toMatchObject({ start: 'tsx examples/pages.ts', test: 'vitest run' })
  })
})
