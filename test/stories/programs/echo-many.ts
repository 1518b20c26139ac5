// An echo server for very many connections at once: prints its port, and when a line comes in on stdin, what the process holds. argv[2] is
// `idle` for what the process takes before the first connection.
import { run } from 'greenloop'
import { type GreenSocket, StreamServer } from 'greenloop/net'

const server = new StreamServer(
  ['127.0.0.1', 0],
  function* echo(socket: GreenSocket) {
    for (;;) {
      const data = yield* socket.recv(1024)
      if (data.length === 0) return
      yield* socket.sendall(data)
    }
  },
  { backlog: 4096 },
)

function memory(): number {
  globalThis.gc?.()
  return process.memoryUsage().rss
}

await run(function* () {
  yield* server.start()
  const before = memory()
  let most = before
  process.on('SIGUSR2', () => {
    most = Math.max(most, memory())
    console.log(JSON.stringify({ bytes: most - before }))
  })
  console.log(JSON.stringify({ port: server.serverPort }))
  process.stdin.resume().on('end', () => void server.stop())
  yield* server.serveForever()
})
