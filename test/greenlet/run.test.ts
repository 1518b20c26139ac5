// The run attribute: what a greenlet will run, until it starts. The texts about a body that is missing are in invalid.test.ts.
import { type Green, Greenlet, getcurrent, RawGreenlet, sleep, spawn } from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { catchReports } from '../support/reports.ts'
import { messageOf, usage } from '../support/thrown.ts'

checkLeaks()

const main = getcurrent()

const gone = (name: string): string => `Greenlet "${name}" has no run any more: it has started.`
const unsettable = (name: string): string => `The run of greenlet "${name}" cannot be set: it has started.`

function* body(): Green<unknown> {
  return yield* main.switch('from the body')
}

const CLASSES = [
  ['RawGreenlet', (run?: () => unknown) => new RawGreenlet(run)],
  ['Greenlet', (run?: () => unknown) => new Greenlet(run)],
] as const

describe.each(CLASSES)('run of a %s', (className, make) => {
  it('is the function that it was made with, and null without one', () => {
    expect([make(body).run, make().run, new RawGreenlet(null).run]).toEqual([body, null, null])
  })

  it('is there to be asked for in each state', () => {
    const greenlet = make(body)
    const there = ['run' in greenlet]
    greenlet.switch()
    there.push('run' in greenlet)
    greenlet.switch()
    there.push('run' in greenlet, greenlet.dead)
    expect(there).toEqual([true, true, true, true])
  })

  it('can be set before the start, as often as one likes, and what was set last is run', () => {
    const greenlet = make()
    greenlet.run = () => 'first'
    greenlet.run = body
    expect(greenlet.run).toBe(body)
    expect(greenlet.switch().value).toBe('from the body')
    greenlet.throw()
  })

  it('takes the place of the function that it was made with', () => {
    const greenlet = make(() => 'made with')
    const run = (): string => 'set'
    greenlet.run = run
    expect([greenlet.run, greenlet.switch().value]).toEqual([run, 'set'])
  })

  it('can be set to null, after which there is nothing to run', () => {
    const greenlet = make(body)
    greenlet.run = null as never
    expect(greenlet.run).toBeNull()
    const { name } = greenlet
    expect(usage(() => greenlet.switch())).toBe(
      `Greenlet "${name}" has nothing to run: it was made without a function, and its class has no run().\n\n` +
        `  new ${className}()                       // incorrect: there is no body\n` +
        `  new ${className}(function* () { ... })   // correct`,
    )
    greenlet.run = body
    expect(greenlet.switch().value).toBe('from the body')
    greenlet.throw()
  })

  it.each([
    ['5 (number)', 5],
    ['undefined', undefined],
    ['"work" (string)', 'work'],
    ['an Object', {}],
  ])('refuses %s, and stays what it was', (shown, value) => {
    const greenlet = make(body)
    expect(usage(() => (greenlet.run = value as never))).toBe(
      `The run of greenlet "${greenlet.name}" must be a function or null, but got ${shown}.`,
    )
    expect(greenlet.run).toBe(body)
  })

  it('can neither be read nor set from the start on: in the body, while it is suspended, after its end', () => {
    const told: string[] = []
    const look = (): void => {
      told.push(usage(() => greenlet.run))
      told.push(usage(() => (greenlet.run = body)))
    }
    const greenlet = make(function* looking(): Green<void> {
      look()
      yield* main.switch()
    })
    const { name } = greenlet
    greenlet.switch()
    look()
    greenlet.switch()
    look()
    expect(told).toEqual([1, 2, 3].flatMap(() => [gone(name), unsettable(name)]))
  })

  it('can neither be read nor set when it was ended before it ran', () => {
    const greenlet = make(body)
    const { name } = greenlet
    greenlet.throw()
    expect(usage(() => greenlet.run)).toBe(gone(name))
    expect(usage(() => (greenlet.run = body))).toBe(unsettable(name))
  })

  it('that is refused after the start changes nothing', () => {
    const greenlet = make(body)
    greenlet.switch()
    usage(() => (greenlet.run = () => 'another'))
    expect(greenlet.switch('goes on').value).toBe('goes on')
  })

  it('receives the arguments of the first switch', () => {
    const greenlet = make()
    greenlet.run = (...args: unknown[]) => args
    expect(greenlet.switch(1, 2).value).toEqual([1, 2])
  })
})

describe('run of a Greenlet that the hub starts', () => {
  it('can be read and set while it is pending, also when it was started or spawned', async () => {
    const run = (): string => 'set'
    const started = new Greenlet()
    started.run = body
    started.start()
    const spawned = spawn(body)
    for (const greenlet of [started, spawned]) {
      expect(greenlet.run).toBe(body)
      greenlet.run = run
    }
    expect([await started.get(), await spawned.get()]).toEqual(['set', 'set'])
    expect(usage(() => spawned.run)).toBe(gone(spawned.name))
  })

  it('keeps the arguments that it was made with', async () => {
    const greenlet = new Greenlet((a: number, b: number) => a - b, 3, 2)
    greenlet.run = (...args: unknown[]) => args.reverse()
    greenlet.start()
    expect(await greenlet.get()).toEqual([2, 3])
  })

  it('is needed for start()', () => {
    const greenlet = new Greenlet()
    expect(usage(() => greenlet.start())).toContain('has nothing to run')
    expect(greenlet.started).toBe(false)
  })

  it('that is set to null after start() ends it with that error when its turn comes', async () => {
    const reports = catchReports()
    const greenlet = spawn(body)
    greenlet.run = null as never
    await greenlet.join()
    expect(messageOf(greenlet.exception)).toContain(`Greenlet "${greenlet.name}" has nothing to run`)
    await sleep(0)
    expect(reports.map(({ error }) => error)).toEqual([greenlet.exception])
  })
})

describe('run as a method of a subclass', () => {
  it('is what is run, with the arguments of the first switch, on the greenlet', () => {
    class Adder extends RawGreenlet<number> {
      override *run(a: number, b: number): Green<[this, number]> {
        yield* main.switch('adding')
        return [this, a + b]
      }
    }
    const adder = new Adder()
    expect(adder.switch(1, 2).value).toBe('adding')
    expect(adder.switch().value).toEqual([adder, 3])
  })

  it('can be read in each state: it is the class that has it', () => {
    class Fixed extends RawGreenlet {
      override run(): unknown {
        return this.run === Fixed.prototype.run
      }
    }
    const fixed = new Fixed()
    const before = fixed.run === Fixed.prototype.run
    expect([before, fixed.switch().value, fixed.run === Fixed.prototype.run]).toEqual([true, true, true])
  })

  it('runs in a generic Greenlet, started by the hub, with the arguments that it was made with', async () => {
    class Repeat<T> extends Greenlet<T[], readonly [T, number]> {
      override *run(item: T, times: number): Green<T[]> {
        yield* sleep(0)
        return Array.from({ length: times }, () => item)
      }
    }
    const repeat = new Repeat<string>(null, 'a', 3)
    repeat.start()
    expect((await repeat.get()).join('')).toBe('aaa')
  })

  it('reaches that of its parent class by super.run()', async () => {
    class First extends Greenlet<string> {
      override *run(): Green<string> {
        yield* sleep(0)
        return 'first'
      }
    }
    class Second extends First {
      override *run(): Green<string> {
        return `${yield* super.run()} and second`
      }
    }
    const second = new Second()
    second.start()
    expect(await second.get()).toBe('first and second')
  })

  it('gives way to one that is assigned to the greenlet', () => {
    class Own extends RawGreenlet {
      override run(): unknown {
        return 'the method'
      }
    }
    const own = new Own()
    own.run = () => 'the property'
    expect([own.switch().value, new Own().switch().value]).toEqual(['the property', 'the method'])
  })

  it('may be a field', () => {
    class Field extends RawGreenlet {
      constructor() {
        super()
        this.run = (n: unknown) => ['field', n]
      }
    }
    expect(new Field().switch(1).value).toEqual(['field', 1])
  })

  it('is not asked when a function was given', () => {
    class Own extends RawGreenlet {
      override run(): unknown {
        return 'the method'
      }
    }
    expect(new Own(() => 'the function').switch().value).toBe('the function')
  })
})
