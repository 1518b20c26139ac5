// grFrame: where a suspended greenlet waits, from the innermost of its functions to its body. Known in debug mode.
import {
  type Green,
  type GreenletFrame,
  getcurrent,
  green,
  joinall,
  RawGreenlet,
  setDebug,
  sleep,
  spawn,
  until,
  Waiter,
  withTimeout,
} from 'greenloop'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { sourceLine } from '../support/source-lines.ts'

checkLeaks()
beforeEach(() => void setDebug(true))
afterEach(() => void setDebug(false))

const main = getcurrent()

/** The frames of a greenlet, innermost first: `name: the line where it waits`. */
function framesOf(greenlet: RawGreenlet): string[] {
  const frames: string[] = []
  for (let frame = greenlet.grFrame; frame !== null; frame = frame.back) {
    frames.push(`${frame.name}: ${sourceLine(frame.file, frame.line)}`)
  }
  return frames
}

describe('grFrame', () => {
  function* inner(): Green<unknown> {
    return yield* main.switch()
  }

  it('is the innermost frame of a suspended greenlet: function, file, line, column, and who called it', () => {
    const greenlet = new RawGreenlet(function* body(): Green<void> {
      yield* inner()
    })
    greenlet.switch()
    const frame = greenlet.grFrame!
    expect(frame).toEqual({
      name: 'inner',
      file: expect.stringMatching(/\/test\/greenlet\/frame\.test\.ts$/u),
      line: expect.any(Number),
      column: 24,
      back: { name: 'body', file: frame.file, line: expect.any(Number), column: expect.any(Number), back: null },
    } satisfies GreenletFrame)
    expect(framesOf(greenlet)).toEqual(['inner: return yield* main.switch()', 'body: yield* inner()'])
  })

  it('is null before the start, while it runs, and when it has ended', () => {
    const seen: unknown[] = []
    const greenlet: RawGreenlet = new RawGreenlet(function* body(): Green<void> {
      seen.push(greenlet.grFrame)
      yield* main.switch()
      seen.push(greenlet.grFrame)
    })
    seen.push(greenlet.grFrame)
    greenlet.switch()
    expect(framesOf(greenlet)).toEqual(['body: yield* main.switch()'])
    greenlet.switch()
    seen.push(greenlet.grFrame)
    expect(seen).toEqual([null, null, null, null])
  })

  it('is null for one that was started and has not run, that has failed, and that was killed', async () => {
    const pending = spawn(inner)
    const failed = spawn(function* (): Green<void> {
      yield* sleep(0)
      throw new Error('broken')
    })
    failed.rawlink(() => undefined)
    const killed = spawn(sleep, 1000)
    expect(pending.grFrame).toBeNull()
    void pending.kill()
    await sleep(0)
    await joinall([failed, killed], { count: 1 })
    await killed.kill()
    expect([pending, failed, killed].map(({ grFrame }) => grFrame)).toEqual([null, null, null])
  })

  it('is null for main, also while it has switched to somebody', () => {
    const seen: unknown[] = []
    new RawGreenlet(() => seen.push(main.grFrame)).switch()
    expect([main.grFrame, ...seen]).toEqual([null, null])
  })

  it('is null when debug mode is off, and for a wait that began before it was on', () => {
    setDebug(false)
    const greenlet = new RawGreenlet(function* (): Green<void> {
      yield* inner()
      yield* inner()
    })
    greenlet.switch()
    expect(greenlet.grFrame).toBeNull()
    setDebug(true)
    expect(greenlet.grFrame).toBeNull()
    greenlet.switch()
    expect(greenlet.grFrame?.name).toBe('inner')
    setDebug(false)
    expect(greenlet.grFrame).toBeNull()
  })

  it('moves on with each suspension', () => {
    const greenlet = new RawGreenlet(function* body(): Green<void> {
      yield* main.switch('first')
      yield* inner()
      yield* main.switch('third')
    })
    const seen = [1, 2, 3].map(() => {
      greenlet.switch()
      return framesOf(greenlet)
    })
    expect(seen).toEqual([
      ["body: yield* main.switch('first')"],
      ['inner: return yield* main.switch()', 'body: yield* inner()'],
      ["body: yield* main.switch('third')"],
    ])
  })

  it('shows a body that is an arrow, a method and a function without a name', () => {
    class Walker extends RawGreenlet {
      override *run(): Green<void> {
        yield* main.switch('walker')
      }
    }
    const arrow = new RawGreenlet(() => inner())
    const [walker, nameless] = [
      new Walker(),
      new RawGreenlet(
        (() =>
          function* (): Green<void> {
            yield* main.switch('nameless')
          })(),
      ),
    ]
    for (const greenlet of [arrow, walker, nameless]) greenlet.switch()
    expect(framesOf(arrow)).toEqual(['inner: return yield* main.switch()'])
    expect(framesOf(walker)).toEqual(["Walker.run: yield* main.switch('walker')"])
    expect(framesOf(nameless)).toEqual([": yield* main.switch('nameless')"])
  })
})

describe('grFrame in a wait of the hub', () => {
  it.each<[wait: string, body: () => Green<unknown>]>([
    [
      'sleep(1000)',
      function* body() {
        yield* sleep(1000)
      },
    ],
    [
      'until(new Promise(() => undefined))',
      function* body() {
        yield* until(new Promise(() => undefined))
      },
    ],
    [
      'new Waiter().get()',
      function* body() {
        yield* new Waiter().get()
      },
    ],
    [
      'withTimeout(1000, sleep, 2000)',
      function* body() {
        yield* withTimeout(1000, sleep, 2000)
      },
    ],
    [
      'withTimeout(1000, inner)',
      function* body() {
        yield* withTimeout(1000, inner)
      },
    ],
  ])('is the line of the wait, and none of ours: %s', async (wait, body) => {
    const greenlet = spawn(body)
    await sleep(0)
    const frames = framesOf(greenlet)
    await greenlet.kill()
    expect(frames.at(-1)).toBe(`body: yield* ${wait}`)
    expect(frames.slice(0, -1)).toEqual(wait.endsWith('inner)') ? ['inner: yield* sleep(1000)'] : [])
  })

  function* inner(): Green<void> {
    yield* sleep(1000)
  }

  it('stays when the wait is over and its turn has not come, and when it was killed and has not died', async () => {
    const waiter = new Waiter()
    const woken = spawn(function* woken() {
      yield* waiter.get()
    })
    const killed = spawn(inner)
    await sleep(0)
    waiter.switch(1)
    const kill = killed.kill()
    const frames = [framesOf(woken), framesOf(killed)]
    await kill
    await woken.join()
    expect(frames).toEqual([['woken: yield* waiter.get()'], ['inner: yield* sleep(1000)']])
    expect([woken.grFrame, killed.grFrame]).toEqual([null, null])
  })

  it('is null for a body without a line of the program in it', async () => {
    function callFromMain(): RawGreenlet {
      const raw = new RawGreenlet(() => sleep(2))
      void raw.switch().then(() => undefined)
      return raw
    }
    const greenlets = [spawn(sleep, 2), spawn(() => withTimeout(1000, sleep, 2)), callFromMain()]
    await sleep(0)
    const frames = greenlets.map(framesOf)
    await sleep(5)
    expect(frames).toEqual([[], [], []])
  })
})

type Kind = 'plain' | 'green'
type How = 'switch' | 'wait'

/** Calls the storeys above it, and suspends twice when they are done. */
function* plain([kind, ...above]: readonly Kind[], how: How): Green<void> {
  const storey = kind === 'green' ? greenStorey : plain
  if (kind !== undefined) yield* storey(above, how)
  for (let n = 0; n < 2; n++) yield* how === 'switch' ? main.switch() : sleep(0)
}
const greenStorey = green(function* greenStorey([kind, ...above]: readonly Kind[], how: How): Green<void> {
  const storey = kind === 'green' ? greenStorey : plain
  if (kind !== undefined) yield* storey(above, how)
  for (let n = 0; n < 2; n++) yield* how === 'switch' ? main.switch() : sleep(0)
})
const STOREYS = { plain, green: greenStorey }

/** What the frames of a tower must be, each time that it is suspended: with all of its storeys, then with one less, and so on. */
function boards(kinds: readonly Kind[]): string[][] {
  return kinds.flatMap((_, left) => {
    const [top, ...below] = kinds.slice(0, kinds.length - left).reverse()
    const board = [
      `${STOREYS[top!].name}: for (let n = 0; n < 2; n++) yield* how === 'switch' ? main.switch() : sleep(0)`,
      ...below.map((kind) => `${STOREYS[kind].name}: if (kind !== undefined) yield* storey(above, how)`),
    ]
    return [board, board]
  })
}

const TOWERS: readonly (readonly Kind[])[] = [
  ...Array.from({ length: 16 }, (_, bits) => [8, 4, 2, 1].map((bit): Kind => ((bits & bit) === 0 ? 'plain' : 'green'))),
  Array.from({ length: 20 }, (): Kind => 'plain'),
  // More than run natively upon each other.
  Array.from({ length: 60 }, (): Kind => 'green'),
  Array.from({ length: 60 }, (_, n): Kind => (n % 3 === 0 ? 'green' : 'plain')),
]

describe('grFrame in a tower of calls', () => {
  it.each(TOWERS)('is all of its storeys, as they return one by one, in switches: %s, %s, %s, %s', (...kinds) => {
    const [ground, ...above] = kinds
    const greenlet = new RawGreenlet(STOREYS[ground!])
    const seen: string[][] = []
    greenlet.switch(above, 'switch')
    for (; !greenlet.dead; greenlet.switch()) seen.push(framesOf(greenlet))
    expect(seen).toEqual(boards(kinds))
  })

  it.each(TOWERS)('is all of its storeys, as they return one by one, in waits: %s, %s, %s, %s', async (...kinds) => {
    const [ground, ...above] = kinds
    const greenlet = spawn(STOREYS[ground!], above, 'wait')
    const seen: string[][] = []
    await spawn(function* () {
      for (; !greenlet.dead; yield* sleep(0)) seen.push(framesOf(greenlet))
    }).join()
    expect(seen).toEqual(boards(kinds))
  })

  it('is right where an error was caught half way up', () => {
    const level = green(function* level(n: number): Green<void> {
      if (n === 0) yield* main.switch()
      if (n === 0) throw new Error('from the bottom')
      try {
        yield* level(n - 1)
      } catch (error) {
        if (n < 30) throw error
        yield* main.switch()
      }
    })
    const greenlet = new RawGreenlet(level)
    const counts = [40, undefined].map((n) => {
      greenlet.switch(n)
      return framesOf(greenlet)
    })
    expect(counts.map((frames) => [frames.length, frames[0], frames[1]])).toEqual([
      [41, 'level: if (n === 0) yield* main.switch()', 'level: yield* level(n - 1)'],
      [11, 'level: yield* main.switch()', 'level: yield* level(n - 1)'],
    ])
    greenlet.switch()
  })
})

describe('grFrame of greenlets that switch to each other', () => {
  it('is the line of the last switch of each', () => {
    const ping: RawGreenlet = new RawGreenlet(function* ping(): Green<void> {
      yield* pong.switch('1')
      yield* pong.switch('3')
      yield* main.switch('5')
    })
    const pong: RawGreenlet = new RawGreenlet(function* pong(): Green<void> {
      yield* ping.switch('2')
      yield* ping.switch('4')
    })
    ping.switch()
    expect([framesOf(ping), framesOf(pong)]).toEqual([
      ["ping: yield* main.switch('5')"],
      ["pong: yield* ping.switch('4')"],
    ])
  })

  it('is never the line of an earlier switch, also to one that was switched to before debug mode was on', () => {
    setDebug(false)
    const target = new RawGreenlet(function* target(): Green<void> {
      for (;;) yield* main.switch()
    })
    const early = new RawGreenlet(function* early(): Green<void> {
      yield* target.switch()
    })
    target.switch()
    early.switch()
    setDebug(true)
    const late = new RawGreenlet(function* late(): Green<void> {
      yield* main.switch('first')
      yield* target.switch('second')
    })
    late.switch()
    late.switch()
    expect(framesOf(late)).toEqual(["late: yield* target.switch('second')"])
  })
})
