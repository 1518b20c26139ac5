/** What a program does with `pg`, against the server at the port `SERVER_PORT`. */
import net, { type AddressInfo, type Socket } from 'node:net'
import type { Green } from 'greenloop'
import pg, { type ClientConfig, type PoolClient, type QueryResult } from 'pg'
import { called, digest, event, failure, happened, type Steps, together, veil, wait } from './way.ts'

const port = Number(process.env['SERVER_PORT'])
const config: ClientConfig = { host: 'localhost', port, user: 'postgres', database: 'postgres' }
veil(port, '<port>')

/**
 * Runs `use` with a client of its own. The last query is one that succeeds: after an error `pg` answers before it has read all, and what is
 * left comes before or after the farewell.
 */
function* withClient<T>(use: (client: pg.Client) => Green<T>, more: ClientConfig = {}): Green<T> {
  const client = new pg.Client({ ...config, ...more })
  yield* wait(client.connect())
  try {
    return yield* use(client)
  } finally {
    yield* wait(client.query('SELECT 1'))
    yield* wait(client.end())
  }
}

/** A server that does with its connections what it is told. */
function* misbehaving(onConnection: (peer: Socket) => void): Green<net.Server> {
  const server = net.createServer(onConnection)
  yield* called((done) => server.listen(0, '127.0.0.1', done))
  veil((server.address() as AddressInfo).port, '<other port>')
  return server
}

function clientOf(server: net.Server, more: ClientConfig = {}): pg.Client {
  return new pg.Client({ ...config, host: '127.0.0.1', port: (server.address() as AddressInfo).port, ...more })
}

/** Without what is of the driver's inside. */
function told({ command, rowCount, rows, fields }: QueryResult): unknown {
  return { command, rowCount, rows: rows as unknown, fields: fields.map(({ name, dataTypeID }) => [name, dataTypeID]) }
}

export const steps: Steps = {
  *'a server that remembers nothing, and a table to work with'() {
    return yield* withClient(function* (client) {
      yield* wait(client.query('DISCARD ALL'))
      const results: unknown = yield* wait(
        client.query(
          `DROP TABLE IF EXISTS accounts;
           CREATE TABLE accounts (id serial PRIMARY KEY, owner text UNIQUE NOT NULL, balance int CHECK (balance >= 0))`,
        ),
      )
      return (results as QueryResult[]).map(told)
    })
  },

  *'types out'() {
    return yield* withClient(function* (client) {
      const sql = `SELECT 1::int2, 2::int4, 3::int8, 1.5::float8, 'NaN'::float8 AS nan, 12345678901234567890.123::numeric,
        'text'::text, true AS yes, NULL AS nothing, '{"a":[1,{"b":null}]}'::json, '[1,"2"]'::jsonb,
        '{1,NULL,3}'::int[], '{{a,"b,c"},{d,e}}'::text[], '\\xdeadbeef'::bytea, '(1,2)'::point, '1 day 02:03:04'::interval,
        '2024-02-29T12:00:00Z'::timestamptz, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid`
      const rows = yield* wait(client.query({ text: sql, rowMode: 'array' }))
      const ownTypes = { getTypeParser: () => (text: string | Buffer) => `<${String(text)}>` }
      const own = yield* wait(client.query({ text: 'SELECT 1 AS one, now() IS NULL AS null', types: ownTypes }))
      return [told(yield* wait(client.query(sql))), rows.rows, own.rows]
    })
  },

  *'values in'() {
    return yield* withClient(function* (client) {
      const values = [1, 2.5, 'text', true, null, Buffer.from([0, 255]), new Date(0), ['a', null, 'b"'], { a: [1] }]
      const types = ['int', 'float', 'text', 'bool', 'text', 'bytea', 'timestamptz', 'text[]', 'jsonb']
      const sql = `SELECT ${types.map((type, index) => `$${index + 1}::${type} AS v${index}`).join(', ')}`
      return told(yield* wait(client.query(sql, values)))
    })
  },

  *'several statements in one query, an empty one, and a result for each'() {
    return yield* withClient(function* (client) {
      const results: unknown = yield* wait(
        client.query('SELECT 1 AS one; SELECT 2 AS two WHERE false; SELECT 3 AS three'),
      )
      return [(results as QueryResult[]).map(told), told(yield* wait(client.query('')))]
    })
  },

  *'prepared statements, one of them under a name that is taken'() {
    return yield* withClient(function* (client) {
      const answers: unknown[] = []
      for (const value of [1, 2, 3]) {
        answers.push(
          told(yield* wait(client.query({ name: 'twice', text: 'SELECT $1::int * 2 AS twice', values: [value] }))),
        )
      }
      answers.push(yield* failure(client.query({ name: 'twice', text: 'SELECT $1::int * 3', values: [1] })))
      return answers
    })
  },

  *'errors of the server, after which the connection works'() {
    return yield* withClient(function* (client) {
      yield* wait(client.query("INSERT INTO accounts (owner, balance) VALUES ('first', 1)"))
      const errors: unknown[] = []
      for (const sql of [
        'SELEC 1',
        'SELECT * FROM nowhere',
        'SELECT 1 / 0',
        "INSERT INTO accounts (owner) VALUES ('first')",
        "INSERT INTO accounts (owner, balance) VALUES ('second', -1)",
        'INSERT INTO accounts (balance) VALUES (1)',
      ]) {
        errors.push(yield* failure(client.query(sql)))
      }
      errors.push(yield* failure(client.query('SELECT $1::int', ['no number'])))
      errors.push(yield* failure(client.query('SELECT $1::int', [1, 2])))
      return [errors, told(yield* wait(client.query('SELECT owner FROM accounts')))]
    })
  },

  *'transactions: rolled back, to a savepoint, aborted by an error, committed'() {
    return yield* withClient(function* (client) {
      const insert = 'INSERT INTO accounts (owner, balance) VALUES ($1, $2) RETURNING owner, balance'
      const answers: unknown[] = []
      yield* wait(client.query('BEGIN'))
      answers.push(told(yield* wait(client.query(insert, ['gone', 1]))))
      answers.push(told(yield* wait(client.query('ROLLBACK'))))
      yield* wait(client.query('BEGIN'))
      yield* wait(client.query(insert, ['kept', 2]))
      yield* wait(client.query('SAVEPOINT here'))
      yield* wait(client.query(insert, ['forgotten', 3]))
      yield* wait(client.query('ROLLBACK TO SAVEPOINT here'))
      answers.push(told(yield* wait(client.query('COMMIT'))))
      yield* wait(client.query('BEGIN'))
      answers.push(yield* failure(client.query('SELECT 1 / 0')))
      answers.push(yield* failure(client.query('SELECT 1')))
      answers.push(told(yield* wait(client.query('COMMIT')))) // which is a ROLLBACK
      return [answers, told(yield* wait(client.query('SELECT owner, balance FROM accounts ORDER BY owner')))]
    })
  },

  *'40 queries in a row before the first has answered, one of which fails'() {
    return yield* withClient(function* (client) {
      return yield* together(
        Array.from({ length: 40 }, (_, index) => () => {
          const sql = index === 20 ? 'SELECT nothing' : 'SELECT $1::int AS n'
          return failureOr(client.query<{ n: number }>(sql, index === 20 ? [] : [index]))
        }),
      )
    })
  },

  *'notices and notifications'() {
    return yield* withClient(function* (client) {
      const seen: unknown[] = []
      client.on('notice', ({ message, severity }) => seen.push([severity, message]))
      client.on('notification', ({ channel, payload }) => seen.push([channel, payload]))
      yield* wait(client.query("DO $$ BEGIN RAISE NOTICE 'first'; RAISE WARNING 'second'; END $$"))
      yield* wait(client.query("LISTEN news; NOTIFY news, 'of today'; NOTIFY news; UNLISTEN news"))
      return seen
    })
  },

  *'a megabyte there and back, as text and as bytes; 5,000 rows'() {
    return yield* withClient(function* (client) {
      const text = 'größer '.repeat(150_000)
      const bytes = Buffer.from(Uint8Array.from({ length: 1_000_000 }, (_, index) => index))
      const big = yield* wait(
        client.query<{ text: string; bytes: Buffer }>('SELECT $1::text AS text, $2::bytea AS bytes', [text, bytes]),
      )
      const many = yield* wait(client.query<{ n: number }>('SELECT generate_series(1, 5000) AS n'))
      const [row] = big.rows
      return [
        digest(row!.text),
        digest(text),
        digest(row!.bytes),
        digest(bytes),
        many.rows.reduce((sum, { n }) => sum + n, 0),
      ]
    })
  },

  *'callbacks, and a query that is an emitter'() {
    return yield* withClient(function* (client) {
      const { rows } = yield* called<QueryResult>((done) => client.query('SELECT 1 AS one', done))
      const query = client.query(new pg.Query('SELECT generate_series(1, 3) AS n'))
      const seen: unknown[] = []
      query.on('row', (row: unknown) => seen.push(row))
      const [result] = yield* event(query, 'end')
      const broken = client.query(new pg.Query('SELECT nothing'))
      return [rows, seen, told(result as QueryResult), yield* event(broken, 'error')]
    })
  },

  *'a pool of one for nine, with one that breaks its connection'() {
    const pool = new pg.Pool({ ...config, max: 1 })
    const answers = yield* together(
      Array.from(
        { length: 9 },
        (_, index) =>
          function* () {
            const client: PoolClient = yield* wait(pool.connect())
            const { rows } = yield* wait(client.query<{ n: number }>(`SELECT ${index} AS n`))
            client.release(index === 4)
            return rows
          },
      ),
    )
    const direct = yield* wait(pool.query('SELECT $1::text AS direct', ['yes']))
    const counts = [pool.totalCount, pool.idleCount, pool.waitingCount]
    yield* wait(pool.end())
    return [answers, direct.rows, counts, yield* failure(pool.connect())]
  },

  *'a pool of three, of which all are out when three more are asked for'() {
    const pool = new pg.Pool({ ...config, max: 3 })
    const first: PoolClient[] = []
    for (let count = 0; count < 3; count++) first.push(yield* wait(pool.connect()))
    const waiting = [0, 1, 2].map(() => pool.connect())
    const counts = [[pool.totalCount, pool.idleCount, pool.waitingCount]]
    for (const client of first.reverse()) client.release()
    const second = yield* together(waiting.map((client) => () => wait(client) as Green<PoolClient>))
    counts.push([pool.totalCount, pool.idleCount, pool.waitingCount])
    const same = second.map((client) => first.indexOf(client))
    const answers = yield* together(
      second.map(
        (client, index) =>
          function* () {
            return (yield* wait(client.query<{ n: number }>('SELECT $1::int AS n', [index]))).rows
          },
      ),
    )
    for (const client of second) client.release()
    counts.push([pool.totalCount, pool.idleCount, pool.waitingCount])
    yield* wait(pool.end())
    return [counts, same, answers]
  },

  *'a pool whose only client is out for too long'() {
    const pool = new pg.Pool({ ...config, max: 1 })
    const client = yield* wait(pool.connect())
    pool.options.connectionTimeoutMillis = 20
    const error = yield* failure(pool.connect())
    client.release()
    yield* wait(pool.end())
    return error
  },

  *'nobody listens; no such name'() {
    const server = yield* misbehaving(() => undefined)
    const { port: closed } = server.address() as AddressInfo
    yield* called((done) => server.close(done))
    const refused = new pg.Client({ ...config, host: '127.0.0.1', port: closed })
    const nameless = new pg.Client({ ...config, host: `${'x'.repeat(64)}.invalid` })
    return [yield* failure(refused.connect()), yield* failure(nameless.connect())]
  },

  *'a server that hangs up, one that has no TLS'() {
    const rude = yield* misbehaving((peer) => peer.once('data', () => peer.end()))
    const gone = yield* failure(clientOf(rude).connect())
    const bare = yield* failure(new pg.Client({ ...config, ssl: true }).connect())
    yield* called((done) => rude.close(done))
    return [gone, bare]
  },

  *'a connection that is lost while queries wait'() {
    const sockets: Socket[] = []
    const proxy = yield* misbehaving((peer) => {
      const upstream = net.connect(port, 'localhost')
      sockets.push(peer, upstream)
      peer.pipe(upstream).pipe(peer)
    })
    const client = clientOf(proxy)
    yield* wait(client.connect())
    const lost = happened(client, 'error')
    const ended = happened(client, 'end')
    const [peer, upstream] = sockets
    peer!.unpipe()
    peer!.once('data', () => {
      peer!.destroy()
      upstream!.destroy()
    })
    peer!.resume()
    const queries = ['SELECT 1', 'SELECT 2'].map((sql) => client.query(sql))
    const errors = yield* together(queries.map((query) => () => failure(query)))
    yield* wait(ended)
    errors.push(yield* failure(client.query('SELECT 3')))
    yield* called((done) => proxy.close(done))
    return [errors, yield* wait(lost)]
  },

  *'nothing is left behind'() {
    return yield* withClient(function* (client) {
      return told(yield* wait(client.query('DROP TABLE accounts')))
    })
  },
}

export const races: Steps = {
  *'a server that says nothing'() {
    const peers: Socket[] = []
    const silent = yield* misbehaving((peer) => peers.push(peer.resume()))
    const late = yield* failure(clientOf(silent, { connectionTimeoutMillis: 20 }).connect())
    for (const peer of peers) peer.destroy()
    yield* called((done) => silent.close(done))
    return late
  },
}

/** The rows, or the error. */
function* failureOr(query: Promise<QueryResult>): Green<unknown> {
  try {
    return (yield* wait(query)).rows as unknown
  } catch (error) {
    return (error as Error).message
  }
}
