/**
 * Async context: what `AsyncLocalStorage` holds, carried by greenlets over all their waits.
 *
 * A greenlet that carries a context is entered through a resource of Node's, which costs half a switch. As
 * long as nobody in the process uses async context, all contexts are the same empty one, and greenlets share {@link BLANK}, which need
 * not be entered. The first use of an AsyncLocalStorage is noticed, and from then on each new greenlet has a context of its own.
 *
 * How the first use is noticed: the methods that set a store are wrapped until one of them is called, and put back then. Before Node 24
 * stores travel by async hooks: whether any were on when this file was loaded shows on a new promise, and one that is turned on later
 * is noticed too. From Node 24 on a store lies in a frame, and one that was set before the library was loaded may turn up at any time:
 * a resource made when plain code makes or enters greenlets shows whether the code runs in a frame.
 *
 * The hard case is a first use *inside* a greenlet of BLANK, whose code runs in the context of whoever entered it. What it sets must
 * stay with it and leave nothing behind: nobody is run after it in that context, it is given a copy of the context when it leaves, and
 * what it has set is taken back there ({@link cleanUp}).
 *
 * Turned down. A context for each greenlet in any case: half as much again per switch, and more per spawn, for programs that never ask
 * for it. One snapshot for several spawns: an `enterWith` between two of them cannot be seen. One look per turn for older stores: the
 * next callback may run in another context before the turn is over. Not seen from Node 24 on: `enterWith` itself, taken from its place
 * before the library was loaded and first called in a greenlet.
 *
 * Stands on the kernel. Leaves to the hub who has which context.
 */
import { AsyncLocalStorage, AsyncResource, createHook } from 'node:async_hooks'
import { type Coroutine, kernel, RETURNED, type Scope } from './greenlet/kernel.ts'

/** What a greenlet's code finds in `AsyncLocalStorage`; made by `copyContext`. */
export type Context = Scope

const OPTIONS = { requireManualDestroy: true }

/**
 * Whether stores travel by async hooks and lie in resources, as up to Node 22, where a resource keeps what `enterWith` sets. From 24 on
 * a resource holds the frame of its making, and a change is lost when it is left.
 */
const BY_HOOKS = '_enable' in AsyncLocalStorage.prototype

/** The greenlet in whose context the first use was, if that was BLANK; until the context that it ran in is cleaned. */
let tainter: Coroutine | null = null
/** The stores that were set in that context. */
const taints = new Set<AsyncLocalStorage<unknown>>()

/** A context that no greenlet has: while it is the entered one, each greenlet that has any is entered anew. */
const TAINTED: Scope = { runInAsyncScope: (fn, _thisArg, greenlet) => fn(greenlet) }

/** The context of all greenlets as long as there is but one: empty. Lies in `kernel.blank` so long, and then never again. */
const BLANK: Scope = {
  /** Greenlets that were made when it was blank, and it is no more: each is given an empty context of its own. */
  runInAsyncScope(fn, _thisArg, greenlet) {
    const scope = emptyContext()
    greenlet.$scope = scope
    kernel.scope = scope
    return scope.runInAsyncScope(fn, undefined, greenlet)
  },

  // The hub enters it where nothing is set; a switch of plain code may be made anywhere.
  look() {
    if (!BY_HOOKS && hasStores()) startUse()
  },

  left() {
    if (tainter !== null) cleanUp(tainter)
  },

  own(greenlet) {
    greenlet.$scope = emptyContext() // somebody asks for it, perhaps to share it
    return greenlet.$scope
  },
}

/** A context that takes along what is set in it, for Nodes whose resources do not. */
class KeepingScope implements Scope {
  #resource = new AsyncResource('Greenlet', OPTIONS)

  runInAsyncScope<R>(fn: (argument: Coroutine) => R, _thisArg: undefined, argument: Coroutine): R {
    return this.#resource.runInAsyncScope(KeepingScope.#enter<R>, this, fn, argument)
  }

  static #enter<R>(this: KeepingScope, fn: (argument: Coroutine) => R, argument: Coroutine): R {
    const result = fn(argument)
    this.#resource = new AsyncResource('Greenlet', OPTIONS)
    return result
  }
}

/** The context of a new greenlet: that of the code that makes it. */
export function inheritContext(): Scope {
  // In BLANK it was looked at when that was entered, and whoever has set a store since was noticed.
  const { blank, scope } = kernel
  if (blank === null) return copyContext()
  if (BY_HOOKS || scope === blank || !hasStores()) return blank
  startUse()
  return copyContext()
}

/**
 * A copy of the current async context, to be given to greenlets: `raw.grContext = copyContext()`.
 *
 * What one of several that share it sets is seen by all of them.
 *
 * @switches never
 * @source gevent: `gevent.contextvars.copy_context`
 */
export function copyContext(): Context {
  return BY_HOOKS ? new AsyncResource('Greenlet', OPTIONS) : new KeepingScope()
}

/** A context in which nothing is set. */
export function emptyContext(): Scope {
  return ROOT.runInAsyncScope(copyContext)
}

/**
 * Calls a function that a wait begins with. In plain code what it sets stays with it: no greenlet is there to keep it, and the code that
 * awaits has not called it.
 */
export function callForWait<R>(fn: () => R): R {
  return kernel.current === kernel.main ? copyContext().runInAsyncScope(fn, undefined, kernel.main) : fn()
}

/** Calls `fn` where nothing is set: what the hub runs sees nothing of whoever has caused it to run. */
export function inEmptyContext(fn: () => void): void {
  // A resource keeps what is set in it, up to Node 22.
  if (!BY_HOOKS) ROOT.runInAsyncScope(fn)
  else if (kernel.blank === null)
    ROOT.runInAsyncScope(() => new AsyncResource('greenloop.slice', OPTIONS)).runInAsyncScope(fn)
  else fn()
}

/** From now on greenlets carry contexts. */
function startUse(): void {
  kernel.blank = null
  restoreMethods()
}

/** Somebody is about to use async context. */
function noticeUse(): void {
  if (kernel.blank !== BLANK) return
  const { current, lender, main, scope } = kernel
  // Main is current in BLANK while a tracer is told of the way back.
  if (scope !== BLANK || current === main) {
    startUse()
    return
  }
  kernel.blank = null
  tainter = current.$scope === null && lender !== null ? lender : current
  kernel.scope = TAINTED
}

/** The first user of async context leaves the context that it ran in: it takes a copy along, and nothing remains. */
function cleanUp(greenlet: Coroutine): void {
  tainter = null
  restoreMethods()
  if (greenlet.$status < RETURNED && greenlet.$scope === BLANK) greenlet.$scope = copyContext()
  for (const storage of taints) {
    const nothing = ROOT.runInAsyncScope(getStore, storage) // undefined, or the storage's default
    // One that shows nothing may have been disabled, and `enterWith` would enable it.
    if (Reflect.apply(getStore, storage, []) !== nothing) Reflect.apply(enterWith, storage, [nothing])
  }
  taints.clear()
}

/** A resource without stores, and what it was made in is of no account. */
const ROOT = new AsyncResource('greenloop.root', OPTIONS)
/** Where a resource holds the frame that it was made in, from Node 24 on. */
let FRAME: symbol | undefined
for (const symbol of Object.getOwnPropertySymbols(ROOT)) {
  if (symbol.description === 'context_frame') FRAME = symbol
  // The two of async hooks; the second is that of Node 24 and up without frames.
  if (/^(?:context_frame|kResourceStore|kAsyncLocalStorageContext)$/u.test(symbol.description ?? ''))
    Reflect.set(ROOT, symbol, undefined)
}

/** From Node 24 on: whether the code that runs has stores; true too when a resource does not have the shape that is known. */
function hasStores(): boolean {
  return FRAME === undefined || Reflect.get(new AsyncResource('greenloop.probe', OPTIONS), FRAME) !== undefined
}

type Method = (this: object, ...args: unknown[]) => unknown
/** What puts the wrapped methods back. */
const undo: (() => void)[] = []

function restoreMethods(): void {
  for (const restore of undo.splice(0)) restore()
}

/**
 * Has `method` of `holder` notice its use first; answers whether it does. One that somebody else has wrapped meanwhile stays, and does
 * nothing more.
 */
function noticeCalls(holder: object, method: string, taint: boolean): boolean {
  const before = Object.getOwnPropertyDescriptor(holder, method)
  if (before === undefined) return true // not every Node has it
  const original = before.value as Method // the callers name methods
  const wrapper: Method = function (...args) {
    noticeUse()
    if (taint && tainter !== null) taints.add(this as AsyncLocalStorage<unknown>) // it was called on one
    return Reflect.apply(original, this, args)
  }
  Object.defineProperty(wrapper, 'name', { value: method })
  Object.defineProperty(wrapper, 'length', { value: original.length })
  undo.push(() => {
    if (Reflect.get(holder, method) === wrapper) Reflect.defineProperty(holder, method, before) // fails when it was frozen
  })
  return Reflect.defineProperty(holder, method, { ...before, value: wrapper })
}

/** Wraps the methods that a first use goes through; answers whether each of them could be. */
function watch(): boolean {
  const { prototype } = AsyncLocalStorage
  return (
    noticeCalls(prototype, 'run', false) &&
    noticeCalls(prototype, 'enterWith', true) &&
    noticeCalls(prototype, 'withScope', true) &&
    (!BY_HOOKS || noticeCalls(Object.getPrototypeOf(createHook({})) as object, 'enable', false))
  )
}

// Taken here, for `cleanUp`, where neither a wrapper nor a subclass has a say.
const getStore = Reflect.get(AsyncLocalStorage.prototype, 'getStore') as Method
const enterWith = Reflect.get(AsyncLocalStorage.prototype, 'enterWith') as Method

// Another copy of the library may have been here first: then its blank context is everybody's.
if (kernel.blank === null) {
  const usedBefore = BY_HOOKS ? Object.getOwnPropertySymbols(Promise.resolve()).length > 0 : hasStores()
  if (!usedBefore && watch()) kernel.blank = BLANK
  else restoreMethods()
}
