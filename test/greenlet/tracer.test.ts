// A tracer that goes wrong: it throws, or it switches. Whoever it watched gets the error, it is removed, and all goes on from there.
import {
  type Green,
  GreenletExit,
  getcurrent,
  gettrace,
  RawGreenlet,
  settrace,
  sleep,
  spawn,
  UsageError,
} from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { messageOf, thrown } from '../support/thrown.ts'
import { dropTracers, traced } from '../support/traced.ts'

checkLeaks()
dropTracers()

const main = getcurrent()

function* wait(): Green<unknown> {
  return yield* main.switch('waiting')
}

/** A greenlet that waits in a switch to main, and returns what it gets there: `['value', 5]`. */
function taker(parent?: RawGreenlet): RawGreenlet {
  const greenlet = new RawGreenlet(function* taker(): Green<unknown> {
    try {
      return ['value', yield* main.switch()]
    } catch (error) {
      return ['error', error]
    }
  }, parent)
  greenlet.switch()
  return greenlet
}

/** A greenlet that has ended. */
function ended(parent: RawGreenlet): RawGreenlet {
  const greenlet = new RawGreenlet(function* ended() {})
  greenlet.switch()
  greenlet.parent = parent
  return greenlet
}

const SWITCHING =
  'A tracer called switch() or throw(), but it runs in the middle of a switch, where it can only watch.\n\n' +
  '  settrace(() => other.switch())                // incorrect: a switch within a switch\n' +
  '  settrace((event, from, to) => log.push(to))   // correct: note it, and act when a greenlet runs'

describe('a tracer that throws', () => {
  const error = new Error('from the tracer')
  const failing = (): never => {
    throw error
  }

  const dead = ended(main)
  it.each<[string, () => unknown]>([
    ['a switch of main to itself', () => main.switch('value')],
    ['a throw of main at itself', () => main.throw(new Error('mine'))],
    ['a switch of main to somebody dead below it', () => dead.switch('value')],
    ['an exit of main at somebody dead below it', () => dead.throw()],
  ])('at %s fails that call, and leaves nothing over for the next step', (_, call) => {
    const next = taker()
    settrace(failing)
    expect([thrown(call), gettrace(), getcurrent()]).toEqual([error, null, main])
    expect(next.switch('next').value).toEqual(['value', 'next'])
  })

  it.each<[string, (self: RawGreenlet) => Green<unknown>]>([
    [
      'a switch to itself',
      function* (self) {
        return yield* self.switch('value')
      },
    ],
    [
      'a throw at itself',
      function* (self) {
        return yield* self.throw(new Error('mine'))
      },
    ],
  ])('at %s in a greenlet fails that expression, and leaves nothing over for the next step', (_, call) => {
    const seen: unknown[] = []
    const greenlet: RawGreenlet = new RawGreenlet(function* () {
      settrace(failing)
      try {
        yield* call(greenlet)
      } catch (caught) {
        seen.push(caught, gettrace(), getcurrent())
      }
      seen.push(yield* main.switch('next'))
      return 'end'
    })
    expect(greenlet.switch().value).toBe('next')
    expect(greenlet.switch('sent').value).toBe('end')
    expect(seen).toEqual([error, null, greenlet, 'sent'])
  })

  it('while somebody throws at an unstarted greenlet replaces what was thrown, and the greenlet is dead', () => {
    const greenlet = new RawGreenlet(wait)
    settrace(failing)
    expect(thrown(() => greenlet.throw(new Error('thrown')))).toBe(error)
    expect([greenlet.dead, gettrace(), getcurrent()]).toEqual([true, null, main])
  })

  it('while an exit goes to an unstarted greenlet is no orderly end any more', () => {
    const greenlet = new RawGreenlet(wait)
    settrace(failing)
    expect(thrown(() => greenlet.throw())).toBe(error)
    expect(greenlet.dead).toBe(true)
  })

  it('is not called again for the way of its own error', () => {
    let calls = 0
    settrace(() => {
      calls++
      throw error
    })
    expect(thrown(() => new RawGreenlet(wait).switch())).toBe(error)
    expect(calls).toBe(1)
  })
})

describe('a tracer that switches', () => {
  const other = new RawGreenlet(wait)
  it.each<[string, () => unknown]>([
    ['switch() to an unstarted greenlet', () => other.switch()],
    ['throw() at an unstarted greenlet', () => other.throw(new Error('x'))],
    ['switch() to main', () => main.switch()],
    ['throw() at main', () => main.throw()],
    ['switch() to the current greenlet', () => getcurrent().switch()],
  ])('by %s fails with the known mistake, at main and in a greenlet, and is removed', (_, call) => {
    const tracer = (): void => void call()
    const greenlet = new RawGreenlet(function* (): Green<unknown> {
      settrace(tracer)
      return yield* main.switch()
    })
    const atMain = thrown(() => greenlet.switch())
    expect([messageOf(atMain), gettrace()]).toEqual([SWITCHING, null])

    const target = taker()
    settrace(tracer)
    const [how, atTarget] = target.switch('value').value as [string, unknown]
    expect([how, messageOf(atTarget), gettrace()]).toEqual(['error', SWITCHING, null])
    for (const mistake of [atMain, atTarget]) expect(mistake).toBeInstanceOf(UsageError)
    expect([other.active, other.dead, getcurrent()]).toEqual([false, false, main])
    greenlet.throw()
  })

  it('to one that is suspended leaves it where it is', () => {
    const patient = new RawGreenlet(function* (): Green<unknown> {
      for (;;) {
        const value = yield* main.switch()
        if (value !== 'come back') return value
      }
    })
    patient.switch()
    new RawGreenlet(() => drive(patient)).switch() // from now on there is an operation that is used again
    function* drive(target: RawGreenlet): Green<void> {
      yield* target.switch('come back')
    }
    const target = taker()
    settrace(() => void patient.switch('from the tracer'))
    const [how, mistake] = target.switch('value').value as [string, unknown]
    expect([how, messageOf(mistake)]).toEqual(['error', SWITCHING])
    expect(patient.switch('from main').value).toBe('from main')
  })

  it('may spawn and kill all the same: that does not switch', async () => {
    const rec: string[] = []
    const victim = spawn(function* victim(): Green<void> {
      yield* sleep(60_000)
    })
    await sleep(0)
    settrace((_event, _origin, target) => {
      settrace(null)
      rec.push(target.name)
      spawn(() => rec.push('spawned'))
      victim.kill()
    })
    const greenlet = new RawGreenlet(() => 'value')
    expect(greenlet.switch().value).toBe('value')
    await victim.join()
    await sleep(0)
    expect([rec.slice(1), victim.value]).toEqual([['spawned'], expect.any(GreenletExit)])
  })
})

describe('settrace()', () => {
  it('tells of each unstarted parent that an error passes on its way', () => {
    const p = new RawGreenlet(function* p() {})
    const c = new RawGreenlet(function* c(): Green<void> {
      throw new Error('passing')
    }, p)
    expect(traced(() => c.switch())).toEqual(['switch main c', 'throw c p', 'throw p main', 'main catches passing'])
    expect(p.dead).toBe(true)
  })

  it('tells of an exit at a dead greenlet as of a value: it switches', () => {
    const dead = ended(main)
    expect(traced(() => dead.throw())).toEqual(['switch main main'])

    const heir = taker()
    dead.parent = heir
    expect(traced(() => dead.throw())).toEqual(['switch main taker', 'switch taker main'])

    const unstarted = new RawGreenlet(function* unstarted() {})
    dead.parent = unstarted
    expect(traced(() => dead.throw())).toEqual(['switch main unstarted', 'switch unstarted main'])
  })
})
