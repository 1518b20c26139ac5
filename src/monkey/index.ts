/**
 * Floor 9: after `patchAll()` blocking-looking code yields by itself, and everything else runs as before.
 *
 * Each patch is in a file named like what it patches. None has behaviour of its own.
 */
import { syncBuiltinESMExports } from 'node:module'
import { UsageError } from '../errors/classes.ts'
import { show } from '../errors/usage.ts'
import { patchDns } from './dns.ts'
import { patchFetch } from './fetch.ts'
import { patchNet } from './net.ts'
import { patchPromise } from './promise.ts'
import { beginPatch, isPatched, restore } from './state.ts'
import './types.ts'

/** What can be patched, in the order in which it is. */
const PATCHES = { promise: patchPromise, dns: patchDns, net: patchNet, fetch: patchFetch }
/** A name of what can be patched. */
export type PatchName = 'promise' | 'dns' | 'net' | 'fetch'
const NAMES = Object.keys(PATCHES) as PatchName[]

/** Which patches to apply; one that is not named is. */
export type PatchOptions = Partial<Record<PatchName, boolean>>

/** What a call of `patchAll` did. Disposing of it takes that back: `using _ = patchAll()`. */
export interface Patched extends Disposable {
  /** What it patched; what was patched before is not among it. */
  readonly names: readonly PatchName[]
}

/**
 * Patches, so that these can be driven with `yield*` in a greenlet, and are given up properly when it is killed: any promise, `fetch` and
 * the body of its response, `dns.lookup`, `net.connect` with `socket.recv` and `socket.sendall`. For everybody else they stay what they are.
 *
 * Calling it again does nothing more than what is new in `options`.
 *
 * @param options - `{ dns: false }` leaves one out. @defaultValue all
 * @returns what was patched.
 * @throws UsageError for a name that is none; nothing is patched then.
 * @switches never
 * @source gevent: `gevent.monkey.patch_all`
 * @example
 * ```ts
 * import { spawn } from 'greenloop'
 * import * as monkey from 'greenloop/monkey'
 *
 * monkey.patchAll()
 * const g = spawn(function* () {
 *   return yield* Promise.resolve('driven')
 * })
 * console.log(await g.get()) // driven
 * monkey.unpatchAll()
 * ```
 */
export function patchAll(options: PatchOptions = {}): Patched {
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(PATCHES, name))
      throw new UsageError(`patchAll() knows ${NAMES.join(', ')}, but not ${JSON.stringify(name)}.`)
    if (typeof value !== 'boolean')
      throw new UsageError(`patchAll() expects \`${name}\` to be true or false, but got ${show(value)}.`)
  }
  const names = NAMES.filter((name) => options[name] !== false && !isPatched(name))
  const rounds = names.map((name) => {
    const round = beginPatch(name)
    PATCHES[name]()
    return round
  })
  syncBuiltinESMExports()
  return {
    names,
    [Symbol.dispose]: () => {
      unpatch(names.filter((name, place) => isPatched(name, rounds[place]))) // not what was patched anew since
    },
  }
}

/**
 * Takes all patches back: every function is the one it was, and promises and sockets have no iterator.
 *
 * What somebody else has put over a patch since is left alone.
 *
 * @switches never
 */
export function unpatchAll(): void {
  unpatch(NAMES)
}

function unpatch(names: readonly PatchName[]): void {
  for (const name of [...names].reverse()) if (isPatched(name)) restore(name)
  syncBuiltinESMExports()
}
