// error.stack of what leaves a greenlet: the lines of the program, innermost first, and nothing of the machinery.
import { type Green, green, RawGreenlet, sleep, spawn, until } from 'greenloop'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { messageOf, rejection, thrown } from '../support/thrown.ts'

checkLeaks()

type Make = <F extends (...args: never[]) => Green<unknown>>(fn: F) => F
type Kind = 'plain' | 'green' | 'mixed'

/** For each kind what makes the outer, the middle and the inner function. */
const MAKERS: Readonly<Record<Kind, readonly [outer: Make, middle: Make, inner: Make]>> = {
  plain: [(fn) => fn, (fn) => fn, (fn) => fn],
  green: [green, green, green],
  mixed: [green, (fn) => fn, green],
}
const KINDS: readonly Kind[] = ['plain', 'green', 'mixed']

/** When the error is thrown: before anybody has waited, after the innermost has, or when each of them has. */
type When = 'before' | 'after' | 'between'

/** Three functions that call each other; the innermost throws what `make` gives, or an error of its own. */
function chain(kind: Kind, make?: () => unknown): (when: When) => Green<void> {
  const [outer, middle, inner] = MAKERS[kind]
  const third = inner(function* third(when: When): Green<void> {
    if (when === 'after') yield* sleep(0)
    throw make === undefined ? new Error('deep') : make()
  })
  const second = middle(function* second(when: When): Green<void> {
    if (when === 'between') yield* sleep(0)
    yield* third(when)
  })
  return outer(function* first(when: When): Green<void> {
    if (when === 'between') yield* sleep(0)
    yield* second(when)
  })
}

/** Calls itself so many times, and throws at the bottom. */
function recursion(make: Make): (levels: number, when: When) => Green<void> {
  const level = make(function* level(levels: number, when: When): Green<void> {
    if (levels > 0) return yield* level(levels - 1, when)
    if (when === 'after') yield* sleep(0)
    throw new Error('deep')
  })
  return level
}

/** What `body` fails with, in a spawned greenlet. */
function failure(body: () => Green<unknown>): Promise<unknown> {
  return rejection(spawn(body).get())
}

/** The lines of the stack, without what stands above the first frame. */
function linesOf(error: unknown): string[] {
  const { stack = '' } = error as Error
  return stack.split('\n').filter((line) => /^\s+at /u.test(line))
}

/** The frames of a stack: `third`, or the whole line of one that is not of this file. */
function framesOf(error: unknown): string[] {
  return linesOf(error).map((line) => {
    if (!line.includes('stack.test.ts')) return line.trim()
    return /at (?:\S+\.)?(\S+) \(/u.exec(line)?.[1] ?? '(anonymous)'
  })
}

/** Where they are: `40:11`. */
function placesOf(error: unknown): string[] {
  return linesOf(error).map((line) => /:(\d+:\d+)\)?$/u.exec(line)?.[1] ?? line)
}

const { stackTraceLimit } = Error
afterEach(() => {
  Error.stackTraceLimit = stackTraceLimit
})

/** V8 counts the lines of the machinery, too: with a low limit the program has fewer. */
const WIDE = 50

const WHENS: readonly When[] = ['before', 'after', 'between']
const CASES = KINDS.flatMap((kind) => WHENS.map((when) => [kind, when] as const))

describe('error.stack', () => {
  beforeEach(() => {
    Error.stackTraceLimit = WIDE
  })

  it.each(CASES)(
    'of a spawned greenlet, %s calls, thrown %s a wait, names the functions of the program',
    async (kind, when) => {
      const call = chain(kind)
      const error = await failure(function* body() {
        yield* call(when)
      })
      expect(framesOf(error)).toEqual(['third', 'second', 'first', 'body'])
      expect((error as Error).stack).toMatch(/^Error: deep\n {4}at /u)
    },
  )

  it.each(KINDS)('of a raw greenlet, %s calls, names the functions of the program', (kind) => {
    const call = chain(kind)
    const error = thrown(() =>
      new RawGreenlet(function* body() {
        yield* call('before')
      }).switch(),
    )
    expect(framesOf(error)).toEqual(['third', 'second', 'first', 'body'])
  })

  it.each(WHENS)(
    'of green calls and of plain ones has the same places in the same order, thrown %s a wait',
    async (when) => {
      const places = new Set<string>()
      for (const kind of KINDS) {
        const call = chain(kind)
        places.add(placesOf(await failure(() => call(when))).join(' '))
      }
      expect(places.size).toBe(1)
    },
  )

  it('of green calls is complete up to the limit, however deep', async () => {
    Error.stackTraceLimit = 30
    const level = recursion(green)
    expect(framesOf(await failure(() => level(20, 'after')))).toEqual(Array.from({ length: 21 }, () => 'level'))
    expect(framesOf(await failure(() => level(100, 'after')))).toEqual(Array.from({ length: 30 }, () => 'level'))
  })

  it.each(KINDS)('of what the library throws begins with the call that was wrong, %s calls', async (kind) => {
    const call = chain(kind, function wrong() {
      return sleep(-1)
    })
    const error = await failure(() => call('after'))
    expect(messageOf(error)).toBe('sleep() expects `ms` to be a number of milliseconds, 0 or more, but got -1.')
    expect(framesOf(error)).toEqual(['wrong', 'third', 'second', 'first'])
  })

  it.each(KINDS)('of a child that dies into its parent names the functions of the child, %s calls', async (kind) => {
    const [make] = MAKERS[kind]
    const call = chain(kind)
    const parent = make(function* parent(): Green<void> {
      yield* new RawGreenlet(() => call('before')).switch()
    })
    const error = await failure(function* body() {
      yield* parent()
    })
    expect(framesOf(error)).toEqual(['third', 'second', 'first'])
  })

  it('keeps the lines of a message that look like frames where they are', async () => {
    const text = 'the other side says:\n    at step 2\nand no more'
    for (const kind of KINDS) {
      const call = chain(kind, () => new Error(text))
      const { stack = '' } = (await failure(() => call('after'))) as Error
      expect(stack.slice(0, `Error: ${text}`.length)).toBe(`Error: ${text}`)
    }
  })
})

describe('an error that was not made in the greenlet', () => {
  /** Makes an error so many calls down. */
  function dig(levels: number): Error {
    return levels > 0 ? dig(levels - 1) : new Error('made at home')
  }
  /** The same by generators, whose stacks look like those of a greenlet. */
  function* digging(levels: number): Generator<never, Error> {
    return levels > 0 ? yield* digging(levels - 1) : new Error('made at home')
  }
  const depths = KINDS.flatMap((kind) => [0, 3, 30].map((levels) => [kind, levels] as const))

  it.each(depths)('keeps its stack when it is thrown in %s calls, made %i functions down', async (kind, levels) => {
    const error = dig(levels)
    const { stack } = error
    const call = chain(kind, () => error)
    expect(await failure(() => call('after'))).toBe(error)
    expect(error.stack).toBe(stack)
  })

  it.each(depths)('keeps its frames when it is thrown in %s calls, made %i generators down', async (kind, levels) => {
    const error = digging(levels).next().value
    // A stack that is broken off may be one of a greenlet: the steps between generators are no loss.
    const lines = linesOf(error).filter((line) => !line.endsWith('.next (<anonymous>)'))
    const call = chain(kind, () => error)
    expect(await failure(() => call('after'))).toBe(error)
    expect(linesOf(error).filter((line) => !line.endsWith('.next (<anonymous>)'))).toEqual(lines)
  })

  it.each(KINDS)(
    'keeps its stack when a promise brings it into %s calls, or somebody throws it there',
    async (kind) => {
      const [outer, middle] = MAKERS[kind]
      const wait = outer(function* wait(promise: Promise<never>): Green<void> {
        yield* until(promise)
      })
      const call = middle(function* call(promise: Promise<never>): Green<void> {
        yield* wait(promise)
      })
      const brought = new Error('brought')
      const killing = new Error('killing')
      const stacks = [brought.stack, killing.stack]
      expect(await rejection(spawn(call, Promise.reject(brought)).get())).toBe(brought)
      const greenlet = spawn(call, new Promise<never>(() => undefined))
      await sleep(0)
      greenlet.kill(killing)
      expect(await rejection(greenlet.get())).toBe(killing)
      expect([brought.stack, killing.stack]).toEqual(stacks)
    },
  )

  it.each(KINDS)('shows where it was made when another greenlet throws it into %s calls', async (kind) => {
    const [outer, middle] = MAKERS[kind]
    const wait = outer(function* wait(): Green<void> {
      yield* sleep(60_000)
    })
    const call = middle(function* call(): Green<void> {
      yield* wait()
    })
    const greenlet = spawn(call)
    spawn(function* killer() {
      greenlet.kill(new Error('from over there'))
    })
    expect(framesOf(await rejection(greenlet.get()))).toEqual(['killer'])
  })
})

describe('an error that is thrown again', () => {
  beforeEach(() => {
    Error.stackTraceLimit = WIDE
  })

  it.each(KINDS)(
    'by a caller of its catcher, from another branch, keeps the frames of its way, %s calls',
    async (kind) => {
      const [outer, middle] = MAKERS[kind]
      const call = chain(kind)
      let kept: unknown
      const cache = middle(function* cache(): Green<void> {
        try {
          yield* call('after')
        } catch (caught) {
          kept = caught
        }
      })
      const elsewhere = outer(function* elsewhere(): Green<void> {
        yield* sleep(0)
        throw kept
      })
      const deeper = outer(function* deeper(): Green<void> {
        yield* elsewhere()
      })
      const deepest = outer(function* deepest(): Green<void> {
        yield* deeper()
      })
      const dig = outer(function* dig(levels: number): Green<void> {
        yield* levels > 0 ? dig(levels - 1) : cache()
      })
      const error = await failure(function* body() {
        yield* dig(5)
        yield* deepest()
      })
      expect(error).toBe(kept)
      // Of plain calls all frames are there from the beginning, of green ones those that it has passed.
      expect(framesOf(error).slice(0, 3)).toEqual(['third', 'second', 'first'])
      expect(framesOf(error).filter((frame) => ['elsewhere', 'deeper', 'deepest'].includes(frame))).toEqual([])
    },
  )

  it.each(KINDS)('by its catcher, from a deeper place, keeps the frames of its way, %s calls', async (kind) => {
    const [outer, middle] = MAKERS[kind]
    const call = chain(kind)
    const elsewhere = outer(function* elsewhere(kept: unknown): Green<void> {
      yield* sleep(0)
      throw kept
    })
    const catcher = middle(function* catcher(): Green<void> {
      try {
        yield* call('after')
      } catch (caught) {
        yield* elsewhere(caught)
      }
    })
    const error = await failure(function* body() {
      yield* catcher()
    })
    expect(framesOf(error)).toEqual(['third', 'second', 'first', 'catcher', 'body'])
  })

  it.each(KINDS)('by another greenlet keeps its stack to the letter, %s calls', async (kind) => {
    const call = chain(kind)
    const error = (await failure(() => call('between'))) as Error
    const { stack } = error
    const again = chain(kind, () => error)
    expect(await failure(() => again('between'))).toBe(error)
    expect(error.stack).toBe(stack)
  })
})

describe('what is thrown', () => {
  /** An error whose stack is what `get` gives. */
  function withStack(get: () => string): Error {
    return Object.defineProperty(new Error('odd'), 'stack', { get })
  }
  const values: readonly (readonly [string, () => unknown])[] = [
    ['a number', () => 5],
    ['null', () => null],
    ['undefined', () => undefined],
    ['a text of many lines', () => 'a\n    at b (c:1:1)'],
    ['an object whose stack is a number', () => ({ stack: 5 })],
    ['an object without a prototype', () => Object.create(null) as unknown],
    ['a frozen error', () => Object.freeze(new Error('frozen'))],
    ['an error without a stack', () => Object.assign(new Error('bare'), { stack: undefined })],
    ['an error whose stack cannot be written', () => withStack(() => 'Error: odd\n    at somewhere (else.ts:1:1)')],
    [
      'an error whose stack refuses to be written',
      () => {
        const { stack } = new Error('refuses')
        return Object.defineProperty(new Error('odd'), 'stack', {
          get: () => stack,
          set() {
            throw new TypeError('nobody writes my stack')
          },
        })
      },
    ],
    [
      'an error whose stack cannot be read',
      () =>
        withStack(() => {
          throw new TypeError('nobody reads my stack')
        }),
    ],
  ]

  it.each(values)('%s, comes out as it is, of each kind of call', async (_, make) => {
    for (const [kind, when] of CASES) {
      let value: unknown
      const call = chain(kind, () => (value = make()))
      const greenlet = spawn(() => call(when))
      expect(await rejection(greenlet.get({ timeoutMs: 500 }))).toBe(value)
      expect(greenlet.dead).toBe(true)
    }
  })
})

describe('Error.stackTraceLimit', () => {
  it.each([0, 1, 2, 3, 10])('of %i is respected by each kind of call, and is the same afterwards', async (limit) => {
    for (const [kind, when] of CASES) {
      Error.stackTraceLimit = limit
      const call = chain(kind)
      const error = await failure(function* body() {
        yield* call(when)
      })
      expect(Error.stackTraceLimit).toBe(limit)
      // The innermost are there, as many as V8 has written down between the lines of the machinery.
      const frames = framesOf(error)
      expect(frames).toEqual(['third', 'second', 'first', 'body'].slice(0, frames.length))
      expect(frames.length > 0).toBe(limit > 0)
      expect(frames.length).toBeLessThanOrEqual(limit)
    }
  })

  it.each([
    ['plain', 'before', (fn) => fn],
    ['plain', 'after', (fn) => fn],
    ['green', 'before', green],
    ['green', 'after', green],
  ] as const satisfies readonly (readonly [string, When, Make])[])(
    'of 10 leaves frames of the program only, of 40 %s calls, thrown %s a wait',
    async (_, when, make) => {
      Error.stackTraceLimit = 10
      const level = recursion(make)
      const frames = framesOf(await failure(() => level(40, when)))
      expect([...new Set(frames)]).toEqual(['level'])
      expect(frames.length).toBeLessThanOrEqual(10)
    },
  )
})
