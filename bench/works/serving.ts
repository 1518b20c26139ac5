/**
 * What gets through while a thousand greenlets spin in `sleep(0)`.
 */
import { aim, inNode, type Work, work } from '../method/work.ts'

const NOBODY = { parameter: 0 }
const SPINNERS = { parameter: 1000 }

/** As many milliseconds as it is listened for. */
const LISTEN_MS = 2000

const served = [
  inNode('nobody spins', 'limit', LISTEN_MS, 'serving', 'events', NOBODY),
  inNode('1,000 greenlets spin', 'ours', LISTEN_MS, 'serving', 'events', SPINNERS),
]

export const SERVED: Work = work(
  'served',
  'From one event of a socket to the next, while a thousand greenlets spin',
  'event',
  served,
  {
    aims: [aim('1,000 greenlets spin', 1.25, 'nobody spins')],
    remark:
      'The peer sends one each millisecond. The aim is at least 800 a second, which is at most 1,250,000 ns from one to the next.',
  },
)

const hopped = [
  inNode('nobody spins', 'limit', 200, 'serving', 'hop', NOBODY),
  inNode('1,000 greenlets spin', 'ours', 200, 'serving', 'hop', SPINNERS),
]

export const HOP: Work = work(
  'hop',
  '`yield* until(promise)` of a settled promise, while a thousand greenlets spin',
  'wait',
  hopped,
  {
    remark: 'The median. The aim is at most 200,000 ns; 60,000 are wished for.',
  },
)
