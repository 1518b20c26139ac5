// The check of a reduction: another order of the same kind must be possible, of the same kind, and come to the same.
import { sleep, spawn } from 'greenloop'
import { describe, expect, it } from 'vitest'
import type { Body } from '../../../src/testing/execution/execution.ts'
import type { Outcome } from '../../../src/testing/execution/outcome.ts'
import { Random } from '../../../src/testing/schedule/random.ts'
import { ReducedSearch } from '../../../src/testing/search/dpor.ts'
import type { Search } from '../../../src/testing/search/search.ts'
import { isSameOutcome, UntrackedCheck } from '../../../src/testing/search/untracked.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { runner } from '../support/run.ts'

checkLeaks()

/** What a check finds in the executions of a reduced search, and how many other orders it runs. */
function checked(body: Body, most?: number): { what: string | null; step: number; orders: number } {
  const run = runner(body)
  let orders = 0
  const check = new UntrackedCheck(
    (policy, log) => {
      orders++
      return run(policy, log)
    },
    new Random(1),
    most,
  )
  const search: Search = new ReducedSearch()
  while (search.more()) {
    const execution = run(search.policy, 'footprints')
    search.took(execution)
    const untracked = check.check(execution)
    if (untracked !== null) return { what: untracked.what, step: untracked.step, orders }
  }
  return { what: null, step: -1, orders }
}

/** Two greenlets of three steps each. */
function* two(step: (who: number) => void) {
  for (const who of [1, 2]) {
    spawn(function* () {
      for (let round = 0; round < 3; round++) {
        step(who)
        yield* sleep(0)
      }
    })
  }
  yield* sleep(1)
}

describe('the check for untracked state', () => {
  it('finds nothing where all is tracked, and looks at several orders', () => {
    const { what, orders } = checked(function* (t) {
      const cell = t.shared({ x: 0, y: 0 })
      yield* two((who) => {
        cell[who === 1 ? 'x' : 'y'] += who
      })
      return `${String(cell.x)} ${String(cell.y)}`
    })
    expect(what).toBe(null)
    expect(orders).toBeGreaterThan(0)
  })

  it('finds a variable by an outcome that differs', () => {
    expect(
      checked(function* () {
        let order = ''
        yield* two((who) => {
          order += String(who)
        })
        return order
      }),
    ).toEqual({ what: 'the outcome', step: -1, orders: 1 })
  })

  it('finds a variable by what is touched', () => {
    const { what, step } = checked(function* (t) {
      const cell = t.shared({ x: 0 })
      let turns = 0
      yield* two((who) => {
        if (++turns === 4 && who === 2) cell.x++
      })
    })
    expect(what).toBe('what is touched')
    expect(step).toBeGreaterThan(0)
  })

  it('finds a variable by who can go on', () => {
    const { what, step } = checked(function* () {
      let turns = 0
      for (let one = 0; one < 2; one++) {
        spawn(function* () {
          for (let round = 0; round < 3; round++) if (++turns % 2 === 0) yield* sleep(0)
        })
      }
      yield* sleep(1)
    })
    expect(what).not.toBe(null)
    expect(step).toBeGreaterThan(-1)
  })

  it('looks at as many executions as it was told', () => {
    const body: Body = function* (t) {
      const cell = t.shared({ x: 0, y: 0 })
      yield* two((who) => {
        cell.x += who
      })
    }
    expect(checked(body, 3).orders).toBeLessThanOrEqual(3)
    expect(checked(body, 0).orders).toBe(0)
  })
})

describe('isSameOutcome()', () => {
  function returned(value: unknown): Outcome {
    return { kind: 'returned', value }
  }
  function failed(error: unknown, why: 'error' | 'unread' = 'error'): Outcome {
    return { kind: 'failed', why, error, greenlet: 'main' }
  }
  class Point {
    readonly x: number
    constructor(x: number) {
      this.x = x
    }
  }
  const round: { self?: unknown } = {}
  round.self = round
  const other: { self?: unknown } = {}
  other.self = other

  it.each<[string, unknown, unknown]>([
    ['numbers', 1, 1],
    ['NaN', NaN, NaN],
    ['lists', [1, [2]], [1, [2]]],
    ['plain objects, in any order', { a: 1, b: { c: 2 } }, { b: { c: 2 }, a: 1 }],
    ['maps', new Map([[1, 'a']]), new Map([[1, 'a']])],
    ['sets', new Set([1]), new Set([1])],
    ['objects of a class, whatever they hold', new Point(1), new Point(2)],
    ['functions of one name', { f() {} }.f, { f() {} }.f],
    ['errors that say the same', new TypeError('no'), new TypeError('no')],
    ['errors that name greenlets by number', new Error('"work-3" waits.'), new Error('"work-4" waits.')],
    ['objects that hold themselves', round, other],
  ])('takes as the same: %s', (_name, one, same) => {
    expect(isSameOutcome(returned(one), returned(same))).toBe(true)
  })

  it.each<[string, unknown, unknown]>([
    ['numbers', 1, 2],
    ['0 and -0', 0, -0],
    ['a number and a text', 1, '1'],
    ['null and an object', null, {}],
    ['lists of other lengths', [1], [1, 2]],
    ['a list and an object', [], {}],
    ['objects with other properties', { a: 1 }, { b: 1 }],
    ['maps', new Map([[1, 'a']]), new Map([[1, 'b']])],
    ['objects of other classes', new Point(1), {}],
    ['errors that say another thing', new TypeError('no'), new TypeError('yes')],
    ['errors that say another number', new Error('got -3, not 2'), new Error('got -4, not 2')],
    ['an error and what looks like one', new Error('no'), { name: 'Error', message: 'no' }],
    ['functions of other names', { f() {} }.f, { g() {} }.g],
  ])('tells apart: %s', (_name, one, another) => {
    expect(isSameOutcome(returned(one), returned(another))).toBe(false)
    expect(isSameOutcome(returned(another), returned(one))).toBe(false)
  })

  it('compares failures by why, and by the error', () => {
    expect(isSameOutcome(failed(new Error('a')), failed(new Error('a')))).toBe(true)
    expect(isSameOutcome(failed(new Error('a')), failed(new Error('b')))).toBe(false)
    expect(isSameOutcome(failed(new Error('a')), failed(new Error('a'), 'unread'))).toBe(false)
    expect(isSameOutcome(failed(new Error('a')), returned(1))).toBe(false)
    expect(isSameOutcome({ kind: 'cut' }, { kind: 'cut' })).toBe(true)
    expect(isSameOutcome({ kind: 'cut' }, returned(1))).toBe(false)
  })
})
