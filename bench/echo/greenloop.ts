/**
 * Echo servers of greenlets, one of them for each run: `node greenloop.js name`. Prints its port.
 */
import type { AddressInfo } from 'node:net'
import { type Green, run, spawn } from 'greenloop'
import { createServer, type GreenSocket, StreamServer } from 'greenloop/net'
import { startOneOf } from '../method/servers.ts'

await startOneOf({
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
})

function* echo(socket: GreenSocket): Green<void> {
  for (;;) {
    const data = yield* socket.recv(65536)
    if (data.length === 0) return
    yield* socket.sendall(data)
  }
}
