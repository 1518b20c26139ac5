/**
 * `yield* fetch(url)` and `yield* response.text()`: Node's own fetch and Response, with what `src/http/fetch.ts` adds.
 */
import { BODY_METHODS, cooperativeBody, cooperativeClone, cooperativeFetch } from '../http/fetch.ts'
import { patchItem } from './state.ts'

/** Patches the global `fetch` and the body methods of `Response`. */
export function patchFetch(): void {
  const body = Response.prototype
  patchItem('fetch', globalThis, 'fetch', cooperativeFetch(globalThis.fetch))
  for (const name of BODY_METHODS) {
    patchItem('fetch', body, name, cooperativeBody<unknown>(body[name], name))
  }
  patchItem('fetch', body, 'clone', cooperativeClone(body.clone))
}
