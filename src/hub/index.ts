/**
 * Floor 1: time and waiting.
 */
export { Greenlet, type KillOptions, type Link, type WaitOptions } from './greenlet.ts'
export { getHub, type Hub } from './hub.ts'
export { run } from './run.ts'
export { type JoinallOptions, type Joined, joinall, type SpawnOptions, spawn, spawnWith } from './spawn.ts'
export { Timeout, withTimeout } from './timeout.ts'
export { sleep, until } from './wait.ts'
export { Waiter } from './waiter.ts'
