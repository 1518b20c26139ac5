/**
 * Waiting for a place in a pool.
 *
 * Who waits for a place does not wake up to find it taken: in the moment in which a member leaves, the greenlet that is to come in has its
 * place; then who waited is woken, and the greenlet started. So a place is never between two owners, none is lost when the one who waits
 * is killed, and nobody is overtaken.
 *
 * Stands on waits. Leaves it to `pool.ts` who is next.
 */
import { PoolFull } from '../errors/classes.ts'
import type { Ending } from '../gevent/end.ts'
import { Greenlet } from '../gevent/greenlet.ts'
import type { Coroutine } from '../greenlet/kernel.ts'
import type { Step } from '../greenlet/operation.ts'
import type { Driven } from '../protocol.ts'
import { ownerOf } from '../waiting/agent.ts'
import type { Listener } from '../waiting/linkable.ts'
import { HubOperation } from '../waiting/operation.ts'
import { lateError } from '../waiting/timeout.ts'
import { type Limit, Wait } from '../waiting/wait.ts'
import { checkRunnable, type Members } from './members.ts'

/** A pool, as those see it who wait for a place in it. */
export interface Places extends Members {
  freeCount(): number
  /** @internal Begins to wait for a place, if there is none. */
  $begin<T>(greenlet: Coroutine, entry: Entry<T>, patience: Patience): Step<T>
  /** @internal Why there is no place. */
  $why(): string
}

/** A greenlet that is to come into a pool. */
export interface Entry<T> {
  readonly pool: Places
  /** Who wants it in: members are let in even while the pool is being killed. */
  readonly owner: Coroutine
  readonly greenlet: Greenlet
  /** Told of its end. */
  readonly listener: Listener<Ending>
  /** Whether it is started by coming in. */
  readonly starts: boolean
  /** What the call gives. */
  readonly answer: T
  /** The method that was called. */
  readonly verb: string
}

/** How long an entry is waited for; `'no wait'`: not at all. */
export type Patience = Limit | 'no wait' | undefined

/** `pool.spawn()`: makes a greenlet each time it is driven. */
export class SpawnOperation<A extends readonly unknown[], T> extends HubOperation<Greenlet<T>> {
  readonly #pool: Places
  readonly #fn: (...args: A) => Driven<T>
  readonly #args: A

  constructor(pool: Places, fn: (...args: A) => Driven<T>, args: A) {
    super()
    this.#pool = pool
    this.#fn = fn
    this.#args = args
  }

  override begin(greenlet: Coroutine): Step<Greenlet<T>> {
    const pool = this.#pool
    // Here and not when it comes in: it is the child of its spawner, with the context of that one.
    const spawned = new Greenlet(this.#fn, ...this.#args)
    const entry = {
      pool,
      owner: ownerOf(greenlet),
      greenlet: spawned,
      listener: pool.$listener,
      starts: true,
      answer: spawned,
    }
    return pool.$begin(greenlet, { ...entry, verb: 'spawn' }, undefined)
  }

  override toString(): string {
    return this.#pool.$call('spawn')
  }
}

/** Everything else that brings a greenlet into a pool: `add`, `start`, and the elements of a map. */
export class EnterOperation extends HubOperation<void> {
  readonly #entry: Omit<Entry<undefined>, 'owner'> & { owner: Coroutine | null }
  readonly #patience: Patience

  /** `owner` is null for whoever drives the operation. */
  constructor(entry: Omit<Entry<undefined>, 'owner'> & { owner: Coroutine | null }, patience: Patience) {
    super()
    this.#entry = entry
    this.#patience = patience
  }

  override begin(greenlet: Coroutine): Step<void> {
    const { pool, owner } = this.#entry
    return pool.$begin(greenlet, { ...this.#entry, owner: owner ?? ownerOf(greenlet) }, this.#patience)
  }

  override toString(): string {
    return this.#entry.pool.$call(this.#entry.verb)
  }
}

/** Somebody who stands in the line of a pool. */
export abstract class LineWait extends Wait {
  /** Whether it goes although the pool is being killed. */
  abstract passes(): boolean

  /** A place is free, and it is out of the line. */
  abstract go(): void
}

/** Waits to bring a greenlet in. */
export class EntryWait<T> extends LineWait {
  readonly #entry: Entry<T>

  constructor(greenlet: Coroutine, entry: Entry<T>) {
    super(greenlet)
    this.#entry = entry
  }

  override passes(): boolean {
    return this.#entry.pool.has(this.#entry.owner)
  }

  override go(): void {
    const { pool, greenlet, listener, starts, answer } = this.#entry
    try {
      if (starts) checkRunnable(greenlet)
    } catch (error) {
      this.fail(error) // its body was taken away while it stood in the line
      return
    }
    if (!pool.has(greenlet)) pool.$enter(greenlet, listener)
    // In this order: the spawner goes on before what it has spawned, as when it had not to wait.
    this.succeed(answer)
    if (starts) greenlet.start()
  }

  override expired(limit: Limit): void {
    const { pool, verb } = this.#entry
    this.fail(typeof limit === 'number' ? poolFull(pool, verb, `in ${String(limit)} ms`) : lateError(limit))
  }

  override describe(): string {
    return this.#entry.pool.$call(this.#entry.verb)
  }

  waitsFor(): readonly Coroutine[] {
    return [...this.#entry.pool]
  }

  because(): string {
    return this.#entry.pool.$why()
  }
}

/** Waits until a place is free, and takes none. */
export class AvailableWait extends LineWait {
  readonly #pool: Places

  constructor(greenlet: Coroutine, pool: Places) {
    super(greenlet)
    this.#pool = pool
  }

  override passes(): boolean {
    return true
  }

  override go(): void {
    this.succeed(this.#pool.freeCount())
  }

  override expired(): void {
    this.succeed(0)
  }

  override describe(): string {
    return this.#pool.$call('waitAvailable')
  }

  waitsFor(): readonly Coroutine[] {
    return [...this.#pool]
  }

  because(): string {
    return this.#pool.$why()
  }
}

/** No place was free; `when` says since when, or for how long. */
export function poolFull(pool: Places, verb: string, when: string): PoolFull {
  return new PoolFull(`${pool.$call(verb)} got no place ${when}: ${pool.$why()}.`)
}
