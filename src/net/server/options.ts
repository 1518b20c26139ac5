/**
 * How a server is told to work, and to stop.
 *
 * Stands on jobs, whose ways are one of the options.
 */
import { UsageError } from '../../errors/classes.ts'
import { checkMs, checkOptions, show } from '../../errors/usage.ts'
import type { Spawn } from './job.ts'

/** How a server works. */
export interface ServerOptions<A extends readonly unknown[]> {
  /** How the handler is run. @defaultValue `'default'`: each call in a greenlet of its own */
  spawn?: Spawn<A>
  /** How long `stop` waits for the handlers in the pool, in milliseconds, before it kills them. @defaultValue 1000 */
  stopTimeoutMs?: number
  /** How long it does not accept after an error, in milliseconds; with each further one twice as long. @defaultValue 10 */
  minDelayMs?: number
  /** How long at the most. @defaultValue 1000 */
  maxDelayMs?: number
  /** How many it takes before others have their turn, from 1 on. @defaultValue 100 */
  maxAccept?: number
}

/** How a server is stopped. */
export interface StopOptions {
  /** How long it waits before it kills, in milliseconds. @defaultValue the server's `stopTimeoutMs` */
  timeoutMs?: number
}

/** Checks the options of a server, and fills in what they do not say. `call` is the call that has them. */
export function readOptions<A extends readonly unknown[]>(
  call: string,
  options: ServerOptions<A>,
): Required<ServerOptions<A>> {
  checkOptions(call, options, '{ spawn: 100 }')
  const { spawn = 'default', stopTimeoutMs = 1000, minDelayMs = 10, maxDelayMs = 1000, maxAccept = 100 } = options
  checkMs(call, 'stopTimeoutMs', stopTimeoutMs)
  checkMs(call, 'minDelayMs', minDelayMs)
  checkMs(call, 'maxDelayMs', maxDelayMs)
  if (!(Number.isInteger(maxAccept) && maxAccept >= 1))
    throw new UsageError(`${call} expects \`maxAccept\` to be an integer, 1 or more, but got ${show(maxAccept)}.`)
  return { spawn, stopTimeoutMs, minDelayMs, maxDelayMs, maxAccept }
}

/** Checks how a server is to be stopped. */
export function checkStopOptions(call: string, options: StopOptions): void {
  checkOptions(call, options, '{ timeoutMs: 5000 }')
  checkMs(call, 'timeoutMs', options.timeoutMs ?? 0)
}

/** What a server throws that was given no handler. `args` is what a handler is called with. */
export function notAHandler(call: string, args: string, value: unknown): UsageError {
  return new UsageError(
    `${call} expects a handler, \`function* (${args}) { ... }\`, or a subclass with handle(), but got ${show(value)}.`,
  )
}
