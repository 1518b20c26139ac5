/**
 * Programs with a mistake in their schedule; a file of their own, so that the lines in the pictures stay.
 */
import { Event, type Green, joinall, Semaphore, sleep, spawn, spawnWith, withTimeout } from 'greenloop'
import type { ScheduleContext } from 'greenloop/testing'
import { expect } from 'vitest'

/** Two deposits, of which one is lost. */
export function* lostUpdate(t: ScheduleContext): Green<void> {
  const account = t.shared({ balance: 0 }, 'account')
  function* deposit() {
    const before = account.balance
    yield* sleep(0)
    account.balance = before + 1
  }
  yield* joinall([spawn(deposit), spawn(deposit)])
  expect(account.balance).toBe(2)
}

/** Two locks, taken in two orders. */
export function* lockOrder(): Green<void> {
  const [a, b] = [new Semaphore(1), new Semaphore(1)]
  function* transfer(first: Semaphore, second: Semaphore) {
    yield* first.acquire()
    yield* second.acquire()
    second.release()
    first.release()
  }
  yield* joinall([spawnWith({ name: 'east' }, transfer, a, b), spawnWith({ name: 'west' }, transfer, b, a)])
}

/** Two who wait for each other by asking again and again. */
export function* spinners(): Green<void> {
  const done = new Event()
  function* ask() {
    while (!done.isSet()) yield* sleep(0)
  }
  spawn(ask)
  yield* spawn(ask).join()
}

/** A time limit that comes before the end of what it limits. */
export function* tooLate(): Green<void> {
  yield* withTimeout(10, function* slow() {
    yield* sleep(20)
  })
}

/** One is left over. */
export function* leftOver(): Green<void> {
  spawnWith({ name: 'reader' }, function* read() {
    yield* new Event().wait()
  })
  yield* sleep(5)
}

/** One fails, and nobody looks. */
export function* unread(): Green<void> {
  spawnWith({ name: 'writer' }, function* write() {
    yield* sleep(1)
    throw new RangeError('the disk is full')
  })
  yield* sleep(1500)
}

/** Two in a room for one. */
export function* crowded(t: ScheduleContext): Green<void> {
  const room = t.shared({ people: 0 }, 'room')
  t.invariant(() => room.people < 2, 'one at a time')
  function* visit() {
    room.people++
    t.mark('inside')
    yield* sleep(0)
    room.people--
  }
  yield* joinall([spawn(visit), spawn(visit)])
}
