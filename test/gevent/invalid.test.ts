// Bad input to floor 1, and the whole text of each answer. What a Timeout says in plain code is in timeout.test.ts, a Waiter that is used
// twice in waiter.test.ts.
import {
  type Green,
  Greenlet,
  getcurrent,
  joinall,
  killall,
  RawGreenlet,
  run,
  sleep,
  spawn,
  spawnWith,
  Timeout,
  UsageError,
  until,
  withTimeout,
} from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { catchReports } from '../support/reports.ts'
import { messageOf, rejection, usage } from '../support/thrown.ts'

checkLeaks()

function* getPage(url: string): Green<string> {
  yield* sleep(0)
  return url
}

async function fetchPage(): Promise<void> {
  await Promise.resolve()
}

/** The calls that take a body, as a person writes them. */
const takers: [call: string, make: (body: never) => unknown][] = [
  ['spawn', (body) => spawn(body)],
  ['spawnWith', (body) => spawnWith({}, body)],
  ['run', (body) => run(body)],
  ['new Greenlet', (body) => new Greenlet(body)],
  ['withTimeout', (body) => withTimeout(5, body)],
]

describe.each(takers)('%s()', (call, make) => {
  it.each([
    ['5 (number)', 5],
    ['"getPage" (string)', 'getPage'],
    ['true (boolean)', true],
    ['an Object', {}],
    ['an Array', [getPage]],
  ])('refuses %s at once', (shown, value) => {
    expect(usage(() => make(value as never))).toBe(`${call}() expects a function, but got ${shown}.`)
  })

  it('refuses a generator object at once, and shows the right line', () => {
    const [wrong, right] = [`${call}(getPage(url))`, `${call}(getPage, url)`]
    expect(usage(() => make(getPage('u') as never))).toBe(
      `${call}() expects a function, but got a generator object.\n\n` +
        `Probably the function was called instead of passed:\n` +
        `  ${wrong}   // incorrect: getPage(url) has already made the generator\n` +
        `  ${right}   // correct`,
    )
  })

  it('refuses a promise at once, and shows the right line', () => {
    expect(usage(() => make(fetchPage() as never))).toBe(
      `${call}() expects a function, but got a Promise.\n\n` +
        `Probably the function was called instead of passed:\n` +
        `  ${call}(getPage(url))   // incorrect: getPage(url) has already made the promise\n` +
        `  ${call}(getPage, url)   // correct`,
    )
  })

  it('refuses an operation at once, and shows the right line', () => {
    expect(usage(() => make(sleep(1) as never))).toBe(
      `${call}() expects a function, but got an operation.\n\n` +
        `Probably the function was called instead of passed:\n` +
        `  ${call}(getPage(url))   // incorrect: getPage(url) has already made the operation\n` +
        `  ${call}(getPage, url)   // correct`,
    )
  })
})

describe.each(takers.filter(([call]) => call !== 'new Greenlet'))('%s()', (call, make) => {
  it.each([
    ['undefined', undefined],
    ['null', null],
  ])('refuses %s', (shown, value) => {
    expect(usage(() => make(value as never))).toBe(`${call}() expects a function, but got ${shown}.`)
  })
})

describe('spawn()', () => {
  it('shows the text of the mistake as a person sees it', () => {
    expect(usage(() => spawn(getPage('https://www.python.org/') as never))).toBe(
      [
        'spawn() expects a function, but got a generator object.',
        '',
        'Probably the function was called instead of passed:',
        '  spawn(getPage(url))   // incorrect: getPage(url) has already made the generator',
        '  spawn(getPage, url)   // correct',
      ].join('\n'),
    )
  })

  it('refuses a greenlet', () => {
    const greenlet = new Greenlet(getPage, 'u')
    expect(usage(() => spawn(greenlet as never))).toBe('spawn() expects a function, but got a Greenlet.')
  })
})

describe('a Greenlet of a class without run()', () => {
  const text = (name: string): string =>
    `Greenlet "${name}" has nothing to run: it was made without a function, and its class has no run().\n\n` +
    `  new Greenlet()                       // incorrect: there is no body\n` +
    `  new Greenlet(function* () { ... })   // correct`

  it('is refused by start() and by switch()', () => {
    for (const enter of [(g: Greenlet) => g.start(), (g: Greenlet) => g.switch()]) {
      const greenlet = new Greenlet()
      greenlet.name = 'empty'
      expect(usage(() => enter(greenlet))).toBe(text('empty'))
      expect(greenlet.started).toBe(false)
    }
  })
})

/** The calls that take a duration. */
const durations: [call: string, name: string, make: (ms: never) => unknown][] = [
  ['sleep()', 'ms', (ms) => sleep(ms)],
  ['new Timeout()', 'ms', (ms) => new Timeout(ms)],
  ['withTimeout()', 'ms', (ms) => withTimeout(ms, sleep, 1)],
  ['get()', 'timeoutMs', (timeoutMs) => new Greenlet(getPage, 'u').get({ timeoutMs })],
  ['join()', 'timeoutMs', (timeoutMs) => new Greenlet(getPage, 'u').join({ timeoutMs })],
  ['kill()', 'timeoutMs', (timeoutMs) => new Greenlet(getPage, 'u').kill(undefined, { timeoutMs })],
  ['joinall()', 'timeoutMs', (timeoutMs) => joinall([], { timeoutMs })],
]

describe.each(durations)('%s', (call, name, make) => {
  it.each([
    ['-1', -1],
    ['-0.001', -0.001],
    ['-Infinity', Number.NEGATIVE_INFINITY],
    ['NaN', Number.NaN],
    ['"10" (string)', '10'],
    ['10 (bigint)', 10n],
    ['an Object', {}],
    ['a Date', new Date(0)],
  ])('refuses %s milliseconds at once', (shown, value) => {
    expect(usage(() => make(value as never))).toBe(
      `${call} expects \`${name}\` to be a number of milliseconds, 0 or more, but got ${shown}.`,
    )
  })

  it.each([[0], [-0], [0.5], [Infinity]])('accepts %d milliseconds', (value) => {
    expect(() => make(value as never)).not.toThrow()
  })
})

describe('sleep()', () => {
  it('refuses null', () => {
    expect(usage(() => sleep(null as never))).toBe(
      'sleep() expects `ms` to be a number of milliseconds, 0 or more, but got null.',
    )
  })
})

describe('joinall()', () => {
  it.each([
    ['5 (number)', 5],
    ['undefined', undefined],
    ['null', null],
    ['an Object', {}],
    ['"ab" (string)', 'ab'],
    ['a Greenlet', new Greenlet(getPage, 'u')],
    ['an operation', sleep(1)],
  ])('refuses %s at once', (shown, value) => {
    expect(usage(() => joinall(value as never))).toBe(`joinall() expects an iterable of greenlets, but got ${shown}.`)
  })

  it.each([
    ['5 (number)', 5],
    ['undefined', undefined],
    ['a Promise', Promise.resolve()],
    ['a generator object', getPage('u')],
    ['the function getPage', getPage],
    ['a RawGreenlet', new RawGreenlet(getPage)],
  ])('refuses %s among greenlets at once, by its place', (shown, value) => {
    const greenlet = new Greenlet(getPage, 'u')
    expect(usage(() => joinall([greenlet, value] as never))).toBe(
      `joinall() expects greenlets, but item 1 is ${shown}.`,
    )
  })

  it.each([
    ['-1 (number)', -1],
    ['1.5 (number)', 1.5],
    ['NaN (number)', Number.NaN],
    ['Infinity (number)', Infinity],
    ['"2" (string)', '2'],
  ])('refuses %s as count', (shown, value) => {
    expect(usage(() => joinall([], { count: value as never }))).toBe(
      `joinall() expects \`count\` to be an integer, 0 or more, but got ${shown}.`,
    )
  })
})

describe('until()', () => {
  it.each([
    ['5 (number)', 5],
    ['undefined', undefined],
    ['null', null],
    ['an Object', {}],
    ['a generator object', getPage('u')],
    ['a Greenlet', new Greenlet(getPage, 'u')],
  ])('refuses %s at once', (shown, value) => {
    expect(usage(() => until(value as never))).toBe(
      `until() expects a promise or a function that returns one, but got ${shown}.`,
    )
  })

  it('refuses an operation, which a greenlet drives itself', () => {
    expect(usage(() => until(sleep(10)))).toBe(
      `until() was given an operation, which a greenlet drives itself.\n\n` +
        `  yield* until(sleep(10))   // incorrect: goes round by main\n` +
        `  yield* sleep(10)          // correct`,
    )
  })
})

describe('kill()', () => {
  it.each([
    ['42 (number)', 42],
    ['"stop" (string)', 'stop'],
    ['null', null],
    ['an Object', {}],
    ['the function getPage', getPage],
  ])('refuses %s at once, and the greenlet lives on', async (shown, value) => {
    const greenlet = spawn(getPage, 'alive')
    expect(usage(() => greenlet.kill(value as never))).toBe(
      `kill() expects an Error or a class of errors, but got ${shown}.`,
    )
    expect(await greenlet.get()).toBe('alive')
  })

  it('with a wrong timeoutMs has no effect', async () => {
    const greenlet = spawn(getPage, 'alive')
    expect(() => greenlet.kill(undefined, { timeoutMs: -1 })).toThrow(UsageError)
    expect(await greenlet.get()).toBe('alive')
  })
})

describe('killall()', () => {
  it.each([
    ['5 (number)', 5],
    ['null', null],
    ['a Greenlet', new Greenlet(getPage, 'u')],
    ['an operation', sleep(1)],
  ])('refuses %s at once', (shown, value) => {
    expect(usage(() => killall(value as never))).toBe(`killall() expects an iterable of greenlets, but got ${shown}.`)
  })
})

describe('the name of a greenlet', () => {
  it.each([
    ['undefined', undefined],
    ['null', null],
    ['5 (number)', 5],
    ['an Object', {}],
  ])('cannot be %s', (shown, value) => {
    const greenlet = new Greenlet(getPage, 'u')
    greenlet.name = 'page'
    expect(
      usage(() => {
        greenlet.name = value as never
      }),
    ).toBe(`The name of a greenlet must be a string, but got ${shown}.`)
    expect(greenlet.name).toBe('page')
  })
})

describe('rawlink()', () => {
  it.each([
    ['null', null],
    ['5 (number)', 5],
    ['an Object', {}],
  ])('refuses %s at once', (shown, value) => {
    expect(usage(() => new Greenlet(getPage, 'u').rawlink(value as never))).toBe(
      `rawlink() expects a function, but got ${shown}.`,
    )
  })
})

describe('a greenlet that waits for itself', () => {
  it.each<[verb: string, wait: (self: Greenlet) => Green<unknown>]>([
    [
      'join',
      function* (self) {
        yield* self.join()
      },
    ],
    [
      'get',
      function* (self) {
        yield* self.get()
      },
    ],
    [
      'joinall',
      function* (self) {
        yield* joinall([self])
      },
    ],
  ])('in %s() is told that it could never go on', async (verb, wait) => {
    catchReports()
    const greenlet = spawn(() => wait(getcurrent() as Greenlet))
    greenlet.name = 'narcissus'
    const error = await rejection(greenlet.get())
    expect(error).toBeInstanceOf(UsageError)
    expect(messageOf(error)).toBe(`Greenlet "narcissus" waits for itself in ${verb}(); it could never go on.`)
  })
})

describe('a yield in a spawned greenlet', () => {
  it('without the star is reported by the name of the greenlet, with the right line', async () => {
    const reports = catchReports()
    const greenlet = spawnWith({ name: 'reader' }, function* () {
      yield sleep(10) as never
    })
    await greenlet.join()
    expect(reports.map(({ name, error }) => [name, messageOf(error)])).toEqual([
      [
        'reader',
        `Greenlet "reader" yielded an operation without driving it: the star is missing.\n\n` +
          `  yield sleep(10)    // incorrect: hands the operation out\n` +
          `  yield* sleep(10)   // correct: waits 10 ms`,
      ],
    ])
  })
})
