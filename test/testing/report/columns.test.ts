/**
 * A schedule as a picture: columns, rows, marks, time, and the list that takes over when there are too many columns.
 */
import { PriorityQueue, Queue } from 'greenloop'
import { describe, expect, it } from 'vitest'
import { picture } from '../../../src/testing/report/columns.ts'
import { readingsOf } from '../../../src/testing/report/steps.ts'
import { HandMade } from './hand-made.ts'

/** The picture of a schedule, without the first end of line of the text it is compared with. */
function drawn(schedule: HandMade, options: Parameters<typeof picture>[1] = {}): string {
  return `\n${picture(readingsOf(schedule), options)}\n`
}

describe('picture()', () => {
  it('gives each greenlet a column and each step a row, with the call it ends in and its place', () => {
    const schedule = new HandMade()
    const main = schedule.greenlet('main')
    const worker = schedule.greenlet('worker-1')
    schedule.step(main, { in: 'join() of "worker-1"', line: 20 })
    schedule.step(worker, { in: 'queue.get()', line: 12 })
    schedule.step(worker, { ended: 'returned' })
    schedule.step(main, { ended: 'returned' })
    expect(drawn(schedule)).toBe(`
     main                  worker-1
  0  join() of "worker-1"               bank.test.ts:20
  1                        queue.get()  bank.test.ts:12
  2                        returns
  3  returns
`)
  })

  it('says where another one was taken than the one that could have gone on, with an arrow to it', () => {
    const schedule = new HandMade()
    const main = schedule.greenlet('main')
    const [left, right] = [schedule.greenlet('left'), schedule.greenlet('right')]
    schedule.step(main, { in: 'joinall()' })
    schedule.step(left, { in: 'sleep(0)' })
    schedule.step(right, { in: 'sleep(0)', offered: [left] })
    schedule.step(left, { in: 'sleep(0)', offered: [right] })
    schedule.step(left, { ended: 'returned', offered: [right] })
    schedule.step(right, { ended: 'returned' })
    expect(drawn(schedule)).toBe(`
     main       left             right
  0  joinall()
  1             sleep(0)
  2             switched away ⟶  sleep(0)
  3             sleep(0)         ⟵ switched away
  4             returns
  5                              returns
`)
  })

  it('draws a line where time has passed', () => {
    const schedule = new HandMade()
    const main = schedule.greenlet('main')
    schedule.step(main, { in: 'sleep(10)' })
    schedule.step(main, { in: 'sleep(3600000)', at: 10 })
    schedule.step(main, { ended: 'returned', at: 3_600_010 })
    expect(drawn(schedule)).toBe(`
     main
  0  sleep(10)
     ── 10 ms later ──
  1  sleep(3600000)
     ── 3,600,000 ms later, at 3,600,010 ms ──
  2  returns
`)
  })

  it('gives timers and callbacks a column when there are some that could have changed places', () => {
    const schedule = new HandMade()
    const [main, worker] = [schedule.greenlet('main'), schedule.greenlet('worker')]
    const [alone, tied] = [schedule.timer('sleep(10)'), schedule.timer('Timeout(20)')]
    const callback = schedule.callback('onData')
    schedule.step(main, { in: 'sleep(10)' })
    schedule.step(alone, { at: 10, woke: [main] })
    schedule.step(main, { in: 'sleep(10)' })
    schedule.step(tied, { at: 20, woke: [main, worker], offered: [alone] })
    schedule.step(callback)
    schedule.step(main, { ended: 'returned' })
    expect(drawn(schedule)).toBe(`
     main       the hub
  0  sleep(10)
     ── 10 ms later ───────────────────────────
  2  sleep(10)
     ── 10 ms later, at 20 ms ─────────────────
  3             Timeout(20): wakes main, worker
  4             onData
  5  returns
`)
  })

  it('leaves out the links of those that have ended, and of the same step in a row all but the first', () => {
    const schedule = new HandMade()
    const [main, worker] = [schedule.greenlet('main'), schedule.greenlet('worker')]
    schedule.step(main, { in: 'join() of "worker"', line: 4 })
    schedule.step(worker, { in: 'sleep(0)', line: 8 })
    schedule.step(worker, { in: 'sleep(0)', line: 8 })
    schedule.step(worker, { in: 'sleep(0)', line: 8 })
    schedule.step(worker, { ended: 'returned' })
    schedule.step(worker, { ended: 'returned', ran: ['main'] }) // its links: plain code
    schedule.step(schedule.callback('the links of Event'), { woke: [main] })
    schedule.step(main, { ended: 'returned' })
    expect(drawn(schedule)).toBe(`
     main                worker
  0  join() of "worker"                      bank.test.ts:4
  1                      sleep(0) (3 times)  bank.test.ts:8
  4                      returns
  7  returns
`)
  })

  it('shows marks, explicit switches and kills', () => {
    const schedule = new HandMade()
    const [main, worker] = [schedule.greenlet('main'), schedule.greenlet('worker')]
    schedule.step(main, { in: 'gr1.switch()', ran: ['main', 'gr1', 'gr2', 'gr1', 'gr2', 'main'], marks: ['begun'] })
    schedule.step(main, { in: 'sleep(0)' })
    schedule.step(worker, { ended: 'returned' })
    schedule.end(worker, 'killed')
    expect(drawn(schedule)).toBe(`
     main                                    worker
  0  mark: begun
     switches to gr1 → gr2 → gr1 and 2 more
     gr1.switch()
  1  sleep(0)
  2                                          is killed
`)
  })

  it('names what a greenlet fails with, and where that was made', () => {
    const schedule = new HandMade()
    const main = schedule.greenlet('main')
    const error = new RangeError('too far')
    error.stack = `RangeError: too far\n    at walk (${process.cwd()}/walk.ts:7:9)`
    schedule.step(main, { ended: 'failed', line: 3 })
    schedule.end(main, error)
    expect(drawn(schedule)).toBe(`
     main
  0  fails: RangeError  walk.ts:7
`)
  })

  it('says who waits for ever, and what is found at the last step', () => {
    const schedule = new HandMade()
    const [main, worker] = [schedule.greenlet('main'), schedule.greenlet('worker')]
    schedule.step(main, { in: 'join() of "worker"' })
    schedule.step(worker, { in: 'event.wait()' })
    expect(drawn(schedule, { forEver: [main, worker], verdict: 'here it does not hold' })).toBe(`
     main                worker
  0  join() of "worker"
  1                      event.wait()
                         here it does not hold
     waits for ever      waits for ever
`)
  })

  it('tells greenlets of one name apart by who made them', () => {
    const schedule = new HandMade()
    const [one, other] = [schedule.greenlet('deposit'), schedule.greenlet('deposit')]
    schedule.step(one, { ended: 'returned' })
    schedule.step(other, { ended: 'returned' })
    expect(drawn(schedule)).toBe(`
     deposit (main)  deposit (main/1)
  0  returns
  1                  returns
`)
  })

  it('shortens places to the file, then breaks lines, to fit', () => {
    const schedule = new HandMade()
    schedule.file = 'packages/bank/test/schedules/bank.test.ts'
    const [main, worker] = [schedule.greenlet('main'), schedule.greenlet('worker')]
    schedule.step(main, { in: 'joinall() for "deposit-1", "deposit-2"', line: 20 })
    schedule.step(worker, { in: 'a call that is long enough to be broken', line: 12 })
    expect(drawn(schedule, { columns: 80 })).toBe(`
     main                        worker
  0  joinall() for "deposit-1",
       "deposit-2"                                           bank.test.ts:20
  1                              a call that is long enough
                                   to be broken              bank.test.ts:12
`)
    expect(drawn(schedule, { columns: 107 })).toBe(`
     main                        worker
  0  joinall() for "deposit-1",
       "deposit-2"                                           packages/bank/test/schedules/bank.test.ts:20
  1                              a call that is long enough
                                   to be broken              packages/bank/test/schedules/bank.test.ts:12
`)
  })

  it('becomes a list when there are more than five columns, or when they would be too narrow', () => {
    const schedule = new HandMade()
    const main = schedule.greenlet('main')
    const workers = [1, 2, 3, 4, 5].map((number) => schedule.greenlet(`worker-${number}`))
    schedule.step(main, { in: 'joinall()', line: 20 })
    for (const worker of workers) {
      schedule.step(worker, { in: 'sleep(0)', line: 12, offered: worker === workers[2] ? workers.slice(0, 2) : [] })
    }
    schedule.step(main, { ended: 'returned', at: 10 })
    const list = `
  0  main      joinall()                                bank.test.ts:20
  1  worker-1  sleep(0)                                 bank.test.ts:12
  2  worker-2  sleep(0)                                 bank.test.ts:12
  3  worker-3  instead of worker-2, which could go on:
               sleep(0)                                 bank.test.ts:12
  4  worker-4  sleep(0)                                 bank.test.ts:12
  5  worker-5  sleep(0)                                 bank.test.ts:12
     ── 10 ms later ──────────────────────────────────
  6  main      returns
`
    expect(drawn(schedule)).toBe(list)

    const narrow = new HandMade()
    const few = ['main', 'a rather long name', 'another one of these'].map((name) => narrow.greenlet(name))
    for (const proc of few) narrow.step(proc, { in: 'a call that is long enough', line: 4 })
    expect(drawn(narrow, { columns: 60 })).toBe(`
  0  main                  a call that is
                             long enough      bank.test.ts:4
  1  a rather long name    a call that is
                             long enough      bank.test.ts:4
  2  another one of these  a call that is
                             long enough      bank.test.ts:4
`)
  })

  it('leaves out the middle of a long schedule', () => {
    const schedule = new HandMade()
    const main = schedule.greenlet('main')
    for (let line = 1; line <= 100; line++) schedule.step(main, { in: `sleep(${line})` })
    expect(drawn(schedule, { rows: 6 })).toBe(`
      main
   0  sleep(1)
   1  sleep(2)
      ── 94 rows left out ──
  96  sleep(97)
  97  sleep(98)
  98  sleep(99)
  99  sleep(100)
`)
  })
})

describe('what a step touches', () => {
  it('is shown by the labels of tracked values, as far as somebody writes them', () => {
    const schedule = new HandMade()
    const [main, worker] = [schedule.greenlet('main'), schedule.greenlet('worker')]
    const [balance, owner] = [schedule.cell('account', 'balance'), schedule.cell('account', 'owner')]
    schedule.step(main, { in: 'sleep(0)', touched: new Map([[balance, true]]) })
    schedule.step(worker, {
      in: 'sleep(0)',
      touched: new Map([
        [balance, false],
        [owner, false],
      ]),
    })
    schedule.step(main, { ended: 'returned', touched: new Map([[balance, true]]) })
    expect(drawn(schedule)).toBe(`
     main                    worker
  0  sleep(0)
  1                          reads account.balance
                             sleep(0)
  2  writes account.balance
     returns
`)
  })

  it('is shown for primitives when there are several of a class: in the call where that is clear', () => {
    const schedule = new HandMade()
    const [main, worker] = [schedule.greenlet('main'), schedule.greenlet('worker')]
    const [a, b] = [new Queue(), new PriorityQueue()]
    schedule.step(main, { in: 'sleep(0)' })
    schedule.step(worker, { in: 'queue.get()', touched: new Map([[a, true]]) })
    schedule.step(main, { in: 'queue.get()', touched: new Map([[b, true]]) })
    schedule.step(worker, {
      in: 'queue.get()',
      touched: new Map([
        [a, true],
        [b, true],
      ]),
    })
    schedule.step(main, { in: 'sleep(0)', touched: new Map([[b, true]]) })
    expect(drawn(schedule)).toBe(`
     main          worker
  0  sleep(0)
  1                queue1.get()
  2  queue2.get()
  3                uses queue1, queue2
                   queue.get()
  4  uses queue2
     sleep(0)
`)
  })
})
