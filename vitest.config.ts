import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { ViteUserConfig } from 'vitest/config'
import { ClosingLineReporter } from './test/support/closing-line-reporter.ts'

/** One copy: each sub-path of the `exports` map means its source (tsconfig.json says the same in `paths`). */
function sources(): { find: RegExp; replacement: string }[] {
  const manifest = readFileSync(new URL('package.json', import.meta.url), 'utf8')
  const { name, exports } = JSON.parse(manifest) as {
    name: string
    exports: Record<string, string | { default: string }>
  }
  return Object.entries(exports).flatMap(([subPath, target]) => {
    if (typeof target === 'string') return []
    const source = target.default.replace('./dist/', './src/').replace(/\.js$/, '.ts')
    return {
      find: new RegExp(`^${name}${subPath.slice(1)}$`),
      replacement: fileURLToPath(new URL(source, import.meta.url)),
    }
  })
}

const config: ViteUserConfig = {
  resolve: { alias: sources() },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/compile-programs.ts'],
    // A process for each file: monkey patches and the hub's slot under Symbol.for must not leak into the next file.
    pool: 'forks',
    // One more than vitest would take on two processors: many tests wait for a child process.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 10_000,
    reporters: ['default', new ClosingLineReporter()],
    typecheck: { enabled: true, include: ['test/**/*.test-d.ts'], tsconfig: './tsconfig.json' },
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      reporter: [['text', { skipFull: true }]],
      thresholds: { lines: 90, branches: 90, functions: 90, statements: 90 },
    },
  },
}

export default config
