/**
 * `green`: functions whose frames lie on the greenlet's own stack instead of V8's.
 *
 * A plain `yield*` chain is resumed frame by frame, from the outermost to the innermost: each resume costs by its depth, and a deep one
 * overflows. The frames of a `green` function are kept by the greenlet, and the innermost is resumed directly. No wrapper is made: the
 * generator that a call returns has `next` and `throw` of its own, through which `yield*` reaches the greenlet.
 *
 * Stands on the frames, where calls are begun. Leaves plain `yield*` as it is: its native stack traces are the default.
 */
import { UsageError } from '../errors/classes.ts'
import { show } from '../errors/usage.ts'
import type { Green } from '../protocol.ts'
import { callGreen, stepPlainly, throwGreen, throwPlainly } from './frames.ts'
import { type Frame, kernel } from './kernel.ts'

type Step = IteratorResult<unknown, unknown>

/** What `yield*` finds on the generator of a green function instead of the native methods. */
const METHODS: { next(this: Frame, message?: unknown): Step; throw(this: Frame, error: unknown): Step } = {
  /** Begins the call, or ends it with the value that the trampoline brings. */
  next(message?: unknown): Step {
    if (message === kernel.resumed) return kernel.resumed
    if (kernel.current === kernel.main) return stepPlainly(this, message) // iterated by plain code
    return callGreen(this)
  },

  /** The call has ended by an error, which goes on into the caller; or it has yielded something foreign, and is told. */
  throw(error: unknown): Step {
    if (kernel.current === kernel.main) return throwPlainly(this, error)
    return throwGreen(this, error)
  },
}

/**
 * Makes a generator function one of deep or recursive code: its calls cost the same at any depth, and go a million deep.
 *
 * Called like any other, with `yield*`, and with the same types; also as a method, or as a decorator of one (`@green *walk() {}`).
 * The function itself is changed and returned. Use it where calls are deep: each of its frames is kept by the greenlet, so that a
 * resume costs the same under a thousand callers as under one. Elsewhere plain generator functions are as good.
 *
 * @typeParam F - the function's type.
 * @param fn - a generator function. What it is called with, gives and throws stays as it is.
 * @param _context - what a decorator is given; of no use otherwise.
 * @throws UsageError when `fn` is no generator function.
 * @switches never
 * @example
 * ```ts
 * import { type Green, green, run, sleep } from 'greenloop'
 *
 * const depth = green(function* depth(n: number): Green<number> {
 *   if (n > 0) return 1 + (yield* depth(n - 1))
 *   yield* sleep(0)
 *   return 0
 * })
 * console.log(await run(() => depth(100_000))) // 100000
 * ```
 */
export function green<F extends (...args: never[]) => Green<unknown>>(fn: F, _context?: unknown): F {
  if (!isGeneratorFunction(fn)) {
    throw new UsageError(
      `green() expects a generator function, but got ${show(fn)}.\n\n` +
        '  green(() => work())              // incorrect: there is no frame to keep\n' +
        '  green(function* () { ... })      // correct',
    )
  }
  const { prototype } = fn as { prototype: object } // every generator function has one
  for (const [name, value] of Object.entries(METHODS)) {
    Object.defineProperty(prototype, name, { value, configurable: true, writable: true })
  }
  return fn
}

function isGeneratorFunction(fn: unknown): boolean {
  // A bound one has no prototype of its own: its generators are those of the function that it was bound from.
  return Object.prototype.toString.call(fn) === '[object GeneratorFunction]' && Object.hasOwn(fn as object, 'prototype')
}
