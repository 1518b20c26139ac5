/**
 * Groups of tasks: a pool with a bound, and small groups that come and go.
 */
import { aimsOver, inNode, inPython, type Work, work } from '../method/work.ts'

const AT_ONCE = { parameter: 100 }

const pooled = [
  inNode('hundred async loops', 'limit', 300_000, 'promises', 'pool', AT_ONCE),
  inNode('greenloop', 'ours', 300_000, 'greenloop', 'pool', AT_ONCE),
  inNode('p-limit', 'promises', 300_000, 'p-limit', 'pool', AT_ONCE),
  inNode('p-queue', 'promises', 100_000, 'p-queue', 'pool', AT_ONCE),
  inNode('Effect', 'scheduler', 300_000, 'effect', 'pool', AT_ONCE),
  inNode('effection', 'scheduler', 100_000, 'effection', 'pool', AT_ONCE),
  inPython('gevent', 50_000, 'gevent', 'pool', AT_ONCE),
  inPython('asyncio', 100_000, 'asyncio', 'pool', AT_ONCE),
]

export const POOL: Work = work(
  'pool',
  'A function that gives way once is mapped over a list, a hundred at once',
  'item',
  pooled,
  {
    aims: aimsOver(
      pooled,
      ({ kind, name }) => kind === 'scheduler' || kind === 'python' || name.startsWith('p-'),
      'greenloop',
      1,
    ),
    remark:
      'The least is written by hand: a hundred async functions that take the next item, for a pool that cannot be stopped. Promises give way by an `await`, by which nothing else is served, greenloop by a fair `sleep(0)`. asyncio and effection: a hundred tasks of a group that take the next item.',
  },
)

const GROUP = { parameter: 10 }

const grouped = [
  inNode('Promise.all', 'promises', 300_000, 'promises', 'nursery', GROUP),
  inNode('greenloop', 'ours', 300_000, 'greenloop', 'nursery', GROUP),
  inNode('redux-saga', 'scheduler', 100_000, 'redux-saga', 'nursery', GROUP),
  inNode('Effect', 'scheduler', 100_000, 'effect', 'nursery', GROUP),
  inNode('effection', 'scheduler', 10_000, 'effection', 'nursery', GROUP),
  inPython('gevent', 50_000, 'gevent', 'nursery', GROUP),
  inPython('asyncio', 100_000, 'asyncio', 'nursery', GROUP),
]

export const NURSERY: Work = work(
  'nursery',
  'Nurseries of ten tasks that give way once, one after the other',
  'task',
  grouped,
  {
    aims: aimsOver(grouped, ({ kind }) => kind === 'scheduler' || kind === 'python', 'greenloop', 1),
    remark:
      '`Promise.all` is no nursery: after a failure the others go on. redux-saga: attached forks; gevent: a Group; asyncio: a TaskGroup; Effect: forEach, unbounded; effection: a scope.',
  },
)
