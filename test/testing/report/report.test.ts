/**
 * What a person sees when a schedule fails: the whole text, for each kind of failure.
 */
import { Event, joinall, sleep, spawn, spawnWith } from 'greenloop'
import { explore, fuzz, ScheduleFailure } from 'greenloop/testing'
import { afterEach, describe, expect, it } from 'vitest'
import type { Failed } from '../../../src/testing/execution/outcome.ts'
import { failureOf, type ReportFacts } from '../../../src/testing/report/report.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { rejection } from '../../support/thrown.ts'
import { HandMade } from './hand-made.ts'
import { crowded, leftOver, lockOrder, lostUpdate, spinners, tooLate, unread } from './programs.ts'

checkLeaks()

/** The failure that a promise is rejected with. */
async function failure(promise: PromiseLike<unknown>): Promise<ScheduleFailure> {
  const error = await rejection(promise)
  if (!(error instanceof ScheduleFailure)) throw error
  return error
}

/** The lines of the stack below the message, as they stand in this repository. */
function framesOf({ stack = '', name, message }: Error): string[] {
  expect(stack.startsWith(`${name}: ${message}\n`)).toBe(true)
  return stack.slice(`${name}: ${message}\n`.length).replaceAll(`${process.cwd()}/`, '').split('\n')
}

describe('the report of an error', () => {
  it('shows who touched what in which order, where the one was taken instead of the other, and how to replay it', async () => {
    const error = await failure(explore(lostUpdate, { name: 'keeps both deposits', independence: 'tracked' }))
    expect(error.message).toBe(`AssertionError: expected 1 to be 2 // Object.is equality

     main                        deposit-2               deposit-3
  0  joinall() for "deposit-2",
       "deposit-3"                                                               programs.ts:16
  1                                                      reads account.balance
                                                         sleep(0)                programs.ts:13
  2                              reads account.balance   ⟵ switched away
                                 sleep(0)                                        programs.ts:13
  3                              writes account.balance
                                 returns
  5                                                      writes account.balance
                                                         returns
  7  reads account.balance
     fails: AssertionError                                                       programs.ts:17

order: any (whoever is ready may be next; in production it is first come, first served)
independence: tracked; tracked objects: 1
Found in execution 1, shrunk from 2 preemptions to 1.

Replay it:
  await replay(body, '${error.trace}')
  GREENLOOP_REPLAY='${error.trace}' npx vitest run -t 'keeps both deposits'`)
    expect(error.trace).toMatch(/^s1:a:25zk57:[0-9a-z]{5,20}$/u)
    expect(framesOf(error)).toEqual(['    at lostUpdate (test/testing/report/programs.ts:17:27)'])
  })

  it('shows a time limit as what passed before it', async () => {
    const error = await failure(explore(tooLate))
    expect(error.message).toBe(`Timeout: 10 ms

     main
  0  sleep(20)       test/testing/report/programs.ts:45
     ── 10 ms later ──
  2  fails: Timeout

order: any (whoever is ready may be next; in production it is first come, first served)
independence: none (every step counts as dependent)
Found in execution 1: first come, first served.

Replay it:
  await replay(body, '${error.trace}')
  GREENLOOP_REPLAY='${error.trace}' npx vitest run`)
    // It was made by the hub: the stack says where it was thrown.
    expect(framesOf(error)).toEqual(['    at main (test/testing/report/programs.ts:45:12)'])
  })

  it('says whose failure nobody has read', async () => {
    const error = await failure(explore(unread, { order: 'external' }))
    expect(error.kind).toBe('unread')
    expect(error.message).toBe(`RangeError: the disk is full
(Greenlet "writer" failed, and nobody reads its outcome: get(), link() and raiseError do.)

     main         writer
  0  sleep(1500)                     test/testing/report/programs.ts:63
  1               sleep(1)           test/testing/report/programs.ts:60
     ── 1 ms later ────────────────
  3               fails: RangeError  test/testing/report/programs.ts:61
     ── 1,499 ms later, at 1,500 ms ──
  6  returns

order: external (production can take this schedule)
independence: none (every step counts as dependent)
Found in execution 1: first come, first served.

Replay it:
  await replay(body, '${error.trace}')
  GREENLOOP_REPLAY='${error.trace}' npx vitest run`)
    expect(framesOf(error)).toEqual([
      '    at write (test/testing/report/programs.ts:61:11)',
      '  greenlet "writer" was made',
      '    at unread (test/testing/report/programs.ts:59:3)',
    ])
  })

  it('says what was thrown when it is no error', async () => {
    const error = await failure(
      explore(function* () {
        yield* sleep(0)
        throw 'no error'
      }),
    )
    expect(error.message.split('\n', 1)).toEqual(['"no error" (string) was thrown.'])
    expect(error.cause).toBe('no error')
  })
})

describe('the report of a deadlock', () => {
  it('shows who waits for whom, circles first, then how it came to it', async () => {
    const error = await failure(explore(lockOrder, { name: 'two locks' }))
    expect(error.kind).toBe('deadlock')
    expect(
      error.message,
    ).toBe(`LoopExit: main waits in joinall() for "east", "west", and nothing is left that could wake it
(0 ready, 0 timers, 0 promises or sockets that were asked). These wait for each other in a circle:

  east  semaphore2.acquire()           at test/testing/report/programs.ts:25  the last permit was taken by "west"
  west  semaphore1.acquire()           at test/testing/report/programs.ts:25  the last permit was taken by "east"

These wait, too:

  main  joinall() for "east", "west"   at test/testing/report/programs.ts:29

     main                          east                  west
  0  joinall() for "east", "west"                                              programs.ts:29
  1                                                      semaphore2.acquire()  programs.ts:24
  2                                semaphore1.acquire()  ⟵ switched away       programs.ts:24
  3                                semaphore2.acquire()                        programs.ts:25
  4                                                      semaphore1.acquire()  programs.ts:25
     waits for ever                waits for ever        waits for ever

order: any (whoever is ready may be next; in production it is first come, first served)
independence: none (every step counts as dependent)
Found in execution 1, shrunk from 2 preemptions to 1.

Replay it:
  await replay(body, '${error.trace}')
  GREENLOOP_REPLAY='${error.trace}' npx vitest run -t 'two locks'`)
    expect(framesOf(error)).toEqual([
      '    at east (test/testing/report/programs.ts:25:19)',
      '    at west (test/testing/report/programs.ts:25:19)',
    ])
  })

  it('points at all who wait when there is no circle', async () => {
    const error = await failure(
      explore(function* () {
        yield* new Event().wait()
      }),
    )
    expect(framesOf(error)).toEqual([
      expect.stringMatching(/^ {4}at main \(test\/testing\/report\/report\.test\.ts:\d+:\d+\)$/u),
    ])
  })

  it('shows those that are left over when main has ended', async () => {
    const error = await failure(explore(leftOver))
    expect(error.kind).toBe('leftover')
    expect(error.message).toBe(`main has ended, and greenlet "reader" is left over: nobody can end the wait any more.

  reader  event.wait()  at test/testing/report/programs.ts:52

Join or kill what was spawned; one that may be left over is a daemon: t.daemon(spawn(work)).

     main      reader
  0  sleep(5)                  test/testing/report/programs.ts:54
  1            event.wait()    test/testing/report/programs.ts:52
     ── 5 ms later ──────────
  3  returns
               waits for ever

order: any (whoever is ready may be next; in production it is first come, first served)
independence: none (every step counts as dependent)
Found in execution 1: first come, first served.

Replay it:
  await replay(body, '${error.trace}')
  GREENLOOP_REPLAY='${error.trace}' npx vitest run`)
    expect(framesOf(error)).toEqual(['    at reader (test/testing/report/programs.ts:52:24)'])
  })
})

describe('the report of a schedule without an end', () => {
  it('shows what repeats, and the last steps', async () => {
    const error = await failure(explore(spinners, { maxSteps: 100, spins: 5, shrink: false }))
    expect(error.kind).toBe('steps')
    expect(error.message).toBe(`No progress: 100 steps were taken, and the schedule does not come to an end.
These 2 steps repeat at its end, 49 times in a row:

  ask-2  sleep(0)  at test/testing/report/programs.ts:36
  ask-3  sleep(0)  at test/testing/report/programs.ts:36

Who asks again and again may never be answered: the others need not have a turn. Wait for the change itself:
  while (!ready) yield* sleep(0)   // incorrect: asks for ever
  yield* ready.wait()              // correct: an Event is told

A schedule that is only long: explore(body, { maxSteps: 1_000 })

The last steps:

      ask-2     ask-3
  80            sleep(0)  test/testing/report/programs.ts:36
  81  sleep(0)            test/testing/report/programs.ts:36
  82            sleep(0)  test/testing/report/programs.ts:36
  83  sleep(0)            test/testing/report/programs.ts:36
  84            sleep(0)  test/testing/report/programs.ts:36
  85  sleep(0)            test/testing/report/programs.ts:36
  86            sleep(0)  test/testing/report/programs.ts:36
  87  sleep(0)            test/testing/report/programs.ts:36
  88            sleep(0)  test/testing/report/programs.ts:36
  89  sleep(0)            test/testing/report/programs.ts:36
  90            sleep(0)  test/testing/report/programs.ts:36
  91  sleep(0)            test/testing/report/programs.ts:36
  92            sleep(0)  test/testing/report/programs.ts:36
  93  sleep(0)            test/testing/report/programs.ts:36
  94            sleep(0)  test/testing/report/programs.ts:36
  95  sleep(0)            test/testing/report/programs.ts:36
  96            sleep(0)  test/testing/report/programs.ts:36
  97  sleep(0)            test/testing/report/programs.ts:36
  98            sleep(0)  test/testing/report/programs.ts:36
  99  sleep(0)            test/testing/report/programs.ts:36

order: any (whoever is ready may be next; in production it is first come, first served)
independence: none (every step counts as dependent)
Found in execution 1: first come, first served.

Replay it:
  await replay(body, '${error.trace}')
  GREENLOOP_REPLAY='${error.trace}' npx vitest run`)
    const place = 'test/testing/report/programs.ts:36:34'
    expect(framesOf(error)).toEqual([`    at ask-2 (${place})`, `    at ask-3 (${place})`])
  })
})

describe('the report of a broken invariant', () => {
  it('says which step breaks it', async () => {
    const error = await failure(fuzz(crowded, { seed: 42, name: "one at a time (it's small)" }))
    expect(error.kind).toBe('invariant')
    expect(error.message).toBe(`An invariant does not hold: one at a time

     main                                visit-2             visit-3
  0  joinall() for "visit-2", "visit-3"                                            programs.ts:76
  1                                      mark: inside
                                         writes room.people
                                         sleep(0)                                  programs.ts:73
  2                                      switched away ⟶     mark: inside
                                                             writes room.people
                                                             sleep(0)
                                                             breaks the invariant  programs.ts:73

order: any (whoever is ready may be next; in production it is first come, first served)
independence: none (every step counts as dependent)
Found in execution 1 (seed 42, production order): first come, first served.

Replay it:
  await replay(body, '${error.trace}')
  GREENLOOP_REPLAY='${error.trace}' npx vitest run -t 'one at a time \\(it'\\''s small\\)'`)
  })

  it('keeps the error that a matcher in it throws', async () => {
    const error = await failure(
      explore(function* (t) {
        const room = t.shared({ people: 0 })
        t.invariant(() => {
          expect(room.people).toBe(0)
        })
        yield* sleep(0)
        room.people = 1
        yield* sleep(0)
      }),
    )
    expect(error.message.split('\n', 1)).toEqual(['AssertionError: expected 1 to be +0 // Object.is equality'])
    expect([Reflect.get(error, 'expected'), Reflect.get(error, 'actual')]).toEqual([0, 1])
  })
})

describe('failureOf()', () => {
  /** A report of one step. */
  function report(facts: Partial<ReportFacts> = {}, outcome: Partial<Failed> = {}): ScheduleFailure {
    const schedule = new HandMade()
    schedule.step(schedule.greenlet('main'), { in: 'sleep(0)', line: 3 })
    return failureOf({
      execution: {
        outcome: { kind: 'failed', why: 'error', error: new Error('wrong'), greenlet: 'main', ...outcome },
        log: schedule,
        choices: [1],
        preemptions: 2,
      },
      trace: 's1:a:25zk57:3f',
      executions: 1500,
      order: 'any',
      independence: 'none',
      trackedObjects: 0,
      shrunkFrom: null,
      caller: 'explore',
      ...facts,
    })
  }
  /** Its last lines. */
  function tail(facts: Partial<ReportFacts>): string[] {
    return report(facts).message.split('\n').slice(-5)
  }
  /** The command, for a process that was started so. */
  function commandWith(execArgv: readonly string[], facts: Partial<ReportFacts> = {}): string {
    const before = { execArgv: process.execArgv, argv: process.argv }
    Object.assign(process, { execArgv, argv: ['node', `${process.cwd()}/walk.test.js`] })
    try {
      return tail(facts).at(-1)?.replace("  GREENLOOP_REPLAY='s1:a:25zk57:3f' ", '') ?? ''
    } finally {
      Object.assign(process, before)
    }
  }
  const { VITEST, NODE_TEST_CONTEXT } = process.env

  afterEach(() => {
    process.env['VITEST'] = VITEST
    delete process.env['NODE_TEST_CONTEXT']
    if (NODE_TEST_CONTEXT !== undefined) process.env['NODE_TEST_CONTEXT'] = NODE_TEST_CONTEXT
  })

  it('says how it was found', () => {
    expect([
      tail({})[0],
      tail({ shrunkFrom: 7 })[0],
      tail({ shrunkFrom: 2 })[0],
      tail({ caller: 'fuzz', seed: 7 })[0],
      tail({ caller: 'fuzz', seed: 'seed 7, random walk', shrunkFrom: 1 })[0],
    ]).toEqual([
      'Found in execution 1,500: 2 preemptions.',
      'Found in execution 1,500, shrunk from 7 preemptions to 2.',
      'Found in execution 1,500: 2 preemptions.',
      'Found in execution 1,500 (seed 7): 2 preemptions.',
      'Found in execution 1,500 (seed 7, random walk), shrunk from 1 preemption to 2.',
    ])
  })

  it('says nothing of that when it was replayed', () => {
    expect(tail({ executions: 0 })[0]).toBe('independence: none (every step counts as dependent)')
    expect(tail({ caller: 'replay' })[0]).toBe('independence: none (every step counts as dependent)')
  })

  it('gives the command of the test runner that is named', () => {
    expect(tail({ runner: 'node:test', name: 'a [b]' }).slice(2, 4)).toEqual([
      'Replay it:',
      `  await replay(body, 's1:a:25zk57:3f')`,
    ])
    expect(commandWith(['--test'], { runner: 'node:test', name: 'a [b]' })).toBe(
      `node --test --test-name-pattern 'a \\[b\\]' walk.test.js`,
    )
    expect(commandWith(['--import', 'tsx'], { runner: 'node:test' })).toBe('npx tsx --test walk.test.js')
  })

  it('finds the test runner in the environment, and else gives the command of the program', () => {
    delete process.env['VITEST']
    expect(commandWith(['--enable-source-maps'])).toBe('node --enable-source-maps walk.test.js')
    expect(commandWith(['--import', 'file:///node_modules/tsx/dist/loader.mjs'])).toBe('npx tsx walk.test.js')
    process.env['NODE_TEST_CONTEXT'] = 'child-v8'
    expect(commandWith([])).toBe('node --test walk.test.js')
  })

  it('gives no command for a schedule of fast-check, whose data only fast-check has', () => {
    expect(tail({ caller: 'schedule.run' }).at(-1)).toBe(`  await replay(body, 's1:a:25zk57:3f')`)
  })

  it('writes a long string once', () => {
    const trace = `s1:a:25zk57:${'0'.repeat(200)}`
    expect(tail({ trace }).slice(-2)).toEqual([
      `  await replay(body, '${trace}')`,
      '  GREENLOOP_REPLAY=... npx vitest run',
    ])
  })

  it('points at the last step when the stack of what was thrown has nothing of the program', () => {
    const error = new Error('wrong')
    error.stack = 'Error: wrong\n    at <anonymous>'
    expect(framesOf(report({}, { error }))).toEqual(['    at main (bank.test.ts:3:7)'])
  })

  it('has no empty name and message', () => {
    expect(report({}, { error: new RangeError() }).message.split('\n', 1)).toEqual(['RangeError'])
  })
})

describe('a report of many greenlets', () => {
  it('is a list that fits into 100 columns', async () => {
    const error = await failure(
      explore(
        function* () {
          const done = new Event()
          const names = ['north', 'east', 'south', 'west', 'centre']
          const all = names.map((name) => spawnWith({ name }, () => done.wait()))
          spawn(function* () {
            yield* sleep(10)
          })
          yield* joinall(all)
        },
        { maxExecutions: 1 },
      ),
    )
    const { message } = error
    const rows = message.split('\n').filter((line) => /^ +\d+ {2}/u.test(line))
    expect(rows[0]).toMatch(/^ +0 {2}main +joinall\(\) for "north", "east", "south", 2 more +report\.test\.ts:\d+$/u)
    expect(rows.filter(({ length }) => length > 100)).toEqual([])
    expect(message.split('\n').filter((line) => line.includes('waits for ever')).length).toBe(6)
  })
})
