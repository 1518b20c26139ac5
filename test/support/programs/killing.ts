/** What the programs that kill at random points have in common: numbers that a seed decides, and what is left when all is over. */
import { setTimeout as delay } from 'node:timers/promises'
import { type Greenlet, GreenletExit, getHub } from 'greenloop'

/** Numbers from 0 to 1 that a seed decides (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** What nobody has caught. */
export interface Failures {
  /** What would have ended the process. */
  readonly unhandled: string[]
  /** What the hub has reported. */
  readonly reports: string[]
}

/** Writes down what nobody catches from now on. */
export function watchFailures(): Failures {
  const unhandled: string[] = []
  const reports: string[] = []
  process.on('unhandledRejection', (reason) => void unhandled.push(String(reason)))
  process.on('uncaughtException', (error) => void unhandled.push(error.stack ?? error.message))
  getHub().onError = (error, { name }) => void reports.push(`${name}: ${String(error)}`)
  return { unhandled, reports }
}

/** Waits until `holds()`, for three seconds at the most. */
export async function within(holds: () => boolean): Promise<void> {
  const limit = performance.now() + 3000
  while (!holds() && performance.now() < limit) await delay(5)
}

/** The resources that keep the process, when those that are on their way out are gone. */
export async function settled(): Promise<string[]> {
  let left: string[] = []
  await delay(20)
  await within(() => {
    left = process.getActiveResourcesInfo().filter((kind) => kind !== 'Timeout')
    return !left.some((kind) => /^(?:TCP|GetAddr|Pipe.*Connect|Immediate)/u.test(kind))
  })
  return left
}

/** How the killed have ended, and what they have left behind that was not there `before`. */
export async function aftermath(
  victims: readonly Greenlet[],
  before: readonly string[],
  failures: Failures,
): Promise<object> {
  const after = await settled()
  return {
    ends: victims.filter((victim) => victim.value instanceof GreenletExit).length,
    failed: [...new Set(victims.filter((victim) => !victim.successful()).map((victim) => String(victim.exception)))],
    left: after.filter((kind) => !before.includes(kind)),
    outstanding: getHub().outstanding,
    timers: getHub().timers.count,
    ...failures,
  }
}
