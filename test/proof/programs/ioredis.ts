/** What a program does with `ioredis`, against the server at the port `SERVER_PORT`. */
import net, { type AddressInfo, type Socket } from 'node:net'
import type { Readable } from 'node:stream'
import type { Green } from 'greenloop'
import { Redis, type RedisOptions } from 'ioredis'
import { called, digest, event, failure, happened, type Steps, together, veil, wait } from './way.ts'

const port = Number(process.env['SERVER_PORT'])
/** Its options, without the one whose type does not fit its own class. */
type Options = Omit<RedisOptions, 'replyMapping'>

const config: Options = { host: 'localhost', port }
veil(port, '<port>')

/** Runs `use` with a client of its own, and waits until its connection is closed. */
function* withClient<T>(use: (redis: Redis) => Green<T>, more: Options = {}): Green<T> {
  const redis = new Redis({ ...config, ...more })
  try {
    return yield* use(redis)
  } finally {
    const ended = happened(redis, 'end')
    yield* wait(redis.quit())
    yield* wait(ended)
  }
}

/** Two clients at the same time. */
function* withTwo<T>(use: (one: Redis, other: Redis) => Green<T>): Green<T> {
  return yield* withClient((one) => withClient((other) => use(one, other)))
}

export const steps: Steps = {
  *'nothing is left of the last time'() {
    return yield* withClient(function* (redis) {
      yield* wait(redis.script('FLUSH'))
      return [yield* wait(redis.flushall()), yield* wait(redis.dbsize())]
    })
  },

  *'values of every kind'() {
    return yield* withClient(function* (redis) {
      const bytes = Buffer.from([0, 13, 10, 255])
      return [
        yield* wait(redis.set('text', 'größer')),
        yield* wait(redis.get('text')),
        yield* wait(redis.get('nothing')),
        yield* wait(redis.set('text', 'other', 'NX')),
        yield* wait(redis.set('bytes', bytes)),
        yield* wait(redis.getBuffer('bytes')),
        yield* wait(redis.incrby('count', 40)),
        yield* wait(redis.incrbyfloat('count', 2.5)),
        yield* wait(redis.hset('hash', { one: 1, two: '2' })),
        yield* wait(redis.hgetall('hash')),
        yield* wait(redis.hmget('hash', 'one', 'three')),
        yield* wait(redis.rpush('list', 'a', 'b', 'c')),
        yield* wait(redis.lrange('list', 0, -1)),
        yield* wait(redis.sadd('set', 'only')),
        yield* wait(redis.smembers('set')),
        yield* wait(redis.zadd('sorted', 2, 'b', 1, 'a')),
        yield* wait(redis.zrange('sorted', '0', '-1', 'WITHSCORES')),
        yield* wait(redis.exists('text', 'hash', 'nothing')),
        yield* wait(redis.expire('text', 100)),
        yield* wait(redis.type('hash')),
        yield* wait(redis.mget('text', 'nothing', 'count')),
        yield* wait(redis.del('text', 'nothing')),
        yield* wait(redis.call('ECHO', 'by name')),
      ]
    })
  },

  *'errors of the server, after which the connection works'() {
    return yield* withClient(function* (redis) {
      yield* wait(redis.set('text', 'no number'))
      return [
        yield* failure(redis.incr('text')),
        yield* failure(redis.lpush('text', 'x')),
        yield* failure(redis.call('NOCOMMAND', '1')),
        yield* failure(redis.call('GET')),
        yield* failure(redis.evalsha('0'.repeat(40), 0)),
        yield* failure(redis.eval('return redis.error_reply("OWN of a script")', 0)),
        yield* wait(redis.ping()),
      ]
    })
  },

  *'pipelines, and 300 commands in a row before the first has answered'() {
    return yield* withClient(function* (redis) {
      const pipeline = redis.pipeline().set('p', 1).incr('p').lpush('p', 'x').get('p').exec()
      const row = Array.from({ length: 300 }, (_, index) => redis.incrby('row', index))
      return [yield* wait(pipeline), digest((yield* wait(Promise.all(row))).join())]
    })
  },

  *'commands that are put together by themselves'() {
    return yield* withClient(
      function* (redis) {
        yield* wait(redis.ping())
        const names = ['a', 'b', 'c', 'd']
        const set = yield* together(names.map((name) => () => wait(redis.set(`auto:${name}`, name)) as Green<unknown>))
        const got = yield* together(names.map((name) => () => wait(redis.get(`auto:${name}`)) as Green<unknown>))
        return [set, got]
      },
      { enableAutoPipelining: true },
    )
  },

  *'transactions: done, discarded, with a wrong command, overtaken'() {
    return yield* withTwo(function* (redis, other) {
      const done = yield* wait(redis.multi().set('t', 1).incr('t').lpush('t', 'x').get('t').exec())
      const discarded = yield* wait(redis.multi({ pipeline: false }))
      const queued = yield* wait(redis.set('t', 100))
      const discard = yield* wait(redis.discard())
      const wrong = yield* failure(redis.multi().set('t', 1).call('NOCOMMAND').exec())
      yield* wait(redis.watch('t'))
      yield* wait(other.set('t', 'overtaken'))
      const overtaken = yield* wait(redis.multi().set('t', 'mine').exec())
      return [done, discarded, queued, discard, wrong, overtaken, yield* wait(redis.get('t'))]
    })
  },

  *'scripts, by their text and as commands of their own'() {
    return yield* withClient(function* (redis) {
      redis.defineCommand('twice', {
        numberOfKeys: 1,
        lua: 'return { KEYS[1], ARGV[1] * 2, redis.call("INCR", KEYS[1]) }',
      })
      const { twice } = redis as unknown as { twice: (key: string, value: number) => Promise<unknown> }
      return [
        yield* wait(redis.eval('return { 1, "two", { 3 }, false, "after a hole" }', 0)),
        yield* wait(twice.call(redis, 'counted', 21)),
        yield* wait(twice.call(redis, 'counted', 4)),
      ]
    })
  },

  *'published and subscribed, by name and by pattern'() {
    return yield* withTwo(function* (redis, subscriber) {
      const seen: unknown[] = []
      subscriber.on('message', (...args: unknown[]) => seen.push(args))
      subscriber.on('pmessageBuffer', (...args: unknown[]) => seen.push(args))
      const subscribed = yield* wait(subscriber.subscribe('news', 'weather'))
      yield* wait(subscriber.psubscribe('n*'))
      const receivers: unknown[] = []
      for (const [channel, message] of [
        ['news', 'one'],
        ['weather', 'two'],
        ['sports', 'nobody'],
        ['nature', 'three'],
      ]) {
        receivers.push(yield* wait(redis.publish(channel!, message!)))
      }
      yield* wait(subscriber.unsubscribe('news', 'weather'))
      yield* wait(subscriber.punsubscribe('n*'))
      receivers.push(yield* wait(redis.publish('news', 'too late')))
      return [subscribed, receivers, seen, yield* wait(subscriber.ping())]
    })
  },

  *'a list that one waits at and another fills'() {
    return yield* withTwo(function* (redis, waiting) {
      yield* wait(waiting.ping())
      const popped = waiting.blpop('queue', 5)
      yield* wait(redis.rpush('queue', 'first', 'second'))
      return [yield* wait(popped), yield* wait(redis.blpop('queue', 5)), yield* wait(redis.blpop('queue', 0.01))]
    })
  },

  *'streams and their groups of readers'() {
    return yield* withTwo(function* (redis, reader) {
      yield* wait(reader.ping())
      const read = reader.xread('COUNT', 10, 'BLOCK', 5000, 'STREAMS', 'log', '0')
      yield* wait(redis.xadd('log', '1-1', 'field', 'value'))
      const first = yield* wait(read)
      yield* wait(redis.xgroup('CREATE', 'log', 'group', '0'))
      yield* wait(redis.xadd('log', '2-1', 'a', '1', 'b', '2'))
      const group = yield* wait(reader.xreadgroup('GROUP', 'group', 'me', 'COUNT', 10, 'STREAMS', 'log', '>'))
      return [first, group, yield* wait(reader.xack('log', 'group', '1-1', '2-1'))]
    })
  },

  *'a scan as a stream, read by events and by a loop'() {
    return yield* withClient(function* (redis) {
      yield* wait(redis.mset(Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`scan:${index}`, index]))))
      const keys: string[] = []
      const stream: Readable = redis.scanStream({ match: 'scan:*', count: 100 })
      stream.on('data', (found: string[]) => keys.push(...found))
      yield* event(stream, 'end')
      const looped = yield* wait(all(redis.scanStream({ match: 'scan:1*', count: 100 }) as AsyncIterable<string[]>))
      return [digest(keys.sort().join()), digest(looped.sort().join())]
    })
  },

  *'two megabytes there and back'() {
    return yield* withClient(function* (redis) {
      const bytes = Buffer.from(Uint8Array.from({ length: 2_000_000 }, (_, index) => index))
      yield* wait(redis.set('big', bytes))
      const part = yield* wait(redis.getrange('big', 65, 70))
      return [digest(bytes), digest((yield* wait(redis.getBuffer('big')))!), part]
    })
  },

  *'callbacks, a prefix of keys, a database of its own, commands before the connection'() {
    return yield* withClient(
      function* (redis) {
        const early = redis.set('early', 'waited')
        const status: string[] = [redis.status]
        yield* wait(early)
        status.push(redis.status)
        const got = yield* called<string | null>((done) => redis.get('early', done))
        const error = new Promise((resolve) => {
          void redis.incr('early', resolve)
        })
        return [status, got, yield* wait(error), yield* wait(redis.call('KEYS', '*'))]
      },
      { keyPrefix: 'mine:', db: 3 },
    )
  },

  *'a connection that the server closes: found again, subscriptions and all'() {
    return yield* withTwo(function* (redis, subscriber) {
      yield* wait(subscriber.subscribe('after'))
      const id = yield* wait(subscriber.client('ID'))
      const again = happened(subscriber, 'ready')
      yield* wait(redis.client('KILL', 'ID', id))
      yield* wait(again)
      const message = happened(subscriber, 'message')
      const early = subscriber.subscribe('more') // answered when the old subscriptions are back
      yield* wait(early)
      yield* wait(redis.publish('after', 'all the same'))
      const seen = yield* wait(message)
      yield* wait(subscriber.unsubscribe('after', 'more'))
      return seen
    })
  },

  *'a second client made from the first, only when it is asked for'() {
    return yield* withClient(function* (redis) {
      const second = redis.duplicate({ lazyConnect: true })
      const status: string[] = [second.status]
      yield* wait(second.connect())
      status.push(second.status, yield* wait(second.ping()))
      const again = yield* failure(second.connect())
      const ended = happened(second, 'end')
      second.disconnect()
      yield* wait(ended)
      return [status, again, yield* failure(second.ping())]
    })
  },

  *'what the server sees of others'() {
    return yield* withClient(function* (redis) {
      yield* wait(redis.ping())
      const monitor = yield* wait(redis.monitor())
      const seen = happened(monitor, 'monitor')
      yield* wait(redis.echo('watched'))
      const [, command, , database] = yield* wait(seen)
      const ended = happened(monitor, 'end')
      monitor.disconnect()
      yield* wait(ended)
      return [command, database]
    })
  },

  *'nobody listens; no such name; a server that says nothing'() {
    const silent = net.createServer((peer) => peers.push(peer.resume()))
    const peers: Socket[] = []
    yield* called((done) => silent.listen(0, '127.0.0.1', done))
    const { port: other } = silent.address() as AddressInfo
    veil(other, '<other port>')
    const failures: unknown[] = []
    const give: Options = { lazyConnect: true, retryStrategy: null, enableReadyCheck: false, disconnectTimeout: 10 }
    for (const more of [
      { host: '127.0.0.1', port: other, connectTimeout: 1000, commandTimeout: 20 },
      { host: `${'x'.repeat(64)}.invalid` },
    ]) {
      const redis = new Redis({ ...config, ...give, ...more })
      const errors: unknown[] = []
      redis.on('error', (error) => errors.push(error))
      failures.push(yield* failure(redis.connect()), yield* failure(redis.ping()), errors)
      const ended = happened(redis, 'end')
      redis.disconnect()
      if (redis.status !== 'end') yield* wait(ended)
    }
    for (const peer of peers) peer.destroy()
    yield* called((done) => silent.close(done))
    const refused = new Redis({
      ...config,
      host: '127.0.0.1',
      port: other,
      maxRetriesPerRequest: 1,
      retryStrategy: () => 1,
      disconnectTimeout: 10,
    })
    refused.on('error', () => undefined)
    failures.push(yield* failure(refused.ping()))
    refused.disconnect()
    return failures
  },
}

/** All parts of a sequence, one behind the other. */
async function all<T>(parts: AsyncIterable<readonly T[]>): Promise<T[]> {
  const result: T[] = []
  for await (const part of parts) result.push(...part)
  return result
}
