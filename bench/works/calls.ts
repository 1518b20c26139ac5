/**
 * What a call costs that could wait: when it does not, and when its value is ready.
 */
import { aim, inNode, type Work, work } from '../method/work.ts'

const TIMES = 3_000_000

const called = [
  inNode('async/await', 'promises', TIMES, 'awaits', 'call'),
  inNode('yield* of a generator', 'ours', TIMES, 'calls', 'plain'),
  inNode('yield* of a green function', 'ours', TIMES, 'calls', 'green'),
]

export const CALLS: Work = work('calls', 'A call of a function that could suspend and does not', 'call', called, {
  aims: [aim('yield* of a generator', 0.7, 'async/await'), aim('yield* of a green function', 1, 'async/await')],
})

const waited = [
  inNode('await of a settled promise', 'promises', TIMES, 'awaits', 'settled'),
  inNode('yield* waiter.get(), ready', 'ours', TIMES, 'calls', 'ready'),
]

export const READY: Work = work('ready', 'A wait for a value that is ready', 'wait', waited, {
  remark: 'The aim is at most 20 ns; 9 are wished for.',
})

/** A young generation so large that nothing is collected meanwhile. */
const UNCOLLECTED = { flags: ['--max-semi-space-size=512', '--min-semi-space-size=512'] }

const allocated = [
  inNode('await of a settled promise', 'promises', 1_000_000, 'awaits', 'settled, bytes', UNCOLLECTED),
  inNode('yield* waiter.get(), ready', 'ours', 1_000_000, 'calls', 'ready, bytes', UNCOLLECTED),
]

export const READY_BYTES: Work = work('ready-bytes', 'What such a wait allocates', 'wait', allocated, {
  measures: 'bytes',
  aims: [aim('yield* waiter.get(), ready', 0.02, 'await of a settled promise')],
  remark: 'The aim is that nothing is allocated; a fiftieth of the promise is what the measurement itself may leave.',
})

const awaited = [
  inNode('await of a settled promise', 'promises', 1_000_000, 'awaits', 'settled'),
  inNode('await waiter.get(), ready', 'ours', 1_000_000, 'calls', 'await'),
]

export const AWAIT: Work = work('await', 'Plain code awaits an operation whose value is ready', 'wait', awaited, {
  aims: [aim('await waiter.get(), ready', 3, 'await of a settled promise')],
  remark: 'No greenlet is made for it.',
})
