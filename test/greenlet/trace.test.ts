// settrace: python-greenlet's contract.
import { type Green, getcurrent, gettrace, RawGreenlet, settrace, sleep, spawn } from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { thrown } from '../support/thrown.ts'
import { dropTracers, traced } from '../support/traced.ts'

checkLeaks()
dropTracers()

const main = getcurrent()

function* g1(): Green<unknown> {
  return yield* main.switch()
}

describe('settrace()', () => {
  it('tells of the switch to a greenlet and of its return, and of the error of another', () => {
    const events = traced(() => {
      new RawGreenlet(function* g1() {}).switch()
      new RawGreenlet(function* g2() {
        throw new Error('g2 dies')
      }).switch()
    })
    expect(events).toEqual([
      'switch main g1',
      'switch g1 main',
      'switch main g2',
      'throw g2 main',
      'main catches g2 dies',
    ])
  })

  it('tells of switches between greenlets', () => {
    const events = traced(() => {
      const b: RawGreenlet = new RawGreenlet(function* b() {
        yield* a.switch()
      })
      const a: RawGreenlet = new RawGreenlet(function* a() {
        yield* b.switch()
      })
      a.switch()
      b.throw()
    })
    expect(events).toEqual([
      'switch main a',
      'switch a b',
      'switch b a',
      'switch a main',
      'throw main b',
      'switch b main',
    ])
  })

  it('tells of a throw at a suspended greenlet that ends by GreenletExit', () => {
    const greenlet = new RawGreenlet(g1)
    greenlet.switch()
    expect(traced(() => greenlet.throw())).toEqual(['throw main g1', 'switch g1 main'])
  })

  it('tells of a throw at a suspended greenlet that dies of it', () => {
    const greenlet = new RawGreenlet(g1)
    greenlet.switch()
    expect(traced(() => greenlet.throw(new Error('x')))).toEqual(['throw main g1', 'throw g1 main', 'main catches x'])
  })

  it('tells of a throw at one that never started, although no body runs', () => {
    const greenlet = new RawGreenlet(g1)
    expect(traced(() => greenlet.throw())).toEqual(['throw main g1', 'switch g1 main'])
  })

  it('tells of a switch to oneself', () => {
    expect(traced(() => main.switch())).toEqual(['switch main main'])
    const greenlet: RawGreenlet = new RawGreenlet(function* self() {
      yield* greenlet.switch()
    })
    expect(traced(() => greenlet.switch())).toEqual(['switch main self', 'switch self self', 'switch self main'])
  })

  it('runs the callback when the target is current already', () => {
    const seen: boolean[] = []
    settrace((_event, _origin, target) => seen.push(getcurrent() === target))
    new RawGreenlet(function* () {}).switch()
    settrace(null)
    expect(seen).toEqual([true, true])
  })

  it('never shows a target that is dead', () => {
    const dead: boolean[] = []
    settrace((_event, _origin, target) => dead.push(target.dead))
    new RawGreenlet(function* () {
      yield* new RawGreenlet(function* () {}).switch()
    }).switch()
    settrace(null)
    expect(dead).toEqual([false, false, false, false])
  })

  it('returns the callback that was set before; gettrace() the one that is set', () => {
    const [one, two] = [() => undefined, () => undefined]
    expect(settrace(one)).toBeNull()
    expect(settrace(one)).toBe(one)
    expect(settrace(two)).toBe(one)
    expect(gettrace()).toBe(two)
    expect(settrace(null)).toBe(two)
    expect(gettrace()).toBeNull()
  })

  it('tells of what the hub does, with main in the middle', async () => {
    const greenlet = spawn(function* () {
      yield* sleep(0)
    })
    greenlet.name = 'g'
    const events: string[] = []
    settrace((event, origin, target) => events.push(`${event} ${origin.name} ${target.name}`))
    await greenlet.join()
    settrace(null)
    expect(events.filter((event) => event.endsWith(' g'))).toEqual(['switch main g', 'switch main g'])
    expect(greenlet.ready()).toBe(true)
  })

  describe('with a callback that throws', () => {
    const error = new Error('from the tracer')
    const failing = (): never => {
      throw error
    }

    it('removes it, and the error takes the place of the value for main', () => {
      const greenlet = new RawGreenlet(function* () {
        settrace(failing)
        yield* main.switch('value')
      })
      expect(thrown(() => greenlet.switch())).toBe(error)
      expect(gettrace()).toBeNull()
      greenlet.throw()
    })

    it('removes it, and the error is thrown at the place of the target', () => {
      const greenlet = new RawGreenlet(function* () {
        try {
          yield* main.switch()
        } catch (caught) {
          return caught
        }
        return 'missed'
      })
      greenlet.switch()
      settrace(failing)
      expect(greenlet.switch().value).toBe(error)
      expect(gettrace()).toBeNull()
    })

    it('removes it, and a greenlet that was to start dies of the error', () => {
      let ran = false
      const greenlet = new RawGreenlet(() => {
        ran = true
      })
      settrace(failing)
      expect(thrown(() => greenlet.switch())).toBe(error)
      expect([ran, greenlet.dead, gettrace()]).toEqual([false, true, null])
    })
  })
})
