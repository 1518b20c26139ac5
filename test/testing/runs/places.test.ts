/**
 * Of a schedule of very many steps, files and lines are noted at its two ends only.
 */
import { setDebug, sleep, spawn } from 'greenloop'
import { explore, replay, ScheduleFailure } from 'greenloop/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { kernel } from '../../../src/greenlet/kernel.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { rejection } from '../../support/thrown.ts'

checkLeaks()

/** Takes many steps, and fails. */
function* long(steps: number, fails: boolean) {
  const early = spawn(function* early() {
    yield* sleep(1)
    throw new Error('too early')
  })
  for (let step = 0; step < steps; step++) yield* sleep(0)
  if (fails) yield* early.get()
}

describe('a schedule of very many steps', () => {
  afterEach(() => {
    setDebug(false)
  })

  it('shows places at its beginning and at its end', async () => {
    const error = await rejection(explore(() => long(500, true), { shrink: false }))
    if (!(error instanceof ScheduleFailure)) throw error
    const known = error.schedule.map(({ line }) => line !== null)
    expect(known.length).toBeGreaterThan(500)
    expect([known.indexOf(false), known.lastIndexOf(false, -10)]).toEqual([40, known.length - 121])
    expect(error.message).toContain('early')
  })

  it('leaves debug mode as it was', async () => {
    for (const on of [false, true]) {
      setDebug(on)
      const { debug } = kernel
      const error = await rejection(explore(() => long(500, true), { shrink: false }))
      expect(error).toBeInstanceOf(ScheduleFailure)
      // One that ends before the notes go on.
      const { trace } = error as ScheduleFailure
      await rejection(replay(() => long(100, false), trace))
      expect(kernel.debug).toBe(debug)
    }
  })
})
