// config.resolver: lookup() by name servers without a thread, by a function, and the same for what connects by name.
import dgram from 'node:dgram'
import dns from 'node:dns'
import net from 'node:net'
import os, { hostname, type NetworkInterfaceInfo } from 'node:os'
import {
  config,
  type Green,
  GreenletExit,
  getHub,
  type NameResolver,
  run,
  sleep,
  spawn,
  Timeout,
  withTimeout,
} from 'greenloop'
import { connect, dns as green } from 'greenloop/net'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { lookupFunction } from '../../../src/net/dns/lookup.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { messageOf, rejection } from '../../support/thrown.ts'
import { catchUnhandled, eventually, listen } from '../support.ts'
import { opened } from './open.ts'
import { type NameServer, nameServer } from './server.ts'
import { shown } from './shown.ts'

checkLeaks()

const { lookup } = green
const machine = dns.getServers()
const order = dns.getDefaultResultOrder()

afterEach(() => {
  config.resolver = 'thread'
  dns.setServers(machine)
  dns.setDefaultResultOrder(order)
})

const TABLE = {
  'both.here': { A: ['192.0.2.1', '192.0.2.2'], AAAA: ['2001:db8::1'] },
  'four.here': { A: ['192.0.2.4'] },
  'six.here': { AAAA: ['2001:db8::6'] },
  'empty.here': { TXT: ['no address'] },
  'broken.here': 'SERVFAIL',
  'silent.here': 'silence',
  'loop.here': { A: ['127.0.0.1'] },
} as const

/** Chooses the name servers, of which there is one. */
async function ares(): Promise<NameServer> {
  const server = await nameServer(TABLE)
  green.setServers([server.address])
  config.resolver = 'ares'
  return server
}

const [V4A, V4B, V6] = [
  { address: '192.0.2.1', family: 4 },
  { address: '192.0.2.2', family: 4 },
  { address: '2001:db8::1', family: 6 },
]

describe("lookup() with 'ares'", () => {
  it('asks the name servers for both families at once', async () => {
    const server = await ares()
    expect(await run(() => lookup('both.here'))).toEqual(V4A)
    expect([...server.questions].sort()).toEqual(['A both.here', 'AAAA both.here'])
  })

  it('gives all addresses in the order that is asked for: IPv4 first unless it is said otherwise', async () => {
    await ares()
    const all = { all: true } as const
    await run(function* () {
      expect(yield* lookup('both.here', all)).toEqual([V4A, V4B, V6])
      expect(yield* lookup('both.here', { ...all, order: 'verbatim' })).toEqual([V4A, V4B, V6])
      expect(yield* lookup('both.here', { ...all, order: 'ipv6first' })).toEqual([V6, V4A, V4B])
      expect(yield* lookup('both.here', { ...all, verbatim: true })).toEqual([V4A, V4B, V6])
      expect(yield* lookup('both.here', { verbatim: false })).toEqual(V4A)
      dns.setDefaultResultOrder('ipv6first')
      expect(yield* lookup('both.here')).toEqual(V6)
      expect(yield* lookup('both.here', { order: 'ipv4first' })).toEqual(V4A)
    })
  })

  it('asks only for the family that is asked for', async () => {
    const server = await ares()
    expect(await lookup('both.here', 6)).toEqual(V6)
    expect(await lookup('both.here', { family: 'IPv4', all: true })).toEqual([V4A, V4B])
    expect(server.questions).toEqual(['AAAA both.here', 'A both.here'])
  })

  it('is content with one family', async () => {
    await ares()
    expect(await lookup('four.here')).toEqual({ address: '192.0.2.4', family: 4 })
    expect(await lookup('six.here')).toEqual({ address: '2001:db8::6', family: 6 })
  })

  it.each([
    ['IPv4', ['A both.here']],
    ['IPv6', ['AAAA both.here']],
    ['IPv4 IPv6', ['A both.here', 'AAAA both.here']],
    ['', ['A both.here', 'AAAA both.here']],
  ])('asks with ADDRCONFIG only for the family that the machine has addresses of: %s', async (families, questions) => {
    const server = await ares()
    const address = (family: string, internal: boolean) => ({ family, internal }) as NetworkInterfaceInfo
    const outside = families.split(' ').map((family) => address(family, false))
    vi.spyOn(os, 'networkInterfaces').mockReturnValue({
      lo: [address('IPv4', true), address('IPv6', true)],
      ...(families === '' ? {} : { eth0: outside }),
    })
    onTestFinished(() => void vi.restoreAllMocks())
    await lookup('both.here', { hints: dns.ADDRCONFIG })
    expect([...server.questions].sort()).toEqual(questions)
    await lookup('both.here')
    expect(server.questions).toHaveLength(questions.length + 2)
  })

  it('asks nobody for an address, which is its own answer, whatever the family', async () => {
    const server = await ares()
    for (const [address, options] of [
      ['127.0.0.1', {}],
      ['::1', { all: true }],
      ['127.0.0.1', { family: 6 }],
    ] as const) {
      expect(await lookup(address, options as never)).toEqual(await dns.promises.lookup(address, options))
    }
    expect(server.questions).toEqual([])
  })

  it('asks nobody for this machine, nor for what the hosts file knows', async () => {
    const server = await ares()
    expect(await lookup('localhost', 4)).toEqual({ address: '127.0.0.1', family: 4 })
    expect(await lookup('LocalHost.', 4)).toEqual({ address: '127.0.0.1', family: 4 })
    expect(await lookup('any.localhost', { all: true, order: 'verbatim' })).toEqual([
      { address: '127.0.0.1', family: 4 },
      { address: '::1', family: 6 },
    ])
    expect(server.questions).toEqual([])
  })

  it('throws the error that Node’s own lookup throws, for names that nobody has, and that have no address', async () => {
    await ares()
    for (const name of ['nobody.invalid', 'empty.here', 'two..dots']) {
      for (const family of [0, 4, 6]) {
        const error = await rejection(run(() => lookup(name, family)))
        const message = `getaddrinfo ENOTFOUND ${name}`
        expect(shown(error)).toEqual({
          errno: -3008,
          code: 'ENOTFOUND',
          syscall: 'getaddrinfo',
          hostname: name,
          message,
        })
      }
    }
    // The machine's own means say the same of a name that nobody can have.
    const theirs = await rejection(dns.promises.lookup('two..dots'))
    expect(shown(await rejection(run(() => lookup('two..dots'))))).toEqual(shown(theirs))
  })

  it('says EAI_AGAIN when no server knows, and what that one has said', async () => {
    await ares()
    const error = await rejection(run(() => lookup('broken.here')))
    expect(shown(error)).toEqual({
      errno: -3001,
      code: 'EAI_AGAIN',
      syscall: 'getaddrinfo',
      hostname: 'broken.here',
      message: 'getaddrinfo EAI_AGAIN broken.here',
    })
    expect((error as Error).cause).toMatchObject({ code: 'ESERVFAIL' })
  })

  it('is taken back by a kill, and by a timeout', async () => {
    const unhandled = catchUnhandled()
    const server = await ares()
    const nothingIsLeft = await opened()
    const victim = spawn(() => lookup('silent.here'))
    await eventually('it is asked', () => server.questions.length === 2)
    await victim.kill()
    expect(victim.value).toBeInstanceOf(GreenletExit)
    await nothingIsLeft()
    expect(await rejection(withTimeout(5, lookup, 'silent.here'))).toBeInstanceOf(Timeout)
    expect(getHub().outstanding).toBe(0)
    await nothingIsLeft()
    expect(unhandled).toEqual([])
  })
})

describe('lookup() with a function', () => {
  it('asks the function, which may wait', async () => {
    const asked: unknown[] = []
    config.resolver = function* (name, options): Green<string[]> {
      asked.push([name, options])
      yield* sleep(0)
      return ['192.0.2.1', '2001:db8::1']
    }
    await run(function* () {
      expect(yield* lookup('here')).toEqual(V4A)
      expect(yield* lookup('here', 6)).toEqual(V6)
      expect(yield* lookup('here', { all: true, order: 'ipv6first' })).toEqual([V6, V4A])
      expect(yield* lookup('127.0.0.1')).toEqual({ address: '127.0.0.1', family: 4 })
    })
    expect(await lookup('here')).toEqual(V4A)
    expect(asked).toEqual([0, 6, 0, 0].map((family) => ['here', { family }]))
  })

  const ways: [string, NameResolver][] = [
    ['a list', () => ['192.0.2.1']],
    ['a promise', async () => ['192.0.2.1']],
    ['an operation', () => green.resolve4('one.here')],
  ]

  it.each(ways)('takes %s', async (_, resolver) => {
    green.setServers([(await nameServer({ 'one.here': { A: ['192.0.2.1'] } })).address])
    config.resolver = resolver
    expect(await run(() => lookup('here'))).toEqual(V4A)
  })

  it('throws what it throws, and ENOTFOUND when it finds nothing', async () => {
    const broken = new Error('broken')
    config.resolver = () => {
      throw broken
    }
    expect(await rejection(run(() => lookup('here')))).toBe(broken)
    config.resolver = () => ['192.0.2.1']
    expect(await rejection(run(() => lookup('here', 6)))).toMatchObject({
      code: 'ENOTFOUND',
      message: 'getaddrinfo ENOTFOUND here',
    })
  })

  it.each([
    ['here', '"here" (string)'],
    [['192.0.2.1', 'here'], '"here" (string)'],
    [[{ address: '192.0.2.1' }], 'an Object'],
    [undefined, 'undefined'],
  ])('refuses %o', async (found, text) => {
    config.resolver = () => found as string[]
    expect(messageOf(await rejection(run(() => lookup('there'))))).toBe(
      `config.resolver is a function that returns a list of IP addresses, but for 'there' it gave ${text}.`,
    )
  })

  it('kills it with the greenlet that waits', async () => {
    const seen: string[] = []
    config.resolver = function* (): Green<string[]> {
      try {
        yield* sleep(1000)
      } finally {
        seen.push('ended')
      }
      return []
    }
    const victim = spawn(lookup, 'here')
    await sleep(0)
    await victim.kill()
    expect(seen).toEqual(['ended'])
  })
})

describe('what is chosen', () => {
  it('is looked at when a lookup is driven', async () => {
    const recipe = lookup('here')
    config.resolver = () => ['192.0.2.1']
    expect(await recipe).toEqual(V4A)
    config.resolver = () => ['192.0.2.2']
    expect(await recipe).toEqual(V4B)
  })

  it('holds for the name of this machine, too', async () => {
    config.resolver = () => ['192.0.2.1']
    expect(await lookup('localhost')).toEqual(V4A)
    expect(await lookup(hostname())).toEqual(V4A)
  })
})

describe('lookupFunction', () => {
  /** What it calls back. */
  function asked(name: string, options: dns.LookupOptions): Promise<unknown[]> {
    return new Promise((resolve) => lookupFunction(name, options, (...answer) => resolve(answer)))
  }

  it('answers as Node’s own by default', async () => {
    const nodes = (name: string, options: dns.LookupOptions): Promise<unknown[]> =>
      new Promise((resolve) => dns.lookup(name, options, (...answer: unknown[]) => resolve(answer)))
    for (const options of [{}, { all: true }, { family: 4 }])
      expect(await asked('localhost', options)).toEqual(await nodes('localhost', options))
    const [[error], [nodesError]] = await Promise.all([asked('two..dots', {}), nodes('two..dots', {})])
    expect(shown(error)).toEqual(shown(nodesError))
  })

  it('obeys the choice', async () => {
    await ares()
    expect(await asked('both.here', {})).toEqual([null, '192.0.2.1', 4])
    expect(await asked('both.here', { all: true, family: 6 })).toEqual([null, [V6]])
    expect((await asked('nobody.invalid', {})).map(messageOf)).toEqual(['getaddrinfo ENOTFOUND nobody.invalid'])
  })

  it('is what Node connects by', async () => {
    await ares()
    const server = await listen((peer) => peer.end('hello'))
    const socket = net.connect({ host: 'loop.here', port: server.port, lookup: lookupFunction })
    onTestFinished(() => void socket.destroy())
    expect(await new Promise((resolve) => socket.once('data', (data) => resolve(String(data))))).toBe('hello')
    const lost = net.connect({ host: 'nobody.invalid', port: server.port, lookup: lookupFunction })
    expect(await new Promise((resolve) => lost.once('error', resolve))).toMatchObject({ code: 'ENOTFOUND' })
  })

  it('is what connect() of greenloop/net connects by, as soon as another resolver is chosen', async () => {
    await ares()
    const server = await listen((peer) => peer.end('hello'))
    await run(function* () {
      for (const socket of [connect(server.port, 'loop.here'), connect({ port: server.port, host: 'loop.here' })])
        expect(String(yield* (yield* socket).recv())).toBe('hello')
    })
  })

  it('is fit for a socket that is made in a greenlet, and destroyed before the answer', async () => {
    const names = await ares()
    names.hold()
    await run(function* () {
      const socket = net.connect({ host: 'loop.here', port: 1, lookup: lookupFunction })
      const closed = new Promise((resolve) => socket.once('close', resolve))
      yield* sleep(0)
      socket.destroy()
      yield* sleep(5)
      names.release()
      void closed
    })
    await eventually('nothing is asked any more', () => getHub().outstanding === 0)
  })

  it('lets an error of the callback end the process, as Node’s own does', async () => {
    config.resolver = (): string[] => ['192.0.2.1']
    const caught = catchUnhandled()
    lookupFunction('here', {}, () => {
      throw new Error('of the callback')
    })
    await eventually('it is thrown', () => caught.length > 0)
    expect(caught.map(messageOf)).toEqual(['of the callback'])
  })

  it('is what datagrams are sent by, to names and to addresses', async () => {
    await ares()
    const [receiver, sender] = [
      dgram.createSocket('udp4'),
      dgram.createSocket({ type: 'udp4', lookup: lookupFunction }),
    ]
    onTestFinished(() => {
      receiver.close()
      sender.close()
    })
    await new Promise<void>((resolve) => receiver.bind(0, '127.0.0.1', resolve))
    for (const host of ['loop.here', '127.0.0.1']) {
      const received = new Promise((resolve) => receiver.once('message', (message) => resolve(String(message))))
      sender.send(host, receiver.address().port, host)
      expect(await received).toBe(host)
    }
  })
})
