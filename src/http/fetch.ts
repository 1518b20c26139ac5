/**
 * Fetch for greenlets: Node's own, drivable with `yield*`, and aborted when the greenlet that drives it is killed.
 *
 * Nothing changes for everybody else: the same arguments, a promise of the same outcome, the same `Response`. Each request gets an AbortController of
 * ours beside the caller's signal; the promises of `fetch` and of the body's methods carry an iterator whose undo aborts it. That an
 * iterator hangs on these promises, and not a general one on all, is what makes the abort possible: a plain promise cannot be called back.
 *
 * Stands on `PromiseWait`. Puts itself nowhere: `monkey` does.
 */
import type { Coroutine } from '../greenlet/kernel.ts'
import type { Step } from '../greenlet/operation.ts'
import { begun, HubOperation } from '../waiting/operation.ts'
import { type Abortable, PromiseWait } from '../waiting/until.ts'

/** The type of `fetch`. */
export type Fetch = typeof globalThis.fetch

/** A request and its answer, shared by all greenlets that drive a promise of it: aborted when the last of them gives up. */
class Exchange implements Abortable {
  readonly #controller = new AbortController()
  #waiting = 0

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  entered(): this {
    this.#waiting++
    return this
  }

  settled(): void {
    this.#waiting--
  }

  abort(): void {
    if (--this.#waiting === 0) this.#controller.abort()
  }
}

/** The exchange that a response belongs to, to be aborted while its body is read. */
const exchanges = new WeakMap<Response, Exchange>()

/** The wait for a promise of an exchange. */
class Exchanged<T> extends HubOperation<T> {
  readonly #promise: Promise<T>
  readonly #exchange: Exchange
  readonly #text: string

  constructor(promise: Promise<T>, exchange: Exchange, text: string) {
    super()
    this.#promise = promise
    this.#exchange = exchange
    this.#text = text
  }

  override begin(greenlet: Coroutine): Step<T> {
    return new PromiseWait(greenlet, this.#exchange.entered(), this.#text).parkUntil(this.#promise)
  }

  override toString(): string {
    return this.#text
  }
}

/** Lets `yield*` drive this one promise. */
function drivable<T>(promise: Promise<T>, exchange: Exchange, text: string): Promise<T> {
  const value = (): Exchanged<T> => {
    const wait = new Exchanged(promise, exchange, text)
    begun(wait) // the request is
    return wait
  }
  return Object.defineProperty(promise, Symbol.iterator, { value, configurable: true, writable: true })
}

/** A fetch that greenlets can drive, made of one that they cannot. */
export function cooperativeFetch(original: Fetch): Fetch {
  return function fetch(input, init) {
    const exchange = new Exchange()
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
