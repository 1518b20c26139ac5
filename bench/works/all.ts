/**
 * All works, in the order in which they are shown.
 */
import type { Work } from '../method/work.ts'
import { DEPTHS } from './depth.ts'
import { ECHO } from './echo.ts'
import { FETCH, REQUESTS, REQUESTS_COLD, SERVE } from './http.ts'
import { KILL, TIMEOUT } from './killing.ts'
import { NURSERY, POOL } from './pools.ts'
import { QUEUE, QUEUE_1 } from './queues.ts'
import { SCHEDULES } from './schedules.ts'
import { SLEEPERS } from './sleeping.ts'
import { SPAWN } from './spawning.ts'
import { SWITCH } from './switching.ts'
import { YIELD } from './taking-turns.ts'

/** Side by side with rivals. */
export const WORKS: readonly Work[] = [
  SWITCH,
  SPAWN,
  YIELD,
  QUEUE,
  QUEUE_1,
  SLEEPERS,
  ...DEPTHS,
  KILL,
  TIMEOUT,
  POOL,
  NURSERY,
  SCHEDULES,
  ECHO,
  REQUESTS,
  REQUESTS_COLD,
  FETCH,
  SERVE,
]
