/** The code under test: accounts, and transfers between them by as many greenlets as you like. */
import { BoundedSemaphore, type Green, sleep } from 'greenloop'

export class InsufficientFunds extends Error {
  override name = 'InsufficientFunds'
}

/** What an account must remember, in a store that takes its time. */
export interface Record {
  balance: number
}

export class Account {
  readonly number: number
  readonly lock: BoundedSemaphore = new BoundedSemaphore(1)
  readonly #record: Record

  /** @param record - made by the caller, so that a test can track it. */
  constructor(number: number, record: Record) {
    this.number = number
    this.#record = record
  }

  /** What the account has now. Nobody waits for it: whoever is in the middle of a change holds the lock. */
  get balance(): number {
    return this.#record.balance
  }

  /** Changes the balance. The caller holds the lock: others run between the reading and the writing. */
  *change(amount: number): Green<void> {
    const { balance } = this.#record
    yield* sleep(5) // the store takes its time
    if (balance + amount < 0) throw new InsufficientFunds(`account ${String(this.number)} has ${String(balance)}`)
    this.#record.balance = balance + amount
  }
}

/** Moves an amount, or nothing at all. */
export function* transfer(from: Account, to: Account, amount: number): Green<void> {
  // Always in the order of their numbers: two transfers in opposite directions would else wait for each other.
  const [first, second] = from.number < to.number ? [from, to] : [to, from]
  using _first = yield* first.lock.hold()
  using _second = yield* second.lock.hold()
  yield* from.change(-amount)
  yield* to.change(amount)
}

/** Pays interest once a day, for as long as it lives. */
export function* payInterest(account: Account, percent: number): Green<never> {
  for (;;) {
    yield* sleep(24 * 3_600_000)
    using _ = yield* account.lock.hold()
    yield* account.change(Math.floor((account.balance * percent) / 100))
  }
}
