// The sequencer: turns in the order of their numbers, whoever they belong to; what ends a turn, and what is refused.
import {
  choose,
  type Driven,
  type Green,
  type Greenlet,
  joinall,
  killall,
  type Operation,
  RawGreenlet,
  run,
  sleep,
  spawnWith,
  Timeout,
  withTimeout,
} from 'greenloop'
import { explore, recorder, Sequencer, virtual } from 'greenloop/testing'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { loopExit } from '../../support/loop-exit.ts'
import { rejectionMessage, usage } from '../../support/thrown.ts'
import { virtualHub } from '../../support/virtual-clock.ts'

checkLeaks()

function named<T>(name: string, body: () => Driven<T>): Greenlet<T> {
  return spawnWith({ name }, body)
}

describe('turn()', () => {
  it('waits until all lower turns are over', () => {
    const { clock } = virtualHub()
    const rec = recorder()
    const sequencer = new Sequencer()
    for (const [name, turns] of [
      ['a', [1, 2, 5]],
      ['b', [3]],
      ['c', [0, 4]],
    ] as const) {
      named(name, function* () {
        for (const turn of turns) {
          yield* sequencer.turn(turn)
          rec(`${turn} ${name}`)
        }
      })
    }
    clock.run()
    rec.expect(['0 c', '1 a', '2 a', '3 b', '4 c', '5 a'])
  })

  it('lasts while its greenlet waits for other things, and ends with the greenlet', () => {
    const { clock } = virtualHub()
    const rec = recorder()
    const sequencer = new Sequencer()
    named('second', function* () {
      yield* sequencer.turn(1)
      rec('second')
    })
    named('first', function* () {
      yield* sequencer.turn(0)
      rec('first')
      yield* sleep(50)
      rec('first is rested')
    })
    clock.run()
    rec.expect(['first', 'first is rested', 'second'])
  })

  it('ends with its greenlet, also when that fails or is killed', () => {
    const { clock, hub } = virtualHub()
    hub.onError = () => undefined
    const rec = recorder()
    const sequencer = new Sequencer()
    named('fails', function* () {
      yield* sequencer.turn(0)
      throw new Error('x')
    })
    const killed = named('killed', function* () {
      yield* sequencer.turn(1)
      rec('has its turn')
      yield* sleep(1000)
    })
    named('last', function* () {
      yield* sequencer.turn(2)
      rec('last')
    })
    clock.run(10)
    rec.expect(['has its turn'])
    void killed.kill()
    clock.run()
    rec.expect(['has its turn', 'last'])
  })

  it('is over when its greenlet gives up waiting for it', () => {
    const { clock } = virtualHub()
    const rec = recorder()
    const sequencer = new Sequencer()
    const killed = named('killed', () => sequencer.turn(1))
    named('late', function* () {
      try {
        yield* withTimeout(5, () => sequencer.turn(2))
      } catch (error) {
        rec(`late: ${error instanceof Timeout}`)
      }
    })
    named('last', function* () {
      yield* sequencer.turn(3)
      rec('last')
    })
    clock.run(1)
    void killed.kill()
    named('first', function* () {
      yield* sequencer.turn(0)
      yield* sleep(20)
      rec('first')
    })
    clock.run()
    rec.expect(['late: true', 'first', 'last'])
  })

  it('may be a branch of a choice, and is over when another one comes', () => {
    const { clock } = virtualHub()
    const rec = recorder()
    const sequencer = new Sequencer()
    named('chooses', function* () {
      const [key] = yield* choose({ turn: sequencer.turn(1), time: sleep(5) })
      rec(key)
      const [again] = yield* choose({ time: sleep(50), turn: sequencer.turn(2) })
      rec(again)
    })
    named('first', function* () {
      yield* sequencer.turn(0)
      yield* sleep(10)
      rec('first')
    })
    named('last', function* () {
      yield* sequencer.turn(3)
      rec('last')
    })
    clock.run()
    rec.expect(['time', 'first', 'turn', 'last'])
  })

  it('does not switch when its time has come', async () => {
    const { trace } = await virtual(function* () {
      const sequencer = new Sequencer()
      yield* sequencer.turn(0)
      yield* sequencer.turn(1)
    })
    expect(trace.steps.filter(({ ran }) => ran.length > 0).length).toBe(1)
  })

  it('works under exploration: the order of turns is the same in each schedule', async () => {
    const { complete, schedules } = await explore(function* () {
      const rec = recorder()
      const sequencer = new Sequencer()
      yield* joinall(
        [[0, 2], [1]].map((turns, n) =>
          named(`g${n}`, function* () {
            for (const turn of turns) {
              yield* sequencer.turn(turn)
              rec(`${turn} begins`)
              yield* sleep(0)
              rec(`${turn} ends`)
            }
          }),
        ),
      )
      rec.expect([0, 1, 2].flatMap((turn) => [`${turn} begins`, `${turn} ends`]))
    })
    expect(complete).toBe(true)
    expect(schedules).toBeGreaterThan(1)
  })

  it('survives a kill in each schedule', async () => {
    const { complete, schedules } = await explore(
      function* (t) {
        const sequencer = new Sequencer()
        const seen = t.shared({ asked: false })
        yield* sequencer.turn(0)
        const victim = named('victim', function* () {
          seen.asked = true
          yield* sequencer.turn(1)
        })
        const last = named('last', function* () {
          yield* sequencer.turn(2)
        })
        yield* sleep(0)
        victim.kill()
        if (!seen.asked) yield* sequencer.turn(1) // nobody else will
        yield* sequencer.turn(3)
        expect(last.ready()).toBe(true)
      },
      { independence: 'tracked' },
    )
    expect(complete).toBe(true)
    expect(schedules).toBeGreaterThan(2)
  })
})

describe('a deadlock', () => {
  it('says which turn nobody has asked for', () => {
    const { message } = loopExit(function* () {
      const sequencer = new Sequencer()
      const waiter = named('c', () => sequencer.turn(2))
      try {
        yield* joinall([named('a', () => sequencer.turn(0)), waiter])
      } finally {
        waiter.kill()
      }
    })
    expect(message).toContain('turn 2 waits for turn 1, which nobody has asked for')
  })

  it('says whose turn does not end', () => {
    const { message } = loopExit(function* () {
      const sequencer = new Sequencer()
      const second = named('second', () => sequencer.turn(1))
      const first = named('first', function* () {
        yield* sequencer.turn(0)
        yield* second.join()
      })
      try {
        yield* first.join()
      } finally {
        killall([first, second])
      }
    })
    expect(message).toContain('turn 1 waits for turn 0')
    expect(message).toContain('These wait for each other in a circle')
  })
})

/** Checks what a wait throws. */
function* refused(wait: Operation<unknown>, message: string): Green<void> {
  try {
    yield* wait
    expect.unreachable()
  } catch (error) {
    expect(
      usage(() => {
        throw error
      }),
    ).toBe(message)
  }
}

describe('what is refused', () => {
  const sequencer = new Sequencer()

  it.each([
    [-1, '-1 (number)'],
    [1.5, '1.5 (number)'],
    ['0', '"0" (string)'],
  ])('turn(%j)', (number, shown) => {
    expect(usage(() => sequencer.turn(number as number))).toBe(
      `turn() expects \`number\` to be an integer, 0 or more, but got ${shown}.`,
    )
  })

  it('a number that another greenlet has, or itself', async () => {
    const own = new Sequencer()
    await run(function* () {
      yield* named('a', () => own.turn(0)).join()
      yield* refused(
        named('b', () => own.turn(0)).get(),
        'Greenlet "b" asked for turn 0, which "a" has asked for before: each turn is taken once.',
      )
      yield* refused(
        named('c', function* () {
          yield* own.turn(1)
          yield* own.turn(1)
        }).get(),
        'Greenlet "c" asked for turn 1, which "c" itself has asked for before: each turn is taken once.',
      )
    })
  })

  it('plain code', async () => {
    expect(await rejectionMessage(sequencer.turn(0))).toBe(
      `Turn 0 was asked for in plain code; a turn belongs to the greenlet that asks for it, and there is none.

  await sequencer.turn(0)                                     // incorrect: outside any greenlet
  await run(function* () { yield* sequencer.turn(0); ... })   // correct`,
    )
  })

  it('a raw greenlet', async () => {
    await virtual(function* () {
      const raw = new RawGreenlet(function* raw() {
        yield* sequencer.turn(0)
      })
      yield* refused(
        raw.switch(),
        `Turn 0 was asked for by "raw", a raw greenlet: nobody is told of its end, which is the end of the turn.

  new RawGreenlet(work).switch()   // incorrect: tells nobody
  spawn(work)                      // correct: its links are told`,
      )
    })
  })
})
