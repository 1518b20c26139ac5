/**
 * Small programs, each with a mistake that only some schedules show, and the same program without it.
 *
 * They share nothing but primitives and what `t.shared` gives, so that both ways of exploring them see all there is.
 */
import {
  AsyncResult,
  type Driven,
  Event,
  type Green,
  joinall,
  Queue,
  Semaphore,
  ShutDown,
  sleep,
  spawn,
  spawnWith,
  withTimeout,
} from 'greenloop'
import type { FailureKind, ScheduleContext } from 'greenloop/testing'

type Body = (t: ScheduleContext) => Driven<unknown>

/** A mistake. */
export interface Bug {
  /** What goes wrong. */
  readonly title: string
  readonly kind: FailureKind
  /** The first line of the report. */
  readonly says: string
  readonly wrong: Body
  readonly right: Body
  /** Steps of one execution, where the mistake is that it has no end. */
  readonly maxSteps?: number
  /** Set when the right one has more than a thousand schedules: too many to run each. */
  readonly isLarge?: boolean
}

function* pause(): Green<void> {
  yield* sleep(0)
}

function assert(condition: boolean, message: string): void {
  if (!condition) throw new Error(message)
}

/** Each of `count` greenlets adds 1, with a pause between reading and writing; or under a lock. */
function deposits(count: number, locked: boolean): Body {
  return function* (t): Green<void> {
    const account = t.shared({ balance: 0 }, 'account')
    const lock = new Semaphore(1)
    function* deposit(): Green<void> {
      const before = account.balance
      yield* pause()
      account.balance = before + 1
    }
    yield* joinall(Array.from({ length: count }, () => (locked ? spawn(() => lock.with(deposit)) : spawn(deposit))))
    assert(account.balance === count, `balance: ${account.balance}`)
  }
}

/** Two book the only seat. */
function booking(again: boolean): Body {
  return function* (t): Green<void> {
    const seat = t.shared({ free: true }, 'seat')
    const tickets = t.shared<string[]>([], 'tickets')
    const isSold = (): boolean => !seat.free
    function* book(who: string): Green<void> {
      if (isSold()) return
      yield* sleep(5) // the bank says yes
      if (again && isSold()) return
      seat.free = false
      tickets.push(who)
    }
    yield* joinall([spawn(book, 'Ann'), spawn(book, 'Bob')])
    assert(tickets.length === 1, `sold to ${tickets.join(' and ')}`)
  }
}

/**
 * A circle of transfers: each takes its own lock and then the next one's, or the lower one first.
 *
 * @param bystanders - greenlets beside them that take three turns each and touch nothing.
 * @param late - turns that the last one lets pass first, so that in production's order the first is through by then.
 */
export function transfers(count: number, ordered: boolean, bystanders = 0, late = 0): Body {
  return function* (): Green<void> {
    const locks = Array.from({ length: count }, () => new Semaphore(1))
    function* transfer(from: number, to: number): Green<void> {
      if (to === 0) yield* walk(late)
      const [first, second] = ordered && to < from ? [to, from] : [from, to]
      yield* locks[first]?.acquire() ?? pause()
      yield* locks[second]?.acquire() ?? pause()
      locks[second]?.release()
      locks[first]?.release()
    }
    function* walk(turns: number): Green<void> {
      for (let turn = 0; turn < turns; turn++) yield* pause()
    }
    const all = locks.map((_, from) => spawn(transfer, from, (from + 1) % count))
    for (let one = 0; one < bystanders; one++) spawn(walk, 3)
    yield* joinall(all)
  }
}

/** Letters are announced by an event, which is cleared behind the reading, or before it. */
function announced(clearFirst: boolean): Body {
  return function* (t): Green<void> {
    const letters = t.shared<string[]>([], 'letters')
    const arrived = new Event()
    function send(letter: string): void {
      letters.push(letter)
      arrived.set()
    }
    function* read(): Green<void> {
      for (let left = 2; left > 0; ) {
        yield* arrived.wait()
        if (clearFirst) arrived.clear()
        left -= letters.splice(0).length
        yield* pause() // reads them
        if (!clearFirst) arrived.clear()
      }
    }
    yield* joinall([spawn(read), spawn(send, 'one'), spawn(send, 'two')])
  }
}

/** A condition by hand: who waits stands in a list, before it releases the lock, or later. */
function conditionByHand(enlistFirst: boolean): Body {
  return function* (t): Green<void> {
    const door = t.shared({ open: false }, 'door')
    const waiters = t.shared<AsyncResult<void>[]>([], 'waiters')
    const lock = new Semaphore(1)
    function* wait(): Green<void> {
      const turn = new AsyncResult<void>()
      if (enlistFirst) waiters.push(turn)
      lock.release()
      yield* pause() // tells that it waits
      if (!enlistFirst) waiters.push(turn)
      yield* turn.get()
      yield* lock.acquire()
    }
    function* guest(): Green<void> {
      yield* lock.acquire()
      while (!door.open) yield* wait()
      lock.release()
    }
    function* host(): Green<void> {
      yield* lock.acquire()
      door.open = true
      waiters.shift()?.set()
      lock.release()
    }
    yield* joinall([spawn(guest), spawn(host)])
  }
}

/** The acquire stands in the `try`, so a killed one releases what it never had; or before it. */
function releasedUnacquired(before: boolean): Body {
  return function* (t): Green<void> {
    const room = t.shared({ inside: 0 }, 'room')
    const semaphore = new Semaphore(1)
    function* stay(): Green<void> {
      room.inside++
      try {
        yield* pause()
      } finally {
        room.inside--
      }
    }
    function* visit(): Green<void> {
      if (before) yield* semaphore.acquire()
      try {
        if (!before) yield* semaphore.acquire()
        yield* stay()
      } finally {
        semaphore.release()
      }
    }
    t.invariant(() => room.inside <= 1, 'one at a time')
    yield* semaphore.acquire()
    const [bob, cyd] = [spawn(visit), spawn(visit)]
    yield* pause()
    bob.kill()
    yield* stay()
    semaphore.release()
    yield* joinall([bob, cyd])
  }
}

/** An acquire that is out of time is followed by a release all the same. */
function releasedLate(checked: boolean): Body {
  return function* (): Green<void> {
    const semaphore = new Semaphore(1)
    function* visit(): Green<void> {
      const got = yield* semaphore.acquire({ timeoutMs: 5 })
      if (checked && !got) return
      try {
        yield* sleep(10)
      } finally {
        semaphore.release()
      }
    }
    yield* joinall([spawn(visit), spawn(visit)])
    assert(semaphore.counter === 1, `${semaphore.counter} permits of 1`)
  }
}

/** A consumer is killed between taking an item and being done with it. */
function consumerKilled(putBack: boolean): Body {
  return function* (t): Green<void> {
    const jobs = new Queue<string>(null, ['one', 'two'])
    const done = t.shared<string[]>([], 'done')
    function* work(job: string): Green<void> {
      yield* pause()
      done.push(job)
    }
    function* consume(): Green<void> {
      for (;;) {
        const job = yield* jobs.get()
        let finished = false
        try {
          yield* work(job)
          finished = true
        } finally {
          if (!finished && putBack) jobs.putNowait(job)
        }
      }
    }
    const consumer = spawn(consume)
    yield* pause()
    yield* consumer.kill()
    assert(done.length + jobs.size === 2, `done: ${done.length}, left: ${jobs.size}, of 2`)
  }
}

/** A limit and what it limits are due at the same time. */
function timerTie(workMs: number): Body {
  return function* (t): Green<void> {
    const answer = t.shared({ came: false }, 'answer')
    const server = spawn(function* () {
      yield* sleep(workMs)
      answer.came = true
    })
    yield* withTimeout({ ms: 10, timeoutValue: undefined }, () => server.join())
    assert(answer.came, 'no answer in time')
  }
}

/** The object is seen before it is whole. */
function checkedTwice(whole: boolean): Body {
  return function* (t): Green<void> {
    const box = t.shared<{ config: { loaded: boolean } | null }>({ config: null }, 'box')
    const lock = new Semaphore(1)
    function* load(): Green<{ loaded: boolean }> {
      const config = { loaded: false }
      if (!whole) box.config = config
      yield* pause()
      if (whole) config.loaded = true
      else if (box.config !== null) box.config.loaded = true
      return config
    }
    function* instance(): Green<{ loaded: boolean } | null> {
      if (box.config === null) {
        yield* lock.with(function* () {
          if (box.config === null) {
            const config = yield* load()
            if (whole) box.config = config
          }
        })
      }
      return box.config
    }
    function* use(): Green<void> {
      const config = yield* instance()
      assert(config?.loaded === true, 'it is not loaded yet')
    }
    yield* joinall([spawn(use), spawn(use)], { raiseError: true })
  }
}

/** A stack without a lock: the head is replaced if it is still what it was, or if nothing has changed since. */
function stackWithoutLock(counted: boolean): Body {
  return function* (t): Green<void> {
    // a on b on c
    const stack = t.shared<{ head: string | null; changes: number }>({ head: 'a', changes: 0 }, 'stack')
    const below = t.shared<Record<string, string | null>>({ a: 'b', b: 'c', c: null }, 'below')
    const given = t.shared<string[]>([], 'given')
    function* pop(): Green<string | null> {
      for (;;) {
        const { head, changes } = stack
        if (head === null) return null
        const next = below[head] ?? null
        yield* pause()
        if (stack.head !== head || (counted && stack.changes !== changes)) continue
        stack.head = next
        stack.changes++
        return head
      }
    }
    function push(node: string): void {
      below[node] = stack.head
      stack.head = node
      stack.changes++
    }
    function* slow(): Green<void> {
      given.push((yield* pop()) ?? 'none')
      given.push((yield* pop()) ?? 'none')
    }
    function* quick(): Green<void> {
      const first = (yield* pop()) ?? 'none'
      given.push((yield* pop()) ?? 'none')
      if (first !== 'none') push(first)
    }
    yield* joinall([spawn(slow), spawn(quick)])
    const twice = given.filter((node, at) => node !== 'none' && given.indexOf(node) < at)
    assert(twice.length === 0, `given twice: ${twice.join()}`)
  }
}

/** A lock is not released when its holder is killed. */
function forgottenFinally(remembered: boolean): Body {
  return function* (): Green<void> {
    const lock = new Semaphore(1)
    function* update(): Green<void> {
      yield* lock.acquire()
      yield* pause()
      lock.release()
    }
    const worker = spawnWith({ name: 'worker' }, () => (remembered ? lock.with(pause) : update()))
    yield* pause()
    worker.kill()
    yield* lock.acquire()
  }
}

/** Two who give way to each other. */
function polite(locked: boolean): Body {
  return function* (t): Green<void> {
    const wants = t.shared({ ann: false, bob: false }, 'wants')
    const lock = new Semaphore(1)
    function* pass(me: 'ann' | 'bob', other: 'ann' | 'bob'): Green<void> {
      for (;;) {
        wants[me] = true
        yield* pause()
        if (!wants[other]) break
        yield* pause() // sees that the other one wants to pass, too
        wants[me] = false
        yield* pause()
      }
      wants[me] = false
    }
    const [one, two] = [() => pass('ann', 'bob'), () => pass('bob', 'ann')]
    yield* joinall(locked ? [spawn(() => lock.with(one)), spawn(() => lock.with(two))] : [spawn(one), spawn(two)])
  }
}

/** A worker is told to stop while it looks elsewhere. */
function notStopped(shutDown: boolean): Body {
  return function* (t): Green<void> {
    const server = t.shared({ running: true }, 'server')
    const jobs = new Queue<string>()
    spawnWith({ name: 'worker' }, function* () {
      try {
        while (server.running) yield* jobs.get()
      } catch (error) {
        if (!(error instanceof ShutDown)) throw error
      }
    })
    yield* jobs.put('one')
    server.running = false
    if (shutDown) jobs.shutdown()
  }
}

/** Money is on its way. */
function moneyOnItsWay(atOnce: boolean): Body {
  return function* (t): Green<void> {
    const bank = t.shared({ ann: 50, bob: 50 }, 'bank')
    t.invariant(() => bank.ann + bank.bob === 100, 'no money is lost')
    function* transfer(amount: number): Green<void> {
      bank.ann -= amount
      if (!atOnce) yield* pause()
      bank.bob += amount
      yield* pause()
    }
    yield* joinall([spawn(transfer, 10), spawn(transfer, -10)])
  }
}

/** Two in the critical section, of which the test says that no schedule comes there. */
function bothInside(locked: boolean): Body {
  return function* (t): Green<void> {
    const room = t.shared({ inside: 0 }, 'room')
    const lock = new Semaphore(1)
    function* stay(): Green<void> {
      room.inside++
      t.unreachable('two in the room', room.inside > 1)
      yield* pause()
      room.inside--
    }
    yield* joinall(locked ? [spawn(() => lock.with(stay)), spawn(() => lock.with(stay))] : [spawn(stay), spawn(stay)], {
      raiseError: true,
    })
  }
}

/** Nobody reads how the loser ends. */
function unreadFailure(read: boolean): Body {
  return function* (t): Green<void> {
    const seat = t.shared({ free: true }, 'seat')
    function* book(): Green<void> {
      yield* pause()
      assert(seat.free, 'sold out')
      seat.free = false
    }
    const [ann, bob] = [spawn(book), spawn(book)]
    yield* joinall([ann, bob])
    if (!read) return
    try {
      yield* joinall([ann, bob], { raiseError: true })
      throw new Error('sold twice')
    } catch (error) {
      assert(String(error) === 'Error: sold out', String(error))
    }
  }
}

export const BUGS: readonly Bug[] = [
  {
    title: 'a lost update of two',
    kind: 'error',
    says: 'Error: balance: 1',
    wrong: deposits(2, false),
    right: deposits(2, true),
  },
  {
    title: 'a lost update of three',
    kind: 'error',
    says: 'Error: balance: 2',
    wrong: deposits(3, false),
    right: deposits(3, true),
    isLarge: true,
  },
  {
    title: 'a seat that is checked first and taken later',
    kind: 'error',
    says: 'Error: sold to Ann and Bob',
    wrong: booking(false),
    right: booking(true),
  },
  {
    title: 'two locks in two orders',
    kind: 'deadlock',
    says: 'LoopExit: main waits in joinall() for "transfer-2", "transfer-3", and nothing is left that could wake it',
    wrong: transfers(2, false),
    right: transfers(2, true),
  },
  {
    title: 'three locks in a circle',
    kind: 'deadlock',
    says: 'LoopExit: main waits in joinall() for "transfer-2", "transfer-3", "transfer-4", and nothing is left that could wake it',
    wrong: transfers(3, false),
    right: transfers(3, true),
    isLarge: true,
  },
  {
    title: 'two locks in two orders, and two bystanders',
    kind: 'deadlock',
    says: 'LoopExit: main waits in joinall() for "transfer-2", "transfer-3", and nothing is left that could wake it',
    wrong: transfers(2, false, 2),
    right: transfers(2, true, 2),
    isLarge: true,
  },
  {
    title: 'an event that is cleared behind the work',
    kind: 'deadlock',
    says: 'LoopExit: main waits in joinall() for "read-2", and nothing is left that could wake it',
    wrong: announced(false),
    right: announced(true),
  },
  {
    title: 'a condition by hand that lets go of the lock before it stands in line',
    kind: 'deadlock',
    says: 'LoopExit: main waits in joinall() for "guest-2", and nothing is left that could wake it',
    wrong: conditionByHand(false),
    right: conditionByHand(true),
  },
  {
    title: 'a permit released that a killed one never had',
    kind: 'invariant',
    says: 'An invariant does not hold: one at a time',
    wrong: releasedUnacquired(false),
    right: releasedUnacquired(true),
    isLarge: true,
  },
  {
    title: 'a permit released that did not come in time',
    kind: 'error',
    says: 'Error: 2 permits of 1',
    wrong: releasedLate(false),
    right: releasedLate(true),
  },
  {
    title: 'a consumer killed between get and done',
    kind: 'error',
    says: 'Error: done: 0, left: 1, of 2',
    wrong: consumerKilled(false),
    right: consumerKilled(true),
  },
  {
    title: 'a time limit that is as long as what it limits',
    kind: 'error',
    says: 'Error: no answer in time',
    wrong: timerTie(10),
    right: timerTie(9),
  },
  {
    title: 'a double check that sees what is not whole yet',
    kind: 'error',
    says: 'Error: it is not loaded yet',
    wrong: checkedTwice(false),
    right: checkedTwice(true),
  },
  {
    title: 'a stack whose head is the same again (ABA)',
    kind: 'error',
    says: 'Error: given twice: b',
    wrong: stackWithoutLock(false),
    right: stackWithoutLock(true),
  },
  {
    title: 'a release that stands in no finally',
    kind: 'deadlock',
    says: 'LoopExit: main waits in semaphore.acquire(), and nothing is left that could wake it',
    wrong: forgottenFinally(false),
    right: forgottenFinally(true),
  },
  {
    title: 'two who give way to each other for ever',
    kind: 'steps',
    says: 'No progress: 100 steps were taken, and the schedule does not come to an end.',
    wrong: polite(false),
    right: polite(true),
    maxSteps: 100,
  },
  {
    title: 'a worker that is not woken to stop',
    kind: 'leftover',
    says: 'main has ended, and greenlet "worker" is left over: nobody can end the wait any more.',
    wrong: notStopped(false),
    right: notStopped(true),
  },
  {
    title: 'a sum that is wrong in between',
    kind: 'invariant',
    says: 'An invariant does not hold: no money is lost',
    wrong: moneyOnItsWay(false),
    right: moneyOnItsWay(true),
  },
  {
    title: 'two where the test says that there is one',
    kind: 'unreachable',
    says: 'A place was reached that no schedule should reach: two in the room.',
    wrong: bothInside(false),
    right: bothInside(true),
  },
  {
    title: 'a failure that nobody reads',
    kind: 'unread',
    says: 'Error: sold out',
    wrong: unreadFailure(false),
    right: unreadFailure(true),
  },
]
