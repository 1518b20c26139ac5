/**
 * Frames by their sources: the source maps of another thread, read in this one.
 *
 * Where a script has its map is known to the debugger of that thread, which tells of all scripts whenever it is turned on; what is on disk
 * need not be what V8 runs. Stands on Node's `SourceMap`.
 */
import { readFileSync } from 'node:fs'
import type { Session } from 'node:inspector'
import { SourceMap, type SourceMapPayload } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { StuckFrame } from '../../trace/monitor/stuck.ts'

/** By the URL of a script, where its map is; empty: it has none. */
const places = new Map<string, string>()
/** By the URL of a script; null: it has none that can be read. */
const maps = new Map<string, SourceMap | null>()

/** Whether it is known of all of them where their maps are. */
export function areKnown(frames: readonly StuckFrame[]): boolean {
  return frames.every(({ file }) => places.has(urlOf(file)))
}

/** Finds out where the maps of the thread are that `session` is connected to; of `frames` it is known then in any case. */
export function learn(session: Session, frames: readonly StuckFrame[], done: () => void): void {
  const parsed = ({ params }: { params: { url: string; sourceMapURL?: string } }): void => {
    if (params.url !== '') places.set(urlOf(params.url), params.sourceMapURL ?? '')
  }
  session.on('Debugger.scriptParsed', parsed)
  session.post('Debugger.enable', (error) => {
    if (error !== null) return // it was given up
    session.post('Debugger.disable', (error) => {
      if (error !== null) return
      session.off('Debugger.scriptParsed', parsed)
      for (const { file } of frames) if (!places.has(urlOf(file))) places.set(urlOf(file), '')
      done()
    })
  })
}

/** A line of a stack; with `mapped` by the sources, as far as it is known where the map is. */
export function frameText(frame: StuckFrame, mapped: boolean): string {
  const { name, file, line, column } = mapped ? sourceFrame(frame) : frame
  const place = `${pathOf(file)}:${line}:${column}`
  return `    at ${name === '' ? place : `${name} (${place})`}`
}

function sourceFrame(frame: StuckFrame): StuckFrame {
  const url = urlOf(frame.file)
  if (!places.has(url)) return frame // not yet: it is not to be remembered as one without a map
  let map = maps.get(url)
  if (map === undefined) {
    map = read(url)
    maps.set(url, map)
  }
  const entry = map?.findEntry(frame.line - 1, frame.column - 1)
  if (entry === undefined || !('originalSource' in entry)) return frame
  const { originalSource, originalLine, originalColumn } = entry
  return { name: frame.name, file: originalSource, line: originalLine + 1, column: originalColumn + 1 }
}

function read(script: string): SourceMap | null {
  const place = places.get(script) ?? ''
  if (place === '') return null
  try {
    const payload = JSON.parse(contentOf(new URL(place, script))) as SourceMapPayload // whatever else it is, is caught here
    const base = place.startsWith('data:') ? script : new URL(place, script)
    const root = (payload as { sourceRoot?: string }).sourceRoot ?? '' // it may be left out
    const sources = payload.sources.map((source) => new URL(root + source, base).href)
    return new SourceMap({ ...payload, sources })
  } catch {
    return null
  }
}

function contentOf(url: URL): string {
  if (url.protocol !== 'data:') return readFileSync(url, 'utf8')
  const [, kind = '', content = ''] = /^data:([^,]*),(.*)$/su.exec(url.href) ?? []
  return kind.endsWith(';base64') ? Buffer.from(content, 'base64').toString() : decodeURIComponent(content)
}

/** The scripts of a program are known by path or by URL. */
function urlOf(file: string): string {
  return file.startsWith('/') || /^[a-z]:[/\\]/iu.test(file) ? pathToFileURL(file).href : file
}

function pathOf(file: string): string {
  try {
    return file.startsWith('file:') ? fileURLToPath(file) : file
  } catch {
    return file // of another machine
  }
}
