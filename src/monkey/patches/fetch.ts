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
  const prototype = prototypeOfResponses()
  for (const [name, property] of cooperativeResponse(prototype)) {
    if (property.get === undefined) patchItem('fetch', prototype, name, property.value)
    else patchAccessor('fetch', prototype, name, property)
  }
}

/** That of Node's own: what somebody else has put in its place, as Hono's server does, inherits from it. */
function prototypeOfResponses(): Response {
  let { prototype } = Response
  for (let above = prototype; 'text' in above; above = Object.getPrototypeOf(above) as Response)
    if (Object.hasOwn(above, 'text')) prototype = above
  return prototype
}
