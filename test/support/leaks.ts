/**
 * The leak check of every test: afterwards nobody lives, no timer runs, nobody waits, main is current.
 *
 * Looks into the hub and the kernel, since a user has no reason to see these numbers.
 */
import { getHub } from 'greenloop'
import { afterEach, expect } from 'vitest'
import { kernel } from '../../src/greenlet/kernel.ts'

/** What is left behind, in numbers and names. */
export interface Leftovers {
  living: readonly string[]
  timers: number
  outstanding: number
  mainWaits: number
  mainCalls: readonly string[]
  arrival: number
  current: string
  traced: boolean
}

/** What a test that cleans up leaves. */
export const NOTHING: Leftovers = {
  living: [],
  timers: 0,
  outstanding: 0,
  mainWaits: 0,
  mainCalls: [],
  arrival: 0,
  current: 'main',
  traced: false,
}

/** What is there now. */
export function leftovers(): Leftovers {
  const hub = getHub()
  return {
    living: hub.living().map(({ name }) => name),
    timers: hub.timers.count,
    outstanding: hub.outstanding,
    mainWaits: hub.mainWaits.size,
    mainCalls: kernel.mainCalls.map(String),
    arrival: kernel.arrival,
    current: kernel.current.name,
    traced: kernel.tracer !== null,
  }
}

/** Checks each test of the file; a test that leaves something fails, and the next one starts clean. */
export function checkLeaks(): void {
  afterEach(async () => {
    const left = leftovers()
    const hub = getHub()
    for (const task of hub.living()) task.kill()
    if (left.living.length > 0) await new Promise((resolve) => setTimeout(resolve, 5))
    for (const task of hub.living()) hub.leave(task, false)
    hub.mainWaits.clear()
    hub.outstanding = 0
    kernel.mainCalls.length = 0
    kernel.tracer = null
    expect(left).toEqual(NOTHING)
  })
}
