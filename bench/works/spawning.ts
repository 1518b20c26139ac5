/**
 * Tasks that return at once, spawned and joined.
 */
import { aim, aimsOver, inNode, inPython, type Work, work } from '../method/work.ts'

/** It makes no task that one could hold, kill or join: see the remark. */
const LOOP = 'Effect, forEach'

const contestants = [
  inNode('bare generators', 'limit', 1_000_000, 'bare', 'spawn'),
  inNode('greenloop', 'ours', 1_000_000, 'greenloop', 'spawn'),
  inNode('async function, no await', 'promises', 1_000_000, 'promises', 'spawn'),
  inNode('async function, one await', 'promises', 1_000_000, 'promises', 'spawn, one await'),
  inNode('co', 'promises', 1_000_000, 'co', 'spawn'),
  inNode('p-limit(100)', 'promises', 300_000, 'p-limit', 'spawn'),
  inNode('p-queue(100)', 'promises', 100_000, 'p-queue', 'spawn'),
  inNode('Effect', 'scheduler', 1_000_000, 'effect', 'spawn'),
  inNode(LOOP, 'scheduler', 1_000_000, 'effect', 'spawn, forEach'),
  inNode('redux-saga', 'scheduler', 100_000, 'redux-saga', 'spawn'),
  inNode('effection', 'scheduler', 10_000, 'effection', 'spawn'),
  inPython('greenlet', 100_000, 'greenlet', 'spawn'),
  inPython('gevent', 100_000, 'gevent', 'spawn'),
  inPython('asyncio', 100_000, 'asyncio', 'spawn'),
  inPython('Twisted', 100_000, 'twisted', 'spawn'),
]

export const SPAWN: Work = work('spawn', 'Tasks that return at once are spawned and joined', 'task', contestants, {
  aims: [
    aim('greenloop', 1.9, 'bare generators', { ambitious: 1.2 }),
    aim('greenloop', 1, 'async function, one await'),
    ...aimsOver(
      contestants,
      ({ kind, name }) => (kind === 'scheduler' && name !== LOOP) || kind === 'python',
      'greenloop',
      1,
    ),
  ],
  remark:
    'A million at once, where a contestant can: those that take more than a second do fewer, which flatters them, since memory costs more the more of it is held. Effect’s `forEach` ends each task within the loop that makes it: none is there beside another, and none can be held or joined, so it is shown and counts in no aim.',
})
