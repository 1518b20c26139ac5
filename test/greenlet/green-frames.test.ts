// The frames of green functions: one stack for each greenlet, whoever calls whom, however deep, and however they are left.
import { type Green, type Greenlet, getcurrent, green, RawGreenlet, settrace, sleep, spawn } from 'greenloop'
import { afterEach, describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { runProgram } from '../support/program.ts'
import { recorder } from '../support/recorder.ts'
import { message, messageOf, rejection, thrown } from '../support/thrown.ts'

checkLeaks()
afterEach(() => {
  settrace(null)
})

const main = getcurrent()

/** What `body` gives when it runs in a greenlet of its own. */
function inGreenlet(body: () => unknown): unknown {
  return new RawGreenlet(body).switch().value
}

/** Recursion that many levels down; there it suspends when `suspend` is set. */
const descend = green(function* descend(levels: number, suspend: boolean): Green<number> {
  if (levels > 0) return 1 + (yield* descend(levels - 1, suspend))
  if (suspend) yield* main.switch('bottom')
  return 0
})

type Kind = 'plain' | 'green'

/** A storey of a tower of calls; `above` are those that it stands under, `top` is what the highest one does. */
type Storey = (above: readonly Kind[], rec: (entry: string) => void, top: () => Green<string>) => Green<string>

/** Calls the next one, catches its error and throws another, and cleans up. */
function makeStorey(): Storey {
  return function* storey(above, rec, top) {
    const [next, ...rest] = above
    const level = above.length
    rec(`enters ${level}`)
    try {
      const value = next === undefined ? yield* top() : yield* STOREYS[next](rest, rec, top)
      rec(`${value} in ${level}`)
      return value
    } catch (error) {
      rec(`catches ${messageOf(error)} in ${level}`)
      throw new Error(`${messageOf(error)}!`, { cause: error })
    } finally {
      yield* sleep(0)
      rec(`leaves ${level}`)
    }
  }
}
const STOREYS: Readonly<Record<Kind, Storey>> = { plain: makeStorey(), green: green(makeStorey()) }

/** All towers of four storeys. */
const TOWERS: readonly (readonly Kind[])[] = Array.from({ length: 16 }, (_, bits) =>
  [8, 4, 2, 1].map((bit) => ((bits & bit) === 0 ? 'plain' : 'green')),
)

describe('a tower of calls', () => {
  it.each(TOWERS)('%s, %s, %s, %s hands a value down and an error through each of them', async (...kinds) => {
    const rec = recorder()
    const visitor: Greenlet<void> = spawn(function* (): Green<void> {
      yield* visit()
      yield* visit()
    })
    const partner = new RawGreenlet(function* (value: string): Green<void> {
      for (;;) value = String(yield* visitor.switch(`${value} answered`))
    })
    let visits = 0
    function* visit(): Green<string> {
      const [ground, ...above] = kinds
      rec(`visit ${String(++visits)}`)
      return yield* STOREYS[ground!](above, rec, top)
    }
    function* top(): Green<string> {
      const value = String(yield* partner.switch(`visit ${visits}`))
      yield* sleep(0)
      if (visits === 2) throw new Error('top')
      return value
    }
    expect(messageOf(await rejection(visitor.get()))).toBe('top!!!!')
    rec.expect([
      ...['visit 1', 'enters 3', 'enters 2', 'enters 1', 'enters 0'],
      ...[0, 1, 2, 3].flatMap((level) => [`visit 1 answered in ${level}`, `leaves ${level}`]),
      ...['visit 2', 'enters 3', 'enters 2', 'enters 1', 'enters 0'],
      ...['top', 'top!', 'top!!', 'top!!!'].flatMap((text, level) => [
        `catches ${text} in ${level}`,
        `leaves ${level}`,
      ]),
    ])
  })
})

describe('a green frame', () => {
  it('has its greenlet as getcurrent(), at each depth, before and after a suspension', () => {
    const seen = new Set<RawGreenlet>()
    const look = green(function* look(levels: number): Green<void> {
      seen.add(getcurrent())
      if (levels > 0) yield* look(levels - 1)
      else yield* main.switch()
      seen.add(getcurrent())
    })
    const greenlet = new RawGreenlet(look)
    greenlet.switch(40)
    greenlet.switch()
    expect([...seen]).toEqual([greenlet])
    expect(getcurrent()).toBe(main)
  })

  it('does not show in settrace(): only a transfer between greenlets is told', () => {
    const events: string[] = []
    const greenlet = new RawGreenlet(function* g(): Green<number> {
      return yield* descend(60, true)
    })
    settrace((event, origin, target) => events.push(`${event} ${origin.name} ${target.name}`))
    expect([greenlet.switch().value, greenlet.switch().value]).toEqual(['bottom', 60])
    settrace(null)
    expect(events).toEqual(['switch main g', 'switch g main', 'switch main g', 'switch g main'])
  })

  it('that fails does not show in settrace() either, on its way from frame to frame', () => {
    const events: string[] = []
    const fail = green(function* fail(levels: number): Green<void> {
      if (levels > 0) yield* fail(levels - 1)
      yield* main.switch()
      throw new Error('deep')
    })
    const greenlet = new RawGreenlet(function* g(): Green<unknown> {
      try {
        return yield* fail(60)
      } catch (error) {
        return messageOf(error)
      }
    })
    settrace((event, origin, target) => events.push(`${event} ${origin.name} ${target.name}`))
    greenlet.switch()
    expect(greenlet.switch().value).toBe('deep')
    settrace(null)
    expect(events).toEqual(['switch main g', 'switch g main', 'switch main g', 'switch g main'])
  })

  it('that forgot a yield* is told so at the next suspension, in whatever frame that is', () => {
    const other = new RawGreenlet(function* other(): Green<void> {})
    const forget = green(function* forget(): Green<void> {
      // eslint-disable-next-line greenloop/no-floating-operation -- the forgotten yield* is what is tested
      other.switch()
    })
    const text =
      'Greenlet "g" made a switch() to "other" that it did not drive.\n\n' +
      '  other.switch()          // incorrect: makes the switch and drops it\n' +
      '  yield* other.switch()   // correct: control goes there and comes back here'
    const bodies: Record<string, () => Green<unknown>> = {
      'at a wait': function* g() {
        yield* forget()
        yield* sleep(0)
      },
      'at a wait deep below': function* g() {
        yield* forget()
        yield* descend(60, true)
      },
      'at the end': function* g() {
        yield* forget()
      },
    }
    const told = Object.entries(bodies).map(([when, body]) => `${when}: ${message(() => inGreenlet(body))}`)
    expect(told).toEqual(Object.keys(bodies).map((when) => `${when}: ${text}`))
    expect(other.active).toBe(false)
  })

  it('that yields without the star gets the error at that yield', () => {
    const starless = green(function* starless(levels: number): Green<string> {
      if (levels > 0) return yield* starless(levels - 1)
      try {
        yield 5 as never
      } catch (error) {
        yield* main.switch()
        return messageOf(error)
      }
      return 'went on'
    })
    const greenlet = new RawGreenlet(function* g(): Green<string> {
      return yield* starless(30)
    })
    greenlet.switch()
    expect(greenlet.switch().value).toBe(
      'Greenlet "g" yielded 5 (number); only operations of this library can be yielded, with yield*.\n\n' +
        '  yield             // incorrect: suspends for nobody\n' +
        '  yield* sleep(0)   // correct: lets the others run',
    )
  })

  it('is left from the innermost outwards by kill(); a finally that waits holds the outer ones back', async () => {
    const rec = recorder()
    const level = green(function* level(depth: number): Green<void> {
      try {
        if (depth < 30) yield* level(depth + 1)
        else yield* sleep(60_000)
      } finally {
        rec(`leaves ${depth}`)
        if (depth % 15 === 0) {
          yield* sleep(0)
          rec(`has waited in ${depth}`)
        }
      }
    })
    const greenlet = spawn(level, 0)
    await sleep(0)
    const killed = greenlet.kill()
    const another = spawn(function* another(): Green<void> {
      while (!greenlet.dead) {
        rec('another runs')
        yield* sleep(0)
      }
    })
    await killed
    await another.join()
    const left = (from: number, to: number): string[] =>
      Array.from({ length: from - to + 1 }, (_, n) => `leaves ${from - n}`)
    rec.expect([
      ...['leaves 30', 'another runs', 'has waited in 30'],
      ...[...left(29, 15), 'another runs', 'has waited in 15'],
      ...[...left(14, 0), 'another runs', 'has waited in 0'],
    ])
    expect(greenlet.successful()).toBe(true)
  })

  it('that is iterated by hand in a greenlet gives what it yields, as any generator does', () => {
    const rec = recorder()
    const numbers = green(function* numbers(): Generator<never> {
      yield* [1, 2] as never[]
    })
    const greenlet = new RawGreenlet(function* (): Green<void> {
      rec(`in a body: ${String([...numbers()])}`)
      yield* main.switch()
      rec('goes on')
    })
    greenlet.switch()
    greenlet.switch()
    new RawGreenlet(() => rec(`in a plain body: ${String([...numbers()])}`)).switch()
    rec.expect(['in a body: 1,2', 'goes on', 'in a plain body: 1,2'])
  })

  it.each<[Kind, <F extends () => Green<unknown>>(fn: F) => F]>([
    ['plain', (fn) => fn],
    ['green', green],
  ])('that waits and is iterated by hand is told so, and loses nothing of its caller (%s)', async (_, make) => {
    const rec = recorder()
    const nap = make(function* nap(): Green<string> {
      yield* sleep(0)
      return 'slept'
    })
    const looping = spawn(function* looping(): Green<string> {
      try {
        for (const step of nap() as Iterable<unknown>) rec(typeof step)
      } catch (error) {
        rec(messageOf(error).split('\n')[0]!)
      }
      return yield* nap()
    })
    looping.name = 'looping'
    expect(await looping.get()).toBe('slept')
    const leaving = spawn(function* leaving(): Green<string> {
      nap().next()
      return 'left'
    })
    expect(await leaving.get()).toBe('left')
    rec.expect(['object', 'Greenlet "looping" iterated sleep(0) instead of driving it.'])
  })

  it('that was begun by hand in another one and left gets into no frames, of whomever', () => {
    const rec = recorder()
    const dropped = green(function* dropped(): Generator<never> {
      yield 1 as never
      rec('the dropped one goes on')
    })
    const hasty = green(function* hasty(): Green<string> {
      dropped().next()
      return 'hasty'
    })
    const first = new RawGreenlet(function* first(): Green<string> {
      return yield* hasty()
    })
    const second = new RawGreenlet(function* second(): Green<number> {
      return yield* descend(2, true)
    })
    expect([first.switch().value, second.switch().value]).toEqual(['hasty', 'bottom'])
    expect(second.switch().value).toBe(2)
    rec.expect([])
  })
})

describe('a recursion of green calls', () => {
  it('of a million levels, suspended at its bottom, comes back', () => {
    const greenlet = new RawGreenlet(descend)
    expect([greenlet.switch(1_000_000, true).value, greenlet.switch().value]).toEqual(['bottom', 1_000_000])
  })

  it('of 100,000 levels that never suspends comes back', () => {
    expect(inGreenlet(() => descend(100_000, false))).toBe(100_000)
  })

  it('of 100,000 levels runs each finally when an error comes up', async () => {
    const error = new RangeError('from the bottom')
    let left = 0
    const level = green(function* level(levels: number, suspend: boolean): Green<void> {
      try {
        if (levels > 0) return yield* level(levels - 1, suspend)
        if (suspend) yield* sleep(0)
        throw error
      } finally {
        left++
      }
    })
    expect(thrown(() => inGreenlet(() => level(100_000, false)))).toBe(error)
    expect(left).toBe(100_001)
    expect(await rejection(spawn(level, 100_000, true).get())).toBe(error)
    expect(left).toBe(200_002)
  })

  it('keeps nothing when its greenlet is dead', async () => {
    const { stdout, stderr, code } = await runProgram(new URL('./programs/green-memory.ts', import.meta.url).href)
    expect(stdout).toBe('returned 0\nfailed 0\nkilled 0\nnever finished 0\n')
    expect([stderr, code]).toEqual(['', 0])
  })
})
