// Locations: where greenlets wait and where they were made, without debug mode.
import {
  Channel,
  choose,
  config,
  Event,
  type Green,
  Greenlet,
  getcurrent,
  getHub,
  green,
  placeOf,
  Queue,
  RawGreenlet,
  setDebug,
  setLocations,
  sleep,
  spawn,
  spawnWith,
  Waiter,
  withTimeout,
} from 'greenloop'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { kernel } from '../src/greenlet/kernel.ts'
import { checkLeaks } from './support/leaks.ts'
import { loopExit } from './support/loop-exit.ts'
import { runProgram } from './support/program.ts'
import { showLines, sourceLine } from './support/source-lines.ts'
import { usage } from './support/thrown.ts'
import { virtualHub } from './support/virtual-clock.ts'

checkLeaks()
const main = getcurrent()

/** The line where a greenlet waits, as it is written. */
function lineOf(greenlet: RawGreenlet): string | null {
  const place = placeOf(greenlet)
  return place === null ? null : sourceLine(place.file, place.line)
}

/** The places of a LoopExit as they stand in a stack. */
function fullPlaces(text: string): string {
  return text.replaceAll(/ at (test\S+:\d+)/gu, ` at ${process.cwd()}/$1:0`)
}

/** The same of where it was made. */
function birthOf(greenlet: Greenlet): string | null {
  const frame = greenlet.spawningStack
  return frame === null ? null : `${frame.name}: ${sourceLine(frame.file, frame.line)}`
}

describe('setLocations()', () => {
  afterEach(() => {
    setDebug(false)
    setLocations(false)
  })

  it('refuses what is no boolean', () => {
    expect(usage(() => setLocations('yes' as never))).toBe(
      'setLocations() expects `on` to be a boolean, but got "yes" (string).',
    )
  })

  it('answers whether they were on before', () => {
    expect([true, true, false, false].map(setLocations)).toEqual([false, true, true, false])
  })

  it('leaves nothing to be paid when they are off', () => {
    setLocations(true)
    setLocations(false)
    expect(kernel.debug).toBeNull()
  })

  it('is not debug mode', () => {
    setLocations(true)
    expect([config.debug, setDebug(false)]).toEqual([false, false])
  })

  it('is gone over by debug mode, and left by it as it was, whichever is turned on first', () => {
    const state = (): unknown => [config.debug, kernel.debug === null ? 'off' : kernel.debug.light ? 'light' : 'full']
    setLocations(true)
    setDebug(true)
    const both = state()
    setDebug(false)
    const back = state()
    setLocations(false)
    setDebug(true)
    setLocations(true)
    const under = state()
    setLocations(false)
    const debugOnly = state()
    expect({ both, back, under, debugOnly }).toEqual({
      both: [true, 'full'],
      back: [false, 'light'],
      under: [true, 'full'],
      debugOnly: [true, 'full'],
    })
  })

  it('leaves the stacks of errors, and who makes them, alone', () => {
    const { stackTraceLimit, prepareStackTrace } = Error
    setLocations(true)
    void new RawGreenlet(function* () {
      yield* main.switch()
    }).switch()
    expect([Error.stackTraceLimit, Error.prepareStackTrace]).toEqual([stackTraceLimit, prepareStackTrace])
  })
})

describe('placeOf()', () => {
  beforeEach(() => void setLocations(true))
  afterEach(() => void setLocations(false))

  it('is the line in which a greenlet waits', () => {
    const { clock } = virtualHub()
    const [queue, event, waiter, channel] = [new Queue<number>(), new Event(), new Waiter(), new Channel<number>()]
    const bodies: Record<string, () => Green<unknown>> = {
      *sleep() {
        yield* sleep(5)
      },
      *queue() {
        yield* queue.get()
      },
      *event() {
        yield* event.wait()
      },
      *waiter() {
        yield* waiter.get()
      },
      *channel() {
        yield* channel.put(1)
      },
      *several() {
        yield* choose({ event: event.wait(), late: sleep(1000) })
      },
      *limited() {
        yield* withTimeout(1000, function* () {
          yield* event.wait({ timeoutMs: 999 })
        })
      },
      *twice() {
        yield* sleep(0)
        yield* sleep(6)
      },
    }
    const greenlets = Object.entries(bodies).map(([name, body]) => spawnWith({ name }, body))
    clock.run(1)
    expect(Object.fromEntries(greenlets.map((greenlet) => [greenlet.name, lineOf(greenlet)]))).toEqual({
      sleep: 'yield* sleep(5)',
      queue: 'yield* queue.get()',
      event: 'yield* event.wait()',
      waiter: 'yield* waiter.get()',
      channel: 'yield* channel.put(1)',
      several: 'yield* choose({ event: event.wait(), late: sleep(1000) })',
      limited: 'yield* event.wait({ timeoutMs: 999 })',
      twice: 'yield* sleep(6)',
    })
    for (const greenlet of greenlets) greenlet.kill()
    clock.run()
  })

  it('is the innermost of its functions, however deep, called with yield* or green', () => {
    function* deep(n: number): Green<unknown> {
      if (n > 0) return yield* deep(n - 1)
      return yield* main.switch()
    }
    const greenDeep = green(function* greenDeep(n: number): Green<unknown> {
      if (n > 0) return yield* greenDeep(n - 1)
      return yield* main.switch('green')
    })
    const plain = new RawGreenlet(() => deep(40))
    const called = new RawGreenlet(() => greenDeep(40))
    plain.switch()
    called.switch()
    expect([lineOf(plain), lineOf(called)]).toEqual([
      'return yield* main.switch()',
      "return yield* main.switch('green')",
    ])
  })

  it('is the call of switch() or throw() in one that has switched', () => {
    const target: RawGreenlet = new RawGreenlet(function* (): Green<void> {
      for (;;) yield* main.switch('from the target')
    })
    const origin = new RawGreenlet(function* (): Green<void> {
      yield* target.switch('first')
      yield* target.switch('again')
      yield* target.switch('a third time')
      yield* target.throw(new Error('last'))
    })
    const seen: (string | null)[] = []
    origin.switch()
    seen.push(lineOf(origin), lineOf(target))
    origin.switch()
    seen.push(lineOf(origin))
    origin.switch()
    seen.push(lineOf(origin))
    try {
      origin.switch()
    } catch {
      seen.push(lineOf(target))
    }
    expect(seen).toEqual([
      "yield* target.switch('first')",
      "for (;;) yield* main.switch('from the target')",
      "yield* target.switch('again')",
      "yield* target.switch('a third time')",
      null,
    ])
  })

  it('is the line that runs, of the running greenlet', async () => {
    const place = await spawn(function* () {
      yield* sleep(0)
      return placeOf(getcurrent())
    }).get()
    expect(sourceLine(place!.file, place!.line)).toBe('return placeOf(getcurrent())')
  })

  it('is null when the greenlet has ended', async () => {
    const greenlet = spawn(function* () {
      yield* sleep(0)
    })
    await greenlet.join()
    expect(placeOf(greenlet)).toBeNull()
  })

  it('is null before the start, and of a greenlet without a line of its own', () => {
    const { clock } = virtualHub()
    const unstarted = new RawGreenlet(() => undefined)
    const bodiless = spawn(sleep, 10)
    clock.run(1)
    expect([lineOf(unstarted), lineOf(bodiless)]).toEqual([null, null])
    bodiless.kill()
    clock.run()
  })

  it('is the same object for the same line, and cannot be changed', () => {
    const greenlets = [1, 2].map((n) => {
      const greenlet = new RawGreenlet(() => wait(n))
      greenlet.switch()
      return greenlet
    })
    function* wait(n: number): Green<unknown> {
      return yield* main.switch(n)
    }
    const [one, other] = greenlets.map((greenlet) => placeOf(greenlet))
    expect(one).toBe(other)
    expect(one).toEqual({ file: expect.stringMatching(/\/test\/locations\.test\.ts$/u), line: expect.any(Number) })
    expect(Object.isFrozen(one)).toBe(true)
  })

  it('is known of debug mode, too', () => {
    setDebug(true)
    onTestFinished(() => void setDebug(false))
    const greenlet = new RawGreenlet(function* () {
      yield* main.switch()
    })
    greenlet.switch()
    expect(lineOf(greenlet)).toBe('yield* main.switch()')
  })

  it('is null when nobody takes notes', () => {
    setLocations(false)
    const greenlet = new RawGreenlet(function* () {
      yield* main.switch()
    })
    greenlet.switch()
    setLocations(true)
    expect(placeOf(greenlet)).toBeNull()
  })

  it('is null while somebody has frozen Error or makes something else of stacks', () => {
    const { prepareStackTrace } = Error
    Object.defineProperty(Error, 'prepareStackTrace', { value: () => 'mine', writable: false, configurable: true })
    onTestFinished(() => {
      Object.defineProperty(Error, 'prepareStackTrace', {
        value: prepareStackTrace,
        writable: true,
        configurable: true,
        enumerable: true,
      })
    })
    const greenlet = new RawGreenlet(function* () {
      yield* main.switch()
    })
    greenlet.switch()
    expect(placeOf(greenlet)).toBeNull()
  })
})

describe('with locations on', () => {
  beforeEach(() => void setLocations(true))
  afterEach(() => void setLocations(false))

  it('a greenlet tells the line that has made it, and where it waits as its one frame', () => {
    const { clock } = virtualHub()
    const children: Greenlet[] = []
    const maker = spawn(function* maker() {
      children.push(spawn(sleep, 1))
      children.push(Greenlet.spawn(sleep, 1))
      const made = new Greenlet(sleep, 1)
      children.push(made)
      yield* sleep(5)
    })
    clock.run(1)
    expect(children.map(birthOf)).toEqual([
      'maker: children.push(spawn(sleep, 1))',
      'maker: children.push(Greenlet.spawn(sleep, 1))',
      'maker: const made = new Greenlet(sleep, 1)',
    ])
    const frame = maker.grFrame
    expect(frame).toEqual({
      name: 'maker',
      file: placeOf(maker)?.file,
      line: placeOf(maker)?.line,
      column: 14,
      back: null,
    })
    clock.run()
  })

  it('LoopExit shows where each of them waits, main included', () => {
    const queue = new Queue<number>()
    const exit = loopExit(function* () {
      const taker = spawnWith({ name: 'taker' }, function* () {
        yield* queue.get()
      })
      try {
        yield* new Waiter().get()
      } finally {
        taker.kill()
      }
    })
    expect(showLines(fullPlaces(exit.message), 'locations.test.ts')).toBe(
      'main waits in waiter.get(), and nothing is left that could wake it\n' +
        '(0 ready, 0 timers, 0 promises or sockets that were asked). Either those below wait for each other,\n' +
        "or what should wake them was closed or unref'd.\n\n" +
        '  main   waiter.get()  at yield* new Waiter().get()\n' +
        '  taker  queue.get()   at yield* queue.get()  the queue is empty',
    )
    expect(exit.waiting.map(({ file, line }) => sourceLine(file ?? '', line ?? 0))).toEqual([
      'yield* new Waiter().get()',
      'yield* queue.get()',
    ])
  })

  it('plain code is known by the line that has made what it awaits', async () => {
    const event = new Event()
    const waiting = event.wait({ timeoutMs: 5 })
    const done = waiting.then(() => undefined)
    const [wait] = getHub().mainWaits
    const frame = kernel.debug?.frameOf(wait!)
    expect(sourceLine(frame!.file, frame!.line)).toBe('const waiting = event.wait({ timeoutMs: 5 })')
    event.set()
    await done
  })

  it('a failure has the stack that it has without them', async () => {
    const greenlet = spawn(function* fail(): Green<void> {
      throw new Error('broken')
    })
    greenlet.rawlink(() => undefined)
    await greenlet.join()
    expect(showLines(String((greenlet.exception as Error).stack), 'locations.test.ts')).toBe(
      "Error: broken\n    at fail (throw new Error('broken'))",
    )
  })
})

describe('a program with GREENLOOP_LOCATIONS=1', () => {
  const env = { GREENLOOP_LOCATIONS: '1' }
  const lines = "taker waits at return yield* queue.get(), made at const taker = spawnWith({ name: 'taker' }, take)\n"

  it.each([
    ['compiled, with source maps', false],
    ['run by tsx', true],
  ])('shows lines of its sources: %s', async (_, sources) => {
    const end = await runProgram('locations.ts', { env, sources })
    expect(showLines(end.stdout, 'locations.ts')).toBe(lines)
    expect(showLines(fullPlaces(end.stderr), 'locations.ts')).toContain(
      '  main   join() of "taker"  at yield* taker.join()\n' +
        '  taker  queue.get()        at return yield* queue.get()  the queue is empty\n',
    )
    expect(end.code).toBe(1)
  })

  it('and without it, knows none', async () => {
    const { stdout } = await runProgram('locations.ts', { env: { GREENLOOP_LOCATIONS: '0' } })
    expect(stdout).toBe('taker waits at undefined:undefined:0, made at undefined:undefined:0\n')
  })

  it('keeps nothing of a hundred thousand greenlets, nor one generation for the next', async () => {
    const { stdout, stderr } = await runProgram('locations-memory.ts', { longestMs: 25_000 })
    expect([stdout, stderr]).toEqual([
      '1 place\n1 place\ngrown by less than ten bytes a greenlet\ngenerations that live: 0 of 10\n',
      '',
    ])
  }, 30_000)
})
