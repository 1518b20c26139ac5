/**
 * The same works at their first hundred thousand: the process has done a tenth of that before, and V8 is still compiling.
 *
 * Async functions are built in, compiled with V8 itself, and start warm; ours are JavaScript, and pay 8 to 15 ms once. The aims are what was
 * measured first: they are there to be kept. Only what those name takes part.
 */
import { type Aim, aim, type Contestant, type Work } from '../method/work.ts'
import { KILL, TIMEOUT } from './killing.ts'
import { QUEUE, QUEUE_1 } from './queues.ts'
import { SLEEPERS } from './sleeping.ts'
import { SPAWN } from './spawning.ts'
import { SWITCH } from './switching.ts'
import { YIELD } from './taking-turns.ts'

const TIMES = 100_000

export const COLD_WORKS: readonly Work[] = [
  cold(SWITCH, [aim('RawGreenlet', 2.6, 'bare generators'), aim('RawGreenlet', 1.2, 'async/await')]),
  cold(SPAWN, [aim('greenloop', 3.5, 'bare generators'), aim('greenloop', 1, 'async function, one await')]),
  cold(YIELD, [aim('greenloop', 2, 'await null'), aim('greenloop', 0.5, 'await setImmediate')]),
  cold(QUEUE, [aim('greenloop', 0.85, 'queue of promises')]),
  cold(QUEUE_1, [aim('greenloop', 2, 'queue of promises')]),
  cold(SLEEPERS, [
    aim('greenloop', 0.75, 'async/await'),
    aim('greenloop', 0.75, 'async/await', { figure: 'peakBytes' }),
  ]),
  cold(KILL, [aim('greenloop', 3.5, 'bare g.throw()')]),
  cold(TIMEOUT, [aim('Timeout, start and cancel', 0.75, 'clearTimeout(setTimeout())')]),
]

function cold(work: Work, aims: readonly Aim[]): Work {
  const isNamed = ({ name }: Contestant): boolean => aims.some(({ of, over }) => of === name || over === name)
  return {
    ...work,
    name: `${work.name}-cold`,
    title: `${work.title}: the first 100,000`,
    cold: true,
    contestants: work.contestants.filter(isNamed).map((one) => ({ ...one, times: TIMES })),
    aims,
    remark: '',
  }
}
