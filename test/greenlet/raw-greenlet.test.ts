// What python-greenlet's own tests pin down, in our words: values, deaths, parents, throws.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type Green, Greenlet, GreenletExit, getcurrent, RawGreenlet, sleep } from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { recorder } from '../support/recorder.ts'
import { message, thrown } from '../support/thrown.ts'

checkLeaks()

const main = getcurrent()

/** A greenlet that hands main whatever it receives, for ever. */
function echo(): RawGreenlet {
  return new RawGreenlet(function* echo(first: unknown): Green<never> {
    for (let got = first; ; ) got = yield* main.switch(got)
  })
}

/** A greenlet that is suspended in a switch to main. */
function suspended(body?: () => Green<unknown>): RawGreenlet {
  const greenlet = new RawGreenlet(body ?? idle)
  greenlet.switch()
  return greenlet
}

function* idle(): Green<unknown> {
  return yield* main.switch()
}

describe('RawGreenlet', () => {
  describe('switch()', () => {
    it('passes control there and back', () => {
      const rec = recorder()
      const greenlet = new RawGreenlet(function* () {
        rec('1')
        yield* main.switch()
        rec('3')
      })
      rec('0')
      greenlet.switch()
      rec('2')
      greenlet.switch()
      rec('4')
      rec.expect(['0', '1', '2', '3', '4'])
    })

    it('does not run the body before the first switch', () => {
      let runs = 0
      const greenlet = new RawGreenlet(() => runs++)
      expect(runs).toBe(0)
      greenlet.switch()
      expect(runs).toBe(1)
    })

    it.each([
      ['switch()', [], []],
      ['switch(undefined)', [undefined], [undefined]],
      ['switch(1)', [1], [1]],
      ['switch([1, 2])', [[1, 2]], [[1, 2]]],
      ['switch(1, 2, 3)', [1, 2, 3], [1, 2, 3]],
    ])('%s before the start calls the body with these arguments', (_, given, received) => {
      let seen: unknown[] | null = null
      new RawGreenlet(function* (...args: unknown[]) {
        seen = args
      }).switch(...given)
      expect(seen).toEqual(received)
    })

    it.each([
      ['switch()', [], undefined],
      ['switch(undefined)', [undefined], undefined],
      ['switch(null)', [null], null],
      ['switch(1)', [1], 1],
      ['switch([1, 2])', [[1, 2]], [1, 2]],
      ['switch(1, 2, 3)', [1, 2, 3], [1, 2, 3]],
    ])('%s later hands over none as undefined, one as it is, several as a list', (_, given, received) => {
      const greenlet = echo()
      greenlet.switch()
      expect(greenlet.switch(...given).value).toEqual(received)
      greenlet.throw()
    })

    it('gives what the body returns when it ends', () => {
      expect(new RawGreenlet(() => 42).switch().value).toBe(42)
      expect(new RawGreenlet(function* () {}).switch().value).toBeUndefined()
    })

    it('keeps two greenlets of one function apart', () => {
      const log: string[] = []
      function* twice(name: string): Green<void> {
        log.push(name)
        yield* main.switch()
        log.push(name)
      }
      const a = new RawGreenlet(twice)
      const b = new RawGreenlet(twice)
      a.switch('a')
      b.switch('b')
      expect([log.length, a.dead, b.dead]).toEqual([2, false, false])
      a.switch()
      expect([log.length, a.dead, b.dead]).toEqual([3, true, false])
      b.switch()
      expect([log.length, a.dead, b.dead]).toEqual([4, true, true])
      expect(log).toEqual(['a', 'b', 'a', 'b'])
    })

    it('starts a greenlet that a greenlet has made', () => {
      const log: string[] = []
      const outer = new RawGreenlet(function* () {
        log.push('a')
        const inner = new RawGreenlet(function* () {
          log.push('b')
        })
        yield* inner.switch()
        log.push('c')
      })
      outer.switch()
      expect(log).toEqual(['a', 'b', 'c'])
    })

    it('to a dead greenlet goes to its parent, with the value', () => {
      const greenlet = new RawGreenlet(() => 'over')
      greenlet.switch()
      expect(greenlet.switch().value).toBeUndefined()
      expect(greenlet.switch(25).value).toBe(25)
      expect(greenlet.switch(1, 2).value).toEqual([1, 2])
    })

    it('to a dead child of the running greenlet comes back at once', () => {
      const values: unknown[] = []
      new RawGreenlet(function* () {
        const child = new RawGreenlet(() => 'child')
        values.push(yield* child.switch())
        values.push(yield* child.switch('again'))
      }).switch()
      expect(values).toEqual(['child', 'again'])
    })

    it('to the running greenlet comes back at once, with the value', () => {
      const values: unknown[] = []
      const greenlet: RawGreenlet = new RawGreenlet(function* () {
        values.push(yield* greenlet.switch('self'))
        values.push(yield* greenlet.switch())
        values.push(yield* greenlet.switch(1, 2))
      })
      greenlet.switch()
      expect(values).toEqual(['self', undefined, [1, 2]])
    })

    it('in main to main comes back at once, with the value', () => {
      expect(main.switch(7).value).toBe(7)
      expect(main.switch().value).toBeUndefined()
    })

    it('drives a generator that a plain function returns', () => {
      function* inner(): Green<string> {
        return String(yield* main.switch('out'))
      }
      const greenlet = new RawGreenlet(() => inner())
      expect(greenlet.switch().value).toBe('out')
      expect(greenlet.switch('in').value).toBe('in')
    })

    it('drives an operation that a plain function returns', async () => {
      const greenlet = new RawGreenlet(() => sleep(0))
      const switched = greenlet.switch()
      expect(switched.done).toBe(false)
      expect(await switched).toBeUndefined()
      expect(greenlet.dead).toBe(true)
    })

    it('takes a promise that a body returns as the outcome itself: floor 0 knows no waiting', () => {
      const promise = Promise.resolve(1)
      expect(new RawGreenlet(async () => promise).switch().value).toBeInstanceOf(Promise)
    })

    it('reaches a greenlet through a function that only calls it with yield*', () => {
      function* deep(level: number): Green<unknown> {
        return level === 0 ? yield* main.switch('bottom') : yield* deep(level - 1)
      }
      const greenlet = new RawGreenlet(deep)
      expect(greenlet.switch(50).value).toBe('bottom')
      expect(greenlet.switch('up').value).toBe('up')
    })

    it('refuses arguments for a Greenlet that was given some when it was made', () => {
      const greenlet = new Greenlet((n: number) => n, 1)
      greenlet.name = 'counter'
      expect(message(() => greenlet.switch(2))).toBe(
        'Greenlet "counter" was given its arguments when it was made; its first switch cannot give others.',
      )
      expect(greenlet.switch().value).toBe(1)
    })
  })

  describe('death', () => {
    it('by return hands the value to the parent', () => {
      const values: unknown[] = []
      new RawGreenlet(function* () {
        values.push(yield* new RawGreenlet(() => 'from the child').switch())
      }).switch()
      expect(values).toEqual(['from the child'])
    })

    it('by an error throws that very error in the parent', () => {
      const error = new Error('mine')
      const greenlet = new RawGreenlet(function* () {
        throw error
      })
      expect(thrown(() => greenlet.switch())).toBe(error)
      expect(greenlet.dead).toBe(true)
    })

    it('by an error after a switch throws it in the call that is waiting now', () => {
      const error = new Error('later')
      const greenlet = suspended(function* () {
        yield* main.switch()
        throw error
      })
      expect(thrown(() => greenlet.switch())).toBe(error)
    })

    it('by an error that the parent does not catch goes on to the parent of the parent', () => {
      const error = new TypeError('key')
      const seen: unknown[] = []
      const parent = new RawGreenlet(function* () {
        const helper = new RawGreenlet(() => {
          throw error
        })
        try {
          yield* helper.switch()
        } catch (caught) {
          seen.push(caught)
          throw caught
        }
      })
      expect(thrown(() => parent.switch())).toBe(error)
      expect(seen).toEqual([error])
      expect(parent.dead).toBe(true)
    })

    it('by GreenletExit hands the parent that very object as a value', () => {
      class Farewell extends GreenletExit {}
      for (const exit of [new GreenletExit('v'), new Farewell()]) {
        const greenlet = new RawGreenlet(() => {
          throw exit
        })
        expect(greenlet.switch().value).toBe(exit)
        expect(greenlet.dead).toBe(true)
      }
    })

    it.each([['a string'], [0], [null], [undefined]])(
      'by a thrown %o, which is no Error, throws it as it is',
      (value) => {
        const greenlet = new RawGreenlet(() => {
          throw value
        })
        const calls: unknown[] = []
        try {
          greenlet.switch()
        } catch (error) {
          calls.push(error)
        }
        expect(calls).toEqual([value])
      },
    )

    it('leaves it neither active nor startable again', () => {
      let runs = 0
      const greenlet = new RawGreenlet(() => ++runs)
      expect([greenlet.active, greenlet.dead]).toEqual([false, false])
      greenlet.switch()
      greenlet.switch()
      expect([greenlet.active, greenlet.dead]).toEqual([false, true])
      expect(runs).toBe(1)
    })

    it('runs the finally blocks on the way out', () => {
      const rec = recorder()
      const greenlet = suspended(function* () {
        try {
          try {
            yield* main.switch()
          } finally {
            rec('inner')
          }
        } finally {
          rec('outer')
        }
      })
      greenlet.throw()
      rec.expect(['inner', 'outer'])
    })

    it('waits for a finally block that switches', () => {
      const greenlet = suspended(function* () {
        try {
          yield* main.switch()
        } finally {
          yield* main.switch('cleaning')
        }
      })
      expect(greenlet.throw().value).toBe('cleaning')
      expect(greenlet.dead).toBe(false)
      expect(greenlet.switch().value).toBeInstanceOf(GreenletExit)
      expect(greenlet.dead).toBe(true)
    })
  })

  describe('active and dead', () => {
    it('are false and false before, true and false while it runs and is suspended, false and true after', () => {
      const seen: unknown[] = []
      const greenlet: RawGreenlet = new RawGreenlet(function* () {
        seen.push([greenlet.active, greenlet.dead])
        yield* main.switch()
      })
      seen.push([greenlet.active, greenlet.dead])
      greenlet.switch()
      seen.push([greenlet.active, greenlet.dead])
      greenlet.switch()
      seen.push([greenlet.active, greenlet.dead])
      expect(seen).toEqual([
        [false, false],
        [true, false],
        [true, false],
        [false, true],
      ])
    })
  })

  describe('parent', () => {
    it('is the greenlet that made it, when none or null is given', () => {
      let child: RawGreenlet | null = null
      const creator = new RawGreenlet(function* () {
        child = new RawGreenlet(function* () {}, null)
      })
      creator.switch()
      expect(creator.parent).toBe(main)
      expect(child!.parent).toBe(creator)
    })

    it('is null for main only', () => {
      expect(main.parent).toBeNull()
    })

    it('can be given', () => {
      const parent = new RawGreenlet(function* () {})
      expect(new RawGreenlet(function* () {}, parent).parent).toBe(parent)
    })

    it('that has not started is started with what the child returned', () => {
      const parent = new RawGreenlet(function* (value: number) {
        return [value, 24]
      })
      const child = new RawGreenlet(() => 42, parent)
      expect(child.switch().value).toEqual([42, 24])
      expect([child.dead, parent.dead]).toEqual([true, true])
    })

    it('that has not started may take no argument: what the child returned is ignored', () => {
      const parent = new RawGreenlet(() => 'parent')
      expect(new RawGreenlet(() => 42, parent).switch().value).toBe('parent')
    })

    it('that has not started keeps the arguments it was made with', () => {
      const parent = new Greenlet((n: number) => n, 1)
      expect(new RawGreenlet(() => 42, parent).switch().value).toBe(1)
    })

    it('that has not started dies of an error of the child, without running', () => {
      const error = new Error('child')
      let ran = false
      const parent = new RawGreenlet(() => {
        ran = true
      })
      const child = new RawGreenlet(() => {
        throw error
      }, parent)
      expect(thrown(() => child.switch())).toBe(error)
      expect([ran, parent.dead, child.dead]).toEqual([false, true, true])
    })

    it('whose run cannot even be read throws that in main, and the child does not run again', () => {
      const error = new Error('no run for you')
      class Shy extends RawGreenlet {}
      Object.defineProperty(Shy.prototype, 'run', {
        get() {
          throw error
        },
      })
      let runs = 0
      const child = new RawGreenlet(() => ++runs, new Shy())
      expect(thrown(() => child.switch())).toBe(error)
      expect(runs).toBe(1)
      expect(child.dead).toBe(true)
    })

    it('that is dead passes everything on to its own parent', () => {
      const grandparent = suspended(function* () {
        return ['grandparent', yield* main.switch()]
      })
      const parent = new RawGreenlet(function* () {}, grandparent)
      const child = new RawGreenlet(() => 'child', parent)
      parent.parent = main
      parent.switch()
      parent.parent = grandparent
      expect(child.switch().value).toEqual(['grandparent', 'child'])
    })

    it('can be set while the greenlet is suspended', () => {
      const heir = suspended(function* () {
        return ['heir', yield* main.switch()]
      })
      const greenlet = suspended(function* () {
        yield* main.switch()
        return 'inheritance'
      })
      greenlet.parent = heir
      expect(greenlet.parent).toBe(heir)
      expect(greenlet.switch().value).toEqual(['heir', 'inheritance'])
    })

    it('of a dead greenlet can be set to one that has not started: a switch to the dead one starts it', () => {
      const child = new RawGreenlet(() => 'child')
      child.switch()
      child.parent = new RawGreenlet((value: unknown) => ['started with', value])
      expect(child.switch('this').value).toEqual(['started with', 'this'])
    })

    it('of a dead greenlet receives its throw', () => {
      const heir = suspended(function* () {
        try {
          return yield* main.switch()
        } catch (error) {
          return ['caught', error]
        }
      })
      const child = new RawGreenlet(() => 'child')
      child.switch()
      child.parent = heir
      const error = new Error('for the heir')
      expect(child.throw(error).value).toEqual(['caught', error])
    })

    it('cannot be the greenlet itself', () => {
      const greenlet = new RawGreenlet(function* loop() {})
      expect(message(() => (greenlet.parent = greenlet))).toBe(
        '"loop" cannot be the parent of "loop": it descends from it.',
      )
      expect(greenlet.parent).toBe(main)
    })

    it('cannot be a descendant', () => {
      const first = new RawGreenlet(function* first() {})
      const second = new RawGreenlet(function* second() {}, first)
      const third = new RawGreenlet(function* third() {}, second)
      expect(message(() => (first.parent = third))).toBe(
        '"third" cannot be the parent of "first": it descends from it.',
      )
      expect(first.parent).toBe(main)
    })

    it('of main cannot be set', () => {
      const greenlet = new RawGreenlet(function* () {})
      expect(message(() => (main.parent = greenlet))).toBe('The parent of main cannot be set: main is the root.')
    })

    it('cannot be deleted', () => {
      const greenlet = new RawGreenlet(function* () {})
      delete (greenlet as { parent?: unknown }).parent
      expect(greenlet.parent).toBe(main)
    })
  })

  describe('throw()', () => {
    it('throws at the place where the greenlet is suspended', () => {
      const greenlet = suspended(function* () {
        try {
          yield* main.switch()
          return 'not reached'
        } catch (error) {
          return error
        }
      })
      const error = new RangeError('here')
      expect(greenlet.throw(error).value).toBe(error)
    })

    it('makes the error of a class that it is given', () => {
      class Mine extends Error {}
      const greenlet = suspended()
      expect(thrown(() => greenlet.throw(Mine))).toBeInstanceOf(Mine)
    })

    it('without an argument ends the greenlet in good order: a GreenletExit comes back as value', () => {
      const greenlet = suspended()
      expect(greenlet.throw().value).toBeInstanceOf(GreenletExit)
      expect(greenlet.dead).toBe(true)
      expect(greenlet.throw().value).toBeInstanceOf(GreenletExit)
    })

    it('at one that catches leaves it alive', () => {
      const greenlet = suspended(function* () {
        for (;;) {
          try {
            yield* main.switch()
          } catch (error) {
            if (error instanceof RangeError) return yield* main.switch('survived')
          }
        }
      })
      expect(greenlet.throw(new RangeError()).value).toBe('survived')
      expect(greenlet.dead).toBe(false)
      expect(greenlet.switch('end').value).toBe('end')
    })

    it('at one that never started ends it without running', () => {
      let ran = false
      const greenlet = new RawGreenlet(() => {
        ran = true
      })
      const error = new Error('early')
      expect(thrown(() => greenlet.throw(error))).toBe(error)
      expect([ran, greenlet.dead]).toEqual([false, true])
    })

    it('of a GreenletExit at one that never started comes back as value', () => {
      const exit = new GreenletExit()
      const greenlet = new RawGreenlet(function* () {})
      expect(greenlet.throw(exit).value).toBe(exit)
      expect(greenlet.dead).toBe(true)
    })

    it('at a dead one throws in its parent', () => {
      const greenlet = new RawGreenlet(function* () {})
      greenlet.switch()
      const error = new Error('too late')
      expect(thrown(() => greenlet.throw(error))).toBe(error)
    })

    it('at the running greenlet throws right there', () => {
      const error = new Error('self')
      const greenlet: RawGreenlet = new RawGreenlet(function* () {
        try {
          yield* greenlet.throw(error)
        } catch (caught) {
          return ['caught', caught]
        }
        return 'not reached'
      })
      expect(greenlet.switch().value).toEqual(['caught', error])
    })

    it('at main in main throws right there', () => {
      const error = new Error('at main')
      expect(thrown(() => main.throw(error))).toBe(error)
      expect(thrown(() => main.throw())).toBeInstanceOf(GreenletExit)
    })

    it('at main in a greenlet throws in the call of main that waits', () => {
      const error = new Error('for main')
      const greenlet = new RawGreenlet(function* () {
        yield* main.throw(error)
      })
      expect(thrown(() => greenlet.switch())).toBe(error)
      expect(greenlet.dead).toBe(false)
      greenlet.throw()
    })

    it('at a child that never started ends its unstarted parent too', () => {
      const parent = new RawGreenlet(function* () {})
      const child = new RawGreenlet(function* () {}, parent)
      const error = new RangeError()
      expect(thrown(() => child.throw(error))).toBe(error)
      expect([parent.dead, child.dead]).toEqual([true, true])
    })

    it.each([['has not started'], ['is suspended']])('at a child that %s is caught by its parent', (state) => {
      const parent = suspended(function* () {
        try {
          yield* main.switch()
        } catch (error) {
          if (error instanceof RangeError) return 'caught'
        }
        return 'missed'
      })
      const child = new RawGreenlet(idle, parent)
      if (state === 'is suspended') child.switch()
      expect(child.throw(new RangeError()).value).toBe('caught')
      expect([parent.dead, child.dead]).toEqual([true, true])
    })
  })

  describe('main', () => {
    it('is a RawGreenlet called main, active, without parent', () => {
      expect(main).toBeInstanceOf(RawGreenlet)
      expect([main.name, main.active, main.dead, main.parent]).toEqual(['main', true, false, null])
    })

    it('is current in a promise continuation and in a timer', async () => {
      const seen: RawGreenlet[] = []
      await Promise.resolve().then(() => seen.push(getcurrent()))
      await new Promise((resolve) =>
        setTimeout(() => {
          resolve(seen.push(getcurrent()))
        }, 1),
      )
      expect(seen).toEqual([main, main])
    })

    it('is current again when a greenlet has ended by an error', () => {
      expect(() =>
        new RawGreenlet(() => {
          throw new Error('x')
        }).switch(),
      ).toThrow('x')
      expect(getcurrent()).toBe(main)
    })
  })

  describe('getcurrent()', () => {
    it('is the greenlet in its whole slice: in callbacks, and in an async function up to its first await', async () => {
      const seen: unknown[] = []
      const note = (): void => {
        seen.push(getcurrent() === main ? 'main' : 'greenlet')
      }
      async function asynchronous(): Promise<void> {
        note()
        await Promise.resolve()
        note()
      }
      const pending: Promise<void>[] = []
      new RawGreenlet(function* () {
        note()
        ;[1].forEach(note)
        pending.push(asynchronous())
        note()
      }).switch()
      await Promise.all(pending)
      expect(seen).toEqual(['greenlet', 'greenlet', 'greenlet', 'greenlet', 'main'])
    })
  })

  describe('name', () => {
    it('is the name of the body, or of the class', () => {
      class Counter extends RawGreenlet {
        override run(): void {}
      }
      expect(new RawGreenlet(function* work() {}).name).toBe('work')
      expect(
        new RawGreenlet(
          (
            () => () =>
              undefined
          )(),
        ).name,
      ).toBe('RawGreenlet')
      expect(new Counter().name).toBe('Counter')
    })
  })

  describe('as a base class', () => {
    it('runs the method run() with the arguments of the first switch', () => {
      class Doubler extends RawGreenlet {
        override *run(first: number): Green<never> {
          for (let n = first; ; ) n = Number(yield* main.switch(n * 2))
        }
      }
      const doubler = new Doubler()
      expect(doubler.switch(1).value).toBe(2)
      expect(doubler.switch(21).value).toBe(42)
      doubler.throw()
    })

    it('carries properties that its body sets', () => {
      class Bag extends RawGreenlet {
        found = ''
        override run(): void {
          this.found = (getcurrent() as Bag).constructor.name
        }
      }
      const bag = new Bag()
      bag.switch()
      expect(bag.found).toBe('Bag')
    })

    it('lets several bodies share one function and tells them apart by this', () => {
      class Named extends RawGreenlet {
        readonly tag: string
        constructor(tag: string) {
          super()
          this.tag = tag
        }
        override *run(a: unknown, b: unknown): Green<unknown> {
          return [this.tag, a, b, yield* main.switch()]
        }
      }
      const [x, y] = [new Named('x'), new Named('y')]
      x.switch(1, 2)
      y.switch(3, 4)
      expect(x.switch(5).value).toEqual(['x', 1, 2, 5])
      expect(y.switch(6).value).toEqual(['y', 3, 4, 6])
    })
  })

  describe('that nobody holds', () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void

    it.each<[string, () => RawGreenlet]>([
      ['is dead', () => finished(new RawGreenlet(() => 'value'))],
      ['was never started', () => new RawGreenlet(function* () {})],
      ['is suspended', () => suspended()],
      ['references itself', selfReferencing],
    ])('can be collected when it %s', async (_, make) => {
      const references = Array.from({ length: 10 }, () => new WeakRef(make()))
      finished(new RawGreenlet(() => undefined)) // the kernel still knows the last one that was switched to
      await new Promise((resolve) => setImmediate(resolve))
      collect()
      expect(references.filter((reference) => reference.deref() !== undefined)).toEqual([])
    })

    function selfReferencing(): RawGreenlet {
      const greenlet: RawGreenlet & { self?: RawGreenlet } = new RawGreenlet(function* () {
        yield* main.switch(greenlet)
      })
      greenlet.self = greenlet
      greenlet.switch()
      return greenlet
    }

    function finished(greenlet: RawGreenlet): RawGreenlet {
      greenlet.switch()
      return greenlet
    }
  })
})
