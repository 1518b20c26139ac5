/**
 * Which ports of this machine are open? A pool of fifty greenlets tries two hundred of them, each for half a second at the most, and
 * reads what those say that are. Only this machine is asked: scan others with their owner's leave.
 *
 * Run: `npx tsx examples/port-scanner.ts`
 *
 * Expected output:
 * ```text
 * <n> of 200 ports are open, and our three are among them:
 *   door 1: "welcome to the clock"
 *   door 2: "welcome to the library"
 *   door 3: says nothing
 * ```
 */
import { type Green, isInterrupt, Pool, run, withTimeout } from 'greenloop'
import { connect, StreamServer } from 'greenloop/net'

const LIMIT_MS = 500

interface OpenPort {
  readonly port: number
  readonly greeting: string
}

/** Null for a port that is closed. */
function* probe(port: number): Green<OpenPort | null> {
  const socket = connect(port, '127.0.0.1')
  try {
    yield* socket
    const greeting = yield* withTimeout({ ms: LIMIT_MS, timeoutValue: '' }, () => socket.recv(100))
    return { port, greeting: String(greeting) }
  } catch (err) {
    if (isInterrupt(err)) throw err // asked to stop, which says nothing of the port
    return null // refused
  } finally {
    socket.destroy()
  }
}

await run(function* () {
  const greetings = ['welcome to the clock', 'welcome to the library', '']
  const doors: StreamServer[] = []
  for (const greeting of greetings) {
    const door = new StreamServer(['127.0.0.1', 0], function* (socket) {
      if (greeting === '')
        yield* socket.recv() // until the other end has enough of it
      else yield* socket.sendall(greeting)
    })
    yield* door.start()
    doors.push(door)
  }

  const ours = doors.map((door) => door.serverPort)
  const from = Math.min(Math.max(...ours) - 199, 65_336)
  const ports = [...new Set([...ours, ...Array.from({ length: 200 }, (_, n) => from + n)])].slice(0, 200)
  const found = (yield* new Pool(50).map(probe, ports)).filter((one) => one !== null)

  console.log(`${String(found.length)} of ${String(ports.length)} ports are open, and our three are among them:`)
  for (const [n, port] of ours.entries()) {
    const greeting = found.find((one) => one.port === port)?.greeting
    console.log(`  door ${String(n + 1)}: ${greeting === '' ? 'says nothing' : JSON.stringify(greeting)}`)
  }
  for (const door of doors) yield* door.stop()
})
