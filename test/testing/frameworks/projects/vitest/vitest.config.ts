// Run by runners.test.ts in a vitest of its own. The library is the one that was compiled for this run of the tests, outside of vitest's
// reach, as an installed package is.
import { join } from 'node:path'
import type { ViteUserConfig } from 'vitest/config'

const programs = process.env['GREENLOOP_PROGRAMS'] ?? ''
const library = join(programs, 'src')

const config: ViteUserConfig = {
  cacheDir: join(programs, '.vite'),
  resolve: {
    alias: [
      { find: /^greenloop$/u, replacement: join(library, 'index.js') },
      { find: /^greenloop\/testing$/u, replacement: join(library, 'testing/index.js') },
      { find: /^greenloop\/testing\/vitest$/u, replacement: join(library, 'testing/frameworks/vitest.js') },
    ],
  },
  test: { include: ['*.spec.ts'], fileParallelism: false },
}

export default config
