/**
 * What a monitor is made with, checked.
 *
 * Stands on the errors. Leaves to the monitor what follows from it.
 */
import { UsageError } from '../../errors/classes.ts'
import { checkFlag, checkOptions, show } from '../../errors/usage.ts'
import type { MemoryLimits } from './memory.ts'

/** How a monitor is made. */
export interface MonitorOptions {
  /**
   * For how long the hub may be blocked, in milliseconds, 10 and up; `Infinity`: as long as it likes.
   *
   * @defaultValue 100
   */
  blockedMs?: number
  /**
   * How much memory there may be.
   *
   * @defaultValue no limits
   */
  memory?: MemoryLimits
  /**
   * How often memory is looked at, in milliseconds, 10 and up.
   *
   * @defaultValue 5000
   */
  memoryPeriodMs?: number
  /**
   * Whether reports are printed to stderr, beside the events.
   *
   * @defaultValue true
   */
  onStderr?: boolean
  /**
   * How many reports are printed in a minute at the most, an integer, 1 and up. Events come for all.
   *
   * @defaultValue 10
   */
  reportsPerMinute?: number
}

const CALL = 'new Monitor()'
const LEAST_MS = 10

/** The options with what was left out. Throws UsageError when one is not what it should be. */
export function settingsOf(options: MonitorOptions): Required<MonitorOptions> {
  checkOptions(CALL, options, '{ blockedMs: 100 }')
  const { blockedMs = 100, memory = {}, memoryPeriodMs = 5000, onStderr = true, reportsPerMinute = 10 } = options
  if (blockedMs !== Infinity) checkPeriod('blockedMs', blockedMs)
  checkPeriod('memoryPeriodMs', memoryPeriodMs)
  checkFlag(CALL, 'onStderr', onStderr)
  if (!(Number.isInteger(reportsPerMinute) && reportsPerMinute >= 1))
    throw expected('reportsPerMinute', 'an integer, 1 or more', reportsPerMinute)
  const given: unknown = memory
  if (typeof given !== 'object' || given === null)
    throw expected('memory', 'an object, such as { rssBytes: 512e6 }', given)
  checkBytes('memory.rssBytes', memory.rssBytes)
  checkBytes('memory.heapBytes', memory.heapBytes)
  return { blockedMs, memory, memoryPeriodMs, onStderr, reportsPerMinute }
}

function checkPeriod(name: string, ms: unknown): void {
  if (typeof ms === 'number' && ms >= LEAST_MS && ms < Infinity) return
  throw expected(name, `a number of milliseconds, ${LEAST_MS} or more`, ms)
}

function checkBytes(name: string, bytes: unknown): void {
  if (bytes === undefined || (typeof bytes === 'number' && bytes > 0)) return
  throw expected(name, 'a number of bytes above 0', bytes)
}

function expected(name: string, form: string, value: unknown): UsageError {
  return new UsageError(`${CALL} expects \`${name}\` to be ${form}, but got ${show(value)}.`)
}
