/**
 * Echo server of effection: a task for each connection, which takes from a queue what has come. Prints its port.
 */
import { createServer, type Socket } from 'node:net'
import { createQueue, run } from 'effection'
import { listen, startOneOf } from '../method/servers.ts'

await startOneOf({ tasks: () => listen(createServer(echo)) })

function echo(socket: Socket): void {
  const arrived = createQueue<Buffer, undefined>()
  socket.on('data', arrived.add)
  socket.on('end', () => arrived.close(undefined))
  void run(function* () {
    for (let next = yield* arrived.next(); next.done !== true; next = yield* arrived.next()) socket.write(next.value)
  })
}
