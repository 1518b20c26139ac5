/**
 * Schedules that do not come to an end: which steps are found to repeat, and what is said.
 */
import { describe, expect, it } from 'vitest'
import { noProgress, patternOf } from '../../../src/testing/report/livelock.ts'
import { readingsOf } from '../../../src/testing/report/steps.ts'
import { HandMade } from './hand-made.ts'

/** A schedule of steps, each told as a letter (who) and a number (the line of the call). */
function schedule(...steps: readonly string[]): HandMade {
  const made = new HandMade()
  const procs = new Map(['a', 'b', 'c'].map((name) => [name, made.greenlet(name)]))
  for (const [name = '', line = ''] of steps) {
    const proc = procs.get(name)
    if (proc !== undefined) made.step(proc, { in: `sleep(${line})`, line: Number(line) })
  }
  return made
}

/** The pattern that is found, in the same letters. */
function found(...steps: readonly string[]): { steps: string[]; times: number } | null {
  const pattern = patternOf(readingsOf(schedule(...steps)))
  return pattern && { times: pattern.times, steps: pattern.steps.map(({ name, line }) => `${name}${line}`) }
}

describe('patternOf()', () => {
  it('finds what repeats at the end, however it began', () => {
    expect(found('a9', 'b8', 'a1', 'b2', 'a1', 'b2', 'a1', 'b2')).toEqual({ steps: ['a1', 'b2'], times: 3 })
  })

  it('finds the shortest of several that say the same', () => {
    expect(found('a1', 'a1', 'a1', 'a1', 'a1', 'a1')).toEqual({ steps: ['a1'], times: 6 })
  })

  it('takes the one that fills more of the schedule', () => {
    const round = ['a1', 'b2', 'b2', 'b2']
    expect(found(...round, ...round, ...round, ...round)).toEqual({ steps: round, times: 4 })
  })

  it('begins with the one that appeared first, wherever the schedule was cut', () => {
    expect(found('a1', 'b2', 'c3', 'a1', 'b2', 'c3', 'a1', 'b2', 'c3', 'a1')).toEqual({
      steps: ['a1', 'b2', 'c3'],
      times: 3,
    })
  })

  it('finds none when nothing repeats three times', () => {
    expect(found('a1', 'b2', 'a1', 'b2')).toBe(null)
    expect(found()).toBe(null)
  })
})

describe('noProgress()', () => {
  it('tells the pattern, each run of steps in one row, and what to do', () => {
    const round = ['a1', 'b2', 'b2']
    const readings = readingsOf(schedule(...round, ...round, ...round))
    expect(noProgress('explore', readings, 10_000)).toBe(
      `No progress: 10,000 steps were taken, and the schedule does not come to an end.
These 3 steps repeat at its end, 3 times in a row:

  a  sleep(1)  at bank.test.ts:1
  b  sleep(2)  at bank.test.ts:2 (2 times)

Who asks again and again may never be answered: the others need not have a turn. Wait for the change itself:
  while (!ready) yield* sleep(0)   // incorrect: asks for ever
  yield* ready.wait()              // correct: an Event is told

A schedule that is only long: explore(body, { maxSteps: 100_000 })`,
    )
  })

  it('says so when one step repeats', () => {
    const readings = readingsOf(schedule('a1', 'a1', 'a1'))
    expect(noProgress('fuzz', readings, 500).split('\n')[1]).toBe('This step repeats at its end, 3 times in a row:')
  })

  it('says that it may only be long when nothing repeats', () => {
    const readings = readingsOf(schedule('a1', 'b2', 'c3'))
    expect(noProgress('fuzz', readings, 500)).toBe(
      `No progress: 500 steps were taken, and the schedule does not come to an end.
Nothing repeats at its end, so it may only be long:

  fuzz(body, { maxSteps: 5_000 })`,
    )
  })
})
