/**
 * `greenloop show`: draws a trace that `greenloop run --trace` has written.
 *
 * Stands on the drawings.
 */
import { readFileSync } from 'node:fs'
import { UsageError } from '../../errors/classes.ts'
import type { Recording } from '../../trace/record/recording.ts'
import { drawer, type Wanted } from '../pictures/drawings.ts'
import { reasonOf } from '../words.ts'

/** The words of `show`, parsed. */
export type ShowOptions = Pick<Wanted, 'timeline' | 'summary'>

/** Draws what is wanted of the trace in `file`; nothing said, the bars. */
export async function show(file: string, options: ShowOptions): Promise<void> {
  const { timeline, summary } = options
  const recordings = await readTrace(file)
  const draw = await drawer(
    timeline === undefined && summary === undefined ? { timeline: true } : options,
    process.stdout,
  )
  if (!draw(recordings)) process.exitCode = 1
}

/**
 * Reads a trace of ours.
 *
 * @throws UsageError when there is none.
 */
export async function readTrace(file: string): Promise<Recording[]> {
  const { readChromeTrace } = await import('../../trace/pictures/chrome.ts')
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (err) {
    const missing = (err as NodeJS.ErrnoException).code === 'ENOENT' // it came from node:fs
    throw new UsageError(missing ? `no trace at ${file}` : `cannot read ${file}: ${reasonOf(err, file)}`)
  }
  try {
    return readChromeTrace(text)
  } catch (err) {
    if (!(err instanceof UsageError)) throw err
    throw new UsageError(`${file}: ${err.message.replace(/^readChromeTrace\(\) expects .*?, but /u, '')}`)
  }
}
