/**
 * A producer and a consumer.
 */
import { aim, aimsOver, inLimit, inNode, inPython, type Work, work } from '../method/work.ts'

/** A queue of `size`; 0 is unbounded. */
function queueOf(name: string, title: string, size: number): Work {
  const parameter = { parameter: size }
  const contestants = [
    inLimit('bare generators', 1_000_000, 'queue', parameter),
    inNode('greenloop', 'ours', 1_000_000, 'greenloop', 'queue', parameter),
    inNode('queue of promises', 'promises', 1_000_000, 'promises', 'queue', parameter),
    // Their only queues are unbounded, or throw when they are full.
    ...(size === 0
      ? [
          inNode('redux-saga', 'scheduler', 300_000, 'redux-saga', 'queue', parameter),
          inNode('effection', 'scheduler', 300_000, 'effection', 'queue', parameter),
        ]
      : []),
    inNode('Effect', 'scheduler', 300_000, 'effect', 'queue', parameter),
    inPython('gevent', 100_000, 'gevent', 'queue', parameter),
    inPython('asyncio', 100_000, 'asyncio', 'queue', parameter),
    inPython('Twisted', 50_000, 'twisted', 'queue', parameter),
  ]
  return work(name, title, 'item', contestants, {
    aims: [
      aim('greenloop', 0.8, 'queue of promises', { ambitious: 0.5 }),
      ...aimsOver(contestants, ({ kind }) => kind === 'scheduler' || kind === 'python', 'greenloop', 1),
    ],
    remark:
      size === 0
        ? 'The bare generators take turns each 1,024 items; the queue of promises makes no promise when there is an item.'
        : 'The queue of promises makes no promise when there is an item, or room.',
  })
}

export const QUEUE: Work = queueOf('queue', 'Items through an unbounded queue', 0)
export const QUEUE_1: Work = queueOf('queue-1', 'Items through a queue of size 1', 1)
