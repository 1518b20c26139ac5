// What the compiler infers, and what it refuses (D2). Compiled, never run.
import {
  type Begun,
  type Green,
  Greenlet,
  GreenletExit,
  getcurrent,
  green,
  joinall,
  type Operation,
  RawGreenlet,
  run,
  sleep,
  spawn,
  spawnWith,
  Timeout,
  until,
  Waiter,
  withTimeout,
} from 'greenloop'
import { describe, expectTypeOf, it } from 'vitest'

interface Page {
  readonly url: string
}

function* getPage(url: string, depth = 0): Green<Page> {
  yield* sleep(depth)
  return { url }
}

async function fetchPage(url: string): Promise<Page> {
  return { url }
}

describe('spawn()', () => {
  it('infers what a generator function returns', () => {
    expectTypeOf(spawn(getPage, 'u')).toEqualTypeOf<Greenlet<Page>>()
    expectTypeOf(spawn(getPage, 'u', 2)).toEqualTypeOf<Greenlet<Page>>()
  })

  it('infers what a generator function without annotations returns', () => {
    const greenlet = spawn(function* (n: number) {
      yield* sleep(1)
      return [n, yield* getPage('u')] as const
    }, 1)
    expectTypeOf(greenlet).toEqualTypeOf<Greenlet<readonly [number, Page]>>()
  })

  it('infers what async, plain and operation-returning functions give', () => {
    expectTypeOf(spawn(fetchPage, 'u')).toEqualTypeOf<Greenlet<Page>>()
    expectTypeOf(spawn((n: number) => String(n), 1)).toEqualTypeOf<Greenlet<string>>()
    expectTypeOf(spawn(sleep, 1)).toEqualTypeOf<Greenlet<void>>()
    expectTypeOf(spawn(() => getPage('u'))).toEqualTypeOf<Greenlet<Page>>()
    expectTypeOf(spawn(() => spawn(getPage, 'u').get())).toEqualTypeOf<Greenlet<Page>>()
  })

  it('refuses wrong arguments', () => {
    // @ts-expect-error: a number is no url
    spawn(getPage, 5)
    // @ts-expect-error: the url is missing
    spawn(getPage)
    // @ts-expect-error: one too many
    spawn(getPage, 'u', 1, 2)
    // @ts-expect-error: the second is a number
    spawn(getPage, 'u', 'deep')
  })

  it('refuses what is no function', () => {
    // @ts-expect-error: a generator object
    spawn(getPage('u'))
    // @ts-expect-error: a number is no function
    spawn(5)
    // @ts-expect-error: a promise is no function
    spawn(fetchPage('u'))
    // @ts-expect-error: an operation
    spawn(sleep(1))
  })

  it('takes no options; spawnWith() does', () => {
    expectTypeOf(spawnWith({ name: 'reader' }, getPage, 'u')).toEqualTypeOf<Greenlet<Page>>()
    // @ts-expect-error: an unknown option
    spawnWith({ nmae: 'reader' }, getPage, 'u')
    // @ts-expect-error: wrong arguments here, too
    spawnWith({}, getPage, 5)
  })
})

describe('get()', () => {
  it('gives what the body returns, in both worlds', async () => {
    const greenlet = spawn(getPage, 'u')
    expectTypeOf(greenlet.get()).toEqualTypeOf<Operation<Page>>()
    expectTypeOf(await greenlet.get()).toEqualTypeOf<Page>()
    spawn(function* () {
      expectTypeOf(yield* greenlet.get()).toEqualTypeOf<Page>()
    })
  })

  it('takes options and no bare number', () => {
    const greenlet = spawn(getPage, 'u')
    greenlet.get({ timeoutMs: 5 })
    // @ts-expect-error: a bare number
    greenlet.get(5)
    // @ts-expect-error: undefined is not the same as left out
    greenlet.get({ timeoutMs: undefined })
  })
})

describe('a Greenlet', () => {
  it('has a value that may be missing, or a GreenletExit', () => {
    expectTypeOf(spawn(getPage, 'u').value).toEqualTypeOf<Page | GreenletExit | undefined>()
    expectTypeOf(spawn(getPage, 'u').exception).toEqualTypeOf<unknown>()
  })

  it('is no thenable', () => {
    expectTypeOf<Greenlet<Page>>().not.toExtend<PromiseLike<unknown>>()
  })

  it('takes the arguments of its body in the constructor', () => {
    expectTypeOf(new Greenlet(getPage, 'u').get()).toEqualTypeOf<Operation<Page>>()
    expectTypeOf(new Greenlet((n: number) => n, 1).get()).toEqualTypeOf<Operation<number>>()
    // @ts-expect-error: a number is no url
    new Greenlet(getPage, 5)
    // @ts-expect-error: the url is missing
    new Greenlet(getPage)
  })

  it('gives a subclass the type of its run()', () => {
    class Countdown extends Greenlet<string> {
      override *run(): Green<string> {
        yield* sleep(1)
        return 'lift-off'
      }
    }
    expectTypeOf(new Countdown().get()).toEqualTypeOf<Operation<string>>()
  })

  it('kills with an error or a class of errors, and nothing else', () => {
    const greenlet = spawn(getPage, 'u')
    greenlet.kill(new Error('x'))
    greenlet.kill(GreenletExit)
    greenlet.kill(undefined, { block: false, timeoutMs: 5 })
    // @ts-expect-error: a string is no error
    greenlet.kill('stop')
    class Numbered extends Error {
      readonly n: number
      constructor(n: number) {
        super()
        this.n = n
      }
    }
    // @ts-expect-error: a class that cannot be made without arguments
    greenlet.kill(Numbered)
  })
})

describe('joinall()', () => {
  it('gives a tuple for a list that is written out', async () => {
    const joined = await joinall([spawn(getPage, 'u'), spawn((n: number) => n, 1)])
    expectTypeOf(joined).toEqualTypeOf<[Greenlet<Page>, Greenlet<number>]>()
    expectTypeOf(joined[0].value).toEqualTypeOf<Page | GreenletExit | undefined>()
    spawn(function* () {
      expectTypeOf(yield* joinall([spawn(getPage, 'u')])).toEqualTypeOf<[Greenlet<Page>]>()
    })
  })

  it('gives an array for any other iterable', async () => {
    const pages = ['a', 'b'].map((url) => spawn(getPage, url))
    expectTypeOf(await joinall(pages)).toEqualTypeOf<Greenlet<Page>[]>()
    expectTypeOf(await joinall(new Set(pages))).toEqualTypeOf<Greenlet<Page>[]>()
  })

  it('refuses what is no greenlet', () => {
    // @ts-expect-error: numbers are no greenlets
    joinall([1, 2])
    // @ts-expect-error: a raw greenlet has no end to join
    joinall([new RawGreenlet(getPage)])
    // @ts-expect-error: generator objects
    joinall([getPage('u')])
    // @ts-expect-error: one greenlet is no list
    joinall(spawn(getPage, 'u'))
  })
})

describe('an operation', () => {
  it('is driven with yield* and infers its value', () => {
    spawn(function* () {
      expectTypeOf(sleep(1)).toEqualTypeOf<Operation<void>>()
      yield* sleep(1)
      expectTypeOf(yield* until(fetchPage('u'))).toEqualTypeOf<Page>()
      expectTypeOf(yield* until((signal: AbortSignal) => Promise.resolve(signal.aborted))).toEqualTypeOf<boolean>()
      expectTypeOf(yield* withTimeout(5, getPage, 'u')).toEqualTypeOf<Page>()
      expectTypeOf(yield* new Waiter<Page>().get()).toEqualTypeOf<Page>()
      expectTypeOf(yield* getPage('u')).toEqualTypeOf<Page>()
    })
  })

  it('may be awaited in plain code', async () => {
    expectTypeOf(spawn(getPage, 'u').join()).toEqualTypeOf<Operation<void>>()
    expectTypeOf(await until(fetchPage('u'))).toEqualTypeOf<Page>()
    expectTypeOf(await withTimeout(5, fetchPage, 'u')).toEqualTypeOf<Page>()
  })

  it('cannot be yielded without the star', () => {
    spawn(
      // @ts-expect-error: `yield sleep(1)` hands the operation out
      function* () {
        yield sleep(1)
      },
    )
    function* body(): Green<void> {
      // @ts-expect-error: the star is missing
      yield sleep(1)
      // @ts-expect-error: nothing but operations can be yielded
      yield
      // @ts-expect-error: nor a promise
      yield fetchPage('u')
    }
    spawn(body)
  })

  it('cannot be looped over, spread or destructured', () => {
    const op = until(fetchPage('u'))
    function* body(): Green<unknown[]> {
      const found: unknown[] = []
      // @ts-expect-error: a loop would begin the wait over and over
      for (const page of op) found.push(page)
      // @ts-expect-error: spreading loops, too
      // eslint-disable-next-line @typescript-eslint/no-misused-promises -- that it cannot be spread is what is tested
      found.push(...op)
      // @ts-expect-error: destructuring begins a wait and leaves it
      const [page] = op
      yield* op
      return [found, page]
    }
    spawn(body)
  })

  it('cannot be driven by a generator that is none of ours', () => {
    function* plain(): Generator<number, void, undefined> {
      // @ts-expect-error: a plain generator has no trampoline below it
      yield* sleep(1)
    }
    expectTypeOf(plain).toBeFunction()
  })
})

describe('switch() and throw()', () => {
  it('give unknown: whoever switches back decides', async () => {
    const raw = new RawGreenlet(getPage)
    expectTypeOf(raw.switch('u').value).toEqualTypeOf<unknown>()
    expectTypeOf(raw.switch('u').done).toEqualTypeOf<boolean>()
    expectTypeOf(await raw.switch('u')).toEqualTypeOf<unknown>()
    expectTypeOf(getcurrent()).toEqualTypeOf<RawGreenlet>()
    new RawGreenlet(function* () {
      expectTypeOf(yield* raw.switch()).toEqualTypeOf<unknown>()
    })
    // @ts-expect-error: only errors can be thrown at a greenlet
    raw.throw('text')
  })

  it('refuse what is no function as a body', () => {
    // @ts-expect-error: a generator object
    new RawGreenlet(getPage('u'))
    // @ts-expect-error: a number is no function
    new RawGreenlet(5)
    // @ts-expect-error: a number is no parent
    new RawGreenlet(getPage, 5)
  })
})

describe('run()', () => {
  it('promises what main returns', () => {
    expectTypeOf(run(getPage, 'u')).toEqualTypeOf<Promise<Page>>()
    expectTypeOf(run(() => sleep(1))).toEqualTypeOf<Promise<void>>()
    // @ts-expect-error: a number is no url
    run(getPage, 5)
  })
})

describe('Timeout', () => {
  it('takes milliseconds or null', () => {
    new Timeout(5)
    new Timeout(null)
    // @ts-expect-error: a text is no duration
    new Timeout('5')
    expectTypeOf(Timeout.startNew(5)).toEqualTypeOf<Timeout>()
  })

  it('is disposable', () => {
    expectTypeOf<Timeout>().toExtend<Disposable>()
  })
})

describe('green()', () => {
  it('keeps the types of the arguments and of the result', () => {
    const page = green(getPage)
    expectTypeOf(page).toEqualTypeOf<typeof getPage>()
    expectTypeOf(page('u')).toEqualTypeOf<Green<Page>>()
    expectTypeOf(spawn(page, 'u', 2)).toEqualTypeOf<Greenlet<Page>>()
    // @ts-expect-error: a number is no url
    page(5)
    // @ts-expect-error: the url is missing
    page()
    // @ts-expect-error: one too many
    page('u', 1, 2)
  })

  it('gives the result of the function to yield*', () => {
    spawn(function* () {
      expectTypeOf(yield* green(getPage)('u')).toEqualTypeOf<Page>()
      expectTypeOf(yield* green(first)(['a'])).toEqualTypeOf<string>()
    })
  })

  it('infers what a function without annotations gives', () => {
    const pair = green(function* (n: number) {
      yield* sleep(1)
      return [n, yield* getPage('u')] as const
    })
    expectTypeOf(pair).parameters.toEqualTypeOf<[n: number]>()
    spawn(function* () {
      expectTypeOf(yield* pair(1)).toEqualTypeOf<readonly [number, Page]>()
    })
  })

  function* first<T>(list: readonly [T, ...T[]]): Green<T> {
    yield* sleep(0)
    return list[0]
  }

  it('keeps a generic function generic', () => {
    const same = green(first)
    spawn(function* () {
      expectTypeOf(yield* same([1, 2])).toEqualTypeOf<number>()
      expectTypeOf(yield* same(['a'])).toEqualTypeOf<string>()
      // @ts-expect-error: an empty list has no first
      yield* same([])
    })
  })

  it('keeps the `this` of a method, as a field, as a function and with the decorator', () => {
    class Tree {
      readonly size: number = 1

      @green
      *decorated(factor: number): Green<number> {
        return this.size * factor
      }

      readonly field: (this: Tree, factor: number) => Green<number> = green(function* (this: Tree, factor: number) {
        return this.size * factor
      })
    }
    const tree = new Tree()
    spawn(function* () {
      expectTypeOf(yield* tree.decorated(2)).toEqualTypeOf<number>()
      expectTypeOf(yield* tree.field(2)).toEqualTypeOf<number>()
      // @ts-expect-error: a text is no factor
      yield* tree.decorated('2')
    })
    const lone = green(function* (this: Tree): Green<number> {
      return this.size
    })
    // @ts-expect-error: it needs a tree
    lone()
    expectTypeOf(lone.call(tree)).toEqualTypeOf<Green<number>>()
  })

  it('refuses what is no generator function', () => {
    // @ts-expect-error: an arrow function has no frame to keep
    green(() => 1)
    // @ts-expect-error: an async function is not driven by greenlets
    green(async () => 1)
    // @ts-expect-error: nor is an async generator function
    green(async function* () {})
    // @ts-expect-error: a call instead of the function
    green(getPage('u'))
    // @ts-expect-error: a number is no function
    green(5)
    // @ts-expect-error: a generator of something else than waits
    green(function* () {
      yield 5
    })
    // @ts-expect-error: a class is no generator function
    green(Timeout)
  })
})

describe('Begun', () => {
  it('is what a call returns whose effect has happened: driving it is optional', () => {
    const greenlet = spawn(getPage, 'u')
    expectTypeOf(greenlet.kill()).toEqualTypeOf<Begun<void>>()
    expectTypeOf<Begun<void>>().toExtend<Operation<void>>()
    spawn(function* () {
      expectTypeOf(yield* greenlet.kill()).toBeVoid()
    })
  })
})
