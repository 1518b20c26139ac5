/**
 * Echo servers, one of them for each run: `node serve.ts name`. Prints its port.
 */
import net, { type AddressInfo } from 'node:net'
import { type Green, getHub, spawn } from 'greenloop'
import { createServer, type GreenSocket, StreamServer } from 'greenloop/net'

/** What an echo server is written as. Each begins to listen at once. */
const SERVERS: Readonly<Record<string, () => net.Server>> = {
  callbacks: () => net.createServer((socket) => socket.on('data', (chunk) => socket.write(chunk))),
  pipe: () => net.createServer((socket) => socket.pipe(socket)),
  'for await': () =>
    net.createServer((socket) => {
      void (async () => {
        for await (const chunk of socket) socket.write(chunk as Buffer) // it has no encoding
      })()
    }),
  'stream server': () => {
    const server = createServer()
    new StreamServer(server, echo).start()
    return server
  },
  greenlets: () => {
    const server = createServer()
    server.once('listening', () => spawn(acceptAll, server))
    return server
  },
}

function* acceptAll(server: ReturnType<typeof createServer>): Green<void> {
  for (;;) {
    const [socket] = yield* server.accept()
    spawn(echo, socket)
  }
}

function* echo(socket: GreenSocket): Green<void> {
  for (;;) {
    const data = yield* socket.recv(65536)
    if (data.length === 0) return
    yield* socket.sendall(data)
  }
}

getHub().onError = () => undefined // the client goes away in mid-message; so does the next line
const make = SERVERS[process.argv[2] ?? '']
if (make === undefined) throw new Error(`There are ${Object.keys(SERVERS).join(', ')}.`)
process.on('uncaughtException', () => undefined)
const server = make().listen(0, '127.0.0.1', () => {
  console.log((server.address() as AddressInfo).port)
})
