/**
 * Fetches pages by axios: `node get-axios.js pages …`, the rest as `pages.ts` says.
 */
import http from 'node:http'
import axios from 'axios'
import { AT_ONCE, byFunctions, measureOneOf } from './pages.ts'

const client = axios.create({
  httpAgent: new http.Agent({ keepAlive: true, maxSockets: AT_ONCE }),
  responseType: 'arraybuffer',
})

await measureOneOf({
  pages: () => byFunctions(async (url) => (await client.get<Buffer>(url)).data.length),
})
