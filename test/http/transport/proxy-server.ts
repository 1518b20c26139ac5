/**
 * A real forward proxy, closed with all its connections when the test is over: plain requests by their whole URL, tunnels by CONNECT. And a
 * SOCKS5 server.
 */
import http from 'node:http'
import https from 'node:https'
import net, { type AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { onTestFinished } from 'vitest'
import { eventually, listen } from '../../net/support.ts'
import { certificate } from './tls.ts'

/** What a proxy does but for passing things on. */
export interface ProxyOptions {
  /** `user:password` that it wants; 407 without. */
  auth?: string
  /** The status with which it refuses everything. */
  refuse?: number
  /** Whether it never answers a CONNECT. */
  silent?: boolean
  /** Whether it closes the connection instead of answering. */
  hangUp?: boolean
  /** Whether it is one for `https:`, by the certificate of `localhost`. */
  tls?: boolean
}

/** A proxy that listens on this machine. */
export interface Proxy {
  readonly url: string
  /** What it saw: `GET http://host/path`, `CONNECT host:port`. */
  readonly seen: readonly string[]
  /** The header `host` of each. */
  readonly hosts: readonly (string | undefined)[]
  /** The header `proxy-authorization` of each. */
  readonly authorizations: readonly (string | undefined)[]
  /** The open connections. */
  readonly sockets: ReadonlySet<Duplex>
  /** Waits until the number of open connections is `count`. */
  open(count: number): Promise<void>
}

/** Starts a proxy. */
export async function proxy(options: ProxyOptions = {}): Promise<Proxy> {
  const seen: string[] = []
  const hosts: (string | undefined)[] = []
  const authorizations: (string | undefined)[] = []
  const sockets = new Set<Duplex>()
  const server = options.tls === true ? https.createServer(certificate('server')) : http.createServer()
  const keep = (socket: Duplex): void => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
  }
  server.on('connection', keep)
  server.on('request', (request: http.IncomingMessage, response: http.ServerResponse) => {
    note(request)
    const status = refusal(request)
    if (status !== null) {
      response.writeHead(status).end('the proxy says no')
      return
    }
    const onward = http.request(request.url ?? '', { method: request.method, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, { ...answer.headers, via: 'proxy' })
      answer.pipe(response)
    })
    onward.on('error', () => response.writeHead(502).end())
    request.pipe(onward)
  })
  server.on('connect', (request: http.IncomingMessage, socket: Duplex) => {
    note(request)
    const status = refusal(request)
    if (options.silent === true) {
      socket.on('end', () => socket.destroy()).resume()
      return
    }
    if (options.hangUp === true) {
      socket.destroy()
      return
    }
    if (status !== null) {
      socket.end(`HTTP/1.1 ${String(status)} No\r\ncontent-length: 0\r\n\r\n`)
      return
    }
    const { hostname, port } = new URL(`http://${request.url ?? ''}`)
    const onward = net.connect(Number(port || '80'), hostname.replace(/^\[|\]$/gu, ''), () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      socket.pipe(onward).pipe(socket)
    })
    keep(onward)
    socket.on('close', () => onward.destroy())
    onward.on('error', () => socket.end('HTTP/1.1 502 Bad gateway\r\n\r\n'))
  })

  function note(request: http.IncomingMessage): void {
    seen.push(`${request.method ?? ''} ${request.url ?? ''}`)
    hosts.push(request.headers.host)
    authorizations.push(request.headers['proxy-authorization'])
  }

  function refusal(request: http.IncomingMessage): number | null {
    if (options.refuse !== undefined) return options.refuse
    if (options.auth === undefined) return null
    const wanted = `Basic ${Buffer.from(options.auth).toString('base64')}`
    return request.headers['proxy-authorization'] === wanted ? null : 407
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `${options.tls === true ? 'https' : 'http'}://127.0.0.1:${String(port)}`,
    seen,
    hosts,
    authorizations,
    sockets,
    open: (count) => eventually(`${String(count)} connections`, () => sockets.size === count),
  }
}

/** Starts a SOCKS5 server, that wants `user:password` if that is given, and answers every request with `code`. */
export async function socksServer({
  auth,
  code = 0,
}: {
  auth?: string
  code?: number
} = {}): Promise<{ url: string; seen: string[] }> {
  const seen: string[] = []
  const { port } = await listen((peer) => {
    const talk = conversation(peer)
    let wanted = talk.next()
    const read = (): void => {
      for (;;) {
        if (wanted.done === true) return
        const bytes = peer.read(wanted.value) as Buffer | null
        if (bytes === null) return
        wanted = talk.next(bytes)
      }
    }
    peer.on('readable', read)
    function* conversation(socket: net.Socket): Generator<number, void, Buffer> {
      const [, count = 0] = yield 2
      const methods = [...(yield count)]
      const method = auth === undefined ? 0 : 2
      if (!methods.includes(method)) {
        socket.end(Buffer.of(5, 0xff))
        return
      }
      socket.write(Buffer.of(5, method))
      if (auth !== undefined) {
        const [, length = 0] = yield 2
        const user = String(yield length)
        const [size = 0] = yield 1
        const good = `${user}:${String(yield size)}` === auth
        socket.write(Buffer.of(1, good ? 0 : 1))
        if (!good) return
      }
      const [, , , kind] = yield 4
      let host: string
      if (kind === 1) host = [...(yield 4)].join('.')
      else if (kind === 4) host = `[${(yield 16).toString('hex')}]`
      else host = String(yield (yield 1)[0] ?? 0)
      const to = (yield 2).readUInt16BE()
      seen.push(`${host}:${String(to)}`)
      if (code !== 0) {
        socket.end(Buffer.of(5, code, 0, 1, 0, 0, 0, 0, 0, 0))
        return
      }
      socket.off('readable', read)
      const onward = net.connect(to, '127.0.0.1', () => {
        socket.write(Buffer.of(5, 0, 0, 3, 1, 0x78, 0, 0))
        socket.pipe(onward).pipe(socket)
      })
      onward.on('error', () => socket.destroy())
      socket.on('close', () => onward.destroy())
    }
  })
  return { url: `socks5://127.0.0.1:${String(port)}`, seen }
}
