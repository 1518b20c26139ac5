// The kind of an execution: the same for all that differ in the order of independent steps only; and other orders of one kind.
import { expect, it } from 'vitest'
import { Random } from '../../../src/testing/schedule/random.ts'
import { PlainSearch } from '../../../src/testing/search/bounded.ts'
import { canonicalTrace, linearization } from '../../../src/testing/search/equivalence.ts'
import { Following } from '../../../src/testing/search/following.ts'
import type { Actor, Recording, Taken } from '../../../src/testing/search/search.ts'
import {
  add,
  ModelExecution,
  made,
  type Program,
  read,
  searched,
  sleep,
  thread,
  times,
  write,
} from '../support/model.ts'

type Touch = readonly [object: object, written: boolean]

/** A log of steps by proc key. */
function log(...steps: (readonly [key: string, ...touches: Touch[]])[]): Pick<Recording, 'steps'> {
  const procs = new Map<string, Actor>()
  return {
    steps: steps.map(([key, ...touches]): Taken => {
      const proc = procs.get(key) ?? { number: procs.size, key, subject: {} }
      procs.set(key, proc)
      return { proc, offered: [proc], madeReadyBy: -1, barrier: false, touched: new Map(touches) }
    }),
  }
}

const [x, y] = [{ name: 'x' }, { name: 'y' }]

it('says who wrote and who read each object, in order; readers between two writes have none', () => {
  const one = log(['a', [x, true]], ['b', [x, false]], ['c', [x, false], [y, true]], ['a', [x, true]])
  expect(canonicalTrace(one)).toBe('a*2\na:1=a#1 (b#1 c#1) a#2\nb*1\nc*1\nc:2=c#1')
  const other = log(['a', [x, true]], ['c', [x, false], [y, true]], ['b', [x, false]], ['a', [x, true]])
  expect(canonicalTrace(other)).toBe(canonicalTrace(one))
})

it('names objects by who touches them, so that those of another execution have the same names', () => {
  const [u, v] = [{}, {}]
  expect(canonicalTrace(log(['b', [u, true], [v, true]], ['a', [v, true]]))).toBe(
    canonicalTrace(log(['b', [x, true], [y, true]], ['a', [y, true]])),
  )
})

it.each([
  ['two writes in the other order', log(['a', [x, true]], ['b', [x, true]]), log(['b', [x, true]], ['a', [x, true]])],
  [
    'a read before and after a write',
    log(['a', [x, true]], ['b', [x, false]]),
    log(['b', [x, false]], ['a', [x, true]]),
  ],
  ['a read and a write', log(['a', [x, true]]), log(['a', [x, false]])],
  ['one object and two', log(['a', [x, true]], ['b', [x, true]]), log(['a', [x, true]], ['b', [y, true]])],
  ['a step more, which touches nothing', log(['a', [x, true]]), log(['a', [x, true]], ['a'])],
])('tells apart: %s', (_name, one, other) => {
  expect(canonicalTrace(one)).not.toBe(canonicalTrace(other))
})

it('is the same for all schedules of independent steps, and another one for each of steps on one object', () => {
  const own = made(times(3, (place) => thread(...times(2, () => write(`own ${String(place)}`)))))
  expect(searched(own, new PlainSearch()).kinds.size).toBe(1)
  const same = made(times(3, () => thread(...times(2, () => write('s')))))
  expect(searched(same, new PlainSearch()).kinds.size).toBe(90)
})

it('draws other orders, which can be followed to the same kind', () => {
  const program: Program = made([
    thread(write('x'), sleep(1), read('y'), write('x')),
    thread(read('x'), write('y'), sleep(1)),
    thread(read('y'), add('y'), write('z'), sleep(2), write('x')),
  ])
  const search = new PlainSearch()
  search.more()
  const first = new ModelExecution(program, search.policy)
  const random = new Random(5)
  const orders = new Set<string>()
  for (let drawn = 0; drawn < 40; drawn++) {
    const { keys, order } = linearization(first.log!, random)
    expect([...order].sort((a, b) => a - b)).toEqual(order.map((_, place) => place))
    orders.add(order.join(' '))
    const second = new ModelExecution(program, new Following(keys))
    expect(canonicalTrace(second.log!)).toBe(canonicalTrace(first.log!))
    expect(second.outcome).toEqual(first.outcome)
  }
  expect(orders.size).toBeGreaterThan(20)
})

it('draws no order across a jump of the clock', () => {
  const program = made([thread(write('x'), sleep(1), write('x')), thread(sleep(1), write('y'))])
  const search = new PlainSearch()
  search.more()
  const { log: first } = new ModelExecution(program, search.policy)
  const jump = first!.steps.findIndex(({ barrier }) => barrier)
  for (let drawn = 0; drawn < 20; drawn++) {
    const { order } = linearization(first!, new Random(drawn))
    expect(Math.max(...order.slice(0, jump))).toBe(jump - 1)
  }
})
