// The loop that drives generators: no native stack, no lost error, nothing foreign taken for a switch.
import {
  type Green,
  GreenletExit,
  getcurrent,
  InvalidSwitchError,
  RawGreenlet,
  sleep,
  spawn,
  UsageError,
} from 'greenloop'
import { describe, expect, it, onTestFinished } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { recorder } from '../support/recorder.ts'
import { catchReports } from '../support/reports.ts'
import { messageOf, thrown } from '../support/thrown.ts'

checkLeaks()

const main = getcurrent()

/** How many native frames are below this one. */
function depth(): number {
  return new Error().stack?.split('\n').length ?? 0
}

function unlimitedStackTraces(): void {
  const before = Error.stackTraceLimit
  Error.stackTraceLimit = Infinity
  onTestFinished(() => {
    Error.stackTraceLimit = before
  })
}

describe('the trampoline', () => {
  it('plays 100,000 rounds of ping-pong without growing the native stack', () => {
    unlimitedStackTraces()
    const depths = new Set<number>()
    let rounds = 0
    const ping: RawGreenlet = new RawGreenlet(function* () {
      for (; rounds < 100_000; rounds++) {
        if (rounds % 10_000 === 5_000) depths.add(depth())
        yield* pong.switch()
      }
    })
    const pong: RawGreenlet = new RawGreenlet(function* () {
      for (;;) yield* ping.switch()
    })
    ping.switch()
    expect(rounds).toBe(100_000)
    expect(depths.size).toBe(1)
    pong.throw()
  })

  it('passes a baton through a chain of 10,000 greenlets, each started by the one before', () => {
    unlimitedStackTraces()
    const depths: number[] = []
    function* link(left: number): Green<number> {
      if (left === 0 || left === 10_000) depths.push(depth())
      if (left === 0) return 0
      return Number(yield* new RawGreenlet(link).switch(left - 1)) + 1
    }
    expect(new RawGreenlet(link).switch(10_000).value).toBe(10_000)
    expect(depths[1]).toBe(depths[0])
  })

  it('lets 10,000 nested parents catch and rethrow one error', () => {
    const error = new Error('from the bottom')
    let caught = 0
    function* level(left: number): Green<unknown> {
      if (left === 0) throw error
      try {
        return yield* new RawGreenlet(level).switch(left - 1)
      } catch (passing) {
        caught++
        throw passing
      }
    }
    expect(thrown(() => new RawGreenlet(level).switch(10_000))).toBe(error)
    expect(caught).toBe(10_000)
  })

  it.each([['text'], [0], [false], [null], [undefined], [{ code: 1 }]])(
    'carries a thrown %o through switch and catch as it is',
    (value) => {
      const caught: unknown[] = []
      const outer = new RawGreenlet(function* () {
        const inner = new RawGreenlet(() => {
          throw value
        })
        try {
          yield* inner.switch()
        } catch (error) {
          caught.push(error)
        }
      })
      outer.switch()
      expect(caught).toEqual([value])
    },
  )

  it('keeps the stack of an error that crosses a switch', () => {
    function culprit(): never {
      throw new Error('look at my stack')
    }
    const error = thrown(() => new RawGreenlet(culprit).switch()) as Error
    expect(error.stack).toContain('culprit')
  })

  describe('a foreign yield', () => {
    it('is thrown at the yield, and the greenlet can go on', () => {
      const errors: unknown[] = []
      const greenlet = new RawGreenlet(function* () {
        for (const foreign of [1, 'x', null]) {
          try {
            yield foreign as never
          } catch (error) {
            errors.push(error)
          }
        }
        return 'went on'
      })
      expect(greenlet.switch().value).toBe('went on')
      expect(errors).toHaveLength(3)
      for (const error of errors) expect(error).toBeInstanceOf(UsageError)
    })

    it('that is not caught ends the greenlet, and reaches its parent', () => {
      const greenlet = new RawGreenlet(function* body() {
        yield 5 as never
      })
      expect(messageOf(thrown(() => greenlet.switch()))).toMatch(/^Greenlet "body" yielded 5 \(number\)/u)
      expect(greenlet.dead).toBe(true)
    })

    it('in a spawned greenlet fails that one alone', async () => {
      const reports = catchReports()
      const bad = spawn(function* () {
        yield {} as never
      })
      const good = spawn(function* () {
        yield* sleep(0)
        return 'fine'
      })
      expect(await good.get()).toBe('fine')
      expect(bad.exception).toBeInstanceOf(UsageError)
      expect(reports.map(({ name }) => name)).toEqual([bad.name])
    })

    it('of the result object of a finished generator is not taken for a suspension', () => {
      const greenlet = new RawGreenlet(function* () {
        yield { done: false, value: {} } as never
      })
      expect(thrown(() => greenlet.switch())).toBeInstanceOf(UsageError)
    })
  })

  describe('a child that ends while its parent waits for something else', () => {
    it('by a value: the parent gets an InvalidSwitchError at its wait, not the value', async () => {
      const seen: unknown[] = []
      const parent = spawn(function* () {
        try {
          yield* sleep(1000)
        } catch (error) {
          seen.push(error)
        }
      })
      parent.name = 'parent'
      await sleep(1)
      const child = new RawGreenlet(() => 'value', parent)
      child.switch()
      expect(seen).toHaveLength(1)
      expect(seen[0]).toBeInstanceOf(InvalidSwitchError)
      expect(messageOf(seen[0])).toBe('A child of parent ended while parent waits for something else.')
    })

    it('by an error: the parent gets the error at its wait', async () => {
      const error = new Error('child')
      const parent = spawn(function* () {
        try {
          yield* sleep(1000)
          return 'slept'
        } catch (caught) {
          return caught
        }
      })
      await sleep(1)
      new RawGreenlet(() => {
        throw error
      }, parent).switch()
      expect(await parent.get()).toBe(error)
    })

    it('whose turn has come already: the parent keeps what it waited for, and gets the error at its next wait', async () => {
      const error = new Error('child')
      const rec = recorder()
      const parent = spawn(function* () {
        yield* sleep(0)
        rec('woken')
        try {
          yield* sleep(0)
        } catch (caught) {
          rec(caught === error ? 'error' : 'other')
        }
      })
      const child = new RawGreenlet(() => {
        throw error
      }, parent)
      const switcher = spawn(function* () {
        yield* child.switch() // by now the parent is in the ready list
      })
      await parent.join()
      rec.expect(['woken', 'error'])
      await switcher.kill()
      expect(switcher.value).toBeInstanceOf(GreenletExit)
    })
  })

  it('ends a greenlet whose body returns with a switch undriven, and says so', () => {
    const greenlet = new RawGreenlet(function* hasty() {
      // eslint-disable-next-line greenloop/no-floating-operation -- the forgotten yield* is what is tested
      main.switch()
    })
    expect(messageOf(thrown(() => greenlet.switch()))).toMatch(/^Greenlet "hasty" made a switch\(\) to "main"/u)
    expect(greenlet.dead).toBe(true)
  })

  it('lets an error of the body win over a switch that it left undriven', () => {
    const error = new Error('first things first')
    const greenlet = new RawGreenlet(function* () {
      // eslint-disable-next-line greenloop/no-floating-operation -- the forgotten yield* is what is tested
      main.switch()
      throw error
    })
    expect(thrown(() => greenlet.switch())).toBe(error)
  })
})
