// Shrinking: a schedule that fails in the same way, with few preemptions, few steps and few changes of who runs.
import { BoundedSemaphore, Event, type Green, joinall, Queue, Semaphore, sleep, spawn } from 'greenloop'
import { describe, expect, it } from 'vitest'
import type { Body, Execution } from '../../../src/testing/execution/execution.ts'
import type { Policy } from '../../../src/testing/schedule/choices.ts'
import { randomWalk } from '../../../src/testing/schedule/policies.ts'
import { Random } from '../../../src/testing/schedule/random.ts'
import { Following, stretchesOf } from '../../../src/testing/search/following.ts'
import { isSameFailure, shrink } from '../../../src/testing/search/shrink.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { add, fail, ModelExecution, type Program, read, set, thread, times, wait, write } from '../support/model.ts'
import { runner } from '../support/run.ts'

checkLeaks()

/** The first failing execution with at least so many preemptions, by chance. */
function found(run: ReturnType<typeof runner>, preemptions: number): Execution {
  const walk = randomWalk(new Random(3))
  for (let executions = 0; executions < 5000; executions++) {
    const execution = run(walk, 'none')
    if (execution.outcome.kind === 'failed' && execution.preemptions >= preemptions) return execution
  }
  throw new Error('No failing execution was found.')
}

function* pause(times: number): Green<void> {
  for (let time = 0; time < times; time++) yield* sleep(0)
}

describe('shrink()', () => {
  it.each<[string, number, Body]>([
    [
      'a lost update',
      1,
      function* () {
        let balance = 0
        function* deposit() {
          for (let round = 0; round < 3; round++) {
            const before = balance
            yield* sleep(0)
            balance = before + 1
          }
        }
        yield* joinall([spawn(deposit), spawn(deposit)])
        if (balance !== 6) throw new Error(String(balance))
      },
    ],
    [
      'a check before an act',
      1,
      function* () {
        let seats = 1
        let sold = 0
        function* buy() {
          yield* pause(2)
          if (seats === 0) return
          yield* sleep(0)
          seats--
          sold++
        }
        yield* joinall([spawn(buy), spawn(buy), spawn(buy)])
        if (sold > 1) throw new Error('sold twice')
      },
    ],
    [
      'locks in two orders, among bystanders',
      1,
      function* () {
        const [one, other] = [new Semaphore(1), new Semaphore(1)]
        function* both(first: Semaphore, second: Semaphore) {
          yield* first.acquire()
          yield* second.acquire()
          second.release()
          first.release()
        }
        const bystanders = times(2, () => spawn(pause, 3))
        yield* joinall([spawn(both, one, other), spawn(both, other, one), ...bystanders])
      },
    ],
    [
      'a lost wake-up',
      1,
      function* () {
        const event = new Event()
        const mail = { isThere: false, isWanted: false }
        const waiter = spawn(function* () {
          yield* pause(2)
          if (mail.isThere) return
          yield* sleep(0)
          mail.isWanted = true
          yield* event.wait()
        })
        const setter = spawn(function* () {
          yield* pause(2)
          mail.isThere = true
          if (mail.isWanted) event.set()
        })
        yield* joinall([waiter, setter])
      },
    ],
    [
      'a double release',
      1,
      function* () {
        const lock = new BoundedSemaphore(1)
        const state = { isHeld: false }
        function* worker() {
          yield* lock.acquire()
          state.isHeld = true
          yield* sleep(0)
          lock.release()
          state.isHeld = false
        }
        function* impatient() {
          yield* pause(3)
          if (state.isHeld) lock.release()
        }
        yield* joinall([spawn(worker), spawn(impatient)], { raiseError: true })
      },
    ],
    [
      'a consumer that is killed between get and process',
      2, // of main by the consumer, and of the consumer by main
      function* () {
        const queue = new Queue<number>()
        const done: number[] = []
        const consumer = spawn(function* () {
          for (;;) {
            const item = yield* queue.get()
            yield* sleep(0)
            done.push(item)
          }
        })
        queue.putNowait(1)
        yield* pause(4)
        yield* consumer.kill()
        if (done.length + queue.qsize() !== 1) throw new Error('lost')
      },
    ],
  ])('finds the smallest schedule of %s', (_name, preemptions, body) => {
    const run = runner(body)
    const first = found(run, 2)
    const small = shrink(run, first)
    expect(isSameFailure(small.outcome, first.outcome)).toBe(true)
    expect(small.preemptions).toBeLessThanOrEqual(preemptions)
    expect(small.choices.length).toBeLessThanOrEqual(first.choices.length)
    // What it answers is a schedule: its choices alone give the same failure.
    const again = run({ choose: (_choices, step) => small.choices[step] ?? 0 }, 'none')
    expect(isSameFailure(again.outcome, first.outcome)).toBe(true)
    expect(again.choices).toEqual(small.choices)
  })

  /** Two lose an update, one finds it out, four stand by: there are 5040 schedules without a preemption. */
  const lost: Program = [
    thread(read('s'), add('s'), set('first')),
    thread(read('s'), add('s'), set('second')),
    thread(wait('first'), wait('second'), fail('s', 2)),
    ...times(4, () => thread(...times(3, () => write('other')))),
  ]
  const keys = 't4 t1 t5 t3 t2 t4 t1 t6 t2 t7 t5 t1 t3 t7 t4 t2 t6 t3'.split(' ')
  const run = (policy: Policy, log: 'none' | 'footprints') => new ModelExecution(lost, policy, log)

  it('merges stretches when the budget is too small to search', () => {
    const first = run(new Following(keys), 'footprints')
    expect(first.outcome.kind).toBe('failed')
    expect(first.preemptions).toBe(12)
    const small = shrink(run, first, { budget: 600 })
    expect(small.preemptions).toBe(1)
    expect(small.choices.length).toBe(9)
    expect(stretchesOf(small.log!).map(({ key, steps }) => `${key}*${String(steps)}`)).toEqual([
      't2*1',
      't1*3',
      't2*2',
      't3*3',
    ])
  })

  it('keeps to its budget of executions', () => {
    const first = run(new Following(keys), 'footprints')
    let executions = 0
    shrink((policy, log) => (executions++, run(policy, log)), first, { budget: 50 })
    expect(executions).toBe(50)
  })

  it('keeps to its budget of steps', () => {
    const first = run(new Following(keys), 'footprints')
    let steps = 0
    shrink(
      (policy, log) => {
        const execution = run(policy, log)
        steps += execution.choices.length
        return execution
      },
      first,
      { steps: 400 },
    )
    expect(steps).toBeGreaterThan(300)
    expect(steps).toBeLessThan(400 + 2 * keys.length)
  })

  it('answers what it was given when there is nothing smaller', () => {
    const one: Program = [thread(fail('s', 1))]
    const first = new ModelExecution(one, new Following(['t1']))
    expect(shrink((policy, log) => new ModelExecution(one, policy, log), first)).toBe(first)
  })
})

describe('isSameFailure()', () => {
  it('goes by why and by the class of the error', () => {
    const failed = (error: unknown, why: 'error' | 'deadlock' = 'error') =>
      ({ kind: 'failed', why, error, greenlet: 'main' }) as const
    expect(isSameFailure(failed(new TypeError('1')), failed(new TypeError('2')))).toBe(true)
    expect(isSameFailure(failed(new TypeError('1')), failed(new RangeError('1')))).toBe(false)
    expect(isSameFailure(failed(new TypeError('1')), failed(new TypeError('1'), 'deadlock'))).toBe(false)
    expect(isSameFailure(failed('text'), failed('other text'))).toBe(true)
    expect(isSameFailure(failed('text'), failed(1))).toBe(false)
    expect(isSameFailure(failed(1), { kind: 'returned', value: 1 })).toBe(false)
  })
})
