// Five thousand connections at once on one StreamServer, from a process of their own; each message comes back as it was.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'
import { createInterface, type Interface } from 'node:readline'
import { expect, it } from 'vitest'
import { programPath } from '../support/program.ts'

const WANTED = 5000
/** Files that a process has open beside its sockets. */
const OTHER_FILES = 100
const MESSAGES = 3

const limit = Number(execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).trim())
const many = Math.min(WANTED, (Number.isNaN(limit) ? Infinity : limit) - OTHER_FILES)
const limited = many < WANTED ? `, limited by the ${String(limit)} files that a process may open here` : ''

it(`${String(many)} connections echo ${String(MESSAGES)} messages each, intact${limited}`, {
  timeout: 60_000,
}, async () => {
  const server = spawn(process.execPath, ['--expose-gc', programPath('../../stories/programs/echo-many.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: server.stdout })
  const { port } = (await nextLine(lines)) as { port: number }
  const sockets = await Promise.all(Array.from({ length: many }, (_, n) => connected(port, n)))
  const wrong: string[] = []
  for (let round = 0; round < MESSAGES; round++) {
    await Promise.all(
      sockets.map(async (socket, n) => {
        const message = `message ${String(round)} of connection ${String(n)}: ${'x'.repeat(n % 500)}`
        const answer = await exchange(socket, message)
        if (answer !== message) wrong.push(answer)
      }),
    )
  }
  server.kill('SIGUSR2')
  const { bytes } = (await nextLine(lines)) as { bytes: number }
  console.log(
    `${String(many)} connections at once: ${String(Math.round(bytes / many))} bytes of memory each, in the server's process`,
  )
  for (const socket of sockets) socket.end()
  server.stdin.end()
  const [code] = (await once(server, 'exit')) as [number]
  expect({ wrong, code }).toEqual({ wrong: [], code: 0 })
  expect(bytes / many).toBeLessThan(100_000)
})

async function nextLine(lines: Interface): Promise<unknown> {
  const [line] = (await once(lines, 'line')) as [string]
  return JSON.parse(line)
}

async function connected(port: number, n: number): Promise<net.Socket> {
  // A few at a time: the queue of a listening socket is no longer than the machine lets it be.
  await new Promise((resolve) => setTimeout(resolve, Math.floor(n / 100) * 2))
  const socket = net.connect(port, '127.0.0.1')
  await once(socket, 'connect')
  return socket
}

function exchange(socket: net.Socket, message: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const take = (chunk: Buffer): void => {
      answer += String(chunk)
      if (answer.length < message.length) return
      socket.off('data', take)
      resolve(answer)
    }
    socket.on('data', take).once('error', reject)
    socket.write(message)
  })
}
