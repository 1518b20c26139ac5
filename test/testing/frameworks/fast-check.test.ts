// The schedule as an arbitrary: real runs of fast-check, which find, shrink and replay.
import { inspect } from 'node:util'
import fc from 'fast-check'
import { type Green, joinall, Queue, sleep, spawn } from 'greenloop'
import { replay, ScheduleFailure } from 'greenloop/testing'
import { Schedule, schedules } from 'greenloop/testing/fast-check'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { rejection, rejectionMessage, usage } from '../../support/thrown.ts'

checkLeaks()

/** How one adds to a sum that all share: at once, or by reading, waiting and writing. */
const item = fc.record({ amount: fc.nat(), slow: fc.boolean() })
type Item = { amount: number; slow: boolean }

/** Adds up what all items bring. */
function adding(items: readonly Item[]) {
  return function* (): Green<number> {
    let sum = 0
    function* add({ amount, slow }: Item) {
      const before = sum
      if (slow) yield* sleep(0)
      sum = before + amount
    }
    yield* joinall(items.map((one) => spawn(add, one)))
    const wanted = items.reduce((total, { amount }) => total + amount, 0)
    if (sum !== wanted) throw new Error(`${sum} instead of ${wanted}`)
    return sum
  }
}

const sums = fc.asyncProperty(fc.array(item), schedules(), async (items, schedule) => {
  await schedule.run(adding(items))
})

/** The producer is over before the consumer begins, in production; else the consumer gives up. */
function* impatient(items: number) {
  const queue = new Queue<number>()
  let taken = 0
  const producer = spawn(function* () {
    for (let number = 0; number < items; number++) yield* queue.put(number)
  })
  const consumer = spawn(function* () {
    yield* sleep(0)
    while (queue.qsize() > 0) {
      yield* queue.get()
      taken++
    }
  })
  yield* joinall([producer, consumer])
  if (taken + queue.qsize() !== items) throw new Error('lost')
  return taken
}

describe('schedules()', () => {
  it('finds a lost update and shrinks items and schedule to the least', { timeout: 30_000 }, async () => {
    const { failed, counterexample, errorInstance } = await fc.check(sums, { seed: 1 })
    expect(failed).toBe(true)
    const [items, schedule] = counterexample!
    expect(items).toEqual([
      { amount: 0, slow: true },
      { amount: 1, slow: false },
    ])
    expect(schedule.$shares).toEqual([])
    expect(errorInstance).toBeInstanceOf(ScheduleFailure)
    const { message, trace } = errorInstance as ScheduleFailure
    expect(trace).toBe(String(schedule))
    expect(message).toMatch(/^Error: 0 instead of 1\n/u)
    expect(message).toContain(`await replay(body, '${trace}')`)
  })

  it('shrinks to two items, one of them by 1, whatever the seed', { timeout: 30_000 }, async () => {
    for (let seed = 0; seed < 2; seed++) {
      const { counterexample } = await fc.check(sums, { seed })
      const [items, { $shares }] = counterexample!
      expect(items.map(({ amount }) => amount).sort()).toEqual([0, 1])
      expect(items.some(({ slow }) => slow)).toBe(true)
      expect($shares.filter((share) => share > 0).length).toBeLessThanOrEqual(1)
    }
  })

  it('finds what production order does not show, and shrinks to the one step that matters', async () => {
    const property = fc.asyncProperty(fc.integer({ min: 1, max: 5 }), schedules(), async (items, schedule) => {
      const taken = await schedule.run(() => impatient(items))
      return taken === items
    })
    const { counterexample } = await fc.check(property, { seed: 1 })
    expect(counterexample).toEqual([1, new Schedule([0, 1260, 1260])])
  })

  it('gives the same counterexample by the seed and the path that fast-check prints', async () => {
    const first = await fc.check(sums, { seed: 7 })
    const again = await fc.check(sums, { seed: 7, path: first.counterexamplePath! })
    expect([again.numRuns, again.numShrinks]).toEqual([1, 0])
    expect(fc.stringify(again.counterexample)).toBe(fc.stringify(first.counterexample))
  })

  it('draws dense and sparse ones, and the empty one', () => {
    const drawn = fc.sample(schedules(), { seed: 5, numRuns: 400 }).map(({ $shares }) => $shares)
    const shares = drawn
      .filter((choices) => choices.length > 40)
      .map((choices) => choices.filter((choice) => choice > 0).length / choices.length)
    expect(shares.filter((share) => share > 0.9).length).toBeGreaterThan(20)
    expect(shares.filter((share) => share < 0.1).length).toBeGreaterThan(20)
    expect(drawn.some((choices) => choices.length === 0)).toBe(true)
    expect(Math.max(...drawn.map((choices) => choices.length))).toBeLessThanOrEqual(200)
  })

  it('draws for as many steps as it is told', () => {
    expect(fc.sample(schedules({ steps: 0 }), 20).every(({ $shares }) => $shares.length === 0)).toBe(true)
    const lengths = fc.sample(schedules({ steps: 1000 }), { seed: 1, numRuns: 50 }).map(({ $shares }) => $shares.length)
    expect(Math.max(...lengths)).toBeGreaterThan(700)
  })

  it('refuses what is no option', () => {
    expect(usage(() => schedules(5 as never))).toBe(
      'schedules() expects its options as an object, such as { steps: 500 }, but got 5 (number).',
    )
    expect(usage(() => schedules({ steps: -1 }))).toBe(
      'schedules() expects `steps` to be an integer, 0 or more, but got -1 (number).',
    )
  })
})

describe('Schedule', () => {
  const [fifo, other] = [new Schedule([]), new Schedule([0, 2519, 0, 1260])]

  it('gives what the body returns', async () => {
    expect(await fifo.run(adding([{ amount: 5, slow: true }]))).toBe(5)
    expect(await fifo.run(() => 1)).toBe(1)
  })

  it('goes the same way each time, for whatever body', async () => {
    const order = async (schedule: Schedule): Promise<string> =>
      await schedule.run(function* () {
        let order = ''
        function* take(name: string) {
          order += name
          yield* sleep(0)
          order += name
        }
        yield* joinall(['a', 'b', 'c'].map((name) => spawn(take, name)))
        return order
      })
    expect([await order(fifo), await order(other), await order(other)]).toEqual(['abcabc', 'cacbab', 'cacbab'])
  })

  it('is shown as its choices, and as the string that replays it when it has failed', async () => {
    const body = adding([
      { amount: 1, slow: true },
      { amount: 1, slow: true },
    ])
    const schedule = new Schedule([0, 1680, 0, 840])
    expect([String(schedule), inspect(schedule)]).toEqual(['schedule(0 0.67 0 0.33)', 'schedule(0 0.67 0 0.33)'])
    const error = await rejection(schedule.run(body))
    expect((error as ScheduleFailure).trace).toBe(String(schedule))
    await expect(replay(body, String(schedule))).rejects.toHaveProperty('cause.message', '1 instead of 2')
  })

  it('keeps the order of production when told so', async () => {
    const items = [
      { amount: 1, slow: false },
      { amount: 1, slow: true },
    ]
    expect(await new Schedule([0, 1680]).run(adding(items), { order: 'external' })).toBe(2)
    await expect(new Schedule([0, 1680]).run(adding(items))).rejects.toBeInstanceOf(ScheduleFailure)
  })

  it('refuses what is no body and no option', () => {
    expect(usage(() => fifo.run(1 as never))).toBe('schedule.run() expects a function, but got 1 (number).')
    expect(usage(() => fifo.run(() => 1, { order: 'all' as never }))).toBe(
      "schedule.run() expects `order` to be 'any' or 'external', but got \"all\" (string).",
    )
  })

  it('rejects when something besides the schedule decides', async () => {
    let runs = 0
    const message = await rejectionMessage(
      fifo.run(function* () {
        for (let turn = 0; turn < runs; turn++) yield* sleep(0)
        runs++
        throw new Error('fails')
      }),
    )
    expect(message.split('\n')[0]).toBe(
      'Uncontrolled nondeterminism at step 1: expected main, which fails, saw main@sleep(0).',
    )
  })
})
