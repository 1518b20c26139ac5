// What a view of `t.shared` notes, what it gives out, and that it behaves as the object itself.
import { type Green, joinall, Queue, RawGreenlet, RLock, Semaphore, sleep, spawn } from 'greenloop'
import { explore, type ScheduleContext } from 'greenloop/testing'
import { describe, expect, it } from 'vitest'
import { kernel } from '../../../src/greenlet/kernel.ts'
import { labelOf, sharedProxy } from '../../../src/testing/execution/shared.ts'
import { touchedBy } from '../../support/footprint.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { usage } from '../../support/thrown.ts'
import { virtualHub } from '../../support/virtual-clock.ts'

checkLeaks()

/** What `act` reads and writes, by labels; primitives by the name of their class. */
function touches(act: () => unknown): string {
  return [...touchedBy(act)]
    .map(([cell, written]) => `${written ? 'writes' : 'reads'} ${labelOf(cell) ?? cell.constructor.name}`)
    .join(', ')
}

function shared<T extends object>(target: T, name = 's'): T {
  return sharedProxy(target, name)
}

describe('a plain object', () => {
  it('notes which property is read', () => {
    const account = shared({ balance: 5, owner: 'Ann' }, 'account')
    expect(touches(() => account.balance)).toBe('reads account.balance')
    expect(touches(() => [account.balance, account.owner])).toBe('reads account.balance, reads account.owner')
  })

  it('notes which property is written', () => {
    const account = shared({ balance: 5 }, 'account')
    expect(touches(() => (account.balance = 6))).toBe('writes account.balance')
    expect(touches(() => account.balance++)).toBe('writes account.balance')
    expect(account.balance).toBe(7)
  })

  it('notes that one which is not there was read', () => {
    const s: { later?: number } = shared({})
    expect(touches(() => s.later)).toBe('reads s.later')
  })

  it('has one cell for a property, and another for each object', () => {
    const a = shared({ n: 1 }, 'a')
    const b = shared({ n: 1 }, 'a')
    const cellOf = (object: { n: number }) => [...touchedBy(() => object.n).keys()][0]
    expect(cellOf(a)).toBe(cellOf(a))
    expect(cellOf(a)).not.toBe(cellOf(b))
  })

  it('writes the keys with a new property, and with one that goes', () => {
    const s: Record<string, number> = shared({ a: 1 })
    expect(touches(() => (s['b'] = 2))).toBe('writes s.b, writes keys of s')
    expect(touches(() => (s['b'] = 3))).toBe('writes s.b')
    expect(touches(() => delete s['b'])).toBe('writes s.b, writes keys of s')
    expect(touches(() => delete s['b'])).toBe('writes s.b')
    expect(touches(() => Object.defineProperty(s, 'c', { value: 1 }))).toBe('writes s.c, writes keys of s')
  })

  it('notes who asks for one, and who asks for all', () => {
    const s = shared({ a: 1, b: 2 })
    expect(touches(() => 'a' in s)).toBe('reads s.a')
    expect(touches(() => Object.hasOwn(s, 'b'))).toBe('reads s.b')
    expect(touches(() => Reflect.ownKeys(s))).toBe('reads keys of s')
    expect(touches(() => Object.keys(s))).toBe('reads keys of s, reads s.a, reads s.b')
    expect(touches(() => ({ ...s }))).toBe('reads keys of s, reads s.a, reads s.b')
    expect(touches(() => JSON.stringify(s))).toContain('reads keys of s, reads s.a, reads s.b')
    expect(touches(() => Object.isExtensible(s))).toBe('reads keys of s')
    expect(touches(() => Object.preventExtensions(s))).toBe('writes keys of s')
  })

  it('names properties as a program does', () => {
    const s: Record<PropertyKey, number> = shared({})
    expect(touches(() => s['a b'])).toBe('reads s["a b"]')
    expect(touches(() => s[0])).toBe('reads s[0]')
    expect(touches(() => s['01'])).toBe('reads s["01"]')
    expect(touches(() => s[Symbol('x')])).toBe('reads s[Symbol(x)]')
    expect(touches(() => s['größe'])).toBe('reads s.größe')
  })

  it('notes nothing while nobody asks', () => {
    const s = shared({ a: 1 })
    expect(kernel.footprint).toBe(null)
    s.a++
    expect(s.a).toBe(2)
  })

  it('calls getters and setters with the view', () => {
    const s = shared({
      first: 'Ann',
      get name(): string {
        return this.first
      },
      set name(name: string) {
        this.first = name
      },
    })
    expect(touches(() => s.name)).toBe('reads s.name, reads s.first')
    expect(touches(() => (s.name = 'Ben'))).toBe('writes s.name, writes s.first')
    expect(s.name).toBe('Ben')
  })

  it('is written in all its properties by whoever shares it', () => {
    expect(touches(() => shared({ a: 1, b: 2 }))).toBe('writes keys of s, writes s.a, writes s.b')
  })

  it('is the same view each time, with the name that it was given first', () => {
    const object = { a: 1 }
    const s = sharedProxy(object, 'first')
    expect(sharedProxy(object, 'second')).toBe(s)
    expect(sharedProxy(s, 'third')).toBe(s)
    expect(touches(() => s.a)).toBe('reads first.a')
  })

  it('changes the object', () => {
    const object: { a: number; b?: number } = { a: 1 }
    const s = shared(object)
    s.b = 2
    s.a = 3
    expect(object).toEqual({ a: 3, b: 2 })
    expect(s).toEqual({ a: 3, b: 2 })
  })
})

describe('what lies in a shared object', () => {
  it('is given out as a view, the same each time', () => {
    const s = shared({ owner: { name: 'Ann' } }, 'account')
    expect(s.owner).toBe(s.owner)
    expect(touches(() => s.owner.name)).toBe('reads account.owner, reads account.owner.name')
    expect(touches(() => (s.owner.name = 'Ben'))).toBe('reads account.owner, writes account.owner.name')
  })

  it('has the name by which it was reached first', () => {
    const inner = { n: 1 }
    const s = shared({ a: inner, b: [inner] })
    expect(s.b[0]).toBe(s.a)
    expect(touches(() => s.b[0]!.n)).toBe('reads s.b, reads s.b[0], reads s.b[0].n')
  })

  it('may go round in a circle', () => {
    interface Ring {
      self?: Ring
    }
    const ring: Ring = {}
    ring.self = ring
    const s = shared(ring)
    expect(s.self?.self).toBe(s)
  })

  it('is a view in descriptors, too', () => {
    const s = shared({ inner: { n: 1 } })
    expect(Object.getOwnPropertyDescriptor(s, 'inner')?.value).toBe(s.inner)
    expect(Object.values(s)[0]).toBe(s.inner)
  })

  it('is given out as it is when it touches itself', () => {
    const things = { lock: new RLock(), semaphore: new Semaphore(), queue: new Queue(), raw: new RawGreenlet(() => 1) }
    const s = shared(things)
    expect(s.lock).toBe(things.lock)
    expect(s.semaphore).toBe(things.semaphore)
    expect(s.queue).toBe(things.queue)
    expect(s.raw).toBe(things.raw)
    expect(sharedProxy(things.lock, 'lock')).toBe(things.lock)
    expect(touches(() => s.queue.qsize())).toBe('reads s.queue, reads Queue')
  })

  it('is given out as it is when there is no state to be seen', () => {
    const things = {
      error: new Error('x'),
      promise: Promise.resolve(1),
      operation: sleep(5),
      generator: (function* () {
        yield 1
      })(),
      fn: () => 1,
    }
    const s = shared(things)
    for (const key of Object.keys(things) as (keyof typeof things)[]) expect(s[key]).toBe(things[key])
  })

  it('may be a view already', () => {
    const inner = shared({ n: 1 }, 'inner')
    const s: { inner: { n: number } } = shared({ inner })
    expect(s.inner).toBe(inner)
    s.inner = inner
    expect(touches(() => s.inner.n)).toBe('reads s.inner, reads inner.n')
  })
})

describe('an array', () => {
  it('notes elements and the length', () => {
    const items = shared([1, 2], 'items')
    expect(touches(() => items[1])).toBe('reads items[1]')
    expect(touches(() => items.length)).toBe('reads items.length')
    expect(touches(() => (items[0] = 5))).toBe('writes items[0]')
    expect([...items]).toEqual([5, 2])
  })

  it('notes what its methods touch, not that they were looked up', () => {
    const items = shared([1, 2], 'items')
    expect(touches(() => items.push(3))).toBe('writes items.length, writes items[2]')
    expect(touches(() => items.pop())).toBe('writes items.length, writes items[2], writes keys of items')
    expect(touches(() => items.at(-1))).toBe('reads items.length, reads items[1]')
    expect(touches(() => items.find((item) => item === 1))).toBe('reads items.length, reads items[0]')
    expect(touches(() => items.reverse())).toBe('reads items.length, writes items[0], writes items[1]')
    expect(items).toEqual([2, 1])
  })

  it('writes the length with an element behind the end, and the elements that a shorter length takes off', () => {
    const items: number[] = shared([1, 2, 3], 'items')
    expect(touches(() => (items[3] = 4))).toBe('writes items[3], writes items.length')
    expect(touches(() => (items.length = 2))).toBe('writes items.length, writes items[2], writes items[3]')
    expect(items).toEqual([1, 2])
  })

  it('writes the keys with an element in a hole, and reads the length with the keys', () => {
    const items: number[] = shared(new Array<number>(2), 'items')
    expect(touches(() => (items[0] = 1))).toBe('writes items[0], writes keys of items')
    expect(touches(() => Reflect.ownKeys(items))).toBe('reads keys of items, reads items.length')
  })

  it('gives out views of its elements, and finds each by its view and by itself', () => {
    const ann = { name: 'Ann' }
    const ben = { name: 'Ben' }
    const people = shared([ann, ben, ann], 'people')
    const view = people[1]!
    expect(view).not.toBe(ben)
    expect(people.indexOf(view)).toBe(1)
    expect(people.indexOf(ben)).toBe(1)
    expect(people.includes(ben)).toBe(true)
    expect(people.includes({ name: 'Ben' })).toBe(false)
    expect(people.lastIndexOf(ann)).toBe(2)
    expect(people.indexOf(ann, 1)).toBe(2)
    expect(touches(() => people.map(({ name }) => name))).toContain('reads people[0].name')
  })

  it('is an array for everybody', () => {
    const items = shared([3, 1, 2])
    expect(Array.isArray(items)).toBe(true)
    expect(items.toString()).toBe('3,1,2')
    expect(JSON.stringify(items)).toBe('[3,1,2]')
    expect(items.sort().concat([4])).toEqual([1, 2, 3, 4])
    expect(items.splice(1, 1)).toEqual([2])
    expect(items).toEqual([1, 3])
  })
})

describe('an instance of a class', () => {
  class Account {
    balance = 10
    readonly log: string[] = []

    get rich(): boolean {
      return this.balance > 100
    }

    add(n: number): this {
      this.balance += n
      return this
    }
  }

  it('has its methods called with the view', () => {
    const account = shared(new Account(), 'account')
    expect(touches(() => account.add(5))).toBe('writes account.balance')
    expect(account.add(0)).toBe(account)
    expect(touches(() => account.rich)).toBe('reads account.balance, reads account.rich')
    expect(touches(() => account.log.push('x'))).toBe(
      'reads account.log, writes account.log.length, writes account.log[0]',
    )
  })

  it('is an instance still', () => {
    const account = shared(new Account())
    expect(account).toBeInstanceOf(Account)
    expect(account.constructor).toBe(Account)
  })

  it('gives out its methods as they are', () => {
    const account = shared(new Account())
    expect(account.add).toBe(Account.prototype.add)
  })

  it('notes the steps of a generator method', () => {
    class Counter {
      n = 0;
      *count() {
        for (;;) yield ++this.n
      }
    }
    const counter = shared(new Counter(), 'counter')
    const steps = counter.count()
    expect(touches(() => steps.next())).toBe('writes counter.n')
    expect(touches(() => steps.next())).toBe('writes counter.n')
  })

  it('is seen by its properties, too, when the class derives from Array', () => {
    class Stack extends Array<number> {
      get top(): number | undefined {
        return this.at(-1)
      }
    }
    const stack = shared(new Stack(), 'stack')
    stack.push(1, 2)
    expect(stack.top).toBe(2)
    expect(touches(() => stack.top)).toBe('reads stack.length, reads stack[1], reads stack.top')
  })

  it('refuses to have a method replaced that was looked up as one of its class', () => {
    const account = shared(new Account(), 'account')
    account.add(1)
    expect(usage(() => (account.add = () => account))).toBe(
      'account.add was replaced after it had been looked up as a method of its class, which is not noted: a method counts as code, not as state.\n' +
        'Have the object hold the function in a property of its own from the beginning.',
    )
  })

  it('notes a function that lies in a property of its own', () => {
    const s = shared({ handler: (n: number) => n + 1 })
    expect(touches(() => s.handler(1))).toBe('reads s.handler')
    expect(touches(() => (s.handler = () => 0))).toBe('writes s.handler')
    expect(s.handler(1)).toBe(0)
  })
})

describe('an instance of a class with #private names', () => {
  class Account {
    #balance: number
    owner = { name: 'Ann' }
    readonly items: { n: number }[] = [{ n: 1 }]

    constructor(balance = 10) {
      this.#balance = balance
    }

    get balance(): number {
      return this.#balance
    }

    add(n: number): this {
      this.#balance += n
      return this
    }

    transfer(to: Account, n: number): void {
      this.#balance -= n
      to.#balance += n
    }

    first(): { n: number } | undefined {
      return this.items[0]
    }

    *withdraw(n: number) {
      const balance = this.#balance
      yield 'asks'
      this.#balance = balance - n
      return this.owner
    }
  }

  it('is seen as a whole: its methods write it', () => {
    const account = shared(new Account(), 'account')
    expect(touches(() => account.add(5))).toBe('writes account')
    expect(account.balance).toBe(15)
  })

  it('is read by its getters, and by a look at what lies in it', () => {
    const account = shared(new Account(), 'account')
    expect(touches(() => account.balance)).toBe('reads account')
    expect(touches(() => account.owner)).toBe('reads account')
    expect(touches(() => 'owner' in account)).toBe('reads account')
    expect(touches(() => Object.keys(account))).toBe('reads account')
    expect(touches(() => Object.isExtensible(account))).toBe('reads account')
  })

  it('is written by a change of what lies in it, however deep', () => {
    const account = shared(new Account(), 'account')
    expect(touches(() => (account.owner = { name: 'Ben' }))).toBe('writes account')
    expect(touches(() => (account.owner.name = 'Cid'))).toBe('writes account')
    expect(touches(() => account.items.push({ n: 2 }))).toBe('writes account')
    expect(touches(() => account.items.at(-1)!.n)).toBe('reads account')
    expect(touches(() => Object.defineProperty(account, 'x', { value: 1, configurable: true }))).toBe('writes account')
    expect(touches(() => Reflect.deleteProperty(account, 'x'))).toBe('writes account')
    expect(touches(() => Object.preventExtensions(account))).toBe('writes account')
    expect(account.owner.name).toBe('Cid')
  })

  it('gives out views of what its methods return, and itself for itself', () => {
    const account = shared(new Account(), 'account')
    expect(account.add(1)).toBe(account)
    expect(account.first()).toBe(account.items[0])
    expect(touches(() => (account.first()!.n = 9))).toBe('writes account')
    const property = Object.getOwnPropertyDescriptor(account, 'owner')
    expect(property?.value).toBe(account.owner)
  })

  it('is written by each step of a generator method', () => {
    const account = shared(new Account(), 'account')
    const steps = account.withdraw(4)
    expect(touches(() => steps.next())).toBe('writes account')
    expect(touches(() => expect(steps.next()).toEqual({ done: true, value: account.owner }))).toContain(
      'writes account',
    )
    expect(account.balance).toBe(6)
    const others = account.withdraw(1)
    expect([...others]).toEqual(['asks'])
    expect(touches(() => account.withdraw(1).return(account.owner))).toBe('writes account')
    expect(() => account.withdraw(1).throw(new Error('no'))).toThrow('no')
  })

  it('may wait in a generator method', () => {
    const { clock } = virtualHub()
    class Till {
      #n = 0;
      *add(n: number) {
        const before = this.#n
        yield* sleep(5)
        this.#n = before + n
        return this.#n
      }
    }
    const till = shared(new Till())
    const greenlets = [1, 2].map((n) => spawn(() => till.add(n)))
    const waits = spawn(function* () {
      return yield* till.add(4)
    })
    clock.run()
    expect([...greenlets, waits].map(({ value }) => value)).toEqual([1, 2, 4])
  })

  it('reaches the #private names of another one of its class; the two are one from then on', () => {
    const a = shared(new Account(), 'a')
    const b = shared(new Account(), 'b')
    expect(touches(() => b.balance)).toBe('reads b')
    expect(touches(() => a.transfer(b, 3))).toContain('writes a')
    expect([a.balance, b.balance]).toEqual([7, 13])
    expect(touches(() => a.transfer(b, 3))).toBe('writes a, writes b')
    expect(touches(() => b.balance)).toBe('reads a, reads b')
    a.transfer(b, 0)
    const c = shared(new Account(), 'c')
    c.transfer(b, 0)
    expect(touches(() => a.balance)).toBe('reads c, reads a, reads b')
  })

  it('notes the first call that reaches another one in both', () => {
    const a = shared(new Account(), 'a')
    const b = shared(new Account(), 'b')
    expect(touches(() => a.transfer(b, 3))).toBe('writes a, writes b')
  })

  it('gives its methods views of other objects', () => {
    class Bank {
      #n = 0
      use(s: { n: number }): number {
        return this.#n + s.n++
      }
    }
    const bank = shared(new Bank(), 'bank')
    const s = shared({ n: 1 })
    expect(touches(() => bank.use(s))).toBe('writes bank, writes s.n')
  })

  it('gives out the same method each time, which is called like any other on another object', () => {
    const account = shared(new Account(1))
    const { add } = account
    expect(account.add).toBe(add)
    expect(add.name).toBe('add')
    expect(add.call(new Account(2), 3).balance).toBe(5)
    expect(account.constructor).toBe(Account)
    expect(account).toBeInstanceOf(Account)
  })

  it('is told by its own class or one that it derives from', () => {
    class Savings extends Account {
      rate = 1
    }
    const savings = shared(new Savings(), 'savings')
    expect(touches(() => (savings.rate = 2))).toBe('writes savings')
    expect(savings.add(1).balance).toBe(11)
  })

  it('is told from a class whose text has a # elsewhere', () => {
    class Page {
      color = '#fff'
      link = 'index#top'
    }
    const page = shared(new Page(), 'page')
    expect(touches(() => page.color)).toBe('reads page.color')
  })
})

describe('a Map and a Set', () => {
  it('are read as a whole by the methods that change nothing', () => {
    const map = shared(new Map([['a', 1]]), 'map')
    const reading = [
      () => map.get('a'),
      () => map.has('a'),
      () => map.size,
      () => [...map],
      () => [...map.keys()],
      () => map.forEach(() => undefined),
    ]
    for (const act of reading) expect(touches(act)).toBe('reads map')
  })

  it('are written as a whole by the others', () => {
    const map = shared(new Map<string, number>(), 'map')
    const set = shared(new Set<number>(), 'set')
    expect(touches(() => map.set('a', 1))).toBe('writes map')
    expect(touches(() => map.delete('a'))).toBe('writes map')
    expect(touches(() => map.clear())).toBe('writes map')
    expect(touches(() => set.add(1))).toBe('writes set')
    expect(touches(() => set.has(1))).toBe('reads set')
    expect(map.set('b', 2)).toBe(map)
  })

  it('are read again by each step of an iteration', () => {
    const map = shared(new Map([['a', 1]]), 'map')
    const entries = map.entries()
    expect(touches(() => expect(entries.next().value).toEqual(['a', 1]))).toBe('reads map')
    expect(touches(() => expect(entries.next().done).toBe(true))).toBe('reads map')
  })

  it('give out what lies in them as views that are seen by themselves', () => {
    const users = shared(new Map([['ann', { age: 5 }]]), 'users')
    const ann = users.get('ann')!
    expect(users.get('ann')).toBe(ann)
    expect(touches(() => ann.age++)).toBe('writes users.get("ann").age')
    expect([...users.values()][0]).toBe(ann)
    expect([...users][0]![1]).toBe(ann)
    users.forEach((user, key, map) => {
      expect([user, key, map]).toEqual([ann, 'ann', users])
      expect(user).toBe(ann)
      expect(map).toBe(users)
    })
    const set = shared(new Set([{ n: 1 }]), 'set')
    const [item] = set
    expect(touches(() => item!.n)).toBe('reads an item of set.n')
  })

  it('find an object by its view and by itself', () => {
    const key = { n: 1 }
    const set = shared(new Set([key]), 'set')
    const [view] = set
    expect(view).not.toBe(key)
    expect([set.has(view!), set.has(key)]).toEqual([true, true])
    set.add(view!)
    expect(set.size).toBe(1)
    const map = shared(new Map([[key, 'here']]))
    expect([map.get(view!), map.get(key)]).toEqual(['here', 'here'])
    expect(new WeakSet([key]).has(key)).toBe(true)
    const weak = shared(new WeakMap([[key, 1]]), 'weak')
    expect(touches(() => expect(weak.get(view!)).toBe(1))).toBe('reads weak')
  })

  it('are what they are for everybody', () => {
    const map = shared(new Map([['a', 1]]))
    expect(map).toBeInstanceOf(Map)
    expect(map).toEqual(new Map([['a', 1]]))
    expect(() => map.forEach(undefined as never)).toThrow(TypeError)
  })

  it('are seen with all that lies in them when they are of a class of the program', () => {
    class Users extends Map<string, { age: number }> {
      youngest = 'ann'

      grow(): void {
        for (const user of this.values()) user.age++
      }
    }
    const users = shared(new Users([['ann', { age: 5 }]]), 'users')
    expect(touches(() => users.grow())).toBe('writes users')
    expect(touches(() => users.get('ann')!.age)).toBe('reads users')
    expect(touches(() => (users.youngest = 'ben'))).toBe('writes users')
    expect(users.get('ann')!.age).toBe(6)
  })
})

describe('what else is built in', () => {
  it('is read by what only reads, and written by the rest', () => {
    const date = shared(new Date(0), 'date')
    expect(touches(() => date.getTime())).toBe('reads date')
    expect(touches(() => date.toISOString())).toBe('reads date')
    expect(touches(() => Number(date))).toBe('reads date')
    expect(touches(() => date.setTime(5))).toBe('writes date')
    expect(date.getTime()).toBe(5)
    const bytes = shared(new Uint8Array(2), 'bytes')
    expect(touches(() => bytes[0])).toBe('reads bytes')
    expect(touches(() => (bytes[0] = 7))).toBe('writes bytes')
    expect(touches(() => bytes.slice(0, 1))).toBe('reads bytes')
    expect(touches(() => bytes.fill(1))).toBe('writes bytes')
    expect([bytes[0], bytes.length]).toEqual([1, 2])
    const buffer = shared(new ArrayBuffer(4), 'buffer')
    expect(touches(() => buffer.byteLength)).toBe('reads buffer')
    expect(touches(() => buffer.slice(1))).toBe('reads buffer')
    const url = shared(new URL('http://a/b'), 'url')
    expect(touches(() => url.pathname)).toBe('reads url')
    expect(touches(() => (url.pathname = '/c'))).toBe('writes url')
    expect(url.href).toBe('http://a/c')
    const pattern = shared(/a/g, 'pattern')
    expect(touches(() => pattern.test('aa'))).toBe('writes pattern')
    const steps = shared({ it: [1, 2].values() })
    expect(touches(() => steps.it.next())).toBe('reads s.it, writes s.it')
  })

  it('shares the cell of what it is a part of', () => {
    const bytes = shared(new Uint8Array(4), 'bytes')
    expect(touches(() => (bytes.subarray(1)[0] = 5))).toBe('writes bytes')
    expect(bytes[1]).toBe(5)
  })
})

describe('a frozen property', () => {
  it('may hold what cannot be changed', () => {
    const s = shared(Object.freeze({ n: 1, inner: Object.freeze({ list: Object.freeze([1, 2]) }) }))
    expect(touches(() => s.n)).toBe('reads s.n')
    expect(s.inner.list).toEqual([1, 2])
    expect(Object.isFrozen(s)).toBe(true)
    expect(Object.getOwnPropertyDescriptor(s, 'n')).toEqual({
      value: 1,
      writable: false,
      enumerable: true,
      configurable: false,
    })
    expect(() => ((s as { n: number }).n = 2)).toThrow(TypeError)
  })

  it('may hold a view', () => {
    const s = shared(Object.freeze({ inner: shared({ n: 1 }, 'inner') }))
    expect(touches(() => s.inner.n++)).toBe('reads s.inner, writes inner.n')
  })

  it('is refused when what it holds can be changed', () => {
    const s = shared(Object.freeze({ limits: { n: 1 }, map: new Map() }), 'config')
    expect(usage(() => s.limits)).toBe(
      `config.limits cannot be shared: the property is frozen, so that a proxy must give out what lies in it as it is, and that can be changed.

  Object.freeze({ limits: { n: 1 } })             // incorrect: limits.n is not seen
  Object.freeze({ limits: t.shared({ n: 1 }) })   // correct`,
    )
    expect(() => s.map).toThrow('config.map cannot be shared')
  })

  it('that is only not configurable gives out a view', () => {
    const object = Object.defineProperty({} as { inner: { n: number } }, 'inner', { value: { n: 1 }, writable: true })
    const s = shared(object)
    expect(touches(() => s.inner.n)).toBe('reads s.inner, reads s.inner.n')
    expect(Object.getOwnPropertyDescriptor(s, 'inner')?.value).toBe(s.inner)
  })
})

describe('t.shared()', () => {
  const right = `

  t.shared(value)       // incorrect: who reads it cannot be seen
  t.shared({ value })   // correct: shared.value is read and written`

  it.each([
    [5, '5 (number)'],
    ['text', '"text" (string)'],
    [null, 'null'],
    [undefined, 'undefined'],
    [Math.max, 'the function max'],
    [Promise.resolve(), 'a Promise'],
    [new Error('x'), 'an Error'],
    [sleep(1), 'an operation'],
  ])('refuses %s', (value, shown) => {
    expect(usage(() => sharedProxy(value as object, 's'))).toBe(
      `t.shared() expects an object, an array, a Map or a Set, but got ${shown}.${right}`,
    )
  })

  it.each([
    ['', '"" (string)'],
    [5, '5 (number)'],
  ])('refuses %j for a name', (name, shown) => {
    expect(usage(() => sharedProxy({}, name as string))).toBe(
      `t.shared() expects \`name\` to be a string that is not empty, but got ${shown}.`,
    )
  })
})

describe('an exploration that reduces by what is shared', () => {
  class Till {
    #n = 0

    get n(): number {
      return this.#n
    }

    *add(n: number): Green<void> {
      const before = this.#n
      yield* sleep(0)
      this.#n = before + n
    }

    take(from: Till): void {
      this.#n += from.#n
      from.#n = 0
    }
  }

  const programs: Record<string, (t: ScheduleContext) => Green<unknown>> = {
    *'properties and keys'(t) {
      const s: Record<string, number> = t.shared({ a: 0 })
      yield* inTurn(
        () => (s['b'] = s['a']!++),
        () => delete s['b'],
        () => (s['c'] = Object.keys(s).length),
      )
      return s
    },
    *'elements and the length'(t) {
      const items = t.shared([0])
      yield* inTurn(
        () => items.push(items.length),
        () => (items.length = 1),
        () => (items[0] = items.length),
      )
      return items
    },
    *'a Map and what lies in it'(t) {
      const map = t.shared(new Map([['a', { n: 1 }]]))
      yield* inTurn(
        () => map.get('a')!.n++,
        () => map.set('b', { n: map.get('a')!.n }),
        () => map.forEach((one) => (one.n *= 3)),
      )
      return [...map.values()].map(({ n }) => n)
    },
    *'a class with #private names'(t) {
      const [one, other] = [t.shared(new Till()), t.shared(new Till())]
      yield* joinall([spawn(() => one.add(1)), spawn(() => other.add(2)), spawn(() => one.take(other))])
      return [one.n, other.n]
    },
  }

  it.each(Object.keys(programs))('comes to what all schedules come to: %s', async (name) => {
    const seen = async (independence: 'none' | 'tracked') => {
      const outcomes = new Set<string>()
      const { complete, executions } = await explore(
        function* (t) {
          outcomes.add(JSON.stringify(yield* programs[name]!(t)))
        },
        { independence, order: 'any' },
      )
      expect(complete).toBe(true)
      return { executions, outcomes: [...outcomes].sort() }
    }
    const all = await seen('none')
    const reduced = await seen('tracked')
    expect(reduced.outcomes).toEqual(all.outcomes)
    expect(reduced.outcomes.length).toBeGreaterThan(1)
    expect(reduced.executions).toBeLessThan(all.executions)
  })
})

/** Does each in a greenlet of its own. */
function* inTurn(...acts: (() => unknown)[]): Green<void> {
  yield* joinall(acts.map((act) => spawn(() => void act())))
}
