/**
 * A timeline as one page of HTML, which opens from disk and asks nobody for anything.
 *
 * Stands on the page as text (trace/built) and on the packed recordings. The page itself is src/embedded/pages/timeline.
 */
import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { UsageError } from '../../errors/classes.ts'
import { checkOptions, show } from '../../errors/usage.ts'
import { SCRIPT, STYLE } from '../built/timeline.ts'
import type { Place, Recording } from '../record/recording.ts'
import { recordingsOf } from './given.ts'
import { packTimeline } from './packed.ts'

/** Options of {@link timelineHtml}. */
export interface TimelineHtmlOptions {
  /** Stands above the timeline, and in the tab. @default the titles of the recordings */
  readonly title?: string
}

/**
 * Draws recordings as one self-contained page: an SVG timeline on one common axis that can be zoomed, searched and walked through by keys.
 *
 * @param recordings - one, or several that are drawn below each other
 * @param options - the title
 * @returns a whole document, to be written into a file. Its Content-Security-Policy lets it load nothing.
 * @throws UsageError when that are no recordings, or the title is no string.
 * @switches never
 * @example
 * ```ts
 * import { writeFileSync } from 'node:fs'
 * import { tmpdir } from 'node:os'
 * import { join } from 'node:path'
 * import { sleep } from 'greenloop'
 * import { record, timelineHtml } from 'greenloop/trace'
 *
 * const { recording } = await record(function* () {
 *   yield* sleep(5)
 * })
 * const page = timelineHtml(recording, { title: 'a nap' })
 * writeFileSync(join(tmpdir(), 'nap.html'), page)
 * console.log(page.slice(0, 15)) // <!doctype html>
 * ```
 */
export function timelineHtml(recordings: Recording | readonly Recording[], options: TimelineHtmlOptions = {}): string {
  checkOptions('timelineHtml()', options, "{ title: 'my program' }")
  const list = recordingsOf('timelineHtml()', recordings)
  const { title = titleOf(list) } = options
  if (typeof title !== 'string') {
    throw new UsageError(`timelineHtml() expects \`title\` to be a string, but got ${show(title)}.`)
  }
  const policy =
    `default-src 'none'; script-src '${hash(SCRIPT)}'; style-src '${hash(STYLE)}'; ` +
    "base-uri 'none'; form-action 'none'"
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="greenloop">
<title>${escapeText(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<noscript>This timeline is drawn by a script that the page carries with it; it needs no network.</noscript>
<script type="application/json" id="recordings">${escapeJson(packTimeline(title, list, placeText))}</script>
<script>${SCRIPT}</script>
</body>
</html>
`
}

function titleOf(recordings: readonly Recording[]): string {
  const titles = recordings.map(({ title }) => title).filter((title) => title !== '')
  return titles.length === 0 ? 'Timeline' : titles.join(' · ')
}

/** As an editor takes it: `/home/me/app.ts:12`. */
function placeText({ file, line }: Place): string {
  return `${file.startsWith('file:') ? pathOf(file) : file}:${String(line)}`
}

function pathOf(url: string): string {
  try {
    return fileURLToPath(url)
  } catch {
    return url // of another machine
  }
}

function hash(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}

/** JSON that may stand in a script: no `<`, so that neither `</script>` nor `<!--` can be in it. */
function escapeJson(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll('<', '\\u003c')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029')
}
