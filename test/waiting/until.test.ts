// sleep and until: waiting for time and for promises.
import { setTimeout as delay } from 'node:timers/promises'
import {
  type Green,
  GreenletExit,
  getHub,
  type Operation,
  run,
  sleep,
  spawn,
  Timeout,
  UsageError,
  until,
  withTimeout,
} from 'greenloop'
import { describe, expect, it, onTestFinished } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { recorder } from '../support/recorder.ts'
import { messageOf, rejection } from '../support/thrown.ts'
import { virtualHub } from '../support/virtual-clock.ts'

checkLeaks()

/** Unhandled rejections from now on. */
function unhandled(): unknown[] {
  const reasons: unknown[] = []
  const note = (reason: unknown): void => {
    reasons.push(reason)
  }
  const before = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection').on('unhandledRejection', note)
  onTestFinished(() => {
    process.off('unhandledRejection', note)
    for (const listener of before) process.on('unhandledRejection', listener)
  })
  return reasons
}

describe('sleep()', () => {
  it('waits for its time', () => {
    const { clock } = virtualHub()
    const rec = recorder()
    function* sleeper(ms: number): Green<void> {
      yield* sleep(ms)
      rec(`${ms} at ${clock.now()}`)
    }
    for (const ms of [20, 10, 30, 10]) spawn(sleeper, ms)
    clock.run()
    rec.expect(['10 at 10', '10 at 10', '20 at 20', '30 at 30'])
  })

  it('in real time is never early', async () => {
    const began = performance.now()
    await sleep(5)
    expect(performance.now() - began).toBeGreaterThanOrEqual(5)
  })

  it('of 0, and of nothing, lets those run who are ready', async () => {
    const rec = recorder()
    const greenlet = spawn(function* () {
      rec('a1')
      yield* sleep(0)
      rec('a2')
      yield* sleep()
      rec('a3')
    })
    spawn(function* () {
      rec('b1')
      yield* sleep(0)
      rec('b2')
    })
    await greenlet.join()
    rec.expect(['a1', 'b1', 'a2', 'b2', 'a3'])
  })

  it('gives nothing', async () => {
    const ops: Operation<unknown>[] = [sleep(0), sleep(1)]
    for (const op of ops) expect([await op, await run(() => op)]).toEqual([undefined, undefined])
  })

  it('of Infinity waits until it is killed, and starts no timer', async () => {
    const greenlet = spawn(() => sleep(Infinity))
    await sleep(0)
    expect([greenlet.ready(), getHub().timers.count]).toEqual([false, 0])
    await greenlet.kill()
    expect(greenlet.ready()).toBe(true)
  })

  it('that is given up leaves no timer', () => {
    const { clock, hub } = virtualHub()
    const greenlet = spawn(() => sleep(1000))
    clock.run(1)
    expect(hub.timers.count).toBe(1)
    greenlet.kill()
    expect(hub.timers.count).toBe(0)
    clock.run()
    expect([greenlet.ready(), clock.now()]).toEqual([true, 1])
  })
})

describe('until()', () => {
  it('gives what a promise is fulfilled with', async () => {
    const greenlet = spawn(function* () {
      return yield* until(delay(1, 'value'))
    })
    expect(await greenlet.get()).toBe('value')
  })

  it('throws what a promise is rejected with, the same object', async () => {
    const error = new Error('rejected')
    const greenlet = spawn(function* () {
      try {
        return yield* until(Promise.reject(error))
      } catch (caught) {
        return caught
      }
    })
    expect(await greenlet.get()).toBe(error)
  })

  it('takes any thenable', async () => {
    // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tested
    const thenable = { then: (resolve: (value: string) => void) => setImmediate(resolve, 'thenable') }
    expect(await until(thenable as unknown as PromiseLike<string>)).toBe('thenable')
  })

  it('takes a thenable that answers at once, and the next wait is not disturbed', async () => {
    const thenable = { then: (resolve: (value: number) => void) => resolve(5) } as unknown as PromiseLike<number>
    const greenlet = spawn(function* () {
      const value = yield* until(thenable)
      yield* sleep(0)
      return value
    })
    expect(await greenlet.get()).toBe(5)
  })

  it('switches also for a promise that is settled already', async () => {
    const rec = recorder()
    const greenlet = spawn(function* () {
      yield* until(Promise.resolve())
      rec('a')
    })
    spawn(() => {
      rec('b')
    })
    await greenlet.join()
    rec.expect(['b', 'a'])
  })

  it('calls a function with a signal, and does not fire it when all is well', async () => {
    const seen: boolean[] = []
    let signal: AbortSignal | null = null
    const op = until((given) => {
      signal = given
      seen.push(given.aborted)
      return Promise.resolve('fine')
    })
    expect(await op).toBe('fine')
    seen.push(signal!.aborted)
    expect(seen).toEqual([false, false])
  })

  it('fires the signal when the greenlet is killed, and ends at once', async () => {
    const rec = recorder()
    const greenlet = spawn(function* () {
      try {
        yield* until((signal) => {
          signal.addEventListener('abort', () => {
            rec('aborted')
          })
          return new Promise(() => undefined)
        })
      } finally {
        rec('ended')
      }
    })
    await sleep(0)
    const killed = greenlet.kill()
    rec.expect(['aborted'])
    await killed
    rec.expect(['aborted', 'ended'])
    expect(greenlet.value).toBeInstanceOf(GreenletExit)
  })

  it('fires the signal when a Timeout comes', async () => {
    let signal: AbortSignal | null = null
    const op = until((given) => {
      signal = given
      return new Promise(() => undefined)
    })
    expect(await rejection(withTimeout(1, () => op))).toBeInstanceOf(Timeout)
    expect(signal!.aborted).toBe(true)
  })

  it('drops the outcome of a promise that was given up; a late rejection is not unhandled', async () => {
    const reasons = unhandled()
    const rejects: ((error: Error) => void)[] = []
    const greenlet = spawn(function* () {
      yield* until(
        new Promise((_, reject) => {
          rejects.push(reject)
        }),
      )
    })
    await sleep(0)
    await greenlet.kill()
    rejects[0]?.(new Error('too late'))
    await delay(2)
    expect(reasons).toEqual([])
    expect(getHub().outstanding).toBe(0)
  })

  it('drops a late value: the next wait gets its own', async () => {
    const resolves: ((value: string) => void)[] = []
    const greenlet = spawn(function* () {
      try {
        yield* withTimeout(1, () =>
          until(
            new Promise<string>((resolve) => {
              resolves.push(resolve)
            }),
          ),
        )
      } catch {
        resolves[0]?.('late')
        return yield* until(delay(2, 'own'))
      }
      return 'not reached'
    })
    expect(await greenlet.get()).toBe('own')
  })

  it('passes on what its function throws, and starts no wait', async () => {
    const error = new Error('before there is a promise')
    const op = until((): Promise<void> => {
      throw error
    })
    expect(await rejection(op)).toBe(error)
    expect(getHub().outstanding).toBe(0)
  })

  it('whose function returns no promise says so, and starts no wait', async () => {
    const op = until((() => 5) as unknown as () => Promise<number>)
    const error = await rejection(op)
    const { outstanding } = getHub()
    getHub().outstanding = 0
    expect(error).toBeInstanceOf(UsageError)
    expect(messageOf(error)).toMatch(/^until\(\) .*5 \(number\)/u)
    expect(outstanding).toBe(0)
  })

  it('counts as something outside, while it waits', async () => {
    const hub = getHub()
    const greenlet = spawn(() => until(delay(2)))
    await sleep(0)
    expect(hub.outstanding).toBe(1)
    await greenlet.join()
    expect(hub.outstanding).toBe(0)
  })

  it('waits for the same promise in many greenlets', async () => {
    const promise = delay(1, 'shared')
    const greenlets = Array.from({ length: 3 }, () => spawn(() => until(promise)))
    expect([await greenlets[0]!.get(), await greenlets[1]!.get(), await greenlets[2]!.get()]).toEqual([
      'shared',
      'shared',
      'shared',
    ])
  })
})
