/**
 * Echo servers, one of them for each run: `node serve.ts name`. Prints its port.
 */
import net, { type AddressInfo } from 'node:net'
import { type Green, getHub, run, spawn } from 'greenloop'
import { createServer, type GreenSocket, StreamServer } from 'greenloop/net'

/** What an echo server is written as. Each begins to listen, and answers at which port. */
const SERVERS: Readonly<Record<string, () => Promise<number>>> = {
  callbacks: () => bare((socket) => socket.on('data', (chunk) => socket.write(chunk))),
  pipe: () => bare((socket) => socket.pipe(socket)),
  'for await': () =>
    bare(async (socket) => {
      for await (const chunk of socket) socket.write(chunk as Buffer) // it has no encoding
    }),
  greenlets: () =>
    run(function* () {
      const server = createServer()
      yield* server.listen(0, '127.0.0.1')
      spawn(function* () {
        for (;;) spawn(echo, (yield* server.accept())[0])
      })
      return (server.address() as AddressInfo).port
    }),
  'stream server': () =>
    run(function* () {
      const server = new StreamServer('127.0.0.1:0', echo)
      yield* server.start()
      return server.serverPort
    }),
}

/** A server of Node alone. */
async function bare(onConnection: (socket: net.Socket) => unknown): Promise<number> {
  const server = net.createServer(onConnection)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

function* echo(socket: GreenSocket): Green<void> {
  for (;;) {
    const data = yield* socket.recv(65536)
    if (data.length === 0) return
    yield* socket.sendall(data)
  }
}

// The client goes away in mid-message.
getHub().onError = () => undefined
process.on('uncaughtException', () => undefined)

const start = SERVERS[process.argv[2] ?? '']
if (start === undefined) throw new Error(`There are ${Object.keys(SERVERS).join(', ')}.`)
console.log(await start())
