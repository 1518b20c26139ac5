// A DNS server on loopback that knows the names of the documentation.
import dgram from 'node:dgram'
import { type Answer, decode, encode } from 'dns-packet'
import type { Stage } from './stage.ts'

/** Answers each question of the zone until the end; answers the server's address, as `setServers` takes it. */
export async function nameServer(stage: Stage, zone: readonly Answer[]): Promise<string> {
  const socket = dgram.createSocket('udp4')
  socket.on('message', (message, { port, address }) => {
    const { id, questions = [] } = decode(message)
    const asked = questions[0]
    const answers = zone.filter(
      ({ name, type }) => name === asked?.name && ((asked.type as string) === 'ANY' || type === asked.type),
    )
    // Name not found, where nothing of it is there.
    const flags = answers.length === 0 ? 3 : 0
    socket.send(
      encode({ type: 'response', ...(id === undefined ? {} : { id }), flags, questions, answers }),
      port,
      address,
    )
  })
  stage.defer(() => new Promise<void>((resolve) => socket.close(resolve)))
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  return `127.0.0.1:${socket.address().port}`
}
