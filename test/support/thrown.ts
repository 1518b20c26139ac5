/**
 * What a call throws, as a value, so that a test can look at all of it: its class, its whole text, its identity.
 */
import { UsageError } from 'greenloop'
import { expect } from 'vitest'

/** What `fn` throws. */
export function thrown(fn: () => unknown): unknown {
  try {
    fn()
  } catch (error) {
    return error
  }
  throw new Error('Nothing was thrown.')
}

/** The whole message of the error that `fn` throws. */
export function message(fn: () => unknown): string {
  return messageOf(thrown(fn))
}

/** The whole message of the UsageError that `fn` throws. */
export function usage(fn: () => unknown): string {
  const error = thrown(fn)
  expect(error).toBeInstanceOf(UsageError)
  return messageOf(error)
}

/** What a promise, or an operation, is rejected with. */
export async function rejection(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('Nothing was thrown.')
}

/** The whole message of the error that `promise` is rejected with. */
export async function rejectionMessage(promise: PromiseLike<unknown>): Promise<string> {
  return messageOf(await rejection(promise))
}

/** The message of `error`, which must be one. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) throw new TypeError(`Not an Error: ${String(error)}`)
  return error.message
}
