// `pg` against Postgres: the same without the library, patched, and in greenlets.
import { afterAll, beforeAll } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { prove } from './prove.ts'
import { type Server, startPostgres } from './servers.ts'

checkLeaks()

let postgres: Server
beforeAll(async () => {
  postgres = await startPostgres()
}, 30_000)
afterAll(() => postgres.stop())

prove('pg', ['Client', 'Connection', 'BoundPool', 'Socket'], () => ({ SERVER_PORT: String(postgres.port) }))
