/** The line of `index-files.ts`: on a terminal, how far it is. */
import { type Green, sleep } from 'greenloop'

const PERIOD_MS = 100
const CLEAR = '\r\x1b[K'

/** Writes what `text` says ten times a second, always into the same line, until it is killed, and wipes it away then. In a pipe it does nothing. */
export function* showProgress(
  text: () => string,
  stderr: Pick<typeof process.stderr, 'isTTY' | 'write'> = process.stderr,
): Green<void> {
  if (!stderr.isTTY) return
  try {
    for (; ; yield* sleep(PERIOD_MS)) stderr.write(CLEAR + text())
  } finally {
    stderr.write(CLEAR)
  }
}
