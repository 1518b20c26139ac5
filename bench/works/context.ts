/**
 * What it costs to carry the stores of AsyncLocalStorage across switches.
 */
import { aim, inNode, type Work, work } from '../method/work.ts'

const TIMES = 3_000_000

const contestants = [
  inNode('RawGreenlet', 'ours', TIMES, 'greenloop', 'switch'),
  inNode('Greenlet', 'ours', TIMES, 'greenloop', 'switch, scheduled'),
  inNode('Greenlet, a store is set', 'ours', TIMES, 'greenloop', 'switch, scheduled, store'),
  inNode('async/await', 'promises', TIMES, 'promises', 'switch'),
  inNode('async/await, a store is set', 'promises', TIMES, 'awaits', 'switch, store'),
]

export const CONTEXT: Work = work('context', 'A switch with AsyncLocalStorage in use', 'switch', contestants, {
  aims: [aim('Greenlet', 1.1, 'RawGreenlet'), aim('Greenlet, a store is set', 1, 'async/await, a store is set')],
  remark:
    'A RawGreenlet carries no stores, a Greenlet its own. The aim is that this costs nothing while there are none (a tenth is noise), and at most 10 ns when there are.',
})
