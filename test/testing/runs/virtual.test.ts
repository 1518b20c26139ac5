// `virtual`: time that jumps, real waits among it, and what is left over at the end.
import { createServer } from 'node:net'
import { Event, joinall, LoopExit, Queue, sleep, spawn, spawnWith, until, withTimeout } from 'greenloop'
import * as net from 'greenloop/net'
import { TestingError, virtual } from 'greenloop/testing'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { rejection as rejected, usage } from '../../support/thrown.ts'

checkLeaks()

/** What a promise is rejected with, as text. */
async function rejection(promise: Promise<unknown>): Promise<string> {
  return String(await rejected(promise))
}

describe('virtual time', () => {
  it('passes while nobody can run, and takes none', async () => {
    const { value, elapsedMs } = await virtual(function* (t) {
      const began = t.now()
      yield* sleep(3_600_000)
      return t.now() - began
    })
    expect([value, elapsedMs]).toEqual([3_600_000, 3_600_000])
  })

  it('goes from timer to timer in order', async () => {
    const { value, trace } = await virtual(function* (t) {
      const times: [string, number][] = []
      const nap = function* (name: string, ms: number) {
        yield* sleep(ms)
        times.push([name, t.now()])
      }
      yield* joinall([spawnWith({ name: 'late' }, nap, 'late', 50), spawnWith({ name: 'soon' }, nap, 'soon', 20)])
      return times
    })
    expect(value).toEqual([
      ['soon', 20],
      ['late', 50],
    ])
    expect(trace.switches).toEqual(['main', 'late', 'soon', 'late', 'main'])
  })

  it('lets a time limit expire that nobody meets', async () => {
    const { value } = await virtual(function* () {
      const queue = new Queue<number>()
      try {
        yield* queue.get({ timeoutMs: 86_400_000 })
      } catch (error) {
        return String(error)
      }
      return 'an item'
    })
    expect(value).toBe('Empty: queue.get() found nothing after 86400000 ms: the queue is empty.')
  })

  it('is that of production: what is ready does not switch', async () => {
    const { value } = await virtual(function* () {
      const order: string[] = []
      const queue = new Queue<string>()
      spawn(() => {
        order.push('other')
      })
      yield* queue.put('a')
      order.push(yield* queue.get())
      yield* sleep(0)
      return order
    })
    expect(value).toEqual(['a', 'other'])
  })

  it('does not depend on fake timers of the test runner', async () => {
    vi.useFakeTimers()
    onTestFinished(() => {
      vi.useRealTimers()
    })
    const { elapsedMs } = await virtual(() => sleep(1000))
    expect(elapsedMs).toBe(1000)
  })
})

describe('something real', () => {
  it('is waited for, and the clock does not jump meanwhile', async () => {
    const { value } = await virtual(function* () {
      const order: string[] = []
      spawn(function* () {
        yield* sleep(60_000)
        order.push('a minute')
      })
      order.push(yield* until(new Promise<string>((resolve) => setImmediate(resolve, 'real'))))
      return order
    })
    expect(value).toEqual(['real', 'a minute'])
  })

  it('can be a server and its client', async () => {
    const { value } = await virtual(function* () {
      const server = createServer((socket) => socket.end('hello'))
      yield* until(new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)))
      const { port } = server.address() as { port: number } // it listens on a port
      const socket = yield* net.connect(port, '127.0.0.1')
      const text = String(yield* socket.recv(100))
      socket.destroy()
      server.close()
      return text
    })
    expect(value).toBe('hello')
  })

  it('has its time limits, at the pace of the machine', async () => {
    const { value } = await virtual(function* () {
      try {
        yield* withTimeout(5, () => until(new Promise<never>(() => undefined)))
      } catch (error) {
        return String(error)
      }
      return 'answered'
    })
    expect(value).toBe('Timeout: 5 ms')
  })

  it('is an error when it is forbidden', async () => {
    const body = () => until(Promise.resolve(1))
    expect(await rejection(virtual(body, { realIO: 'forbid' }))).toBe(
      `TestingError: Greenlet "main" waits for something real: until(promise).\n` +
        `In virtual() that is forbidden (realIO: 'forbid'): when it answers is not for the schedule to choose. Put a queue or an AsyncResult of the test in its place.`,
    )
  })
})

describe('the end', () => {
  it('rejects with what the body throws, unchanged', async () => {
    const error = new RangeError('of the body')
    await expect(
      virtual(() => {
        throw error
      }),
    ).rejects.toBe(error)
  })

  it('rejects with the failure of a greenlet that nobody reads', async () => {
    const error = new RangeError('of a greenlet')
    await expect(
      virtual(function* () {
        spawn(() => {
          throw error
        })
        yield* sleep(1)
      }),
    ).rejects.toBe(error)
  })

  it('is a LoopExit in main when nobody can wake it, which it may catch', async () => {
    await expect(virtual(() => new Event().wait())).rejects.toThrow(LoopExit)
    const { value } = await virtual(function* () {
      try {
        yield* new Event().wait()
      } catch (error) {
        return (error as Error).name
      }
      return 'woken'
    })
    expect(value).toBe('LoopExit')
  })

  it('rejects when greenlets are left over, but for daemons', async () => {
    const consume = function* (queue: Queue<number>) {
      for (;;) yield* queue.get()
    }
    expect(
      await rejection(
        virtual(() => {
          spawnWith({ name: 'consumer' }, consume, new Queue<number>())
        }),
      ),
    ).toBe(
      `TestingError: main has ended, and greenlet "consumer" is left over: nobody can end the wait any more.\n\n` +
        `  consumer  queue.get()  the queue is empty\n\n` +
        `Join or kill what was spawned; one that may be left over is a daemon: t.daemon(spawn(work)).`,
    )
    const { value } = await virtual((t) => {
      t.daemon(spawn(consume, new Queue<number>()))
      return 'done'
    })
    expect(value).toBe('done')
  })

  it('rejects after too many steps', async () => {
    await expect(
      virtual(
        function* () {
          for (;;) yield* sleep(1)
        },
        { maxSteps: 100 },
      ),
    ).rejects.toThrow(
      new TestingError('The execution does not come to an end: 100 steps were taken (maxSteps).').message,
    )
  })
})

describe('a mistake', () => {
  it.each<[string, () => unknown, string]>([
    ['no body', () => virtual(5 as never), 'virtual() expects a function, but got 5 (number).'],
    [
      'options that are none',
      () => virtual(() => 1, 5 as never),
      "virtual() expects its options as an object, such as { realIO: 'forbid' }, but got 5 (number).",
    ],
    [
      'an unknown realIO',
      () => virtual(() => 1, { realIO: 'ignore' as never }),
      `virtual() expects \`realIO\` to be 'wait' or 'forbid', but got "ignore" (string).`,
    ],
    [
      'a maxSteps of 0',
      () => virtual(() => 1, { maxSteps: 0 }),
      'virtual() expects `maxSteps` to be an integer, 1 or more, but got 0 (number).',
    ],
  ])('is told at the call: %s', (_, call, text) => {
    expect(usage(call)).toBe(text)
  })

  it('is a second one while the first runs', async () => {
    const first = virtual(() => until(new Promise((resolve) => setTimeout(resolve, 5))))
    expect(await rejection(virtual(() => 1))).toBe(
      'UsageError: virtual() was called while another virtual() runs. There is one hub at a time: wait for the first one before the second.',
    )
    await first
  })
})
