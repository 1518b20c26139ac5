// A thousand clients at once on one `serve`, in a process of its own: a third of them goes in the middle, and none of the others misses an
// answer, gets one of somebody else, or a body that is not what was sent.
import { createHash } from 'node:crypto'
import type net from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { eventually, randomOf } from '../net/support.ts'
import { connected, many, ServerProcess } from './load.ts'

const { count, limited } = many(1000)
const SEED = Number(process.env['GREENLOOP_SEED'] ?? '6')
/** How many requests those who stay make, and how many are on their way when the server is told to stop. */
const [FEWEST, MOST] = [10, 20]
const LAST = 100

/** What a server holds. */
interface State {
  readonly bytes: number
  readonly connections: number
  readonly running: number
}

it(`${String(count)} clients, of which a third goes at any moment, get every answer${limited}`, {
  timeout: 60_000,
}, async () => {
  const random = randomOf(SEED)
  const server = new ServerProcess('http-many.ts')
  const { port } = await server.told<{ port: number }>()
  const clients = await Promise.all(
    Array.from({ length: count }, async (_, n) => new Client(await connected(port, n), n, random)),
  )
  onTestFinished(() => {
    for (const { socket } of clients) socket.destroy()
    server.stop()
  })
  await Promise.all(clients.map((client) => client.ask(1)))
  const { bytes, connections } = await server.state<State>()
  console.log(
    `${String(count)} clients of serve() at once: ${String(Math.round(bytes / count))} bytes of memory each, in the server's process`,
  )
  expect(connections).toBe(count)

  const going = clients.filter(() => random() < 1 / 3)
  const gone = new Set(going)
  const staying = clients.filter((client) => !gone.has(client))
  await Promise.all([
    ...going.map(async (client) => {
      await client.ask(Math.floor(random() * 5))
      await client.goInTheMiddle()
    }),
    ...staying.map(async (client) => {
      const wanted = FEWEST + Math.floor(random() * (MOST - FEWEST + 1))
      while (client.asked < wanted) await client.ask(1 + Math.floor(random() * 3))
    }),
  ])
  let state = await server.state<State>()
  for (let tries = 0; tries < 50 && state.running > 0; tries++) {
    await delay(10)
    state = await server.state<State>()
  }
  expect(state).toMatchObject({ connections: staying.length, running: 0 })

  const last = staying.slice(0, LAST).map((client) => client.ask(1, 300))
  while (state.running < last.length) state = await server.state<State>()
  server.stop()
  await Promise.all(last)
  await eventually('all connections are closed', () => staying.every((client) => client.closed))
  const { begun, ended, ...left } = await server.told<{ begun: number; ended: number }>()
  expect(left).toEqual({ connections: 0, running: 0, handles: [], timers: 0, unhandled: [], reports: [] })
  expect(ended).toBe(begun)
  expect(await server.ended()).toBe(0)

  const answered = staying.reduce((sum, client) => sum + client.answered, 0)
  expect(staying.flatMap(({ wrong }) => wrong)).toEqual([])
  expect(answered).toBe(staying.reduce((sum, client) => sum + client.asked, 0))
  expect(answered).toBeGreaterThan(staying.length * FEWEST)
  expect(begun).toBeGreaterThan(answered)
  expect(bytes / count).toBeLessThan(100_000)
})

/** A client that speaks HTTP by hand, on one connection. */
class Client {
  readonly socket: net.Socket
  readonly wrong: string[] = []
  asked = 0
  answered = 0
  closed = false
  readonly #n: number
  readonly #random: () => number
  /** What the answers that have not come yet must begin with. */
  readonly #expected: string[] = []
  #text = ''
  #told: (() => void) | null = null

  constructor(socket: net.Socket, n: number, random: () => number) {
    this.socket = socket
    this.#n = n
    this.#random = random
    socket.setEncoding('latin1')
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.closed = true
      this.#told?.()
    })
    socket.on('data', (text: string) => {
      this.#text += text
      while (this.#take());
      if (this.#expected.length === 0) this.#told?.()
    })
  }

  /** Asks `times` times without waiting in between, and waits for the answers. */
  async ask(times: number, waitMs?: number): Promise<void> {
    if (times === 0) return
    let text = ''
    for (let time = 0; time < times; time++) text += this.#request(waitMs)
    this.socket.write(text, 'latin1')
    await this.#answers()
  }

  /** Begins to ask, and goes: before the request is complete, in the middle of the answer, or at any moment. */
  async goInTheMiddle(): Promise<void> {
    const text = this.#request()
    const way = this.#random()
    this.socket.write(way < 1 / 3 ? text.slice(0, Math.ceil(this.#random() * text.length)) : text, 'latin1')
    if (way < 2 / 3) await delay(this.#random() * 15)
    else await Promise.race([new Promise((resolve) => this.socket.once('data', resolve)), this.#answers()])
    if (this.#random() < 0.5) this.socket.destroy()
    else this.socket.resetAndDestroy()
  }

  /** Waits until all answers have come, or the connection is closed. */
  #answers(): Promise<void> {
    return new Promise((resolve) => {
      this.#told = () => {
        this.#told = null
        resolve()
      }
      if (this.closed || this.#expected.length === 0) this.#told()
    })
  }

  #request(waitMs?: number): string {
    const id = `${String(this.#n)}-${String(this.asked++)}`
    const body = this.#random() < 0.5 ? '' : `${id} `.repeat(Math.floor(this.#random() * 1000))
    const sum = createHash('md5').update(body).digest('hex')
    this.#expected.push(`${id} ${sum} `)
    const wait = waitMs === undefined ? '' : `X-Wait: ${String(waitMs)}\r\n`
    return `POST /${id} HTTP/1.1\r\nHost: a\r\nX-Id: ${id}\r\n${wait}Content-Length: ${String(body.length)}\r\n\r\n${body}`
  }

  /** Takes one answer out of what has come, if it is complete. */
  #take(): boolean {
    const end = this.#text.indexOf('\r\n\r\n')
    if (end < 0) return false
    const head = this.#text.slice(0, end)
    const length = /\r\ncontent-length: (\d+)/iu.exec(head)?.[1]
    const body = length === undefined ? this.#chunks(end + 4) : this.#bytes(end + 4, Number(length))
    if (body === null) return false
    const expected = this.#expected.shift() ?? 'no answer'
    if (!head.startsWith('HTTP/1.1 200 ') || !body.startsWith(expected) || !/^[\da-f-]+ [\da-f]+ [xy]*$/u.test(body))
      this.wrong.push(`${expected}: ${head} ${body.slice(0, 100)}`)
    this.answered++
    return true
  }

  #bytes(at: number, length: number): string | null {
    if (this.#text.length < at + length) return null
    const body = this.#text.slice(at, at + length)
    this.#text = this.#text.slice(at + length)
    return body
  }

  #chunks(start: number): string | null {
    let body = ''
    for (let at = start; ; ) {
      const end = this.#text.indexOf('\r\n', at)
      if (end < 0) return null
      const size = Number.parseInt(this.#text.slice(at, end), 16)
      if (this.#text.length < end + 4 + size) return null
      body += this.#text.slice(end + 2, end + 2 + size)
      at = end + 4 + size
      if (size > 0) continue
      this.#text = this.#text.slice(at)
      return body
    }
  }
}
