// Greenlet-local storage: one value for each greenlet, gone with the greenlet or with the local. The bag is in local-bag.test.ts.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type Green, Greenlet, getcurrent, green, Local, local, RawGreenlet, run, sleep, spawn } from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { recorder } from '../support/recorder.ts'
import { messageOf, thrown, usage } from '../support/thrown.ts'

checkLeaks()

const main = getcurrent()

/** What `body` gives, in a raw greenlet of its own. */
function inGreenlet<T>(body: () => T | Green<T>): T {
  return new RawGreenlet(body).switch().value as T
}

describe('Local', () => {
  it('has one value for each greenlet, raw or of the hub, over all their switches and waits', async () => {
    const steps = new Local(() => 0)
    const raw = new RawGreenlet(function* (): Green<never> {
      for (;;) yield* main.switch(++steps.value)
    })
    function* walk(n: number): Green<number> {
      for (let i = 0; i < n; i++) {
        steps.value++
        yield* sleep(0)
      }
      return steps.value
    }
    const walks = [spawn(walk, 3), spawn(walk, 5)]
    const seen = [raw.switch().value, raw.switch().value]
    for (const one of walks) seen.push(await one.get())
    expect([...seen, raw.switch().value]).toEqual([1, 2, 3, 5, 3])
    raw.throw()
  })

  it('asks for the initial value once in each greenlet, at the first look, in that greenlet', () => {
    const asked: RawGreenlet[] = []
    const user = new Local(() => asked.push(getcurrent()))
    const greenlets = [1, 2].map(
      () =>
        new RawGreenlet(function* (): Green<unknown> {
          yield* main.switch(asked.length)
          return [user.value, user.value]
        }),
    )
    expect(greenlets.map((greenlet) => greenlet.switch().value)).toEqual([0, 0])
    expect(greenlets.map((greenlet) => greenlet.switch().value)).toEqual([
      [1, 1],
      [2, 2],
    ])
    expect(asked).toEqual(greenlets)
  })

  it('does not ask when it was set before', () => {
    const user = new Local<string>(() => {
      throw new Error('asked')
    })
    expect(
      inGreenlet(() => {
        user.value = 'set'
        return user.value
      }),
    ).toBe('set')
  })

  it.each([[undefined], [null], [0], ['']])('keeps %o as a value', (value) => {
    let asked = 0
    const user = new Local<unknown>(() => ++asked)
    const seen = inGreenlet(() => {
      user.value = value
      return [user.value, user.delete()]
    })
    expect([seen, asked]).toEqual([[value, true], 0])
  })

  it('asks again when the initial value could not be made', () => {
    let attempts = 0
    const user = new Local(() => {
      if (++attempts === 1) throw new Error('not yet')
      return attempts
    })
    expect(inGreenlet(() => [messageOf(thrown(() => user.value)), user.value, user.value])).toEqual(['not yet', 2, 2])
  })

  it('forgets by delete(): the next look asks again; it answers whether there was a value', () => {
    let asked = 0
    const user = new Local(() => ++asked)
    expect(inGreenlet(() => [user.delete(), user.value, user.delete(), user.delete(), user.value])).toEqual([
      false,
      1,
      true,
      false,
      2,
    ])
  })

  it('is one apart from every other', () => {
    const [a, b] = [new Local(() => 'a'), new Local(() => 'b')]
    expect(
      inGreenlet(() => {
        a.value = 'c'
        b.delete()
        return [a.value, b.value]
      }),
    ).toEqual(['c', 'b'])
  })

  it('is not inherited by what a greenlet makes', async () => {
    const user = new Local(() => 'nobody')
    const seen = await run(function* () {
      user.value = 'ann'
      const child = yield* spawn(() => user.value).get()
      const raw = yield* new RawGreenlet(() => user.value).switch()
      return [child, raw, user.value]
    })
    expect(seen).toEqual(['nobody', 'nobody', 'ann'])
  })

  it('is the same in every function of a greenlet, green or not', () => {
    const user = new Local(() => 'nobody')
    const inner = green(function* inner(): Green<string> {
      yield* main.switch()
      const before = user.value
      user.value = 'inner'
      return before
    })
    const greenlet = new RawGreenlet(function* (): Green<unknown> {
      user.value = 'outer'
      return [yield* inner(), user.value]
    })
    greenlet.switch()
    expect(greenlet.switch().value).toEqual(['outer', 'inner'])
  })

  it('is there in the finally blocks of a greenlet that is killed, and in no link', async () => {
    const rec = recorder()
    const user = new Local(() => 'nobody')
    const greenlet = spawn(function* (): Green<void> {
      user.value = 'ann'
      try {
        yield* sleep(1000)
      } finally {
        rec(user.value)
      }
    })
    greenlet.rawlink(() => rec(messageOf(thrown(() => user.value)).split('\n')[0]!))
    await sleep(0)
    await greenlet.kill()
    rec.expect(['ann', "A local was read outside of greenlets, where it would be everybody's."])
  })

  it('can be extended', () => {
    class Counter extends Local<number> {
      constructor() {
        super(() => 0)
      }
      up(): number {
        return ++this.value
      }
    }
    const counter = new Counter()
    expect([inGreenlet(() => [counter.up(), counter.up()]), inGreenlet(() => counter.up())]).toEqual([[1, 2], 1])
  })
})

describe('a Local outside of greenlets', () => {
  const text = (what: string): string =>
    `A local was ${what} outside of greenlets, where it would be everybody's.\n\n` +
    '  user.value                               // incorrect: plain code is nobody\n' +
    '  await run(function* () { user.value })   // correct: in a greenlet'

  const user = new Local(() => 'nobody')

  it.each<[what: string, use: () => unknown]>([
    ['read', () => user.value],
    ['set', () => (user.value = 'ann')],
    ['deleted', () => user.delete()],
  ])('is not %s', (what, use) => {
    expect(usage(use)).toBe(text(what))
  })

  it('is refused in callbacks too, also while greenlets live', async () => {
    const greenlet = spawn(sleep, 2)
    const told = await new Promise((resolve) => setTimeout(() => resolve(usage(() => user.value)), 1))
    expect(String(told).split('\n')[0]).toBe("A local was read outside of greenlets, where it would be everybody's.")
    await greenlet.join()
  })
})

describe.each([
  ['new Local', (initial: unknown) => new Local(initial as () => object)],
  ['local', (initial: unknown) => local(initial as () => object)],
])('%s()', (name, make) => {
  it.each([
    ['5 (number)', 5],
    ['undefined', undefined],
    ['null', null],
    ['an Object', {}],
  ])('refuses %s', (shown, value) => {
    expect(usage(() => make(value))).toBe(`${name}() expects a function, but got ${shown}.`)
  })
})

describe('what a local holds', () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void

  /** How many of the references still lead to something. What one was asked for lives until the end of the task. */
  async function alive(references: readonly WeakRef<object>[]): Promise<number> {
    new RawGreenlet(() => undefined).switch() // the kernel still knows the last one that was switched to
    await new Promise((resolve) => setImmediate(resolve))
    collect()
    return references.filter((reference) => reference.deref() !== undefined).length
  }

  const user = new Local<object>(() => ({}))
  const kept: unknown[] = []

  /** Puts something into the local, and gives a reference to it. */
  function hold(): WeakRef<object> {
    user.value = { big: 'value', greenlet: getcurrent(), local: user }
    return new WeakRef(user.value)
  }

  it.each<[end: string, make: () => WeakRef<object>]>([
    ['has returned', () => keep(new RawGreenlet(hold)).switch().value as WeakRef<object>],
    [
      'has failed',
      () => {
        let reference: WeakRef<object> | null = null
        const greenlet = keep(
          new RawGreenlet(() => {
            reference = hold()
            throw new Error('broken')
          }),
        )
        thrown(() => greenlet.switch())
        return reference!
      },
    ],
    ['was killed while suspended', () => killed(keep(suspended()))],
    ['is held by nobody while suspended', () => suspended().reference],
  ])('goes when its greenlet %s', async (_, make) => {
    expect(await alive(Array.from({ length: 5 }, make))).toBe(0)
    kept.length = 0
  })

  it('stays as long as its greenlet is suspended', async () => {
    const made = Array.from({ length: 5 }, () => keep(suspended()))
    expect(await alive(made.map(({ reference }) => reference))).toBe(5)
    for (const { greenlet } of made) greenlet.throw()
    kept.length = 0
  })

  it('goes with the local, also in a greenlet that lives', async () => {
    const greenlet = new RawGreenlet(function* (): Green<void> {
      for (;;) {
        const short = new Local<object>(() => ({ made: 'here' }))
        yield* main.switch(new WeakRef(short.value))
      }
    })
    const references = Array.from({ length: 5 }, () => greenlet.switch().value as WeakRef<object>)
    // The last one still lies in a variable of the body.
    expect(await alive(references.slice(0, -1))).toBe(0)
    greenlet.throw()
  })

  it('goes with a Greenlet of the hub that has ended', async () => {
    const greenlets = Array.from({ length: 5 }, () => new Greenlet(hold))
    for (const greenlet of greenlets) greenlet.start()
    const references: WeakRef<object>[] = []
    for (const greenlet of greenlets) references.push(await greenlet.get())
    expect(await alive(references)).toBe(0)
    expect(greenlets.every(({ dead }) => dead)).toBe(true)
  })

  function keep<T>(value: T): T {
    kept.push(value)
    return value
  }

  interface Holder {
    readonly greenlet: RawGreenlet
    readonly reference: WeakRef<object>
  }

  function suspended(): Holder {
    const greenlet = new RawGreenlet(function* (): Green<void> {
      yield* main.switch(hold())
    })
    return { greenlet, reference: greenlet.switch().value as WeakRef<object> }
  }

  function killed({ greenlet, reference }: Holder): WeakRef<object> {
    greenlet.throw()
    return reference
  }
})
