/**
 * One test at a time: there is one kernel, and one hub in its cell.
 *
 * A test that waits for something outside goes on when its runner has given it up. So its greenlets are killed then: each `finally` runs,
 * and the next test can begin.
 *
 * Stands on the kernel's cell, in which the hub of the test stands. Leaves to `it.ts` what a test does.
 */
import { kernel } from '../../greenlet/kernel.ts'
import { systemClock } from '../../hub/clock.ts'
import type { Hub } from '../../hub/hub.ts'
import { TestingError } from '../execution/outcome.ts'
import { textOfGreenlet } from './leaks.ts'
import type { RunningTest } from './runner.ts'

/** How long the greenlets of a test that was given up may take to end. */
const LAST_MS = 200

/** The test that is under way. */
interface Turn {
  readonly name: string
  /** It has ended, or will not. */
  readonly over: Promise<void>
  /** Who did not end when they were killed; null: nobody was killed so far. */
  readonly stuck: readonly string[] | null
}

let current: Turn | null = null

/** Runs `fn` when no other test is under way. @throws TestingError when the one that is does not end. */
export async function alone({ signal }: RunningTest, name: string, fn: () => Promise<void>): Promise<void> {
  while (current !== null) {
    if (current.stuck !== null) throw blocked(current.name, current.stuck)
    await current.over
  }
  let end = (): void => undefined
  const over = new Promise<void>((resolve) => {
    end = resolve
  })
  const turn: { -readonly [K in keyof Turn]: Turn[K] } = { name, over, stuck: null }
  const { host } = kernel
  const onAbort = (): void => {
    const hub = kernel.host === host ? null : (kernel.host as Hub | null) // that of the test
    for (const greenlet of hub?.living() ?? []) greenlet.kill()
    systemClock.setAlarm(LAST_MS, () => {
      turn.stuck = (hub?.living() ?? []).map(textOfGreenlet)
      end()
    })
  }
  current = turn
  signal?.addEventListener('abort', onAbort)
  try {
    await fn()
  } finally {
    signal?.removeEventListener('abort', onAbort)
    current = null
    end()
  }
}

function blocked(other: string, stuck: readonly string[]): TestingError {
  return new TestingError(
    `The test cannot begin, since "${other}" is still under way. Its time limit is over, and its greenlets were killed, but do not end:\n\n` +
      `${stuck.map((line) => `  ${line}`).join('\n')}\n\nSee to it that they pass on a GreenletExit, and do not wait for ever in a finally.`,
  )
}
