/**
 * What is told while something is patched, and can be forbidden: for plugins that patch more, and for programs that want less.
 *
 * Stands on Node's emitter. Leaves to `patch.ts` when what is told.
 */
import { EventEmitter } from 'node:events'
import type { PatchName } from './options.ts'

/** Something is about to be patched, unless a listener forbids it. */
abstract class WillPatch {
  #prevented = false

  /** Whether a listener has forbidden it. */
  get defaultPrevented(): boolean {
    return this.#prevented
  }

  /** Forbids it. Whoever patches is told by {@link Patched.vetoed}, and later calls ask again. */
  preventDefault(): void {
    this.#prevented = true
  }
}

/**
 * A `patchAll` is about to begin that has something new to patch; to forbid it forbids all of that.
 *
 * @source gevent: `gevent.events.GeventWillPatchAllEvent`
 */
export class WillPatchAllEvent extends WillPatch {
  /** What it is about to patch, in its order. */
  readonly names: readonly PatchName[]

  /** @param names - what it is about to patch. */
  constructor(names: readonly PatchName[]) {
    super()
    this.names = names
  }

  /** Whether it is about to patch `name`. */
  willPatch(name: PatchName): boolean {
    return this.names.includes(name)
  }
}

/**
 * One patch is about to be made; to forbid it leaves the others.
 *
 * @source gevent: `gevent.events.GeventWillPatchModuleEvent`
 */
export class WillPatchModuleEvent extends WillPatch {
  /** Which patch. */
  readonly name: PatchName

  /** @param name - which patch. */
  constructor(name: PatchName) {
    super()
    this.name = name
  }
}

/**
 * One patch was made. Named imports of ES modules follow at the end of the call, before `didPatchBuiltinModules`.
 *
 * @source gevent: `gevent.events.GeventDidPatchModuleEvent`
 */
export class DidPatchModuleEvent {
  /** Which patch. */
  readonly name: PatchName
  /** What it replaced or added, such as `dns.lookup`. */
  readonly items: readonly string[]

  /**
   * @param name - which patch.
   * @param items - what it replaced or added.
   */
  constructor(name: PatchName, items: readonly string[]) {
    this.name = name
    this.items = items
  }
}

/**
 * A `patchAll` has done its work. `didPatchBuiltinModules` is for plugins that patch other libraries now, `didPatchAll` for those who want
 * to see all of it done.
 *
 * @source gevent: `gevent.events.GeventDidPatchBuiltinModulesEvent`, `gevent.events.GeventDidPatchAllEvent`
 */
export class DidPatchEvent {
  /** What this call has patched, in its order. */
  readonly names: readonly PatchName[]
  /** What a listener has forbidden. */
  readonly vetoed: readonly PatchName[]

  /**
   * @param names - what the call has patched.
   * @param vetoed - what a listener has forbidden.
   */
  constructor(names: readonly PatchName[], vetoed: readonly PatchName[]) {
    this.names = names
    this.vetoed = vetoed
  }
}

/** The events of {@link events}, in the order of their telling. */
export interface PatchEvents {
  /** Before a `patchAll` that has something new to patch. */
  willPatchAll: [event: WillPatchAllEvent]
  /** Before each patch. */
  willPatchModule: [event: WillPatchModuleEvent]
  /** Behind each patch. */
  didPatchModule: [event: DidPatchModuleEvent]
  /** When a `patchAll` has patched all it was asked for; named imports of ES modules have followed. */
  didPatchBuiltinModules: [event: DidPatchEvent]
  /** Behind that. */
  didPatchAll: [event: DidPatchEvent]
}

/**
 * Tells what is about to be patched, and what was. A call that has nothing new to patch tells nothing. `patchNet` and the others, and
 * `patched`, tell of their modules only.
 *
 * When a listener throws, so does the call, and what it has patched is taken back.
 *
 * @source gevent: `gevent.events.subscribers`
 * @example
 * ```ts
 * import * as monkey from 'greenloop/monkey'
 *
 * monkey.events.on('willPatchModule', (event) => {
 *   if (event.name === 'net') event.preventDefault()
 * })
 * using patched = monkey.patchAll()
 * console.log(patched.names.includes('net'), patched.vetoed) // false [ 'net' ]
 * ```
 */
export const events: EventEmitter<PatchEvents> = new EventEmitter()
