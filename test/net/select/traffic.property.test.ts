// Random traffic over eight connections: select, poll, and epoll by level, by edge and by callback, all see every byte.
import { createHash, type Hash } from 'node:crypto'
import type net from 'node:net'
import { setImmediate as nextRound } from 'node:timers/promises'
import fc from 'fast-check'
import { AsyncResult, BlockingIOError, type Green, spawn } from 'greenloop'
import { EPOLLET, EPOLLIN, epoll, POLLIN, poll, Socket, select } from 'greenloop/net'
import { expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { eventually, listen } from '../support.ts'

checkLeaks()

/** Change it to replay a run that fast-check has printed: the seed stands in the message of the failure. */
const SEED = 20_261_125
const PAIRS = 8

/** What is sent, and how it is read. */
interface Traffic {
  /** In this order: who sends how much, and whether Node looks at the sockets before the next one does. */
  readonly sent: readonly { readonly pair: number; readonly size: number; readonly pause: boolean }[]
  /** The most that one read takes. */
  readonly piece: number
}

const anyTraffic: fc.Arbitrary<Traffic> = fc.record({
  sent: fc.array(
    fc.record({
      pair: fc.nat(PAIRS - 1),
      size: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 150_000 })),
      pause: fc.boolean(),
    }),
    { minLength: 1, maxLength: 30 },
  ),
  piece: fc.constantFrom(1000, 65_536, 10_000_000),
})

/** Our end of a connection, which does not block, with what has come of it. */
class Connection {
  readonly #socket: Socket
  readonly #hash: Hash = createHash('sha256')
  ended = false
  digest = ''

  constructor(socket: Socket) {
    this.#socket = socket
    socket.setblocking(false)
  }

  fileno(): number {
    return this.#socket.fileno()
  }

  /** Takes what is there, at most `piece`; answers whether there was anything. */
  *readOne(piece: number): Green<boolean> {
    if (this.ended) return false
    try {
      const data = yield* this.#socket.recv(piece)
      this.#hash.update(data)
      if (data.length === 0) this.#end()
    } catch (error) {
      if (!(error instanceof BlockingIOError)) throw error
      return false
    }
    return true
  }

  #end(): void {
    this.ended = true
    this.digest = this.#hash.digest('hex')
    this.#socket.close()
  }

  /** Takes all that is there. */
  *readAll(piece: number): Green<void> {
    while (yield* this.readOne(piece));
  }
}

/** Reads all connections to their ends, in the greenlet that calls it. */
type Reader = (connections: readonly Connection[], piece: number) => Green<void>

const readers: Readonly<Record<string, Reader>> = {
  *select(connections, piece) {
    for (;;) {
      const open = connections.filter(({ ended }) => !ended)
      if (open.length === 0) return
      const [readable] = yield* select(open, [], [])
      for (const connection of readable) yield* connection.readOne(piece)
    }
  },
  *poll(connections, piece) {
    const poller = poll<Connection>()
    for (const connection of connections) poller.register(connection, POLLIN)
    for (let open = connections.length; open > 0; ) {
      for (const [connection] of yield* poller.poll()) {
        yield* connection.readOne(piece)
        if (!connection.ended) continue
        poller.unregister(connection)
        open--
      }
    }
  },
  *'epoll by level'(connections, piece) {
    using poller = epoll<Connection>()
    for (const connection of connections) poller.register(connection, EPOLLIN) // a closed one leaves by itself
    while (connections.some(({ ended }) => !ended)) {
      for (const [connection] of yield* poller.poll(null, 3)) yield* connection.readOne(piece)
    }
  },
  *'epoll by edge'(connections, piece) {
    using poller = epoll<Connection>()
    for (const connection of connections) poller.register(connection, EPOLLIN | EPOLLET)
    while (connections.some(({ ended }) => !ended)) {
      for (const [connection] of yield* poller.poll()) yield* connection.readAll(piece)
    }
  },
  *'epoll by callback'(connections, piece) {
    using poller = epoll<Connection>()
    const all = new AsyncResult<void>()
    for (const connection of connections) {
      poller.register(connection, EPOLLIN, () =>
        spawn(function* () {
          yield* connection.readOne(piece)
          if (connections.every(({ ended }) => ended)) all.set()
        }),
      )
    }
    yield* all.get()
  },
}

/** Connects `PAIRS` times: our ends, and the others in the same order. */
async function connections(): Promise<{ ours: Connection[]; theirs: net.Socket[] }> {
  const accepted: net.Socket[] = []
  const server = await listen((peer) => accepted.push(peer))
  const ours: Connection[] = []
  for (let n = 0; n < PAIRS; n++) {
    const socket = new Socket()
    await socket.connect(['127.0.0.1', server.port])
    await eventually('the server has it', () => accepted.length > n)
    ours.push(new Connection(socket))
  }
  return { ours, theirs: accepted }
}

/** Has `reader` read what is sent; gives the digest of each connection. */
async function digestsOf(reader: Reader, { sent, piece }: Traffic): Promise<string[]> {
  const { ours, theirs } = await connections()
  const reading = spawn(reader, ours, piece)
  for (const [n, { pair, size, pause }] of sent.entries()) {
    theirs[pair]?.write(contents(n, size))
    if (pause) await nextRound()
  }
  for (const peer of theirs) peer.end()
  await reading.get()
  return ours.map(({ digest }) => digest)
}

/** What the `n`th message consists of. */
function contents(n: number, size: number): Buffer {
  return Buffer.alloc(size, `${String(n)}:`)
}

it.each(Object.entries(readers))('%s sees every byte of random traffic', async (_name, reader) => {
  await fc.assert(
    fc.asyncProperty(anyTraffic, async (traffic) => {
      const expected = Array.from({ length: PAIRS }, () => createHash('sha256'))
      for (const [n, { pair, size }] of traffic.sent.entries()) expected[pair]?.update(contents(n, size))
      expect(await digestsOf(reader, traffic)).toEqual(expected.map((hash) => hash.digest('hex')))
    }),
    { seed: SEED, numRuns: 12, endOnFailure: true },
  )
})
