/**
 * A chat server: whoever comes in says a name, and what one says all others hear. Each client has a greenlet that reads and one that
 * writes, from a queue; so one who reads slowly holds up nobody, and misses what does not fit into the queue.
 *
 * Run: `npx tsx examples/chat.ts`
 *
 * Expected output:
 * ```text
 * ada hears: * bob has come in
 * ada hears: bob: hello, is anybody here?
 * bob hears: ada: I am
 * ada hears: * bob has left
 * the room is empty
 * ```
 */
import { type Green, Queue, run, sleep, spawn } from 'greenloop'
import { type Address, connect, type GreenSocket, StreamServer } from 'greenloop/net'

/** Lines that a client has yet to be sent, at the most. */
const PATIENCE = 100

/** Those in the room, and what each is still to hear. */
const room = new Map<string, Queue<string>>()

function tell(line: string, from: string): void {
  for (const [name, mailbox] of room) if (name !== from && !mailbox.full()) mailbox.putNowait(line)
}

/** Reads a stream line by line. */
class LineReader {
  readonly #socket: GreenSocket
  #rest = ''

  constructor(socket: GreenSocket) {
    this.#socket = socket
  }

  /** The next line; null at the end. */
  *next(): Green<string | null> {
    while (!this.#rest.includes('\n')) {
      const piece = yield* this.#socket.recv(1024)
      if (piece.length === 0) return null
      this.#rest += String(piece)
    }
    const [line = '', ...rest] = this.#rest.split('\n')
    this.#rest = rest.join('\n')
    return line
  }
}

/** One for each who comes in. */
function* chat(socket: GreenSocket, _address: Address): Green<void> {
  const lines = new LineReader(socket)
  const name = (yield* lines.next()) ?? ''
  const mailbox = new Queue<string>(PATIENCE)
  const writer = spawn(function* () {
    for (;;) yield* socket.sendall(`${yield* mailbox.get()}\n`)
  })
  room.set(name, mailbox)
  tell(`* ${name} has come in`, name)
  try {
    for (let line = yield* lines.next(); line !== null; line = yield* lines.next()) tell(`${name}: ${line}`, name)
  } finally {
    room.delete(name)
    tell(`* ${name} has left`, name)
    yield* writer.kill()
  }
}

await run(function* () {
  const server = new StreamServer(['127.0.0.1', 0], chat)
  yield* server.start()

  function* comeIn(name: string): Green<{ socket: GreenSocket; hear: () => Green<void> }> {
    const socket = yield* connect(server.serverPort, '127.0.0.1')
    const lines = new LineReader(socket)
    yield* socket.sendall(`${name}\n`)
    return {
      socket,
      *hear() {
        console.log(`${name} hears: ${(yield* lines.next()) ?? 'nothing more'}`)
      },
    }
  }

  const ada = yield* comeIn('ada')
  while (!room.has('ada')) yield* sleep(1)
  const bob = yield* comeIn('bob')
  yield* ada.hear()
  yield* bob.socket.sendall('hello, is anybody here?\n')
  yield* ada.hear()
  yield* ada.socket.sendall('I am\n')
  yield* bob.hear()
  bob.socket.end()
  yield* ada.hear()
  ada.socket.end()
  while (room.size > 0) yield* sleep(1)
  console.log('the room is empty')
  yield* server.stop()
})
