import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { TestProjectInlineConfiguration, ViteUserConfig } from 'vitest/config'
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

/** Rooms whose files leave the process as they found it: a few processes serve them all, and load the library once. */
const SHARED = /^(?:buffered|gevent|greenlet|http|hub|net|nursery|pools|queues|several|sync|tree|waiting)\//
/** Files of these rooms that do not: for what they leave behind, as test/support/shared-process.ts has found. */
const OWN = [
  'greenlet/memory.test.ts', // weighs the process
  'http/node/frameworks.test.ts', // a framework replaces the global Response
  'http/transport/connector.test.ts', // Node leaves a handle open when it refuses an address
  'net/dns/choice.test.ts', // dns.setServers() replaces functions of Node's
  'net/dns/resolve.test.ts', // the same
]
const shared = readdirSync(new URL('test', import.meta.url), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts') && SHARED.test(file) && !OWN.includes(file))
  .map((file) => `test/${file}`)

function project(name: string, test: TestProjectInlineConfiguration['test']): TestProjectInlineConfiguration {
  return {
    resolve: { alias: sources() },
    test: {
      name,
      pool: 'forks',
      // One more than vitest would take on two processors: many tests wait for a child process.
      maxWorkers: Math.max(2, availableParallelism() - 1),
      testTimeout: 10_000,
      ...test,
    },
  }
}

const config: ViteUserConfig = {
  test: {
    globalSetup: ['test/support/compile-programs.ts'],
    reporters: ['default', new ClosingLineReporter()],
    projects: [
      // A process for each file: monkey patches and the hub's slot under Symbol.for must not leak into the next file.
      project('own', {
        include: ['test/**/*.test.ts'],
        exclude: shared,
        typecheck: { enabled: true, include: ['test/**/*.test-d.ts'], tsconfig: './tsconfig.types.json' },
      }),
      project('shared', { include: shared, isolate: false, setupFiles: ['test/support/shared-process.ts'] }),
    ],
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      exclude: ['src/embedded/**'], // it runs in a browser, or in a thread that is stopped with the process
      reporter: [['text', { skipFull: true }]],
      thresholds: { lines: 90, branches: 90, functions: 90, statements: 90 },
    },
  },
}

export default config
