/**
 * Who has spawned whom: what a greenlet has of the one that made it, and what goes down the tree of them.
 *
 * A greenlet that makes others has one {@link Family}, made at the first and shared by all of them, so that a greenlet needs one field: it
 * holds its own family if it has one, else that of its spawner (a bit in `$marks` tells which). Main has none: what it makes costs nothing.
 * No greenlet is held by what it has made, so that a line of generations in which each makes the next can be collected from behind.
 *
 * Stands on `RawGreenlet` and the hub. Leaves the outcome and the links to `Greenlet`.
 */
import { GreenletExit, UsageError } from '../errors/classes.ts'
import { toError } from '../errors/given.ts'
import { notAFunction, show } from '../errors/usage.ts'
import { reads, writes } from '../greenlet/footprint.ts'
import {
  Arguments,
  type Coroutine,
  FAILED,
  type Frame,
  type GreenletFrame,
  kernel,
  NO_ARGUMENTS,
  RETURNED,
  UNSTARTED,
} from '../greenlet/kernel.ts'
import { type ErrorClass, RawGreenlet } from '../greenlet/raw-greenlet.ts'
import { leaveWait } from '../greenlet/trampoline.ts'
import { hubOf } from '../hub/default.ts'
import { callInHub } from '../hub/entry.ts'
import type { Hub } from '../hub/hub.ts'
import type { Task } from '../hub/tasks.ts'
import type { Driven } from '../protocol.ts'
import { follow } from '../waiting/until.ts'

// What a greenlet has been through, as bits of one number.
/** The hub started it: it ends into the hub. */
export const STARTED = 1
/** Its failure has reached somebody. */
export const READ = 2
/** It was killed while it lived. */
export const KILLED = 4
/** Its family is its own. */
const HEAD = 8
/** Above these bits lies its number: a field for that alone would be as large as all of them. */
export const NUMBER_SHIFT = 4

/** What all greenlets of one tree share. */
export type SpawnTreeLocals = Record<string, unknown>

/** A greenlet that has made others, as they know it. */
class Family {
  readonly head: WeakRef<Coroutine>
  /** The spawner of the head; null: main. */
  readonly origin: WeakRef<Coroutine> | null
  readonly locals: SpawnTreeLocals

  constructor(head: Coroutine, above: Family | null) {
    this.head = new WeakRef(head)
    this.origin = above === null ? null : above.head
    this.locals = above === null ? {} : above.locals
  }
}

/** The families of raw greenlets that nobody has spawned, which have no field for it. */
const strangers = new WeakMap<Coroutine, Family>()

/** The family that `head` has, or has from now on. */
function familyOf(head: Coroutine): Family {
  if (head instanceof SpawnedGreenlet) {
    if ((head.$marks & HEAD) === 0) {
      head.$family = new Family(head, head.$family)
      head.$marks |= HEAD
    }
    return head.$family as Family // the lines above have seen to it
  }
  let family = strangers.get(head)
  if (family === undefined) {
    family = new Family(head, null)
    strangers.set(head, family)
  }
  return family
}

/**
 * A greenlet that belongs to the hub: `spawnRaw` makes one, and `Greenlet` is the rest of it.
 *
 * It has a spawner and a place among the living, and ends into the hub: what it returns is dropped, and what it throws is reported.
 *
 * @typeParam T - what the body returns.
 */
export class SpawnedGreenlet<T = unknown> extends RawGreenlet<T> {
  /** @internal */ declare $marks: number
  /** @internal */ declare $older: Task | null
  /** @internal */ declare $newer: Task | null
  /** @internal */ declare $family: Family | null

  /** @internal Made by `spawnRaw`, and by the constructor of `Greenlet`. */
  constructor(fn: ((...args: never[]) => Driven<T>) | null | undefined) {
    super(fn, kernel.main as RawGreenlet) // every coroutine is one
    this.$marks = 0
    this.$older = null
    this.$newer = null
    const { current, main } = kernel
    this.$family = current === main ? null : familyOf(current)
  }

  /** @internal Gives the body its arguments: at least one. Not a parameter of the constructor, where V8 would make a list for none, too. */
  $giveArguments(args: readonly unknown[]): void {
    this.$slot = args.length === 1 ? args[0] : new Arguments(args)
  }

  /** @internal Tells it from others with the same body; 0: it has none. Counted from 0 again after 268 million. */
  get $number(): number {
    return this.$marks >>> NUMBER_SHIFT
  }

  /** The hub that it runs on: that of its spawner. */
  get hub(): Hub {
    return hubOf(this)
  }

  /** Stands in every message: the body's name, with a number if it is a `Greenlet`, until it is given another, a string. */
  override get name(): string {
    if (this.$rare !== null && this.$rare.title !== '') return this.$rare.title
    const number = this.$number
    return number === 0 ? super.name : `${super.name}-${String(number)}`
  }

  override set name(name: string) {
    if (typeof name !== 'string')
      throw new UsageError(`The name of a greenlet must be a string, but got ${show(name)}.`)
    this.$own().title = name
  }

  /**
   * A small number of its own, given when it is first asked for: no two greenlets that exist have the same, and that of one that was
   * collected goes to the next. Numbers are counted from 0 on each hub.
   *
   * @source gevent: `Greenlet.minimal_ident`
   */
  get minimalIdent(): number {
    return identsOf(hubOf(this)).of(this)
  }

  /** What the body will be called with; empty once it runs. */
  get args(): readonly unknown[] {
    const { $slot: slot } = this
    reads(this)
    if (this.$status !== UNSTARTED || slot === NO_ARGUMENTS) return []
    return slot instanceof Arguments ? slot.list : [slot]
  }

  /**
   * The greenlet that has made this one, main in plain code; null when it was collected, since it is not kept alive for this.
   *
   * @switches never
   * @source gevent: `Greenlet.spawning_greenlet`
   */
  spawningGreenlet(): RawGreenlet | null {
    const { $family: family } = this
    const spawner = (this.$marks & HEAD) === 0 ? family?.head : family?.origin
    if (spawner == null) return kernel.main as RawGreenlet // every coroutine is one
    return (spawner.deref() as RawGreenlet | undefined) ?? null
  }

  /**
   * The innermost of the frames in which it was made; null unless debug mode was on then.
   *
   * @source gevent: `Greenlet.spawning_stack`
   */
  get spawningStack(): GreenletFrame | null {
    return kernel.debug?.birthOf(this) ?? null
  }

  /**
   * An object for whatever is to be known in a whole tree of greenlets: that of its spawner, and of all that it makes. Each greenlet that
   * plain code makes begins a tree.
   *
   * @source gevent: `Greenlet.spawn_tree_locals`
   */
  get spawnTreeLocals(): SpawnTreeLocals {
    return (this.$family ?? familyOf(this)).locals
  }

  /** @internal For Ctrl-C, and for `kill`: its waits are not waited for. */
  kill(error?: Error | ErrorClass): unknown {
    const reason = toError('kill', error)
    writes(this)
    if (this.$status === UNSTARTED) this.$endUnstarted(reason)
    else hubOf(this).interrupt(this, reason) // which leaves a dead one alone
    return undefined
  }

  /** @internal Has the hub run it, after all that is ready now. */
  $launch(): void {
    this.$marks |= STARTED
    const hub = hubOf(this)
    hub.enter(this)
    hub.enqueue(this)
  }

  /** @internal */
  override get $state(): string {
    return this.$status === UNSTARTED && (this.$marks & STARTED) !== 0 ? 'pending started' : super.$state
  }

  /** @internal */
  override $adopt(made: unknown): Frame | null {
    return follow(made)
  }

  /** @internal */
  override $ended(): Coroutine {
    if (this.$heir !== kernel.main || !this.$endsIntoHub()) {
      hubOf(this).leave(this, false)
      return super.$ended()
    }
    this.$finish() // those who watch are told the outcome
    if (this.$status === RETURNED) this.$slot = undefined
    return kernel.main
  }

  /** @internal Whether nobody is to be told of its end on the spot: main has not switched to it. */
  protected $endsIntoHub(): boolean {
    const { mainCalls, mainInside } = kernel
    if ((this.$marks & STARTED) === 0 || mainInside) return false
    return mainCalls.length === 0 || !mainCalls.some((call) => call.target === this)
  }

  /** @internal Ends one whose body has not run; it never will. */
  protected $endUnstarted(reason: Error): void {
    leaveWait(this)
    this.$status = reason instanceof GreenletExit ? RETURNED : FAILED
    this.$slot = reason
    this.$finish()
    this.$scope = null
  }

  /** @internal Keeps the books when it has ended. Its turn comes once more: a failure is reported behind it. */
  protected $finish(): void {
    const failed = this.$status === FAILED
    const hub = hubOf(this)
    hub.leave(this, failed)
    if (failed) hub.enqueue(this)
  }

  /** @internal */
  get $failureRead(): boolean {
    return (this.$marks & READ) !== 0
  }

  /** @internal */
  $runLinks(): void {
    // it has none
  }
}

/** The small numbers of a hub. */
class Idents {
  readonly #given = new WeakMap<object, number>()
  #next = 0
  /** Those that were given back, the smallest last, when {@link #sorted}. */
  readonly #free: number[] = []
  #sorted = true
  readonly #collected = new FinalizationRegistry<number>((ident) => {
    this.#free.push(ident)
    this.#sorted = false
  })

  of(greenlet: object): number {
    writes(this)
    let ident = this.#given.get(greenlet)
    if (ident !== undefined) return ident
    if (!this.#sorted) this.#free.sort((a, b) => b - a)
    this.#sorted = true
    ident = this.#free.pop() ?? this.#next++
    this.#given.set(greenlet, ident)
    this.#collected.register(greenlet, ident)
    return ident
  }
}

const idents = new WeakMap<Hub, Idents>()

function identsOf(hub: Hub): Idents {
  let own = idents.get(hub)
  if (own === undefined) {
    own = new Idents()
    idents.set(hub, own)
  }
  return own
}

/** Called with each greenlet that is about to be started. */
export type SpawnCallback = (greenlet: never) => unknown

/** Null as long as there is none. */
let callbacks: Set<SpawnCallback> | null = null
/** Stands for the callbacks, in footprints. */
const SPAWNING = {}

/** Has `callback` called from now on; once, however often it is added. */
export function addSpawnCallback(callback: SpawnCallback): void {
  writes(SPAWNING)
  if (typeof callback !== 'function') throw notAFunction('addSpawnCallback', callback)
  ;(callbacks ??= new Set()).add(callback)
}

/** Has it not called any more; an unknown one is ignored. */
export function removeSpawnCallback(callback: SpawnCallback): void {
  writes(SPAWNING)
  callbacks?.delete(callback)
  if (callbacks?.size === 0) callbacks = null
}

/** Tells of a greenlet that is about to be started. What a callback throws is thrown, and then it is not. */
export function tellSpawned(greenlet: SpawnedGreenlet): void {
  reads(SPAWNING)
  if (callbacks === null) return
  for (const callback of [...callbacks])
    callInHub('addSpawnCallback', callback as (arg: SpawnedGreenlet) => unknown, greenlet)
}
