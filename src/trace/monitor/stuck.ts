/**
 * Where this thread is stuck: the program's part of the native stack, read in the middle of whatever runs.
 *
 * It is read in an interrupt, between two steps of any JavaScript there is, or of a regular expression. So it changes nothing that a program
 * could see, takes the stack as V8's own call sites, whatever the program has made of `Error.prepareStackTrace`, and runs no regular
 * expression: V8 of Node 20 does not survive one within another. Source maps are Node's own, and use some; they are asked later.
 *
 * Stands on what `errors/stack.ts` knows of our own files.
 */
import { findSourceMap } from 'node:module'
import { fileURLToPath } from 'node:url'
import { isOurs } from '../../errors/stack.ts'

/** A frame of the program, on the stack of what blocks the hub. */
export interface StuckFrame {
  /** The function as V8 names it, `Parser.parse`; empty for one without a name. */
  readonly name: string
  /** Path of the file, or its URL when it has no path. */
  readonly file: string
  /** Counted from 1. */
  readonly line: number
  /** Counted from 1. */
  readonly column: number
}

/** What is on the stack, by the code that V8 runs, which may not be the sources. */
export interface Stuck {
  /** Whether any code is: Node's loop is not between two callbacks, and V8 not between two promises. */
  readonly running: boolean
  /** The function of the language or of Node that the program is in, `RegExp.test`, `execFileSync`; null: its own code runs. */
  readonly call: string | null
  /** The program's frames, innermost first; none: only the library's or Node's code is on the stack. */
  readonly frames: readonly StuckFrame[]
}

/** As deep as is looked. */
const DEPTH = 100

/** Looks at the stack below the caller of `entry`: at what was interrupted to call it. */
export function stuckBelow(entry: (...args: never[]) => unknown): Stuck {
  const sites = sitesBelow(entry).slice(1) // the first is the question itself
  const first = sites.findIndex((site) => isProgram(fileOf(site)))
  const inner = first > 0 ? sites[first - 1] : undefined
  return {
    running: sites.length > 0,
    call: inner === undefined ? null : callOf(inner),
    frames: sites.filter((site) => isProgram(fileOf(site))).map(frameOf),
  }
}

function sitesBelow(entry: (...args: never[]) => unknown): readonly NodeJS.CallSite[] {
  const { stackTraceLimit } = Error
  const before = Reflect.getOwnPropertyDescriptor(Error, 'prepareStackTrace')
  const holder: { stack?: unknown } = {}
  // Each may be frozen; then what is there is a text, or short.
  Reflect.set(Error, 'stackTraceLimit', DEPTH)
  Reflect.defineProperty(Error, 'prepareStackTrace', {
    value: (_: unknown, sites: unknown) => sites,
    configurable: true,
  })
  try {
    Error.captureStackTrace(holder, entry)
    const { stack } = holder
    return Array.isArray(stack) ? (stack as NodeJS.CallSite[]) : [] // V8 hands a list of them to prepareStackTrace
  } finally {
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit)
    if (before === undefined) Reflect.deleteProperty(Error, 'prepareStackTrace')
    else Reflect.defineProperty(Error, 'prepareStackTrace', before)
  }
}

function fileOf(site: NodeJS.CallSite): string {
  return site.getFileName() ?? ''
}

/** Functions of the language have no file. */
function isProgram(file: string): boolean {
  return file !== '' && !file.startsWith('node:') && !isOurs(file)
}

function callOf(site: NodeJS.CallSite): string | null {
  const file = fileOf(site)
  const name = nameOf(site)
  const known = file === '' || (file.startsWith('node:') && !file.startsWith('node:internal'))
  return known && name !== '' ? name : null
}

/** `async Parser.parse (file:///…)`: what stands before the place. */
function nameOf(site: NodeJS.CallSite): string {
  // eslint-disable-next-line @typescript-eslint/no-base-to-string -- V8 gives it a toString of its own
  const text = String(site)
  const end = text.indexOf(' (')
  const begin = text.startsWith('async ') ? 'async '.length : text.startsWith('new ') ? 'new '.length : 0
  return text.slice(begin, Math.max(begin, end))
}

function frameOf(site: NodeJS.CallSite): StuckFrame {
  return {
    name: nameOf(site),
    file: fileOf(site),
    line: site.getLineNumber() ?? 0,
    column: site.getColumnNumber() ?? 0,
  }
}

/** A frame by the sources, where source maps are on. Not in an interrupt. */
export function sourceFrame({ name, file, line, column }: StuckFrame): StuckFrame {
  const entry = findSourceMap(file)?.findEntry(line - 1, column - 1)
  if (entry === undefined || !('originalSource' in entry)) return { name, file: pathOf(file), line, column }
  const { originalSource, originalLine, originalColumn } = entry
  return { name, file: pathOf(originalSource), line: originalLine + 1, column: originalColumn + 1 }
}

function pathOf(file: string): string {
  try {
    return file.startsWith('file:') ? fileURLToPath(file) : file
  } catch {
    return file // of another machine
  }
}
