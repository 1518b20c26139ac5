// green: the same call syntax, values and order as a plain generator function; the frames lie on the greenlet's own stack.
import { type Green, getcurrent, green, RawGreenlet, sleep, spawn } from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { runProgram } from '../support/program.ts'
import { recorder } from '../support/recorder.ts'
import { message, messageOf } from '../support/thrown.ts'

checkLeaks()

const main = getcurrent()

/** What `body` gives when it runs in a greenlet of its own. */
function inGreenlet(body: () => unknown): unknown {
  return new RawGreenlet(body).switch().value
}

describe('green()', () => {
  it('returns the function that it was given, with its name and length', () => {
    function* walk(_from: number, _to: number, _step = 1): Green<void> {}
    expect(green(walk)).toBe(walk)
    expect([walk.name, walk.length]).toEqual(['walk', 2])
  })

  it('may be called twice on the same function', () => {
    const twice = green(
      green(function* twice(n: number): Green<number> {
        return n > 0 ? 2 + (yield* twice(n - 1)) : 0
      }),
    )
    expect(inGreenlet(() => twice(3))).toBe(6)
  })

  it('leaves all other generators as they are', () => {
    function* other(): Green<void> {}
    const own = Object.getPrototypeOf(other()) as object
    const shared = Object.getPrototypeOf(own) as object
    const before = Object.getOwnPropertyDescriptors(shared)
    green(function* (): Green<void> {})
    expect(Reflect.ownKeys(own)).toEqual([])
    expect(Object.getOwnPropertyDescriptors(shared)).toEqual(before)
  })

  it('refuses a bound function, whose generators are those of another one', () => {
    function* walk(): Green<void> {}
    const shared = Object.getPrototypeOf(Object.getPrototypeOf(walk())) as object
    const { next, throw: raise } = Object.getOwnPropertyDescriptors(shared) as Record<string, PropertyDescriptor>
    const text = message(() => green(walk.bind(null)))
    // Whatever it did: the other tests need generators as they were.
    const left = Object.getOwnPropertyDescriptors(shared) as Record<string, PropertyDescriptor>
    Object.defineProperties(shared, { next: next!, throw: raise! })
    expect(text).toMatch(/^green\(\) expects a generator function, but got the function bound walk\./u)
    expect([left['next'], left['throw']]).toEqual([next, raise])
  })

  it.each<[string, unknown, string]>([
    ['an arrow function', (): number => 1, 'the function (anonymous)'],
    ['a plain function', function work(): void {}, 'the function work'],
    ['an async function', async function load(): Promise<void> {}, 'the function load'],
    ['an async generator function', async function* feed(): AsyncGenerator<never> {}, 'the function feed'],
    ['a class', Map, 'the function Map'],
    ['a generator object', (function* () {})(), 'a generator object'],
    ['a number', 5, '5 (number)'],
    ['null', null, 'null'],
    ['undefined', undefined, 'undefined'],
  ])('refuses %s', (_, value, shown) => {
    expect(message(() => green(value as () => Green<void>))).toBe(
      `green() expects a generator function, but got ${shown}.\n\n` +
        '  green(() => work())              // incorrect: there is no frame to keep\n' +
        '  green(function* () { ... })      // correct',
    )
  })
})

describe('a green function', () => {
  it('takes its arguments, defaults included, and gives what it returns', () => {
    const sum = green(function* sum(a: number, b = 10, ...more: number[]): Green<number> {
      yield* main.switch()
      return a + b + more.length
    })
    const greenlet = new RawGreenlet(function* (): Green<unknown> {
      return [yield* sum(1), yield* sum(1, 2), yield* sum(1, 2, 3, 4)]
    })
    greenlet.switch()
    greenlet.switch()
    greenlet.switch()
    expect(greenlet.switch().value).toEqual([11, 3, 5])
  })

  it('is the body of a greenlet, raw or spawned', async () => {
    const body = green(function* body(n: number): Green<number> {
      yield* sleep(0)
      return n + 1
    })
    expect(await new RawGreenlet(body).switch(1)).toBe(2)
    expect(await spawn(body, 2).get()).toBe(3)
  })

  it('keeps `this`: as a method made green afterwards, as a field, and as a function that is called with it', () => {
    class Tree {
      *method(): Green<string> {
        return `method ${String(yield* main.switch(this.leaves[1]))}`
      }

      readonly leaves: readonly string[] = ['a', 'b']
      field: (this: Tree) => Green<string> = green(function* (this: Tree): Green<string> {
        return `field ${String(yield* main.switch(this.leaves[0]))}`
      })
    }
    green(Tree.prototype.method)
    const size = green(function* (this: Tree): Green<string> {
      return `function ${String(yield* main.switch(this.leaves.length))}`
    })
    const tree = new Tree()
    const greenlet = new RawGreenlet(function* (): Green<string[]> {
      return [yield* tree.field(), yield* tree.method(), yield* size.call(tree)]
    })
    const came = [0, 1, 2, 3].map((n) => greenlet.switch(n).value)
    expect(came).toEqual(['a', 'b', 2, ['field 1', 'method 2', 'function 3']])
  })

  it('is made by the decorator @green, of a method and of a static one', async () => {
    const { stdout, stderr, code } = await runProgram(new URL('./programs/green-decorator.ts', import.meta.url).href)
    expect(stdout).toBe('"/a"\n"/a/b"\n"/a/b/c"\n"/a/d"\n"static"\n[4,"Tree 2 come back"]\nwalk next throw\n')
    expect([stderr, code]).toEqual(['', 0])
  })

  it('begins when it is driven, not when it is called', () => {
    const rec = recorder()
    const late = green(function* late(n: number): Green<number> {
      rec(`runs with ${n}`)
      return n
    })
    const value = inGreenlet(function* () {
      const call = late(7)
      rec('called')
      return yield* call
    })
    rec.expect(['called', 'runs with 7'])
    expect(value).toBe(7)
  })

  it.each([
    ['green', green],
    ['plain', <F>(fn: F): F => fn],
  ])('gives its value once: a call that is driven again gives undefined (%s)', (_, make) => {
    const once = make(function* once(): Green<string> {
      yield* main.switch()
      return 'value'
    })
    const greenlet = new RawGreenlet(function* (): Green<unknown> {
      const call = once()
      return [yield* call, yield* call]
    })
    greenlet.switch()
    expect(greenlet.switch().value).toEqual(['value', undefined])
  })

  it('is an ordinary generator for plain code that iterates it', () => {
    const rec = recorder()
    const count = green(function* count(): Generator<never> {
      const sent: unknown = yield 1 as never
      rec(`sent ${String(sent)}`)
      try {
        yield* inner()
      } catch (error) {
        yield messageOf(error) as never
      }
      return 'end' as never
    })
    const inner = green(function* inner(): Generator<never> {
      try {
        yield 2 as never
      } finally {
        rec('inner ends')
      }
    })
    const steps = count() as Generator<unknown, unknown, unknown>
    expect([steps.next(), steps.next('x'), steps.throw(new Error('in')), steps.next(), steps.next()]).toEqual([
      { done: false, value: 1 },
      { done: false, value: 2 },
      { done: false, value: 'in' },
      { done: true, value: 'end' },
      { done: true, value: undefined },
    ])
    expect([...count()]).toEqual([1, 2])
    const given = count() as Generator<unknown, unknown, unknown>
    given.next()
    given.next()
    expect(given.return('enough')).toEqual({ done: true, value: 'enough' })
    rec.expect(['sent x', 'inner ends', 'sent undefined', 'inner ends', 'sent undefined', 'inner ends'])
  })
})
