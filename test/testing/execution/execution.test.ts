// One execution: who is offered at each step, when the clock jumps, how it ends, and that nothing is left of it.
import {
  Event,
  getHub,
  idle,
  joinall,
  Queue,
  RawGreenlet,
  Semaphore,
  sleep,
  spawn,
  spawnLater,
  spawnWith,
  wait,
  withTimeout,
} from 'greenloop'
import { describe, expect, it } from 'vitest'
import { kernel } from '../../../src/greenlet/kernel.ts'
import { type Body, Execution, type ExecutionSettings } from '../../../src/testing/execution/execution.ts'
import { Stage } from '../../../src/testing/execution/stage.ts'
import { type Choices, GIVE_UP, type Policy } from '../../../src/testing/schedule/choices.ts'
import { fifo, given, reversed } from '../../../src/testing/schedule/policies.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { recorder } from '../../support/recorder.ts'

checkLeaks()

const SETTINGS: ExecutionSettings = {
  caller: 'explore()',
  order: 'any',
  maxSteps: 1000,
  spins: 20,
  log: 'calls',
  realIO: 'forbid',
  labels: new Map(),
}

function execute(body: Body, policy: Policy = fifo(), settings: Partial<ExecutionSettings> = {}): Execution {
  return Execution.run(new Stage(), body, policy, { ...SETTINGS, ...settings })
}

/** The steps as `who: call`, one line each. */
function stepsOf({ log }: Execution): string[] {
  return (log?.steps ?? []).map(({ proc, detail }) => `${proc.name}: ${detail?.suspendedIn ?? detail?.ended ?? '-'}`)
}

describe('the steps of an execution', () => {
  it('are those of production when the first is chosen always', () => {
    const rec = recorder()
    const execution = execute(function* () {
      const work = function* (name: string) {
        rec(`${name} 1`)
        yield* sleep(0)
        rec(`${name} 2`)
      }
      yield* joinall([spawnWith({ name: 'a' }, work, 'a'), spawnWith({ name: 'b' }, work, 'b')])
      return 'done'
    })
    rec.expect(['a 1', 'b 1', 'a 2', 'b 2'])
    expect(execution.outcome).toEqual({ kind: 'returned', value: 'done' })
    expect(stepsOf(execution)).toEqual([
      'main: joinall() for "a", "b"',
      'a: sleep(0)',
      'b: sleep(0)',
      'a: returned',
      'b: returned',
      'a: -', // its links: main is told
      'b: -',
      'main: returned',
    ])
    expect(execution.choices).toEqual([0, 0, 0, 0, 0, 0, 0, 0])
    expect(execution.offered).toEqual([1, 2, 2, 2, 2, 2, 1, 1])
  })

  it('are offered to the policy with who ran last, and a preemption is to take another', () => {
    const seen: string[] = []
    const policy: Policy = {
      choose({ ready, due, count, last }: Choices, step) {
        seen.push(`${step}: ${ready.map(({ name }) => name).join(' ')} +${due.length} =${count} last ${last}`)
        return count - 1
      },
    }
    const execution = execute(function* () {
      spawnWith({ name: 'a' }, sleep, 0)
      spawnWith({ name: 'b' }, sleep, 0)
      yield* sleep(0)
    }, policy)
    expect(seen).toEqual([
      '0: main +0 =1 last -1',
      '1: a b main +0 =3 last 2',
      '2: a b +0 =2 last -1',
      '3: a b +0 =2 last 1',
      '4: a +0 =1 last -1',
      '5: a +0 =1 last 0',
    ])
    expect(execution.preemptions).toBe(0)
    expect(
      execute(function* () {
        spawn(sleep, 0)
        yield* sleep(0)
      }).preemptions,
    ).toBe(2)
  })

  it('give the same execution when they are given again', () => {
    const body = function* () {
      const queue = new Queue<number>()
      const all: number[] = []
      const put = function* (n: number) {
        yield* queue.put(n)
        yield* queue.put(n + 1)
      }
      spawn(put, 10)
      spawn(put, 20)
      for (let n = 0; n < 4; n++) all.push(yield* queue.get())
      return all
    }
    const first = execute(body, reversed())
    const again = execute(body, given(first.choices, fifo()))
    expect(first.outcome).toEqual({ kind: 'returned', value: [20, 21, 10, 11] })
    expect(again.outcome).toEqual(first.outcome)
    expect(stepsOf(again)).toEqual(stepsOf(first))
  })

  it('are also switched to by waits that are ready, unless the order is that of production', () => {
    const body = function* () {
      const lock = new Semaphore()
      yield* lock.acquire()
      lock.release()
    }
    expect(stepsOf(execute(body))).toEqual(['main: semaphore.acquire()', 'main: returned'])
    expect(stepsOf(execute(body, fifo(), { order: 'production' }))).toEqual(['main: returned'])
    expect(stepsOf(execute(body, fifo(), { order: 'external' }))).toEqual(['main: returned'])
  })

  it('are offered one at a time in external order, with the timers that are due', () => {
    const offered: number[] = []
    execute(
      function* () {
        const event = new Event()
        spawn(() => event.set())
        spawn(() => undefined)
        yield* sleep(5)
      },
      {
        choose({ count }) {
          offered.push(count)
          return 0
        },
      },
      { order: 'external' },
    )
    expect(offered).toEqual([1, 1, 1, 1, 1])
  })

  it('of one explicit switch belong to who has made it', () => {
    const execution = execute(function* () {
      const f1 = new RawGreenlet(function* f1() {
        yield* f2.switch()
      })
      const f2 = new RawGreenlet(function* f2() {
        yield* main.switch()
      })
      const main = kernel.current as RawGreenlet // in a greenlet it is one
      yield* f1.switch()
    })
    expect(execution.log?.steps.map(({ detail }) => detail?.ran)).toEqual([['main', 'f1', 'f2', 'main']])
  })
})

describe('the virtual clock', () => {
  it('jumps when nobody can run, and says how much time has passed', () => {
    const execution = execute(function* (t) {
      const times: number[] = []
      spawnLater(1000, () => times.push(t.now()))
      yield* sleep(3_600_000)
      times.push(t.now())
      return times
    })
    expect(execution.outcome).toEqual({ kind: 'returned', value: [1000, 3_600_000] })
    expect(execution.elapsedMs).toBe(3_600_000)
  })

  it('offers timers that are due at the same time as choices', () => {
    const body = function* () {
      try {
        return yield* withTimeout(10, function* () {
          yield* sleep(10)
          return 'slept'
        })
      } catch {
        return 'timed out'
      }
    }
    const outcomes = new Set<unknown>()
    for (let first = 0; first < 2; first++) {
      for (let second = 0; second < 2; second++) {
        const { outcome } = execute(body, given([0, first, second], fifo()))
        outcomes.add(outcome.kind === 'returned' ? outcome.value : outcome)
      }
    }
    expect([...outcomes].sort()).toEqual(['slept', 'timed out'])
  })

  it('lets all timers that are due go off before anybody runs, in production', () => {
    const rec = recorder()
    const execution = execute(
      function* () {
        for (const name of ['a', 'b']) spawnLater(5, () => rec(name))
        yield* sleep(5)
        rec('main')
      },
      fifo(),
      { order: 'production' },
    )
    rec.expect(['a', 'b', 'main'])
    expect(stepsOf(execution)).toEqual([
      'main: sleep(5)',
      'startLater(5): -',
      'startLater(5): -',
      'sleep(5): -',
      'Greenlet-2: returned',
      'Greenlet-3: returned',
      'main: returned',
    ])
  })

  it('lets idle() go on before it jumps', () => {
    const rec = recorder()
    execute(function* () {
      spawn(function* () {
        yield* sleep(1)
        rec('slept')
      })
      yield* idle()
      rec('idle')
      yield* wait()
      rec('nothing left')
    })
    rec.expect(['idle', 'slept', 'nothing left'])
  })
})

describe('the end of an execution', () => {
  it('is a failure when the body throws', () => {
    const error = new Error('lost')
    const { outcome } = execute(function* () {
      yield* sleep(0)
      throw error
    })
    expect(outcome).toEqual({ kind: 'failed', why: 'error', error, greenlet: 'main' })
  })

  it('is a failure when a greenlet fails and nobody reads it', () => {
    const error = new Error('unread')
    const { outcome } = execute(function* () {
      spawnWith({ name: 'worker' }, () => {
        throw error
      })
      yield* sleep(10)
    })
    expect(outcome).toEqual({ kind: 'failed', why: 'unread', error, greenlet: 'worker' })
  })

  it('is none when it is read later', () => {
    const { outcome } = execute(function* () {
      const worker = spawn(() => {
        throw new Error('read')
      })
      yield* sleep(10)
      try {
        yield* worker.get()
      } catch (error) {
        return String(error)
      }
      return 'no failure'
    })
    expect(outcome).toEqual({ kind: 'returned', value: 'Error: read' })
  })

  it('comes when all have ended that main has started', () => {
    const rec = recorder()
    execute(function* () {
      spawn(function* () {
        yield* sleep(50)
        rec('worker')
      })
      rec('main')
    })
    rec.expect(['main', 'worker'])
  })

  it('is a deadlock when main waits for ever, which says who waits for whom', () => {
    const { outcome } = execute(function* () {
      const [a, b] = [new Semaphore(), new Semaphore()]
      const both = function* (one: Semaphore, other: Semaphore) {
        yield* one.acquire()
        yield* sleep(1)
        yield* other.acquire()
      }
      yield* joinall([spawnWith({ name: 'left' }, both, a, b), spawnWith({ name: 'right' }, both, b, a)])
    })
    expect(outcome).toMatchObject({ kind: 'failed', why: 'deadlock', greenlet: 'main' })
    expect(String((outcome as { error?: unknown }).error)).toBe(
      `LoopExit: main waits in joinall() for "left", "right", and nothing is left that could wake it\n` +
        `(0 ready, 0 timers, 0 promises or sockets that were asked). These wait for each other in a circle:\n\n` +
        `  left   semaphore.acquire()            the last permit was taken by "right"\n` +
        `  right  semaphore.acquire()            the last permit was taken by "left"\n\n` +
        `These wait, too:\n\n` +
        `  main   joinall() for "left", "right"`,
    )
  })

  it('is a failure when greenlets are left over, and lists them', () => {
    const { outcome } = execute(function* () {
      const queue = new Queue<number>()
      spawnWith({ name: 'consumer' }, () => queue.get())
    })
    expect(outcome).toMatchObject({ kind: 'failed', why: 'leftover', greenlet: 'consumer' })
    expect(String((outcome as { error?: unknown }).error)).toBe(
      `TestingError: main has ended, and greenlet "consumer" is left over: nobody can end the wait any more.\n\n` +
        `  consumer  queue.get()  the queue is empty\n\n` +
        `Join or kill what was spawned; one that may be left over is a daemon: t.daemon(spawn(work)).`,
    )
  })

  it('does not wait for daemons, and runs their finally', () => {
    const rec = recorder()
    const { outcome } = execute(function* (t) {
      t.daemon(
        spawn(function* () {
          try {
            for (;;) yield* sleep(10)
          } finally {
            rec('cleaned up')
          }
        }),
      )
      yield* sleep(25)
    })
    expect(outcome.kind).toBe('returned')
    rec.expect(['cleaned up'])
  })

  it('runs the finally of everybody who is left when it fails', () => {
    const rec = recorder()
    execute(function* () {
      spawn(function* () {
        try {
          yield* sleep(10)
        } finally {
          yield* sleep(10)
          rec('cleaned up')
        }
      })
      yield* sleep(0)
      throw new Error('main')
    })
    rec.expect(['cleaned up'])
  })

  it('is a failure after so many steps', () => {
    const { outcome, choices } = execute(
      function* () {
        for (;;) yield* sleep(0)
      },
      fifo(),
      { maxSteps: 50 },
    )
    expect(outcome).toMatchObject({ kind: 'failed', why: 'steps' })
    expect(choices).toHaveLength(50)
  })

  it('is a failure when something real is waited for', () => {
    const { outcome } = execute(function* () {
      yield* joinall([spawn(() => Promise.resolve(1))])
    })
    expect(outcome).toMatchObject({ kind: 'failed', why: 'realIO' })
    expect(String((outcome as { error?: unknown }).error)).toBe(
      `TestingError: Greenlet "Greenlet-2" waits for something real: until(promise).\n` +
        `In explore() that is forbidden (realIO: 'forbid'): when it answers is not for the schedule to choose. Put a queue or an AsyncResult of the test in its place.`,
    )
  })

  it('is a cut when the policy gives up', () => {
    const { outcome, choices } = execute(sleep.bind(null, 0) as Body, { choose: (_, step) => (step < 1 ? 0 : GIVE_UP) })
    expect(outcome).toEqual({ kind: 'cut' })
    expect(choices).toEqual([0])
  })
})

describe('an execution that is cut', () => {
  it('is none that has returned, also when everybody has ended and a callback is left', () => {
    const body: Body = () => {
      getHub().runCallback(() => undefined)
    }
    expect(execute(body).outcome.kind).toBe('returned')
    expect(execute(body, { choose: (_, step) => (step < 1 ? 0 : GIVE_UP) }).outcome).toEqual({ kind: 'cut' })
  })

  it('hears nothing of what those say who are killed at its end', () => {
    const labels = new Map<string, boolean>()
    const body: Body = function* (t) {
      try {
        yield* sleep(0)
      } finally {
        t.reachable('interrupted')
        t.unreachable('interrupted')
      }
    }
    const { outcome } = execute(body, { choose: (_, step) => (step < 1 ? 0 : GIVE_UP) }, { labels })
    expect(outcome).toEqual({ kind: 'cut' })
    expect([...labels]).toEqual([])
  })
})

describe('a greenlet that does nothing but give up its turn', () => {
  const spinning: Body = function* () {
    const flag = { ready: false }
    spawn(() => {
      flag.ready = true
    })
    while (!flag.ready) yield* sleep(0)
  }

  it('is passed over after so many times, when others could go on', () => {
    const stubborn: Policy = { choose: ({ last }) => Math.max(last, 0) }
    const { outcome, spun, choices } = execute(spinning, stubborn, { spins: 5 })
    expect(outcome.kind).toBe('returned')
    expect(spun).toBe(true)
    expect(choices).toHaveLength(8)
  })

  it('takes turns with others that do the same, since one of them may change something in its turn', () => {
    const stubborn: Policy = { choose: ({ last }) => Math.max(last, 0) }
    const { outcome, spun } = execute(function* () {
      let turn = 'a'
      const play = function* (me: string, other: string) {
        for (let round = 0; round < 2; round++) {
          while (turn !== me) yield* sleep(0)
          turn = other
        }
      }
      yield* joinall([spawn(play, 'b', 'a'), spawn(play, 'a', 'b')])
    }, stubborn)
    expect([outcome.kind, spun]).toEqual(['returned', true])
  })

  it('is not passed over while it has its turn in order', () => {
    expect(execute(spinning, fifo(), { spins: 1 }).spun).toBe(false)
  })
})

describe('what a body says', () => {
  it('of an invariant is looked at after each step', () => {
    const body: Body = function* (t) {
      const account = { balance: 10 }
      t.invariant(() => account.balance >= 0)
      yield* sleep(0)
      account.balance -= 20
      account.balance += 15 // nobody sees what lies in between
      yield* sleep(0)
      account.balance -= 20
      yield* sleep(0)
      throw new Error('too late')
    }
    const { outcome, choices } = execute(body)
    expect(outcome).toMatchObject({ kind: 'failed', why: 'invariant', greenlet: 'main' })
    expect(String((outcome as { error?: unknown }).error)).toBe(
      'TestingError: An invariant does not hold: account.balance >= 0',
    )
    expect(choices).toHaveLength(3)
  })

  it('of an invariant that throws is that error', () => {
    const error = new Error('broken')
    const { outcome } = execute(function* (t) {
      t.invariant(() => {
        throw error
      })
      yield* sleep(0)
    })
    expect(outcome).toEqual({ kind: 'failed', why: 'invariant', error, greenlet: 'main' })
  })

  it('of an unreachable place fails, also when the body catches it', () => {
    const { outcome } = execute(function* (t) {
      try {
        t.unreachable('never', false)
        t.unreachable('negative balance')
      } catch {
        // swallowed
      }
      yield* sleep(0)
    })
    expect(outcome).toMatchObject({ kind: 'failed', why: 'unreachable' })
    expect(String((outcome as { error?: unknown }).error)).toBe(
      'TestingError: A place was reached that no schedule should reach: negative balance.',
    )
  })

  it('of reachable places is kept over all executions', () => {
    const labels = new Map<string, boolean>()
    const body: Body = function* (t) {
      yield* sleep(0)
      t.reachable('always')
      t.reachable('never', false)
      t.reachable('sometimes', labels.size > 2)
    }
    execute(body, fifo(), { labels })
    expect([...labels]).toEqual([
      ['always', true],
      ['never', false],
      ['sometimes', false],
    ])
    execute(body, fifo(), { labels })
    expect(labels.get('sometimes')).toBe(true)
  })

  it('of chance is the same in each execution', () => {
    const body: Body = (t) => [t.random(), t.random()]
    const first = execute(body).outcome
    expect(first).toEqual(execute(body).outcome)
    expect(new Set((first as { value?: unknown }).value as number[]).size).toBe(2)
  })
})

describe('an execution and the process', () => {
  it('have different hubs', () => {
    const outer = getHub()
    let inner: object | null = null
    execute(() => {
      inner = getHub()
    })
    expect(inner).not.toBe(outer)
    expect(getHub()).toBe(outer)
  })

  it('leaves the kernel as it was, whatever the body does', () => {
    const { host, everyWaitSwitches, footprint, tracer } = kernel
    execute(() => {
      throw new Error('at once')
    })
    expect({ host: kernel.host, everyWaitSwitches: kernel.everyWaitSwitches }).toEqual({ host, everyWaitSwitches })
    expect([kernel.footprint, kernel.tracer, kernel.current]).toEqual([footprint, tracer, kernel.main])
  })

  it('numbers greenlets from the beginning each time, on one stage', () => {
    const stage = new Stage()
    const body: Body = function* () {
      const worker = spawn(sleep, 0)
      yield* worker.join()
      return worker.name
    }
    const names = [1, 2].map(() => Execution.run(stage, body, fifo(), SETTINGS).outcome)
    expect(names[0]).toEqual(names[1])
  })

  it('are one at a time', () => {
    const { outcome } = execute(() => {
      execute(() => undefined)
    })
    expect(String((outcome as { error?: unknown }).error)).toContain('There is one hub at a time')
  })

  it('begins in plain code only', async () => {
    const inside = spawn(() => execute(() => undefined))
    await expect(inside.get()).rejects.toThrow(
      'explore() was called in greenlet "Greenlet-1"; it runs greenlets of its own, on a hub of its own, and is for plain code.',
    )
  })
})

describe('an invariant under reduction', () => {
  it('is looked at when something is written that it saw, and makes these steps dependent', () => {
    let looks = 0
    const body: Body = function* (t) {
      const [left, right] = [t.shared({ n: 0 }), t.shared({ n: 0 })]
      const other = t.shared({ n: 0 })
      t.invariant(() => {
        looks++
        return left.n <= right.n + 1
      })
      for (const one of [left, right, other]) {
        one.n++
        yield* sleep(0)
      }
    }
    const { log, outcome } = execute(body, fifo(), { log: 'footprints' })
    expect(outcome.kind).toBe('returned')
    expect(looks).toBe(2)
    expect(log?.steps).toHaveLength(4)
    looks = 0
    execute(body, fifo(), { log: 'calls' })
    expect(looks).toBe(4)
  })
})
