// A crowd of clients of all kinds at one server, while its handlers are killed at random: who behaves is answered, and nothing is left.
import { type Green, Group, getHub, joinall, run, sleep, spawn } from 'greenloop'
import type { GreenSocket, StreamServer, StreamServerOptions } from 'greenloop/net'
import { expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { catchReports } from '../../support/reports.ts'
import { catchUnhandled, eventually, randomOf } from '../support.ts'
import { client, closeAll, openHandles, serving } from './support.ts'

checkLeaks()
closeAll()

const SEED = 5
const CLIENTS = 120
const PLENTY = Buffer.alloc(3_000_000)

/** Sends a message and reads it back; answers whether that worked. */
function* echoed(socket: GreenSocket, text: string): Green<boolean> {
  yield* socket.sendall(text)
  let got = ''
  while (got.length < text.length) {
    const chunk = yield* socket.recv()
    if (chunk.length === 0) return false
    got += String(chunk)
  }
  return got === text
}

/** What a client may do; each answers whether it was served, or is not to say. */
const KINDS: readonly ((socket: GreenSocket, server: StreamServer, ms: number) => Green<boolean | null>)[] = [
  function* polite(socket) {
    const served = yield* echoed(socket, 'good day')
    socket.end()
    return served && (yield* socket.recv()).length === 0
  },
  function* talkative(socket, _server, ms) {
    for (let n = 0; n < 4; n++) {
      if (!(yield* echoed(socket, `sentence ${n}`))) return false
      yield* sleep(ms)
    }
    socket.end()
    return true
  },
  function* gone(socket) {
    yield* sleep(0)
    socket.destroy()
    return null
  },
  function* rude(socket, _server, ms) {
    yield* socket.sendall('half a mess')
    yield* sleep(ms)
    socket.resetAndDestroy()
    return null
  },
  function* silent(socket, _server, ms) {
    yield* sleep(10 * ms)
    socket.destroy()
    return null
  },
  function* deaf(socket, _server, ms) {
    socket.write(PLENTY)
    yield* sleep(10 * ms)
    socket.destroy()
    return null
  },
]

it.each<[name: string, killing: boolean, options: StreamServerOptions]>([
  ['in greenlets', false, {}],
  ['in raw greenlets', false, { spawn: 'raw' }],
  ['in a pool', false, { spawn: 40 }],
  ['in a pool, killed at random', true, { spawn: 40 }],
  ['in a group, killed at random', true, { spawn: new Group() }],
])('%s', async (_name, killing, options) => {
  const random = randomOf(SEED)
  const unhandled = catchUnhandled()
  catchReports() // the errors of connections that the clients have broken
  const server = await serving(
    function* (socket): Green<void> {
      for (let chunk = yield* socket.recv(); chunk.length > 0; chunk = yield* socket.recv())
        yield* socket.sendall(chunk)
    },
    { stopTimeoutMs: 30, ...options },
  )
  const killer = spawn(function* (): Green<void> {
    while (killing) {
      yield* sleep(2)
      const members = [...(server.pool ?? [])]
      members[Math.floor(random() * members.length)]?.kill()
    }
  })
  const answers = await run(function* () {
    const clients = Array.from({ length: CLIENTS }, () => {
      const kind = KINDS[Math.floor(random() * KINDS.length)]!
      const ms = Math.floor(random() * 4)
      return spawn(function* (): Green<boolean | null> {
        const socket = client(server)
        try {
          yield* socket
          return yield* kind(socket, server, ms)
        } catch {
          return false
        }
      })
    })
    yield* joinall(clients)
    return clients.map(({ value }) => value)
  })
  killer.kill()
  expect(answers.filter((answer) => answer === true).length).toBeGreaterThan(10)
  if (!killing) expect(answers.filter((answer) => answer === false)).toEqual([])
  await server.stop()
  await eventually('no handler is left', () => getHub().living().length === 0)
  await eventually('nothing is open', () => openHandles().length === 0)
  expect(unhandled).toEqual([])
})
