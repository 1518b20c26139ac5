/**
 * `yield* fetch(url)` and `yield* response.text()`: Node's own fetch and Response, with what `src/http/fetch` adds.
 */
import { belongs, cooperativeResponse } from '../../http/fetch/body.ts'
import { cooperativeFetch } from '../../http/fetch/fetch.ts'
import { dispatcherOf } from '../../http/fetch/node.ts'
import { patchAccessor, patchItem } from '../state.ts'

/** Patches the global `fetch`, and what reads the body of a `Response`. */
export function patchFetch(): void {
  const { fetch } = globalThis
  const cooperative = cooperativeFetch({
    fetch: fetch as (input: unknown, init?: object) => Promise<Response>, // it refuses what it does not take
    get Request() {
      return Request as new (
        input: unknown,
        init?: unknown,
      ) => Request // so does it
    },
    dispatcherFor: dispatcherOf(fetch),
    adopt: belongs,
  })
  patchItem('fetch', globalThis, 'fetch', cooperative)
  for (const [name, property] of cooperativeResponse(Response.prototype)) {
    if (property.get === undefined) patchItem('fetch', Response.prototype, name, property.value)
    else patchAccessor('fetch', Response.prototype, name, property)
  }
}
