/**
 * greenloop: gevent for TypeScript. The front door: switching, the hub, waiting.
 *
 * The other rooms have sub-paths of their own: `greenloop/greenlet`, `/net`, `/http`, `/monkey`.
 */
export { copyContext } from './context.ts'
export { setDebug } from './debug.ts'
export {
  ConcurrentObjectUseError,
  GreenletExit,
  GreenletKilledError,
  GreenloopError,
  InternalError,
  Interrupt,
  InvalidSwitchError,
  isInterrupt,
  LoopExit,
  SocketClosedError,
  UsageError,
} from './errors/classes.ts'
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
export {
  Greenlet,
  getHub,
  type Hub,
  type JoinallOptions,
  type Joined,
  joinall,
  type KillOptions,
  type Link,
  run,
  type SpawnOptions,
  sleep,
  spawn,
  spawnWith,
  Timeout,
  until,
  Waiter,
  type WaitOptions,
  withTimeout,
} from './hub/index.ts'
