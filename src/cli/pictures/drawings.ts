/**
 * What is made of recordings: bars and a table on a stream, a page and a trace in files.
 *
 * What draws is loaded before a program starts, for when it ends nothing can be loaded any more. Stands on `trace/pictures`, the screen
 * and the words; what is recorded and when is drawn is for the commands to say.
 */
import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Recording } from '../../trace/record/recording.ts'
import { type Bare, checkTarget, reasonOf, say } from '../words.ts'
import { type Output, screenOf } from './screen.ts'

/** What is to be drawn, as options say it. */
export interface Wanted {
  /** Bars on the stream, or a page in a file of this name. */
  readonly timeline?: string | Bare
  /** The file of the trace. */
  readonly trace?: string
  /** The table, on the stream. */
  readonly summary?: Bare
}

/** Somewhere to draw to. */
export interface Canvas extends Output {
  write(text: string): unknown
}

/** Draws all that is wanted, and says on standard error what could not be written; answers whether all could. */
export type Draw = (recordings: readonly Recording[]) => boolean

/** One of the things that are drawn. */
interface Drawing {
  /** Where it goes, wherever the program goes; null: to the stream. */
  readonly file: string | null
  readonly textOf: (recordings: readonly Recording[]) => string
}

/**
 * Gets ready to draw.
 *
 * @throws UsageError when a file cannot be written.
 */
export async function drawer(wanted: Wanted, canvas: Canvas): Promise<Draw> {
  for (const file of [wanted.timeline, wanted.trace]) if (typeof file === 'string') checkTarget(file)
  const drawings = await Promise.all(load(wanted, canvas))
  return (recordings) => {
    let between = ''
    // What goes to the stream comes last: a program may have put a `write` of its own there.
    const failed = drawings.filter(({ file, textOf }) => {
      try {
        const text = textOf(recordings)
        if (file === null) canvas.write(`${between}${text}\n`)
        else writeFileSync(file, text)
        if (file === null) between = '\n'
        return false
      } catch (err) {
        say(`cannot write ${file ?? 'what was recorded'}: ${reasonOf(err, file ?? '')}`)
        return true
      }
    })
    return failed.length === 0
  }
}

function* load({ timeline, trace, summary }: Wanted, canvas: Canvas): Iterable<Promise<Drawing>> {
  if (typeof timeline === 'string') yield page(timeline)
  if (trace !== undefined) yield traceFile(trace)
  if (timeline === true) yield bars(canvas)
  if (summary === true) yield table(canvas)
}

async function bars(canvas: Canvas): Promise<Drawing> {
  const { drawTimeline } = await import('../../trace/pictures/terminal.ts')
  return { file: null, textOf: (recordings) => drawTimeline(recordings, screenOf(canvas)) }
}

async function table(canvas: Canvas): Promise<Drawing> {
  const { formatSummary } = await import('../../trace/pictures/table.ts')
  return { file: null, textOf: (recordings) => formatSummary(recordings, screenOf(canvas)) }
}

async function page(file: string): Promise<Drawing> {
  const { timelineHtml } = await import('../../trace/pictures/html.ts')
  return { file: resolve(file), textOf: (recordings) => timelineHtml(recordings) }
}

async function traceFile(file: string): Promise<Drawing> {
  const { chromeTrace } = await import('../../trace/pictures/chrome.ts')
  return { file: resolve(file), textOf: (recordings) => JSON.stringify(chromeTrace(recordings)) }
}
