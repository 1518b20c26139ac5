/**
 * What a call of a socket throws when its time is up.
 *
 * Stands on timeouts.
 */
import { SocketTimeoutError } from '../../errors/classes.ts'
import { lateError } from '../../waiting/timeout.ts'
import type { Limit } from '../../waiting/wait.ts'

/** The error of a call whose time is up: the `Timeout`'s own, or that of a number of milliseconds. */
export function socketTimeout(what: string, limit: Limit): Error {
  if (typeof limit !== 'number') return lateError(limit)
  return new SocketTimeoutError(`${what} timed out after ${String(limit)} ms.`)
}
