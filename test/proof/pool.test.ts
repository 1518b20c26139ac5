// Greenlets share a pool of `pg`, and some are killed at random points: every connection comes back.
import { fromCallback, type Green, type Greenlet, joinall, type Operation, sleep, spawn, until } from 'greenloop'
import * as monkey from 'greenloop/monkey'
import pg, { type Pool, type PoolClient, type PoolConfig } from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { catchUnhandled, eventually, randomOf } from '../net/support.ts'
import { checkLeaks } from '../support/leaks.ts'
import { type Server, startPostgres } from './servers.ts'

checkLeaks()

const SEED = 20_260

let postgres: Server
beforeAll(async () => {
  postgres = await startPostgres()
  monkey.patchAll()
}, 30_000)
afterAll(async () => {
  monkey.unpatchAll()
  await postgres.stop()
})

/** A pool with an empty table `work`; closed when the test is over, which a connection that is out would prevent. */
async function freshPool(config: PoolConfig = {}): Promise<Pool> {
  const pool = new pg.Pool({
    host: '127.0.0.1',
    port: postgres.port,
    user: 'postgres',
    database: 'postgres',
    ...config,
  })
  await pool.query('DROP TABLE IF EXISTS work; CREATE TABLE work (owner int, part int)')
  onTestFinished(() => pool.end())
  return pool
}

/**
 * Takes a client as a greenlet should: one that comes when the greenlet has been killed goes back at once. A callback can do so, since it
 * is told of the client and of the kill without a promise between the two.
 */
function take(pool: Pool): Operation<PoolClient> {
  return fromCallback<PoolClient>((done) => {
    let gone = false
    pool.connect((error, client) => {
      if (gone) client?.release()
      else done(error, client)
    })
    return () => {
      gone = true
    }
  })
}

/** The same by a promise, for drivers that have nothing else. */
function takeByPromise(pool: Pool): Operation<PoolClient> {
  return fromCallback<PoolClient>((done) => {
    let gone = false
    pool.connect().then((client) => {
      if (gone) client.release()
      else done(null, client)
    }, done)
    return () => {
      gone = true
    }
  })
}

/** Says that a greenlet is about to wait. */
type Before = () => void

/** Two rows in one transaction, by a client that is thrown away if the transaction was not finished. */
function* work(pool: Pool, owner: number, before: Before): Green<number> {
  before()
  const client = yield* take(pool)
  let broken = true
  try {
    before()
    yield* client.query('BEGIN')
    for (const part of [1, 2]) {
      before()
      yield* client.query('INSERT INTO work VALUES ($1, $2)', [owner, part])
    }
    before()
    yield* client.query('COMMIT')
    broken = false
  } finally {
    client.release(broken)
  }
  return owner
}

/**
 * The same by a client that is cleaned, whatever has happened: a `finally` may wait, even in a greenlet that is being killed. But a kill may
 * come in that wait, too, so what must be done after it stands in a `finally` of its own.
 */
function* tidyWork(pool: Pool, owner: number, before: Before): Green<number> {
  before()
  const client = yield* take(pool)
  try {
    before()
    yield* client.query('BEGIN')
    for (const part of [1, 2]) {
      before()
      yield* client.query('INSERT INTO work VALUES ($1, $2)', [owner, part])
    }
    before()
    yield* client.query('COMMIT')
  } finally {
    try {
      yield* client.query('ROLLBACK') // which is nothing after a COMMIT
    } finally {
      client.release()
    }
  }
  return owner
}

interface Outcome {
  readonly done: readonly number[]
  /** Those that were killed, and in which of their waits, or after it. */
  readonly killed: ReadonlyMap<number, number>
}

/** Runs `body` in 100 greenlets, of which about half are killed, each in a wait that the seed chooses, and a while into it. */
async function hundred(
  body: (pool: Pool, owner: number, before: Before) => Green<number>,
  pool: Pool,
): Promise<Outcome> {
  const random = randomOf(SEED)
  const killed = new Map<number, number>()
  const greenlets: Greenlet<number>[] = Array.from({ length: 100 }, (_, owner) => {
    const fatal = random() < 0.5 ? Math.floor(random() * 5) : -1
    const delays = random() < 0.3 ? 'microtask' : random() < 0.5 ? 'turn' : random() * 20
    let waits = 0
    const kill = (): void => {
      if (greenlets[owner]!.dead) return
      killed.set(owner, waits)
      greenlets[owner]!.kill()
    }
    const before = (): void => {
      if (waits++ !== fatal) return
      if (delays === 'microtask') queueMicrotask(kill)
      else if (delays === 'turn') setImmediate(kill)
      else setTimeout(kill, delays)
    }
    return spawn(body, pool, owner, before)
  })
  await joinall(greenlets)
  return {
    done: greenlets.filter((greenlet) => typeof greenlet.value === 'number').map(({ value }) => value as number),
    killed,
  }
}

/** Every connection is back, and the next hundred queries find one. */
async function expectWhole(pool: Pool): Promise<void> {
  await eventually('nobody waits, and all that are there are idle', () => {
    return pool.waitingCount === 0 && pool.idleCount === pool.totalCount
  })
  expect(pool.totalCount).toBeLessThanOrEqual(10)
  const next = Array.from({ length: 100 }, (_, index) =>
    spawn(function* () {
      const { rows } = yield* pool.query<{ n: number }>(`SELECT ${index} AS n`)
      return rows[0]!.n
    }),
  )
  expect((await joinall(next)).map(({ value }) => value)).toEqual(next.map((_, index) => index))
  await eventually('all are idle again', () => pool.idleCount === pool.totalCount)
}

/** What was committed: both parts of the work of everybody who has come to the end, and of the others both or none. */
async function expectNoHalves(pool: Pool, { done, killed }: Outcome): Promise<void> {
  const { rows } = await pool.query<{ owner: number; parts: number[] }>(
    'SELECT owner, array_agg(part ORDER BY part) AS parts FROM work GROUP BY owner ORDER BY owner',
  )
  for (const { owner, parts } of rows) {
    expect(parts).toEqual([1, 2])
    expect(done.includes(owner) || killed.get(owner) === 5, `${owner} was killed before its COMMIT`).toBe(true)
  }
  expect(rows.map(({ owner }) => owner)).toEqual(expect.arrayContaining([...done]))
}

describe('100 greenlets share a pool of ten, and half are killed', () => {
  it('each takes a client, works in a transaction, and gives it back', async () => {
    const unhandled = catchUnhandled()
    const pool = await freshPool({ max: 10 })
    let removed = 0
    pool.on('remove', () => removed++)
    const outcome = await hundred(work, pool)
    await expectWhole(pool)
    await expectNoHalves(pool, outcome)
    expect(outcome.done.length + outcome.killed.size).toBe(100)
    expect([...new Set(outcome.killed.values())].sort()).toEqual([1, 2, 3, 4, 5]) // in each of its waits somebody was
    expect(removed).toBeGreaterThan(0) // those of transactions that were not finished
    expect(unhandled).toEqual([])
  })

  it('each cleans its client in a finally that waits: no connection is made anew', async () => {
    const pool = await freshPool({ max: 10 })
    let made = 1 // freshPool has used one
    let removed = 0
    pool.on('connect', () => made++)
    pool.on('remove', () => removed++)
    const outcome = await hundred(tidyWork, pool)
    expect([pool.totalCount, made, removed]).toEqual([10, 10, 0])
    await expectWhole(pool)
    await expectNoHalves(pool, outcome)
    expect(outcome.killed.size).toBeGreaterThan(30)
  })

  it('each only asks the pool, which lends and takes back by itself', async () => {
    const pool = await freshPool({ max: 10 })
    const { done, killed } = await hundred(function* (all, owner, before) {
      for (let wait = 0; wait < 5; wait++) {
        before()
        yield* all.query(`SELECT ${owner}`)
      }
      return owner
    }, pool)
    await expectWhole(pool)
    expect(done.length + killed.size).toBe(100)
  })
})

describe('a kill in connect()', () => {
  /**
   * A greenlet takes the only client of a pool and is killed `hops` microtasks after the pool has one for it, a `new` one, or one that
   * another had. Tells whether the client has come back; if not, gives it back.
   */
  async function comesBack(how: (pool: Pool) => Operation<PoolClient>, hops: number, which: string): Promise<boolean> {
    const pool = await freshPool({ max: 1 })
    const first = await pool.connect()
    if (which === 'new') first.release(true)
    await eventually('the pool is empty, or its only client is out', () => which !== 'new' || pool.totalCount === 0)
    const greenlet = spawn(function* () {
      const client = yield* how(pool)
      try {
        yield* sleep(1000)
      } finally {
        client.release()
      }
    })
    const killIn = (left: number): void => {
      if (left === 0) greenlet.kill()
      else queueMicrotask(() => killIn(left - 1))
    }
    const acquired = new Promise<PoolClient>((resolve) => {
      pool.once('acquire', (client) => {
        resolve(client as PoolClient) // the pool lends it in this moment
        killIn(hops)
      })
    })
    if (which !== 'new') setImmediate(() => first.release())
    const client = await acquired
    await greenlet.join()
    await new Promise((resolve) => setTimeout(resolve, 2))
    const isBack = pool.idleCount === 1
    if (!isBack) client.release()
    expect([pool.totalCount, pool.idleCount, pool.waitingCount]).toEqual([1, 1, 0])
    return isBack
  }

  /** After how many microtasks it was lost. */
  async function losses(how: (pool: Pool) => Operation<PoolClient>, which: string): Promise<number[]> {
    const lost: number[] = []
    for (let hops = 0; hops < 7; hops++) if (!(await comesBack(how, hops, which))) lost.push(hops)
    return lost
  }

  it.each(['new', 'used'])('loses no client that comes by a callback: a %s one', async (which) => {
    expect(await losses(take, which)).toEqual([])
    expect(await losses(takeByPromise, which)).toEqual([])
  })

  it('loses it while its promise is followed, since nobody can take a promise back', async () => {
    expect((await losses((pool) => until(pool.connect()), 'used')).slice(0, 2)).toEqual([0, 1])
  })

  it('loses it in one microtask when a function of until() looks at its signal: between its last line and its promise', async () => {
    const looking = (pool: Pool): Operation<PoolClient> =>
      until((signal) =>
        pool.connect().then((client) => {
          if (signal.aborted) client.release()
          return client
        }),
      )
    expect(await losses(looking, 'used')).toHaveLength(1)
  })
})

it('a client that gives itself back: using', async () => {
  const pool = await freshPool({ max: 1 })
  class Lease implements Disposable {
    readonly client: PoolClient
    constructor(client: PoolClient) {
      this.client = client
    }
    [Symbol.dispose](): void {
      this.client.release()
    }
  }
  const lease = function* (): Green<Lease> {
    return new Lease(yield* take(pool))
  }
  const greenlets = Array.from({ length: 3 }, () =>
    spawn(function* () {
      using leased = yield* lease()
      yield* leased.client.query('SELECT 1')
      yield* sleep(1000)
    }),
  )
  await eventually('the first sleeps', () => pool.totalCount === 1 && pool.idleCount === 0 && pool.waitingCount === 2)
  for (const greenlet of greenlets) greenlet.kill()
  await joinall(greenlets)
  await expectWhole(pool)
})
