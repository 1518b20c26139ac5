// The reduced search: one execution of each kind, none missed; what is asleep is cut.
import { joinall, Semaphore, sleep, spawn } from 'greenloop'
import { describe, expect, it } from 'vitest'
import type { Body } from '../../../src/testing/execution/execution.ts'
import { GIVE_UP } from '../../../src/testing/schedule/choices.ts'
import { PlainSearch } from '../../../src/testing/search/bounded.ts'
import { ReducedSearch } from '../../../src/testing/search/dpor.ts'
import { canonicalTrace } from '../../../src/testing/search/equivalence.ts'
import type { Search } from '../../../src/testing/search/search.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { offer, somebody } from '../../support/offer.ts'
import {
  acquire,
  add,
  kill,
  ModelExecution,
  made,
  type Program,
  sleep as pause,
  read,
  release,
  type Seen,
  searched,
  set,
  start,
  thread,
  times,
  wait,
  write,
} from '../support/model.ts'
import { runner } from '../support/run.ts'

checkLeaks()

const ownCells = times(3, (one) => thread(...times(4, () => write(`own ${String(one)}`))))
const oneSharedWrite = times(3, (one) => thread(write('s'), ...times(3, () => write(`own ${String(one)}`))))
const sharedReads = times(3, () => thread(...times(4, () => read('s'))))
const sharedWrites = times(3, () => thread(...times(3, () => write('s'))))

function lostUpdate(threads: number, rounds: number): Program {
  return times(threads, () => thread(...times(rounds, () => [read('s'), add('s')]).flat()))
}

/** Takes two locks, and gives them back in one step. */
function transfer(from: string, to: string): Program[number] {
  return { steps: [[acquire(from)], [acquire(to)], [release(to), release(from)]] }
}

const deadlock = [transfer('a', 'b'), transfer('b', 'a')]
const cycle = [transfer('a', 'b'), transfer('b', 'c'), transfer('c', 'a')]
const bystanders = [...deadlock, ...times(2, (one) => thread(...times(3, () => write(`own ${String(one)}`))))]

function reduced(program: Program): Seen {
  return searched(made(program), new ReducedSearch())
}

describe('a reduced search', () => {
  it.each([
    ['3 threads of 4 steps, independent', ownCells, 1],
    ['the same, one shared write each', oneSharedWrite, 6],
    ['the same, shared reads only', sharedReads, 1],
    ['every step writes the same: 9! / 3!^3', sharedWrites, 1680],
    ['the lost update of 2', lostUpdate(2, 1), 4],
    ['the lost update of 4', lostUpdate(4, 1), 576],
    ['the lost update of 2, three rounds', lostUpdate(2, 3), 328],
    ['a deadlock of 2', deadlock, 5],
    ['a deadlock of 3', cycle, 37],
    ['a deadlock of 2 and two bystanders', bystanders, 5],
  ])('runs one of each kind: %s', (_name, program, count) => {
    const { executions, cut, kinds } = reduced(program)
    expect(kinds.size).toBe(count)
    expect({ executions, cut }).toEqual({ executions: count, cut: 0 })
  })

  it('finds a deadlock among bystanders in its third execution, and the plain search in its hundredth', () => {
    expect(reduced(bystanders).firstFailure).toBeLessThanOrEqual(3)
    expect(searched(made(bystanders), new PlainSearch(), 100).firstFailure).toBeGreaterThan(80)
  })

  it('does so by sleep sets alone, with executions that are cut', () => {
    const seen = searched(made(ownCells), new ReducedSearch({ sleepOnly: true }))
    expect(seen.executions - seen.cut).toBe(1)
    expect(seen.cut).toBe(24)
  })

  it('runs more than one of a kind, but none is missed, where objects are met for the first time by those who race', () => {
    const { executions, kinds } = searched(cycle, new ReducedSearch())
    expect(kinds).toEqual(searched(cycle, new PlainSearch()).kinds)
    expect(executions).toBeGreaterThan(kinds.size)
  })

  it('keeps some alternatives of one path, however many executions there are', () => {
    expect(reduced(lostUpdate(4, 1)).mostLeft).toBeLessThan(20)
  })

  it('takes a thousand steps of each of two greenlets at the cost of their steps', () => {
    const long = made(times(2, (one) => thread(...times(1000, () => write(`own ${String(one)}`)), write('s'))))
    const { executions } = searched(long, new ReducedSearch())
    expect(executions).toBe(2)
  })
})

describe('what the reduction must not miss', () => {
  it.each<[string, Program]>([
    [
      'a timer that is stopped before it goes off',
      [thread(pause(1), write('s')), thread(pause(1), kill(0), read('s'))],
    ],
    [
      'a timer that is stopped, while another step that it conflicts with goes first',
      [thread(pause(1), write('s')), thread(pause(1), kill(0)), thread(pause(1), write('s'), read('x'))],
    ],
    ['one that is killed while it is ready', [thread(read('s'), write('x')), thread(kill(0)), thread(write('s'))]],
    [
      'a step that is another one when it is killed before',
      [thread(read('y')), thread(start(2), kill(0)), thread(write('y'))],
    ],
    ['two that wake the same one', [thread(wait('e'), read('s')), thread(set('e')), thread(set('e'), write('s'))]],
    ['two that kill each other', [thread(read('s'), kill(1)), thread(write('s'), kill(0))]],
    ['timers that are due at once', times(3, () => thread(pause(1), write('s')))],
    ['timers that are due one after the other', [thread(pause(1), write('s')), thread(pause(2), read('s'))]],
    [
      'one that is started by another',
      [thread(write('s'), start(1)), { ...thread(read('s')), later: true }, thread(add('s'))],
    ],
  ])('%s', (_name, program) => {
    for (const one of [program, made(program)]) {
      const plain = searched(one, new PlainSearch())
      const seen = searched(one, new ReducedSearch())
      expect(seen.kinds).toEqual(plain.kinds)
      expect(seen.outcomes).toEqual(plain.outcomes)
      expect(seen.executions).toBeLessThanOrEqual(plain.executions)
    }
  })
})

/** The executions of a search over greenlets, and the kinds of those that were not cut. */
function explored(body: Body, search: Search): { executions: number; cut: number; kinds: Set<string> } {
  const run = runner(body)
  const kinds = new Set<string>()
  let [executions, cut] = [0, 0]
  for (; search.more(); executions++) {
    const execution = run(search.policy, 'footprints')
    search.took(execution)
    if (execution.outcome.kind === 'cut') cut++
    else if (execution.log !== null) kinds.add(canonicalTrace(execution.log))
  }
  expect(search.diverged).toBe(null)
  return { executions, cut, kinds }
}

describe('a reduced search over greenlets', () => {
  it('runs those that share nothing once', () => {
    const { executions, cut } = explored(function* () {
      for (let one = 0; one < 3; one++) {
        spawn(function* () {
          yield* sleep(0)
          yield* sleep(0)
          yield* sleep(0)
        })
      }
    }, new ReducedSearch())
    expect({ executions, cut }).toEqual({ executions: 1, cut: 0 })
  })

  it('finds the 576 kinds of the lost update of four', () => {
    const { executions, cut, kinds } = explored((t) => {
      const account = t.shared({ balance: 0 })
      for (let one = 0; one < 4; one++) {
        spawn(function* () {
          const { balance } = account
          yield* sleep(0)
          account.balance = balance + 1
        })
      }
    }, new ReducedSearch())
    expect({ executions, cut, kinds: kinds.size }).toEqual({ executions: 576, cut: 0, kinds: 576 })
  })

  it.each<[string, Body]>([
    [
      'locks',
      function* () {
        const [one, other] = [new Semaphore(1), new Semaphore(1)]
        function* both(first: Semaphore, second: Semaphore) {
          yield* first.acquire()
          yield* second.acquire()
          second.release()
          first.release()
        }
        yield* joinall([spawn(both, one, other), spawn(both, other, one)])
      },
    ],
    [
      'timers and kills',
      function* (t) {
        const cell = t.shared({ n: 0 })
        const sleeper = spawn(function* () {
          yield* sleep(5)
          cell.n++
        })
        spawn(function* () {
          yield* sleep(5)
          sleeper.kill()
          cell.n *= 2
        })
        yield* sleep(6)
      },
    ],
  ])('finds the kinds that the plain one finds: %s', (_name, body) => {
    const plain = explored(body, new PlainSearch())
    const seen = explored(body, new ReducedSearch())
    expect(seen.kinds).toEqual(plain.kinds)
    expect(seen.executions).toBe(seen.kinds.size)
    expect(plain.executions).toBeGreaterThan(seen.executions)
  })
})

it('takes everybody who is awake where somebody who spins was passed over', () => {
  const rounds = new Set<unknown>()
  const run = runner(
    function* (t) {
      const state = t.shared({ isDone: false })
      let looked = 0
      const poller = spawn(function* () {
        for (looked = 1; !state.isDone; looked++) yield* sleep(0)
      })
      const setter = spawn(function* () {
        yield* sleep(0)
        state.isDone = true
      })
      yield* joinall([poller, setter])
      return looked
    },
    { spins: 3 },
  )
  const search: Search = new ReducedSearch()
  let spun = false
  while (search.more()) {
    const execution = run(search.policy, 'footprints')
    search.took(execution)
    spun ||= execution.spun
    if (execution.outcome.kind === 'returned') rounds.add(execution.outcome.value)
  }
  expect(spun).toBe(true)
  for (const looked of [1, 2, 3]) expect(rounds).toContain(looked)
})

describe('a program that does not do the same for the same choices', () => {
  it('is told by another number of options', () => {
    const program = lostUpdate(2, 1)
    const search: Search = new ReducedSearch()
    search.more()
    search.took(new ModelExecution(program, search.policy))
    search.more()
    search.policy.begin({ steps: [], procOf: (subject) => ({ number: 0, key: '', subject }) })
    expect(search.policy.choose(offer([somebody()]), 0)).toBe(GIVE_UP)
    search.took(new ModelExecution(program, { choose: () => GIVE_UP }))
    expect(search.diverged).toEqual({ step: 0, expected: 'a choice of 2', got: 'a choice of 1' })
    expect(search.more()).toBe(false)
  })

  it('is told by an end that comes too early', () => {
    const search: Search = new ReducedSearch()
    search.more()
    search.took(new ModelExecution(lostUpdate(2, 1), search.policy))
    search.more()
    search.took(new ModelExecution([], search.policy))
    expect(search.diverged).toEqual({ step: 0, expected: 'a choice', got: 'the end' })
  })
})

it('refuses to be run without a log', () => {
  const search: Search = new ReducedSearch()
  search.more()
  search.policy.begin(null)
  expect(() => search.policy.choose(offer([somebody()]), 0)).toThrow('A reduced search was run without a log.')
})
