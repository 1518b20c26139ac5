/**
 * Plays a greenlet to its end on a virtual clock, and checks that nothing is left.
 */
import { type Green, type Greenlet, spawn } from 'greenloop'
import { expect } from 'vitest'
import { leftovers, NOTHING } from './leaks.ts'
import { catchReports } from './reports.ts'
import { virtualHub } from './virtual-clock.ts'

/** What became of it. */
export interface Played<T> {
  readonly greenlet: Greenlet<T>
  /** What it returned. */
  readonly value: T
  /** The failures that nobody has read. */
  readonly reports: readonly unknown[]
  /** When everything was over, in milliseconds. */
  readonly time: number
}

/** Runs `body` in a greenlet, and everything that it starts. */
export function play<T>(body: () => Green<T>): Played<T> {
  const { clock } = virtualHub()
  const reports = catchReports()
  const greenlet = spawn(body)
  clock.run()
  expect(leftovers()).toEqual(NOTHING)
  return {
    greenlet,
    get value() {
      if (greenlet.exception !== null) throw greenlet.exception
      return greenlet.value as T
    },
    reports: reports.map(({ error }) => error),
    time: clock.now(),
  }
}

/** What `body` throws, as a value. */
export function* caught(body: () => Green<unknown>): Green<unknown> {
  try {
    yield* body()
  } catch (error) {
    return error
  }
  throw new Error('Nothing was thrown.')
}
