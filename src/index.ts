/**
 * greenloop: gevent for TypeScript. The front door: switching, the hub, waiting.
 *
 * The other rooms have sub-paths of their own: `greenloop/greenlet`, `/net`, `/http`, `/monkey`.
 */
export { copyContext } from './context.ts'
export { setDebug } from './debug.ts'
export {
  BlockingSwitchOutError,
  ConcurrentObjectUseError,
  Empty,
  Full,
  GreenletExit,
  GreenletKilledError,
  GreenloopError,
  InternalError,
  Interrupt,
  InvalidSwitchError,
  isInterrupt,
  LoopExit,
  PoolFull,
  ShutDown,
  SocketClosedError,
  UsageError,
} from './errors/classes.ts'
export { Greenlet, type KillOptions, type Link } from './gevent/greenlet.ts'
export { type JoinallOptions, type Joined, joinall } from './gevent/joinall.ts'
export { run } from './gevent/run.ts'
export { type SleepOptions, sleep } from './gevent/sleep.ts'
export { type SpawnOptions, spawn, spawnWith } from './gevent/spawn.ts'
export {
  type Begun,
  type Context,
  type Driven,
  type ErrorClass,
  type Green,
  type GreenletFrame,
  getcurrent,
  gettrace,
  green,
  Local,
  local,
  type Operation,
  RawGreenlet,
  type Resume,
  type Suspend,
  type Switch,
  settrace,
  type TraceEvent,
  type Tracer,
} from './greenlet/index.ts'
export { getHub, getswitchinterval, setswitchinterval } from './hub/default.ts'
export type { Callback } from './hub/entry.ts'
export type { Hub } from './hub/hub.ts'
export { Waiter } from './sync/waiter.ts'
export {
  Timeout,
  type TimeoutException,
  type TimeoutOptions,
  type WaitOptions,
  type WithTimeoutOptions,
  withTimeout,
} from './waiting/timeout.ts'
export { until } from './waiting/until.ts'
