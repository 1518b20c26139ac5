// What greenlets can do that generators cannot: yield to the outer loop from any depth. After python-greenlet's test_generator*.py.
import { type Green, RawGreenlet, sleep, spawn, UsageError } from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { message, messageOf, thrown } from '../support/thrown.ts'
import { virtualHub } from '../support/virtual-clock.ts'
import { Genlet, Yield } from './genlets.ts'

checkLeaks()

/** The numbers below `n`. */
function range(n: number): Genlet<number> {
  return new Genlet(function* range(): Green<void> {
    for (let i = 0; i < n; i++) yield* Yield(i)
  })
}

describe('a genlet', () => {
  it('produces a value when the loop asks for it, three loops over range(5)', () => {
    const seen: string[] = []
    const produced = (): Genlet<number> =>
      new Genlet(function* () {
        for (let i = 0; i < 5; i++) {
          seen.push(`produced ${i}`)
          yield* Yield(i)
        }
      })
    for (let round = 0; round < 3; round++) {
      for (const i of produced()) seen.push(`consumed ${i}`)
    }
    const once = [0, 1, 2, 3, 4].flatMap((i) => [`produced ${i}`, `consumed ${i}`])
    expect(seen).toEqual([...once, ...once, ...once])
  })

  describe('is as good as a generator, from however deep it yields:', () => {
    function* withoutGreenlets(seen: number[]): Generator<number, void> {
      for (let i = 0; i < 5; i++) {
        seen.push(i + 1)
        yield i
      }
    }
    const inItsBody = (seen: number[]): Genlet<number> =>
      new Genlet(function* () {
        for (let i = 0; i < 5; i++) {
          seen.push(i + 1)
          yield* Yield(i)
        }
      })
    function* deeper(depth: number, i: number): Green<void> {
      if (depth > 0) yield* deeper(depth - 1, i)
      else yield* Yield(i)
    }
    const inACall = (seen: number[]): Genlet<number> =>
      new Genlet(function* () {
        for (let i = 0; i < 5; i++) {
          seen.push(i + 1)
          yield* deeper(1, i)
        }
      })
    const inManyCalls = (seen: number[]): Genlet<number> =>
      new Genlet(function* () {
        for (let i = 0; i < 5; i++) {
          seen.push(i + 1)
          yield* deeper(100, i)
        }
      })
    const inAGreenlet = (seen: number[]): Genlet<number> =>
      new Genlet(function* () {
        for (let i = 0; i < 5; i++) {
          seen.push(i + 1)
          yield* new RawGreenlet(deeper).switch(1, i)
        }
      })

    it.each<[string, (seen: number[]) => Iterable<number>]>([
      ['a generator of JavaScript', withoutGreenlets],
      ['a genlet that yields in its body', inItsBody],
      ['one that calls a function that yields', inACall],
      ['one that yields a hundred calls deep', inManyCalls],
      ['one that yields in a greenlet of its own', inAGreenlet],
    ])('%s', (_, numbers) => {
      const seen: number[] = []
      for (let round = 0; round < 3; round++) {
        for (const i of numbers(seen)) seen.push(i)
      }
      const once = [1, 0, 2, 1, 3, 2, 4, 3, 5, 4]
      expect(seen).toEqual([...once, ...once, ...once])
    })
  })

  it('gives nothing more when its body has returned', () => {
    const genlet = range(2)
    expect([...genlet]).toEqual([0, 1])
    expect([...genlet]).toEqual([])
    expect(genlet.dead).toBe(true)
  })

  it('throws the error of its body in the loop that asked', () => {
    const error = new Error('no third')
    const genlet = new Genlet<string>(function* () {
      yield* Yield('first')
      yield* Yield('second')
      throw error
    })
    const seen: string[] = []
    expect(
      thrown(() => {
        for (const value of genlet) seen.push(value)
      }),
    ).toBe(error)
    expect(seen).toEqual(['first', 'second'])
  })

  it('runs its finally blocks when the loop is left early', () => {
    const seen: unknown[] = []
    const genlet = new Genlet<number>(function* () {
      try {
        for (let i = 0; ; i++) yield* Yield(i)
      } finally {
        seen.push('closed')
      }
    })
    for (const i of genlet) {
      seen.push(i)
      if (i === 2) break
    }
    expect(seen).toEqual([0, 1, 2, 'closed'])
    expect(genlet.dead).toBe(true)
  })
})

describe('genlets within genlets', () => {
  /** 1 to `n`: what the one for `n - 1` gives, and then `n`. */
  function ascending(n: number): Genlet<number> {
    return new Genlet(function* () {
      if (n === 0) return
      const below = ascending(n - 1)
      for (let got = yield* below.next(); !got.done; got = yield* below.next()) yield* Yield(got.value)
      yield* Yield(n)
    })
  }

  function permutations<T>(things: readonly T[]): Genlet<T[]> {
    return new Genlet(function* () {
      if (things.length <= 1) {
        yield* Yield(things)
        return
      }
      for (const first of things) {
        const rest = permutations(things.filter((thing) => thing !== first))
        for (let got = yield* rest.next(); !got.done; got = yield* rest.next()) yield* Yield([first, ...got.value])
      }
    })
  }

  it('descend: each value goes to the genlet that asked for it, up to the outermost loop', () => {
    expect([...ascending(5)]).toEqual([1, 2, 3, 4, 5])
  })

  it('give the 24 permutations of four things', () => {
    const all = [...permutations([0, 1, 2, 3])].map((one) => one.join(''))
    expect(all).toHaveLength(24)
    expect(new Set(all).size).toBe(24)
    expect([all[0], all[1], all[23]]).toEqual(['0123', '0132', '3210'])
  })

  it('go on in turn: two families of permutations, zipped', () => {
    const pairs: string[] = []
    const three = permutations(['a', 'b', 'c'])[Symbol.iterator]()
    for (const four of permutations([0, 1, 2, 3])) {
      const next = three.next()
      if (next.done === true) break
      pairs.push(`${four.join('')} ${next.value.join('')}`)
    }
    expect(pairs).toEqual(['0123 abc', '0132 acb', '0213 bac', '0231 bca', '0312 cab', '0321 cba'])
  })
})

describe('Yield() with a level', () => {
  it('passes a value over the head of the genlet that asked, to the loop around that', () => {
    const seen: number[] = []
    const inner = new Genlet<number>(function* () {
      for (let i = 1; i < 5; i++) {
        yield* Yield(i) // for the genlet around this one
        yield* Yield(i * i, 2) // for the loop around both
      }
    })
    const outer = new Genlet<number>(function* () {
      for (let got = yield* inner.next(); !got.done; got = yield* inner.next()) seen.push(got.value)
    })
    for (const square of outer) seen.push(square)
    expect(seen).toEqual([1, 1, 2, 4, 3, 9, 4, 16])
  })

  it('leaves the genlet that was passed over where it is: it does not notice', () => {
    const inner = new Genlet<string>(function* () {
      yield* Yield('past', 2)
      yield* Yield('to the outer one')
      yield* Yield('past again', 2)
    })
    const outer = new Genlet<string>(function* () {
      yield* Yield('before')
      const got = yield* inner.next()
      yield* Yield(`${String(got.value)}, handed on`)
      const end = yield* inner.next()
      yield* Yield(end.done === true ? 'after' : 'too early')
    })
    expect([...outer]).toEqual(['before', 'past', 'to the outer one, handed on', 'past again', 'after'])
  })

  it('reaches from the innermost of five to each loop around it', () => {
    const seen: string[] = []
    function nested(level: number): Genlet<string> {
      return new Genlet(function* () {
        if (level === 5) {
          for (let up = 1; up <= 5; up++) yield* Yield(`${up} up`, up)
          return
        }
        const inner = nested(level + 1)
        for (let got = yield* inner.next(); !got.done; got = yield* inner.next()) seen.push(`in ${level}: ${got.value}`)
      })
    }
    for (const value of nested(1)) seen.push(`in the loop: ${value}`)
    expect(seen).toEqual(['in 4: 1 up', 'in 3: 2 up', 'in 2: 3 up', 'in 1: 4 up', 'in the loop: 5 up'])
  })
})

describe('a greenlet as consumer', () => {
  it('asks with yield* genlet.next(), and the genlet may wait in between', () => {
    const { clock } = virtualHub()
    const seen: string[] = []
    const ticks = (ms: number): Genlet<number> =>
      new Genlet(function* () {
        for (let i = 1; i <= 3; i++) {
          yield* sleep(ms)
          yield* Yield(i)
        }
      })
    function* consume(name: string, genlet: Genlet<number>): Green<void> {
      for (let got = yield* genlet.next(); !got.done; got = yield* genlet.next())
        seen.push(`${clock.now()} ms: ${name} ${got.value}`)
    }
    spawn(consume, 'slow', ticks(10))
    spawn(consume, 'fast', ticks(4))
    clock.run()
    expect(seen).toEqual([
      '4 ms: fast 1',
      '8 ms: fast 2',
      '10 ms: slow 1',
      '12 ms: fast 3',
      '20 ms: slow 2',
      '30 ms: slow 3',
    ])
  })

  it('may go on where another one has stopped', async () => {
    const genlet = range(6)
    function* take(): Green<unknown[]> {
      const [a, b] = [yield* genlet.next(), yield* genlet.next()]
      return [a.value, b.value]
    }
    expect(await spawn(take).get()).toEqual([0, 1])
    expect(await spawn(take).get()).toEqual([2, 3])
    expect([...genlet]).toEqual([4, 5])
  })
})

describe('Yield() in the wrong place', () => {
  it('is refused in plain code: nobody asks for a value', () => {
    expect(message(() => Yield(10))).toBe(
      'Yield() was called in "main", which is in no genlet; nobody asks for a value.',
    )
  })

  it('is refused in a greenlet that is in no genlet', () => {
    const greenlet = new RawGreenlet(function* worker() {
      yield* Yield(10)
    })
    expect(message(() => greenlet.switch())).toBe(
      'Yield() was called in "worker", which is in no genlet; nobody asks for a value.',
    )
  })

  it('is refused for more levels than there are', () => {
    const genlet = new Genlet(function* single() {
      yield* Yield(10, 2)
    })
    expect(message(() => [...genlet])).toBe(
      'Yield() was called in "single" for level 2, but the genlets around it are only 1.',
    )
  })

  it('without yield* is found by the greenlets themselves', () => {
    const genlet = new Genlet(function* hasty() {
      // eslint-disable-next-line greenloop/no-floating-operation -- the forgotten yield* is what is tested
      Yield(10)
    })
    const error = thrown(() => [...genlet])
    expect(error).toBeInstanceOf(UsageError)
    expect(messageOf(error)).toBe(
      `Greenlet "hasty" made a switch() to "main" that it did not drive.\n\n` +
        `  other.switch()          // incorrect: makes the switch and drops it\n` +
        `  yield* other.switch()   // correct: control goes there and comes back here`,
    )
  })

  it('asked from within, a genlet refuses: it cannot be its own consumer', () => {
    const genlet: Genlet<number> = new Genlet(function* narcissus() {
      yield* genlet.next()
    })
    expect(message(() => [...genlet])).toBe('"narcissus" cannot be the parent of "narcissus": it descends from it.')
  })
})
