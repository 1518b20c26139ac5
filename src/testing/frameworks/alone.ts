/**
 * One test at a time: there is one kernel, and one hub in its cell.
 *
 * Stands on nothing but the test's signal. A test that its runner has given up may go on, when it waits for something outside; it cannot be
 * stopped from here, so those behind it say whose fault it is.
 */
import { TestingError } from '../execution/outcome.ts'
import type { RunningTest } from './runner.ts'

/** The test that is under way. */
interface Turn {
  readonly name: string
  readonly over: Promise<void>
  /** Whether the runner has given it up while it went on. */
  readonly givenUp: boolean
}

let current: Turn | null = null

/** Runs `fn` when no other test is under way. @throws TestingError when the one that is will not end. */
export async function alone({ signal }: RunningTest, name: string, fn: () => Promise<void>): Promise<void> {
  while (current !== null) {
    if (current.givenUp) throw blocked(current.name)
    await current.over
  }
  let end = (): void => undefined
  const over = new Promise<void>((resolve) => {
    end = resolve
  })
  const turn = { name, over, givenUp: false }
  const onAbort = (): void => {
    turn.givenUp = true
    end()
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

function blocked(other: string): TestingError {
  return new TestingError(
    `The test cannot begin, since "${other}" is still under way, although its time limit is over: it waits for something outside, such as a socket or a promise, that does not come. ` +
      `Bound the waits of that test: timeoutMs, or \`new Timeout(ms)\`.`,
  )
}
