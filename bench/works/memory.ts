/**
 * What a suspended coroutine holds.
 */
import { inNode, type Work, work } from '../method/work.ts'

const COUNT = 1_000_000

const contestants = [
  inNode('bare generator', 'limit', COUNT, 'memory', 'generator'),
  inNode('RawGreenlet', 'ours', COUNT, 'memory', 'RawGreenlet'),
  inNode('Greenlet', 'ours', COUNT, 'memory', 'Greenlet'),
]

export const MEMORY: Work = work('memory', 'A million suspended coroutines', 'coroutine', contestants, {
  measures: 'bytes',
  cold: true,
  remark:
    'On the heap of V8. The aim is that a RawGreenlet takes at most 300 bytes beyond the frame of its generator; 200 are wished for.',
})
