// The patched dns.lookup: an operation when the callback is missing, Node's own call when it is there.
import dns from 'node:dns'
import { promisify } from 'node:util'
import { run, UsageError } from 'greenloop'
import * as monkey from 'greenloop/monkey'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { message, thrown } from '../support/thrown.ts'

checkLeaks()

const original = dns.lookup

beforeEach(() => {
  monkey.patchAll()
})
afterEach(() => {
  monkey.unpatchAll()
})

type Callback = (...answer: unknown[]) => void

/** What `call` answers by its callback. */
function answerOf(call: (callback: Callback) => unknown): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const limit = setTimeout(reject, 1000, new Error('The callback was never called.'))
    call((...answer) => {
      clearTimeout(limit)
      resolve(answer)
    })
  })
}

describe('without a callback', () => {
  it('it is driven by `yield*`', async () => {
    await run(function* () {
      expect(yield* dns.lookup('127.0.0.1')).toEqual({ address: '127.0.0.1', family: 4 })
      expect(yield* dns.lookup('localhost', 4)).toEqual({ address: '127.0.0.1', family: 4 })
      expect(yield* dns.lookup('127.0.0.1', { all: true })).toEqual([{ address: '127.0.0.1', family: 4 }])
    })
  })

  it('it is awaited by plain code', async () => {
    expect(await dns.lookup('127.0.0.1')).toEqual({ address: '127.0.0.1', family: 4 })
  })

  it('it refuses what is no name', () => {
    const call = (): unknown => dns.lookup(5 as unknown as string)
    expect(thrown(call)).toBeInstanceOf(UsageError)
    expect(message(call)).toBe('lookup() expects a host name, but got 5 (number).')
  })
})

describe('with a callback', () => {
  const calls: [string, (lookup: (...args: unknown[]) => unknown, callback: Callback) => unknown][] = [
    ['(name, callback)', (lookup, callback) => lookup('127.0.0.1', callback)],
    ['(name, family, callback)', (lookup, callback) => lookup('localhost', 4, callback)],
    ['(name, options, callback)', (lookup, callback) => lookup('localhost', { family: 4, all: true }, callback)],
    ['(name, null, callback)', (lookup, callback) => lookup('127.0.0.1', null, callback)],
    ['(name, undefined, callback)', (lookup, callback) => lookup('127.0.0.1', undefined, callback)],
    // What a function that passes its own (host, options, callback) on makes of (host, callback).
    ['(name, callback, undefined)', (lookup, callback) => lookup('127.0.0.1', callback, undefined)],
  ]

  it.each(calls)('%s answers as before', async (_, call) => {
    const patched = await answerOf((callback) => call(dns.lookup as never, callback))
    const node = await answerOf((callback) => call(original as never, callback))
    expect(patched).toEqual(node)
    expect(patched[0]).toBeNull()
  })

  it('an error is the first argument, as before', async () => {
    const [error] = await answerOf((callback) => dns.lookup('nobody.invalid', callback))
    expect(['ENOTFOUND', 'EAI_AGAIN']).toContain((error as NodeJS.ErrnoException).code)
  })

  it('wrong arguments are refused by Node, as before', () => {
    const wrong: unknown[][] = [
      [5, () => undefined],
      ['localhost', 7, () => undefined],
      ['localhost', 'wrong', () => undefined],
    ]
    for (const args of wrong) {
      const told = [dns.lookup, original].map((lookup) =>
        message(() => (lookup as (...args: unknown[]) => unknown)(...args)),
      )
      expect(told[0]).toBe(told[1])
    }
  })

  it('it returns Node’s request', async () => {
    let request: unknown
    await answerOf((callback) => {
      request = (dns.lookup as (...args: unknown[]) => unknown)('localhost', callback)
    })
    expect(request).toMatchObject({ hostname: 'localhost' })
  })
})

it('promisify(dns.lookup) works as before', async () => {
  // eslint-disable-next-line @typescript-eslint/no-misused-promises -- of its forms promisify takes the one with a callback
  const lookup = promisify(dns.lookup)
  expect(await lookup('127.0.0.1')).toEqual({ address: '127.0.0.1', family: 4 })
  expect(await lookup('127.0.0.1', { all: true })).toEqual([{ address: '127.0.0.1', family: 4 }])
})

it('dns.promises is not touched', async () => {
  expect(await dns.promises.lookup('127.0.0.1')).toEqual({ address: '127.0.0.1', family: 4 })
})
