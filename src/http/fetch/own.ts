/**
 * Undici's fetch for greenlets: `fetch` of `greenloop/http`, which needs no patch.
 *
 * Its responses are undici's, of a class derived from undici's own, so that nobody else's are touched.
 *
 * Stands on what makes a fetch cooperative. Leaves to `connections.ts` where its requests go, and Node's own fetch to `monkey`.
 */
import type { Request, RequestInit, Response } from 'undici'
import type { Resume, Suspend } from '../../protocol.ts'
import * as undici from '../undici.ts'
import { belongs, cooperativeResponse } from './body.ts'
import { dispatcherFor } from './connections.ts'
import type { Exchange } from './exchange.ts'
import { cooperativeFetch } from './fetch.ts'

/** A promise that a greenlet can drive. For everybody else it is the promise that it always was. */
export interface GreenPromise<T> extends Promise<T> {
  /** For `yield* promise` in a greenlet: waits until it settles. */
  [Symbol.iterator](): Iterator<Suspend, T, Resume>
}

/** Undici's `Response`, whose body a greenlet can read: `yield* response.text()`. A greenlet that gives that up aborts the exchange. */
export interface GreenResponse extends Response {
  /** Reads the body. */
  readonly arrayBuffer: () => GreenPromise<ArrayBuffer>
  /** Reads the body. */
  readonly blob: () => GreenPromise<Blob>
  /** Reads the body. */
  readonly bytes: () => GreenPromise<Uint8Array>
  /** Reads the body. @deprecated by undici: it holds the whole form in memory. */
  readonly formData: () => GreenPromise<undici.FormData>
  /** Reads the body, and parses it as JSON. */
  readonly json: () => GreenPromise<unknown>
  /** Reads the body, as UTF-8. */
  readonly text: () => GreenPromise<string>
  /** A second one of the same body. Both have to be read, or cancelled. */
  clone(): GreenResponse
}

/** What `fetch` takes beside the URL: undici's `RequestInit`, with `dispatcher`. */
export type FetchInit = RequestInit

const green = Object.create(
  undici.Response.prototype,
  Object.fromEntries(
    [...cooperativeResponse(undici.Response.prototype, adopt)].map(([name, property]) => [
      name,
      property.get === undefined
        ? { ...property, configurable: true, writable: true }
        : { ...property, configurable: true },
    ]),
  ),
) as object

function adopt(response: object, exchange: Exchange): void {
  belongs(response, exchange) // first: it would cost three times as much on an object whose prototype has changed
  Object.setPrototypeOf(response, green)
}

/** Undici takes no `FormData` but its own; of Node's it would send the name of the class. */
function withOwnForm(body: unknown): unknown {
  if (!(body instanceof FormData)) return body
  const form = new undici.FormData()
  for (const [name, value] of body) form.append(name, value)
  return form
}

const cooperative = cooperativeFetch<Response>({
  fetch: undici.fetch as (input: unknown, init?: object) => Promise<Response>, // it refuses what it does not take
  Request: undici.Request as new (input: unknown, init?: unknown) => Request, // so does it
  body: withOwnForm,
  dispatcherFor,
  adopt,
})

/**
 * Fetches a page: the standard's `fetch`, as undici does it, for greenlets and for everybody else.
 *
 * A greenlet that is killed or timed out while it waits for the answer, or for the body, aborts the exchange. The body can be read chunk by
 * chunk, too: `each(response.body, fn)`. A status of 400 and up is an answer, not an error.
 *
 * @param input - the URL, or a `Request` of undici.
 * @param init - as in the standard, and undici's `dispatcher`: see `limitPerHost`. A form may be Node's. Without one, what the
 * program has given to undici's `setGlobalDispatcher`; else connections of the library's own.
 * @returns undici's `Response`.
 * @throws TypeError "fetch failed" when there is no answer, with what went wrong as its `cause`; TypeError for wrong arguments; what the
 * caller's own `signal` was aborted with. All by the promise.
 * @switches always
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import type { AddressInfo } from 'node:net'
 * import { run } from 'greenloop'
 * import { fetch } from 'greenloop/http'
 *
 * const server = createServer((_, res) => res.end('hello')).listen(0, '127.0.0.1', async () => {
 *   const { port } = server.address() as AddressInfo
 *   await run(function* () {
 *     const response = yield* fetch(`http://127.0.0.1:${port}/`)
 *     console.log(response.status, yield* response.text()) // 200 hello
 *   })
 *   server.close()
 * })
 * ```
 */
export function fetch(input: string | URL | Request, init?: FetchInit): GreenPromise<GreenResponse> {
  return cooperative(input, init)
}
