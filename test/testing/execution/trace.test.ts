// What a test may ask about its schedule: steps, switches, marks, what happened before what, the listing.
import { type Green, getcurrent, joinall, Queue, RawGreenlet, Semaphore, sleep, spawn, spawnWith } from 'greenloop'
import { type ScheduleContext, type Trace, virtual } from 'greenloop/testing'
import { describe, expect, it } from 'vitest'
import { Execution } from '../../../src/testing/execution/execution.ts'
import { Stage } from '../../../src/testing/execution/stage.ts'
import { Trace as TraceClass } from '../../../src/testing/execution/trace.ts'
import { fifo, given } from '../../../src/testing/schedule/policies.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { usage } from '../../support/thrown.ts'

checkLeaks()

/** The trace of `body` in the order of production. */
async function traceOf(body: (t: ScheduleContext) => Green<unknown>): Promise<Trace> {
  return (await virtual(body)).trace
}

/** The trace of `body` with places, and with a choice for each step; where it ends, the first. */
function placedTraceOf(body: (t: ScheduleContext) => Green<unknown>, choices: readonly number[] = []): Trace {
  const { log } = Execution.run(new Stage(), body, given(choices, fifo()), {
    caller: 'replay()',
    order: 'any',
    maxSteps: 1000,
    spins: 20,
    log: 'places',
    realIO: 'forbid',
    labels: new Map(),
  })
  return new TraceClass(log!)
}

/** A greenlet under the name of its body, without a number. */
function named<T>(name: string, body: () => Green<T>) {
  return spawnWith({ name }, body)
}

describe('steps', () => {
  it('say who took each step, where it ended, and when', async () => {
    const trace = await traceOf(function* () {
      yield* named('a', function* () {
        yield* sleep(5)
      }).join()
    })
    expect(
      trace.steps.map(({ number, who, kind, call, ended, atMs }) => [number, who, kind, call, ended, atMs]),
    ).toEqual([
      [0, 'main', 'greenlet', 'join() of "a"', null, 0],
      [1, 'a', 'greenlet', 'sleep(5)', null, 0],
      [2, 'sleep(5)', 'timer', null, null, 5],
      [3, 'a', 'greenlet', null, 'returned', 5],
      [4, 'a', 'greenlet', null, null, 5], // its links
      [5, 'main', 'greenlet', null, 'returned', 5],
    ])
  })

  it('say what was read and written of shared objects', async () => {
    const trace = await traceOf(function* (t) {
      const account = t.shared({ balance: 1, owner: 'Ann' }, 'account')
      yield* sleep(0)
      account.balance = account.balance + 1
      yield* sleep(0)
      return account.owner
    })
    expect(trace.steps.map(({ reads, writes }) => [reads, writes])).toEqual([
      [[], ['keys of account', 'account.balance', 'account.owner']],
      [[], ['account.balance']],
      [['account.owner'], []],
    ])
  })

  it('have their places where these are written down', () => {
    const trace = placedTraceOf(function* () {
      yield* sleep(0)
    })
    expect(trace.steps[0]?.place).toMatchObject({
      file: expect.stringContaining('trace.test.ts'),
      line: expect.any(Number),
    })
    expect(trace.steps[1]?.place).toBe(null)
  })

  it('may be asked for while the body runs', async () => {
    await traceOf(function* (t) {
      expect(t.trace.steps.length).toBe(1)
      t.mark('one')
      expect(t.trace.steps.map(({ marks, call }) => [marks, call])).toEqual([[['one'], null]])
      yield* sleep(0)
      expect(t.trace.steps.map(({ marks, call }) => [marks, call])).toEqual([
        [['one'], 'sleep(0)'],
        [[], null],
      ])
    })
  })
})

describe('switches', () => {
  it('are the names of those who ran, in order, each once while it goes on after itself', async () => {
    const trace = await traceOf(function* () {
      const body = function* () {
        yield* sleep(0)
        yield* sleep(0)
      }
      yield* joinall([named('a', body), named('b', body)])
      yield* sleep(0)
    })
    expect(trace.switches).toEqual(['main', 'a', 'b', 'a', 'b', 'a', 'b', 'main'])
  })

  it('include explicit switches', async () => {
    const trace = await traceOf(function* () {
      const main = getcurrent()
      const there: RawGreenlet = new RawGreenlet(function* there() {
        yield* back.switch()
      })
      const back: RawGreenlet = new RawGreenlet(function* back() {
        yield* main.switch()
      })
      yield* there.switch()
      yield* sleep(0)
    })
    expect(trace.switches).toEqual(['main', 'there', 'back', 'main'])
    expect(trace.steps[0]?.ran).toEqual(['main', 'there', 'back', 'main'])
  })
})

describe('marks', () => {
  it('are all that were set, in order', async () => {
    const trace = await traceOf(function* (t) {
      t.mark('a')
      t.mark('b')
      yield* sleep(0)
      t.mark('a')
    })
    expect(trace.marks).toEqual(['a', 'b', 'a'])
  })
})

describe('happenedBefore()', () => {
  it('holds within a greenlet, and within a step', async () => {
    const trace = await traceOf(function* (t) {
      t.mark('a')
      t.mark('b')
      yield* sleep(0)
      t.mark('c')
    })
    expect(trace.happenedBefore('a', 'b')).toBe(true)
    expect(trace.happenedBefore('b', 'a')).toBe(false)
    expect(trace.happenedBefore('a', 'a')).toBe(false)
    expect(trace.happenedBefore('b', 'c')).toBe(true)
    expect(trace.happenedBefore('c', 'b')).toBe(false)
  })

  it('does not hold between two that only happened to run in that order', async () => {
    const trace = await traceOf(function* (t) {
      yield* joinall(
        ['a', 'b'].map((name) =>
          named(name, function* () {
            t.mark(name)
          }),
        ),
      )
    })
    expect(trace.marks).toEqual(['a', 'b'])
    expect(trace.happenedBefore('a', 'b')).toBe(false)
    expect(trace.happenedBefore('b', 'a')).toBe(false)
  })

  it('holds from who wakes to who is woken', async () => {
    const trace = await traceOf(function* (t) {
      const queue = new Queue<number>()
      const consumer = named('consumer', function* () {
        yield* queue.get()
        t.mark('got')
      })
      yield* sleep(0)
      t.mark('put')
      queue.putNowait(1)
      yield* consumer.join()
    })
    expect(trace.happenedBefore('put', 'got')).toBe(true)
  })

  it('holds between those who hold a lock one after the other', async () => {
    const trace = await traceOf(function* (t) {
      const lock = new Semaphore(1)
      const body = (name: string) =>
        named(name, function* () {
          yield* lock.acquire()
          t.mark(name)
          lock.release()
        })
      yield* joinall([body('a'), body('b')])
    })
    expect(trace.happenedBefore('a', 'b')).toBe(true)
  })

  it('holds between those who touch the same property, and not between those who read it', async () => {
    const trace = await traceOf(function* (t) {
      const s = t.shared({ n: 0, m: 0 })
      const body = (name: string, act: () => unknown) =>
        named(name, function* () {
          act()
          t.mark(name)
        })
      yield* joinall([
        body('n', () => s.n++),
        body('n too', () => s.n),
        body('n again', () => s.n),
        body('m', () => s.m++),
      ])
    })
    expect(trace.happenedBefore('n', 'n too')).toBe(true)
    expect(trace.happenedBefore('n too', 'n again')).toBe(false)
    expect(trace.happenedBefore('n', 'm')).toBe(false)
  })

  it('holds when the clock has gone on in between', async () => {
    const trace = await traceOf(function* (t) {
      const body = (ms: number) =>
        named(`${ms}`, function* () {
          yield* sleep(ms)
          t.mark(`${ms} ms`)
        })
      yield* joinall([body(1), body(2)])
    })
    expect(trace.happenedBefore('1 ms', '2 ms')).toBe(true)
  })

  it('refuses a mark that nobody has set', async () => {
    const trace = await traceOf(function* (t) {
      t.mark('paid')
      t.mark('sent')
    })
    expect(usage(() => trace.happenedBefore('paid', 'lost'))).toBe(
      'happenedBefore() expects a mark of the trace, but nobody has set "lost" (string). These were set: "paid", "sent".',
    )
    const empty = await traceOf(function* () {
      // nothing
    })
    expect(usage(() => empty.happenedBefore('paid', 'sent'))).toBe(
      `happenedBefore() expects a mark of the trace, but nobody has set "paid" (string). There are none: t.mark('paid') sets one.`,
    )
  })

  it('refuses a mark that stands more than once', async () => {
    const trace = await traceOf(function* (t) {
      t.mark('paid')
      yield* sleep(0)
      t.mark('paid')
      t.mark('sent')
    })
    expect(usage(() => trace.happenedBefore('paid', 'sent'))).toBe(
      'happenedBefore() expects a mark that stands once in the trace, but "paid" was set 2 times, in the steps 0, 1. ' +
        'Give each a name of its own: t.mark(`paid ${n}`).',
    )
  })
})

describe('toString()', () => {
  it('lists the steps', async () => {
    const trace = await traceOf(function* (t) {
      const account = t.shared({ balance: 1 }, 'account')
      const main = getcurrent()
      yield* new RawGreenlet(function* aside() {
        t.mark('aside')
        yield* main.switch()
      }).switch()
      yield* named('saver', function* () {
        const { balance } = account
        yield* sleep(5)
        account.balance = balance + 1
      }).join()
    })
    expect(`\n${trace.toString()}\n`).toBe(`
0  0 ms  main > aside > main  join() of "saver"  writes keys of account, account.balance, mark "aside"
1  0 ms  saver                sleep(5)           reads account.balance
2  5 ms  sleep(5)             goes off
3  5 ms  saver                returned           writes account.balance
4  5 ms  saver                links
5  5 ms  main                 returned
`)
  })

  it('leaves out the time where none has passed, and has places where they are known', () => {
    const trace = placedTraceOf(function* () {
      yield* sleep(0)
      throw new Error('x')
    })
    const [first, second] = trace.toString().replaceAll(/:\d+/gu, ':1').split('\n')
    expect(first).toBe('0  main  sleep(0)  trace.test.ts:1')
    expect(second).toBe('1  main  failed')
  })

  it('names callbacks', async () => {
    const trace = await traceOf(function* () {
      const event = new Semaphore(0)
      spawn(() => event.release())
      yield* event.acquire()
    })
    expect(trace.toString()).toContain('the links of Semaphore  is called')
  })
})
