/**
 * greenloop: gevent for TypeScript. The front door: switching, the hub, waiting.
 *
 * The other rooms have sub-paths of their own: `greenloop/greenlet`, `/net`, `/http`, `/monkey`.
 */
export type { ChannelMessages } from './channels.ts'
export { type Config, config, type NameResolver, type ResolveName, type ResolveNameOptions } from './config.ts'
export { copyContext } from './context.ts'
export { setDebug } from './debug.ts'
export {
  type Blocked,
  BlockingIOError,
  BlockingSwitchOutError,
  ConcurrentObjectUseError,
  Empty,
  FailedToSwitchError,
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
  SocketTimeoutError,
  StreamClosedError,
  StreamTimeoutError,
  UsageError,
} from './errors/classes.ts'
export { kill } from './gevent/end.ts'
export { type GetOptions, Greenlet, type KillOptions } from './gevent/greenlet.ts'
export { type JoinallOptions, type Joined, joinall, killall } from './gevent/joinall.ts'
export type { SpawnedGreenlet, SpawnTreeLocals } from './gevent/lineage.ts'
export type { LinkedGreenlet, LinkReceiver, LinkTarget } from './gevent/links.ts'
export { type RunOptions, run, runWith } from './gevent/run.ts'
export { type SignalHandler, signalHandler } from './gevent/signal.ts'
export { idle, type SleepOptions, sleep } from './gevent/sleep.ts'
export { type SpawnOptions, spawn, spawnLater, spawnRaw, spawnWith } from './gevent/spawn.ts'
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
export { type Location, placeOf, setLocations } from './locations.ts'
export { type Nursery, nursery } from './nursery/nursery.ts'
export { Group } from './pools/group.ts'
export type { Input, ItemOf } from './pools/input.ts'
export type { ImapOptions, Inputs, ItemsOf, MapOptions, Mapper, ResultCallback } from './pools/map.ts'
export type { JoinOptions, Members } from './pools/members.ts'
export { type PlaceOptions, Pool } from './pools/pool.ts'
export { Channel } from './queues/channel.ts'
export type { Exchange, QueueOptions } from './queues/exchange.ts'
export { LifoQueue, PriorityQueue } from './queues/priority-queue.ts'
export { Queue, SimpleQueue } from './queues/queue.ts'
export { type Item, StopIteration } from './queues/queue-waits.ts'
export { type Branch, type BranchValue } from './several/branch.ts'
export { type Chosen, choose } from './several/choose.ts'
export { type EachSource, each, iterate } from './several/each.ts'
export { iwait } from './several/iwait.ts'
export { type AllValues, all, any, race } from './several/race.ts'
export { type WaitForOptions, wait } from './several/wait.ts'
export type { Linked, Waitable } from './several/waitable.ts'
export type { AcquireOptions } from './sync/acquire.ts'
export { AsyncResult } from './sync/async-result.ts'
export { Condition } from './sync/condition.ts'
export { Event } from './sync/event.ts'
export { RLock } from './sync/rlock.ts'
export { BoundedSemaphore, DummySemaphore, Semaphore } from './sync/semaphore.ts'
export { Waiter } from './sync/waiter.ts'
export { type AssertSwitchesOptions, assertSwitches } from './tree/assert-switches.ts'
export { GreenletTree, type TreeFormat, type TreeNode } from './tree/greenlet-tree.ts'
export {
  formatRunInfo,
  type PrintRunInfoOptions,
  printRunInfo,
  printRunInfoOnSignal,
  type RunInfoOptions,
} from './tree/run-info.ts'
export type { TreeState } from './tree/state.ts'
export { fromCallback, type NodeCallback } from './waiting/callback.ts'
export type { Cursor, Sequence } from './waiting/cursor.ts'
export {
  Timeout,
  type TimeoutException,
  type TimeoutOptions,
  type WaitOptions,
  type WithTimeoutOptions,
  withTimeout,
} from './waiting/timeout.ts'
export { until } from './waiting/until.ts'
