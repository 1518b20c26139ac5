/** The servers that the programs of this room connect to, started for a test file and stopped at its end. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import pg from 'pg'
import { closedPort } from '../net/support.ts'

/** A server that runs. */
export interface Server {
  readonly port: number
  stop(): Promise<void>
}

/**
 * Postgres, compiled to WebAssembly, in this process. It has one session, which all its connections share, and takes one query at a time;
 * while one connection is in a transaction the others wait.
 */
export async function startPostgres(): Promise<Server> {
  const database = await PGlite.create()
  const server = new PGLiteSocketServer({ db: database, host: '127.0.0.1', port: 0, maxConnections: 100 })
  await server.start()
  const port = Number(server.getServerConn().split(':').at(-1))
  const first = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' })
  await first.connect()
  await first.query('DISCARD ALL') // so that the second finds what the third will find
  await first.end()
  return {
    port,
    async stop() {
      await server.stop()
      await database.close()
    },
  }
}

/** Why there is no Redis here, and the cure; null when there is one. */
export const redisIsMissing: string | null = spawnSync('redis-server', ['--version']).error
  ? 'redis-server is not installed: apt-get install redis-server'
  : null

/** Redis, in a process of its own, that keeps nothing on disk. */
export async function startRedis(): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'greenloop-redis-'))
  for (let attempt = 1; ; attempt++) {
    const port = await closedPort() // somebody may be faster, which Redis says by ending
    const options = { port, bind: '127.0.0.1', save: '', appendonly: 'no', dir: folder }
    const redis = spawn(
      'redis-server',
      Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]),
    )
    if (await isReady(redis)) {
      return {
        port,
        async stop() {
          redis.kill()
          await once(redis, 'close')
          rmSync(folder, { recursive: true, force: true })
        },
      }
    }
    if (attempt === 5) throw new Error('redis-server does not start; its log is above.')
  }
}

async function isReady(redis: ChildProcess): Promise<boolean> {
  let log = ''
  for await (const text of redis.stdout!) {
    log += String(text)
    if (log.includes('Ready to accept connections')) {
      redis.stdout!.resume()
      return true
    }
  }
  console.error(log)
  return false
}
