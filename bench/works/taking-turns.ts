/**
 * Coroutines that give way to each other.
 */
import { aim, aimsOver, inLimit, inNode, inPython, type Work, work } from '../method/work.ts'

const TASKS = { parameter: 1000 }
const FAIR = { ...TASKS, fair: true }
const UNFAIR = { ...TASKS, fair: false }

const contestants = [
  inLimit('bare generators', 1_000_000, 'yield', UNFAIR),
  inNode('greenloop', 'ours', 1_000_000, 'greenloop', 'yield', FAIR),
  inNode('await null', 'promises', 1_000_000, 'promises', 'yield', UNFAIR),
  inNode('await setImmediate', 'promises', 1_000_000, 'promises', 'yield, fair', FAIR),
  inNode('await scheduler.yield()', 'promises', 1_000_000, 'promises', 'yield, scheduler', FAIR),
  inNode('co', 'promises', 1_000_000, 'co', 'yield', UNFAIR),
  inNode('redux-saga', 'scheduler', 300_000, 'redux-saga', 'yield', UNFAIR),
  inNode('Effect', 'scheduler', 300_000, 'effect', 'yield', FAIR),
  inNode('effection', 'scheduler', 100_000, 'effection', 'yield', UNFAIR),
  inPython('greenlet', 1_000_000, 'greenlet', 'yield', UNFAIR),
  inPython('gevent', 300_000, 'gevent', 'yield', FAIR),
  inPython('asyncio', 300_000, 'asyncio', 'yield', FAIR),
  inPython('Twisted', 300_000, 'twisted', 'yield', FAIR),
]

export const YIELD: Work = work('yield', 'A thousand coroutines give way to each other', 'yield', contestants, {
  aims: [
    aim('greenloop', 1.1, 'await null'),
    ...aimsOver(contestants, ({ fair, kind }) => fair === true && kind !== 'ours', 'greenloop', 0.2),
  ],
  remark:
    'Fair are those during which sockets and timers are served; the others only hand on. Twisted: `cooperate()`, whose tasks take turns for ten milliseconds before the reactor serves; with a `deferLater` of 0 for each turn it takes some fifty times as long.',
})
