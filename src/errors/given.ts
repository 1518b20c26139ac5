/**
 * What `throw`, `kill` and `Timeout` are given: an error, or a class to make one of.
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
