// Programs by chance: the reduced searches reach exactly the outcomes and the kinds of executions that brute force reaches.
import { expect, it } from 'vitest'
import { Random } from '../../../src/testing/schedule/random.ts'
import { PlainSearch } from '../../../src/testing/search/bounded.ts'
import { ReducedSearch } from '../../../src/testing/search/dpor.ts'
import type { Search } from '../../../src/testing/search/search.ts'
import { UntrackedCheck } from '../../../src/testing/search/untracked.ts'
import {
  type Action,
  acquire,
  kill,
  ModelExecution,
  made,
  type Program,
  read,
  release,
  searched,
  set,
  sleep,
  start,
  times,
  wait,
  write,
} from '../support/model.ts'

/** Change it to search elsewhere; a program that fails is printed whole. */
const SEED = 1
const PROGRAMS = 1000
/** Programs with more schedules than that are left out, and are few. */
const MOST_SCHEDULES = 200

const random = new Random(SEED)

function one<T>(...of: T[]): T {
  return of[random.below(of.length)] as T
}

function anyAction(threads: number): Action {
  switch (random.below(10)) {
    case 0:
    case 1:
      return read(one('x', 'y'))
    case 2:
    case 3:
      return write(one('x', 'y'))
    case 4:
      return acquire(one('a', 'b'))
    case 5:
      return release(one('a', 'b'))
    case 6:
      return wait(one('e', 'f'))
    case 7:
      return set(one('e', 'f'))
    case 8:
      return one(sleep(random.below(3)), start(random.below(threads)))
    default:
      return kill(random.below(threads))
  }
}

function anyProgram(): Program {
  const threads = 2 + random.below(3)
  const most = [0, 0, 5, 3, 2][threads] ?? 1
  const program = times(threads, () => ({
    steps: times(1 + random.below(most), () => times(1 + random.below(2), () => anyAction(threads))),
    later: random.below(6) === 0,
  }))
  return random.below(3) === 0 ? program : made(program)
}

it(`reaches exactly what brute force reaches, in ${String(PROGRAMS)} programs`, () => {
  let [compared, plainly, reduced, kinds] = [0, 0, 0, 0]
  while (compared < PROGRAMS) {
    const program = anyProgram()
    const plain = searched(program, new PlainSearch(), MOST_SCHEDULES)
    if (plain.executions === MOST_SCHEDULES) continue
    compared++
    const all = JSON.stringify(program)
    const sleeping = searched(program, new ReducedSearch({ sleepOnly: true }))
    const seen = searched(program, new ReducedSearch())
    expect({ all, outcomes: seen.outcomes, kinds: seen.kinds }).toEqual({
      all,
      outcomes: plain.outcomes,
      kinds: plain.kinds,
    })
    expect({ all, outcomes: sleeping.outcomes, kinds: sleeping.kinds }).toEqual({
      all,
      outcomes: plain.outcomes,
      kinds: plain.kinds,
    })
    plainly += plain.executions
    reduced += seen.executions
    kinds += seen.kinds.size
  }
  expect(plainly).toBeGreaterThan(5 * reduced)
  expect(reduced).toBeLessThan(1.5 * kinds)
}, 60_000)

it('runs any execution in other orders of its kind, and they come to the same', () => {
  let others = 0
  while (others < 300) {
    const program = anyProgram()
    const check = new UntrackedCheck((policy, log) => {
      others++
      return new ModelExecution(program, policy, log)
    }, random)
    const search: Search = new ReducedSearch()
    for (let executions = 0; executions < 5 && search.more(); executions++) {
      const execution = new ModelExecution(program, search.policy)
      search.took(execution)
      expect({ program, untracked: check.check(execution) }).toEqual({ program, untracked: null })
    }
  }
})
