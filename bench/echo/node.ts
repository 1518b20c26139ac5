/**
 * Echo servers of Node alone, one of them for each run: `node node.js name`. Prints its port.
 */
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { listen, startOneOf } from '../method/servers.ts'

await startOneOf({
  callbacks: () => serve((socket) => socket.on('data', (chunk) => socket.write(chunk))),
  pipe: () => serve((socket) => socket.pipe(socket)),
  'for await': () =>
    serve(async (socket) => {
      for await (const chunk of socket) socket.write(chunk as Buffer) // it has no encoding
    }),
  recv: () =>
    serve(async (socket) => {
      const recv = receiving(socket)
      for (let data = await recv(); data !== null; data = await recv()) {
        if (!socket.write(data)) await once(socket, 'drain')
      }
    }),
})

function serve(onConnection: (socket: Socket) => unknown): Promise<number> {
  return listen(createServer(onConnection))
}

/** A function that gives a promise of what comes next: null at the end. */
function receiving(socket: Socket): () => Promise<Buffer | null> {
  const arrived: (Buffer | null)[] = []
  let settle: ((data: Buffer | null) => void) | null = null
  const arrive = (data: Buffer | null): void => {
    if (settle === null) {
      arrived.push(data)
      return
    }
    settle(data)
    settle = null
  }
  socket.on('data', arrive).on('end', () => arrive(null))
  return () =>
    new Promise((resolve) => {
      const data = arrived.shift()
      if (data === undefined) settle = resolve
      else resolve(data)
    })
}
