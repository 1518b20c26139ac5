// Two thousand greenlets are killed at random points of connect, recv, sendall, accept and lookup. Prints as JSON what they were killed in
// and what is left then: handles by kind, unhandled rejections, reports. argv[2]: the seed.
import net, { type AddressInfo } from 'node:net'
import { type Green, type Greenlet, joinall, type Operation, run, sleep, spawn } from 'greenloop'
import { connect, createServer, dns, type GreenSocket } from 'greenloop/net'
import { aftermath, randomOf, settled, watchFailures } from '../../support/programs/killing.ts'

const MANY = 2000
const random = randomOf(Number(process.argv[2]))

const failures = watchFailures()

/** One that answers, one that says nothing and reads nothing, one whose connections nobody takes. */
const peers = new Set<net.Socket>()
function hold(peer: net.Socket): net.Socket {
  peers.add(peer)
  return peer.on('error', () => undefined).on('close', () => peers.delete(peer))
}
const echo = net.createServer((peer) => void hold(peer).pipe(peer))
const stuck = net.createServer({ pauseOnConnect: true }, hold)
const own = createServer()
const before = (await settled()).sort()
for (const server of [echo, stuck, own])
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(null)))
const [toEcho = 0, toStuck = 0, toOwn = 0] = [echo, stuck, own].map((server) => (server.address() as AddressInfo).port)

function* withSocket(port: number, use: (socket: GreenSocket) => Green<unknown>): Green<void> {
  const socket = yield* connect(port, '127.0.0.1')
  try {
    for (;;) yield* use(socket)
  } finally {
    socket.destroy()
  }
}

const BODIES: readonly (() => Green<unknown>)[] = [
  () =>
    withSocket(toEcho, function* (socket) {
      yield* socket.sendall(Buffer.alloc(Math.ceil(random() * 50_000)))
      yield* socket.recv(Math.ceil(random() * 1000))
    }),
  () => withSocket(toStuck, (socket) => drive(socket.sendall(Buffer.alloc(300_000)))),
  () => withSocket(toStuck, (socket) => drive(socket.recv(10))),
  function* () {
    for (;;) {
      const [socket] = yield* own.accept()
      socket.destroy()
    }
  },
  () =>
    withSocket(toOwn, function* (socket) {
      if ((yield* socket.recv()).length === 0) yield* sleep(Infinity)
    }),
  function* () {
    for (;;) yield* dns.lookup('localhost')
  },
  function* () {
    for (;;) (yield* connect({ port: toEcho, host: 'localhost' })).destroy()
  },
]

function* drive<T>(operation: Operation<T>): Green<T> {
  return yield* operation
}

/** Their places among the bodies. */
const [SENDING, RECEIVING] = [1, 2]
const killedIn = new Map<string, number>()
const victims: Greenlet[] = []
await run(function* () {
  for (let n = 0; n < MANY; n++) {
    // Every other one that would fill its socket waits for a byte instead: what a machine holds for a socket is megabytes.
    const body = n % (2 * BODIES.length) === SENDING ? RECEIVING : n % BODIES.length
    const victim = spawn(BODIES[body]!)
    victims.push(victim)
    setTimeout(() => {
      const call = /^\w+\(/u.exec(victim.$wait?.describe() ?? '')?.[0] ?? 'ready'
      killedIn.set(call, (killedIn.get(call) ?? 0) + 1)
      victim.kill()
    }, random() * 100)
    if (n % 10 === 0) yield* sleep(random() * 10)
  }
})
await joinall(victims)
for (const server of [echo, stuck, own]) server.close()
for (const peer of peers) peer.destroy()
const left = await aftermath(victims, before, failures)
console.log(
  JSON.stringify({
    killedIn: Object.fromEntries([...killedIn].sort()),
    ...left,
  }),
)
