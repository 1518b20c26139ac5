/**
 * Starting greenlets.
 *
 * Stands on `Greenlet`.
 */
import { type Context, emptyContext } from '../context.ts'
import { notAFunction } from '../errors/usage.ts'
import type { Driven } from '../protocol.ts'
import { Greenlet } from './greenlet.ts'

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
  if (typeof fn !== 'function') throw notAFunction('spawnWith', fn)
  const greenlet = new Greenlet(fn, ...args)
  const { name, context = 'inherit' } = options
  if (name !== undefined) greenlet.name = name
  if (context !== 'inherit') greenlet.grContext = context === 'empty' ? emptyContext() : context
  greenlet.start()
  return greenlet
}
