/**
 * What a group or a pool does with functions: `apply` for one call, `map` and `imap` for one call per item.
 *
 * Stands on members, and on mappings. Leaves to `group.ts` and `pool.ts` how a greenlet comes in.
 */
import { UsageError } from '../errors/classes.ts'
import { checkFlag, notAFunction, show } from '../errors/usage.ts'
import type { Ending } from '../gevent/end.ts'
import { Greenlet } from '../gevent/greenlet.ts'
import { spawn } from '../gevent/spawn.ts'
import { type Coroutine, kernel } from '../greenlet/kernel.ts'
import type { Driven, Green, Operation } from '../protocol.ts'
import type { Cursor } from '../waiting/cursor.ts'
import type { Listener } from '../waiting/linkable.ts'
import { operation } from '../waiting/operation.ts'
import { call } from '../waiting/until.ts'
import { MapOperation } from './collect.ts'
import { MapCursor } from './imap.ts'
import { checkInputs, type Input, type ItemOf, readerOf, split } from './input.ts'
import type { Order, Workplace } from './mapping.ts'
import { Members } from './members.ts'

/** How `map` goes about failures. */
export interface MapOptions {
  /** Kill the rest at the first failure, and throw when they have ended. @defaultValue false: they run on */
  killOnError?: boolean
}

/** How `imap` and `imapUnordered` go about results. */
export interface ImapOptions {
  /**
   * How many elements may at most be running, or finished and not read: 1 and up. Then no more items are taken until results are read.
   *
   * @defaultValue any number
   */
  maxsize?: number
}

/** One input, or several, which are read side by side until the shortest ends; options may stand behind them. */
export type Inputs<O> = readonly [Input<unknown>, ...(Input<unknown> | O)[]]

/** The arguments that come from {@link Inputs}. */
export type ItemsOf<I extends readonly unknown[]> = I extends readonly [infer First, ...infer Rest]
  ? First extends Input<unknown>
    ? [ItemOf<First>, ...ItemsOf<Rest>]
    : ItemsOf<Rest>
  : []

/** Called with a result, in a greenlet. */
export type ResultCallback<T> = (result: T) => Driven<unknown>

/** Base of {@link Group} and {@link Pool}. */
export abstract class Mapper extends Members implements Workplace {
  /** Told of the ends of members whose failure somebody is thrown. */
  readonly #asked: Listener<Ending> = {
    notify: (ended) => {
      this.$leave(ended as Greenlet) // nobody else becomes a member
    },
  }

  /** @internal */
  abstract $admits(owner: Coroutine): boolean

  /** @internal */
  abstract $start(
    greenlet: Greenlet,
    listener: Listener<Ending>,
    owner: Coroutine,
    verb: string,
  ): Operation<void> | null

  /**
   * Runs `fn(...args)` in a new member and waits for its outcome. Driven by a member, it runs in that one: a pool of one place would wait
   * for itself else. A wait that is given up (kill, timeout) kills the new member.
   *
   * @param fn - a generator function, or any function; it is called with `args`.
   * @returns what `fn` returns.
   * @throws what `fn` throws; GreenletKilledError when the member was killed; UsageError at the call when `fn` is no function.
   * @switches always, except in a member
   * @source gevent: `Group.apply`
   */
  apply<T>(fn: () => Driven<T>): Operation<T>
  apply<A extends readonly unknown[], T>(fn: (...args: A) => Driven<T>, args: readonly [...A]): Operation<T>
  apply<A extends readonly unknown[], T>(fn: (...args: A) => Driven<T>, args?: readonly [...A]): Operation<T> {
    if (typeof fn !== 'function') throw notAFunction('apply', fn)
    const list = argumentsOf('apply', args)
    return operation(this.$call('apply'), () => this.#apply(fn, list))
  }

  /**
   * Runs `fn(...args)` in a new member, and never waits: if there is no place, a greenlet outside waits for one.
   *
   * @param fn - a generator function, or any function; it is called with `args`. After a success `callback` is called with the result, in a
   * greenlet of its own.
   * @returns the greenlet that has the outcome.
   * @throws UsageError when `fn` or `callback` is no function.
   * @switches never
   * @source gevent: `Group.apply_async`
   */
  applyAsync<T>(fn: () => Driven<T>): Greenlet<T>
  applyAsync<A extends readonly unknown[], T>(
    fn: (...args: A) => Driven<T>,
    args: readonly [...A],
    callback?: ResultCallback<T>,
  ): Greenlet<T>
  applyAsync<A extends readonly unknown[], T>(
    fn: (...args: A) => Driven<T>,
    args?: readonly [...A],
    callback?: ResultCallback<T>,
  ): Greenlet<T> {
    if (typeof fn !== 'function') throw notAFunction('applyAsync', fn)
    const list = argumentsOf('applyAsync', args)
    const body = callback === undefined ? fn : withCallback(fn, checkCallback('applyAsync', callback))
    const owner = kernel.current
    const greenlet = new Greenlet(body, ...list)
    if (this.$admits(owner)) {
      this.$enter(greenlet, this.$listener)
      greenlet.start()
      return greenlet
    }
    return spawn(outside, this, greenlet, owner)
  }

  /**
   * {@link apply}, and then `callback(result)`, which gets a greenlet of its own.
   *
   * @throws what `fn` throws; UsageError at the call when `fn` or `callback` is no function.
   * @switches always, except in a member
   * @source gevent: `Group.apply_cb`
   */
  applyCb<A extends readonly unknown[], T>(
    fn: (...args: A) => Driven<T>,
    args: readonly [...A],
    callback?: ResultCallback<T>,
  ): Operation<T> {
    if (typeof fn !== 'function') throw notAFunction('applyCb', fn)
    const list = argumentsOf('applyCb', args)
    if (callback !== undefined) checkCallback('applyCb', callback)
    return operation(this.$call('applyCb'), () =>
      this.#apply(callback === undefined ? fn : withCallback(fn, callback), list),
    )
  }

  /**
   * Calls `fn` once for each item, each call in a member of its own, and waits for all.
   *
   * The failure that is first in the order of the input is thrown, as soon as all before it have ended; the others run on, and what they
   * throw is reported. `killOnError` kills them instead, at the first failure in time. A wait that is given up (kill, timeout) takes no
   * more items and kills what runs.
   *
   * @param fn - called with one item of each input: a generator function, or any function.
   * @param inputs - an iterable, a queue, a cursor or an async iterable; several are read side by side until the shortest ends. Then
   * options.
   * @returns the results, in the order of the input.
   * @throws what a call, or reading an input, has thrown; GreenletKilledError when a call was killed; UsageError at the call for a wrong
   * argument.
   * @switches always
   * @source gevent: `Group.map`
   * @example
   * ```ts
   * import { Pool, sleep } from 'greenloop'
   *
   * const pool = new Pool(2)
   * const squares = await pool.map(function* (n) {
   *   yield* sleep(10 - n)
   *   return n * n
   * }, [1, 2, 3, 4])
   * console.log(squares) // [ 1, 4, 9, 16 ]
   * ```
   */
  map<I extends Inputs<MapOptions>, R>(fn: (...items: ItemsOf<I>) => Driven<R>, ...inputs: I): Operation<R[]> {
    if (typeof fn !== 'function') throw notAFunction('map', fn)
    const [list, options] = split<MapOptions>('map', inputs, ['killOnError'])
    const { killOnError = false } = options
    checkFlag('map()', 'killOnError', killOnError)
    checkInputs('map', list)
    return new MapOperation<R>(this, fn, list, killOnError)
  }

  /**
   * {@link map} in a greenlet of its own, outside.
   *
   * @param callback - called with the results; not after a failure.
   * @returns the greenlet, whose value is the list of results.
   * @throws UsageError for a wrong argument.
   * @switches never
   * @source gevent: `Group.map_async`
   */
  mapAsync<I extends Input<unknown>, R>(
    fn: (item: ItemOf<I>) => Driven<R>,
    input: I,
    callback?: ResultCallback<R[]>,
  ): Greenlet<R[]> {
    return spawn(mapAsync, this.mapCb(fn, input, callback))
  }

  /**
   * {@link map}, and then `callback(results)`, which is waited for.
   *
   * @throws what `map` and `callback` throw; UsageError at the call for a wrong argument.
   * @switches always
   * @source gevent: `Group.map_cb`
   */
  mapCb<I extends Input<unknown>, R>(
    fn: (item: ItemOf<I>) => Driven<R>,
    input: I,
    callback?: ResultCallback<R[]>,
  ): Operation<R[]> {
    if (typeof fn !== 'function') throw notAFunction('mapCb', fn)
    checkInputs('mapCb', [input])
    if (callback !== undefined) checkCallback('mapCb', callback)
    const mapped = new MapOperation<R>(this, fn, [input], false)
    return operation(this.$call('mapCb'), function* () {
      const results = yield* mapped
      if (callback !== undefined) yield* call(callback, [results])
      return results
    })
  }

  /**
   * Calls `fn` once for each item, each call in a member of its own, and gives the results in the order of the input, as they are read. It
   * begins at the call.
   *
   * What a call throws is thrown where its result would be read, and those behind it can be read all the same; what reading an input throws,
   * behind the last one. Disposing of the cursor takes no more items and kills what runs.
   *
   * @param fn - called with one item of each input: a generator function, or any function.
   * @param inputs - an iterable, a queue, a cursor or an async iterable; several are read side by side until the shortest ends. Then
   * options.
   * @returns a cursor: `while (yield* it.next()) use(it.value)`, or `for await` in async code.
   * @throws UsageError for a wrong argument.
   * @switches never
   * @source gevent: `Group.imap`
   * @example
   * ```ts
   * import { Pool, run, sleep } from 'greenloop'
   *
   * function* load(id: number) {
   *   yield* sleep(10 - id)
   *   return `page ${id}`
   * }
   * await run(function* () {
   *   const pages = new Pool(2).imap(load, [1, 2, 3], { maxsize: 10 })
   *   while (yield* pages.next()) console.log(pages.value)
   * })
   * // page 1
   * // page 2
   * // page 3
   * ```
   */
  imap<I extends Inputs<ImapOptions>, R>(fn: (...items: ItemsOf<I>) => Driven<R>, ...inputs: I): Cursor<R> {
    return this.#imap<R>('imap', true, fn, inputs)
  }

  /**
   * {@link imap}, with the results in the order in which the calls end.
   *
   * @returns a cursor.
   * @throws UsageError for a wrong argument.
   * @switches never
   * @source gevent: `Group.imap_unordered`
   */
  imapUnordered<I extends Inputs<ImapOptions>, R>(fn: (...items: ItemsOf<I>) => Driven<R>, ...inputs: I): Cursor<R> {
    return this.#imap<R>('imapUnordered', false, fn, inputs)
  }

  #imap<R>(verb: string, ordered: boolean, fn: unknown, inputs: readonly unknown[]): Cursor<R> {
    if (typeof fn !== 'function') throw notAFunction(verb, fn)
    const [list, options] = split<ImapOptions>(verb, inputs, ['maxsize'])
    const { maxsize = Infinity } = options
    if (maxsize !== Infinity && !(Number.isInteger(maxsize) && maxsize >= 1)) {
      throw new UsageError(`${verb}() expects \`maxsize\` to be an integer, 1 or more, but got ${show(maxsize)}.`)
    }
    checkInputs(verb, list)
    const readers = list.map(readerOf)
    const order = { place: this, verb, fn: fn as Order['fn'], readers, ordered, maxsize, owner: kernel.current }
    return new MapCursor<R>(order)
  }

  *#apply<A extends readonly unknown[], T>(fn: (...args: A) => Driven<T>, args: A): Green<T> {
    const owner = kernel.current
    if (this.has(owner)) return yield* call(fn, args)
    const greenlet = new Greenlet(fn, ...args)
    const wait = this.$start(greenlet, this.#asked, owner, 'apply')
    if (wait !== null) yield* wait
    return yield* getOrKill(greenlet)
  }
}

/** Waits for the outcome; whoever gives that up kills the greenlet, of which nobody knows. */
function* getOrKill<T>(greenlet: Greenlet<T>): Green<T> {
  try {
    return yield* greenlet.get()
  } finally {
    if (!greenlet.ready()) greenlet.kill(undefined, { block: false })
  }
}

/** The body of the greenlet that waits for a place instead of the caller of `applyAsync`. */
function* outside<T>(place: Mapper, greenlet: Greenlet<T>, owner: Coroutine): Green<T> {
  const wait = place.$start(greenlet, place.$listener, owner, 'applyAsync')
  if (wait !== null) yield* wait
  return yield* getOrKill(greenlet)
}

function* mapAsync<R>(mapped: Operation<R[]>): Green<R[]> {
  return yield* mapped
}

/** `fn`, and then a greenlet for the callback. */
function withCallback<A extends readonly unknown[], T>(
  fn: (...args: A) => Driven<T>,
  callback: ResultCallback<T>,
): (...args: A) => Green<T> {
  function* body(...args: A): Green<T> {
    const result = yield* call(fn, args)
    spawn(callback, result)
    return result
  }
  return Object.defineProperty(body, 'name', { value: fn.name }) // it stands in the greenlet's name
}

function argumentsOf<A extends readonly unknown[]>(verb: string, args: readonly [...A] | undefined): A {
  const list: unknown = args ?? []
  if (!Array.isArray(list)) {
    throw new UsageError(`${verb}() expects the arguments as an array, but got ${show(list)}.`)
  }
  return list as readonly unknown[] as A // without arguments A is empty
}

function checkCallback<T>(verb: string, callback: ResultCallback<T>): ResultCallback<T> {
  if (typeof callback === 'function') return callback
  throw new UsageError(`${verb}() expects \`callback\` to be a function, but got ${show(callback)}.`)
}
