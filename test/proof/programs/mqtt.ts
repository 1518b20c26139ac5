/** What a program does that is a broker by `aedes` and talks to itself by `mqtt`. */
import net, { type AddressInfo, type Socket } from 'node:net'
import { Aedes, type AedesOptions } from 'aedes'
import type { Green } from 'greenloop'
import { connect, type IClientOptions, type MqttClient } from 'mqtt'
import { called, digest, event, failure, happened, type Steps, together, veil, wait } from './way.ts'

/** A broker that listens. */
interface Broker {
  readonly aedes: Aedes
  readonly sockets: readonly Socket[]
  /** A client of it that is connected. */
  client(id: string, options?: IClientOptions): Green<MqttClient>
  /** One that may not be. */
  begin(id: string, options?: IClientOptions): MqttClient
}

/** Runs `use` with a broker of its own, and waits until that is closed. */
function* served<T>(use: (broker: Broker) => Green<T>, options: AedesOptions = {}): Green<T> {
  const aedes = yield* wait(Aedes.createBroker({ id: 'broker', ...options }))
  const sockets: Socket[] = []
  const server = net.createServer((socket) => {
    sockets.push(socket)
    aedes.handle(socket)
  })
  yield* called((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  veil(port, '<port>')
  const begin = (clientId: string, more: IClientOptions = {}): MqttClient =>
    connect({ host: 'localhost', port, clientId, reconnectPeriod: 5, ...more })
  try {
    return yield* use({
      aedes,
      sockets,
      begin,
      *client(id, more) {
        const client = begin(id, more)
        yield* event(client, 'connect')
        return client
      },
    })
  } finally {
    yield* called((done) => server.close(done))
    yield* called((done) => aedes.close(done))
  }
}

/** Says good-bye, and waits until the connection is closed. */
function* closed(...clients: MqttClient[]): Green<void> {
  for (const client of clients) yield* wait(client.endAsync())
}

/** What a client receives from now on: `[topic, text, qos, retain]`. `count` resolves when there are so many. */
function received(client: MqttClient): { messages: unknown[]; count: (wanted: number) => Promise<void> } {
  const messages: unknown[] = []
  let look = (): void => undefined
  client.on('message', (topic, payload, { qos, retain }) => {
    messages.push([topic, payload.length > 100 ? digest(payload) : String(payload), qos, retain])
    look()
  })
  return {
    messages,
    count: (wanted) =>
      new Promise((resolve) => {
        look = () => {
          if (messages.length >= wanted) resolve()
        }
        look()
      }),
  }
}

export const steps: Steps = {
  *'published and received, of every quality, to names and patterns'() {
    return yield* served(function* ({ client }) {
      const reader = yield* client('reader')
      const writer = yield* client('writer')
      const { messages, count } = received(reader)
      const granted = yield* wait(
        reader.subscribeAsync({ 'exact/topic': { qos: 0 }, 'some/+/topic': { qos: 1 }, 'all/#': { qos: 2 } }),
      )
      for (const [topic, qos] of [
        ['exact/topic', 0],
        ['some/one/topic', 1],
        ['all/of/it', 2],
        ['all/less', 1],
        ['none', 2],
      ] as const) {
        const next = topic === 'none' ? Promise.resolve() : count(messages.length + 1)
        yield* wait(writer.publishAsync(topic, `to ${topic}`, { qos }))
        yield* wait(next)
      }
      yield* wait(reader.unsubscribeAsync('exact/topic'))
      yield* wait(writer.publishAsync('exact/topic', 'to nobody', { qos: 1 }))
      yield* wait(writer.publishAsync('all/last', 'the last', { qos: 1 }))
      yield* wait(count(5))
      yield* closed(writer, reader)
      return [granted, messages]
    })
  },

  *'a megabyte, bytes, nothing'() {
    return yield* served(function* ({ client }) {
      const reader = yield* client('reader')
      const writer = yield* client('writer')
      const { messages, count } = received(reader)
      yield* wait(reader.subscribeAsync('many/#', { qos: 1 }))
      yield* wait(writer.publishAsync('many/big', Buffer.alloc(1_000_000, 'big '), { qos: 1 }))
      yield* wait(count(1))
      yield* wait(writer.publishAsync('many/bytes', Buffer.from([0, 255]), { qos: 1 }))
      yield* wait(writer.publishAsync('many/empty', '', { qos: 1 }))
      yield* wait(count(3))
      yield* closed(writer, reader)
      return messages
    })
  },

  *'what is retained, and what a will says'() {
    return yield* served(function* ({ client }) {
      const writer = yield* client('writer')
      yield* wait(writer.publishAsync('kept/state', 'on', { qos: 1, retain: true }))
      const mortal = yield* client('mortal', {
        will: { topic: 'kept/will', payload: Buffer.from('gone'), qos: 1, retain: false },
      })
      const reader = yield* client('reader')
      const { messages, count } = received(reader)
      yield* wait(reader.subscribeAsync('kept/#', { qos: 1 }))
      yield* wait(count(1))
      yield* wait(mortal.endAsync(true)) // without a good-bye
      yield* wait(count(2))
      yield* wait(writer.publishAsync('kept/state', '', { qos: 1, retain: true }))
      yield* wait(count(3))
      yield* closed(writer, reader)
      return messages
    })
  },

  *'a session that goes on where it was left'() {
    return yield* served(function* ({ client, begin }) {
      const writer = yield* client('writer')
      const first = yield* client('keeper', { clean: false })
      yield* wait(first.subscribeAsync('later', { qos: 1 }))
      yield* closed(first)
      yield* wait(writer.publishAsync('later', 'one', { qos: 1 }))
      yield* wait(writer.publishAsync('later', 'two', { qos: 1 }))
      const second = begin('keeper', { clean: false })
      const { messages, count } = received(second)
      const [{ sessionPresent }] = (yield* event(second, 'connect')) as [{ sessionPresent: boolean }]
      yield* wait(count(2))
      yield* closed(writer, second)
      return [sessionPresent, messages]
    })
  },

  *'the broker hangs up: connected again, subscriptions and all'() {
    return yield* served(function* ({ client, sockets }) {
      const reader = yield* client('reader')
      const { messages, count } = received(reader)
      yield* wait(reader.subscribeAsync('again', { qos: 1 }))
      const back = happened(reader, 'connect')
      sockets[0]!.destroy()
      yield* wait(back)
      yield* wait(reader.subscribeAsync('more', { qos: 1 })) // comes behind the subscriptions that are made anew
      const writer = yield* client('writer')
      yield* wait(writer.publishAsync('again', 'here', { qos: 1 }))
      yield* wait(count(1))
      yield* closed(writer, reader)
      return messages
    })
  },

  *'who may not connect, publish, subscribe'() {
    const options: AedesOptions = {
      authenticate(_client, name, password, done) {
        const error = Object.assign(new Error('not you'), { returnCode: 4 })
        if (name === 'user' && String(password) === 'secret') done(null, true)
        else done(error, null)
      },
      authorizePublish: (_client, { topic }, done) => done(topic === 'forbidden' ? new Error('forbidden') : null),
      authorizeSubscribe: (_client, subscription, done) =>
        done(null, subscription.topic === 'forbidden' ? null : subscription),
    }
    return yield* served(function* ({ client, begin }) {
      const stranger = begin('stranger', { reconnectPeriod: 0 })
      const [error] = yield* event(stranger, 'error')
      yield* closed(stranger)
      const known = yield* client('known', { username: 'user', password: 'secret', reconnectPeriod: 0 })
      const granted = yield* failure(known.subscribeAsync('forbidden'))
      const close = happened(known, 'close')
      const published = failure(known.publishAsync('forbidden', 'x', { qos: 0 }))
      yield* published
      yield* wait(close)
      yield* closed(known)
      return [error, granted]
    }, options)
  },

  *'nobody listens; no such name'() {
    const closedServer = net.createServer()
    yield* called((done) => closedServer.listen(0, '127.0.0.1', done))
    const { port } = closedServer.address() as AddressInfo
    veil(port, '<port>')
    yield* called((done) => closedServer.close(done))
    const client = connect({ host: '127.0.0.1', port, clientId: 'early', reconnectPeriod: 0 })
    const queued = client.publishAsync('x', 'queued', { qos: 1 }).catch((error: unknown) => error)
    const [error] = yield* event(client, 'error')
    yield* wait(client.endAsync(true))
    const nameless = connect({ host: `${'x'.repeat(64)}.invalid`, clientId: 'nameless', reconnectPeriod: 0 })
    const [unknown] = yield* event(nameless, 'error')
    yield* wait(nameless.endAsync(true))
    return [error, yield* wait(queued), unknown]
  },
}

export const races: Steps = {
  *'30 at once'() {
    return yield* served(function* ({ client }) {
      const reader = yield* client('reader')
      const writer = yield* client('writer')
      const { messages, count } = received(reader)
      yield* wait(reader.subscribeAsync('many/#', { qos: 1 }))
      yield* together(
        Array.from({ length: 30 }, (_, index) => () => {
          return wait(writer.publishAsync(`many/${index}`, String(index), { qos: 1 })) as Green<unknown>
        }),
      )
      yield* wait(count(30))
      yield* closed(writer, reader)
      return messages
    })
  },
}
