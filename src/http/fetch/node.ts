/**
 * Node's own fetch: where its requests go when the caller does not say. That is looked up as its undici does it, without loading another one.
 *
 * Known are the versions of undici in Node 20 to 26, and Node's own function only: with any other, such as the wrapper of a mock or of a tracing
 * tool, or one of a Node to come, it is not known whether there is a dispatcher.
 */
import { type Dispatching, dispatchingOf } from './exchange.ts'

const SLOT = Symbol.for('undici.globalDispatcher.1')

/** Where a version of undici keeps its global dispatcher. */
const SLOTS: Readonly<Record<string, symbol>> = { 6: SLOT, 7: SLOT, 8: Symbol.for('undici.globalDispatcher.2') }

/** Makes a function that tells where a request of `fetch` goes whose caller has given `given` as its dispatcher; null: it is not known. */
export function dispatcherOf(fetch: typeof globalThis.fetch): (given: unknown) => Dispatching | null {
  const [major = ''] = (process.versions['undici'] ?? '').split('.')
  const slot = SLOTS[major]
  const isNodes = Function.prototype.toString.call(fetch).includes('internal/deps/undici')
  if (slot === undefined || !isNodes) return () => null
  return (given) => dispatchingOf(given === undefined ? Reflect.get(globalThis, slot) : given)
}
