/** What a program does that serves with `ws` and talks to itself with it. */
import { EventEmitter } from 'node:events'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Green } from 'greenloop'
import {
  type ClientOptions,
  createWebSocketStream,
  type RawData,
  type ServerOptions,
  WebSocket,
  WebSocketServer,
} from 'ws'
import { called, digest, event, happened, type Steps, together, veil, wait } from './way.ts'

/** What a server does with each of its connections. */
type Serve = (peer: WebSocket, request: http.IncomingMessage) => void

const echo: Serve = (peer) => {
  peer.on('message', (data, isBinary) => peer.send(data, { binary: isBinary }))
}

/** Runs `use` with the address of a server of its own, and waits until that is closed. */
function* served<T>(
  serve: Serve,
  use: (url: string, server: WebSocketServer) => Green<T>,
  options: ServerOptions = {},
): Green<T> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options })
  server.on('connection', serve)
  yield* event(server, 'listening')
  const { port } = server.address() as AddressInfo
  veil(port, '<port>')
  try {
    return yield* use(`ws://localhost:${port}`, server)
  } finally {
    yield* called((done) => server.close(done))
  }
}

/** A connection that is open. */
function* opened(url: string, protocols: string[] = [], options: ClientOptions = {}): Green<WebSocket> {
  const client = new WebSocket(url, protocols, options)
  yield* event(client, 'open')
  return client
}

/** Closes, and waits until the other side has agreed. */
function* closed(client: WebSocket, code?: number, reason?: string): Green<unknown> {
  const close = happened(client, 'close')
  client.close(code, reason)
  const [answer, text] = yield* wait(close)
  return [answer, String(text)]
}

/** One message there, and the one that comes back. */
function* exchange(client: WebSocket, message: string | Buffer, options: object = {}): Green<unknown> {
  const back = happened(client, 'message')
  client.send(message, options)
  const [data, isBinary] = (yield* wait(back)) as [RawData, boolean]
  const bytes = data as Buffer
  return [isBinary, bytes.length > 100 ? digest(bytes) : bytes.toString('hex')]
}

/** What the error was that a client met, and that its connection is closed. */
function* refused(client: WebSocket): Green<unknown> {
  const close = happened(client, 'close')
  const [error] = yield* event(client, 'error')
  const [code] = yield* wait(close)
  return [error, code]
}

export const steps: Steps = {
  *'messages there and back: text, bytes, nothing, in pieces'() {
    return yield* served(echo, function* (url) {
      const client = yield* opened(url)
      const back = happened(client, 'message')
      for (const [piece, fin] of [
        ['one ', false],
        ['two ', false],
        ['three', true],
      ] as const)
        client.send(piece, { fin })
      const [pieces] = yield* wait(back)
      return [
        String(pieces),
        yield* exchange(client, 'größer'),
        yield* exchange(client, Buffer.from([0, 255, 10])),
        yield* exchange(client, ''),
        yield* exchange(client, 'text as bytes', { binary: true }),
        yield* exchange(client, Buffer.alloc(2_000_000, 'big ')),
        [client.readyState, client.protocol, client.extensions, client.bufferedAmount],
        yield* closed(client, 1000, 'enough'),
        client.readyState,
      ]
    })
  },

  *'100 messages in a row'() {
    return yield* served(echo, function* (url) {
      const client = yield* opened(url)
      const seen: string[] = []
      client.on('message', (data: Buffer) => seen.push(String(data)))
      const last = new Promise((resolve) => client.on('message', () => seen.length === 100 && resolve(null)))
      yield* together(
        Array.from(
          { length: 100 },
          (_, index) => () => called((done) => client.send(`${index}`, done)) as Green<unknown>,
        ),
      )
      yield* wait(last)
      return [seen.join(), yield* closed(client)]
    })
  },

  *'pings and pongs of both sides'() {
    return yield* served(
      (peer) => {
        peer.on('ping', (data) => peer.send(`pinged with ${String(data)}`))
        peer.on('pong', (data) => peer.send(`ponged with ${String(data)}`))
        peer.on('message', () => peer.ping('from the server'))
      },
      function* (url) {
        const client = yield* opened(url)
        const pong = happened(client, 'pong')
        const first = happened(client, 'message')
        client.ping('from the client')
        const seen = [String((yield* wait(first))[0]), String((yield* wait(pong))[0])]
        const ping = happened(client, 'ping')
        const second = happened(client, 'message')
        client.send('now you')
        seen.push(String((yield* wait(ping))[0]), String((yield* wait(second))[0]))
        return [seen, yield* closed(client)]
      },
    )
  },

  *'a choice of protocols, headers, a path, a query'() {
    const serve: Serve = (peer, request) => {
      peer.send(JSON.stringify([request.url, request.headers['x-tag'], request.headers['user-agent'], peer.protocol]))
    }
    const handleProtocols = (offered: Set<string>): string | false => (offered.has('second') ? 'second' : false)
    return yield* served(
      serve,
      function* (url) {
        const client = new WebSocket(`${url}/path?query=1`, ['first', 'second'], { headers: { 'x-tag': 'tagged' } })
        const [data] = yield* event(client, 'message')
        return [String(data), client.protocol, yield* closed(client)]
      },
      { handleProtocols },
    )
  },

  *'to all who listen'() {
    return yield* served(echo, function* (url, server) {
      const clients: WebSocket[] = []
      for (let count = 0; count < 5; count++) clients.push(yield* opened(url))
      const all = clients.map((client) => happened(client, 'message'))
      for (const peer of server.clients) peer.send('to all')
      const seen = yield* together(all.map((message) => () => wait(message) as Green<unknown[]>))
      const count = server.clients.size
      for (const client of clients) yield* closed(client)
      return [seen.map(([data]) => String(data)), count, server.clients.size]
    })
  },

  *'as a stream'() {
    return yield* served(echo, function* (url) {
      const client = yield* opened(url)
      const stream = createWebSocketStream(client, { encoding: 'utf8' })
      let text = ''
      const reading = (async () => {
        for await (const chunk of stream) {
          text += String(chunk)
          if (text.endsWith('three')) break
        }
      })()
      const close = happened(client, 'close')
      yield* wait(pipeline(Readable.from(['one ', 'two ', 'three']), stream, { end: false }))
      yield* wait(reading)
      yield* wait(close)
      return text
    })
  },

  *'the server closes, with its reason'() {
    return yield* served(
      (peer) => peer.close(4001, 'go away'),
      function* (url) {
        const client = new WebSocket(url)
        const [code, reason] = yield* event(client, 'close')
        return [code, String(reason)]
      },
    )
  },

  *'the server hangs up'() {
    return yield* served(
      (peer) => peer.on('message', () => peer.terminate()),
      function* (url) {
        const client = yield* opened(url)
        const close = happened(client, 'close')
        client.send('hang up')
        const [code] = yield* wait(close)
        const error = yield* wait(new Promise((resolve) => client.send('too late', resolve)))
        return [code, error]
      },
    )
  },

  *'what is against the rules: a message too big, a reserved bit'() {
    const errors: unknown[] = []
    const noting: Serve = (peer) => peer.on('error', (error) => errors.push(error))
    return yield* served(
      noting,
      function* (url) {
        const big = yield* opened(url)
        const first = happened(big, 'close')
        big.send('x'.repeat(1001))
        const [tooBig] = yield* wait(first)
        const bad = yield* opened(url)
        const second = happened(bad, 'close')
        ;(bad as unknown as { _socket: net.Socket })._socket.write(Buffer.from([0xf1, 0x80, 0, 0, 0, 0]))
        const [reserved] = yield* wait(second)
        return [tooBig, reserved, errors]
      },
      { maxPayload: 1000 },
    )
  },

  *'who may not, and where no WebSocket is'() {
    const verified = yield* served(echo, (url) => refused(new WebSocket(url)), {
      verifyClient: (_info, answer) => answer(false, 401, 'not you'),
    })
    const elsewhere = yield* served(echo, (url) => refused(new WebSocket(`${url}/elsewhere`)), { path: '/here' })
    const plain = http.createServer((_, response) => response.writeHead(200).end('no WebSocket'))
    yield* called((done) => plain.listen(0, '127.0.0.1', done))
    const { port } = plain.address() as AddressInfo
    veil(port, '<port>')
    const none = yield* refused(new WebSocket(`ws://127.0.0.1:${port}`))
    yield* called((done) => plain.close(done))
    const nobody = yield* refused(new WebSocket(`ws://127.0.0.1:${port}`))
    const nameless = yield* refused(new WebSocket(`ws://${'x'.repeat(64)}.invalid`))
    return [verified, elsewhere, none, nobody, nameless]
  },

  *'behind a server of HTTP, which answers others as before'() {
    const web = http.createServer((request, response) => response.end(`HTTP of ${request.url}`))
    const sockets = new WebSocketServer({ noServer: true })
    web.on('upgrade', (request, socket, head) => {
      sockets.handleUpgrade(request, socket, head, (peer) => {
        echo(peer, request)
        sockets.emit('connection', peer, request)
      })
    })
    yield* called((done) => web.listen(0, '127.0.0.1', done))
    const { port } = web.address() as AddressInfo
    veil(port, '<port>')
    const client = yield* opened(`ws://127.0.0.1:${port}`)
    const back = yield* exchange(client, 'message')
    const [response] = yield* event(http.get({ port, host: '127.0.0.1', path: '/page', agent: false }), 'response')
    const page = Buffer.concat((yield* wait((response as http.IncomingMessage).toArray())) as Buffer[])
    yield* closed(client)
    yield* called((done) => web.close(done))
    return [back, String(page)]
  },

  *'with the listeners of a browser, and given up before it is open'() {
    return yield* served(echo, function* (url) {
      const client = new WebSocket(url)
      const seen: unknown[] = []
      for (const type of ['open', 'message', 'close'] as const) {
        client.addEventListener(type, (happening: { type: string; data?: unknown; code?: number }) => {
          seen.push([happening.type, happening.data, happening.code])
        })
      }
      yield* event(client, 'open')
      yield* exchange(client, 'message')
      yield* closed(client)
      const early = new WebSocket(url)
      const error = happened(early, 'error')
      early.close()
      return [seen, (yield* wait(error))[0]]
    })
  },
}

export const races: Steps = {
  *'pressed together, by a thread of its own'() {
    return yield* served(
      echo,
      function* (url) {
        const client = yield* opened(url)
        const answers = [yield* exchange(client, 'again '.repeat(50_000)), yield* exchange(client, 'short')]
        return [client.extensions, answers, yield* closed(client)]
      },
      { perMessageDeflate: { threshold: 100 } },
    )
  },

  *'a server that does not answer'() {
    const arrived = new EventEmitter()
    const silent = net.createServer((peer) => arrived.emit('peer', peer.resume()))
    const peer = happened(arrived, 'peer')
    yield* called((done) => silent.listen(0, '127.0.0.1', done))
    const { port } = silent.address() as AddressInfo
    const late = yield* refused(new WebSocket(`ws://127.0.0.1:${port}`, { handshakeTimeout: 20 }))
    ;((yield* wait(peer))[0] as net.Socket).destroy()
    yield* called((done) => silent.close(done))
    return late
  },
}
