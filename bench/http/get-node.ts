/**
 * Fetches pages by Node alone: `node get-node.js name …`, the rest as `pages.ts` says.
 */
import http from 'node:http'
import { AT_ONCE, byFunctions, inBatches, measureOneOf } from './pages.ts'

const agent = new http.Agent({ keepAlive: true, maxSockets: AT_ONCE })

await measureOneOf({
  http: () => byFunctions(get),
  fetch: () => inBatches(fetch),
  'fetch, signal': () => inBatches((url) => fetch(url, { signal: new AbortController().signal })),
})

function get(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    http
      .get(url, { agent }, (response) => {
        const pieces: Buffer[] = []
        response
          .on('data', (piece: Buffer) => pieces.push(piece))
          .on('end', () => resolve(Buffer.concat(pieces).length))
          .on('error', reject)
      })
      .on('error', reject)
  })
}
