/**
 * The string that a failing schedule is told by: `s1:a:4k2m9x:302455`.
 *
 * Four parts: the version of this form; the order (`a`: any, `e`: external); the fingerprint of the program; the steps. Many steps of a
 * schedule take the head of the line, so only the others are written:
 *
 * ```
 * steps  =  { gap choice [ more ] } gap check
 * ```
 *
 * A gap is how many steps take option 0 before the next other one, or before the end. A choice is the option and how many were offered, as
 * their place in 1 of 2, 1 of 3, 2 of 3, 1 of 4, ...; doubled, and one more when the same is chosen several times in a row: then it is said
 * how many times, less two. (One that goes on and on without interruption has come to the tail of the line each time, and is the last
 * option.) Numbers are digits of 32 (Crockford's), four bits each, the low ones first; a digit of 16 and more says that another one
 * follows. The check is one digit over everything before it: a string that was cut off or mistyped is not another schedule.
 *
 * Stands on the hash. Leaves to `replaying.ts` the comparison with what a program offers.
 */
import { UsageError } from '../../errors/classes.ts'
import { show } from '../../errors/usage.ts'
import { DIGITS, FINGERPRINT_LENGTH, finished, HASH_START, hashedText } from './fingerprint.ts'

/** What was chosen at each step of an execution. */
export interface RecordedSchedule {
  readonly order: 'any' | 'external'
  /** The fingerprint of the program: see `fingerprint`. */
  readonly program: string
  /** The option of each step. */
  readonly choices: readonly number[]
  /** How many options each step had; 0 where that is not known. It is known where the choice is not 0. */
  readonly offered: readonly number[]
}

const VERSION = 's1'
/** A schedule of more steps is no schedule of a test, and would fill the memory. */
export const MOST_STEPS = 10_000_000
/** A number beyond it would be a step or an option that nothing can have. */
const LARGEST = 2 ** 40
/** Of the five bits of a digit, the one that says that another digit follows. */
const MORE = 16

/**
 * Gives the string of a schedule.
 *
 * @param schedule - each choice that is not 0 must be below what was offered.
 */
export function encodeSchedule(schedule: RecordedSchedule): string {
  const { choices, offered } = schedule
  let steps = ''
  let gap = 0
  for (let step = 0; step < choices.length; step++) {
    const choice = choices[step] ?? 0
    if (choice === 0) {
      gap++
      continue
    }
    const options = offered[step] ?? 0
    let times = 1
    while (choices[step + times] === choice && offered[step + times] === options) times++
    const place = 2 * placeOf(choice, options)
    steps += digits(gap) + (times === 1 ? digits(place) : digits(place + 1) + digits(times - 2))
    step += times - 1
    gap = 0
  }
  const text = `${VERSION}:${schedule.order === 'any' ? 'a' : 'e'}:${schedule.program}:${steps}${digits(gap)}`
  return text + checkOf(text)
}

/**
 * Gives the schedule that a string tells.
 *
 * @throws UsageError when it is not a string, or not one that {@link encodeSchedule} has made.
 */
export function decodeSchedule(text: unknown): RecordedSchedule {
  if (typeof text !== 'string') {
    throw new UsageError(`A schedule is a string, such as "s1:a:4k2m9x:302455", but got ${show(text)}.`)
  }
  const parts = text.split(':')
  const [version = '', order = '', program = '', steps = ''] = parts
  if (version !== VERSION) throw wrongVersion(text, version)
  if (parts.length !== 4) {
    throw malformed(
      text,
      `it has ${parts.length} parts between colons instead of 4: s1, the order, the program, the steps`,
    )
  }
  if (order !== 'a' && order !== 'e') {
    throw malformed(text, `its order is ${JSON.stringify(order)}; there are "a" (any) and "e" (external)`)
  }
  checkDigits(text, program + steps)
  if (program.length !== FINGERPRINT_LENGTH) {
    throw malformed(text, `the program has ${program.length} characters instead of ${FINGERPRINT_LENGTH}: "${program}"`)
  }
  const runs = runsOf(text, numbersOf(text, steps.slice(0, -1)))
  if (steps.slice(-1) !== checkOf(text.slice(0, -1))) {
    throw malformed(
      text,
      'its last character, which is computed from the others, does not fit: one was lost or changed',
    )
  }
  return { order: order === 'a' ? 'any' : 'external', program, ...stepsOf(text, runs) }
}

/** So many steps take option 0, then so many take another one. */
interface Run {
  readonly gap: number
  readonly place: number
  readonly times: number
}

/** Reads the numbers. The last run is a gap only. */
function runsOf(text: string, numbers: readonly number[]): Run[] {
  const runs: Run[] = []
  let index = 0
  const next = (): number => {
    const number = numbers[index++]
    if (number === undefined) throw malformed(text, 'it ends in the middle')
    return number
  }
  for (;;) {
    const gap = next()
    if (index === numbers.length) return [...runs, { gap, place: 0, times: 0 }]
    const place = next()
    runs.push({ gap, place: Math.floor(place / 2), times: place % 2 === 0 ? 1 : 2 + next() })
  }
}

/** Writes the steps out. */
function stepsOf(text: string, runs: readonly Run[]): Pick<RecordedSchedule, 'choices' | 'offered'> {
  const count = runs.reduce((sum, { gap, times }) => sum + gap + times, 0)
  if (count > MOST_STEPS) throw malformed(text, `it has ${count} steps; ${MOST_STEPS} is the most`)
  const choices = new Array<number>(count).fill(0)
  const offered = new Array<number>(count).fill(0)
  let step = 0
  for (const { gap, place, times } of runs) {
    step += gap
    const [choice, options] = choiceAt(place)
    choices.fill(choice, step, step + times)
    offered.fill(options, step, step + times)
    step += times
  }
  return { choices, offered }
}

/** The place of a choice in 1 of 2, 1 of 3, 2 of 3, 1 of 4, ... */
function placeOf(choice: number, options: number): number {
  return ((options - 1) * (options - 2)) / 2 + choice - 1
}

/** The choice at a place, and of how many. */
function choiceAt(place: number): [choice: number, options: number] {
  let options = Math.floor((3 + Math.sqrt(1 + 8 * place)) / 2)
  while (placeOf(1, options) > place) options--
  while (placeOf(1, options + 1) <= place) options++
  return [place - placeOf(1, options) + 1, options]
}

function digits(number: number): string {
  let rest = number
  let text = ''
  for (; rest >= MORE; rest = Math.floor(rest / MORE)) text += DIGITS.charAt(MORE + (rest % MORE))
  return text + DIGITS.charAt(rest)
}

function numbersOf(text: string, steps: string): number[] {
  const numbers: number[] = []
  let number = 0
  let weight = 1
  for (const digit of steps) {
    const value = DIGITS.indexOf(digit)
    number += (value % MORE) * weight
    if (number > LARGEST || weight > LARGEST) throw malformed(text, 'one of its numbers is too large')
    weight *= MORE
    if (value >= MORE) continue
    numbers.push(number)
    number = 0
    weight = 1
  }
  if (weight !== 1) throw malformed(text, 'it ends in the middle')
  return numbers
}

/** The digit that stands at the end. */
function checkOf(text: string): string {
  return DIGITS.charAt(finished(hashedText(HASH_START, text)) & 31)
}

function checkDigits(text: string, part: string): void {
  for (const character of part) {
    if (DIGITS.includes(character)) continue
    throw malformed(text, `the character ${JSON.stringify(character)} does not belong in it; there are "${DIGITS}"`)
  }
}

function wrongVersion(text: string, version: string): UsageError {
  const known = /^s\d+$/u.test(version)
  return malformed(
    text,
    known
      ? `it is of the version "${version}", made by another version of greenloop; this one reads "${VERSION}"`
      : `it does not begin with "${VERSION}:"`,
  )
}

function malformed(text: string, why: string): UsageError {
  const shown = text.length > 60 ? `${text.slice(0, 59)}…` : text
  return new UsageError(`${JSON.stringify(shown)} is no schedule: ${why}.`)
}
