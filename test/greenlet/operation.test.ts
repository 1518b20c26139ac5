// An operation is a recipe: nothing happens until it is driven, and driving it again does it again.
import {
  type Green,
  getcurrent,
  getHub,
  joinall,
  type Operation,
  RawGreenlet,
  sleep,
  spawn,
  UsageError,
  until,
  Waiter,
  withTimeout,
} from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { catchReports } from '../support/reports.ts'
import { messageOf } from '../support/thrown.ts'
import { virtualHub } from '../support/virtual-clock.ts'

checkLeaks()

/** What the compiler refuses and JavaScript does not. */
function iterate(operation: Operation<unknown>): Iterable<unknown> {
  return operation as Iterable<unknown>
}

/** One of each kind that is in the front door. */
function everyKind(): Operation<unknown>[] {
  const greenlet = spawn(function* () {
    yield* sleep(0)
  })
  return [
    sleep(0),
    sleep(5),
    until(Promise.resolve(1)),
    until(() => Promise.resolve(1)),
    new Waiter().get(),
    greenlet.get(),
    greenlet.join(),
    joinall([greenlet]),
    withTimeout(5, sleep, 1),
  ]
}

/** The message of what a greenlet with this body dies of. */
async function deathOf(body: () => Green<unknown>): Promise<string> {
  catchReports()
  const greenlet = spawn(body)
  greenlet.name = 'tester'
  await greenlet.join()
  expect(greenlet.exception).toBeInstanceOf(UsageError)
  return messageOf(greenlet.exception)
}

const iterated = (operation: string): string =>
  `Greenlet "tester" iterated ${operation} instead of driving it.\n\n` +
  `  [...sleep(10)]; for (const x of sleep(10)) {}   // incorrect: begins the wait over and over\n` +
  `  yield* sleep(10)                                // correct`

describe('an operation', () => {
  it('does nothing until it is driven', () => {
    const { hub } = virtualHub()
    let called = 0
    // eslint-disable-next-line greenloop/no-floating-operation -- that nothing happens is what is tested
    sleep(5)
    // eslint-disable-next-line greenloop/no-floating-operation -- that nothing happens is what is tested
    until(() => {
      called++
      return Promise.resolve()
    })
    // eslint-disable-next-line greenloop/no-floating-operation -- that nothing happens is what is tested
    withTimeout(5, () => called++)
    expect([called, hub.timers.count, hub.outstanding]).toEqual([0, 0, 0])
  })

  it('driven twice waits twice', () => {
    const { clock } = virtualHub()
    const times: number[] = []
    spawn(function* () {
      const op = sleep(5)
      yield* op
      times.push(clock.now())
      yield* op
      times.push(clock.now())
    })
    clock.run()
    expect(times).toEqual([5, 10])
  })

  it('driven by two greenlets at once waits for each', () => {
    const { clock } = virtualHub()
    const times: number[] = []
    const op = sleep(5)
    function* driver(before: number): Green<void> {
      yield* sleep(before)
      yield* op
      times.push(clock.now())
    }
    spawn(driver, 0)
    spawn(driver, 2)
    clock.run()
    expect(times).toEqual([5, 7])
  })

  it('of a function calls it each time', async () => {
    let calls = 0
    const op = until(() => Promise.resolve(++calls))
    expect([await op, await op]).toEqual([1, 2])
  })

  it('that is composed runs anew each time', async () => {
    let calls = 0
    const op = withTimeout(50, function* () {
      yield* sleep(0)
      return ++calls
    })
    expect([await op, await op]).toEqual([1, 2])
  })

  it('may be awaited by a program and driven by a greenlet', async () => {
    const greenlet = spawn(function* () {
      yield* sleep(0)
      return 7
    })
    const op = greenlet.get()
    const reader = spawn(function* () {
      return yield* op
    })
    expect([await op, await reader.get()]).toEqual([7, 7])
  })

  it('is a recipe for promises, too: then() without await drives it in the background', async () => {
    const values: unknown[] = []
    const greenlet = spawn(function* () {
      void sleep(0).then(() => values.push(getcurrent().name))
      yield* sleep(0)
      yield* sleep(0)
      values.push('greenlet')
    })
    await greenlet.join()
    await sleep(1)
    expect(values.sort()).toEqual(['greenlet', 'main'])
  })

  it('iterated outside a greenlet starts nothing and comes to an end', async () => {
    const kinds = everyKind()
    const before = { timers: getHub().timers.count, outstanding: getHub().outstanding }
    for (const op of kinds) {
      expect([...iterate(op)]).toEqual([])
      for (const item of iterate(op)) throw new Error(`an item: ${String(item)}`)
    }
    expect({ timers: getHub().timers.count, outstanding: getHub().outstanding }).toEqual(before)
    await sleep(1)
  })

  it('is compared by a test tool without harm', async () => {
    const [some, others] = [everyKind(), everyKind()]
    for (const [place, op] of some.entries()) {
      expect(op).toEqual(op)
      try {
        expect(op).toEqual(others[place])
      } catch {
        // Whether two recipes are equal is the tool's to say; it must not hang and not start one.
      }
    }
    expect(sleep(5)).toEqual(sleep(5))
    expect(getHub().outstanding).toBe(0)
    await sleep(1)
  })

  it.each([
    ['sleep(10)', () => sleep(10)],
    ['sleep(0)', () => sleep(0)],
    ['until(promise)', () => until(Promise.resolve())],
    ['waiter.get()', () => new Waiter().get()],
  ])('spread in a greenlet, [...%s], fails it with the right line', async (text, make) => {
    expect(
      await deathOf(function* () {
        return [...iterate(make())]
      }),
    ).toBe(iterated(text))
    await sleep(1)
    expect(getHub().outstanding).toBe(0)
  })

  it('that is composed and spread in a greenlet fails it with the right line', async () => {
    expect(
      await deathOf(function* () {
        return [...iterate(withTimeout(5, sleep, 10))]
      }),
    ).toBe(iterated('sleep(10)'))
  })

  it('looped over in a greenlet, for (const x of sleep(10)), fails it with the right line', async () => {
    const rounds: unknown[] = []
    expect(
      await deathOf(function* () {
        for (const x of iterate(sleep(10))) rounds.push(x)
        return rounds
      }),
    ).toBe(iterated('sleep(10)'))
  })

  it('begun by destructuring and left behind, const [x] = sleep(5), does not start an ended greenlet again', () => {
    const { clock, hub } = virtualHub()
    catchReports()
    let runs = 0
    const seen: unknown[] = []
    const greenlet = spawn(function* () {
      if (++runs > 3) return // else a broken library would never come to an end
      const [first] = iterate(sleep(5))
      seen.push(first)
    })
    clock.run()
    expect([runs, greenlet.ready(), hub.timers.count]).toEqual([1, true, 0])
  })

  it('begun by destructuring fails the next wait with the right line', async () => {
    expect(
      await deathOf(function* () {
        const [first] = iterate(sleep(5))
        yield* sleep(1)
        return first
      }),
    ).toBe(iterated('sleep(1)'))
  })

  it('that need not wait may be spread: there is nothing to give', async () => {
    const ended = spawn(() => 1)
    await ended.join()
    const greenlet = spawn(function* () {
      return [...iterate(ended.join())]
    })
    expect(await greenlet.get()).toEqual([])
  })

  it('says what it is', () => {
    const greenlet = new RawGreenlet(function* () {})
    expect(greenlet.name).toBe('RawGreenlet')
    expect(
      [
        sleep(0),
        sleep(5),
        sleep(Infinity),
        until(Promise.resolve()),
        new Waiter().get(),
        withTimeout(5, sleep, 1),
        joinall([]),
      ].map(String),
    ).toEqual([
      'sleep(0)',
      'sleep(5)',
      'sleep(Infinity)',
      'until(promise)',
      'waiter.get()',
      'withTimeout(5, sleep)',
      'joinall() of 0 greenlets',
    ])
  })
})
