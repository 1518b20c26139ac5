/**
 * Lists of choices that are simpler than a given one: nearer to first come, first served.
 *
 * Simpler is: fewer that are not 0; else a shorter list; else smaller choices. Each list that comes out is simpler by this measure, so who
 * goes on from one that serves as well comes to an end.
 *
 * Stands on nothing. Leaves to fast-check which of them are tried, together with simpler data.
 */

/** Choices up to here are tried one by one: what is taken modulo the number of options has no halves. */
const ONE_BY_ONE = 6

/** Leaves out the 0s at the end: they are what comes after the end anyway. */
export function trimmed(choices: readonly number[]): number[] {
  let length = choices.length
  while (length > 0 && choices[length - 1] === 0) length--
  return choices.slice(0, length)
}

/** How far the search for what can be left out has come: which part is tried next. */
export interface Progress {
  /** How many choices that are not 0 are left out together. */
  readonly size: number
  /** The first of them, counted among those that are not 0. */
  readonly first: number
}

/** A simpler list, and where to go on from when it serves. */
export interface Simpler {
  readonly choices: number[]
  readonly progress: Progress
}

const EACH: Progress = { size: 1, first: 0 }

/**
 * Gives simpler lists, those first that are simpler by far.
 *
 * @param choices - without 0s at the end.
 * @param progress - what came with them; null: nothing was left out yet. Without it each list that serves would begin with all of it anew.
 */
export function* simpler(
  choices: readonly number[],
  progress: Progress | null = null,
): Generator<Simpler, void, undefined> {
  const steps = [...choices.keys()].filter((step) => choices[step] !== 0)
  yield* withFewer(choices, steps, progress ?? { size: steps.length, first: 0 })
  for (const shorter of withEarlier(choices, steps)) yield { choices: shorter, progress: EACH }
  for (const step of steps) {
    for (const choice of smaller(choices[step] ?? 0)) yield { choices: choices.with(step, choice), progress: EACH }
  }
}

/** Puts 0 in place of all the others, then of each half of them, then of each quarter, down to each. */
function* withFewer(
  choices: readonly number[],
  steps: readonly number[],
  progress: Progress,
): Generator<Simpler, void, undefined> {
  let { size, first } = progress
  while (size >= 1) {
    for (; first < steps.length; first += size) {
      const fewer = [...choices]
      for (const step of steps.slice(first, first + size)) fewer[step] = 0
      yield { choices: trimmed(fewer), progress: { size, first } }
    }
    first = 0
    size = size === 1 ? 0 : Math.ceil(size / 2)
  }
}

/** Takes steps out, so that the later choices come earlier: of each row of 0s all, half of them, down to one. */
function* withEarlier(choices: readonly number[], steps: readonly number[]): Generator<number[], void, undefined> {
  let begin = 0
  for (const step of steps) {
    for (let size = step - begin; size >= 1; size >>= 1) yield choices.toSpliced(begin, size)
    begin = step + 1
  }
}

function* smaller(choice: number): Generator<number, void, undefined> {
  for (let less = 1; less < choice && less <= ONE_BY_ONE; less++) yield less
  for (let gap = choice >> 1; gap >= 1; gap >>= 1) if (choice - gap > ONE_BY_ONE) yield choice - gap
}
