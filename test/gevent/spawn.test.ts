// Starting greenlets, and waiting for several.
import {
  type Green,
  Greenlet,
  GreenletExit,
  getcurrent,
  getHub,
  joinall,
  type Operation,
  run,
  sleep,
  spawn,
  spawnLater,
  spawnWith,
  Timeout,
  until,
  withTimeout,
} from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { recorder } from '../support/recorder.ts'
import { catchReports } from '../support/reports.ts'
import { rejection, usage } from '../support/thrown.ts'
import { virtualHub } from '../support/virtual-clock.ts'

checkLeaks()

function* after(ms: number, value: string): Green<string> {
  yield* sleep(ms)
  return value
}

function* failAfter(ms: number, text: string): Green<never> {
  yield* sleep(ms)
  throw new Error(text)
}

/** How many wait for the end of `greenlet`, or are linked to it. */
function listeners({ $links: links }: { readonly $links: unknown }): number {
  return links === null ? 0 : [links].flat().length
}

describe('spawn()', () => {
  it('has run nobody when it returns; at the next turn all run, first come first served', async () => {
    const rec = recorder()
    for (const name of ['a', 'b', 'c'])
      spawn(() => {
        rec(name)
      })
    rec('spawned')
    await sleep(0)
    rec.expect(['spawned', 'a', 'b', 'c'])
  })

  it('drives a generator function', async () => {
    expect(await spawn(after, 1, 'generator').get()).toBe('generator')
  })

  it('takes what a plain function returns', async () => {
    expect(await spawn((a: number, b: number) => a + b, 1, 2).get()).toBe(3)
  })

  it('waits for an async function', async () => {
    const greenlet = spawn(async (value: string) => {
      await Promise.resolve()
      return value
    }, 'async')
    expect(await greenlet.get()).toBe('async')
  })

  it('fails with what an async function rejects with', async () => {
    catchReports()
    const error = new Error('rejected')
    const greenlet = spawn(async () => {
      await Promise.resolve()
      throw error
    })
    expect(await rejection(greenlet.get())).toBe(error)
  })

  it('drives the operation that a function returns', async () => {
    const asleep = spawn(sleep, 1)
    await asleep.join()
    expect(asleep.successful()).toBe(true)
    expect(await spawn(() => until(Promise.resolve('value'))).get()).toBe('value')
  })

  it('drives the generator that an arrow function returns', async () => {
    expect(await spawn(() => after(1, 'arrow')).get()).toBe('arrow')
  })

  it('waits for the promise that a plain function returns', async () => {
    expect(await spawn(() => Promise.resolve(5)).get()).toBe(5)
  })

  it('takes a generator function of another form: a method, a bound one, a default parameter', async () => {
    const object = {
      base: 40,
      *method(n: number): Green<number> {
        yield* sleep(0)
        return this.base + n
      },
    }
    expect(await spawn(object.method.bind(object), 2).get()).toBe(42)
    function* withDefault(n = 7): Green<number> {
      yield* sleep(0)
      return n
    }
    expect(await spawn(withDefault).get()).toBe(7)
  })

  it('passes any number of arguments', async () => {
    const count = (...args: unknown[]): unknown[] => args
    expect(await spawn(count).get()).toEqual([])
    expect(await spawn(count, undefined).get()).toEqual([undefined])
    expect(await spawn(count, 1, 2, 3, 4, 5).get()).toEqual([1, 2, 3, 4, 5])
  })

  it('takes a body that throws before it waits as a failure of the greenlet, not of the caller', async () => {
    const reports = catchReports()
    const error = new Error('at once')
    const greenlet = spawn(() => {
      throw error
    })
    await greenlet.join()
    expect(greenlet.exception).toBe(error)
    expect(reports).toHaveLength(1)
  })

  it('in a greenlet goes on with the caller', async () => {
    const rec = recorder()
    await run(function* () {
      const child = spawn(function* () {
        rec('child')
        yield* sleep(0)
        rec('child again')
      })
      rec('parent')
      yield* sleep(0)
      rec('parent again')
      yield* child.join()
    })
    rec.expect(['parent', 'child', 'parent again', 'child again'])
  })

  it('in a greenlet that ends makes one that lives on', async () => {
    const rec = recorder()
    const parent = spawn(function* () {
      return spawn(function* () {
        yield* sleep(1)
        rec('child')
      })
    })
    const child = await parent.get()
    expect(parent.ready()).toBe(true)
    await child.join()
    rec.expect(['child'])
  })

  it('carries 10,000 greenlets', async () => {
    let sum = 0
    const all = Array.from({ length: 10_000 }, (_, n) =>
      spawn(function* () {
        yield* sleep(0)
        sum += n
      }),
    )
    await joinall(all)
    expect(sum).toBe(49_995_000)
  })
})

describe('spawnWith()', () => {
  it('gives the greenlet a name', async () => {
    const greenlet = spawnWith({ name: 'reader' }, after, 1, 'value')
    expect(greenlet.name).toBe('reader')
    expect(await greenlet.get()).toBe('value')
  })

  it('without a name is spawn()', async () => {
    const greenlet = spawnWith({}, after, 1, 'value')
    expect(greenlet.name).toMatch(/^after-\d+$/u)
    expect(await greenlet.get()).toBe('value')
  })
})

describe('spawnLater()', () => {
  it('calls the body with its arguments, so many milliseconds later', () => {
    const { clock } = virtualHub()
    const greenlet = spawnLater(5, after, 2, 'value')
    expect([greenlet.started, greenlet.active, greenlet.args]).toEqual([true, false, [2, 'value']])
    clock.run()
    expect([greenlet.value, clock.now()]).toEqual(['value', 7])
  })

  it('starts those of the same time in the order of the calls, behind those that were spawned', () => {
    const { clock } = virtualHub()
    const rec = recorder()
    const say = (word: string): void => {
      rec(word)
    }
    for (const word of ['a', 'b']) spawnLater(3, say, word)
    spawnLater(0, say, 'at once')
    spawn(say, 'spawned')
    spawnLater(2, say, 'sooner')
    clock.run()
    rec.expect(['spawned', 'at once', 'sooner', 'a', 'b'])
  })

  it('keeps the process, and is seen by LoopExit, as any timer', () => {
    const { clock, hub } = virtualHub()
    spawnLater(5, after, 0, '')
    expect([hub.timers.refs, hub.idle]).toEqual([1, false])
    clock.run()
    expect(hub.timers.refs).toBe(0)
  })

  it.each([
    ['undefined', undefined],
    ['1 (number)', 1],
  ])('refuses %s as the body, at once', (shown, value) => {
    expect(usage(() => spawnLater(1, value as never))).toBe(`spawnLater() expects a function, but got ${shown}.`)
  })

  it.each([
    ['-1', -1],
    ['NaN', Number.NaN],
    ['the function after', after],
  ])('refuses %s as the time, at once', (shown, value) => {
    expect(usage(() => spawnLater(value as never, after, 1, ''))).toBe(
      `spawnLater() expects \`ms\` to be a number of milliseconds, 0 or more, but got ${shown}.`,
    )
  })
})

describe('joinall()', () => {
  it('waits for all and gives them back in the order they were given', async () => {
    const [slow, fast] = [spawn(after, 4, 'slow'), spawn(after, 1, 'fast')]
    const joined = await joinall([slow, fast])
    expect(joined).toEqual([slow, fast])
    expect(joined.map(({ value }) => value)).toEqual(['slow', 'fast'])
  })

  it('runs them side by side: the longest counts, not the sum', () => {
    const { clock } = virtualHub()
    const all = [10, 30, 20].map((ms) => spawn(after, ms, ''))
    const times: number[] = []
    spawn(function* () {
      yield* joinall(all)
      times.push(clock.now())
    })
    clock.run()
    expect(times).toEqual([30])
  })

  it('of nobody gives an empty list at once', async () => {
    expect(await joinall([])).toEqual([])
    expect(await run(() => joinall([]))).toEqual([])
  })

  it('takes any iterable', async () => {
    const all = new Set([spawn(after, 1, 'a'), spawn(after, 0, 'b')])
    expect((await joinall(all)).map(({ value }) => value)).toEqual(['a', 'b'])
    function* make(): Generator<Greenlet<string>> {
      yield spawn(after, 0, 'c')
      yield spawn(after, 0, 'd')
    }
    expect((await joinall(make())).map(({ value }) => value)).toEqual(['c', 'd'])
  })

  it('reads the iterable when it is called, once', async () => {
    const list = [spawn(after, 0, 'a')]
    const op: Operation<Greenlet<string>[]> = joinall(list)
    list.push(spawn(after, 0, 'b'))
    expect(await op).toHaveLength(1)
    await list[1]!.join()
  })

  it('takes a greenlet that is given twice', async () => {
    const [a, b] = [spawn(after, 1, 'a'), spawn(after, 2, 'b')]
    expect(await joinall([a, b, a])).toEqual([a, b, a])
    const again = spawn(after, 1, 'again')
    expect(await joinall([again, again, again])).toHaveLength(3)
    expect(listeners(again)).toBe(0)
  })

  it('of those that have all ended does not switch', async () => {
    const all = [spawn(after, 0, 'a'), spawn(after, 0, 'b')]
    await joinall(all)
    const rec = recorder()
    const greenlet = spawn(function* () {
      yield* joinall(all)
      rec('joined')
    })
    spawn(() => {
      rec('other')
    })
    await greenlet.join()
    await sleep(0)
    rec.expect(['joined', 'other'])
  })

  it('is not disturbed by a failure or a kill, and tells which', async () => {
    const reports = catchReports()
    const [good, bad, killed] = [spawn(after, 2, 'good'), spawn(failAfter, 1, 'bad'), spawn(after, 1000, '')]
    bad.name = 'bad'
    await sleep(0)
    killed.kill()
    const joined = await joinall([good, bad, killed])
    expect(joined.map((greenlet) => greenlet.successful())).toEqual([true, false, true])
    expect(joined.map(({ value }) => value)).toEqual(['good', undefined, expect.any(GreenletExit)])
    expect(String(joined[1].exception)).toBe('Error: bad')
    expect(reports.map(({ name }) => name)).toEqual(['bad'])
  })

  it('goes on after timeoutMs, with those that have not ended among the others', () => {
    const { clock, hub } = virtualHub()
    const [fast, slow] = [spawn(after, 5, 'fast'), spawn(after, 50, 'slow')]
    const seen: unknown[] = []
    spawn(function* () {
      const joined = yield* joinall([slow, fast], { timeoutMs: 10 })
      seen.push(
        clock.now(),
        joined.map((greenlet) => greenlet.successful()),
        hub.timers.count,
      )
    })
    clock.run()
    expect(seen).toEqual([10, [false, true], 1])
    expect([slow, fast].map(listeners)).toEqual([0, 0])
  })

  it('of one that was not started waits for its whole time', () => {
    const { clock } = virtualHub()
    const never = new Greenlet(after, 1, '')
    const times: number[] = []
    spawn(function* () {
      yield* joinall([never], { timeoutMs: 10 })
      times.push(clock.now())
    })
    clock.run()
    expect(times).toEqual([10])
  })

  it('with timeoutMs that is not needed leaves no timer', async () => {
    await joinall([spawn(after, 1, '')], { timeoutMs: 1000 })
    expect(getHub().timers.count).toBe(0)
  })

  it.each([
    [0, 0],
    [1, 10],
    [2, 20],
    [3, 30],
    [9, 30],
  ])('with count %i goes on after %i ms', (count, expected) => {
    const { clock } = virtualHub()
    const all = [30, 10, 20].map((ms) => spawn(after, ms, ''))
    const seen: unknown[] = []
    spawn(function* () {
      const joined = yield* joinall(all, { count })
      seen.push(clock.now(), joined.length)
    })
    clock.run()
    expect(seen).toEqual([expected, 3])
    expect(all.map(listeners)).toEqual([0, 0, 0])
  })

  it('with count counts those that have ended already', async () => {
    const done = spawn(after, 0, 'done')
    await done.join()
    const slow = spawn(after, 1000, 'slow')
    await joinall([slow, done], { count: 1 })
    expect(slow.ready()).toBe(false)
    await slow.kill()
  })

  it('with raiseError throws the failure that comes first in time, at once, and the others run on', () => {
    const { clock } = virtualHub()
    const reports = catchReports()
    const [slow, later, sooner] = [
      spawn(after, 30, 'slow'),
      spawn(failAfter, 20, 'listed first'),
      spawn(failAfter, 10, 'first in time'),
    ]
    later.name = 'later'
    const seen: unknown[] = []
    spawn(function* () {
      try {
        yield* joinall([slow, later, sooner], { raiseError: true })
      } catch (error) {
        seen.push(clock.now(), error)
      }
    })
    clock.run()
    expect(seen).toEqual([10, sooner.exception])
    expect(slow.value).toBe('slow')
    expect(listeners(slow)).toBe(0)
    expect(reports.map(({ name }) => name)).toEqual(['later'])
  })

  it('with raiseError throws a failure that is there already', async () => {
    catchReports()
    const bad = spawn(failAfter, 0, 'there already')
    await bad.join()
    const slow = spawn(after, 1000, '')
    expect(await rejection(joinall([slow, bad], { raiseError: true }))).toBe(bad.exception)
    await slow.kill()
  })

  it('with raiseError gives the greenlets when all is well; a kill is no failure', async () => {
    const [a, b] = [spawn(after, 0, 'a'), spawn(after, 1000, 'b')]
    await sleep(0)
    b.kill()
    expect(await joinall([a, b], { raiseError: true })).toEqual([a, b])
  })

  it('that is killed leaves no listener and no timer', () => {
    const { clock, hub } = virtualHub()
    const all = [spawn(after, 50, ''), spawn(after, 60, '')]
    const waiter = spawn(() => joinall(all, { timeoutMs: 1000 }))
    clock.run(1)
    expect(hub.timers.count).toBe(3)
    waiter.kill()
    expect([hub.timers.count, ...all.map(listeners)]).toEqual([2, 0, 0])
    clock.run()
    expect(all.map((greenlet) => greenlet.successful())).toEqual([true, true])
  })

  it('that is timed out from outside leaves no listener', async () => {
    const slow = spawn(after, 1000, '')
    expect(await rejection(withTimeout(1, () => joinall([slow])))).toBeInstanceOf(Timeout)
    expect(listeners(slow)).toBe(0)
    await slow.kill()
  })

  it('in two greenlets at once wakes both', async () => {
    const all = [spawn(after, 1, 'a'), spawn(after, 2, 'b')]
    const op = joinall(all)
    const waiters = [spawn(() => op), spawn(() => op)]
    await joinall(waiters)
    expect(waiters.map(({ value }) => (value as unknown[]).length)).toEqual([2, 2])
  })

  it('says whom it waits for', () => {
    const { clock } = virtualHub()
    const all = Array.from({ length: 5 }, (_, n) => spawnWith({ name: `w${n}` }, after, 1000, ''))
    const waiter = spawn(() => joinall(all))
    const three = spawn(() => joinall(all.slice(0, 3)))
    clock.run(1)
    expect([waiter.$wait?.describe(), three.$wait?.describe()]).toEqual([
      'joinall() for "w0", "w1", "w2", 2 more',
      'joinall() for "w0", "w1", "w2"',
    ])
    for (const greenlet of [waiter, three, ...all]) greenlet.kill()
    clock.run()
  })
})

describe('getcurrent()', () => {
  it('is the spawned greenlet in its body, also after a wait', async () => {
    const seen: unknown[] = []
    const greenlet = spawn(function* () {
      seen.push(getcurrent())
      yield* sleep(0)
      seen.push(getcurrent())
    })
    await greenlet.join()
    expect(seen).toEqual([greenlet, greenlet])
    expect(getcurrent().name).toBe('main')
  })
})
