/**
 * Storms: many that wait are killed at once, many time limits are set and do not pass.
 */
import { aim, aimsOver, inNode, inPython, type Work, work } from '../method/work.ts'

const killed = [
  inNode('bare g.throw()', 'limit', 1_000_000, 'bare', 'kill'),
  inNode('greenloop', 'ours', 1_000_000, 'greenloop', 'kill'),
  inNode('greenloop, never ran', 'ours', 1_000_000, 'greenloop', 'kill, never ran'),
  inNode('promises rejected', 'promises', 1_000_000, 'promises', 'kill'),
  inNode('AbortSignal', 'promises', 100_000, 'promises', 'kill, signal'),
  inNode('Effect', 'scheduler', 100_000, 'effect', 'kill'),
  inNode('redux-saga', 'scheduler', 50_000, 'redux-saga', 'kill'),
  inNode('effection', 'scheduler', 5_000, 'effection', 'kill'),
  inPython('greenlet', 100_000, 'greenlet', 'kill'),
  inPython('gevent', 20_000, 'gevent', 'kill'),
  inPython('asyncio', 100_000, 'asyncio', 'kill'),
  inPython('Twisted', 20_000, 'twisted', 'kill'),
]

export const KILL: Work = work('kill', 'Tasks that wait are killed and joined', 'task', killed, {
  aims: [
    aim('greenloop', 3, 'bare g.throw()', { ambitious: 2.4 }),
    ...aimsOver(killed, ({ kind }) => kind === 'python', 'greenloop', 1),
  ],
  remark: 'What is measured begins when all of them wait. A rejected promise ends the one wait and no task.',
})

const limited = [
  inNode('clearTimeout(setTimeout())', 'limit', 1_000_000, 'bare', 'timeout'),
  inNode('Timeout, start and cancel', 'ours', 1_000_000, 'greenloop', 'timeout'),
  inNode('withTimeout', 'ours', 300_000, 'greenloop', 'timeout, block'),
  inNode('Promise.race', 'promises', 300_000, 'promises', 'timeout'),
  inNode('Effect', 'scheduler', 100_000, 'effect', 'timeout'),
  inNode('redux-saga', 'scheduler', 100_000, 'redux-saga', 'timeout'),
  inNode('effection', 'scheduler', 10_000, 'effection', 'timeout'),
  inPython('gevent', 100_000, 'gevent', 'timeout'),
  inPython('asyncio', 100_000, 'asyncio', 'timeout'),
  inPython('Twisted', 100_000, 'twisted', 'timeout'),
]

export const TIMEOUT: Work = work('timeout', 'Time limits that do not pass', 'limit', limited, {
  aims: [
    aim('Timeout, start and cancel', 0.35, 'clearTimeout(setTimeout())', { ambitious: 0.2 }),
    ...aimsOver(limited, ({ kind }) => kind === 'scheduler' || kind === 'python', 'withTimeout', 1),
  ],
  remark:
    'Around nothing that waits: what the limit itself costs. `Promise.race` is between a promise that is settled and a timer, which is cleared. Effect and effection start no timer when the other side is over at once.',
})
