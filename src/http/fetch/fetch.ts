/**
 * Fetch for greenlets: Node's own, drivable with `yield*`, and aborted when the greenlet that drives it is killed.
 *
 * Nothing changes for everybody else: the same arguments, a promise of the same outcome, the same `Response`. Each request gets an AbortController of
 * ours beside the caller's signal; the promises of `fetch` and of the body's methods are drivable, and a kill aborts it.
 *
 * Stands on drivable promises. Puts itself nowhere: `monkey` does.
 */
import { Abort, drivable } from '../../waiting/drivable.ts'

/** The type of `fetch`. */
export type Fetch = typeof globalThis.fetch

/** What a response belongs to, to be aborted while its body is read: a request and its answer share one. */
const exchanges = new WeakMap<Response, Abort>()

/** A fetch that greenlets can drive, made of one that they cannot. */
export function cooperativeFetch(original: Fetch): Fetch {
  return function fetch(input, init) {
    const exchange = new Abort()
    let asked: Request
    try {
      // Fetch's own first step: everything about `input` and `init` is decided there, a wrong one included.
      asked = new Request(input, init)
    } catch (error) {
      return drivable(Promise.reject(error as Error), exchange, 'fetch()') // a TypeError of the standard's
    }
    const signal = AbortSignal.any([asked.signal, exchange.signal])
    const answer = original(asked, { signal }).then((response) => {
      exchanges.set(response, exchange)
      return response
    })
    return drivable(answer, exchange, `fetch(${asked.url})`)
  }
}

/** The body's methods of `Response`: each reads all of it. Node 20 has no `bytes`. */
export const BODY_METHODS = ['arrayBuffer', 'blob', 'bytes', 'formData', 'json', 'text'] as const

/** A body method of `Response.prototype` that greenlets can drive. */
export function cooperativeBody<T>(
  original: (this: Response) => Promise<T>,
  name: string,
): (this: Response) => Promise<T> {
  return function (this: Response) {
    const promise = original.call(this)
    const exchange = exchanges.get(this)
    return exchange === undefined ? promise : drivable(promise, exchange, `${name}() of ${this.url}`)
  }
}

/** `Response.prototype.clone`: the copy belongs to the same exchange. */
export function cooperativeClone(original: (this: Response) => Response): (this: Response) => Response {
  return function (this: Response) {
    const copy = original.call(this)
    const exchange = exchanges.get(this)
    if (exchange !== undefined) exchanges.set(copy, exchange)
    return copy
  }
}
