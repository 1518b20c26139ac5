// A server in a process that has no file descriptor left: starts itself anew with a low limit, uses all up, and lets them go again.
import { spawnSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Green, getHub, joinall, run, spawn } from 'greenloop'
import { connect, type GreenSocket, StreamServer } from 'greenloop/net'

const CLIENTS = 3
const sockets: GreenSocket[] = []

function* main(): Green<void> {
  let reports = 0
  getHub().onError = () => reports++
  const server = new StreamServer('127.0.0.1:0', function* (socket) {
    yield* socket.sendall(yield* socket.recv())
  })
  yield* server.start()
  process.stdout.write('') // the stream is made before there is no descriptor for it
  const files: number[] = []
  try {
    for (;;) files.push(openSync('/dev/null', 'r'))
  } catch {
    // there is none left
  }
  for (let n = 0; n < CLIENTS; n++) closeSync(files.pop() ?? -1)
  const clients = Array.from({ length: CLIENTS }, () => spawn(endOf, server.serverPort))
  const ends = (yield* joinall(clients)).map(({ value }) => value)
  console.log(ends.includes('dropped') ? 'dropped' : ends)
  for (const socket of sockets) socket.destroy() // not before: the next one would have a descriptor
  for (const file of files) closeSync(file)
  console.log(yield* endOf(server.serverPort))
  for (const socket of sockets) socket.destroy()
  console.log(`reports: ${String(reports)}`)
  yield* server.stop()
}

/** What becomes of a connection that stays open on this side. One of them may find that something else has its descriptor. */
function* endOf(port: number): Green<string> {
  try {
    const socket = yield* connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    sockets.push(socket)
    yield* socket.sendall('answered')
    return String(yield* socket.recv(100, { timeoutMs: 3000 })) || 'dropped'
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ECONNRESET' ? 'dropped' : String(error)
  }
}

if (process.argv[2] === 'limited') {
  await run(main)
} else {
  const command = [process.execPath, ...process.execArgv, fileURLToPath(import.meta.url), 'limited']
  spawnSync('sh', ['-c', 'ulimit -n 250 && exec "$@"', 'sh', ...command], { stdio: 'inherit' })
}
