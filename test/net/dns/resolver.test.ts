// class Resolver: servers, limits and a local address of its own, cancel(), and questions that share a socket when there are many.
import dns from 'node:dns'
import { joinall, run, spawn } from 'greenloop'
import { dns as green } from 'greenloop/net'
import { describe, expect, it } from 'vitest'
import { LIMIT } from '../../../src/net/dns/channels.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { messageOf, rejection, thrown, usage } from '../../support/thrown.ts'
import { eventually } from '../support.ts'
import { opened, sockets } from './open.ts'
import { type NameServer, nameServer } from './server.ts'

checkLeaks()

const TABLE = { here: { A: ['192.0.2.1'], TXT: ['text'] }, 'silent.here': 'silence' } as const

/** A resolver of ours that asks `server`. */
function resolverFor(server: NameServer, options: dns.ResolverOptions = {}): InstanceType<typeof green.Resolver> {
  const resolver = new green.Resolver(options)
  resolver.setServers([server.address])
  return resolver
}

/** What Node says to `call`. */
const nodeSays = (call: () => unknown): string => messageOf(thrown(call))

describe('new Resolver()', () => {
  it('asks the servers of the machine, until it is given its own', async () => {
    const server = await nameServer(TABLE)
    const resolver = new green.Resolver()
    expect(resolver.getServers()).toEqual(new dns.Resolver().getServers())
    resolver.setServers([server.address])
    expect(resolver.getServers()).toEqual([server.address])
    expect(await resolver.resolve4('here')).toEqual(['192.0.2.1'])
    expect(dns.getServers()).not.toContain(server.address)
  })

  it('asks no longer and no more often than its options say', async () => {
    const server = await nameServer(TABLE)
    const error = await rejection(run(() => resolverFor(server, { timeout: 5, tries: 1 }).resolve4('silent.here')))
    expect(error).toMatchObject({ code: 'ETIMEOUT', message: 'queryA ETIMEOUT silent.here' })
    expect(server.questions).toEqual(['A silent.here'])
  })

  it('refuses the options that Node refuses', () => {
    const expected =
      'new Resolver() expects `timeout` to be a number of milliseconds, or -1, and `tries` an integer, 1 or more.'
    for (const options of [{ timeout: -2 }, { timeout: '5' }, { tries: 0 }, { tries: 1.5 }] as dns.ResolverOptions[]) {
      expect(usage(() => new green.Resolver(options))).toBe(
        `${expected} Node says: ${nodeSays(() => new dns.Resolver(options))}`,
      )
    }
    expect(usage(() => new green.Resolver(5 as never))).toBe(
      'new Resolver() expects its options as an object, such as { timeout: 500, tries: 2 }, but got 5 (number).',
    )
  })
})

describe('setServers()', () => {
  it('takes ports, and refuses what is no list of addresses', async () => {
    const server = await nameServer(TABLE)
    const resolver = resolverFor(server)
    expect(usage(() => resolver.setServers(['nowhere']))).toBe(
      `setServers() expects IP addresses, with a port or without: ['127.0.0.1', '[::1]:5353']. Node says: ${nodeSays(
        () => new dns.Resolver().setServers(['nowhere']),
      )}`,
    )
    expect(await resolver.resolve4('here')).toEqual(['192.0.2.1'])
  })

  it('holds for the questions that come after; those under way stay with theirs', async () => {
    const [first, second] = [await nameServer(TABLE), await nameServer({ here: { A: ['192.0.2.2'] } })]
    const resolver = resolverFor(first)
    first.hold()
    const early = spawn(() => resolver.resolve4('here'))
    await eventually('the first server is asked', () => first.questions.length === 1)
    resolver.setServers([second.address])
    expect(await resolver.resolve4('here')).toEqual(['192.0.2.2'])
    first.release()
    expect(await early.get()).toEqual(['192.0.2.1'])
    expect(await joinall([1, 2].map(() => spawn(() => resolver.resolve4('here'))))).toHaveLength(2)
    expect([first.questions.length, second.questions.length]).toEqual([1, 3])
  })
})

describe('setLocalAddress()', () => {
  it('sends questions from there', async () => {
    const server = await nameServer(TABLE)
    const resolver = resolverFor(server)
    resolver.setLocalAddress('127.0.0.1')
    expect(await resolver.resolve4('here')).toEqual(['192.0.2.1'])
    resolver.setLocalAddress('203.0.113.1') // is not this machine's
    expect(await rejection(run(() => resolver.resolve4('here')))).toBeInstanceOf(Error)
    resolver.setLocalAddress()
    expect(await resolver.resolve4('here')).toEqual(['192.0.2.1'])
  })

  it('refuses what is no address', () => {
    const resolver = new green.Resolver()
    for (const args of [['here'], ['127.0.0.1', 'here'], [5]] as unknown as [string, string?][])
      expect(usage(() => resolver.setLocalAddress(...args))).toBe(
        `setLocalAddress() expects addresses of this machine: '192.0.2.1', '2001:db8::1'. Node says: ${nodeSays(() =>
          new dns.Resolver().setLocalAddress(...args),
        )}`,
      )
  })
})

describe('cancel()', () => {
  it('ends all questions under way with ECANCELLED, those to earlier servers, too', async () => {
    const [first, second] = [await nameServer(TABLE), await nameServer(TABLE)]
    const resolver = resolverFor(first)
    const other = resolverFor(first)
    const early = spawn(() => resolver.resolve4('silent.here'))
    await eventually('the first is asked', () => first.questions.length === 1)
    resolver.setServers([second.address])
    const late = spawn(() => resolver.resolveTxt('silent.here'))
    const kept = spawn(() => other.resolve4('here'))
    await eventually('the second is asked', () => second.questions.length === 1)
    resolver.cancel()
    const errors = await Promise.all([rejection(early.get()), rejection(late.get())])
    expect(errors.map(messageOf)).toEqual(['queryA ECANCELLED silent.here', 'queryTxt ECANCELLED silent.here'])
    expect(await kept.get()).toEqual(['192.0.2.1'])
    expect(await resolver.resolveTxt('here')).toEqual([['text']])
  })

  it('does nothing when nothing is under way', async () => {
    const resolver = resolverFor(await nameServer(TABLE))
    resolver.cancel()
    expect(await resolver.resolve4('here')).toEqual(['192.0.2.1'])
    resolver.cancel()
    expect(await resolver.resolve4('here')).toEqual(['192.0.2.1'])
  })
})

describe('a resolver whose question was given up', () => {
  it('takes back the next one, too', async () => {
    const server = await nameServer(TABLE)
    const resolver = resolverFor(server)
    const nothingIsLeft = await opened()
    for (const count of [1, 2, 3]) {
      const victim = spawn(() => resolver.resolve4('silent.here'))
      await eventually('it is asked', () => server.questions.length === count)
      await victim.kill()
      await nothingIsLeft()
    }
  })
})

describe(`more than ${LIMIT} questions at once`, () => {
  it('share sockets: a killed one leaves the other one of its socket alone', async () => {
    const server = await nameServer(TABLE)
    const resolver = resolverFor(server)
    server.hold()
    const ask = (count: number) => Array.from({ length: count }, () => spawn(() => resolver.resolve4('here')))
    const asking = [...ask(LIMIT), ...ask(LIMIT)]
    await eventually('all are asked', () => server.questions.length === 2 * LIMIT)
    for (const greenlet of asking.slice(0, LIMIT)) greenlet.kill()
    await joinall(asking.slice(0, LIMIT))
    server.release()
    await joinall(asking)
    expect(asking.slice(LIMIT).filter(({ value }) => String(value) !== '192.0.2.1')).toEqual([])
  })

  it('are taken back when nobody waits for any answer of a socket, and the socket is of use again', async () => {
    const server = await nameServer(TABLE)
    const resolver = resolverFor(server)
    const nothingIsLeft = await opened()
    const more = sockets()
    const asking = Array.from({ length: 2 * LIMIT }, () => spawn(() => resolver.resolve4('silent.here')))
    await eventually('all are asked', () => server.questions.length === 2 * LIMIT)
    await more(LIMIT)
    for (const place of [0, LIMIT]) asking[place]?.kill() // the two of the first socket
    await more(LIMIT - 1)
    for (const greenlet of asking) greenlet.kill()
    const next = spawn(() => resolver.resolve4('here')) // before the cancelled ones have called back
    await joinall(asking)
    expect(await next.get()).toEqual(['192.0.2.1'])
    await nothingIsLeft()
  })
})
