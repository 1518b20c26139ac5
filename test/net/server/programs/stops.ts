// A server, a client, and the end of both; nothing keeps the process.
import { run } from 'greenloop'
import { connect, StreamServer } from 'greenloop/net'

const server = new StreamServer('127.0.0.1:0', function* (socket) {
  yield* socket.sendall(yield* socket.recv())
})
await run(function* () {
  yield* server.start()
  const socket = yield* connect(server.serverPort, '127.0.0.1')
  yield* socket.sendall('answered')
  console.log(String(yield* socket.recv()))
  socket.destroy()
  yield* server.stop()
})
console.log('stopped')
