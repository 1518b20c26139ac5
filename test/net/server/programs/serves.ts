// A server that serves until Ctrl-C, with one connection open.
import { run, spawn } from 'greenloop'
import { connect, StreamServer } from 'greenloop/net'

const server = new StreamServer(
  '127.0.0.1:0',
  function* (socket) {
    try {
      console.log('ready')
      yield* socket.recv()
    } finally {
      console.log('the handler ends')
    }
  },
  { spawn: 10 },
)
await run(function* () {
  yield* server.start()
  spawn(function* () {
    const socket = yield* connect(server.serverPort, '127.0.0.1')
    yield* socket.recv()
  })
  try {
    yield* server.serveForever()
  } finally {
    console.log(`the server is closed: ${String(server.closed)}`)
  }
})
