// Five thousand connections at once on one StreamServer, from a process of their own; each message comes back as it was.
import type net from 'node:net'
import { expect, it } from 'vitest'
import { connected, many, ServerProcess } from './load.ts'

const MESSAGES = 3

const { count, limited } = many(5000)

it(`${String(count)} connections echo ${String(MESSAGES)} messages each, intact${limited}`, {
  timeout: 60_000,
}, async () => {
  const server = new ServerProcess('echo-many.ts')
  const { port } = await server.told<{ port: number }>()
  const sockets = await Promise.all(Array.from({ length: count }, (_, n) => connected(port, n)))
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
  const { bytes } = await server.state<{ bytes: number }>()
  console.log(
    `${String(count)} connections at once: ${String(Math.round(bytes / count))} bytes of memory each, in the server's process`,
  )
  for (const socket of sockets) socket.end()
  server.stop()
  expect({ wrong, code: await server.ended() }).toEqual({ wrong: [], code: 0 })
  expect(bytes / count).toBeLessThan(100_000)
})

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
