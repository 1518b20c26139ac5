import type { ViteUserConfig } from 'vitest/config'

const config: ViteUserConfig = {
  test: {
    // it.explore spends half of it on schedules at the most, and keeps the rest for shrinking one that fails.
    testTimeout: 10_000,
  },
}

export default config
