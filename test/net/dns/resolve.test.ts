// resolve*() and reverse(): questions to a real name server; answers and errors as Node's own, and killed questions that end.
import dns from 'node:dns'
import { setTimeout as delay } from 'node:timers/promises'
import { type Green, GreenletExit, getHub, joinall, type Operation, run, spawn, Timeout, withTimeout } from 'greenloop'
import { dns as green } from 'greenloop/net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { messageOf, rejection, usage } from '../../support/thrown.ts'
import { catchUnhandled, eventually, killedIn } from '../support.ts'
import { opened } from './open.ts'
import { type NameServer, nameServer, TTL } from './server.ts'
import { shown, written } from './shown.ts'

checkLeaks()

const SOA = { mname: 'ns.here', rname: 'root.here', serial: 7, refresh: 1, retry: 2, expire: 3, minimum: 4 }
const NAPTR = { order: 1, preference: 2, flags: 's', services: 'SIP+D2U', regexp: '', replacement: '_sip.here' }

const TABLE = {
  here: {
    A: ['192.0.2.1', '192.0.2.2'],
    AAAA: ['2001:db8::1'],
    CAA: [{ flags: 0, tag: 'issue', value: 'ca.here' }],
    MX: [
      { preference: 10, exchange: 'mx1.here' },
      { preference: 20, exchange: 'mx2.here' },
    ],
    NAPTR: [NAPTR],
    NS: ['ns.here'],
    PTR: ['other.here'],
    SOA: [SOA],
    SRV: [{ priority: 1, weight: 2, port: 5060, target: 'sip.here' }],
    TXT: [['v=spf1', '-all'], ['text']],
  },
  'alias.here': { CNAME: ['here'] },
  'any.here': { A: ['192.0.2.3'], MX: [{ preference: 10, exchange: 'mx.here' }] },
  'broken.here': 'SERVFAIL',
  'closed.here': 'REFUSED',
  'silent.here': 'silence',
  '1.2.0.192.in-addr.arpa': { PTR: ['here'] },
} as const

const machine = dns.getServers()
let server: NameServer

beforeEach(async () => {
  server = await nameServer(TABLE)
  green.setServers([server.address])
})
afterEach(() => {
  dns.setServers(machine)
})

/** The names of both rooms that ask with one argument. */
type Method = Exclude<keyof typeof green & keyof typeof dns.promises, 'getServers' | 'setServers' | 'Resolver'>

/** Asks both. */
function both(method: Method, ...args: unknown[]): [Operation<unknown>, Promise<unknown>] {
  const call = (room: object): unknown => (Reflect.get(room, method) as (...given: unknown[]) => unknown)(...args)
  return [call(green) as Operation<unknown>, call(dns.promises) as Promise<unknown>]
}

describe('the answer is Node’s own', () => {
  const calls: [Method, ...unknown[]][] = [
    ['resolve', 'here'],
    ['resolve4', 'here'],
    ['resolve4', 'here', { ttl: true }],
    ['resolve4', 'here', { ttl: false }],
    ['resolve6', 'here'],
    ['resolve6', 'here', { ttl: true }],
    ['resolveAny', 'any.here'],
    ['resolveCaa', 'here'],
    ['resolveCname', 'alias.here'],
    ['resolveMx', 'here'],
    ['resolveNaptr', 'here'],
    ['resolveNs', 'here'],
    ['resolvePtr', 'here'],
    ['resolveSoa', 'here'],
    ['resolveSrv', 'here'],
    ['resolveTxt', 'here'],
    ['reverse', '192.0.2.1'],
    ...['A', 'AAAA', 'CAA', 'MX', 'NAPTR', 'NS', 'PTR', 'SOA', 'SRV', 'TXT'].map((type): [Method, string, string] => [
      'resolve',
      'here',
      type,
    ]),
    ['resolve', 'any.here', 'ANY'],
    ['resolve', 'alias.here', 'CNAME'],
  ]

  it.each(calls)('to %s(%s, %o)', async (method, ...args) => {
    const [ours, nodes] = both(method, ...args)
    const answer = await run(() => ours)
    expect(answer).toEqual(await nodes)
    expect(answer).not.toEqual([])
    expect(server.questions).toHaveLength(2)
  })

  it('and these are some of them', async () => {
    await run(function* () {
      expect(yield* green.resolve('here')).toEqual(['192.0.2.1', '192.0.2.2'])
      expect(yield* green.resolve6('here', { ttl: true })).toEqual([{ address: '2001:db8::1', ttl: TTL }])
      expect(yield* green.resolveMx('here')).toContainEqual(
        expect.objectContaining({ exchange: 'mx1.here', priority: 10 }),
      )
      expect(yield* green.resolveTxt('here')).toEqual([['v=spf1', '-all'], ['text']])
      expect(yield* green.reverse('192.0.2.1')).toEqual(['here'])
    })
  })
})

describe('the error is Node’s own', () => {
  const calls: [Method, string, string][] = [
    ['resolve4', 'nobody.here', 'ENOTFOUND'],
    ['resolveMx', 'nobody.here', 'ENOTFOUND'],
    ['resolve4', 'alias.here', 'ENODATA'],
    ['resolve6', 'broken.here', 'ESERVFAIL'],
    ['resolveTxt', 'closed.here', 'EREFUSED'],
    ['resolve4', 'two..dots', 'EBADNAME'],
    ['reverse', '192.0.2.9', 'ENOTFOUND'],
  ]

  it.each(calls)('of %s(%s): %s', async (method, name, code) => {
    const [ours, nodes] = both(method, name)
    const [error, nodesError] = await Promise.all([rejection(run(() => ours)), rejection(nodes)])
    expect(shown(error)).toEqual(shown(nodesError))
    expect(error).toMatchObject({ code, hostname: name })
  })
})

describe('the servers', () => {
  it('are those of the process, whoever sets them', async () => {
    expect([green.getServers(), dns.getServers()]).toEqual([[server.address], [server.address]])
    const other = await nameServer({ here: { A: ['192.0.2.7'] } })
    dns.setServers([other.address])
    expect(green.getServers()).toEqual([other.address])
    expect(await green.resolve4('here')).toEqual(['192.0.2.7'])
    green.setServers([server.address])
    expect(await dns.promises.resolve4('here')).toEqual(['192.0.2.1', '192.0.2.2'])
    expect(await green.resolve4('here')).toEqual(['192.0.2.1', '192.0.2.2'])
  })

  it('may be changed while a question is under way, which stays with its own', async () => {
    server.hold()
    const asking = spawn(green.resolve4, 'here')
    await eventually('the server is asked', () => server.questions.length === 1)
    const other = await nameServer({ here: { A: ['192.0.2.7'] } })
    green.setServers([other.address])
    expect(await green.resolve4('here')).toEqual(['192.0.2.7'])
    server.release()
    expect(await asking.get()).toEqual(['192.0.2.1', '192.0.2.2'])
  })

  it('are IP addresses', () => {
    for (const wrong of [['nowhere'], 'nowhere', [5], null]) {
      let said = ''
      try {
        dns.setServers(wrong as string[])
      } catch (error) {
        said = messageOf(error)
      }
      expect(usage(() => green.setServers(wrong as string[]))).toBe(
        `setServers() expects IP addresses, with a port or without: ['127.0.0.1', '[::1]:5353']. Node says: ${said}`,
      )
    }
    expect(green.getServers()).toEqual([server.address])
  })
})

describe('a question', () => {
  it('is a recipe: it is asked each time it is driven, and not before', async () => {
    const recipe = green.resolve4('here')
    await delay(5)
    expect(server.questions).toEqual([])
    expect(await recipe).toEqual(await recipe)
    expect(server.questions).toEqual(['A here', 'A here'])
  })

  it('lets others run while it waits', async () => {
    const order: string[] = []
    const asking = spawn(function* (): Green<void> {
      order.push('asks')
      yield* green.resolve4('here')
      order.push('knows')
    })
    const other = spawn(() => order.push('other'))
    await joinall([asking, other])
    expect(order).toEqual(['asks', 'other', 'knows'])
  })

  it('shows itself as it was written', () => {
    expect(written(green.resolveMx('here'))).toBe("resolveMx('here')")
    expect(written(green.resolve('here', 'AAAA'))).toBe("resolve6('here')")
    expect(written(green.reverse('::1'))).toBe("reverse('::1')")
  })

  it('that is wrong is refused at the call', () => {
    expect(usage(() => green.resolve4(5 as never))).toBe('resolve4() expects a host name, but got 5 (number).')
    expect(usage(() => green.resolveTxt(undefined as never))).toBe(
      'resolveTxt() expects a host name, but got undefined.',
    )
    expect(usage(() => green.resolve6('here', 5 as never))).toBe(
      'resolve6() expects its options as an object, such as { ttl: true }, but got 5 (number).',
    )
    expect(usage(() => green.resolve6('here', { ttl: 1 as never }))).toBe(
      'resolve6() expects `ttl` to be a boolean, but got 1 (number).',
    )
    expect(usage(() => green.reverse('here'))).toBe('reverse() expects an IP address, but got "here" (string).')
    expect(usage(() => green.reverse(4 as never))).toBe('reverse() expects an IP address, but got 4 (number).')
    expect(usage(() => green.resolve('here', 'WRONG'))).toMatch(
      /^resolve\(\) expects a type of record \(A, AAAA, ANY, CAA, CNAME, MX, NAPTR, NS, PTR, SOA, SRV,(?: TLSA,)? TXT\), but got "WRONG" \(string\)\.$/u,
    )
  })
})

describe('a question that is given up', () => {
  let nothingIsLeft: () => Promise<void>
  beforeEach(async () => {
    nothingIsLeft = await opened()
  })

  it('by a kill is taken back: its socket is closed', async () => {
    const unhandled = catchUnhandled()
    const victim = spawn(green.resolve4, 'silent.here')
    await eventually('it is asked', () => server.questions.length === 1)
    await victim.kill()
    expect(victim.value).toBeInstanceOf(GreenletExit)
    expect(getHub().outstanding).toBe(0)
    await nothingIsLeft()
    expect(unhandled).toEqual([])
  })

  it('before it was sent is, too', async () => {
    const victim = killedIn(green.resolve4('silent.here'))
    await victim.join()
    expect(getHub().outstanding).toBe(0)
    await nothingIsLeft()
  })

  it('by a timeout is, too', async () => {
    expect(await rejection(withTimeout(5, green.resolve4, 'silent.here'))).toBeInstanceOf(Timeout)
    await nothingIsLeft()
    expect(await green.resolve4('here')).toEqual(['192.0.2.1', '192.0.2.2']) // perhaps by the same socket's owner
  })

  it('leaves others alone: 200 ask at once, every other one is killed', async () => {
    const unhandled = catchUnhandled()
    server.hold()
    const asking = Array.from({ length: 200 }, () => spawn(green.resolve4, 'here'))
    await eventually('all are asked', () => server.questions.length === 200)
    const killed = asking.filter((_, index) => index % 2 === 0)
    const kept = asking.filter((_, index) => index % 2 === 1)
    for (const greenlet of killed) greenlet.kill()
    await joinall(killed)
    expect(kept.filter(({ dead }) => dead)).toEqual([])
    server.release()
    await joinall(kept)
    expect(new Set(kept.map(({ value }) => String(value)))).toEqual(new Set(['192.0.2.1,192.0.2.2']))
    expect(server.questions).toHaveLength(200)
    await nothingIsLeft()
    expect(unhandled).toEqual([])
  })
})
