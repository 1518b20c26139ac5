// The matchers: what holds, and what they say when it does not.
import { type Green, Greenlet, getcurrent, joinall, RawGreenlet, sleep, spawnWith } from 'greenloop'
import {
  type MatcherResult,
  type ScheduleContext,
  type Trace,
  toHaveHappenedBefore,
  toInterleave,
  toSwitchExactly,
  virtual,
} from 'greenloop/testing'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { usage } from '../../support/thrown.ts'

checkLeaks()

async function traceOf(body: (t: ScheduleContext) => Green<unknown>): Promise<Trace> {
  return (await virtual(body)).trace
}

/** Greenlets of these names, each of which gives way `times` times; they set a mark at the beginning. */
function program(times: number, ...names: string[]): (t: ScheduleContext) => Green<unknown> {
  return function* (t) {
    yield* joinall(
      names.map((name) =>
        spawnWith({ name }, function* () {
          t.mark(name)
          for (let n = 0; n < times; n++) yield* sleep(0)
        }),
      ),
    )
  }
}

/** What it says when it does not hold, or when it was not to. */
function says(result: MatcherResult, pass: boolean): string {
  expect(result.pass).toBe(pass)
  return `\n${result.message()}\n`
}

/** The f1 and f2 of the lesson, in any class of greenlets, in a body that switches to the first. */
function lesson(make: (body: () => Green<void>) => RawGreenlet, print: (n: number) => void): () => Green<void> {
  return function* () {
    const main = getcurrent()
    const gr1: RawGreenlet = make(function* f1() {
      print(11)
      yield* gr2.switch()
      print(22)
      yield* gr2.switch()
    })
    const gr2: RawGreenlet = make(function* f2() {
      print(33)
      yield* gr1.switch()
      print(44)
      yield* main.switch()
    })
    yield* gr1.switch()
  }
}

describe('toSwitchExactly()', () => {
  it('holds for the switches of the lesson', async () => {
    const printed: number[] = []
    const trace = await traceOf(
      lesson(
        (body) => new RawGreenlet(body),
        (n) => void printed.push(n),
      ),
    )
    expect(printed).toEqual([11, 33, 22, 44])
    expect(trace.switches).toEqual(['main', 'f1', 'f2', 'f1', 'f2', 'main'])
    expect(toSwitchExactly(trace, ['main', 'f1', 'f2', 'f1', 'f2', 'main']).pass).toBe(true)
  })

  it('holds for a greenlet under the name of its body, while there is one of that body', async () => {
    const body = lesson(
      (one) => new Greenlet(one),
      () => undefined,
    )
    const trace = await traceOf(body)
    expect(trace.switches).toEqual(['main', 'f1-2', 'f2-3', 'f1-2', 'f2-3', 'main'])
    expect(toSwitchExactly(trace, ['main', 'f1', 'f2', 'f1', 'f2', 'main']).pass).toBe(true)
    const twice = await traceOf(program(0, 'worker-1', 'worker-2'))
    expect(toSwitchExactly(twice, ['main', 'worker-1', 'worker-2', 'main']).pass).toBe(true)
    expect(toSwitchExactly(twice, ['main', 'worker', 'worker', 'main']).pass).toBe(false)
  })

  it('shows the wanted and the real switches', async () => {
    const trace = await traceOf(program(1, 'a', 'b'))
    expect(says(toSwitchExactly(trace, ['main', 'a', 'a', 'b']), false)).toBe(`
The greenlets did not switch as they were to, from number 2 on.

     wanted  got
  0  main    main
  1  a       a
> 2  a       b
> 3  b       a
> 4  -       b
> 5  -       main
`)
    expect(toSwitchExactly(trace, ['main'])).toMatchObject({ actual: trace.switches, expected: ['main'] })
  })

  it('shows what was not to be', async () => {
    const trace = await traceOf(program(0, 'a'))
    expect(says(toSwitchExactly(trace, ['main', 'a', 'main']), true)).toBe(`
The greenlets switched exactly as they were not to:

  main, a, main
`)
  })

  it('refuses what is no trace, and what are no names', async () => {
    expect(usage(() => toSwitchExactly({}, []))).toBe(
      'toSwitchExactly() expects a trace, which virtual() and replay() give, or t.trace, but got an Object.',
    )
    const trace = await traceOf(program(0))
    expect(usage(() => toSwitchExactly(trace, 'main' as never))).toBe(
      'toSwitchExactly() expects `names` to be a list of strings, but got "main" (string).',
    )
  })
})

describe('toHaveHappenedBefore()', () => {
  it('holds when something makes it so', async () => {
    const trace = await traceOf(function* (t) {
      t.mark('a')
      yield* sleep(1)
      t.mark('b')
    })
    expect(says(toHaveHappenedBefore(trace, 'a', 'b'), true)).toBe('\n"a" happened before "b", and was not to.\n')
    expect(says(toHaveHappenedBefore(trace, 'b', 'a'), false)).toBe('\n"b" did not happen before "a": it came later.\n')
  })

  it('says so when it only happened to come first', async () => {
    const trace = await traceOf(program(0, 'a', 'b'))
    expect(says(toHaveHappenedBefore(trace, 'a', 'b'), false)).toBe(
      '\n"a" came before "b" in this schedule, but nothing makes it so: in another one it may be the other way round.\n',
    )
  })

  it('refuses what is no trace', () => {
    expect(usage(() => toHaveHappenedBefore(null, 'a', 'b'))).toBe(
      'toHaveHappenedBefore() expects a trace, which virtual() and replay() give, or t.trace, but got null.',
    )
  })
})

describe('toInterleave()', () => {
  it('holds when one ran, then the other, then the first again', async () => {
    const trace = await traceOf(program(1, 'a', 'b'))
    expect(says(toInterleave(trace, 'a', 'b'), true)).toBe('\n"a" and "b" interleaved, and were not to: a, b, a, b.\n')
    expect(toInterleave(trace, 'b', 'a').pass).toBe(true)
  })

  it('does not hold when they ran one after the other', async () => {
    const trace = await traceOf(program(0, 'a', 'b'))
    expect(says(toInterleave(trace, 'a', 'b'), false)).toBe('\n"a" and "b" did not interleave: they ran as a, b.\n')
  })

  it('says so when one of them did not run', async () => {
    const trace = await traceOf(program(0, 'a', 'b'))
    expect(says(toInterleave(trace, 'a', 'c'), false)).toBe(
      '\n"a" and "c" did not interleave: "c" did not run. These did: main, a, b.\n',
    )
  })

  it('refuses what is no trace, and no name', async () => {
    expect(usage(() => toInterleave(5, 'a', 'b'))).toBe(
      'toInterleave() expects a trace, which virtual() and replay() give, or t.trace, but got 5 (number).',
    )
    const trace = await traceOf(program(0))
    expect(usage(() => toInterleave(trace, 'a', undefined as never))).toBe(
      'toInterleave() expects the names of two greenlets, but got undefined.',
    )
  })
})

it('they are what expect.extend takes', async () => {
  expect.extend({ toSwitchExactly, toHaveHappenedBefore, toInterleave })
  const trace = await traceOf(program(1, 'a', 'b'))
  const matchers = expect(trace) as unknown as {
    toSwitchExactly(names: string[]): void
    toInterleave(a: string, b: string): void
    not: { toInterleave(a: string, b: string): void }
  }
  matchers.toSwitchExactly(['main', 'a', 'b', 'a', 'b', 'main'])
  matchers.toInterleave('a', 'b')
  expect(() => {
    matchers.not.toInterleave('a', 'b')
  }).toThrow('"a" and "b" interleaved, and were not to')
})
