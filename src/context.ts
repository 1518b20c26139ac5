/**
 * Async context: what `AsyncLocalStorage` holds, carried by greenlets over all their waits.
 *
 * A greenlet that carries a context is entered through a resource of Node's, which costs a third of a switch and a hundred bytes. As
 * long as nobody in the process uses async context, all contexts are the same empty one, and greenlets share {@link BLANK}, which is
 * entered for nothing. The first use of an AsyncLocalStorage is noticed, and from then on each new greenlet has a context of its own.
 *
 * How the first use is noticed: the methods that set a store are wrapped until one of them is called, and put back then. Before Node 24
 * stores travel by async hooks: whether any were on when this file was loaded shows on a new promise, and one that is turned on later
 * is noticed too. From Node 24 on a store lies in a frame: a resource made while the library is loaded, and one in each turn in which
 * plain code makes greenlets, shows whether somebody had set one before.
 *
 * The hard case is a first use *inside* a greenlet of BLANK, whose code runs in the context of whoever entered it. What it sets must
 * stay with it and leave nothing behind: nobody is run after it in that context, it is given a copy of the context when it leaves, and
 * what it has set is taken back there ({@link cleanUp}).
 *
 * Turned down. A context for each greenlet in any case: half as much again per spawn and a third per switch, for programs that never ask
 * for it. One snapshot for several spawns: an `enterWith` between two of them cannot be seen.
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

/** Whether a greenlet must carry a context of its own. Set for good by the first use of async context. */
let inUse = false
/** Whether plain code was seen to run without stores in this turn. Set until the turn's microtasks. */
let seenEmpty = false
/** The greenlet that ran when `inUse` was set, if it was one of BLANK; until the context that it ran in is cleaned. */
let tainter: Coroutine | null = null
/** The stores that were set in that context. */
const taints = new Set<AsyncLocalStorage<unknown>>()

/** A context that no greenlet has: while it is the entered one, each greenlet that has any is entered anew. */
const TAINTED: Scope = { runInAsyncScope: (fn, _thisArg, greenlet) => fn(greenlet) }

/** The context of all greenlets as long as there is but one: empty, and never entered. */
const BLANK: Scope = {
  runInAsyncScope(fn, _thisArg, greenlet) {
    if (inUse) {
      const scope = emptyContext()
      greenlet.scope = scope
      kernel.scope = scope
      return scope.runInAsyncScope(fn, undefined, greenlet)
    }
    const result = fn(greenlet)
    if (tainter !== null) cleanUp(tainter)
    return result
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
  if (!inUse && !BY_HOOKS && !seenEmpty && kernel.current === kernel.main) lookForStores()
  return inUse ? copyContext() : BLANK
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

/** From now on greenlets carry contexts. */
function noticeUse(): void {
  if (inUse) return
  inUse = true
  if (kernel.scope === BLANK) {
    tainter = kernel.current
    kernel.scope = TAINTED
  } else {
    restoreMethods()
  }
}

/** The first user of async context leaves the context that it ran in: it takes a copy along, and nothing remains. */
function cleanUp(greenlet: Coroutine): void {
  tainter = null
  restoreMethods()
  if (greenlet.status < RETURNED && greenlet.scope === BLANK) greenlet.scope = copyContext()
  for (const storage of taints) storage.enterWith(undefined)
  taints.clear()
}

/** Node 24 and up: whether the code that runs has stores that were set before the library was loaded. */
function lookForStores(): void {
  seenEmpty = true
  queueMicrotask(() => {
    seenEmpty = false
  })
  if (hasFrame(new AsyncResource('greenloop.probe', OPTIONS))) noticeUse()
}

/** Whether `resource` was made in a context with stores; true too when its shape is not the known one. */
function hasFrame(resource: AsyncResource): boolean {
  const frame = Object.getOwnPropertySymbols(resource).find(({ description }) => description === 'context_frame')
  return frame === undefined || Reflect.get(resource, frame) !== undefined
}

/** A resource without stores, and what it was made in is of no account. */
const ROOT: AsyncResource = ((): AsyncResource => {
  const root = new AsyncResource('greenloop.root', OPTIONS)
  for (const symbol of Object.getOwnPropertySymbols(root)) {
    if (/^(?:kResourceStore|context_frame)$/u.test(symbol.description ?? '')) Reflect.set(root, symbol, undefined)
  }
  return root
})()

type Method = (this: object, ...args: unknown[]) => unknown
/** What puts the wrapped methods back. */
const undo: (() => void)[] = []

function restoreMethods(): void {
  for (const restore of undo.splice(0)) restore()
}

/** Has `method` of `holder` notice its use first. One that somebody else has wrapped meanwhile stays, and does nothing more. */
function noticeCalls(holder: object, method: string, taint: boolean): void {
  const original = Reflect.get(holder, method) as Method | undefined // the callers name methods, some of which are not in every Node
  if (original === undefined) return
  const wrapper: Method = function (...args) {
    noticeUse()
    if (taint && tainter !== null) taints.add(this as AsyncLocalStorage<unknown>) // it was called on one
    return Reflect.apply(original, this, args)
  }
  Object.defineProperty(wrapper, 'name', { value: method })
  Object.defineProperty(wrapper, 'length', { value: original.length })
  const before = Object.getOwnPropertyDescriptor(holder, method)
  Object.defineProperty(holder, method, { ...before, value: wrapper })
  undo.push(() => {
    if (Reflect.get(holder, method) === wrapper) Object.defineProperty(holder, method, { ...before, value: original })
  })
}

if (
  BY_HOOKS
    ? Object.getOwnPropertySymbols(Promise.resolve()).length > 0
    : hasFrame(new AsyncResource('greenloop.probe', OPTIONS))
) {
  inUse = true
} else {
  noticeCalls(AsyncLocalStorage.prototype, 'run', false)
  noticeCalls(AsyncLocalStorage.prototype, 'enterWith', true)
  noticeCalls(AsyncLocalStorage.prototype, 'withScope', true)
  if (BY_HOOKS) noticeCalls(Object.getPrototypeOf(createHook({})) as object, 'enable', false)
}
