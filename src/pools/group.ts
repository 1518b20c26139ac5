/**
 * gevent's `Group`: greenlets that are waited for and killed together.
 *
 * Stands on `map.ts`, which stands on members. Adds that anybody may come in, at once.
 */

import { UsageError } from '../errors/classes.ts'
import { notAFunction, show } from '../errors/usage.ts'
import type { Ending } from '../gevent/end.ts'
import { Greenlet } from '../gevent/greenlet.ts'
import { type Driven, isList, type Operation } from '../protocol.ts'
import type { Listener } from '../waiting/linkable.ts'
import { Mapper } from './map.ts'
import { checkMember, checkRunnable } from './members.ts'

/**
 * A set of living greenlets. Whoever ends leaves it by himself; the rest can be waited for, and killed, together.
 *
 * @source gevent: `gevent.pool.Group`
 * @example
 * ```ts
 * import { Group, sleep } from 'greenloop'
 *
 * const group = new Group()
 * for (const ms of [3, 1, 2]) group.spawn(sleep, ms)
 * console.log(group.size) // 3
 * console.log(await group.join(), group.size) // true 0
 * ```
 */
export class Group extends Mapper {
  /** @internal */
  protected override readonly noun: string = 'group'

  /**
   * @param greenlets - its first members.
   * @throws UsageError when they cannot be iterated, or one of them is no greenlet.
   */
  constructor(greenlets: Iterable<Greenlet> = []) {
    super()
    if (!isList(greenlets))
      throw new UsageError(`new Group() expects an iterable of greenlets, but got ${show(greenlets)}.`)
    const list = [...greenlets]
    for (const greenlet of list) checkMember('new Group()', greenlet)
    for (const greenlet of list) this.add(greenlet)
  }

  /**
   * Makes `greenlet` a member until it ends; it need not have been started. A member is left as it is.
   *
   * @throws UsageError for something that is no greenlet.
   * @switches never
   * @source gevent: `Group.add`
   */
  add(greenlet: Greenlet): void {
    checkMember('add()', greenlet)
    if (!this.has(greenlet)) this.$enter(greenlet, this.$listener)
  }

  /**
   * Makes `greenlet` a member and has the hub start it.
   *
   * @throws UsageError for something that is no greenlet, or has nothing to run.
   * @switches never
   * @source gevent: `Group.start`
   */
  start(greenlet: Greenlet): void {
    checkMember('start()', greenlet)
    checkRunnable(greenlet)
    this.add(greenlet)
    greenlet.start()
  }

  /**
   * Makes a greenlet of `fn(...args)`, a member, and has the hub start it.
   *
   * @param fn - the body: a generator function, or any function.
   * @param args - what it is called with.
   * @throws UsageError when `fn` is no function.
   * @switches never
   * @source gevent: `Group.spawn`
   */
  spawn<A extends readonly unknown[], T>(fn: (...args: A) => Driven<T>, ...args: A): Greenlet<T> {
    if (typeof fn !== 'function') throw notAFunction('spawn', fn)
    const greenlet = new Greenlet(fn, ...args)
    this.$enter(greenlet, this.$listener)
    greenlet.start()
    return greenlet
  }

  /** @internal */
  override $admits(): boolean {
    return true
  }

  /** @internal */
  override $start(greenlet: Greenlet, listener: Listener<Ending>): Operation<void> | null {
    this.$enter(greenlet, listener)
    greenlet.start()
    return null
  }
}
