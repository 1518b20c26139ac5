/**
 * A real name server on this machine, which answers from a table, counts what it is asked, and can keep silent or keep its answers back.
 */
import { createSocket } from 'node:dgram'
import packet, { type Answer, type DecodedPacket } from 'dns-packet'
import { onTestFinished } from 'vitest'

/** The records of a name by type, each as dns-packet writes its data; or what the server does when it is asked for the name at all. */
export type Entry = Readonly<Record<string, readonly unknown[]>> | 'SERVFAIL' | 'REFUSED' | 'silence'

/** A name server that runs. */
export interface NameServer {
  /** As `setServers` takes it. */
  readonly address: string
  /** What it was asked so far, such as `A example.org`. */
  readonly questions: readonly string[]
  /** Keeps answers back until `release()`. */
  hold(): void
  /** Sends what it has kept back, and keeps nothing back any more. */
  release(): void
}

const CODES = { SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 }

/** Every record lives so long, in seconds. */
export const TTL = 300

/** Starts a server for the rest of the running test. A name that is not in the table does not exist; one without the type has no data. */
export async function nameServer(table: Readonly<Record<string, Entry>> = {}): Promise<NameServer> {
  const socket = createSocket('udp4')
  const questions: string[] = []
  let kept: (() => void)[] | null = null
  socket.on('message', (message, peer) => {
    const query = packet.decode(message)
    const [question] = query.questions ?? []
    if (question === undefined) return
    questions.push(`${question.type} ${question.name}`)
    const entry = Object.hasOwn(table, question.name) ? table[question.name] : 'NXDOMAIN'
    if (entry === undefined || entry === 'silence') return
    const code = typeof entry === 'string' ? CODES[entry] : 0
    const answers = typeof entry === 'string' ? [] : recordsOf(question.name, question.type, entry)
    const reply = replyTo(query, code, answers)
    const send = (): void => socket.send(reply, peer.port, peer.address)
    if (kept === null) send()
    else kept.push(send)
  })
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  onTestFinished(() => void socket.close())
  return {
    address: `127.0.0.1:${socket.address().port}`,
    questions,
    hold() {
      kept ??= []
    },
    release() {
      for (const send of kept ?? []) send()
      kept = null
    },
  }
}

function recordsOf(name: string, type: string, entry: Exclude<Entry, string>): Answer[] {
  return Object.entries(entry).flatMap(([kind, values]) => {
    if (type !== 'ANY' && type !== kind) return []
    return values.map((data) => ({ type: kind, name, ttl: TTL, data }) as Answer) // the table has what the type asks for
  })
}

function replyTo({ id, questions = [] }: DecodedPacket, code: number, answers: Answer[]): Buffer {
  const flags = packet.AUTHORITATIVE_ANSWER | packet.RECURSION_DESIRED | packet.RECURSION_AVAILABLE | code
  return packet.encode({ type: 'response', flags, questions, answers, ...(id === undefined ? {} : { id }) })
}
