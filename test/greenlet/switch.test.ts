// `switch` and `throw` as calls: what plain code gets, what a greenlet must do with it, and each known mistake with its whole text.
import {
  type Green,
  Greenlet,
  GreenletExit,
  getcurrent,
  InvalidSwitchError,
  RawGreenlet,
  type Switch,
  sleep,
  spawn,
  UsageError,
  Waiter,
} from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { runProgram } from '../support/program.ts'
import { recorder } from '../support/recorder.ts'
import { catchReports } from '../support/reports.ts'
import { message, messageOf, rejection, rejectionMessage, thrown } from '../support/thrown.ts'

checkLeaks()

const main = getcurrent()

describe('switch() in plain code', () => {
  it('is done, with the value, when control came back', () => {
    const switched = new RawGreenlet(() => 42).switch()
    expect([switched.done, switched.value]).toEqual([true, 42])
  })

  it('gives the same value each time it is asked', () => {
    const switched = new RawGreenlet(() => ({})).switch()
    expect(switched.value).toBe(switched.value)
  })

  it('can be awaited although it is done', async () => {
    expect(await new RawGreenlet(() => 42).switch()).toBe(42)
  })

  it('throws the error of a greenlet that died of one, at the call', () => {
    const greenlet = new RawGreenlet(() => {
      throw new RangeError('at the call')
    })
    expect(() => greenlet.switch()).toThrow(RangeError)
  })

  it('that went to a wait of the hub is not done, and await finishes it', async () => {
    const greenlet = new RawGreenlet(function* () {
      yield* sleep(1)
      return 'slept'
    })
    const switched = greenlet.switch()
    expect(switched.done).toBe(false)
    expect(await switched).toBe('slept')
    expect([switched.done, switched.value]).toEqual([true, 'slept'])
  })

  it('that went to a wait comes back by a switch to main, too', async () => {
    const greenlet = new RawGreenlet(function* () {
      yield* sleep(0)
      yield* main.switch('half way')
    })
    expect(await greenlet.switch()).toBe('half way')
    expect(greenlet.dead).toBe(false)
    greenlet.throw()
  })

  it('that went to a wait rejects, and its value throws, when the greenlet dies of an error', async () => {
    const error = new Error('after the wait')
    const switched = new RawGreenlet(function* () {
      yield* sleep(0)
      throw error
    }).switch()
    expect(await rejection(switched)).toBe(error)
    expect(switched.done).toBe(true)
    expect(thrown(() => switched.value)).toBe(error)
  })

  it('several that went to waits each get what their own greenlet brings', async () => {
    function* waiter(ms: number): Green<string> {
      yield* sleep(ms)
      return `after ${ms}`
    }
    const [first, second] = [new RawGreenlet(waiter).switch(4), new RawGreenlet(waiter).switch(1)]
    expect([await first, await second]).toEqual(['after 4', 'after 1'])
  })

  it('what comes from somebody else goes to the one that has waited longest', async () => {
    const [one, two] = [new Waiter<string>(), new Waiter<string>()]
    const stranger = spawn(function* () {
      yield* main.switch('from a stranger')
    })
    const [first, second] = [new RawGreenlet(() => one.get()).switch(), new RawGreenlet(() => two.get()).switch()]
    expect(await first).toBe('from a stranger')
    expect(second.done).toBe(false)
    two.switch('its own')
    expect(await second).toBe('its own')
    one.switch('late: nobody waits for it any more')
    stranger.switch() // to its end
    await sleep(1)
  })

  it('to a started greenlet that waits comes back when that ends', async () => {
    const greenlet = spawn(function* late() {
      yield* sleep(2)
      return 'late'
    })
    const switched = greenlet.switch()
    expect(switched.done).toBe(false)
    expect(await switched).toBe('late')
  })

  it('refuses .value before control is back', async () => {
    const greenlet = new RawGreenlet(function* sleeper() {
      yield* sleep(0)
    })
    const switched = greenlet.switch()
    expect(message(() => switched.value)).toBe(
      `The switch() to "sleeper" has not come back: control went to a wait of the hub.\n\n` +
        `  const value = other.switch().value   // incorrect: read before it is there\n` +
        `  const value = await other.switch()   // correct`,
    )
    await switched
  })

  it('refuses .value of a throw() before control is back', async () => {
    const greenlet = new RawGreenlet(function* stubborn() {
      try {
        yield* main.switch()
      } catch {
        yield* sleep(0)
      }
    })
    greenlet.switch()
    const call = greenlet.throw(new Error('x'))
    expect(message(() => call.value)).toBe(
      `The throw() to "stubborn" has not come back: control went to a wait of the hub.\n\n` +
        `  const value = other.switch().value   // incorrect: read before it is there\n` +
        `  const value = await other.switch()   // correct`,
    )
    await call
  })

  it('belongs to plain code: a greenlet cannot drive it', () => {
    const switched = new RawGreenlet(function* first() {}).switch()
    const greenlet = new RawGreenlet(function* thief() {
      yield* switched
    })
    const error = thrown(() => greenlet.switch())
    expect(error).toBeInstanceOf(UsageError)
    expect(messageOf(error)).toBe(
      'Greenlet "thief" drove a switch() to "first" that plain code made; whoever makes a switch takes what comes back.',
    )
  })

  it('can be compared and iterated by a test tool without effect', () => {
    const switched = new RawGreenlet(() => 1).switch()
    expect([...(switched as unknown as Iterable<unknown>)]).toEqual([])
    expect(switched).toEqual(switched)
  })

  it('runs from a link of the hub, too', async () => {
    const values: unknown[] = []
    const greenlet = spawn(() => 1)
    greenlet.rawlink(() => values.push(new RawGreenlet(() => 'from a link').switch().value))
    await greenlet.join()
    await sleep(0)
    expect(values).toEqual(['from a link'])
  })

  it('into a greenlet that waits gives up that wait and throws an InvalidSwitchError there', async () => {
    const seen: unknown[] = []
    const greenlet = spawn(function* () {
      try {
        yield* sleep(1000)
      } catch (error) {
        seen.push(error)
      }
    })
    greenlet.name = 'sleeper'
    await sleep(0)
    greenlet.switch(null)
    expect(seen[0]).toBeInstanceOf(InvalidSwitchError)
    expect(messageOf(seen[0])).toBe(
      'Greenlet "main" switched to "sleeper", which waits in sleep(1000); that wait is given up.\n' +
        'Only what is waited for can end a wait; to break it off, use sleeper.kill().',
    )
    expect(greenlet.ready()).toBe(true)
  })

  it('to one whose wait is over is refused: what it waited for would be lost', async () => {
    catchReports()
    const greenlet = spawn(function* () {
      yield* sleep(0)
      return 'undisturbed'
    })
    greenlet.name = 'next'
    const attempt = spawn(function* () {
      yield* greenlet.switch()
    })
    attempt.name = 'hasty'
    const error = await rejection(attempt.get())
    expect(error).toBeInstanceOf(InvalidSwitchError)
    expect(messageOf(error)).toBe(
      'Greenlet "hasty" switched to "next", whose wait is over and whose turn comes by itself; what it waited for would be lost.',
    )
    expect(await greenlet.get()).toBe('undisturbed')
  })
})

describe('switch() in a greenlet', () => {
  it('is never done by itself', () => {
    new RawGreenlet(function* () {
      const switched = main.switch()
      expect(switched.done).toBe(false)
      yield* switched
    }).switch()
  })

  it('needs yield* before the next suspension', () => {
    const greenlet = new RawGreenlet(function* hasty() {
      // eslint-disable-next-line greenloop/no-floating-operation -- the forgotten yield* is what is tested
      main.switch()
      yield* sleep(0)
    })
    const error = thrown(() => greenlet.switch())
    expect(error).toBeInstanceOf(UsageError)
    expect(messageOf(error)).toBe(
      `Greenlet "hasty" made a switch() to "main" that it did not drive.\n\n` +
        `  other.switch()          // incorrect: makes the switch and drops it\n` +
        `  yield* other.switch()   // correct: control goes there and comes back here`,
    )
  })

  it('needs yield* before the body ends', () => {
    const greenlet = new RawGreenlet(function* hasty() {
      // eslint-disable-next-line greenloop/no-floating-operation -- the forgotten yield* is what is tested
      main.throw(new Error('x'))
    })
    expect(message(() => greenlet.switch())).toBe(
      `Greenlet "hasty" made a throw() to "main" that it did not drive.\n\n` +
        `  other.switch()          // incorrect: makes the switch and drops it\n` +
        `  yield* other.switch()   // correct: control goes there and comes back here`,
    )
  })

  it('needs yield* also in a callback of its slice, and in an async body', async () => {
    catchReports()
    const inCallback = spawn(function* () {
      ;[1].forEach(() => {
        main.switch()
      })
      yield* sleep(0)
    })
    const inAsync = spawn(async () => {
      main.switch()
    })
    inCallback.name = 'callback'
    inAsync.name = 'async'
    for (const greenlet of [inCallback, inAsync]) {
      expect(await rejectionMessage(greenlet.get())).toMatch(
        new RegExp(`^Greenlet "${greenlet.name}" made a switch\\(\\) to "main" that it did not drive\\.`, 'u'),
      )
    }
  })

  it('that an async body awaits fails the body once, and leaves no rejection behind', async () => {
    catchReports()
    const other = new RawGreenlet(() => 1)
    const greenlet = spawn(async () => {
      await other.switch()
    })
    expect(await rejectionMessage(greenlet.get())).toMatch(
      /^Greenlet ".*" made a switch\(\) to "RawGreenlet" that it did/u,
    )
    await new Promise((resolve) => setTimeout(resolve, 1)) // an unhandled rejection would end this file
    expect(other.active).toBe(false)
  })

  it('undriven is thrown at the wait that follows, which is taken back', async () => {
    const rec = recorder()
    const greenlet = spawn(function* () {
      // eslint-disable-next-line greenloop/no-floating-operation -- the forgotten yield* is what is tested
      main.switch()
      try {
        yield* sleep(1000)
      } catch (error) {
        rec(error instanceof UsageError ? 'told' : 'other')
      }
      yield* sleep(0)
      rec('goes on')
    })
    await greenlet.join()
    rec.expect(['told', 'goes on'])
  })

  it('cannot be made twice before the first is driven', () => {
    const other = new RawGreenlet(function* other() {})
    const greenlet = new RawGreenlet(function* hasty() {
      // eslint-disable-next-line greenloop/no-floating-operation -- the forgotten yield* is what is tested
      other.switch()
      yield* main.switch()
    })
    const error = thrown(() => greenlet.switch())
    expect(error).toBeInstanceOf(UsageError)
    expect(messageOf(error)).toBe(
      `Greenlet "hasty" made a second switch while its switch() to "other" is not driven yet; put yield* before each.\n\n` +
        `  a.switch(); b.switch()                  // incorrect: neither happens\n` +
        `  yield* a.switch(); yield* b.switch()    // correct`,
    )
    expect(other.active).toBe(false)
  })

  it('is of no use when its target has been reached by somebody else before it is driven', async () => {
    const target = new Greenlet(function* target() {
      yield* main.switch()
      return yield* main.switch()
    })
    target.switch()
    new RawGreenlet(function* () {
      yield* target.switch('first')
    }).switch()
    const greenlet = new RawGreenlet(function* late() {
      const kept = target.switch('lost')
      target.kill()
      yield* kept
    })
    expect(message(() => greenlet.switch())).toBe(
      `A switch() to "${target.name}" was kept and driven later; it belongs to the expression that makes it.\n\n` +
        `  const op = other.switch(); ... yield* op   // incorrect: by then others have run\n` +
        `  yield* other.switch()                      // correct`,
    )
    await target.join()
    expect(target.value).toBeInstanceOf(GreenletExit)
  })

  it('that is iterated by hand says so instead of going on for ever', () => {
    const other = new RawGreenlet(function* other() {
      for (;;) yield* main.switch()
    })
    const greenlet = new RawGreenlet(function* () {
      yield* other.switch()
      for (const step of other.switch() as Iterable<never>) throw new Error(String(step))
    })
    other.switch()
    greenlet.switch()
    const texts = [0, 1].map(() => {
      const iterator = new RawGreenlet(function* hand() {
        return [...(other.switch() as unknown as Iterable<unknown>)]
      })
      return message(() => iterator.switch())
    })
    expect(texts[0]).toMatch(/^A switch\(\) to "other" was kept and driven later/u)
    expect(texts[1]).toBe(texts[0])
  })

  it('cannot be kept and driven later', () => {
    const greenlet = new RawGreenlet(function* keeper() {
      const op = main.switch()
      try {
        yield* sleep(0)
      } catch {
        yield* op
      }
    })
    const error = thrown(() => greenlet.switch())
    expect(error).toBeInstanceOf(UsageError)
    expect(messageOf(error)).toBe(
      `A switch() to "main" was kept and driven later; it belongs to the expression that makes it.\n\n` +
        `  const op = other.switch(); ... yield* op   // incorrect: by then others have run\n` +
        `  yield* other.switch()                      // correct`,
    )
  })

  it('cannot be driven a second time', () => {
    const greenlet = new RawGreenlet(function* keeper() {
      const op = main.switch()
      yield* op
      yield* op
    })
    greenlet.switch()
    expect(message(() => greenlet.switch())).toMatch(/^A switch\(\) to "main" was kept and driven later;/u)
  })

  it('cannot be driven by another greenlet', () => {
    let kept: Switch | null = null
    const maker = new RawGreenlet(function* maker() {
      kept = main.switch()
      yield* kept
    })
    maker.switch()
    const thief = new RawGreenlet(function* thief() {
      yield* kept!
    })
    expect(message(() => thief.switch())).toMatch(/^A switch\(\) to "main" was kept and driven later;/u)
    maker.throw()
  })

  it('that was kept does nothing when plain code iterates it', () => {
    let kept: Switch | null = null
    const maker = new RawGreenlet(function* maker() {
      kept = main.switch()
      yield* kept
    })
    maker.switch()
    expect([...(kept as unknown as Iterable<unknown>)]).toEqual([])
    maker.throw()
  })

  it('cannot be awaited', async () => {
    catchReports()
    let awaited: Promise<unknown> | null = null
    const greenlet = spawn(function* () {
      awaited = (async () => await main.switch())()
      awaited.catch(() => undefined)
      yield* sleep(0)
    })
    expect(await rejection(greenlet.get())).toBeInstanceOf(UsageError)
    expect(await rejectionMessage(awaited!)).toBe(
      `A switch() to "main" that was made in a greenlet was awaited; only plain code awaits a switch.\n\n` +
        `  await other.switch()    // incorrect: async code is not a greenlet\n` +
        `  yield* other.switch()   // correct: in the greenlet itself`,
    )
  })

  it('has no .value', () => {
    const greenlet = new RawGreenlet(function* reader() {
      const switched = main.switch()
      try {
        return switched.value
      } finally {
        yield* switched
      }
    })
    greenlet.switch()
    expect(message(() => greenlet.switch())).toBe(
      'The switch() to "main" has not happened: in a greenlet it is driven, and gives the value by that.\n\n' +
        '  const value = other.switch().value    // incorrect: nothing has come back\n' +
        '  const value = yield* other.switch()   // correct',
    )
  })

  it('to main, which is not in a switch, is refused where it is made', async () => {
    catchReports()
    const greenlet = spawn(function* () {
      yield* main.switch('nobody takes this')
    })
    greenlet.name = 'caller'
    const error = await rejection(greenlet.get())
    expect(error).toBeInstanceOf(InvalidSwitchError)
    expect(messageOf(error)).toBe(
      'Greenlet "caller" switched to main, but main is not waiting in a switch(): it has gone on, and nobody would take the value.\n' +
        'Main waits only while plain code is in greenlet.switch(), or awaits it.',
    )
  })

  it('to main, which is not in a switch, can be caught there, and nothing is lost', async () => {
    const greenlet = spawn(function* () {
      try {
        yield* main.switch()
      } catch {
        yield* sleep(0)
        return 'went on'
      }
      return 'not reached'
    })
    expect(await greenlet.get()).toBe('went on')
  })
})

describe('switch() when main has finished', () => {
  const exiting = (target: string): string =>
    `Main has finished and the process is exiting: nothing can be switched to any more, not even "${target}".\n` +
    `Do it before the 'exit' event, for instance at the end of run(function* () { ... }).`

  it.each([
    ['after the hub was used', 'used'],
    ['registered before the hub was used', 'early'],
    ['in a program of raw greenlets only', 'raw'],
  ])("in a handler of 'exit' is refused: %s", async (_, when) => {
    const { stdout, stderr, code } = await runProgram('exit-switch.ts', { args: [when] })
    expect(stdout).toBe(`InvalidSwitchError: ${exiting('late')}\n`)
    expect([stderr, code]).toEqual(['', 0])
  })

  it('to main, from a greenlet that outlives it, fails that greenlet with its name', async () => {
    const { stdout, stderr, code } = await runProgram('switch-to-finished-main.ts')
    expect(stdout).toBe('main is over\n')
    expect(stderr).toContain(
      'Greenlet "outliver" failed, and nobody reads its outcome (get(), link() and raiseError do):\n' +
        'InvalidSwitchError: Greenlet "outliver" switched to main, but main is not waiting in a switch(): it has gone on, and nobody would take the value.\n' +
        'Main waits only while plain code is in greenlet.switch(), or awaits it.\n',
    )
    expect(stderr.match(/outliver" failed/gu)).toHaveLength(1)
    expect(code).toBe(0)
  })
})
