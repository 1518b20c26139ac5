/**
 * Fetch for greenlets: Node's own, drivable with `yield*`, and aborted when the greenlet that drives it is killed.
 *
 * Nothing changes for everybody else: the same arguments, the same promise, the same `Response`. Each request gets an AbortController of
 * ours beside the caller's signal; the promises of `fetch` and of the body's methods carry an iterator whose undo aborts it. That an
 * iterator hangs on these promises, and not a general one on all, is what makes the abort possible: a plain promise cannot be called back.
 *
 * Stands on `PromiseWait`. Puts itself nowhere: `monkey` does.
 */
import type { Coroutine } from '../greenlet/kernel.ts'
import type { Step } from '../greenlet/operation.ts'
import { type Abortable, PromiseWait } from '../hub/wait.ts'
import { HubOperation } from '../hub/waiter.ts'

/** The type of `fetch`. */
export type Fetch = typeof globalThis.fetch

/** The request that a response came from, to be aborted while its body is read. */
const requests = new WeakMap<Response, AbortController>()

/** All greenlets that drive one promise: its request is aborted when the last of them gives up. */
class Drivers implements Abortable {
  readonly #request: AbortController
  #count = 0

  constructor(request: AbortController) {
    this.#request = request
  }

  add(): this {
    this.#count++
    return this
  }

  abort(): void {
    if (--this.#count === 0) this.#request.abort()
  }
}

/** The wait for a promise of an exchange. */
class Exchanged<T> extends HubOperation<T> {
  readonly #promise: Promise<T>
  readonly #drivers: Drivers
  readonly #text: string

  constructor(promise: Promise<T>, drivers: Drivers, text: string) {
    super()
    this.#promise = promise
    this.#drivers = drivers
    this.#text = text
  }

  override begin(greenlet: Coroutine): Step<T> {
    return new PromiseWait(greenlet, this.#drivers.add(), this.#text).parkUntil(this.#promise)
  }

  override toString(): string {
    return this.#text
  }
}

/** Lets `yield*` drive this one promise. */
function drivable<T>(promise: Promise<T>, request: AbortController, text: string): Promise<T> {
  const drivers = new Drivers(request)
  const value = (): Exchanged<T> => new Exchanged(promise, drivers, text)
  return Object.defineProperty(promise, Symbol.iterator, { value, configurable: true, writable: true })
}

/** A fetch that greenlets can drive, made of one that they cannot. */
export function cooperativeFetch(original: Fetch): Fetch {
  return function fetch(input, init) {
    const request = new AbortController()
    // As in the standard: a signal in `init` takes the place of the request's own, also when it is null.
    const own = init?.signal !== undefined ? init.signal : input instanceof Request ? input.signal : null
    const signal = own === null ? request.signal : AbortSignal.any([own, request.signal])
    const answer = original(input, { ...init, signal }).then((response) => {
      requests.set(response, request)
      return response
    })
    return drivable(answer, request, `fetch(${urlOf(input)})`)
  }
}

function urlOf(input: Parameters<Fetch>[0]): string {
  return typeof input === 'object' && 'url' in input ? input.url : String(input)
}

/** The body's methods of `Response`: each reads all of it. */
export const BODY_METHODS = ['arrayBuffer', 'blob', 'formData', 'json', 'text'] as const

/** A body method of `Response.prototype` that greenlets can drive. */
export function cooperativeBody<T>(
  original: (this: Response) => Promise<T>,
  name: string,
): (this: Response) => Promise<T> {
  return function (this: Response) {
    const promise = original.call(this)
    const request = requests.get(this)
    return request === undefined ? promise : drivable(promise, request, `${name}() of ${this.url}`)
  }
}

/** `Response.prototype.clone`: the copy belongs to the same request. */
export function cooperativeClone(original: (this: Response) => Response): (this: Response) => Response {
  return function (this: Response) {
    const copy = original.call(this)
    const request = requests.get(this)
    if (request !== undefined) requests.set(copy, request)
    return copy
  }
}
