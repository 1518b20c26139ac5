/**
 * The members of a group or a pool: who belongs to it, waiting until nobody does, and killing all.
 *
 * A greenlet is a member from the moment it is added until the links of its end run. Who waits for the end of all is told when the last
 * one has left: those who kill first, then those who join, each in the order in which they came.
 *
 * Failures. The first member that fails is remembered until a `join({ raiseError: true })` throws what it died of, whether it failed before
 * that call or during it. Being remembered is not being read: as long as no such join waits, a failure is reported like any other.
 *
 * Kills. Who waits for a kill keeps the door: whoever comes in until nobody is left is killed as well.
 *
 * Stands on greenlets and waits. Leaves to `group.ts` and `pool.ts` how one becomes a member, and to `map.ts` what members work on.
 */
import { UsageError } from '../errors/classes.ts'
import { toError } from '../errors/given.ts'
import { show } from '../errors/usage.ts'
import { type Ending, EndOperation, NO_WAIT } from '../gevent/end.ts'
import type { Greenlet, KillOptions } from '../gevent/greenlet.ts'
import { reads, writes } from '../greenlet/footprint.ts'
import { type Coroutine, FAILED, kernel, UNSTARTED } from '../greenlet/kernel.ts'
import { ready, type Step, takePending } from '../greenlet/operation.ts'
import { type ErrorClass, isGreenlet } from '../greenlet/raw-greenlet.ts'
import type { Begun, Operation } from '../protocol.ts'
import { ownerOf } from '../waiting/agent.ts'
import type { Listener } from '../waiting/linkable.ts'
import { begun, HubOperation } from '../waiting/operation.ts'
import { checkWaitOptions, type WaitOptions } from '../waiting/timeout.ts'
import { type Limit, Wait } from '../waiting/wait.ts'
import { WaitList } from '../waiting/wait-list.ts'

/** How `join` waits. */
export interface JoinOptions extends WaitOptions {
  /** Throw what the first member that failed has died of. @defaultValue false */
  raiseError?: boolean
}

/** Greenlets that are waited for and killed together: what groups and pools have in common. */
export abstract class Members implements Iterable<Greenlet> {
  /** @internal What it is called in messages. */
  protected abstract readonly noun: string
  readonly #members = new Set<Greenlet>()
  /** Those that were killed from here: nobody is killed twice. */
  readonly #dying = new Set<Greenlet>()
  readonly #joins = new WaitList<JoinWait>(this)
  readonly #kills = new WaitList<KillWait>(this)
  /** The first that has failed and was not thrown by a join yet. One is enough: no join throws two. */
  #failed: Greenlet | null = null
  /** @internal Told of the ends of members whose outcome nobody in here asks for. */
  readonly $listener: Listener<Ending> = {
    notify: (ended) => {
      this.#ended(ended as Greenlet) // nobody else becomes a member
    },
  }

  /** How many members there are. */
  get size(): number {
    reads(this)
    return this.#members.size
  }

  /** Whether `greenlet` is a member. @switches never */
  has(greenlet: unknown): boolean {
    reads(this)
    return this.#members.has(greenlet as Greenlet) // anything may be asked for
  }

  /** The members, in the order in which they came. */
  [Symbol.iterator](): Iterator<Greenlet> {
    return kernel.footprint === null ? this.#members.values() : this.#looking()
  }

  /** Lets a member go: it runs on, and is nobody's business here. Somebody who is no member is left alone. @switches never */
  discard(greenlet: Greenlet): void {
    writes(this)
    if (!this.#members.has(greenlet)) return
    greenlet.$ignore(this.$listener)
    this.$leave(greenlet)
  }

  /**
   * Waits until there are no members. When the waiter has its turn there may be new ones.
   *
   * @param options - `timeoutMs`: how long; `raiseError`: throw what the first member that failed has died of, also when it has ended before
   * this call. Each failure is thrown by one such join; the later ones are reported.
   * @returns true; false when `timeoutMs` have passed.
   * @throws UsageError when a member waits for its own group; with `raiseError` what a member has thrown.
   * @switches only if it must wait
   * @source gevent: `Group.join`
   */
  join(options: JoinOptions = {}): Operation<boolean> {
    checkWaitOptions('join()', options, 'raiseError')
    return new JoinOperation(this, options.raiseError ?? false, options.timeoutMs)
  }

  /**
   * Asks all members to end, by throwing `error` at their waits; each member is asked once, however often this is called. The effect is at
   * the call. Driving the call waits until there are no members, and as long as it does, whoever becomes a member is killed as well. Who
   * waits for a place in a pool is not killed by that: its greenlet comes in when the wait is over.
   *
   * @param error - an Error, or a class of errors, of which each gets one of its own. @defaultValue `GreenletExit`
   * @param options - `block`: whether driving the call waits; `timeoutMs`: how long at the most; then it is given up in silence.
   * @throws UsageError when `error` is neither; when a member waits for its own group.
   * @switches only if it must wait
   * @source gevent: `Group.kill`
   */
  kill(error?: Error | ErrorClass, options: KillOptions = {}): Begun<void> {
    toError('kill', error)
    checkWaitOptions('kill()', options, 'block')
    this.$killAll(error)
    if (options.block === false || this.#members.size === 0) return NO_WAIT
    return begun(new KillOperation(this, error, options.timeoutMs))
  }

  /**
   * Asks one member to end, unless it was asked before. Driving the call waits for its end.
   *
   * @param greenlet - somebody who is no member is left alone, and not waited for.
   * @param error - an Error, or a class of errors. @defaultValue `new GreenletExit()`
   * @param options - `block`: whether driving the call waits; `timeoutMs`: how long at the most.
   * @throws UsageError when `error` is neither.
   * @switches only if it must wait
   * @source gevent: `Group.killone`
   */
  killone(greenlet: Greenlet, error?: Error | ErrorClass, options: KillOptions = {}): Begun<void> {
    const reason = toError('killone', error)
    checkWaitOptions('killone()', options, 'block')
    writes(this)
    if (!this.#members.has(greenlet)) return NO_WAIT
    this.#killOnce(greenlet, reason)
    return options.block === false ? NO_WAIT : begun(new EndOperation(greenlet, 'killone', options.timeoutMs))
  }

  /** @internal `join()`, with what it is called on. */
  $call(method: string): string {
    return `${this.noun}.${method}()`
  }

  /** @internal Whether somebody waits until all have been killed. */
  get $closing(): boolean {
    return this.#kills.last !== null
  }

  /** @internal `greenlet` becomes a member; `listener` is told of its end, and calls {@link $leave}. */
  $enter(greenlet: Greenlet, listener: Listener<Ending>): void {
    writes(this)
    this.#members.add(greenlet)
    greenlet.$listen(listener)
    if (this.#kills.last !== null) this.#killOnce(greenlet, this.#kills.last.error)
  }

  /** @internal `greenlet` is no member any more. */
  $leave(greenlet: Greenlet): void {
    writes(this)
    if (!this.#members.delete(greenlet)) return
    this.#dying.delete(greenlet)
    this.left()
    if (this.#members.size === 0) this.#emptied()
  }

  /** @internal Kills those that were not killed yet. */
  $killAll(error: Error | ErrorClass | undefined): void {
    writes(this)
    for (const greenlet of [...this.#members]) this.#killOnce(greenlet, error)
  }

  /** @internal Begins to wait until nobody is left. */
  $join(greenlet: Coroutine, raiseError: boolean, limit: Limit | undefined): Step<boolean> {
    reads(this)
    if (this.#members.size === 0) {
      const failed = raiseError ? this.$takeFailed() : null
      if (failed !== null) throw failed.$readFailure()
      return ready(true)
    }
    this.#refuseMember(greenlet, 'join')
    if (raiseError) this.#failed?.$readFailure()
    const wait = new JoinWait(greenlet, this, raiseError)
    this.#joins.push(wait)
    return wait.limit(limit).park()
  }

  /** @internal Kills those that have come meanwhile, and begins to wait until nobody is left. */
  $awaitKill(greenlet: Coroutine, error: Error | ErrorClass | undefined, limit: Limit | undefined): Step<void> {
    this.$killAll(error)
    if (this.#members.size === 0) return ready(undefined)
    this.#refuseMember(greenlet, 'kill')
    const wait = new KillWait(greenlet, this, error)
    this.#kills.push(wait)
    return wait.limit(limit).park()
  }

  /** @internal Takes the failure that is remembered. */
  $takeFailed(): Greenlet | null {
    writes(this)
    const failed = this.#failed
    this.#failed = null
    return failed
  }

  /** @internal Somebody has given up waiting for a kill. */
  $killGivenUp(): void {
    if (this.#kills.last === null) this.opened()
  }

  /** A member has left. */
  protected left(): void {
    // a group has no places to be given to others
  }

  /** Nobody waits for a kill any more. */
  protected opened(): void {
    // nor anybody who waits for one
  }

  /** Iterates them for a schedule explorer: each step is a look of its own. */
  *#looking(): Generator<Greenlet, undefined, undefined> {
    reads(this)
    for (const greenlet of this.#members) {
      yield greenlet
      reads(this)
    }
  }

  #ended(greenlet: Greenlet): void {
    writes(this)
    if (greenlet.$status === FAILED && this.#failed === null) {
      this.#failed = greenlet
      if (this.#isAsked()) greenlet.$readFailure()
    }
    this.$leave(greenlet)
  }

  #emptied(): void {
    const closed = this.$closing
    for (let kill = this.#kills.shift(); kill !== null; kill = this.#kills.shift()) kill.succeed(undefined)
    const failed = this.#isAsked() ? this.$takeFailed() : null
    for (let join = this.#joins.shift(); join !== null; join = this.#joins.shift()) {
      if (join.raiseError && failed !== null) join.fail(failed.$readFailure())
      else join.succeed(true)
    }
    if (closed) this.opened()
  }

  /** Whether somebody waits who will be thrown a failure. */
  #isAsked(): boolean {
    for (let join = this.#joins.first; join !== null; join = join.after as JoinWait | null)
      if (join.raiseError) return true
    return false
  }

  #killOnce(greenlet: Greenlet, error: Error | ErrorClass | undefined): void {
    if (this.#dying.has(greenlet)) return
    this.#dying.add(greenlet)
    greenlet.kill(error, NOT_BLOCKING)
  }

  #refuseMember(greenlet: Coroutine, verb: string): void {
    if (!this.has(ownerOf(greenlet))) return
    if (greenlet.$pending !== null) throw takePending(greenlet) // it has killed itself, and this is its next wait
    throw new UsageError(
      `Greenlet "${greenlet.name}" waits in ${this.$call(verb)} for the ${this.noun} that it is a member of; it could never go on.`,
    )
  }
}

const NOT_BLOCKING: KillOptions = { block: false }

/** Checks that something can become a member. Not `instanceof`: the greenlets of another copy of the library are as good. */
export function checkMember(caller: string, value: unknown): asserts value is Greenlet {
  if (isGreenlet(value) && '$listen' in value) return
  throw new UsageError(`${caller} expects a Greenlet, but got ${show(value)}.`)
}

/** Checks that a greenlet that is to be started has something to run. */
export function checkRunnable(greenlet: Greenlet): void {
  if (greenlet.$status === UNSTARTED) greenlet.$checkRunnable()
}

class JoinOperation extends HubOperation<boolean> {
  readonly #members: Members
  readonly #raiseError: boolean
  readonly #limit: Limit | undefined

  constructor(members: Members, raiseError: boolean, limit: Limit | undefined) {
    super()
    this.#members = members
    this.#raiseError = raiseError
    this.#limit = limit
  }

  override begin(greenlet: Coroutine): Step<boolean> {
    return this.#members.$join(greenlet, this.#raiseError, this.#limit)
  }

  override toString(): string {
    return this.#members.$call('join')
  }
}

class KillOperation extends HubOperation<void> {
  readonly #members: Members
  readonly #error: Error | ErrorClass | undefined
  readonly #limit: Limit | undefined

  constructor(members: Members, error: Error | ErrorClass | undefined, limit: Limit | undefined) {
    super()
    this.#members = members
    this.#error = error
    this.#limit = limit
  }

  override begin(greenlet: Coroutine): Step<void> {
    return this.#members.$awaitKill(greenlet, this.#error, this.#limit)
  }

  override toString(): string {
    return this.#members.$call('kill')
  }
}

class JoinWait extends Wait {
  readonly #members: Members
  readonly raiseError: boolean

  constructor(greenlet: Coroutine, members: Members, raiseError: boolean) {
    super(greenlet)
    this.#members = members
    this.raiseError = raiseError
  }

  override expired(): void {
    const failed = this.raiseError ? this.#members.$takeFailed() : null
    if (failed === null) this.succeed(false)
    else this.fail(failed.$readFailure())
  }

  override describe(): string {
    return this.#members.$call('join')
  }

  waitsFor(): readonly Coroutine[] {
    return [...this.#members]
  }
}

class KillWait extends Wait {
  readonly #members: Members
  /** What those get who come in while it waits. */
  readonly error: Error | ErrorClass | undefined

  constructor(greenlet: Coroutine, members: Members, error: Error | ErrorClass | undefined) {
    super(greenlet)
    this.#members = members
    this.error = error
  }

  override expired(): void {
    this.succeed(undefined)
  }

  protected override leave(): void {
    super.leave()
    this.#members.$killGivenUp()
  }

  override describe(): string {
    return this.#members.$call('kill')
  }

  waitsFor(): readonly Coroutine[] {
    return [...this.#members]
  }
}
