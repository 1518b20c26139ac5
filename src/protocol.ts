/**
 * The types that a user's waiting code is written in, and how their values are told at run time. Stands on nothing.
 *
 * Both brands exist for the compiler: `Suspend` makes `yield sleep(1)` (the star forgotten) an error, `Resume` makes `for (x of op)`,
 * `[...op]` and `const [x] = op` errors, while `yield* op` still infers what the wait gives.
 */

declare const suspendBrand: unique symbol
declare const resumeBrand: unique symbol
declare const begunBrand: unique symbol

/** What a suspension yields. Only operations of the library make one. */
export interface Suspend {
  /** For the compiler only. */
  readonly [suspendBrand]: true
}

/** What a resumption sends in. Only the trampoline makes one. */
export interface Resume {
  /** For the compiler only. */
  readonly [resumeBrand]: true
}

/**
 * What a function returns that may wait: `function* getPage(url: string): Green<string>`. Call it with `yield*` in a greenlet, or hand
 * it to `spawn`.
 */
export type Green<T> = Generator<Suspend, T, Resume>

/**
 * A wait that has not begun: a recipe. Drive it with `yield*` in a greenlet or with `await` in async code; driving it again waits again.
 * Nothing happens until it is driven.
 */
export interface Operation<T> extends PromiseLike<T> {
  /** For `yield*`. */
  [Symbol.iterator](): Iterator<Suspend, T, Resume>
}

/**
 * An operation whose effect has happened at the call, such as `g.kill()`: driving it only waits for the end, and may be left out.
 */
export interface Begun<T> extends Operation<T> {
  /** For the compiler only. */
  readonly [begunBrand]?: true
}

/** What a body may return: it is driven when it is a generator, an operation or a promise, and is the outcome itself otherwise. */
export type Driven<T> = Green<T> | Operation<T> | PromiseLike<T> | T

const BRAND = Symbol.for('greenloop.operation')

/** Whether `value` is an operation of this library (of any copy of it). */
export function isOperation(value: unknown): value is Operation<unknown> {
  return typeof value === 'object' && value !== null && BRAND in value
}

/** Marks an operation that is not a {@link BaseOperation}, such as one made of a generator function. */
export function brandOperation(prototype: object): void {
  Object.defineProperty(prototype, BRAND, { value: true })
}

/** Whether `value` is a generator object, of any realm. */
export function isGenerator(value: unknown): value is Generator<unknown, unknown, unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    (value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] === 'Generator' && // any object may be asked for the tag
    typeof (value as { next?: unknown }).next === 'function'
  )
}

/** Whether `value` can be waited for as a promise, of whatever kind and realm. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function' // any value may be asked
}

/** Whether `value` is an object that lists others: it can be iterated, and is no operation, which only `yield*` iterates. */
export function isList(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value && !isOperation(value)
}
