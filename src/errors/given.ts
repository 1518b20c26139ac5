/**
 * What a program gives us: to `throw`, `kill` and `Timeout` an error, or a class to make one of; names and texts that are its own code.
 *
 * Stands on the classes and the known mistakes.
 */
import { GreenletExit } from './classes.ts'
import { notAnError } from './usage.ts'

/** A class of errors that can be made without arguments. */
export type ErrorClass = new () => Error

/** Checks what `throw` was given and makes the error: an instance is taken as it is, a class is called. */
export function toError(caller: string, error: unknown): Error {
  if (error === undefined) return new GreenletExit()
  if (error instanceof Error) return error
  if (Object.prototype.toString.call(error) === '[object Error]') return error as Error // one of another realm
  if (isErrorClass(error)) return new error()
  throw notAnError(caller, error)
}

/** Whether `value` is a class of errors: `Error`, or one that derives from it. */
export function isErrorClass(value: unknown): value is ErrorClass {
  return value === Error || (typeof value === 'function' && value.prototype instanceof Error)
}

/** The name of a greenlet. A class of the program's may have a getter for it, and whatever that throws is not to reach who asks for a report. */
export function nameOf(greenlet: { readonly name: string }): string {
  try {
    return greenlet.name
  } catch {
    return '?'
  }
}

/** What a wait is called. It may stand there with names that are getters of the program's. */
export function textOf(wait: { describe(): string }): string {
  try {
    return wait.describe()
  } catch {
    return '?'
  }
}
