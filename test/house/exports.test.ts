import * as greenloop from 'greenloop'
import * as eslint from 'greenloop/eslint'
import * as greenlet from 'greenloop/greenlet'
import * as http from 'greenloop/http'
import * as monkey from 'greenloop/monkey'
import * as net from 'greenloop/net'
import { expect, it } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }

/** The public values, by sub-path, kept by hand: what changes here changes for users, and stands in CHANGELOG.md. */
const NAMES: Record<string, readonly [module: object, names: string]> = {
  '.': [
    greenloop,
    `AsyncResult BlockingSwitchOutError BoundedSemaphore Channel ConcurrentObjectUseError Condition DummySemaphore Empty
    Event Full Greenlet GreenletExit GreenletKilledError GreenloopError Group InternalError Interrupt InvalidSwitchError
    LifoQueue Local LoopExit Pool PoolFull PriorityQueue Queue RLock RawGreenlet Semaphore ShutDown SimpleQueue
    SocketClosedError StopIteration Timeout UsageError Waiter all any choose config copyContext each fromCallback getHub
    getcurrent getswitchinterval gettrace green idle isInterrupt iterate iwait joinall kill killall local nursery race run
    runWith setDebug setswitchinterval settrace signalHandler sleep spawn spawnLater spawnRaw spawnWith until wait
    withTimeout`,
  ],
  './greenlet': [
    greenlet,
    'GreenletExit Interrupt InvalidSwitchError Local RawGreenlet UsageError getcurrent gettrace green isInterrupt local settrace',
  ],
  './net': [net, 'connect lookup'],
  './http': [http, 'Response requests'],
  './monkey': [monkey, 'patchAll unpatchAll'],
  './eslint': [eslint, 'configs default meta rules'],
}

it.each(Object.entries(NAMES))('%s exports exactly its public names', (_, [module, names]) => {
  expect(Object.keys(module).sort()).toEqual(names.split(/\s+/u))
})

it('every sub-path of the package is listed', () => {
  expect(Object.keys(manifest.exports).sort()).toEqual([...Object.keys(NAMES), './package.json'].sort())
})

it('a name that two sub-paths export is the same thing', () => {
  for (const [name, value] of Object.entries(greenlet)) {
    expect(Reflect.get(greenloop, name), name).toBe(value)
  }
})
