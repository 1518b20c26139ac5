// local(): an object that is another one in each greenlet. What can be asked of an object can be asked of it, but for fixing it.
import { inspect } from 'node:util'
import { type Green, getcurrent, local, RawGreenlet, run, sleep, spawn, UsageError } from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { messageOf, thrown } from '../support/thrown.ts'

checkLeaks()

const main = getcurrent()

/** What `body` gives, in a greenlet of its own. */
function inGreenlet<T>(body: () => T): T {
  return new RawGreenlet(body).switch().value as T
}

interface Bag {
  [key: string | symbol]: unknown
}

describe('local()', () => {
  it('is another object in each greenlet', async () => {
    const request = local(() => ({ user: 'nobody', steps: 0 }))
    function* serve(user: string): Green<string> {
      request.user = user
      for (let n = 0; n < 3; n++) {
        request.steps++
        yield* sleep(0)
      }
      return `${request.user} ${request.steps}`
    }
    const all = [spawn(serve, 'ann'), spawn(serve, 'bob'), spawn(() => request.user)]
    const seen: string[] = []
    for (const one of all) seen.push(await one.get())
    expect(seen).toEqual(['ann 3', 'bob 3', 'nobody'])
  })

  it('makes the object once in each greenlet, at the first look, in that greenlet', () => {
    const asked: RawGreenlet[] = []
    const bag = local<Bag>(() => ({ number: asked.push(getcurrent()) }))
    const greenlets = [1, 2].map(() => new RawGreenlet(() => [bag['number'], bag['number']]))
    expect(greenlets.map((greenlet) => greenlet.switch().value)).toEqual([
      [1, 1],
      [2, 2],
    ])
    expect(asked).toEqual(greenlets)
  })

  it('is not inherited by what a greenlet makes', async () => {
    const request = local(() => ({ user: 'nobody' }))
    const seen = await run(function* () {
      request.user = 'ann'
      return [yield* spawn(() => request.user).get(), request.user]
    })
    expect(seen).toEqual(['nobody', 'ann'])
  })

  it('may be the same object for all, if the function gives the same', () => {
    const shared = { n: 0 }
    const bag = local(() => shared)
    for (let n = 0; n < 3; n++) inGreenlet(() => bag.n++)
    expect(shared.n).toBe(3)
  })
})

describe('a bag can be asked what any object can be asked', () => {
  const symbol = Symbol('symbol')
  /** Does the same to a bag and to the object itself. */
  const questions: Record<string, (object: Bag) => unknown> = {
    get: (object) => [object['a'], object[symbol], object['missing']],
    set: (object) => {
      object['a'] = 5
      object['new'] = 6
      return [object['a'], object['new']]
    },
    has: (object) => ['a' in object, symbol in object, 'missing' in object, 'toString' in object],
    delete: (object) => [delete object['a'], delete object['missing'], Object.keys(object)],
    'Object.keys': (object) => Object.keys(object),
    'Object.entries': (object) => Object.entries(object),
    'Object.getOwnPropertyNames': (object) => Object.getOwnPropertyNames(object),
    'Reflect.ownKeys': (object) => Reflect.ownKeys(object),
    'Object.hasOwn': (object) => [Object.hasOwn(object, 'a'), Object.hasOwn(object, 'toString')],
    'Object.getOwnPropertyDescriptor': (object) => Object.getOwnPropertyDescriptor(object, 'a'),
    'for...in': (object) => {
      const keys: string[] = []
      for (const key in object) keys.push(key)
      return keys
    },
    spread: (object) => ({ ...object }),
    'rest of a destructuring': ({ a, ...rest }) => [a, rest],
    JSON: (object) => JSON.stringify(object),
    'Object.assign': (object) => ({ ...Object.assign(object, { c: 3 }) }),
    defineProperty: (object) => {
      Object.defineProperty(object, 'hidden', { value: 1, configurable: true, writable: false, enumerable: false })
      return [object['hidden'], Object.keys(object), Object.getOwnPropertyDescriptor(object, 'hidden')]
    },
    'an accessor': (object) => {
      Object.defineProperty(object, 'double', {
        get(this: { a: number }) {
          return 2 * this.a
        },
        set(this: { a: number }, value: number) {
          this.a = value / 2
        },
        configurable: true,
      })
      const before = object['double']
      object['double'] = 20
      return [before, object['a']]
    },
    'its prototype': (object) => {
      const before = Object.getPrototypeOf(object) === Object.prototype
      Object.setPrototypeOf(object, { inherited: 'yes' })
      return [before, object['inherited']]
    },
    'an object that inherits from it': (object) => {
      const child = Object.create(object) as Bag
      child['own'] = 1
      child['a'] = 'of the child'
      return [child['b'], child['a'], object['a'], object['own'], Object.keys(child)]
    },
  }

  it.each(Object.entries(questions))('%s', (_, ask) => {
    const make = (): Bag => ({ a: 1, b: { deep: true }, [symbol]: 'by symbol' })
    const bag = local(make)
    expect(inGreenlet(() => ask(bag))).toEqual(ask(make()))
  })

  it('methods, accessors and inherited ones of an object of a class', () => {
    class Account {
      balance = 0
      deposit(amount: number): this {
        this.balance += amount
        return this
      }
      get doubled(): number {
        return 2 * this.balance
      }
      set doubled(value: number) {
        this.balance = value / 2
      }
    }
    class Savings extends Account {
      override deposit(amount: number): this {
        return super.deposit(amount + 1)
      }
    }
    const account = local(() => new Savings())
    const seen = inGreenlet(() => {
      const same = account.deposit(10) === account
      const { balance, doubled } = account
      account.doubled = 8
      return [same, balance, doubled, account.balance, account instanceof Savings, account.constructor.name]
    })
    expect(seen).toEqual([true, 11, 22, 4, true, 'Savings'])
    expect(inGreenlet(() => account.balance)).toBe(0)
  })

  it('a method that waits goes on with the object of its greenlet', async () => {
    const counter = local(() => ({
      n: 0,
      *count(times: number): Green<number> {
        for (let i = 0; i < times; i++) {
          this.n++
          yield* sleep(0)
        }
        return this.n
      },
    }))
    const all = [2, 5].map((times) => spawn(() => counter.count(times)))
    expect([await all[0]!.get(), await all[1]!.get()]).toEqual([2, 5])
  })

  it('an array, though it is no Array', () => {
    const list = local((): unknown[] => ['a'])
    const seen = inGreenlet(() => {
      list.push('b', 'c')
      const length = list.length
      list.length = 2
      return [
        length,
        [...list],
        list.map(String),
        Object.keys(list),
        list.pop(),
        Object.entries(list),
        Array.isArray(list),
      ]
    })
    expect(seen).toEqual([3, ['a', 'b'], ['a', 'b'], ['0', '1'], 'b', [['0', 'a']], false])
    expect(inGreenlet(() => list.length)).toBe(1)
  })

  it('what it looks like: the object of the greenlet; in plain code it is nobody’s', () => {
    const bag = local<Bag>(() => ({ a: 1 }))
    expect(inGreenlet(() => [inspect(bag), inspect([bag])])).toEqual(['{ a: 1 }', '[ { a: 1 } ]'])
    expect([inspect(bag), inspect({ bag })]).toEqual(['<local>', '{ bag: <local> }'])
  })
})

describe('a bag cannot be fixed, since it stands for many objects', () => {
  const make = (): Bag => ({ a: 1 })

  it.each<[string, (bag: Bag) => unknown, string]>([
    ['Object.freeze', Object.freeze, "'preventExtensions' on proxy: trap returned falsish"],
    ['Object.seal', Object.seal, "'preventExtensions' on proxy: trap returned falsish"],
    ['Object.preventExtensions', Object.preventExtensions, "'preventExtensions' on proxy: trap returned falsish"],
    [
      'Object.defineProperty of one that is not configurable',
      (bag) => Object.defineProperty(bag, 'fixed', { value: 1, configurable: false }),
      "'defineProperty' on proxy: trap returned falsish for property 'fixed'",
    ],
  ])('%s throws a TypeError, and the object stays as it is', (_, fix, text) => {
    const bag = local(make)
    inGreenlet(() => {
      const error = thrown(() => fix(bag))
      expect(error).toBeInstanceOf(TypeError)
      expect(messageOf(error)).toBe(text)
      bag['a'] = 2
      bag['new'] = 3
      expect({ ...bag }).toEqual({ a: 2, new: 3 })
    })
  })

  it('the functions of Reflect answer false instead', () => {
    const bag = local(make)
    const seen = inGreenlet(() => [
      Reflect.preventExtensions(bag),
      Reflect.defineProperty(bag, 'fixed', { value: 1, configurable: false }),
      Reflect.isExtensible(bag),
      Reflect.ownKeys(bag),
    ])
    expect(seen).toEqual([false, false, true, ['a']])
  })

  it('an object that is frozen itself is not seen to be, but refuses to be changed', () => {
    const bag = local(() => Object.freeze(make()) as Bag)
    inGreenlet(() => {
      expect([Object.isFrozen(bag), Object.isSealed(bag), Object.isExtensible(bag)]).toEqual([false, false, true])
      expect([bag['a'], Object.keys(bag), { ...bag }]).toEqual([1, ['a'], { a: 1 }])
      expect(messageOf(thrown(() => (bag['a'] = 2)))).toBe("'set' on proxy: trap returned falsish for property 'a'")
      expect(messageOf(thrown(() => delete bag['a']))).toBe(
        "'deleteProperty' on proxy: trap returned falsish for property 'a'",
      )
      expect([Reflect.set(bag, 'new', 1), bag['a']]).toEqual([false, 1])
    })
  })

  it('a property that the object has fixed can be looked at: it is said to be configurable', () => {
    const bag = local(() => Object.defineProperty(make(), 'fixed', { value: 1, enumerable: true }))
    inGreenlet(() => {
      expect(Object.getOwnPropertyDescriptor(bag, 'fixed')).toEqual({
        value: 1,
        writable: false,
        enumerable: true,
        configurable: true,
      })
      expect(JSON.stringify(bag)).toBe('{"a":1,"fixed":1}')
      expect(Reflect.deleteProperty(bag, 'fixed')).toBe(false)
    })
  })
})

describe('a bag outside of greenlets', () => {
  const bag = local<Bag>(() => ({ a: 1 }))

  it.each<[what: string, use: () => unknown]>([
    ['read', () => bag['a']],
    ['set', () => (bag['a'] = 2)],
    ['has', () => 'a' in bag],
    ['delete', () => delete bag['a']],
    ['Object.keys', () => Object.keys(bag)],
    ['spread', () => ({ ...bag })],
    ['JSON', () => JSON.stringify(bag)],
    ['defineProperty', () => Object.defineProperty(bag, 'b', { value: 1 })],
    ['Object.getPrototypeOf', () => Object.getPrototypeOf(bag) as unknown],
  ])('is refused: %s', (_, use) => {
    const error = thrown(use)
    expect(error).toBeInstanceOf(UsageError)
    expect(messageOf(error)).toBe(
      "A local was read outside of greenlets, where it would be everybody's.\n\n" +
        '  user.value                               // incorrect: plain code is nobody\n' +
        '  await run(function* () { user.value })   // correct: in a greenlet',
    )
  })

  it('can be passed on and kept: only what is asked of it is refused', () => {
    const passed = [bag].map((one) => one)[0]
    expect(passed === bag).toBe(true)
    expect(inGreenlet(() => passed!['a'])).toBe(1)
    expect(main.dead).toBe(false)
  })
})

describe('what hides its state cannot be a bag, and is for Local', () => {
  class Hidden {
    readonly #n = 1
    look(): number {
      return this.#n
    }
  }

  it.each<[string, () => unknown]>([
    ['an object with private fields', () => local(() => new Hidden()).look()],
    ['a Map', () => local(() => new Map()).size],
    ['a Date', () => local(() => new Date(0)).getTime()],
  ])('%s throws a TypeError in its own methods', (_, use) => {
    expect(inGreenlet(() => thrown(use))).toBeInstanceOf(TypeError)
  })
})
