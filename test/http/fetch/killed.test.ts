// Two thousand fetches that are killed, at whatever point they are, in processes of their own.
import { expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { runProgram } from '../../support/program.ts'

checkLeaks()

/** Two seconds on an idle machine. */
const LONGEST_MS = 30_000

it.each(['node', 'undici'])(
  '1,000 greenlets killed at random points of a fetch of %s and its body leave nothing',
  { timeout: LONGEST_MS },
  async (which) => {
    const seed = process.env['GREENLOOP_SEED'] ?? '5'
    const { stdout, stderr, code } = await runProgram('../../http/programs/fetches-killed.ts', {
      args: [seed, which],
      longestMs: LONGEST_MS - 2000,
    })
    expect({ stderr, code }, `GREENLOOP_SEED=${seed}`).toEqual({ stderr: '', code: 0 })
    const { killedIn, ...rest } = JSON.parse(stdout) as { killedIn: Record<string, number> }
    const nothing = { failed: [], openAtServer: 0, left: [], outstanding: 0, timers: 0, unhandled: [], reports: [] }
    expect(rest).toEqual({ ends: 1000, ...nothing })
    for (const call of ['fetch(', 'text(', 'next(', 'read(', 'sleep('])
      expect(killedIn[call], `GREENLOOP_SEED=${seed}, ${call}`).toBeGreaterThan(20)
  },
)
