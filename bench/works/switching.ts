/**
 * Two coroutines hand control to each other, with a value.
 */
import { aim, aimsOver, inLimit, inNode, inPython, type Work, work } from '../method/work.ts'

const contestants = [
  inLimit('bare generators', 3_000_000, 'switch'),
  inNode('RawGreenlet', 'ours', 3_000_000, 'greenloop', 'switch'),
  inNode('Greenlet', 'ours', 3_000_000, 'greenloop', 'switch, scheduled'),
  inNode('async/await', 'promises', 3_000_000, 'promises', 'switch'),
  inNode('co', 'promises', 1_000_000, 'co', 'switch'),
  inNode('redux-saga', 'scheduler', 300_000, 'redux-saga', 'switch'),
  inNode('Effect', 'scheduler', 300_000, 'effect', 'switch'),
  inNode('effection', 'scheduler', 100_000, 'effection', 'switch'),
  inPython('greenlet', 1_000_000, 'greenlet', 'switch'),
  inPython('gevent', 1_000_000, 'gevent', 'switch'),
  inPython('asyncio', 100_000, 'asyncio', 'switch'),
  inPython('Twisted', 100_000, 'twisted', 'switch'),
]

export const SWITCH: Work = work(
  'switch',
  'Two coroutines hand control to each other, with a value',
  'switch',
  contestants,
  {
    aims: [
      aim('RawGreenlet', 2.4, 'bare generators', { ambitious: 2 }),
      aim('RawGreenlet', 0.5, 'async/await'),
      aim('RawGreenlet', 1 / 3, 'greenlet'),
      ...aimsOver(contestants, ({ kind }) => kind === 'scheduler' || kind === 'python', 'Greenlet', 1),
    ],
    remark:
      'Only greenlet, gevent, whose greenlets are greenlet’s, and greenloop have a `switch` to a named other; elsewhere the nearest thing is done: the other one’s promise, deferred or event is settled, and one’s own is waited for.',
  },
)
