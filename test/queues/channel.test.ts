// Channel: both sides meet.
import {
  Channel,
  choose,
  Empty,
  Full,
  type Greenlet,
  GreenletExit,
  getHub,
  type Operation,
  ShutDown,
  StopIteration,
  sleep,
  spawn,
  spawnWith,
  Timeout,
} from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { recorder } from '../support/recorder.ts'
import { catchReports } from '../support/reports.ts'
import { message, messageOf, rejection, rejectionMessage } from '../support/thrown.ts'
import { virtualHub } from '../support/virtual-clock.ts'

checkLeaks()

function attempt<T>(name: string, operation: () => Operation<T>): Greenlet {
  return spawnWith({ name }, function* () {
    try {
      return yield* operation()
    } catch (error) {
      return error
    }
  })
}

function values(greenlets: readonly Greenlet[]): unknown[] {
  return greenlets.map(({ value }) => (value instanceof Error ? value.constructor : value))
}

function waiters({ $getters: getters, $putters: putters }: Channel<unknown>): [number, number] {
  return [getters.size, putters.size]
}

describe('Channel', () => {
  it('is empty and full, and holds nothing', async () => {
    const channel = new Channel<number>()
    expect([channel.empty(), channel.full(), channel.size, channel.qsize(), channel.balance]).toEqual([
      true,
      true,
      0,
      0,
      0,
    ])
    expect(String(channel)).toBe('Channel(0)')
    await sleep(0)
  })

  it('has put() wait until the item is taken', () => {
    const { clock } = virtualHub()
    const rec = recorder()
    const channel = new Channel<string>()
    spawn(function* () {
      rec('sending')
      yield* channel.put('hello')
      rec('sent hello')
      yield* channel.put('world')
      rec('sent world')
    })
    spawn(function* () {
      rec(yield* channel.get())
      rec(yield* channel.get())
    })
    clock.run()
    rec.expect(['sending', 'hello', 'sent hello', 'world', 'sent world'])
  })

  it('has the one who gets go on before the one who puts', () => {
    const { clock } = virtualHub()
    const rec = recorder()
    const channel = new Channel<string>()
    spawn(function* () {
      rec('waiting')
      rec(yield* channel.get())
      rec(yield* channel.get())
      yield* sleep(0)
      rec('a tick later')
    })
    spawn(function* () {
      rec('sending hello')
      yield* channel.put('hello')
      rec('sending world')
      yield* channel.put('world')
      rec('sent world')
    })
    clock.run()
    rec.expect(['waiting', 'sending hello', 'hello', 'sending world', 'world', 'sent world', 'a tick later'])
  })

  it('has the same order when plain code puts', async () => {
    const rec = recorder()
    const channel = new Channel<string>()
    const reader = spawn(function* () {
      rec(yield* channel.get())
      rec(yield* channel.get())
    })
    rec('sending')
    await channel.put('hello')
    rec('sent hello')
    await channel.put('world')
    rec('sent world')
    await reader.join()
    rec.expect(['sending', 'hello', 'sent hello', 'world', 'sent world'])
  })

  it('has both sides wait for each other, and then go on without delay', () => {
    const { clock } = virtualHub()
    const channel = new Channel<number>()
    const sender = attempt('sender', () => channel.put(1))
    clock.run(10)
    expect([sender.ready(), channel.balance, String(channel)]).toEqual([false, 1, 'Channel(+1)'])
    const receiver = attempt('receiver', () => channel.get())
    clock.run()
    expect([sender.successful(), receiver.value, channel.balance, clock.now()]).toEqual([true, 1, 0, 10])
  })

  it('serves both sides in the order in which they came', () => {
    const { clock } = virtualHub()
    const channel = new Channel<number>()
    const getters = [1, 2, 3].map((n) => attempt(`g${n}`, () => channel.get()))
    clock.run()
    expect([channel.balance, String(channel)]).toEqual([-3, 'Channel(-3)'])
    for (const n of [1, 2, 3, 4, 5]) attempt(`p${n}`, () => channel.put(n))
    clock.run()
    expect(values(getters)).toEqual([1, 2, 3])
    expect([channel.balance, channel.getNowait(), channel.getNowait(), channel.balance]).toEqual([2, 4, 5, 0])
    clock.run()
  })

  it('takes the results of three greenlets that are linked to it', () => {
    const { clock } = virtualHub()
    const channel = new Channel<Greenlet<string>>()
    for (const value of ['a', 'b', 'c']) spawn(() => value).link((one) => channel.put(one))
    const got = spawn(function* () {
      const all: unknown[] = []
      while (all.length < 3) all.push((yield* channel.get()).value)
      return all
    })
    clock.run()
    expect(got.value).toEqual(['a', 'b', 'c'])
  })

  describe('without waiting', () => {
    it('puts only to one who waits', () => {
      const { clock, hub } = virtualHub()
      const channel = new Channel<number>()
      const results: unknown[] = []
      const put = (): unknown => results.push(tried(() => channel.putNowait(2)))
      hub.runCallback(put)
      hub.runCallback(put)
      clock.run()
      expect(results).toEqual([Full, Full])
      const getter = attempt('getter', () => channel.get())
      clock.run()
      hub.runCallback(put)
      hub.runCallback(put)
      clock.run()
      expect([results, getter.value]).toEqual([[Full, Full, undefined, Full], 2])
      expect(message(() => channel.putNowait(2))).toBe('channel.putNowait() met nobody: nobody gets.')
    })

    it('takes only from one who waits', () => {
      const { clock, hub } = virtualHub()
      const channel = new Channel<number>()
      const putter = attempt('putter', () => channel.put(5))
      clock.run()
      const results: unknown[] = []
      const get = (): unknown => results.push(tried(() => channel.getNowait()))
      hub.runCallback(get)
      hub.runCallback(get)
      clock.run()
      expect([results, putter.successful()]).toEqual([[5, Empty], true])
      expect(message(() => channel.getNowait())).toBe('channel.getNowait() met nobody: nobody puts.')
    })

    it('is what block: false means', async () => {
      const channel = new Channel<number>()
      const [full, empty] = [
        await rejection(channel.put(1, { block: false })),
        await rejection(channel.get({ block: false })),
      ]
      expect([full, empty].map((error) => (error as Error).constructor)).toEqual([Full, Empty])
      expect([full, empty].map(messageOf)).toEqual([
        'channel.put() met nobody: nobody gets.',
        'channel.get() met nobody: nobody puts.',
      ])
    })
  })

  it('gives up after a time, on both sides, and leaves nothing', () => {
    const { clock } = virtualHub()
    const channel = new Channel<string>()
    const timeout = new Timeout(3)
    const late = [
      attempt('g', () => channel.get({ timeoutMs: 1 })),
      attempt('h', () => channel.get({ timeoutMs: timeout })),
    ]
    clock.run()
    late.push(
      attempt('p', () => channel.put('lost', { timeoutMs: 2 })),
      attempt('q', () => channel.put('lost', { timeoutMs: 0 })),
    )
    clock.run()
    expect(values(late)).toEqual([Empty, Timeout, Full, Full])
    expect([messageOf(late[0]!.value), late[1]!.value, messageOf(late[2]!.value)]).toEqual([
      'channel.get() met nobody after 1 ms: nobody puts.',
      timeout,
      'channel.put() met nobody after 2 ms: nobody gets.',
    ])
    expect(channel.balance).toBe(0)
    const getter = attempt('getter', () => channel.get())
    attempt('putter', () => channel.put('found'))
    clock.run()
    expect(getter.value).toBe('found')
  })

  it('leaves the next one served when somebody is killed', () => {
    const { clock } = virtualHub()
    const channel = new Channel<string>()
    const getters = ['g', 'h'].map((name) => attempt(name, () => channel.get()))
    clock.run()
    void getters[0]!.kill()
    const putters = ['a', 'b', 'c'].map((item) => attempt(item, () => channel.put(item)))
    clock.run()
    void putters[1]!.kill()
    expect([values(getters), channel.getNowait(), channel.balance]).toEqual([[GreenletExit, 'a'], 'c', 0])
    clock.run()
    expect(values(putters)).toEqual([undefined, GreenletExit, undefined])
  })

  it('has one who was killed before it could put give nothing away', () => {
    const { clock } = virtualHub()
    const channel = new Channel<string>()
    const getter = attempt('getter', () => channel.get())
    const putter: Greenlet = spawn(function* () {
      void putter.kill()
      yield* channel.put('too late')
    })
    clock.run()
    expect([getter.ready(), channel.balance]).toEqual([false, -1])
    expect(putter.value).toBeInstanceOf(GreenletExit)
    channel.putNowait('in time')
    clock.run()
    expect(getter.value).toBe('in time')
  })

  it('does not give one branch of a choose to the other', () => {
    const { clock } = virtualHub()
    const channel = new Channel<string>()
    const offer = (name: string) =>
      attempt(name, () => choose({ put: channel.put(`from ${name}`), get: channel.get() }))
    const first = offer('first')
    clock.run()
    expect([first.ready(), ...waiters(channel)]).toEqual([false, 1, 1])
    const second = offer('second')
    clock.run()
    expect([first.value, second.value, ...waiters(channel)]).toEqual([['get', 'from second'], ['put', undefined], 0, 0])
  })

  it('is read by a cursor until StopIteration', () => {
    const { clock } = virtualHub()
    const channel = new Channel<number>()
    const reader = spawn(function* () {
      const got: number[] = []
      const it = channel.cursor()
      while (yield* it.next()) got.push(it.value)
      return got
    })
    const writer = spawn(function* () {
      for (const item of [1, 2, StopIteration] as const) yield* channel.put(item)
      return 'sent'
    })
    clock.run()
    expect([reader.value, writer.value]).toEqual([[1, 2], 'sent'])
  })

  it('is read by `for await`', async () => {
    const channel = new Channel<number>()
    spawn(function* () {
      for (const item of [1, 2, 3]) yield* channel.put(item)
      channel.shutdown()
    })
    const got: number[] = []
    for await (const item of channel) got.push(item)
    expect(got).toEqual([1, 2, 3])
  })

  it('wakes both sides with ShutDown when it is shut down, and refuses whoever comes', async () => {
    const { clock } = virtualHub()
    for (const waits of ['get', 'put'] as const) {
      const channel = new Channel<number>()
      const waiting = [1, 2].map((n) =>
        attempt(`w${n}`, (): Operation<unknown> => (waits === 'get' ? channel.get() : channel.put(n))),
      )
      clock.run()
      channel.shutdown()
      expect([channel.isShutdown, ...waiters(channel)]).toEqual([true, 0, 0])
      clock.run()
      expect(values(waiting)).toEqual([ShutDown, ShutDown])
      expect(messageOf(waiting[0]!.value)).toBe(`channel.${waits}() found the channel shut down.`)
      expect(message(() => channel.getNowait())).toBe('channel.getNowait() found the channel shut down.')
      expect(message(() => channel.putNowait(1))).toBe('channel.putNowait() found the channel shut down.')
    }
  })

  it('says in a deadlock that nobody is there', async () => {
    catchReports() // nobody reads what they end with
    const [empty, full] = [new Channel<number>(), new Channel<number>()]
    spawnWith({ name: 'getter' }, () => empty.get())
    const putter = spawnWith({ name: 'putter' }, () => full.put(1))
    const caught = rejectionMessage(putter.join())
    await sleep(1)
    getHub().raiseLoopExit()
    expect((await caught).split('\n\n').at(-1)).toBe(
      [
        '  main    join() of "putter"',
        '  getter  channel.get()       nobody puts',
        '  putter  channel.put()       nobody gets',
      ].join('\n'),
    )
    empty.shutdown()
    full.shutdown()
    await sleep(1)
  })
})

function tried(fn: () => unknown): unknown {
  try {
    return fn()
  } catch (error) {
    return (error as Error).constructor
  }
}
