/**
 * An echo server and three clients, in one process. The handler looks as if it blocked; only its greenlet waits, so the clients are served
 * side by side.
 *
 * Run: `npx tsx examples/echo.ts`
 *
 * Expected output:
 * ```text
 * the server listens
 * client 0 got back: hello from 0
 * client 1 got back: hello from 1
 * client 2 got back: hello from 2
 * 3 connections, at most 3 at once
 * the server has stopped
 * ```
 */
import { type Green, joinall, run, sleep, spawn } from 'greenloop'
import { type Address, connect, type GreenSocket, StreamServer } from 'greenloop/net'

let connections = 0
let open = 0
let mostOpen = 0

/** One for each connection. The server closes the socket when it returns. */
function* echo(socket: GreenSocket, _address: Address): Green<void> {
  connections++
  mostOpen = Math.max(mostOpen, ++open)
  for (;;) {
    const data = yield* socket.recv(1024)
    if (data.length === 0) break // the client has ended
    yield* socket.sendall(data)
  }
  open--
}

/** Says something once all are there, and waits until it has come back. */
function* talk(port: number, name: number): Green<string> {
  const socket = yield* connect(port, '127.0.0.1')
  try {
    while (connections < 3) yield* sleep(1)
    const message = `hello from ${String(name)}`
    yield* socket.sendall(message)
    let answer = ''
    while (answer.length < message.length) answer += String(yield* socket.recv(1024))
    return `client ${String(name)} got back: ${answer}`
  } finally {
    socket.destroy()
  }
}

await run(function* () {
  const server = new StreamServer(['127.0.0.1', 0], echo)
  yield* server.start()
  console.log('the server listens')

  const clients = yield* joinall([0, 1, 2].map((name) => spawn(talk, server.serverPort, name)))
  for (const client of clients) console.log(yield* client.get())

  console.log(`${String(connections)} connections, at most ${String(mostOpen)} at once`)
  yield* server.stop()
  console.log('the server has stopped')
})
