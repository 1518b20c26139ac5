// grContext: the async context that a greenlet carries, as python-greenlet's gr_context. That contexts cost nothing until they are used
// is in ../context.test.ts.
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'
import {
  type Context,
  copyContext,
  type Green,
  Greenlet,
  getcurrent,
  RawGreenlet,
  sleep,
  spawn,
  spawnWith,
} from 'greenloop'
import { afterEach, describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { usage } from '../support/thrown.ts'

checkLeaks()

const main = getcurrent()
const storage = new AsyncLocalStorage<unknown>()
const see = (): unknown => storage.getStore()

afterEach(() => storage.disable())

/** A copy of a context in which `store` is set. */
function contextOf(store: unknown): Context {
  return storage.run(store, copyContext)
}

/** Looks at each resumption, and gives it to main. */
function* looking(): Green<unknown> {
  for (;;) yield* main.switch(see())
}

/** Adds one to a counter of its own at each resumption, and gives it to main: what it has set is in its context. */
function* counting(): Green<unknown> {
  for (;;) {
    storage.enterWith(((see() as number | undefined) ?? 0) + 1)
    yield* main.switch(see())
  }
}

const CLASSES = [
  ['RawGreenlet', (body: () => Green<unknown>) => new RawGreenlet(body)],
  ['Greenlet', (body: () => Green<unknown>) => new Greenlet(body)],
] as const

describe.each(CLASSES)('grContext of a %s', (_, make) => {
  it('given before the start is the one that the body runs in, whoever resumes it', () => {
    const greenlet = make(looking)
    greenlet.grContext = contextOf('given')
    const seen = [1, 2].map(() => storage.run('of the one who resumes', () => greenlet.switch().value))
    expect(seen).toEqual(['given', 'given'])
    expect(see()).toBeUndefined()
    greenlet.throw()
  })

  it('keeps what the body sets over its switches, and nobody else sees it', () => {
    const greenlets = Array.from({ length: 4 }, () => {
      const greenlet = make(counting)
      greenlet.grContext = copyContext()
      return greenlet
    })
    const round = (): unknown[] => greenlets.map((greenlet) => greenlet.switch().value)
    expect([round(), round(), see()]).toEqual([[1, 1, 1, 1], [2, 2, 2, 2], undefined])
    for (const greenlet of greenlets) greenlet.throw()
  })

  it('is a copy: it sees what was set when it was made, and what is changed later is its own', () => {
    storage.run(5, () => {
      const [counter, looker] = [make(counting), make(looking)]
      for (const greenlet of [counter, looker]) greenlet.grContext = copyContext()
      expect([counter.switch().value, counter.switch().value, looker.switch().value, see()]).toEqual([6, 7, 5, 5])
      counter.throw()
      looker.throw()
    })
  })

  it('may be shared: what one sets is seen by the others', () => {
    const context = copyContext()
    const greenlets = [make(counting), make(counting), make(looking)]
    for (const greenlet of greenlets) greenlet.grContext = context
    expect(greenlets.map((greenlet) => greenlet.switch().value)).toEqual([1, 2, 2])
    expect(greenlets.map((greenlet) => greenlet.switch().value)).toEqual([3, 4, 4])
    expect(see()).toBeUndefined()
    for (const greenlet of greenlets) greenlet.throw()
  })

  it('may be taken from another greenlet, to share it from then on', () => {
    const [first, second] = [make(counting), make(counting)]
    first.grContext = copyContext()
    second.grContext = copyContext()
    expect([first.switch().value, first.switch().value, second.switch().value]).toEqual([1, 2, 1])
    second.grContext = first.grContext
    expect(second.grContext).toBe(first.grContext)
    expect([first, second, first, second].map((greenlet) => greenlet.switch().value)).toEqual([3, 4, 5, 6])
    for (const greenlet of [first, second]) greenlet.throw()
  })

  it('that is set while it is suspended counts from the next resumption', () => {
    const greenlet = make(looking)
    greenlet.grContext = contextOf('first')
    const seen = [greenlet.switch().value]
    greenlet.grContext = contextOf('second')
    seen.push(greenlet.switch().value)
    greenlet.grContext = contextOf('third')
    seen.push(greenlet.switch().value, greenlet.switch().value)
    expect(seen).toEqual(['first', 'second', 'third', 'third'])
    greenlet.throw()
  })

  it('that is set while it runs counts from the next resumption', () => {
    const greenlet = make(function* (): Green<unknown> {
      greenlet.grContext = contextOf('second')
      yield* main.switch(see())
      return see()
    })
    greenlet.grContext = contextOf('first')
    expect([greenlet.switch().value, greenlet.switch().value]).toEqual(['first', 'second'])
  })

  it('that is set to null is that of whoever resumes it', () => {
    const greenlet = make(looking)
    greenlet.grContext = contextOf('own')
    const seen = [greenlet.switch().value]
    greenlet.grContext = null
    seen.push(greenlet.grContext)
    for (const who of ['one', 'another']) seen.push(storage.run(who, () => greenlet.switch().value))
    seen.push(greenlet.switch().value)
    expect(seen).toEqual(['own', null, 'one', 'another', undefined])
    greenlet.throw()
  })

  it('is what was given, and the same each time; null when it has ended, and is not taken then', () => {
    const context = copyContext()
    const greenlet = make(looking)
    greenlet.grContext = context
    const seen = [greenlet.grContext]
    greenlet.switch()
    seen.push(greenlet.grContext)
    greenlet.throw()
    seen.push(greenlet.grContext)
    greenlet.grContext = context
    seen.push(greenlet.grContext)
    expect(seen).toEqual([context, context, null, null])
  })

  it.each([
    ['5 (number)', 5],
    ['"empty" (string)', 'empty'],
    ['undefined', undefined],
    ['an Object', {}],
    ['an AsyncLocalStorage', storage],
    ['the function copyContext', copyContext],
  ])('refuses %s, before the start and later, and stays what it was', (shown, value) => {
    const context = contextOf('own')
    const greenlet = make(looking)
    greenlet.grContext = context
    const told: string[] = []
    for (let n = 0; n < 2; n++) {
      told.push(usage(() => (greenlet.grContext = value as never)))
      expect(greenlet.switch().value).toBe('own')
    }
    greenlet.throw()
    told.push(usage(() => (greenlet.grContext = value as never)))
    const text = `The context of a greenlet must be a copyContext() or null, but got ${shown}.`
    expect(told).toEqual([text, text, text])
  })

  it('cannot be deleted: that changes nothing', () => {
    const greenlet = make(looking)
    greenlet.grContext = contextOf('own')
    Reflect.deleteProperty(greenlet, 'grContext')
    expect(greenlet.switch().value).toBe('own')
    greenlet.throw()
  })

  it('may be an AsyncResource of Node', () => {
    const greenlet = make(looking)
    greenlet.grContext = storage.run('resource', () => new AsyncResource('test'))
    expect(greenlet.switch().value).toBe('resource')
    greenlet.throw()
  })
})

describe('grContext of a new greenlet', () => {
  it('is null for a RawGreenlet: it runs in the context of whoever resumes it', () => {
    const raw = storage.run('maker', () => new RawGreenlet(looking))
    expect(raw.grContext).toBeNull()
    expect([storage.run('resumer', () => raw.switch().value), raw.switch().value]).toEqual(['resumer', undefined])
    raw.throw()
  })

  it('is a copy of its maker’s for a Greenlet', () => {
    const greenlet = storage.run('maker', () => new Greenlet(looking))
    expect(greenlet.grContext).not.toBeNull()
    expect(storage.run('resumer', () => greenlet.switch().value)).toBe('maker')
    greenlet.throw()
  })

  it('is there to be shared before async context was used in it', async () => {
    const [first, second] = [spawn(setAndWait), spawn(setAndWait)]
    second.grContext = first.grContext
    function* setAndWait(): Green<unknown> {
      const before = see()
      storage.enterWith('set by one')
      yield* sleep(0)
      return before
    }
    expect([await first.get(), await second.get()]).toEqual([undefined, 'set by one'])
  })
})

describe('spawnWith()', () => {
  const start = (context?: 'inherit' | 'empty' | Context): Promise<unknown> =>
    storage.run('maker', () =>
      spawnWith(context === undefined ? {} : { context }, function* () {
        const first = see()
        yield* sleep(0)
        return [first, see()]
      }).get(),
    ) as Promise<unknown>

  it.each<[shown: string, context: 'inherit' | 'empty' | undefined, store: unknown]>([
    ['no context given: that of the maker', undefined, 'maker'],
    ["'inherit': that of the maker", 'inherit', 'maker'],
    ["'empty': one where nothing is set", 'empty', undefined],
  ])('%s', async (_, context, store) => {
    expect(await start(context)).toEqual([store, store])
  })

  it('a copyContext(): that one', async () => {
    expect(await start(contextOf('given'))).toEqual(['given', 'given'])
  })

  it('a copyContext() for several: they share it', async () => {
    const context = copyContext()
    const all = [1, 2, 3].map(() =>
      spawnWith({ context }, function* () {
        storage.enterWith(((see() as number | undefined) ?? 0) + 1)
        yield* sleep(0)
        return see()
      }),
    )
    const seen: unknown[] = []
    for (const one of all) seen.push(await one.get())
    expect(seen).toEqual([3, 3, 3])
    expect(see()).toBeUndefined()
  })

  it("'empty' for several: each has one of its own", async () => {
    const all = [1, 2].map((n) =>
      spawnWith({ context: 'empty' }, function* () {
        const before = see()
        storage.enterWith(n)
        yield* sleep(0)
        return [before, see()]
      }),
    )
    expect([await all[0]!.get(), await all[1]!.get()]).toEqual([
      [undefined, 1],
      [undefined, 2],
    ])
  })

  it.each([
    ['"nothing" (string)', 'nothing'],
    ['5 (number)', 5],
    ['an Object', {}],
  ])('refuses %s, and starts nothing', (shown, context) => {
    let ran = false
    const work = (): void => {
      ran = true
    }
    expect(usage(() => spawnWith({ context: context as never }, work))).toBe(
      `The context of a greenlet must be a copyContext() or null, but got ${shown}.`,
    )
    expect(ran).toBe(false)
  })
})
