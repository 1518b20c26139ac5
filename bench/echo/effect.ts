/**
 * Echo server of Effect: a fiber for each piece that has come, as its own sockets have it, which are in another package. Prints its port.
 */
import { createServer } from 'node:net'
import { Effect } from 'effect'
import { listen, startOneOf } from '../method/servers.ts'

await startOneOf({
  fibers: () =>
    listen(
      createServer((socket) => {
        socket.on('data', (data) => Effect.runFork(Effect.sync(() => socket.write(data))))
      }),
    ),
})
