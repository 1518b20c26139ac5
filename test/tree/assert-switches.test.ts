// assertSwitches: that code gives way, and soon enough. As long as nobody asks where, the texts have no places.
import {
  assertSwitches,
  choose,
  FailedToSwitchError,
  type Green,
  GreenletExit,
  GreenloopError,
  gettrace,
  RawGreenlet,
  setDebug,
  settrace,
  sleep,
  spawn,
} from 'greenloop'
import { describe, expect, it } from 'vitest'
import { kernel } from '../../src/greenlet/kernel.ts'
import { checkLeaks } from '../support/leaks.ts'
import { sourceLine } from '../support/source-lines.ts'
import { messageOf, rejection, usage } from '../support/thrown.ts'
import { type VirtualClock, virtualHub } from '../support/virtual-clock.ts'
import { inWorld, named } from './support.ts'

checkLeaks()

/** What `body` ends with in a greenlet called "work", on a clock that it can move. */
function outcome(body: (clock: VirtualClock) => Green<unknown>): unknown {
  return inWorld(({ hub, clock }) => {
    const work = named('work', () => body(clock))
    clock.run()
    expect({ observer: hub.observer, tracer: kernel.tracer }).toEqual({ observer: null, tracer: null })
    return work.exception === null ? ['gave', work.value] : work.exception
  })
}

/** The text of the FailedToSwitchError that `body` ends with. */
function failure(body: (clock: VirtualClock) => Green<unknown>): string {
  const error = outcome(body)
  expect(error).toBeInstanceOf(FailedToSwitchError)
  return messageOf(error)
}

describe('assertSwitches()', () => {
  it('gives what the body returns when that has switched: a generator function, an operation, a promise', () => {
    expect(
      outcome(function* () {
        return yield* assertSwitches(function* () {
          yield* sleep(5)
          return 'slept'
        })
      }),
    ).toEqual(['gave', 'slept'])
    expect(
      outcome(function* () {
        return yield* assertSwitches(() => sleep(5))
      }),
    ).toEqual(['gave', undefined])
  })

  it('takes async functions, and can be awaited by plain code', async () => {
    expect(await assertSwitches(async () => Promise.resolve('settled'))).toBe('settled')
    const error = await rejection(assertSwitches(() => 1))
    expect(messageOf(error).replace(/\d.* ms/u, '...')).toBe(
      'Greenlet "main" ran ... without a switch to anybody; assertSwitches() asks for one.\nA loop gives way by `yield* sleep(0)`.',
    )
    expect(error).toBeInstanceOf(GreenloopError)
    expect(error).toMatchObject({ name: 'FailedToSwitchError', code: 'GREENLOOP_FAILED_TO_SWITCH' })
  })

  it('throws when the body has not switched, however short it was', () => {
    expect(
      failure(function* (clock) {
        yield* assertSwitches(() => {
          clock.time += 3.2
        })
      }),
    ).toBe(
      'Greenlet "work" ran 3.2 ms without a switch to anybody; assertSwitches() asks for one.\nA loop gives way by `yield* sleep(0)`.',
    )
  })

  it('takes a wait that was ready for none, and one that gave way for one', () => {
    expect(
      failure(function* () {
        const done = spawn(() => 1)
        yield* done.join()
        yield* assertSwitches(() => done.join())
      }),
    ).toContain('ran 0 ms without a switch to anybody')
    expect(
      outcome(function* () {
        return yield* assertSwitches(() => sleep(0))
      }),
    ).toEqual(['gave', undefined])
  })

  it('takes a switch() to another greenlet for one', () => {
    expect(
      outcome(function* () {
        return yield* assertSwitches(function* () {
          return yield* new RawGreenlet(() => 'came back').switch()
        })
      }),
    ).toEqual(['gave', 'came back'])
  })

  describe('with maxBlockingMs', () => {
    it('asks for no switch of a body that is short enough', () => {
      expect(
        outcome(function* (clock) {
          return yield* assertSwitches(
            () => {
              clock.time += 100
              return 'short'
            },
            { maxBlockingMs: 100 },
          )
        }),
      ).toEqual(['gave', 'short'])
    })

    it('throws when the body has run longer than that at a time, with the longest such time', () => {
      expect(
        failure(function* (clock) {
          yield* assertSwitches(
            function* () {
              clock.time += 150
              yield* sleep(1000)
              clock.time += 320
              yield* sleep(0)
              clock.time += 200
            },
            { maxBlockingMs: 100 },
          )
        }),
      ).toBe(
        'Greenlet "work" ran 320 ms without a switch to anybody; assertSwitches() allows 100 ms.\nA loop gives way by `yield* sleep(0)`.',
      )
    })

    it('measures everybody while the body goes on, and says who it was', () => {
      expect(
        failure(function* (clock) {
          named('hash', function* () {
            yield* sleep(10)
            clock.time += 1500
          })
          yield* assertSwitches(() => sleep(50), { maxBlockingMs: 100 })
        }),
      ).toContain('Greenlet "hash" ran 1.5 s without a switch to anybody; assertSwitches() allows 100 ms.')
    })

    it('does not measure what others do before and after, nor how long the body waits', () => {
      expect(
        outcome(function* (clock) {
          named('before', function* () {
            clock.time += 500
          })
          yield* sleep(1)
          yield* assertSwitches(() => sleep(50_000), { maxBlockingMs: 0 })
          clock.time += 500
          return 'nobody ran long'
        }),
      ).toEqual(['gave', 'nobody ran long'])
    })

    it('measures from a switch() to the next, in whomever', () => {
      expect(
        failure(function* (clock) {
          yield* assertSwitches(
            function* () {
              clock.time += 60
              yield* new RawGreenlet(function other() {
                clock.time += 130
              }).switch()
              clock.time += 60
            },
            { maxBlockingMs: 100 },
          )
        }),
      ).toContain('Greenlet "other" ran 130 ms')
    })
  })

  describe('with hubOnly', () => {
    it('takes a switch() to another greenlet for none', () => {
      expect(
        failure(function* (clock) {
          yield* assertSwitches(
            function* () {
              clock.time += 10
              yield* new RawGreenlet(() => {
                clock.time += 30
              }).switch()
              clock.time += 20
            },
            { hubOnly: true },
          )
        }),
      ).toBe(
        'Greenlet "work" ran 60 ms without a switch to the hub; assertSwitches() asks for one.\nA loop gives way by `yield* sleep(0)`.',
      )
      expect(
        outcome(function* () {
          return yield* assertSwitches(() => sleep(1), { hubOnly: true })
        }),
      ).toEqual(['gave', undefined])
    })

    it('asks for a switch with maxBlockingMs, too, and measures from the hub to the hub', () => {
      expect(
        failure(function* () {
          yield* assertSwitches(() => 1, { hubOnly: true, maxBlockingMs: 1000 })
        }),
      ).toContain('without a switch to the hub; assertSwitches() asks for one.')
      expect(
        failure(function* (clock) {
          yield* assertSwitches(
            function* () {
              yield* sleep(5)
              clock.time += 60
              yield* new RawGreenlet(() => {
                clock.time += 60
              }).switch()
              yield* sleep(5)
            },
            { hubOnly: true, maxBlockingMs: 100 },
          )
        }),
      ).toContain('Greenlet "work" ran 120 ms without a switch to the hub; assertSwitches() allows 100 ms.')
    })
  })

  it('lets what the body throws pass as it is, though it has not switched', () => {
    const error = new RangeError('of the body')
    expect(
      outcome(function* () {
        yield* assertSwitches(() => {
          throw error
        })
      }),
    ).toBe(error)
  })

  it('leaves nothing behind when the body is killed, or loses in a choose', () => {
    inWorld(({ hub, clock }) => {
      const work = named('work', function* () {
        yield* assertSwitches(() => sleep(1000))
      })
      clock.run(1)
      expect(kernel.tracer).not.toBe(null)
      work.kill()
      clock.run(2)
      expect(work.value).toBeInstanceOf(GreenletExit)
      const chosen = named('chooser', () => choose({ slow: assertSwitches(() => sleep(1000)), fast: sleep(1) }))
      clock.run()
      expect(chosen.value).toEqual(['fast', undefined])
      expect({ observer: hub.observer, tracer: kernel.tracer }).toEqual({ observer: null, tracer: null })
    })
  })

  it('nests: each looks at its own body, and the inner one leaves the outer one its hooks', () => {
    expect(
      failure(function* (clock) {
        yield* assertSwitches(
          function* () {
            yield* assertSwitches(() => sleep(1))
            clock.time += 200
          },
          { maxBlockingMs: 100 },
        )
      }),
    ).toContain('ran 200 ms without a switch to anybody; assertSwitches() allows 100 ms.')
  })

  it('leaves the callback of settrace where it is', () => {
    const heard: string[] = []
    const before = settrace((event, from, to) => {
      heard.push(`${event} ${from.name} ${to.name}`)
    })
    try {
      inWorld(({ clock }) => {
        named('work', function* () {
          yield* assertSwitches(() => new RawGreenlet(function other() {}).switch())
        })
        clock.run()
        expect(gettrace()).not.toBe(null)
      })
    } finally {
      settrace(before)
    }
    expect(heard).toEqual(['switch main work', 'switch work other', 'switch other work'])
  })

  it('can be driven again, and begins anew', () => {
    inWorld(({ clock }) => {
      let turns = 0
      const twice = assertSwitches(function* () {
        if (++turns === 1) yield* sleep(1)
      })
      const work = named('work', function* () {
        yield* twice
        yield* twice
      })
      clock.run()
      expect(turns).toBe(2)
      expect(work.exception).toBeInstanceOf(FailedToSwitchError)
    })
  })

  it('says in debug mode where it went on that ran too long: the body where it was called, others where they were suspended', () => {
    const before = setDebug(true)
    try {
      const texts = [
        failure(function* (clock) {
          yield* assertSwitches(() => {
            clock.time += 5
          })
        }),
        failure(function* (clock) {
          yield* assertSwitches(
            function* () {
              yield* sleep(5) // here
              clock.time += 500
            },
            { maxBlockingMs: 100 },
          )
        }),
      ]
      expect(
        texts.map((text) =>
          text.replace(/(?<= at )(\S+):(\d+)/u, (_, file: string, line: string) => sourceLine(file, Number(line))),
        ),
      ).toEqual([
        'Greenlet "work" ran 5 ms without a switch to anybody since it went on at yield* assertSwitches(() => {; ' +
          'assertSwitches() asks for one.\nA loop gives way by `yield* sleep(0)`.',
        'Greenlet "work" ran 500 ms without a switch to anybody since it went on at yield* sleep(5) // here; ' +
          'assertSwitches() allows 100 ms.\nA loop gives way by `yield* sleep(0)`.',
      ])
    } finally {
      setDebug(before)
    }
  })

  it.each([
    [[5], 'assertSwitches() expects a function, but got 5 (number).'],
    [
      [() => 1, { maxBlockingMs: -1 }],
      'assertSwitches() expects `maxBlockingMs` to be a number of milliseconds, 0 or more, but got -1.',
    ],
    [[() => 1, { hubOnly: 'yes' }], 'assertSwitches() expects `hubOnly` to be a boolean, but got "yes" (string).'],
    [
      [() => 1, 100],
      'assertSwitches() expects its options as an object, such as { maxBlockingMs: 100 }, but got 100 (number).',
    ],
  ])('refuses the arguments %o', (args, text) => {
    virtualHub()
    expect(usage(() => assertSwitches(...(args as [() => unknown])))).toBe(text)
  })

  it('has the name of its call', () => {
    const call: object = assertSwitches(() => 1)
    // eslint-disable-next-line @typescript-eslint/no-base-to-string -- operations say how they are written
    expect(String(call)).toBe('assertSwitches()')
  })
})
