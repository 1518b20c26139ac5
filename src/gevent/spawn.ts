/**
 * Starting greenlets: `spawn` and its relatives.
 *
 * Stands on `Greenlet`, and for `spawnRaw` on what is left of one without its outcome.
 */
import { type Context, emptyContext } from '../context.ts'
import { checkMs, checkOptions, notAFunction } from '../errors/usage.ts'
import type { Driven } from '../protocol.ts'
import { Greenlet } from './greenlet.ts'
import { SpawnedGreenlet } from './lineage.ts'

/**
 * Makes a greenlet of `fn(...args)` and has the hub start it. It does not run before the caller waits or returns.
 *
 * @param fn - the body: a generator function, or any function. What it returns is driven: a generator, an operation, a promise.
 * @param args - what it is called with.
 * @throws UsageError when `fn` is no function.
 * @switches never
 * @source gevent: `gevent.spawn`
 * @example
 * ```ts
 * import { joinall, sleep, spawn } from 'greenloop'
 *
 * function* greet(name: string) {
 *   yield* sleep(1)
 *   return `hello ${name}`
 * }
 * const [ann, bob] = await joinall([spawn(greet, 'ann'), spawn(greet, 'bob')])
 * console.log(ann.value, bob.value) // hello ann hello bob
 * ```
 */
export function spawn<A extends readonly unknown[], T>(fn: (...args: A) => Driven<T>, ...args: A): Greenlet<T> {
  if (typeof fn !== 'function') throw notAFunction('spawn', fn)
  const greenlet = new Greenlet(fn, ...args)
  greenlet.start()
  return greenlet
}

/** What a greenlet can be given beside its body. */
export interface SpawnOptions {
  /** Stands in messages. @defaultValue the function's name and a number */
  name?: string
  /** The async context it starts in: that of its maker, none, or a `copyContext()`. @defaultValue 'inherit' */
  context?: 'inherit' | 'empty' | Context
}

/**
 * `spawn` with options: `spawnWith({ name: 'reader' }, read, socket)`.
 *
 * @throws UsageError when `fn` is no function.
 * @switches never
 */
export function spawnWith<A extends readonly unknown[], T>(
  options: SpawnOptions,
  fn: (...args: A) => Driven<T>,
  ...args: A
): Greenlet<T> {
  checkOptions('spawnWith()', options, "{ name: 'reader' }")
  if (typeof fn !== 'function') throw notAFunction('spawnWith', fn)
  const { name, context = 'inherit' } = options
  const greenlet = new Greenlet(fn, ...args)
  if (name !== undefined) greenlet.name = name
  if (context !== 'inherit') greenlet.grContext = context === 'empty' ? emptyContext() : context
  greenlet.start()
  return greenlet
}

/**
 * `spawn`, but the greenlet runs `ms` milliseconds from now. It counts as started at once, and never runs if it is killed before.
 *
 * @param ms - milliseconds, 0 and up; `Infinity`: not before it is switched to. Those with the same `ms` start in the order of the calls.
 * @param fn - the body, as for {@link spawn}.
 * @param args - what it is called with.
 * @throws UsageError when `ms` is negative or not a number, or `fn` no function.
 * @switches never
 * @source gevent: `gevent.spawn_later` (which takes seconds)
 * @example
 * ```ts
 * import { joinall, spawnLater } from 'greenloop'
 *
 * function* say(word: string) {
 *   console.log(word)
 * }
 * await joinall([spawnLater(30, say, 'late'), spawnLater(1, say, 'soon')])
 * // soon
 * // late
 * ```
 */
export function spawnLater<A extends readonly unknown[], T>(
  ms: number,
  fn: (...args: A) => Driven<T>,
  ...args: A
): Greenlet<T> {
  checkMs('spawnLater()', 'ms', ms)
  if (typeof fn !== 'function') throw notAFunction('spawnLater', fn)
  const greenlet = new Greenlet(fn, ...args)
  greenlet.startLater(ms)
  return greenlet
}

/**
 * `spawn` for what nobody asks after: the greenlet is a raw one, that can be neither joined nor asked for its value. An error that ends it
 * is reported. It carries no async context. {@link kill} ends it.
 *
 * @param fn - the body, as for {@link spawn}.
 * @param args - what it is called with.
 * @throws UsageError when `fn` is no function.
 * @switches never
 * @source gevent: `gevent.spawn_raw`
 * @example
 * ```ts
 * import { sleep, spawnRaw } from 'greenloop'
 *
 * spawnRaw(function* (word: string) {
 *   yield* sleep(1)
 *   console.log(word) // done
 * }, 'done')
 * ```
 */
export function spawnRaw<A extends readonly unknown[], T>(
  fn: (...args: A) => Driven<T>,
  ...args: A
): SpawnedGreenlet<T> {
  if (typeof fn !== 'function') throw notAFunction('spawnRaw', fn)
  // The body is called with `args` and nothing else, so its parameters need no second check.
  const greenlet = new SpawnedGreenlet(fn as unknown as (...args: never[]) => Driven<T>)
  if (args.length > 0) greenlet.$giveArguments(args)
  greenlet.$launch()
  return greenlet
}
