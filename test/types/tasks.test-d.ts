// What the compiler infers of choose, race, any, all and nursery, and what it refuses (D9). Compiled, never run.
import {
  all,
  any,
  choose,
  Event,
  type Green,
  type Greenlet,
  type Nursery,
  nursery,
  type Operation,
  Queue,
  race,
  sleep,
  spawn,
  until,
  withTimeout,
} from 'greenloop'
import { describe, expectTypeOf, it } from 'vitest'

const numbers = new Queue<number>()
const words = new Queue<string>()
const stop = new Event()

function* page(): Green<{ url: string }> {
  yield* sleep(1)
  return { url: 'u' }
}

describe('choose()', () => {
  it('gives a union of pairs, told apart by the key', () => {
    spawn(function* () {
      const [key, value] = yield* choose({ item: numbers.get(), word: words.get(), stop: sleep(1) })
      expectTypeOf(key).toEqualTypeOf<'item' | 'word' | 'stop'>()
      if (key === 'item') expectTypeOf(value).toEqualTypeOf<number>()
      else if (key === 'word') expectTypeOf(value).toEqualTypeOf<string>()
      else expectTypeOf(value).toBeVoid()
      const chosen = yield* choose({ a: numbers.get(), b: words.get() })
      expectTypeOf(chosen).toEqualTypeOf<readonly ['a', number] | readonly ['b', string]>()
    })
  })

  it('can be told apart by a switch that misses nothing', () => {
    spawn(function* (): Green<number> {
      const chosen = yield* choose({ item: numbers.get(), word: words.get() })
      switch (chosen[0]) {
        case 'item':
          return chosen[1]
        case 'word':
          return chosen[1].length
      }
    })
  })

  it('infers from operations, promises, generators and functions of all kinds', () => {
    const choice = choose({
      operation: numbers.get(),
      composed: withTimeout(5, page),
      promise: Promise.resolve('x'),
      thenable: until(Promise.resolve(true)),
      generator: page(),
      generatorFunction: page,
      plain: () => 5,
      async: async () => 'y',
      returned: () => words.get(),
      spawned: spawn(page).get(),
      *written() {
        yield* sleep(1)
        return 1n
      },
    })
    spawn(function* () {
      expectTypeOf(yield* choice).toEqualTypeOf<
        | readonly ['operation', number]
        | readonly ['composed', { url: string }]
        | readonly ['promise', string]
        | readonly ['thenable', boolean]
        | readonly ['generator', { url: string }]
        | readonly ['generatorFunction', { url: string }]
        | readonly ['plain', number]
        | readonly ['async', string]
        | readonly ['returned', string]
        | readonly ['spawned', { url: string }]
        | readonly ['written', bigint]
      >()
    })
  })

  it('can be a branch itself, and awaited', async () => {
    const [, inner] = await choose({ inner: choose({ item: numbers.get() }) })
    expectTypeOf(inner).toEqualTypeOf<readonly ['item', number]>()
    choose({ item: numbers.get() }, { timeoutMs: 5 })
  })

  it('refuses what cannot be waited for', () => {
    // @ts-expect-error: a number
    choose({ item: 5 })
    // @ts-expect-error: a greenlet, instead of its get()
    choose({ work: spawn(page) })
    // @ts-expect-error: a queue, instead of its get()
    choose({ item: numbers })
    // @ts-expect-error: an event, instead of its wait()
    choose({ stop })
    // @ts-expect-error: a function that wants an argument
    choose({ work: (n: number) => n })
    // @ts-expect-error: a list has no keys
    choose([numbers.get()])
    // @ts-expect-error: a bare number is no option
    choose({ item: numbers.get() }, 5)
  })
})

describe('race() and any()', () => {
  it('give a union of what the branches give', () => {
    expectTypeOf(race([numbers.get(), words.get(), page])).toEqualTypeOf<Operation<number | string | { url: string }>>()
    expectTypeOf(any([numbers.get(), () => words.get()])).toEqualTypeOf<Operation<number | string>>()
    expectTypeOf(race([1, 2].map(() => words.get()))).toEqualTypeOf<Operation<string>>()
    spawn(function* () {
      expectTypeOf(yield* any([page(), Promise.resolve(1)])).toEqualTypeOf<{ url: string } | number>()
    })
  })

  it('refuse a record, and what cannot be waited for', () => {
    // @ts-expect-error: a record is for choose()
    race({ a: numbers.get() })
    // @ts-expect-error: a greenlet, instead of its get()
    any([spawn(page)])
  })
})

describe('all()', () => {
  it('gives a tuple for a list written out, an array for a computed one, a record for a record', () => {
    expectTypeOf(all([numbers.get(), page, words.get()])).toEqualTypeOf<Operation<[number, { url: string }, string]>>()
    expectTypeOf(all(['a', 'b'].map(() => words.get()))).toEqualTypeOf<Operation<string[]>>()
    expectTypeOf(all({ n: numbers.get(), p: page() })).toEqualTypeOf<Operation<{ n: number; p: { url: string } }>>()
    expectTypeOf(all([])).toEqualTypeOf<Operation<[]>>()
    spawn(function* () {
      const [n, word] = yield* all([numbers.get(), words.get()])
      expectTypeOf(n).toEqualTypeOf<number>()
      expectTypeOf(word).toEqualTypeOf<string>()
    })
  })

  it('refuses what cannot be waited for', () => {
    // @ts-expect-error: a string
    all({ a: 'x' })
    // @ts-expect-error: a number
    all([1])
  })
})

describe('nursery()', () => {
  it('gives what its body returns, whatever kind that is', () => {
    expectTypeOf(nursery(page)).toEqualTypeOf<Operation<{ url: string }>>()
    expectTypeOf(nursery(() => 1)).toEqualTypeOf<Operation<number>>()
    expectTypeOf(nursery(async () => 'x')).toEqualTypeOf<Operation<string>>()
    expectTypeOf(
      nursery(function* (n) {
        const child = n.spawn(page)
        expectTypeOf(n).toEqualTypeOf<Nursery>()
        return [yield* child.get()] as const
      }),
    ).toEqualTypeOf<Operation<readonly [{ url: string }]>>()
  })

  it('spawns as spawn() does', () => {
    nursery((n) => {
      expectTypeOf(n.spawn(page)).toEqualTypeOf<Greenlet<{ url: string }>>()
      expectTypeOf(n.spawn((a: number, b: string) => b + String(a), 1, 'x')).toEqualTypeOf<Greenlet<string>>()
      // @ts-expect-error: the argument is missing
      n.spawn((a: number) => a)
      // @ts-expect-error: an operation is no function
      n.spawn(sleep(1))
    })
  })
})
