/**
 * Lists of shares (see `byShare`) that are simpler than a given one: nearer to first come, first served.
 *
 * Simpler is: fewer that are not 0; else a shorter list; else smaller shares. Each list that comes out is simpler by this measure, so who
 * goes on from one that serves as well comes to an end.
 *
 * Stands on the shares. Leaves to fast-check which of them are tried, together with simpler data.
 */
import { SHARES } from './policies.ts'

/** The least share of each option, of up to so many options. */
const LEAST = leastShares(6)

function leastShares(most: number): number[] {
  const shares = new Set<number>()
  for (let options = 2; options <= most; options++) {
    for (let option = 1; option < options; option++) shares.add((SHARES * option) / options)
  }
  return [...shares].sort((a, b) => a - b)
}

/** Leaves out the 0s at the end: they are what comes after the end anyway. */
export function trimmed(shares: readonly number[]): number[] {
  let length = shares.length
  while (length > 0 && shares[length - 1] === 0) length--
  return shares.slice(0, length)
}

/** How far the search for what can be left out has come: which part is tried next. */
export interface Progress {
  /** How many that are not 0 are left out together. */
  readonly size: number
  /** The first of them, counted among those that are not 0. */
  readonly first: number
}

/** A simpler list, and where to go on from when it serves. */
export interface Simpler {
  readonly shares: number[]
  readonly progress: Progress
}

const EACH: Progress = { size: 1, first: 0 }

/**
 * Gives simpler lists, those first that are simpler by far.
 *
 * @param shares - without 0s at the end.
 * @param progress - what came with them; null: nothing was left out yet. Without it each list that serves would begin with all of it anew.
 */
export function* simpler(
  shares: readonly number[],
  progress: Progress | null = null,
): Generator<Simpler, void, undefined> {
  const steps = [...shares.keys()].filter((step) => shares[step] !== 0)
  yield* withFewer(shares, steps, progress ?? { size: steps.length, first: 0 })
  for (const shorter of withEarlier(shares, steps)) yield { shares: shorter, progress: EACH }
  for (const step of steps) {
    for (const share of smaller(shares[step] ?? 0)) yield { shares: shares.with(step, share), progress: EACH }
  }
}

/** Puts 0 in place of all the others, then of each half of them, then of each quarter, down to each. */
function* withFewer(
  shares: readonly number[],
  steps: readonly number[],
  progress: Progress,
): Generator<Simpler, void, undefined> {
  let { size, first } = progress
  while (size >= 1) {
    for (; first < steps.length; first += size) {
      const fewer = [...shares]
      for (const step of steps.slice(first, first + size)) fewer[step] = 0
      yield { shares: trimmed(fewer), progress: { size, first } }
    }
    first = 0
    size = size === 1 ? 0 : Math.ceil(size / 2)
  }
}

/** Takes steps out, so that the later ones come earlier: of each row of 0s all, half of them, down to one. */
function* withEarlier(shares: readonly number[], steps: readonly number[]): Generator<number[], void, undefined> {
  let begin = 0
  for (const step of steps) {
    for (let size = step - begin; size >= 1; size >>= 1) yield shares.toSpliced(begin, size)
    begin = step + 1
  }
}

/** Gives smaller shares: those of an earlier option, then those of the same option in a longer line. */
function* smaller(share: number): Generator<number, void, undefined> {
  for (const less of LEAST) if (less < share) yield less
  for (let gap = share >> 1; gap >= 1; gap >>= 1) yield share - gap
}
