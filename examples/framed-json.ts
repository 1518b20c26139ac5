/**
 * Why a stream needs framing. TCP carries bytes, not messages: what was sent in two calls may arrive in one piece, and one call's bytes in
 * two. So a protocol says where a message ends. Here each is JSON, `{ code, data }`, behind its length in four bytes.
 *
 * Run: `npx tsx examples/framed-json.ts`
 *
 * Expected output:
 * ```text
 * two messages sent without framing arrive as one piece:
 *   {"code":10001,"data":"first"}{"code":10001,"data":"second"}
 * the same with framing:
 *   { code: 10001, data: 'first' }
 *   { code: 10001, data: 'second' }
 * and a big one, which arrives in many pieces:
 *   { code: 10002, data: 1000000 characters }
 * a client that hangs up in mid-message:
 *   Error: The peer has ended 3 bytes into a message of 100.
 * ```
 */
import type { AddressInfo } from 'node:net'
import { type Green, isInterrupt, run, sleep, spawn } from 'greenloop'
import { connect, createServer, type GreenSocket } from 'greenloop/net'

interface Message {
  readonly code: number
  readonly data: string
}

/** Sends one message: its length in four bytes, then the message. */
function* send(socket: GreenSocket, message: Message): Green<void> {
  const body = Buffer.from(JSON.stringify(message))
  const head = Buffer.alloc(4)
  head.writeUInt32BE(body.length)
  yield* socket.sendall(Buffer.concat([head, body]))
}

/** The next message; null when the peer has ended between two. */
function* receive(socket: GreenSocket): Green<Message | null> {
  const head = yield* exactly(socket, 4)
  if (head === null) return null
  const body = yield* exactly(socket, head.readUInt32BE())
  return body === null ? null : (JSON.parse(String(body)) as Message)
}

/** So many bytes, however many pieces they arrive in; null when the peer has ended before the first. */
function* exactly(socket: GreenSocket, size: number): Green<Buffer | null> {
  const pieces: Buffer[] = []
  let there = 0
  while (there < size) {
    const piece = yield* socket.recv(size - there)
    if (piece.length === 0 && there === 0) return null
    if (piece.length === 0)
      throw new Error(`The peer has ended ${String(there)} bytes into a message of ${String(size)}.`)
    pieces.push(piece)
    there += piece.length
  }
  return Buffer.concat(pieces)
}

/** Prints what arrives, as it arrives. */
function* printPieces(socket: GreenSocket): Green<void> {
  yield* sleep(50) // by now both have come
  console.log(`  ${String(yield* socket.recv())}`)
}

/** Prints the messages that arrive. */
function* printMessages(socket: GreenSocket): Green<void> {
  try {
    for (let message = yield* receive(socket); message !== null; message = yield* receive(socket)) {
      const { code, data } = message
      console.log(
        `  { code: ${String(code)}, data: ${data.length < 10 ? `'${data}'` : `${String(data.length)} characters`} }`,
      )
    }
  } catch (err) {
    if (isInterrupt(err)) throw err // asked to stop, which is no failure
    console.log(`  ${String(err)}`)
  }
}

/** One connection: `use` has the client's end, `handle` the server's. */
function* conversation(
  handle: (socket: GreenSocket) => Green<void>,
  use: (socket: GreenSocket) => Green<void>,
): Green<void> {
  const server = createServer()
  yield* server.listen(0, '127.0.0.1')
  const { port } = server.address() as AddressInfo // it listens at a port
  const client = yield* connect(port, '127.0.0.1')
  const [connection] = yield* server.accept()
  const handler = spawn(handle, connection)
  yield* use(client)
  client.end()
  yield* handler.join()
  connection.destroy() // it may have something left that nobody has read
  server.close()
}

const first: Message = { code: 10001, data: 'first' }
const second: Message = { code: 10001, data: 'second' }

await run(function* () {
  console.log('two messages sent without framing arrive as one piece:')
  yield* conversation(printPieces, function* (socket) {
    yield* socket.sendall(JSON.stringify(first))
    yield* socket.sendall(JSON.stringify(second))
  })

  console.log('the same with framing:')
  yield* conversation(printMessages, function* (socket) {
    yield* send(socket, first)
    yield* send(socket, second)
  })

  console.log('and a big one, which arrives in many pieces:')
  yield* conversation(printMessages, (socket) => send(socket, { code: 10002, data: 'x'.repeat(1_000_000) }))

  console.log('a client that hangs up in mid-message:')
  yield* conversation(printMessages, function* (socket) {
    yield* socket.sendall(Buffer.from([0, 0, 0, 100, 1, 2, 3]))
  })
})
