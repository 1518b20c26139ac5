/**
 * The works whose cost is followed from ten to a million.
 */
import type { Growing } from '../method/growth.ts'
import { QUEUE } from './queues.ts'
import { SLEEPERS } from './sleeping.ts'
import { SPAWN } from './spawning.ts'
import { SWITCH } from './switching.ts'
import { YIELD } from './taking-turns.ts'

export const GROWING: readonly Growing[] = [
  {
    work: SWITCH,
    title: 'A switch, by how many there are in a run',
    unit: 'switch',
    contestants: ['bare generators', 'RawGreenlet', 'async/await', 'Effect'],
  },
  {
    work: SPAWN,
    title: 'A task that is spawned and joined, by how many there are at once',
    unit: 'task',
    contestants: ['bare generators', 'greenloop', 'async function, one await', 'Effect'],
  },
  {
    work: YIELD,
    title: 'A yield, by how many there are in a run: ten for each task',
    unit: 'yield',
    contestants: ['bare generators', 'greenloop', 'await null', 'await setImmediate', 'Effect'],
    parameterFor: (count) => count / 10,
  },
  {
    work: QUEUE,
    title: 'An item through an unbounded queue, by how many there are in a run',
    unit: 'item',
    contestants: ['bare generators', 'greenloop', 'queue of promises', 'Effect'],
  },
  {
    work: SLEEPERS,
    title: 'A sleeper, by how many there are at once: time of the processors',
    unit: 'sleeper',
    contestants: ['setTimeout', 'greenloop', 'async/await', 'Effect'],
  },
]
