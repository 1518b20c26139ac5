// Tests of `greenIt`: what it hands to a runner, when a test fails besides its body, what is said then. What vitest and node:test print of it: runners.test.ts.
import { spawn as spawnProcess } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer, connect as openSocket, type Server } from 'node:net'
import { Event, type Greenlet, getHub, joinall, sleep, spawn, UsageError, until } from 'greenloop'
import { greenIt, ScheduleFailure } from 'greenloop/testing'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { messageOf, rejection, rejectionMessage, usage } from '../../support/thrown.ts'

checkLeaks()

/** How a test was defined. */
interface Defined {
  readonly args: readonly unknown[]
  run(...context: unknown[]): Promise<void>
}

/** An `it` that has nothing but its call; answers how it was called. */
function plainIt(): { it: (name: string, fn: () => Promise<void>) => void; last: () => Defined } {
  let last: Defined
  return {
    it: (...args: unknown[]) => {
      last = { args, run: args.find((one) => typeof one === 'function') as Defined['run'] }
    },
    last: () => last,
  }
}

/** An `it` of vitest's shape, and the context of a test of it. */
function vitestIt(timeout = 5000) {
  const { it: define, last } = plainIt()
  const finished: (() => Promise<void>)[] = []
  const abort = new AbortController()
  const context = {
    task: { name: 'pays', suite: { name: 'an account', suite: { name: 'bank' } }, timeout, meta: {} },
    signal: abort.signal,
    onTestFinished: (fn: () => Promise<void>) => finished.push(fn),
  }
  return { it: Object.assign(define, { runIf: true, extend: true }), last, context, finished, abort }
}

/** Runs a test through an `it` that has nothing but its call. */
function green(body: () => unknown): Promise<void> {
  const { it: plain, last } = plainIt()
  greenIt(plain).green('test', body)
  return last().run()
}

function explored(options: object, body: () => unknown): Promise<void> {
  const { it: plain, last } = plainIt()
  greenIt(plain).explore('test', options, body)
  return last().run()
}

/** Two that write what the other has read. */
function* lostUpdate() {
  let balance = 0
  function* deposit() {
    const before = balance
    yield* sleep(0)
    balance = before + 1
  }
  yield* joinall([spawn(deposit), spawn(deposit)])
  expect(balance).toBe(2)
}

/** `count` greenlets that give way twice. */
function* many(count: number) {
  yield* joinall(
    Array.from({ length: count }, () =>
      spawn(function* () {
        yield* sleep(0)
        yield* sleep(0)
      }),
    ),
  )
}

describe('greenIt()', () => {
  it('gives three ways to define a test, each with the variants that the runner has', () => {
    const { it: plain } = plainIt()
    const { it: other } = plainIt()
    const some = greenIt(Object.assign(plain, { only: other }))
    expect(Object.keys(some)).toEqual(['green', 'explore', 'fuzz'])
    for (const one of [some.green, some.explore, some.fuzz]) {
      expect([typeof one.only, 'skip' in one]).toEqual(['function', false])
    }
  })

  it('defines a test of a variant by that of the runner', () => {
    const [all, only] = [plainIt(), plainIt()]
    greenIt(Object.assign(all.it, { only: only.it })).fuzz.only('a test', function* () {
      yield* sleep(0)
    })
    expect(only.last().args[0]).toBe('a test')
    expect(all.last()).toBe(undefined)
  })

  it('hands on no parameter, which runners would read as a callback or a fixture', () => {
    const { it: plain, last } = plainIt()
    greenIt(plain).green('a test', lostUpdate)
    const [name, fn] = last().args as [string, (...args: unknown[]) => unknown]
    expect([name, fn.length, fn.toString()]).toEqual(['a test', 0, 'function () { [native code] }'])
  })

  it('refuses what is no function', () => {
    expect(usage(() => greenIt({} as never))).toBe('greenIt() expects the `it` of a test runner, but got object.')
  })

  it('refuses options behind the body', () => {
    const { it: plain } = plainIt()
    expect(usage(() => greenIt(plain).green('a test', lostUpdate as never, {} as never))).toBe(
      'it.green() takes its options before the body.\n\n' +
        '  it.green(name, body, options)   // incorrect: they would be overlooked\n' +
        '  it.green(name, options, body)   // correct',
    )
  })

  it('refuses a test without a body, and options that are none', () => {
    const { it: plain } = plainIt()
    const { explore } = greenIt(plain)
    expect(usage(() => explore('a test', many(1) as never))).toMatch(
      /^it\.explore\(\) expects a function, but got a generator object\./u,
    )
    expect(usage(() => explore('a test', 5 as never, lostUpdate))).toMatch(/^it\.explore\(\) expects/u)
  })

  it('fails with UsageError when an option is wrong, as the runs do', async () => {
    expect(await rejection(explored({ preemptions: -1 }, lostUpdate))).toBeInstanceOf(UsageError)
  })
})

describe('the options of the runner', () => {
  it('are all that are not ours; vitest and node:test take them before the function', () => {
    const { it: own, last } = vitestIt()
    greenIt(own).explore('a test', { timeout: 70, preemptions: 1 }, lostUpdate)
    expect(last().args.slice(0, 2)).toEqual(['a test', { timeout: 70 }])
    greenIt(own).explore('a test', { preemptions: 1 }, lostUpdate)
    expect(last().args).toEqual(['a test', last().run])
  })

  it('raise the time limit for a maxMs that is given', () => {
    const { it: own, last } = vitestIt()
    greenIt(own).fuzz('a test', { maxMs: 60_000 }, lostUpdate)
    expect(last().args[1]).toEqual({ timeout: 65_000 })
    greenIt(own).fuzz('a test', { maxMs: Infinity }, lostUpdate)
    expect(last().args[1]).toEqual({ timeout: 0 })
    greenIt(own).fuzz('a test', { maxMs: 60_000, timeout: 1 }, lostUpdate)
    expect(last().args[1]).toEqual({ timeout: 1 })
  })

  it('take the time limit behind the function for jest, and by a method for mocha', () => {
    const { it: plain, last } = plainIt()
    greenIt(plain).green('a test', { timeout: 70 }, lostUpdate)
    expect(last().args).toEqual(['a test', last().run, 70])
    const timeout = vi.fn()
    greenIt(() => ({ timeout })).green('a test', { timeout: 70 }, lostUpdate)
    expect(timeout.mock.calls).toEqual([[70]])
  })

  it('have no time limit in a replay, which is for a debugger', () => {
    vi.stubEnv('GREENLOOP_REPLAY', 's1')
    onTestFinished(() => void vi.unstubAllEnvs())
    const { it: own, last } = vitestIt()
    greenIt(own).explore('a test', lostUpdate)
    expect(last().args[1]).toEqual({ timeout: 0 })
  })
})

describe('a green test', () => {
  it('runs on a clock of its own', async () => {
    let ms = 0
    const { it: plain, last } = plainIt()
    greenIt(plain).green('test', function* (t) {
      yield* sleep(3_600_000)
      ms = t.now()
    })
    await last().run()
    expect(ms).toBe(3_600_000)
  })

  it('fails with what the body throws, itself', async () => {
    const error = new Error('no')
    expect(
      await rejection(
        green(() => {
          throw error
        }),
      ),
    ).toBe(error)
  })

  it('waits until the test before it is over', async () => {
    const order: string[] = []
    const test = (name: string) =>
      green(function* () {
        order.push(`${name} begins`)
        yield* until(new Promise((resolve) => setImmediate(resolve)))
        order.push(`${name} ends`)
      })
    await Promise.all(['a', 'b', 'c'].map(test))
    expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
  })

  it('runs beside the greenlets of the process, which stay on their own hub', async () => {
    let ticks = 0
    const ticker = spawn(function* () {
      for (;;) {
        yield* sleep(1)
        ticks++
      }
    })
    await green(function* () {
      while (ticks < 3) yield* until(new Promise((resolve) => setTimeout(resolve, 1)))
    })
    expect(getHub().living()).toEqual([ticker])
    ticker.kill()
    await ticker.join()
  })

  const never = () => until(new Promise(() => undefined))

  it('is killed when its runner gives it up, so that the next one can begin', async () => {
    const { it: own, last, context, abort } = vitestIt()
    const order: string[] = []
    greenIt(own).green('asks', function* () {
      try {
        yield* never()
      } finally {
        order.push('finally')
      }
    })
    const first = last().run(context)
    await new Promise((resolve) => setImmediate(resolve))
    const second = green(() => order.push('next'))
    abort.abort()
    await Promise.all([first, second])
    expect(order).toEqual(['finally', 'next'])
  })

  it('cannot begin while one is under way that was given up and does not end', async () => {
    const { it: own, last, context, abort } = vitestIt()
    let answer = (): void => undefined
    greenIt(own).green('asks', function* () {
      try {
        yield* never()
      } finally {
        yield* until(
          new Promise<void>((resolve) => {
            answer = resolve
          }),
        )
      }
    })
    const first = last().run(context)
    await new Promise((resolve) => setImmediate(resolve))
    const waiting = rejectionMessage(green(() => many(2)))
    abort.abort()
    const text =
      'The test cannot begin, since "asks" is still under way. Its time limit is over, and its greenlets were killed, but do not end:\n\n' +
      '  greenlet "main", which waits in until(promise)\n\n' +
      'See to it that they pass on a GreenletExit, and do not wait for ever in a finally.'
    expect(await waiting).toBe(text)
    expect(await rejectionMessage(green(() => many(2)))).toBe(text)
    answer()
    await first
    await expect(green(() => many(2))).resolves.toBe(undefined)
  })
})

describe('an explored test', () => {
  it('fails with the report, whose command names the whole test', async () => {
    const { it: own, last, context } = vitestIt()
    greenIt(own).explore('pays', lostUpdate)
    const failure = await rejection(last().run(context))
    expect(failure).toBeInstanceOf(ScheduleFailure)
    const { trace } = failure as ScheduleFailure
    expect(messageOf(failure)).toContain(
      `Replay it:\n  await replay(body, '${trace}')\n  GREENLOOP_REPLAY='${trace}' npx vitest run -t 'bank an account pays'`,
    )
    expect(context.task.meta).toEqual({ greenloop: { trace } })
  })

  it('notes what it has seen for reporters', async () => {
    const { it: own, last, context } = vitestIt()
    greenIt(own).explore('pays', () => many(2))
    await last().run(context)
    expect(context.task.meta).toEqual({
      greenloop: { summary: expect.stringMatching(/^\d+ schedules, all there are \(order: any; /u) },
    })
  })

  it('fails when a budget has ended it, and says what can be done', async () => {
    expect(await rejectionMessage(explored({ maxExecutions: 200 }, () => many(4)))).toBe(
      'Not every schedule was run: maxExecutions was reached.\n' +
        '200 schedules, not all: maxExecutions was reached (order: any; every step counts as dependent).\n\n' +
        'None of these has failed, but the test claims all. What can be done:\n' +
        "  it.explore(name, { independence: 'tracked' }, body)   // leaves out what makes no difference, if all that is shared is made by t.shared()\n" +
        '  it.explore(name, { preemptions: 2 }, body)            // leaves out schedules with more: most mistakes need no more\n' +
        '  it.explore(name, { maxExecutions: 2_000 }, body)      // goes on for longer\n' +
        '  it.explore(name, { complete: false }, body)           // takes what it could see',
    )
  })

  it('fails within half of the time that the runner allows, and says so', async () => {
    const { it: own, last, context } = vitestIt(40)
    greenIt(own).explore('pays', () => many(6))
    expect(await rejectionMessage(last().run(context))).toMatch(
      /^Not every schedule was run: maxMs was over\.[\s\S]*it\.explore\(name, \{ maxMs: 60_000 \}, body\) +\/\/ goes on for longer$/mu,
    )
  })

  it('fails when longer spins were left out', async () => {
    const text = await rejectionMessage(
      explored({ spins: 2 }, function* () {
        const state = { over: false }
        spawn(() => {
          state.over = true
        })
        while (!state.over) yield* sleep(0)
      }),
    )
    expect(text).toMatch(/^Not every schedule was run: a greenlet gives way by sleep\(0\) again and again\.\n/u)
    expect(text.slice(text.indexOf('What can'))).toBe(
      'What can be done:\n' +
        '  it.explore(name, { spins: 100 }, body)        // sees longer ones\n' +
        '  it.explore(name, { complete: false }, body)   // takes what it could see\n' +
        '  Wait for an Event or a Condition instead of asking over and over.',
    )
  })

  it('passes within a bound of preemptions, and with `complete: false`', async () => {
    await expect(explored({ preemptions: 1 }, () => many(3))).resolves.toBe(undefined)
    await expect(explored({ maxExecutions: 10, complete: false }, () => many(4))).resolves.toBe(undefined)
  })
})

describe('a fuzzed test', () => {
  it('notes its seed', async () => {
    const { it: own, last, context } = vitestIt()
    greenIt(own).fuzz('pays', { runs: 20, seed: 42 }, () => many(2))
    await last().run(context)
    expect(context.task.meta).toEqual({ greenloop: { summary: expect.stringContaining('seed 42') } })
  })
})

describe('what a test leaves behind', () => {
  let server: Server | undefined
  let late: Greenlet | undefined

  afterEach(async () => {
    late?.kill()
    await late?.join()
    late = undefined
    server?.close()
    server = undefined
  })

  function* listen() {
    const opened = createServer().listen(0, '127.0.0.1')
    yield* until(once(opened, 'listening'))
    server = opened
    return opened
  }

  it('is an error that names the servers and the sockets', async () => {
    const text = await rejectionMessage(green(listen))
    const { port } = server?.address() as AddressInfo
    expect(text).toBe(
      `The test leaves something behind:\n\n  a server on 127.0.0.1:${port}\n\n` +
        'It would go on during the tests that follow. In the test, in its finally, or in afterEach(): close servers and sockets, wait for child processes.',
    )
    const opened = openSocket(port, '127.0.0.1')
    await once(opened, 'connect')
    const { localPort } = opened
    opened.unref()
    expect(
      await rejectionMessage(
        green(() => {
          opened.ref()
        }),
      ),
    ).toContain(`a socket from 127.0.0.1:${localPort} to 127.0.0.1:${port}\n`)
    opened.destroy()
  })

  it('is an error that names child processes, without their pipes', async () => {
    let child: ReturnType<typeof spawnProcess> | undefined
    const text = await rejectionMessage(
      green(() => {
        child = spawnProcess('sleep', ['10'])
      }),
    )
    child?.kill()
    expect(text).toContain(`behind:\n\n  child process ${child?.pid}: sleep\n\nIt`)
    await once(child!, 'close')
  })

  it('is an error that names the greenlets and timers of the process', async () => {
    const text = await rejectionMessage(
      green(() => {
        setImmediate(() => {
          late = spawn(function* ticker() {
            yield* sleep(60_000)
          })
        })
      }),
    )
    expect(text).toBe(
      'The test leaves something behind:\n\n  greenlet "ticker-2", which waits in sleep(60000)\n\n' +
        'It would go on during the tests that follow. In the test, in its finally, or in afterEach(): join or kill greenlets.',
    )
  })

  it('is no error when it was there before', async () => {
    late = spawn(function* () {
      yield* sleep(60_000)
    })
    await green(listen).catch(() => undefined)
    await expect(green(() => many(2))).resolves.toBe(undefined)
  })

  it('is no error when it is a connection to a server that was there before', async () => {
    const opened = createServer().listen(0, '127.0.0.1')
    server = opened
    await once(opened, 'listening')
    const client = openSocket((opened.address() as AddressInfo).port, '127.0.0.1')
    await green(function* () {
      yield* until(once(opened, 'connection'))
      client.unref()
    })
    client.destroy()
  })

  it('is an error when it is a wait or a timer of plain code', async () => {
    const event = new Event()
    let answer = (): void => undefined
    const text = await rejectionMessage(
      green(() => {
        setImmediate(() => {
          void event.wait({ timeoutMs: 60_000 }).then(() => undefined)
          void until(
            new Promise<void>((resolve) => {
              answer = resolve
            }),
          ).then(() => undefined)
        })
      }),
    )
    event.set()
    answer()
    expect(text).toBe(
      'The test leaves something behind:\n\n  1 wait of plain code, for something outside\n  a timer of the hub: the time limit of event.wait()\n\n' +
        'It would go on during the tests that follow. In the test, in its finally, or in afterEach(): join or kill greenlets, stop timers.',
    )
  })

  it('is no error when it is about to end', async () => {
    await expect(
      green(function* () {
        const opened = yield* listen()
        const socket = openSocket((opened.address() as AddressInfo).port, '127.0.0.1')
        yield* until(once(socket, 'connect'))
        opened.close()
        socket.end()
      }),
    ).resolves.toBe(undefined)
  })

  it('is not looked at when the test has failed', async () => {
    const error = new Error('no')
    expect(
      await rejection(
        green(function* () {
          yield* listen()
          throw error
        }),
      ),
    ).toBe(error)
  })

  it('is looked at behind the hooks of vitest', async () => {
    const { it: own, last, context, finished } = vitestIt()
    greenIt(own).green('serves', listen)
    await last().run(context)
    expect(finished.length).toBe(1)
    server?.close()
    await expect(finished[0]?.()).resolves.toBe(undefined)
  })
})
