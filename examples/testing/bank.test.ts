import { joinall, sleep, spawn } from 'greenloop'
import { recorder } from 'greenloop/testing'
import { expect, it } from 'greenloop/testing/vitest'
import { describe } from 'vitest'
import { Account, InsufficientFunds, payInterest, transfer } from './bank.ts'

// One run, in the order of production, on a clock of its own: a month takes no time.
describe('interest', () => {
  it.green('is paid once a day', function* (t) {
    const account = new Account(1, { balance: 10_000 })
    t.daemon(spawn(payInterest, account, 1)) // it goes on for ever, and may be left over
    yield* sleep(30 * 24 * 3_600_000 + 1000)
    expect(account.balance).toBe(13_466)
  })
})

// Every schedule there is. `tracked`: of those that differ in nothing that `t.shared` or a lock can tell apart, one is enough.
//
// What is printed when one fails stands in README.md: have `transfer` take its locks in the order of its arguments.
describe('transfers', () => {
  it.explore('lose nothing, and never wait for each other in a circle', { independence: 'tracked' }, function* (t) {
    const one = new Account(1, t.shared({ balance: 100 }, 'one'))
    const other = new Account(2, t.shared({ balance: 100 }, 'other'))

    yield* joinall([spawn(transfer, one, other, 30), spawn(transfer, other, one, 50)], { raiseError: true })

    expect([one.balance, other.balance]).toEqual([120, 80])
  })

  it.explore('refuse what is not there, whoever comes first', { independence: 'tracked' }, function* (t) {
    const [one, other] = [new Account(1, t.shared({ balance: 50 })), new Account(2, t.shared({ balance: 0 }))]
    const refused = recorder()
    function* order(amount: number) {
      try {
        yield* transfer(one, other, amount)
      } catch (err) {
        if (!(err instanceof InsufficientFunds)) throw err
        refused(String(amount))
      }
    }

    yield* joinall([spawn(order, 30), spawn(order, 40)], { raiseError: true })

    // Either may come first, and each does in some schedule; two at once are in none.
    t.reachable('the first is refused', refused.entries[0] === '30')
    t.reachable('the second is refused', refused.entries[0] === '40')
    expect(refused.entries.length).toBe(1)
    expect(one.balance + other.balance).toBe(50)
  })
})
