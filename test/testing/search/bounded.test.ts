// The plain search: every schedule once, those with the fewest preemptions first, and few known at a time.
import { sleep, spawn } from 'greenloop'
import { describe, expect, it } from 'vitest'
import { GIVE_UP } from '../../../src/testing/schedule/choices.ts'
import { PlainSearch } from '../../../src/testing/search/bounded.ts'
import type { Search } from '../../../src/testing/search/search.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { offer, somebody } from '../../support/offer.ts'
import {
  add,
  ModelExecution,
  made,
  type Program,
  sleep as pause,
  read,
  searched,
  thread,
  times,
  write,
} from '../support/model.ts'
import { runner } from '../support/run.ts'

checkLeaks()

/** Three threads of four steps, each on a cell of its own. */
const independent = times(3, (one) => thread(...times(4, () => write(`own ${String(one)}`))))

/** The choices of all executions of a search, and the preemptions of each. */
function schedules(program: Program, search: Search): { choices: string[]; preemptions: number[]; mostLeft: number } {
  const choices: string[] = []
  const preemptions: number[] = []
  let mostLeft = 0
  while (search.more()) {
    const execution = new ModelExecution(program, search.policy, 'none')
    search.took(execution)
    choices.push(execution.choices.join(''))
    preemptions.push(execution.preemptions)
    mostLeft = Math.max(mostLeft, search.left)
  }
  return { choices, preemptions, mostLeft }
}

describe('a plain search', () => {
  it('runs every schedule once: 12! / 4!^3 of three threads of four steps', () => {
    const { choices, preemptions, mostLeft } = schedules(independent, new PlainSearch())
    expect(choices.length).toBe(34_650)
    expect(new Set(choices).size).toBe(34_650)
    expect(preemptions).toEqual([...preemptions].sort((a, b) => a - b))
    expect(mostLeft).toBeLessThan(34_650 / 5)
  })

  it.each([
    ['the lost update of 2', times(2, () => thread(read('s'), add('s'))), 6],
    ['the lost update of 4', times(4, () => thread(read('s'), add('s'))), 2520],
    ['timers that are due at once', times(3, () => thread(pause(1), write('s'))), 6 * 6 * 15],
  ])('counts %s', (_name, program, count) => {
    const { choices } = schedules(program, new PlainSearch())
    expect(new Set(choices).size).toBe(choices.length)
    expect(choices.length).toBe(count)
  })

  it('finds as many of greenlets as of threads', () => {
    const run = runner(function* () {
      for (let one = 0; one < 3; one++) {
        spawn(function* () {
          yield* sleep(0)
          yield* sleep(0)
        })
      }
    })
    const search = new PlainSearch()
    let executions = 0
    for (; search.more(); executions++) run(search.policy, 'none')
    expect(executions).toBe(1680) // 9! / 3!^3
  })

  it.each([
    [0, 6],
    [1, 60],
    [2, 402],
  ])('stops at %i preemptions, and says so', (preemptions, count) => {
    const search = new PlainSearch({ preemptions })
    expect(searched(independent, search).executions).toBe(count)
    expect(search.bound).toBe('preemptions')
    expect(search.left).toBe(0)
  })

  it('does not name a bound that nothing was left out for', () => {
    const search = new PlainSearch({ preemptions: 2 })
    expect(
      searched(
        times(2, () => thread(read('s'), add('s'))),
        search,
      ).executions,
    ).toBe(6)
    expect(search.bound).toBe('none')
  })

  it('goes on by default with who ran last, else with the head', () => {
    const search = new PlainSearch()
    search.more()
    search.policy.begin(null)
    const three = [somebody(), somebody(), somebody()]
    expect(search.policy.choose(offer(three, [], 2), 0)).toBe(2)
    expect(search.policy.choose(offer(three), 1)).toBe(0)
  })

  it('keeps no more of each number of preemptions than will be run', () => {
    const long = times(3, () => thread(...times(40, () => write('s'))))
    const bounded = searched(long, new PlainSearch({ most: 100 }), 100)
    const free = searched(long, new PlainSearch(), 100)
    expect([...bounded.kinds]).toEqual([...free.kinds])
    expect(bounded.mostLeft).toBeLessThan(1000)
    expect(free.mostLeft).toBeGreaterThan(4000)
  })

  it('still has alternatives when as many were run as it was told, so that nobody takes it for complete', () => {
    const search = new PlainSearch({ most: 10 })
    expect(searched(made(independent), search, 10).executions).toBe(10)
    expect(search.more()).toBe(true)
  })
})

describe('a program that does not do the same for the same choices', () => {
  const three = [somebody(), somebody(), somebody()]
  const [a, b] = three as [ReturnType<typeof somebody>, ReturnType<typeof somebody>]

  function afterOne(): PlainSearch {
    const search = new PlainSearch()
    search.more()
    search.policy.begin(null)
    search.policy.choose(offer([a, b]), 0)
    search.policy.choose(offer(three), 1)
    search.took()
    search.more()
    search.policy.begin(null)
    search.policy.choose(offer([a, b]), 0)
    return search
  }

  it('is told by another number of options', () => {
    const search = afterOne()
    expect(search.policy.choose(offer([a, b]), 1)).toBe(GIVE_UP)
    search.took()
    expect(search.diverged).toEqual({ step: 1, expected: 'a choice of 3', got: 'a choice of 2' })
    expect(search.more()).toBe(false)
  })

  it('is told by an end that comes too early', () => {
    const search = afterOne()
    search.took()
    expect(search.diverged).toEqual({ step: 1, expected: 'a choice of 3', got: 'the end' })
  })
})
