/**
 * `patchAll` and its kin: which patches stand, and for whom.
 *
 * Each call holds what it asks for, whether it patches that or finds it patched. A patch is taken back when the last call that holds it
 * lets go, or by `unpatchAll`. So scopes may overlap, and one that ends takes nothing away from a program that has patched for good.
 *
 * Stands on the state, the events and the warnings. Leaves to the files of `patches/` what is put where.
 */
import { syncBuiltinESMExports } from 'node:module'
import { DidPatchEvent, DidPatchModuleEvent, events, WillPatchAllEvent, WillPatchModuleEvent } from './events.ts'
import { ORDER, type PatchName, type PatchOptions, readOptions } from './options.ts'
import { patchChildProcess as applyChildProcess } from './patches/child-process.ts'
import { patchDns as applyDns } from './patches/dns.ts'
import { patchFetch as applyFetch } from './patches/fetch.ts'
import { patchFs as applyFs } from './patches/fs.ts'
import { patchHttp as applyHttp } from './patches/http.ts'
import { patchNet as applyNet } from './patches/net.ts'
import { patchPromise as applyPromise } from './patches/promise.ts'
import { patchStreams as applyStreams } from './patches/streams.ts'
import { patchTimers as applyTimers } from './patches/timers.ts'
import { patchTls as applyTls } from './patches/tls.ts'
import { beginPatch, labelOf, type Round, restore, roundOf, type Standing, standing } from './state.ts'
import { warnTooLate, warnTwice } from './warnings.ts'

const PATCHES: Readonly<Record<PatchName, () => void>> = {
  promise: applyPromise,
  timers: applyTimers,
  streams: applyStreams,
  dns: applyDns,
  net: applyNet,
  tls: applyTls,
  http: applyHttp,
  fetch: applyFetch,
  fs: applyFs,
  childProcess: applyChildProcess,
}

/** What a call has patched. Disposing of it lets go of what the call has asked for: `using _ = patched({ dns: true })`. */
export interface Patched extends Disposable {
  /** What it patched; what was patched before is not among it. */
  readonly names: readonly PatchName[]
  /** What it was asked for and did not patch, since a listener has forbidden it. */
  readonly vetoed: readonly PatchName[]
}

/** The calls of `patchAll` that stand. */
interface Asked {
  /** What the first of them has asked for. */
  readonly options: Record<PatchName, boolean>
  calls: number
  /** Whether one of them was warned of. */
  warned: boolean
}
let asked: Asked | null = null

/**
 * Patches everything, so that it can be driven with `yield*` in a greenlet, and is given up properly when that is killed: see `patchPromise`,
 * `patchTimers`, `patchStreams`, `patchDns`, `patchNet`, `patchTls`, `patchHttp`, `patchFetch`, `patchFs` and `patchChildProcess`, in this
 * order. For everybody else all stays what it is.
 *
 * Calling it again does nothing more than what is new; what was left out is not taken back, and a call with other options is warned of.
 *
 * @param options - `{ dns: false }` leaves one out. @defaultValue all
 * @returns what was patched, and what a listener has forbidden. Disposing of it takes that back.
 * @throws UsageError for a name that is none; what a listener of {@link events} throws. Nothing is patched then.
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
  const wanted = readOptions('patchAll()', options, true)
  const earlier = asked
  if (
    earlier?.warned === false &&
    standing().length > 0 &&
    ORDER.some((name) => wanted[name] !== earlier.options[name])
  ) {
    earlier.warned = true
    warnTwice(earlier.options, wanted)
  }
  const patched = apply(namesIn(wanted), true)
  const calls = (asked ??= { options: wanted, calls: 0, warned: false })
  calls.calls++
  return {
    ...patched,
    [Symbol.dispose]: once(() => {
      patched[Symbol.dispose]()
      if (--calls.calls === 0 && asked === calls) asked = null
    }),
  }
}

/**
 * Patches what is named, for a scope: `using _ = patched({ dns: true })`.
 *
 * @param options - what is `true`, and nothing else. @defaultValue all, when it is left out
 * @returns as {@link patchAll}.
 * @throws as {@link patchAll}.
 * @switches never
 * @example
 * ```ts
 * import * as monkey from 'greenloop/monkey'
 *
 * {
 *   using _ = monkey.patched({ dns: true, fetch: true })
 *   console.log(monkey.isModulePatched('dns'), monkey.isModulePatched('net')) // true false
 * }
 * console.log(monkey.isAnythingPatched()) // false
 * ```
 */
export function patched(options?: PatchOptions): Patched {
  const wanted = readOptions('patched()', options ?? {}, options === undefined)
  return apply(namesIn(wanted), false)
}

/**
 * Patches every promise: `yield* promise` in a greenlet waits until it settles (an iterator on `Promise.prototype`).
 *
 * @returns as {@link patchAll}. @switches never
 */
export function patchPromise(): Patched {
  return apply(['promise'], false)
}

/**
 * Patches `setTimeout`, `setImmediate`, `setInterval`, `scheduler.wait` and `scheduler.yield` of `node:timers/promises`: a kill takes the
 * timer back. The `setTimeout` that takes a callback, the global one, stays Node's.
 *
 * @returns as {@link patchAll}. @switches never
 * @source gevent: `gevent.monkey.patch_time`
 */
export function patchTimers(): Patched {
  return apply(['timers'], false)
}

/**
 * Patches every stream of `node:stream`: readable ones gain `recv`, `lines` and the like, writable ones `sendall`; `pipeline` and `finished`
 * without a callback are operations, and a kill ends what those of `node:stream/promises` have begun.
 *
 * @returns as {@link patchAll}. @switches never
 */
export function patchStreams(): Patched {
  return apply(['streams'], false)
}

/**
 * Patches `lookup`, `lookupService`, `resolve` and its kin and `reverse` of `node:dns`, and of its `Resolver`: without a callback they are
 * operations.
 *
 * @returns as {@link patchAll}. @switches never
 * @source gevent: `gevent.monkey.patch_dns`
 */
export function patchDns(): Patched {
  return apply(['dns'], false)
}

/**
 * Patches every socket and server of `node:net`: they gain `recv`, `sendall`, `accept` and the like, and `yield* net.connect(port)` waits until
 * it is connected.
 *
 * @returns as {@link patchAll}. @switches never
 * @source gevent: `gevent.monkey.patch_socket`
 */
export function patchNet(): Patched {
  return apply(['net'], false)
}

/**
 * Patches every TLS socket and server of `node:tls`: `yield* tls.connect(port)` waits until the handshake is done, and `accept` gives
 * connections of which that is so.
 *
 * @returns as {@link patchAll}. @switches never
 * @source gevent: `gevent.monkey.patch_ssl`
 */
export function patchTls(): Patched {
  return apply(['tls'], false)
}

/**
 * Patches `node:http` and `node:https`: `yield* http.get(url)` waits for the answer, a generator function can be the handler of a server, and
 * `sendall` writes a body with back-pressure.
 *
 * @returns as {@link patchAll}. @switches never
 */
export function patchHttp(): Patched {
  return apply(['http'], false)
}

/**
 * Patches the global `fetch` and the body's methods of `Response`: a kill aborts the request.
 *
 * @returns as {@link patchAll}. @switches never
 */
export function patchFetch(): Patched {
  return apply(['fetch'], false)
}

/**
 * Patches `node:fs`: its functions without a callback are operations, `yield* fs.readFile(path)`. What blocks the thread, `readFileSync` and
 * its kin, stays Node's.
 *
 * @returns as {@link patchAll}. @switches never
 */
export function patchFs(): Patched {
  return apply(['fs'], false)
}

/**
 * Patches `node:child_process`: `yield* exec(command)` waits for the output, `yield* spawn(program)` until it has started, and every child
 * gains `wait`. A kill ends the child. What blocks the thread, `execSync` and its kin, stays Node's.
 *
 * @returns as {@link patchAll}. @switches never
 * @source gevent: `gevent.monkey.patch_subprocess`
 */
export function patchChildProcess(): Patched {
  return apply(['childProcess'], false)
}

/**
 * Takes all patches back, whoever has asked for them: every function is the one it was, and promises and sockets have no iterator.
 *
 * What somebody else has put over a patch since is left alone.
 *
 * @switches never
 */
export function unpatchAll(): void {
  asked = null
  takeBack(standing())
}

function namesIn(options: Record<PatchName, boolean>): PatchName[] {
  return ORDER.filter((name) => options[name])
}

/** Patches those of `wanted` that are not patched, and holds all of them. `whole`: it is `patchAll`. */
function apply(wanted: readonly PatchName[], whole: boolean): Patched {
  const made: [PatchName, Round][] = []
  const vetoed: PatchName[] = []
  const news = wanted.filter((name) => roundOf(name) === undefined)
  try {
    const all = new WillPatchAllEvent(news)
    if (whole && news.length > 0) events.emit('willPatchAll', all)
    if (all.defaultPrevented) vetoed.push(...news)
    else for (const name of news) patchOne(name, made, vetoed)
    if (made.length > 0) syncBuiltinESMExports()
    if (made.length > 0 && whole) tellDone(made, vetoed)
  } catch (error) {
    takeBack(made)
    throw error
  }
  warnTooLate(made.flatMap(([, { items }]) => items))
  const granted: readonly string[] = wanted.filter((name) => !vetoed.includes(name))
  const held = standing().filter(([name]) => granted.includes(name))
  for (const [, round] of held) round.holders++
  return {
    names: made.map(([name]) => name),
    vetoed,
    [Symbol.dispose]: once(() => takeBack(held.filter(([, round]) => --round.holders === 0))),
  }
}

function patchOne(name: PatchName, made: [PatchName, Round][], vetoed: PatchName[]): void {
  if (roundOf(name) !== undefined) return // a listener has patched it meanwhile
  const event = new WillPatchModuleEvent(name)
  events.emit('willPatchModule', event)
  if (event.defaultPrevented) {
    vetoed.push(name)
    return
  }
  if (roundOf(name) !== undefined) return
  const round = beginPatch(name)
  made.push([name, round])
  PATCHES[name]()
  events.emit('didPatchModule', new DidPatchModuleEvent(name, round.items.map(labelOf)))
}

function tellDone(made: readonly [PatchName, Round][], vetoed: readonly PatchName[]): void {
  const event = new DidPatchEvent(
    made.map(([name]) => name),
    vetoed,
  )
  events.emit('didPatchBuiltinModules', event)
  events.emit('didPatchAll', event)
}

/** Takes patches back, the latest first; not those that were taken back since, and perhaps made anew. */
function takeBack(patches: readonly Standing[]): void {
  const ours = patches.filter(([name, round]) => roundOf(name) === round)
  for (const [name] of ours.reverse()) restore(name)
  if (ours.length > 0) syncBuiltinESMExports()
}

function once(fn: () => void): () => void {
  let done = false
  return () => {
    if (!done) fn()
    done = true
  }
}
