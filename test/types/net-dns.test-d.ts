// What lookups and questions to name servers infer: as Node's dns/promises, with operations.
import type {
  AnyRecord,
  CaaRecord,
  LookupAddress,
  LookupOptions,
  MxRecord,
  NaptrRecord,
  promises,
  RecordWithTtl,
  ResolveOptions,
  SoaRecord,
  SrvRecord,
} from 'node:dns'
import { config, type Green, type Greenlet, type Operation, sleep, spawn } from 'greenloop'
import { dns } from 'greenloop/net'
import { expectTypeOf, it } from 'vitest'

it('lookup gives one address, or all, or either', () => {
  expectTypeOf(dns.lookup('x')).toEqualTypeOf<Operation<LookupAddress>>()
  expectTypeOf(dns.lookup('x', 4)).toEqualTypeOf<Operation<LookupAddress>>()
  expectTypeOf(dns.lookup('x', null)).toEqualTypeOf<Operation<LookupAddress>>()
  expectTypeOf(dns.lookup('x', { family: 'IPv6' })).toEqualTypeOf<Operation<LookupAddress>>()
  expectTypeOf(dns.lookup('x', { all: false })).toEqualTypeOf<Operation<LookupAddress>>()
  expectTypeOf(dns.lookup('x', { all: true, order: 'verbatim' })).toEqualTypeOf<Operation<LookupAddress[]>>()
  expectTypeOf(dns.lookup('x', {} as LookupOptions)).toEqualTypeOf<Operation<LookupAddress | LookupAddress[]>>()
  expectTypeOf(dns.lookupService('::1', 22)).toEqualTypeOf<Operation<{ hostname: string; service: string }>>()
})

it('questions give records of their type', () => {
  for (const asker of [dns, new dns.Resolver()]) {
    expectTypeOf(asker.resolve('x')).toEqualTypeOf<Operation<string[]>>()
    expectTypeOf(asker.resolve('x', 'AAAA')).toEqualTypeOf<Operation<string[]>>()
    expectTypeOf(asker.resolve('x', 'ANY')).toEqualTypeOf<Operation<AnyRecord[]>>()
    expectTypeOf(asker.resolve('x', 'CAA')).toEqualTypeOf<Operation<CaaRecord[]>>()
    expectTypeOf(asker.resolve('x', 'MX')).toEqualTypeOf<Operation<MxRecord[]>>()
    expectTypeOf(asker.resolve('x', 'NAPTR')).toEqualTypeOf<Operation<NaptrRecord[]>>()
    expectTypeOf(asker.resolve('x', 'SOA')).toEqualTypeOf<Operation<SoaRecord>>()
    expectTypeOf(asker.resolve('x', 'SRV')).toEqualTypeOf<Operation<SrvRecord[]>>()
    expectTypeOf(asker.resolve('x', 'TXT')).toEqualTypeOf<Operation<string[][]>>()
    expectTypeOf(asker.resolve4('x')).toEqualTypeOf<Operation<string[]>>()
    expectTypeOf(asker.resolve4('x', { ttl: true })).toEqualTypeOf<Operation<RecordWithTtl[]>>()
    expectTypeOf(asker.resolve6('x', {} as ResolveOptions)).toEqualTypeOf<Operation<string[] | RecordWithTtl[]>>()
    expectTypeOf(asker.resolveAny('x')).toEqualTypeOf<Operation<AnyRecord[]>>()
    expectTypeOf(asker.resolveCaa('x')).toEqualTypeOf<Operation<CaaRecord[]>>()
    expectTypeOf(asker.resolveCname('x')).toEqualTypeOf<Operation<string[]>>()
    expectTypeOf(asker.resolveMx('x')).toEqualTypeOf<Operation<MxRecord[]>>()
    expectTypeOf(asker.resolveNaptr('x')).toEqualTypeOf<Operation<NaptrRecord[]>>()
    expectTypeOf(asker.resolveNs('x')).toEqualTypeOf<Operation<string[]>>()
    expectTypeOf(asker.resolvePtr('x')).toEqualTypeOf<Operation<string[]>>()
    expectTypeOf(asker.resolveSoa('x')).toEqualTypeOf<Operation<SoaRecord>>()
    expectTypeOf(asker.resolveSrv('x')).toEqualTypeOf<Operation<SrvRecord[]>>()
    expectTypeOf(asker.resolveTxt('x')).toEqualTypeOf<Operation<string[][]>>()
    expectTypeOf(asker.reverse('::1')).toEqualTypeOf<Operation<string[]>>()
    expectTypeOf(asker.getServers()).toEqualTypeOf<string[]>()
    expectTypeOf(asker.setServers).returns.toBeVoid()
  }
})

it('a resolver of unknown type gives what Node’s does', () => {
  type Theirs = Awaited<ReturnType<typeof promises.resolve>> // of the last overload
  expectTypeOf(new dns.Resolver().resolve('x', 'A' as string)).toEqualTypeOf<Operation<Theirs>>()
})

it('greenlets infer', () => {
  expectTypeOf(spawn(dns.lookup, 'x')).toExtend<Greenlet<LookupAddress>>()
  expectTypeOf(spawn(dns.resolve4, 'x')).toExtend<Greenlet<string[]>>()
  expectTypeOf(spawn(dns.resolveMx, 'x')).toExtend<Greenlet<MxRecord[]>>()
  spawn(function* () {
    expectTypeOf(yield* dns.resolveSoa('x')).toEqualTypeOf<SoaRecord>()
  })
})

it('the choice takes two words and functions', () => {
  config.resolver = 'ares'
  config.resolver = (name) => [name]
  config.resolver = (name) => dns.resolve4(name)
  config.resolver = async (_name, { family }) => [`::${family}`]
  config.resolver = function* (): Green<string[]> {
    yield* sleep(1)
    return ['::1']
  }
  // @ts-expect-error -- gevent's, not ours
  config.resolver = 'dnspython'
  // @ts-expect-error -- addresses are strings
  config.resolver = () => [{ address: '::1', family: 6 }]
})

it('wrong arguments do not compile', () => {
  // @ts-expect-error -- a name is a string
  dns.lookup(5)
  // @ts-expect-error -- no such family
  dns.lookup('x', { family: 'IPv5' })
  // @ts-expect-error -- no such option
  dns.resolve4('x', { all: true })
  // @ts-expect-error -- servers are a list
  dns.setServers('::1')
  // @ts-expect-error -- no callback: that is Node's
  dns.resolve4('x', () => undefined)
  // @ts-expect-error -- iterating is not driving
  for (const _ of dns.resolve4('x'));
})
