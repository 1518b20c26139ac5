// Bad input to floor 0, and the whole text of each answer. The texts about switch() itself are in switch.test.ts, those about iterating an
// operation in operation.test.ts.
import { type Green, getcurrent, gettrace, RawGreenlet, settrace, sleep } from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { usage } from '../support/thrown.ts'

checkLeaks()

const main = getcurrent()

function* getPage(url: string): Green<string> {
  yield* sleep(0)
  return url
}

class Request {
  readonly url = 'u'
}

/** Values that are no function, as messages show them. */
const foreign: [shown: string, value: unknown][] = [
  ['5 (number)', 5],
  ['NaN (number)', Number.NaN],
  ['true (boolean)', true],
  ['12 (bigint)', 12n],
  ['Symbol(s)', Symbol('s')],
  ['"https://example.org" (string)', 'https://example.org'],
  ['"012345678901234567890123456789012345678…" (string)', '0123456789'.repeat(5)],
  ['an Object', {}],
  ['an Object', Object.create(null)],
  ['an Array', []],
  ['a Date', new Date(0)],
  ['a Request', new Request()],
]

describe('new RawGreenlet()', () => {
  it.each(foreign)('refuses %s as body', (shown, value) => {
    expect(usage(() => new RawGreenlet(value as never))).toBe(`new RawGreenlet() expects a function, but got ${shown}.`)
  })

  it('refuses a generator object, and shows how the function is passed', () => {
    expect(usage(() => new RawGreenlet(getPage('u') as never))).toBe(
      `new RawGreenlet() expects a function, but got a generator object.\n\n` +
        `Probably the function was called instead of passed:\n` +
        `  new RawGreenlet(getPage(url))   // incorrect: getPage(url) has already made the generator\n` +
        `  new RawGreenlet(getPage, url)   // correct`,
    )
  })

  it('refuses an operation and a promise, and shows how the function is passed', () => {
    expect(usage(() => new RawGreenlet(sleep(1) as never))).toBe(
      `new RawGreenlet() expects a function, but got an operation.\n\n` +
        `Probably the function was called instead of passed:\n` +
        `  new RawGreenlet(getPage(url))   // incorrect: getPage(url) has already made the operation\n` +
        `  new RawGreenlet(getPage, url)   // correct`,
    )
    expect(usage(() => new RawGreenlet(Promise.resolve() as never))).toBe(
      `new RawGreenlet() expects a function, but got a Promise.\n\n` +
        `Probably the function was called instead of passed:\n` +
        `  new RawGreenlet(getPage(url))   // incorrect: getPage(url) has already made the promise\n` +
        `  new RawGreenlet(getPage, url)   // correct`,
    )
  })

  it.each(foreign)('refuses %s as parent', (shown, value) => {
    expect(usage(() => new RawGreenlet(null, value as never))).toBe(
      `The parent of a greenlet must be a greenlet, but got ${shown}.`,
    )
  })

  it('accepts no function at all: run() may come from a subclass', () => {
    expect(() => [new RawGreenlet(), new RawGreenlet(null), new RawGreenlet(undefined, null)]).not.toThrow()
  })
})

describe('a greenlet without a body', () => {
  const text = (name: string): string =>
    `Greenlet "${name}" has nothing to run: it was made without a function, and its class has no run().\n\n` +
    `  new ${name}()                       // incorrect: there is no body\n` +
    `  new ${name}(function* () { ... })   // correct`

  it('is refused at its first switch, which does not end it', () => {
    const greenlet = new RawGreenlet()
    expect(usage(() => greenlet.switch())).toBe(text('RawGreenlet'))
    expect([greenlet.active, greenlet.dead]).toEqual([false, false])
  })

  it('is refused by the name of its class', () => {
    class Idle extends RawGreenlet {}
    expect(usage(() => new Idle().switch())).toBe(text('Idle'))
  })

  it('that calls super.run() is told the same', () => {
    class Lazy extends RawGreenlet {
      override run(): unknown {
        return super.run()
      }
    }
    expect(usage(() => new Lazy().switch())).toBe(text('Lazy'))
  })
})

describe('greenlet.parent =', () => {
  const values: [string, unknown][] = [['null', null], ['undefined', undefined], ...foreign]

  it.each(values)('refuses %s before the start', (shown, value) => {
    const greenlet = new RawGreenlet(function* () {})
    expect(usage(() => (greenlet.parent = value as never))).toBe(
      `The parent of a greenlet must be a greenlet, but got ${shown}.`,
    )
    expect(greenlet.parent).toBe(main)
  })

  it.each(values)('refuses %s while it is suspended', (shown, value) => {
    const greenlet = new RawGreenlet(function* () {
      yield* main.switch()
    })
    greenlet.switch()
    expect(usage(() => (greenlet.parent = value as never))).toBe(
      `The parent of a greenlet must be a greenlet, but got ${shown}.`,
    )
    expect(greenlet.parent).toBe(main)
    greenlet.throw()
  })
})

describe('greenlet.throw()', () => {
  class NoError {
    readonly message = 'looks like one'
  }

  it.each([
    ...foreign,
    ['null', null],
    ['the function NoError', NoError],
    [
      'the function (anonymous)',
      (
        () => () =>
          undefined
      )(),
    ],
  ])('refuses %s at the call, and the greenlet lives on', (shown, value) => {
    const greenlet = new RawGreenlet(function* () {
      yield* main.switch()
      return 'alive'
    })
    greenlet.switch()
    expect(usage(() => greenlet.throw(value as never))).toBe(
      `throw() expects an Error or a class of errors, but got ${shown}.`,
    )
    expect(greenlet.switch().value).toBe('alive')
  })
})

describe('yield without an operation', () => {
  /** What a greenlet called `reader` is told that yields `value`. */
  function told(value: unknown): string {
    return usage(() =>
      new RawGreenlet(function* reader() {
        yield value as never
      }).switch(),
    )
  }

  it.each([['undefined', undefined], ['null', null], ...foreign, ['the function getPage', getPage]])(
    'of %s shows how to let the others run',
    (shown, value) => {
      expect(told(value)).toBe(
        `Greenlet "reader" yielded ${shown}; only operations of this library can be yielded, with yield*.\n\n` +
          `  yield             // incorrect: suspends for nobody\n` +
          `  yield* sleep(0)   // correct: lets the others run`,
      )
    },
  )

  it.each([
    ['a Promise', Promise.resolve(1)],
    ['an Object', { then: () => undefined }],
  ])('of %s, which has a then(), shows until()', (shown, value) => {
    expect(told(value)).toBe(
      `Greenlet "reader" yielded ${shown}; only operations of this library can be yielded, with yield*.\n\n` +
        `  yield promise           // incorrect: hands the promise out\n` +
        `  yield* until(promise)   // correct: waits until the promise settles`,
    )
  })

  it.each([
    ['an operation', () => sleep(10)],
    ['a generator object', () => getPage('u')],
  ])('of %s shows the missing star', (shown, make) => {
    expect(told(make())).toBe(
      `Greenlet "reader" yielded ${shown} without driving it: the star is missing.\n\n` +
        `  yield sleep(10)    // incorrect: hands the operation out\n` +
        `  yield* sleep(10)   // correct: waits 10 ms`,
    )
  })

  it('is reported by the name of the greenlet, not of the function that yields', () => {
    function* helper(): Green<void> {
      yield 1 as never
    }
    expect(
      usage(() =>
        new RawGreenlet(function* caller() {
          yield* helper()
        }).switch(),
      ),
    ).toMatch(/^Greenlet "caller" yielded 1 \(number\);/u)
  })
})

describe('a generator object', () => {
  it('is driven by one greenlet only', () => {
    const shared = (function* two(): Green<void> {
      yield* main.switch()
    })()
    new RawGreenlet(() => shared).switch()
    expect(usage(() => new RawGreenlet(() => shared).switch())).toBe(
      `Greenlet "RawGreenlet" was given a generator that another greenlet drives already.\n\n` +
        `  const it = work(); spawn(() => it); spawn(() => it)   // incorrect: one call for two\n` +
        `  spawn(work); spawn(work)                              // correct: each calls it`,
    )
  })

  it('does not drive itself', () => {
    const own: Green<void>[] = []
    const itself = (function* work(): Green<void> {
      yield* own[0]!
    })()
    own.push(itself)
    expect(usage(() => new RawGreenlet(() => itself).switch())).toBe(
      `Greenlet "RawGreenlet" drove a generator that is running already.\n\n` +
        `  yield* generator   // incorrect: it is the one that runs this line\n` +
        `  yield* work()      // correct: a call of its own`,
    )
  })
})

describe('settrace()', () => {
  it.each([
    ['undefined', undefined],
    ['5 (number)', 5],
    ['"trace" (string)', 'trace'],
  ])('refuses %s, and traces nothing', (shown, value) => {
    expect(usage(() => settrace(value as never))).toBe(`settrace() expects a function, but got ${shown}.`)
    expect(gettrace()).toBe(null)
  })
})
