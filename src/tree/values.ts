/**
 * Values of a program as they stand in a picture: in one line, short, and whatever they are.
 *
 * Stands on Node's `inspect`.
 */
import { inspect } from 'node:util'
import * as given from '../errors/given.ts'

/** Characters of a value. */
const LONGEST = 60
/** Characters of the text of a wait, and of a name. */
const LONGEST_TEXT = 120

/** What would break the picture, or a terminal: controls, and what turns the direction of a line or has no width. */
// eslint-disable-next-line no-control-regex -- these are what is looked for
const NO_LINE = /[^\S ]|[\u0000-\u001f\u007f-\u009f]|[\p{Cf}]| {2}/u
// eslint-disable-next-line no-control-regex -- as above
const MORE_THAN_A_SPACE = /[\s\p{Cf}\u0000-\u001f\u007f-\u009f]+/gu

/** A value in a line. `inspect` calls code of the program, which may do anything. */
export function shown(value: unknown): string {
  let text: string
  try {
    text = inspect(value, {
      depth: 1,
      breakLength: Infinity,
      compact: true,
      maxArrayLength: 6,
      maxStringLength: LONGEST,
    })
  } catch {
    text = '(it cannot be shown)'
  }
  return cut(text, LONGEST)
}

/** An error in a line. */
export function shownError(error: unknown): string {
  if (!(error instanceof Error)) return shown(error)
  try {
    return cut(String(error), LONGEST)
  } catch {
    return '(it cannot be shown)'
  }
}

/** The name of a greenlet, in a line. */
export function nameOf(greenlet: { readonly name: string }): string {
  return inLine(given.nameOf(greenlet))
}

/** A text that has been given to us, a name or a call, in a line. */
export function inLine(text: string): string {
  return cut(text, LONGEST_TEXT)
}

function cut(text: string, longest: number): string {
  const line = NO_LINE.test(text) ? text.replace(MORE_THAN_A_SPACE, ' ') : text
  return line.length <= longest ? line : `${line.slice(0, longest - 1)}…`
}
