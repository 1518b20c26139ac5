/**
 * `yield* fetch(url)` and `yield* response.text()`: Node's own fetch and Response, with what `src/http/fetch.ts` adds.
 */
import { BODY_METHODS, cooperativeBody, cooperativeClone, cooperativeFetch } from '../../http/fetch/fetch.ts'
import { patchItem } from '../state.ts'

/** Patches the global `fetch` and the body methods of `Response`. */
export function patchFetch(): void {
  const body = Response.prototype
  patchItem('fetch', globalThis, 'fetch', cooperativeFetch(globalThis.fetch))
  for (const name of BODY_METHODS) {
    const original: unknown = Reflect.get(body, name)
    if (typeof original !== 'function') continue
    patchItem('fetch', body, name, cooperativeBody(original as (this: Response) => Promise<unknown>, name)) // each of them is one
  }
  patchItem('fetch', body, 'clone', cooperativeClone(body.clone))
}
