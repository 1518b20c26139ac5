// The patched timers/promises: Node's promises for everybody, driven with `yield*` in greenlets, and no timer left after a kill.
import { setTimeout as callbackTimeout } from 'node:timers'
import timers, { scheduler, setImmediate, setInterval, setTimeout } from 'node:timers/promises'
import { promisify, types } from 'node:util'
import {
  choose,
  each,
  type Green,
  type Greenlet,
  GreenletExit,
  iterate,
  joinall,
  type Operation,
  race,
  run,
  sleep,
  spawn,
  Timeout,
  until,
  withTimeout,
} from 'greenloop'
import * as monkey from 'greenloop/monkey'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { catchUnhandled, killedIn } from '../net/support.ts'
import { checkLeaks } from '../support/leaks.ts'
import { rejection } from '../support/thrown.ts'

checkLeaks()

const original = { ...timers }

beforeEach(() => {
  monkey.patchTimers()
})
afterEach(() => {
  monkey.unpatchAll()
})

/** How many timers keep the process alive. */
function running(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
}

/** A promise of a timer that was taken back is rejected; nobody else does that. */
const TAKEN_BACK = { name: 'AbortError' }

const LONG = 100_000

function* driven(timer: Promise<unknown>): Green<void> {
  yield* timer
}

/** Kills a greenlet that waits. */
function* killed(greenlet: Greenlet): Green<void> {
  yield* sleep(1)
  yield* greenlet.kill()
}

/** Each call that begins a long wait. */
const waits: Record<string, () => Promise<unknown>> = {
  setTimeout: () => setTimeout(LONG),
  'setTimeout with a value and options': () => setTimeout(LONG, 'value', { ref: true }),
  'scheduler.wait': () => scheduler.wait(LONG),
  'scheduler.wait with options': () => scheduler.wait(LONG, {}),
  setImmediate: () => setImmediate(),
  'scheduler.yield': () => scheduler.yield(),
}

describe('in a greenlet', () => {
  it('`yield*` waits, and gives the value', async () => {
    await run(function* () {
      expect(yield* setTimeout(1, 'value')).toBe('value')
      expect(yield* setTimeout(1)).toBeUndefined()
      expect(yield* setImmediate('soon')).toBe('soon')
      expect(yield* scheduler.wait(1)).toBeUndefined()
      expect(yield* scheduler.yield()).toBeUndefined()
    })
  })

  it('the others run meanwhile', async () => {
    const order: string[] = []
    const waiting = spawn(function* () {
      order.push('waits')
      yield* setTimeout(1)
      order.push('goes on')
    })
    const other = spawn(() => order.push('another one'))
    await joinall([waiting, other])
    expect(order).toEqual(['waits', 'another one', 'goes on'])
  })

  it.each(Object.entries(waits))('a kill in %s takes the timer back', async (_, wait) => {
    const unhandled = catchUnhandled()
    const promise = wait()
    const victim = killedIn(promise)
    await victim.join()
    expect(victim.value).toBeInstanceOf(GreenletExit)
    expect(await rejection(promise)).toMatchObject(TAKEN_BACK)
    await killedIn(wait()).join() // nobody looks at this one
    await sleep(1)
    expect(unhandled).toEqual([])
  })

  it('so do a timeout, and the loss of a race', async () => {
    const late = setTimeout(LONG)
    expect(await rejection(withTimeout(1, driven, late))).toBeInstanceOf(Timeout)
    expect(await rejection(late)).toMatchObject(TAKEN_BACK)
    const loser = setTimeout(LONG)
    await run(function* () {
      yield* race([sleep(1), () => driven(loser)])
    })
    expect(await rejection(loser)).toMatchObject(TAKEN_BACK)
  })

  it.each<[way: string, give: (late: Promise<unknown>) => Green<unknown> | Operation<unknown>]>([
    ['the body of spawn', (late) => killed(spawn(() => late))],
    ['the body of withTimeout', (late) => withTimeout(1, () => late)],
    ['a branch of race', (late) => race([late, sleep(1)])],
    ['a branch of choose', (late) => choose({ late, first: sleep(1) })],
    ['until', (late) => withTimeout(1, () => until(late))],
  ])('so it is where the promise is %s', async (_, give) => {
    const late = setTimeout(LONG)
    await run(function* () {
      try {
        yield* give(late)
      } catch (error) {
        if (!(error instanceof Timeout)) throw error
      }
    })
    expect(await rejection(late)).toMatchObject(TAKEN_BACK)
  })

  it('1,000 killed greenlets leave no timer', async () => {
    const timersOfAll = Array.from({ length: 1000 }, () => setTimeout(LONG))
    const greenlets = timersOfAll.map((timer) => spawn(driven, timer))
    await sleep(1)
    const before = running()
    for (const greenlet of greenlets) greenlet.kill()
    await joinall(greenlets)
    for (const timer of timersOfAll) expect(await rejection(timer)).toMatchObject(TAKEN_BACK)
    expect(running()).toBeLessThan(before - 900) // the test's own tools have some, too
  })

  it('the caller’s own signal aborts it as before', async () => {
    const abort = new AbortController()
    const reason = new RangeError('reason')
    const waiting = spawn(function* () {
      yield* setTimeout(LONG, null, { signal: abort.signal })
    })
    await sleep(1)
    abort.abort(reason)
    expect(await rejection(waiting.get())).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', cause: reason })
  })

  it('a kill beside it takes the timer back, and the caller’s signal is not aborted', async () => {
    const abort = new AbortController()
    const timer = setTimeout(LONG, null, { signal: abort.signal })
    await killedIn(timer).join()
    expect(abort.signal.aborted).toBe(false)
    expect(await rejection(timer)).toMatchObject(TAKEN_BACK)
  })

  it('one that two greenlets wait for is taken back by the second kill', async () => {
    const timer = setTimeout(LONG)
    const [one, two] = [spawn(driven, timer), spawn(driven, timer)]
    await sleep(1)
    let settled = false
    timer.catch(() => (settled = true))
    one.kill()
    await one.join()
    await sleep(1)
    expect(settled).toBe(false)
    two.kill()
    await two.join()
    expect(await rejection(timer)).toMatchObject(TAKEN_BACK)
  })

  it('util.promisify(setTimeout) gives the patched form', async () => {
    const delay = promisify(callbackTimeout)
    expect(delay).toBe(timers.setTimeout)
    const timer = delay(LONG)
    await killedIn(timer).join()
    expect(await rejection(timer)).toMatchObject(TAKEN_BACK)
  })
})

describe('setInterval()', () => {
  it('is read by each() and iterate()', async () => {
    let ticks = 0
    await run(function* () {
      using interval = iterate(setInterval(1, 'tick'))
      while (ticks < 2 && (yield* interval.next())) {
        expect(interval.value).toBe('tick')
        ticks++
      }
    })
    expect(ticks).toBe(2)
  })

  it('a kill of its reader ends it at once', async () => {
    const interval = setInterval(LONG) as AsyncGenerator
    const reader = spawn(function* () {
      yield* each(interval, () => undefined)
    })
    await sleep(1)
    reader.kill()
    await reader.join()
    expect(await interval.next()).toEqual({ done: true, value: undefined }) // else it would come after the next tick
  })

  it('is Node’s own for everybody else', async () => {
    let ticks = 0
    for await (const value of setInterval(1, 'tick')) {
      expect(value).toBe('tick')
      if (++ticks === 2) break
    }
    expect(Object.keys(setInterval(1))).toEqual([])
    const abort = new AbortController()
    const aborted = setInterval(LONG, null, { signal: abort.signal }).next()
    abort.abort()
    expect(await rejection(aborted)).toMatchObject({ name: 'AbortError' })
  })
})

describe('for everybody else', () => {
  it('they return Node’s promises, and awaiting them is as before', async () => {
    for (const wait of Object.values(waits)) {
      const promise = wait()
      expect([types.isPromise(promise), promise.constructor, Object.keys(promise)]).toEqual([true, Promise, []])
      await killedIn(promise as Promise<unknown> & Iterable<never>).join()
    }
    expect(await setTimeout(1, 'value')).toBe('value')
    expect(await setImmediate('soon')).toBe('soon')
    await expect(scheduler.wait(1)).resolves.toBeUndefined()
    await expect(scheduler.yield()).resolves.toBeUndefined()
  })

  it('they come in the same order as unpatched', async () => {
    const order = async (): Promise<string[]> => {
      const seen: string[] = []
      const note = (name: string) => (): void => {
        seen.push(name)
      }
      await Promise.all([
        timers.setImmediate().then(note('immediate 1')),
        timers.setImmediate().then(note('immediate 2')),
        timers.setTimeout(1).then(note('timeout 1')),
        timers.scheduler.wait(1).then(note('wait')),
        timers.setTimeout(1).then(note('timeout 2')),
        timers.scheduler.yield().then(note('yield')),
        timers.setTimeout(3).then(note('timeout 3')),
      ])
      // Which of the two kinds comes first is the machine's to say.
      const isTimeout = (name: string): boolean => /timeout|wait/u.test(name)
      return [...seen.filter((name) => !isTimeout(name)), ...seen.filter(isTimeout)]
    }
    const patched = await order()
    monkey.unpatchAll()
    expect(patched).toEqual(await order())
  })

  it('a timer that is not referenced keeps nothing alive', () => {
    const before = running()
    const promise = setTimeout(LONG, null, { ref: false })
    expect(running()).toBe(before)
    expect(types.isPromise(promise)).toBe(true)
  })

  const odd: [string, (api: typeof timers) => unknown][] = [
    ['options that are null', (api) => api.setTimeout(1, 'x', null as never)],
    ['options that are a number', (api) => api.setTimeout(1, 'x', 5 as never)],
    ['options that are an array', (api) => api.setImmediate('x', [] as never)],
    ['a signal that is none', (api) => api.setTimeout(1, 'x', { signal: 5 as never })],
    ['a ref that is no boolean', (api) => api.setTimeout(1, 'x', { ref: 5 as never })],
    ['a signal that is aborted', (api) => api.setTimeout(1, 'x', { signal: AbortSignal.abort(7) })],
    ['a delay that is none', (api) => api.setTimeout('soon' as never, 'x')],
    ['a delay that is a symbol', (api) => api.setTimeout(Symbol('s') as never, 'x')],
    [
      'a getter that throws',
      (api) =>
        api.setTimeout(1, 'x', {
          get signal(): never {
            throw new RangeError('getter')
          },
        }),
    ],
    ['null for scheduler.wait', (api) => api.scheduler.wait(1, null as never)],
    ['another this for scheduler.wait', (api) => api.scheduler.wait.call({} as never, 1)],
    ['another this for scheduler.yield', (api) => api.scheduler.yield.call({} as never)],
    ['setInterval with a signal that is none', (api) => api.setInterval(1, 'x', { signal: 5 as never }).next()],
  ]

  it.each(odd)('%s: the same outcome as unpatched', async (_, call) => {
    const outcome = async (): Promise<unknown> => {
      try {
        return [await call(timers)]
      } catch (error) {
        const { name, code, message, cause } = error as NodeJS.ErrnoException
        return { name, code, message, cause }
      }
    }
    const patched = await outcome()
    monkey.unpatchAll()
    expect(patched).toEqual(await outcome())
  })

  it('a signal of another make is handed to Node as it is', async () => {
    const foreign = new (class extends EventTarget {
      aborted = false
      reason = 'foreign'
    })()
    const waiting = timers.setTimeout(LONG, null, { signal: foreign as never })
    foreign.aborted = true
    foreign.dispatchEvent(new Event('abort'))
    expect(await rejection(waiting)).toMatchObject({ name: 'AbortError' })
  })

  it('options may inherit what they say', () => {
    const before = running()
    const options = Object.create({ ref: false }) as object
    void timers.setTimeout(LONG, null, options)
    expect(running()).toBe(before)
  })

  it('the timers with callbacks are Node’s own', () => {
    expect(original.setTimeout).not.toBe(timers.setTimeout)
    expect(globalThis.setTimeout).toBe(callbackTimeout)
  })
})
