/**
 * Servers of one test, and clients that speak HTTP by hand; what it leaves open is closed when it is over, before leaks are looked for.
 */
import net from 'node:net'
import { type HTTPServer, type RequestHandler, type ServeOptions, serve } from 'greenloop/http'
import { afterEach } from 'vitest'
import { eventually } from '../../net/support.ts'

const servers = new Set<HTTPServer>()
const clients = new Set<net.Socket>()

/** Has everything closed behind each test of the file. */
export function closeAll(): void {
  afterEach(async () => {
    for (const client of clients) client.destroy()
    clients.clear()
    for (const server of servers) await server.stop({ timeoutMs: 0 })
    servers.clear()
    await eventually('no handle is open', () => openHandles().length === 0)
  })
}

/** The sockets and servers that are open in the process; those of the test runner are pipes. */
export function openHandles(): string[] {
  return process.getActiveResourcesInfo().filter((name) => /TCP|TLS/u.test(name))
}

/** A server of this machine, for the running test. */
export async function serving(handler: RequestHandler, options: ServeOptions = {}): Promise<HTTPServer> {
  const server = await serve(handler, { port: 0, ...options })
  servers.add(server)
  return server
}

/** A connection that speaks by hand. */
export class Client {
  readonly socket: net.Socket
  /** All that has come. */
  text = ''
  closed = false

  constructor(server: { readonly serverPort: number }) {
    this.socket = net.connect(server.serverPort, '127.0.0.1')
    clients.add(this.socket)
    this.socket.setEncoding('latin1')
    this.socket.on('data', (text: string) => {
      this.text += text
    })
    this.socket.on('error', () => undefined)
    this.socket.on('close', () => {
      this.closed = true
    })
  }

  send(text: string): this {
    this.socket.write(text, 'latin1')
    return this
  }

  /** Waits until all of `text` has come, and gives what has come. */
  async until(text: string): Promise<string> {
    await eventually(`${JSON.stringify(text)} comes; there is ${JSON.stringify(this.text)}`, () =>
      this.text.includes(text),
    )
    return this.text
  }

  /** Waits until the server has closed it, and gives what has come. */
  async end(): Promise<string> {
    await eventually(`it is closed; there is ${JSON.stringify(this.text)}`, () => this.closed)
    return this.text
  }
}

/** Sends `text`, and gives what comes back until the server closes, without the lines that differ each time. */
export async function talk(server: { readonly serverPort: number }, text: string): Promise<string> {
  return plain(await new Client(server).send(text).end())
}

/** Without the date, and how long a connection is kept. */
export function plain(text: string): string {
  return text.replaceAll(/(?:Date|Keep-Alive): .*\r\n/gu, '')
}

/** The head of a request of `method` for `path`; `lines` stand behind its host. */
export function head(method: string, path: string, ...lines: string[]): string {
  return `${[`${method} ${path} HTTP/1.1`, 'Host: a', ...lines].join('\r\n')}\r\n\r\n`
}

export const CLOSE = 'Connection: close'
