/**
 * One task that is suspended below so many nested calls, and resumed there.
 */
import { aim, inLimit, inNode, inPython, type Work, work } from '../method/work.ts'

function deep(depth: number): Work {
  const parameter = { parameter: depth }
  const contestants = [
    inLimit('stack of generators', 1_000_000, 'depth', parameter),
    inNode('green', 'ours', 1_000_000, 'greenloop', 'depth', parameter),
    inNode('green, switch', 'ours', 1_000_000, 'greenloop', 'depth, switch', parameter),
    inNode('yield*', 'ours', depth >= 100 ? 20_000 : 1_000_000, 'greenloop', 'depth, plain', parameter),
    inNode('async/await', 'promises', 1_000_000, 'promises', 'depth', parameter),
    inNode('co', 'promises', 300_000, 'co', 'depth', parameter),
    inNode('redux-saga', 'scheduler', 100_000, 'redux-saga', 'depth', parameter),
    inNode('Effect', 'scheduler', 100_000, 'effect', 'depth', parameter),
    inNode('effection', 'scheduler', 20_000, 'effection', 'depth', parameter),
    inPython('greenlet', 300_000, 'greenlet', 'depth', parameter),
    inPython('gevent', 100_000, 'gevent', 'depth', parameter),
    inPython('asyncio', 10_000, 'asyncio', 'depth', parameter),
    inPython('Twisted', 10_000, 'twisted', 'depth', parameter),
  ]
  return work(
    `depth-${String(depth)}`,
    `A task is resumed below ${depth.toLocaleString('en')} nested ${depth === 1 ? 'call' : 'calls'}`,
    'resume',
    contestants,
    {
      aims: [aim('green', 1.8, 'async/await', { ambitious: 1 })],
      remark:
        'A resume of `green` is a fair `sleep(0)`, that of async/await the `await` of a settled promise, by which nothing else is served.',
    },
  )
}

const LEVELS = [1, 10, 100, 1000]

/** A resume at one depth beside the same at another. */
const flat = LEVELS.map((depth) => inNode(nameAt(depth), 'ours', 1_000_000, 'greenloop', 'depth', { parameter: depth }))

function nameAt(depth: number): string {
  return `green, ${depth.toLocaleString('en')} deep`
}

export const DEPTHS: readonly Work[] = [
  ...LEVELS.map(deep),
  work('depth-flat', 'A task is resumed at one depth and at another', 'resume', flat, {
    aims: LEVELS.slice(1).map((depth) => aim(nameAt(depth), 1.5, nameAt(1))),
  }),
]
