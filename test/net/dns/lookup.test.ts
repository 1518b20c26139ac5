// lookup(): names to addresses by the machine's own means, and a wait for one that is given up.
import { pbkdf2 } from 'node:crypto'
import { promises } from 'node:dns'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { GreenletExit, getHub, joinall, run, spawn, Timeout, UsageError, withTimeout } from 'greenloop'
import { dns } from 'greenloop/net'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { message, rejection, thrown, usage } from '../../support/thrown.ts'
import { catchUnhandled, killedIn } from '../support.ts'
import { shown, written } from './shown.ts'

checkLeaks()

const { lookup, lookupService } = dns

/** Keeps a thread of Node's pool busy for a while. */
const derive = promisify(pbkdf2)

/** Top-level domains that end so are nobody's, by RFC 2606. */
const UNKNOWN = 'nobody.invalid'

describe('lookup()', () => {
  it('gives an address and its family; an address is its own answer', async () => {
    await run(function* () {
      expect(yield* lookup('127.0.0.1')).toEqual({ address: '127.0.0.1', family: 4 })
      expect(yield* lookup('::1')).toEqual({ address: '::1', family: 6 })
    })
  })

  it('finds this machine', async () => {
    const { address, family } = await lookup('localhost')
    expect([
      ['127.0.0.1', 4],
      ['::1', 6],
    ]).toContainEqual([address, family])
  })

  it('gives all addresses when it is asked for all', async () => {
    const all = await lookup('localhost', { all: true })
    expect(all.length).toBeGreaterThan(0)
    for (const { address, family } of all) expect(['127.0.0.1 4', '::1 6']).toContain(`${address} ${family}`)
    expect(await lookup('127.0.0.1', { all: true })).toEqual([{ address: '127.0.0.1', family: 4 }])
  })

  it('takes a family as a number, or in an object', async () => {
    const four = { address: '127.0.0.1', family: 4 }
    expect(await lookup('localhost', 4)).toEqual(four)
    expect(await lookup('localhost', { family: 4 })).toEqual(four)
    expect(await lookup('localhost', { family: 'IPv4' })).toEqual(four)
  })

  it('throws Node’s error for a name that nobody has', async () => {
    const error = (await rejection(run(() => lookup(UNKNOWN)))) as NodeJS.ErrnoException
    expect(['ENOTFOUND', 'EAI_AGAIN']).toContain(error.code)
    expect(error).toMatchObject({ syscall: 'getaddrinfo', hostname: UNKNOWN })
  })

  it('is a recipe: it can be driven again', async () => {
    const recipe = lookup('127.0.0.1')
    expect(await recipe).toEqual(await recipe)
  })

  it('lets others run while it waits', async () => {
    const order: string[] = []
    const asking = spawn(function* () {
      order.push('asks')
      yield* lookup('localhost')
      order.push('knows')
    })
    const other = spawn(() => order.push('other'))
    await joinall([asking, other])
    expect(order).toEqual(['asks', 'other', 'knows'])
  })

  it.each(['localhost', UNKNOWN])('of %s is given up at once by a kill; what comes later is dropped', async (name) => {
    const unhandled = catchUnhandled()
    const seen: number[] = []
    const victim = killedIn(lookup(name), () => seen.push(getHub().outstanding))
    await victim.join()
    expect(victim.value).toBeInstanceOf(GreenletExit)
    expect([...seen, getHub().outstanding]).toEqual([1, 0])
    await rejection(lookup('a'.repeat(64))) // a later one has its answer, in the pool of the same threads
    await delay(30)
    expect(unhandled).toEqual([])
  })

  it('is given up by a timeout, also when it has not come to its turn in the pool', async () => {
    const threads = Number(process.env['UV_THREADPOOL_SIZE'] ?? 4)
    const busy = Array.from({ length: threads }, () => derive('secret', 'salt', 50_000, 64, 'sha512'))
    expect(await rejection(withTimeout(1, lookup, 'localhost'))).toBeInstanceOf(Timeout)
    await Promise.all(busy)
  })

  const wrong: [unknown, string][] = [
    [5, '5 (number)'],
    [undefined, 'undefined'],
    [null, 'null'],
    ['', '"" (string)'],
    [{ hostname: 'localhost' }, 'an Object'],
    [new URL('http://localhost'), 'an URL'],
  ]

  it.each(wrong)('refuses the name %s at the call', (name, shown) => {
    const call = (): unknown => lookup(name as string)
    expect(thrown(call)).toBeInstanceOf(UsageError)
    expect(message(call)).toBe(`lookup() expects a host name, but got ${shown}.`)
  })

  const wrongOptions: [unknown, string][] = [
    [7, "lookup() expects `family` to be 0, 4, 6, 'IPv4' or 'IPv6', but got 7 (number)."],
    [{ family: 'IPv5' }, "lookup() expects `family` to be 0, 4, 6, 'IPv4' or 'IPv6', but got \"IPv5\" (string)."],
    ['IPv4', 'lookup() expects its options as an object, such as { family: 4, all: true }, but got "IPv4" (string).'],
    [{ all: 1 }, 'lookup() expects `all` to be a boolean, but got 1 (number).'],
    [{ verbatim: 'no' }, 'lookup() expects `verbatim` to be a boolean, but got "no" (string).'],
    [
      { order: 'random' },
      'lookup() expects `order` to be one of verbatim, ipv4first, ipv6first, but got "random" (string).',
    ],
    [
      { hints: 1e9 },
      'lookup() expects `hints` to be made of ADDRCONFIG, V4MAPPED and ALL, but got 1000000000 (number).',
    ],
    [{ hints: 'ALL' }, 'lookup() expects `hints` to be made of ADDRCONFIG, V4MAPPED and ALL, but got "ALL" (string).'],
  ]

  it.each(wrongOptions)('refuses the options %o at the call', (options, said) => {
    expect(usage(() => lookup('localhost', options as never))).toBe(said)
  })

  it('shows itself as it was written', () => {
    expect(written(lookup('localhost', 4))).toBe("lookup('localhost')")
  })

  it.each(['127.0.0.1', 'localhost', UNKNOWN, 'a..b', 'a'.repeat(64)])(
    'answers for %s what Node answers, error and all',
    async (name) => {
      const outcomes = await Promise.all([outcomeOf(run(() => lookup(name))), outcomeOf(promises.lookup(name))])
      expect(outcomes[0]).toEqual(outcomes[1])
    },
  )
})

/** An answer, or what an error shows and says. */
async function outcomeOf(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    return await promise
  } catch (error) {
    return shown(error)
  }
}

describe('lookupService()', () => {
  it('answers as Node does', async () => {
    const answer = await run(() => lookupService('127.0.0.1', 22))
    expect(answer).toEqual(await promises.lookupService('127.0.0.1', 22))
    expect(Object.keys(answer)).toEqual(['hostname', 'service'])
  })

  it('is given up at once by a kill', async () => {
    const victim = killedIn(lookupService('127.0.0.1', 22))
    await victim.join()
    expect(victim.value).toBeInstanceOf(GreenletExit)
    expect(getHub().outstanding).toBe(0)
  })

  it('refuses what is no address, and no port', () => {
    expect(usage(() => lookupService('localhost', 22))).toBe(
      'lookupService() expects an IP address, but got "localhost" (string).',
    )
    for (const [port, shown] of [
      [-1, '-1 (number)'],
      [65536, '65536 (number)'],
      [1.5, '1.5 (number)'],
      ['22', '"22" (string)'],
    ])
      expect(usage(() => lookupService('127.0.0.1', port as number))).toBe(
        `lookupService() expects \`port\` to be an integer from 0 to 65535, but got ${shown!}.`,
      )
  })

  it('shows itself as it was written', () => {
    expect(written(lookupService('::1', 22))).toBe("lookupService('::1', 22)")
  })
})
