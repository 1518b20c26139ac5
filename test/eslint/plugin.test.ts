// greenloop/eslint as its users have it: the real ESLint, a configuration file's content, and the compiler behind it.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ESLint, Linter } from 'eslint'
import { defineConfig } from 'eslint/config'
import greenloop, { configs, meta, rules } from 'greenloop/eslint'
import tseslint from 'typescript-eslint'
import { describe, expect, it } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }

const FIXTURES = fileURLToPath(new URL('fixtures/', import.meta.url))

describe('the recommended configuration', () => {
  const eslint = new ESLint({
    cwd: FIXTURES,
    overrideConfigFile: true,
    overrideConfig: defineConfig(greenloop.configs.recommended, {
      files: ['**/*.ts'],
      languageOptions: {
        parser: tseslint.parser,
        parserOptions: { projectService: true, tsconfigRootDir: FIXTURES },
      },
    }),
  })

  it('finds the mistakes of a program', { timeout: 30_000 }, async () => {
    const source = readFileSync(`${FIXTURES}forgotten.ts`, 'utf8').split('\n')
    const marked = source.flatMap((line, n) => (line.endsWith('// a mistake') ? [n + 1] : []))
    const [result] = await eslint.lintFiles(['forgotten.ts'])
    expect(result?.messages.map(({ line, ruleId, severity }) => [line, ruleId, severity])).toEqual([
      [marked[0], 'greenloop/no-floating-operation', 2],
      [marked[1], 'greenloop/no-swallowed-interrupt', 2],
      [marked[2], 'greenloop/no-floating-operation', 2],
    ])
  })

  it('leaves alone what is no TypeScript', async () => {
    const [result] = await eslint.lintText('function* f() { try { yield* g() } catch {} }', { filePath: 'some.js' })
    expect(result?.messages).toEqual([])
  })
})

describe('the plugin', () => {
  it('says which it is', () => {
    expect(meta).toEqual({ name: manifest.name, version: manifest.version })
  })

  it('has its parts as names, too', () => {
    expect(greenloop).toEqual({ meta, rules, configs })
  })

  it('is the plugin of its own configurations', () => {
    expect(configs.recommended.plugins?.['greenloop']).toBe(greenloop)
  })
})

describe('no-floating-operation without types', () => {
  it('says how to turn them on', () => {
    const linter = new Linter()
    const config: Linter.Config = { plugins: { greenloop }, rules: { 'greenloop/no-floating-operation': 'error' } }
    expect(() => linter.verify('sleep(1)', config)).toThrow(
      'The rule greenloop/no-floating-operation needs to know types. Have typescript-eslint parse the file and ask the compiler:\n\n' +
        '  languageOptions: {\n' +
        '    parser: tseslint.parser,\n' +
        '    parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },\n' +
        '  }\n',
    )
  })
})
