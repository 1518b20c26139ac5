/**
 * Fetches pages by undici: `node get-undici.js name …`, the rest as `pages.ts` says.
 */
import { Agent, fetch, request, setGlobalDispatcher } from 'undici'
import { AT_ONCE, byFunctions, inBatches, measureOneOf } from './pages.ts'

// Its own, where Node's older copy has put one of its class; and it is quicker when it is told how many connections there are.
setGlobalDispatcher(new Agent({ connections: AT_ONCE }))

await measureOneOf({
  request: () => byFunctions(async (url) => (await (await request(url)).body.arrayBuffer()).byteLength),
  fetch: () => inBatches(fetch),
  'fetch, signal': () => inBatches((url) => fetch(url, { signal: new AbortController().signal })),
})
