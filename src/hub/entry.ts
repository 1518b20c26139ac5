/**
 * What stands in the hub's ready list, or in a wait, and is no greenlet: callbacks here, agents and notifiers in `src/waiting`.
 *
 * The hub and the waits handle coroutines and nothing else, so that their hot paths see few shapes. An entry is one without a body: it
 * counts as ended, and what an ended greenlet does in its turn, running its links, is what it does.
 *
 * Stands on the kernel's types. Leaves to subclasses what their turn is for.
 */
import { BlockingSwitchOutError } from '../errors/classes.ts'
import { show, wrongRight } from '../errors/usage.ts'
import { reads, writes } from '../greenlet/footprint.ts'
import {
  type Coroutine,
  type Frame,
  kernel,
  NOT_READY,
  type PendingWait,
  READY,
  READY_CANCELLED,
  RETURNED,
  type Scope,
  type Status,
} from '../greenlet/kernel.ts'
import { isGenerator, isOperation } from '../protocol.ts'

/** Base of what is no greenlet. `$host` is the hub. */
export abstract class Entry implements Coroutine {
  declare $fn: null
  declare $switcher: null
  declare $goal: Coroutine['$goal']
  declare parent: null
  declare $frame: null
  declare $callers: null
  declare $status: Status
  declare $slot: unknown
  declare $scope: Scope | null
  declare $locals: null
  declare $wait: PendingWait | null
  declare $turn: Coroutine['$turn']
  declare $behind: Coroutine | null
  declare $host: object | null
  declare $pending: Error[] | null

  constructor(host: object | null) {
    this.$fn = null
    this.$switcher = null
    this.$goal = null
    this.parent = null
    this.$frame = null
    this.$callers = null
    this.$status = RETURNED
    this.$slot = undefined
    this.$scope = null
    this.$locals = null
    this.$wait = null
    this.$turn = NOT_READY
    this.$behind = null
    this.$host = host
    this.$pending = null
  }

  abstract get name(): string

  /** Its turn in the ready list has come. Runs as main; must not wait. */
  abstract $runLinks(): void

  run(): void {
    // there is no body
  }

  $adopt(): Frame | null {
    return null
  }

  $checkRunnable(): void {
    // it is never started
  }

  $ended(): Coroutine {
    return kernel.main
  }
}

/** What `hub.runCallback` gives: the call that is to come. */
export interface Callback {
  /** Whether it is still to be called. */
  readonly pending: boolean
  /** Has it not be called; nothing when it was. @switches never */
  stop(): void
}

/** A callback in the ready list. */
export class PendingCallback extends Entry implements Callback {
  readonly #fn: (...args: readonly unknown[]) => unknown
  readonly #args: readonly unknown[]

  constructor(hub: object, fn: (...args: readonly unknown[]) => unknown, args: readonly unknown[]) {
    super(hub)
    this.#fn = fn
    this.#args = args
  }

  get pending(): boolean {
    reads(this)
    return this.$turn === READY
  }

  stop(): void {
    writes(this)
    if (this.$turn === READY) this.$turn = READY_CANCELLED
  }

  override get name(): string {
    return this.#fn.name === '' ? 'a callback' : this.#fn.name
  }

  override $runLinks(): void {
    writes(this)
    callInHub('runCallback', this.#fn, ...this.#args)
  }
}

/**
 * Calls a function in the hub, where nobody can wait.
 *
 * @throws BlockingSwitchOutError when it returns something that is to be driven: the hub would have to wait for it.
 */
export function callInHub<A extends readonly unknown[]>(caller: string, fn: (...args: A) => unknown, ...args: A): void {
  const made = fn(...args)
  if (!isGenerator(made) && !(isOperation(made) && (made as { $begun?: boolean }).$begun !== true)) return
  throw new BlockingSwitchOutError(
    `A callback of ${caller}() would wait, but it runs in the hub, where nobody can: it returned ${show(made)}, which nobody drives.\n\n` +
      wrongRight(
        `${caller}(function* () { yield* ... })`,
        'the hub cannot wait',
        `${caller}(() => spawn(function* () { yield* ... }))`,
      ),
  )
}
