// The patched dns: each function is an operation when the callback is missing, Node's own call when it is there.
import dns from 'node:dns'
import { promisify } from 'node:util'
import { GreenletExit, run, spawn, UsageError } from 'greenloop'
import * as monkey from 'greenloop/monkey'
import { dns as green } from 'greenloop/net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { opened } from '../net/dns/open.ts'
import { type NameServer, nameServer, TTL } from '../net/dns/server.ts'
import { eventually } from '../net/support.ts'
import { checkLeaks } from '../support/leaks.ts'
import { message, rejection, thrown, usage } from '../support/thrown.ts'

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

const TABLE = {
  here: {
    A: ['192.0.2.1'],
    AAAA: ['2001:db8::1'],
    MX: [{ preference: 10, exchange: 'mx.here' }],
    TXT: [['v=spf1', '-all']],
  },
  'silent.here': 'silence',
  '1.2.0.192.in-addr.arpa': { PTR: ['here'] },
} as const
const ELSEWHERE = { here: { A: ['192.0.2.9'] } } as const

describe('resolve() and its kin', () => {
  const machine = dns.getServers()
  let server: NameServer
  beforeEach(async () => {
    server = await nameServer(TABLE)
    dns.setServers([server.address])
  })
  afterEach(() => {
    dns.setServers(machine)
  })

  it('without a callback are driven, and give what the callback would be given', async () => {
    await run(function* () {
      expect(yield* dns.resolve4('here')).toEqual(['192.0.2.1'])
      expect(yield* dns.resolve4('here', { ttl: true })).toEqual([{ address: '192.0.2.1', ttl: TTL }])
      expect(yield* dns.resolve6('here')).toEqual(['2001:db8::1'])
      expect(yield* dns.resolve('here')).toEqual(['192.0.2.1'])
      expect(yield* dns.resolve('here', 'MX')).toMatchObject([{ priority: 10, exchange: 'mx.here' }])
      expect(yield* dns.resolveTxt('here')).toEqual([['v=spf1', '-all']])
      expect(yield* dns.reverse('192.0.2.1')).toEqual(['here'])
      expect(yield* dns.lookupService('127.0.0.1', 65_000)).toMatchObject({ service: '65000' })
    })
  })

  it('with a callback are Node’s own', async () => {
    expect(await answerOf((callback) => dns.resolve4('here', callback))).toEqual([null, ['192.0.2.1']])
    expect(await answerOf((callback) => dns.resolve('here', 'MX', callback))).toMatchObject([
      null,
      [{ priority: 10, exchange: 'mx.here' }],
    ])
    const [error] = await answerOf((callback) => dns.resolve4('nobody.here', callback))
    expect(error).toMatchObject({ code: 'ENOTFOUND', syscall: 'queryA', hostname: 'nobody.here' })
  })

  it('throw what the callback would be given', async () => {
    expect(await rejection(dns.resolve4('nobody.here'))).toMatchObject({
      code: 'ENOTFOUND',
      syscall: 'queryA',
      hostname: 'nobody.here',
    })
  })

  it('a kill takes the question back', async () => {
    const closed = await opened()
    const victim = spawn(function* () {
      yield* dns.resolve4('silent.here')
    })
    await eventually('the server is asked', () => server.questions.length === 1)
    victim.kill()
    await victim.join()
    expect(victim.value).toBeInstanceOf(GreenletExit)
    await closed()
  })
})

describe('setServers() while patched', () => {
  const machine = dns.getServers()
  afterEach(() => {
    monkey.unpatchAll()
    dns.setServers(machine)
  })

  it('is followed by all forms, again and again, and the patch stays', async () => {
    const [one, two] = [await nameServer(TABLE), await nameServer(ELSEWHERE)]
    const patched = dns.resolve4
    for (const [server, address] of [
      [one, '192.0.2.1'],
      [two, '192.0.2.9'],
      [one, '192.0.2.1'],
    ] as const) {
      dns.setServers([server.address])
      expect(dns.resolve4).toBe(patched)
      expect(await dns.resolve4('here')).toEqual([address])
      expect(await answerOf((callback) => dns.resolve4('here', callback))).toEqual([null, [address]])
      expect(await dns.promises.resolve4('here')).toEqual([address])
    }
  })

  it('unpatchAll() leaves Node’s own, which ask the new servers', async () => {
    const server = await nameServer(ELSEWHERE)
    dns.setServers([server.address])
    const before = monkey.getOriginal('dns', 'resolve4')
    monkey.unpatchAll()
    expect(dns.resolve4).toBe(before)
    expect(dns.resolve4.name).toBe('bound queryA')
    expect(message(() => (dns.resolve4 as (name: string) => void)('here'))).toMatch(/^The "callback" argument must be/u)
    expect(await answerOf((callback) => dns.resolve4('here', callback))).toEqual([null, ['192.0.2.9']])
  })

  it('refuses what Node refuses, and nothing is changed by that', () => {
    const patched = dns.resolve4
    expect(message(() => dns.setServers(['nonsense']))).toBe('Invalid IP address: nonsense')
    expect(dns.resolve4).toBe(patched)
  })

  it('greenloop/net’s own setServers() is no other', async () => {
    const server = await nameServer(ELSEWHERE)
    const patched = dns.resolve4
    green.setServers([server.address])
    expect(dns.resolve4).toBe(patched)
    expect(await dns.resolve4('here')).toEqual(['192.0.2.9'])
    expect(await green.resolve4('here')).toEqual(['192.0.2.9'])
  })
})

describe('a Resolver of Node’s', () => {
  async function resolverOf(table: Parameters<typeof nameServer>[0]): Promise<[dns.Resolver, NameServer]> {
    const server = await nameServer(table)
    const resolver = new dns.Resolver()
    resolver.setServers([server.address])
    return [resolver, server]
  }

  it('has the same forms, which ask its own servers', async () => {
    const [resolver] = await resolverOf(ELSEWHERE)
    await run(function* () {
      expect(yield* resolver.resolve4('here')).toEqual(['192.0.2.9'])
      expect(yield* resolver.resolve4('here', { ttl: true })).toEqual([{ address: '192.0.2.9', ttl: TTL }])
      expect(yield* resolver.resolve('here')).toEqual(['192.0.2.9'])
      expect(yield* resolver.resolve('here', 'A')).toEqual(['192.0.2.9'])
      expect(yield* resolver.resolve('here', undefined)).toEqual(['192.0.2.9']) // which Node would refuse
    })
    expect(await answerOf((callback) => resolver.resolve4('here', callback))).toEqual([null, ['192.0.2.9']])
    expect(await rejection(resolver.resolve6('here'))).toMatchObject({ code: 'ENODATA' })
  })

  it('a kill takes the question back, also the second one, and one after an answer', async () => {
    const [resolver, server] = await resolverOf(TABLE)
    const closed = await opened()
    const cancel = vi.spyOn(resolver, 'cancel')
    for (const times of [1, 2]) {
      expect(await resolver.resolve4('here')).toEqual(['192.0.2.1'])
      const asked = server.questions.length
      const victim = spawn(function* () {
        yield* resolver.resolve4('silent.here')
      })
      await eventually('the server is asked', () => server.questions.length > asked)
      victim.kill()
      await victim.join()
      expect(cancel).toHaveBeenCalledTimes(times)
      await closed()
    }
  })

  it('a kill leaves the questions of the others alone', async () => {
    const [resolver, server] = await resolverOf(TABLE)
    server.hold()
    const [one, two] = ['here', 'here'].map((name) =>
      spawn(function* () {
        return yield* resolver.resolve4(name)
      }),
    )
    await eventually('the server is asked', () => server.questions.length === 2)
    const cancel = vi.spyOn(resolver, 'cancel')
    one!.kill()
    await one!.join()
    expect(cancel).not.toHaveBeenCalled()
    server.release()
    expect(await two!.get()).toEqual(['192.0.2.1'])
  })

  it('so does it that of somebody with a callback', async () => {
    const [resolver, server] = await resolverOf(TABLE)
    server.hold()
    const answer = answerOf((callback) => resolver.resolve4('here', callback))
    const victim = spawn(function* () {
      yield* resolver.resolve4('here')
    })
    await eventually('the server is asked', () => server.questions.length === 2)
    victim.kill()
    await victim.join()
    server.release()
    expect(await answer).toEqual([null, ['192.0.2.1']])
  })

  it('cancel() ends the waits as it ends the callbacks', async () => {
    const [resolver, server] = await resolverOf(TABLE)
    const waiting = spawn(function* () {
      return yield* resolver.resolve4('silent.here')
    })
    await eventually('the server is asked', () => server.questions.length === 1)
    resolver.cancel()
    expect(await rejection(waiting.get())).toMatchObject({ code: 'ECANCELLED' })
  })

  it('wrong arguments are refused at the call, or by Node when it is driven', async () => {
    const resolver = new dns.Resolver()
    expect(usage(() => resolver.resolve4(5 as never))).toBe('resolve4() expects a name, but got 5 (number).')
    expect(usage(() => dns.Resolver.prototype.resolve4.call({} as never, 'here'))).toBe(
      'resolve4() belongs to a dns.Resolver, but was called on an Object.',
    )
    expect(await rejection(resolver.reverse('no address'))).toMatchObject({ code: 'EINVAL' })
    expect(await rejection(resolver.resolve('here', 'NONSENSE' as 'A'))).toMatchObject({
      code: 'ERR_INVALID_ARG_VALUE',
    })
  })
})
