/**
 * Functions of Node that give a promise and take a signal: each call gets one of ours beside the caller's, so that a greenlet that gives up
 * aborts it.
 *
 * What Node would refuse it is handed as it is. Stands on drivable promises.
 */
import { Abort, drivable } from '../../waiting/drivable.ts'

/** Starts something that a kill aborts, if its options are such that it can be. `text` is the call as it stands in messages. */
export function abortable<T>(text: string, options: unknown, start: (options: unknown) => Promise<T>): Promise<T> {
  const abort = new Abort()
  const asked = withSignal(options, abort.signal)
  return asked === null ? start(options) : drivable(start(asked), abort, text)
}

/** Node's options, with our signal beside the caller's; null when Node would refuse them, or the caller's signal is of another make. */
export function withSignal(options: unknown, ours: AbortSignal): object | null {
  if (options === undefined) return { signal: ours }
  if (typeof options !== 'object' || options === null || Array.isArray(options)) return null
  try {
    const { signal } = options as { signal?: unknown } // any object may be asked
    if (signal === undefined) return Object.create(options, { signal: { value: ours } }) as object
    if (!(signal instanceof AbortSignal)) return null // any() takes it, and does not follow it
    return Object.create(options, { signal: { value: AbortSignal.any([signal, ours]) } }) as object
  } catch {
    return null
  }
}
