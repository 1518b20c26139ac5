/**
 * `greenloop/eslint`: lint rules for code that is written with greenloop.
 *
 * A room apart: it runs in the linter and needs nothing of the run time, nor does anything there need it.
 */
import { readFileSync } from 'node:fs'
import type { ESLint, Linter, Rule } from 'eslint'
import { noFloatingOperation } from './no-floating-operation.ts'
import { noSwallowedInterrupt } from './no-swallowed-interrupt.ts'

// As far from dist/eslint as from src/eslint. It is our own, so it has both.
const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
const { name, version } = JSON.parse(manifest) as { name: string; version: string }

/** What ESLint calls the plugin, in its cache for instance. */
export const meta: {
  /** `greenloop`. */
  readonly name: string
  /** That of the package. */
  readonly version: string
} = { name, version }

/** The rules. */
export const rules: {
  /** Each operation, and each call of a green function, is driven. Asks the compiler for types. Fixable. */
  readonly 'no-floating-operation': Rule.RuleModule
  /** A `catch` around `yield*` rethrows, or asks `isInterrupt`. */
  readonly 'no-swallowed-interrupt': Rule.RuleModule
} = {
  // They are written with typescript-eslint's types of the tree; ESLint's own know nothing of TypeScript.
  'no-floating-operation': noFloatingOperation as object as Rule.RuleModule,
  'no-swallowed-interrupt': noSwallowedInterrupt as object as Rule.RuleModule,
}

const plugins: Record<string, ESLint.Plugin> = {}

/** Configurations, for `defineConfig`. */
export const configs: {
  /** Both rules, as errors, in TypeScript files. */
  readonly recommended: Linter.Config
} = {
  recommended: {
    name: 'greenloop/recommended',
    // Elsewhere, as in eslint.config.js, there are no types, and the first rule could only say so.
    files: ['**/*.{ts,tsx,mts,cts}'],
    plugins,
    rules: { 'greenloop/no-floating-operation': 'error', 'greenloop/no-swallowed-interrupt': 'error' },
  },
}

/** The plugin: `import greenloop from 'greenloop/eslint'`, then `greenloop.configs.recommended`. */
const plugin: {
  /** Its name and version. */
  readonly meta: typeof meta
  /** Its rules, by name. */
  readonly rules: typeof rules
  /** Its configurations. */
  readonly configs: typeof configs
} = { meta, rules, configs }
plugins['greenloop'] = plugin // one and the same, or ESLint would refuse a second `greenloop`

export default plugin
