/**
 * Where in the program something failed, as lines of a stack trace: test runners show the line that stands first.
 *
 * Stands on the errors of the library. V8's text is read as it is.
 */
import { types } from 'node:util'
import { LoopExit } from '../../errors/classes.ts'
import { isOurs } from '../../errors/stack.ts'

/** A place in a file. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

const PLACE = /^\s+at (?:.*\()?(.*):(\d+):(\d+)\)?$/u
/** What debug mode adds of the greenlet that stands for the test's main: the line of the test runner that called. */
const MAIN_WAS_MADE = '  greenlet "main" was made'

/** Whether something is an error, of whatever realm: test runners have several. */
export function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value)
}

/** The lines of the stack of an error that tell of the program; empty when there is none. */
export function framesOf(error: unknown): string[] {
  // A LoopExit is made by the hub, where nothing of the program is.
  if (!isError(error) || error instanceof LoopExit || typeof error.stack !== 'string') return []
  const lines = error.stack.split('\n')
  const first = lines.findIndex((line) => PLACE.test(line))
  if (first < 0) return []
  const end = lines.indexOf(MAIN_WAS_MADE)
  const own = lines.slice(first, end < 0 ? lines.length : end).filter((line) => !isOurs(line))
  return own.some((line) => PLACE.test(line)) ? own : []
}

/** Where an error was made; null when its stack does not tell. */
export function placeOfError(error: unknown): Place | null {
  for (const frame of framesOf(error)) {
    const [, file = '', line, column] = PLACE.exec(frame) ?? []
    if (file === '' || file.startsWith('node:') || file.includes('node_modules')) continue
    return { file, line: Number(line), column: Number(column) }
  }
  return null
}

/** A place as a line of a stack trace. `name` stands where a function's name does. */
export function frameAt(name: string, { file, line, column }: Place): string {
  return `    at ${name.replaceAll(' ', '_')} (${file}:${line}:${column})`
}
