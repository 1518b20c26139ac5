/**
 * The small API by fastify, which is told what the answer looks like, and is quicker for it. Prints its port.
 */
import type { AddressInfo } from 'node:net'
import { fastify } from 'fastify'
import { startOneOf } from '../method/servers.ts'
import { pageOf } from './api.ts'

const page = {
  type: 'object',
  properties: {
    path: { type: 'string' },
    name: { type: 'string' },
    langs: { type: 'array', items: { type: 'string' } },
    active: { type: 'boolean' },
    score: { type: 'number' },
  },
}

await startOneOf({
  async api() {
    const server = fastify()
    server.get('/users/:id', { schema: { response: { 200: page } } }, (request, reply) => {
      reply.send(pageOf(request.url))
    })
    await server.listen({ port: 0, host: '127.0.0.1' })
    return (server.server.address() as AddressInfo).port
  },
})
