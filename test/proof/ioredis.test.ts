// `ioredis` against Redis: the same without the library, patched, and in greenlets.
import { afterAll, beforeAll, describe, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { prove } from './prove.ts'
import { redisIsMissing, type Server, startRedis } from './servers.ts'

checkLeaks()

it('finds a redis-server on this machine', ({ skip }) => {
  if (redisIsMissing === null) return
  console.warn(redisIsMissing)
  skip(redisIsMissing)
})

describe.skipIf(redisIsMissing !== null)('with Redis', () => {
  let redis: Server
  beforeAll(async () => {
    redis = await startRedis()
  }, 30_000)
  afterAll(() => redis.stop())

  // A client has mixed EventEmitter into itself, the name of its class included.
  prove('ioredis', ['EventEmitter', 'ScanStream', 'Socket'], () => ({ SERVER_PORT: String(redis.port) }))
})
