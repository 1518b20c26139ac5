/**
 * The small API by Node alone. Prints its port.
 */
import { createServer } from 'node:http'
import { listen, startOneOf } from '../method/servers.ts'
import { answer } from './api.ts'

await startOneOf({ api: () => listen(createServer(answer)) })
