// throw(): what its target makes of it, and what comes back to the one who threw.
import { runInNewContext } from 'node:vm'
import { type Green, GreenletExit, getcurrent, RawGreenlet, sleep, spawn } from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { recorder } from '../support/recorder.ts'
import { rejection, thrown } from '../support/thrown.ts'

checkLeaks()

const main = getcurrent()

/** A greenlet that is suspended in a switch to main, in `body`. */
function suspended(body: () => Green<unknown>): RawGreenlet {
  const greenlet = new RawGreenlet(body)
  greenlet.switch()
  return greenlet
}

describe('throw()', () => {
  it('of an exit that the body swallows gives what the body returns', () => {
    const greenlet = suspended(function* () {
      try {
        return yield* main.switch()
      } catch (error) {
        if (error instanceof GreenletExit) return 5
        throw error
      }
    })
    expect(greenlet.throw().value).toBe(5)
    expect(greenlet.dead).toBe(true)
  })

  it('of an exit that the body replaces by an error throws that error', () => {
    const error = new Error('instead')
    const greenlet = suspended(function* () {
      try {
        return yield* main.switch()
      } finally {
        // eslint-disable-next-line no-unsafe-finally -- what a body may do by mistake
        throw error
      }
    })
    expect(thrown(() => greenlet.throw())).toBe(error)
  })

  it('of an error that the body replaces by an exit gives that exit', () => {
    const exit = new GreenletExit('enough')
    const greenlet = suspended(function* () {
      try {
        return yield* main.switch()
      } catch {
        throw exit
      }
    })
    expect(greenlet.throw(new Error('x')).value).toBe(exit)
  })

  it('makes the exit of a class of exits that it is given, and gives it when it comes through', () => {
    class Farewell extends GreenletExit {}
    const greenlet = suspended(function* () {
      yield* main.switch()
    })
    expect(greenlet.throw(Farewell).value).toBeInstanceOf(Farewell)
    expect(new RawGreenlet(function* () {}).throw(Farewell).value).toBeInstanceOf(Farewell)
  })

  it('of a class that cannot be made throws that at the call, and the greenlet lives on', () => {
    const error = new Error('no instance')
    class Impossible extends Error {
      constructor() {
        super()
        throw error
      }
    }
    const greenlet = suspended(function* () {
      yield* main.switch()
      return 'alive'
    })
    expect(thrown(() => greenlet.throw(Impossible))).toBe(error)
    expect(greenlet.switch().value).toBe('alive')
  })

  it('throws the very same error again and again, at whoever it is thrown', () => {
    const error = new Error('twice')
    const seen: unknown[] = []
    const greenlet = suspended(function* () {
      for (;;) {
        try {
          yield* main.switch()
          return
        } catch (caught) {
          seen.push(caught)
        }
      }
    })
    greenlet.throw(error)
    greenlet.throw(error)
    greenlet.switch()
    expect(seen[0]).toBe(error)
    expect(seen[1]).toBe(error)
    expect(greenlet.dead).toBe(true)
  })

  it('reaches through yield* to the innermost switch, and passes each function on the way out', () => {
    const rec = recorder()
    function* level(depth: number): Green<unknown> {
      try {
        return depth === 0 ? yield* main.switch() : yield* level(depth - 1)
      } finally {
        rec(`leaves ${depth}`)
      }
    }
    suspended(() => level(3)).throw()
    rec.expect(['leaves 0', 'leaves 1', 'leaves 2', 'leaves 3'])
  })

  it('in a greenlet gives what the next one passes who switches back', () => {
    const error = new RangeError('over there')
    const thrower: RawGreenlet = new RawGreenlet(function* (): Green<unknown> {
      return yield* target.throw(error)
    })
    const target = suspended(function* () {
      try {
        yield* main.switch()
      } catch (caught) {
        yield* thrower.switch(['caught', caught])
      }
    })
    expect(thrower.switch().value).toEqual(['caught', error])
    expect(target.active).toBe(true)
  })

  it('in a greenlet at its child that dies of it comes back as that error; an exit comes back as value', () => {
    const error = new RangeError('for the child')
    const exit = new GreenletExit()
    function* child(): Green<unknown> {
      return yield* getcurrent().parent!.switch()
    }
    const parent = new RawGreenlet(function* (): Green<unknown> {
      const [first, second] = [new RawGreenlet(child), new RawGreenlet(child)]
      yield* first.switch()
      yield* second.switch()
      const value = yield* first.throw(exit)
      try {
        yield* second.throw(error)
      } catch (caught) {
        return [value, caught]
      }
      return 'not reached'
    })
    expect(parent.switch().value).toEqual([exit, error])
  })

  it('of an exit at main in a greenlet is thrown in main: main does not end in good order', () => {
    const exit = new GreenletExit('main shall go')
    const greenlet = new RawGreenlet(function* () {
      yield* main.throw(exit)
    })
    expect(thrown(() => greenlet.switch())).toBe(exit)
    expect([main.dead, greenlet.active]).toEqual([false, true])
  })

  it('of an exit at the running greenlet ends it in good order', () => {
    const exit = new GreenletExit()
    const greenlet: RawGreenlet = new RawGreenlet(function* () {
      yield* greenlet.throw(exit)
      return 'not reached'
    })
    expect(greenlet.switch().value).toBe(exit)
  })

  it('at one whose run cannot even be read throws what was thrown, and never reads it', () => {
    class Shy extends RawGreenlet {}
    Object.defineProperty(Shy.prototype, 'run', {
      get() {
        throw new Error('no run for you')
      },
    })
    const error = new RangeError('mine')
    const greenlet = new Shy()
    expect(thrown(() => greenlet.throw(error))).toBe(error)
    expect(greenlet.dead).toBe(true)
  })

  it('at a greenlet that a body has just made ends it before it runs, and the body goes on', () => {
    const rec = recorder()
    const values: unknown[] = []
    const exit = new GreenletExit()
    new RawGreenlet(function* () {
      const child = new RawGreenlet(() => rec('the child ran'))
      values.push(yield* child.throw(exit), child.dead)
    }).switch()
    expect(values).toEqual([exit, true])
    rec.expect([])
  })

  it('takes an error of another realm, and so does kill()', async () => {
    const foreign = runInNewContext('new RangeError("from elsewhere")') as Error
    expect(foreign).not.toBeInstanceOf(Error)
    const greenlet = suspended(function* () {
      yield* main.switch()
    })
    expect(thrown(() => greenlet.throw(foreign))).toBe(foreign)

    const spawned = spawn(sleep, 60_000)
    await sleep(0)
    spawned.kill(foreign)
    expect(await rejection(spawned.get())).toBe(foreign)
  })
})
