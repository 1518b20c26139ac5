/**
 * Many sleepers at once.
 */
import { aim, aimsOver, inNode, inPython, type Work, work } from '../method/work.ts'

const COUNT = 100_000

const contestants = [
  inNode('setTimeout', 'limit', COUNT, 'bare', 'sleepers'),
  inNode('greenloop', 'ours', COUNT, 'greenloop', 'sleepers'),
  inNode('async/await', 'promises', COUNT, 'promises', 'sleepers'),
  inNode('co', 'promises', COUNT, 'co', 'sleepers'),
  inNode('Effect', 'scheduler', COUNT, 'effect', 'sleepers'),
  inNode('redux-saga', 'scheduler', 30_000, 'redux-saga', 'sleepers'),
  inNode('effection', 'scheduler', 10_000, 'effection', 'sleepers'),
  inPython('gevent', 30_000, 'gevent', 'sleepers'),
  inPython('asyncio', 50_000, 'asyncio', 'sleepers'),
  inPython('Twisted', 10_000, 'twisted', 'sleepers'),
]

export const SLEEPERS: Work = work(
  'sleepers',
  'Sleepers, for 10 to 1,000 ms each: what it takes beyond the longest nap',
  'sleeper',
  contestants,
  {
    idleMs: 1000,
    aims: [
      aim('greenloop', 0.75, 'async/await', { ambitious: 0.45 }),
      aim('greenloop', 0.75, 'async/await', { figure: 'peakBytes' }),
      ...aimsOver(contestants, ({ kind }) => kind === 'scheduler' || kind === 'python', 'greenloop', 1),
    ],
    remark:
      'A hundred thousand, where a contestant can. The time is what is left of the run when a second is taken off.',
  },
)
