// What the patched forms infer, and which of their misuses do not compile.
import dns, { type LookupAddress, type MxRecord, type RecordWithTtl, type SoaRecord } from 'node:dns'
import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import timers from 'node:timers/promises'
import { type Green, type Greenlet, type Operation, run, sleep, spawn } from 'greenloop'
import { requests } from 'greenloop/http'
import * as monkey from 'greenloop/monkey'
import { connect, type GreenSocket, dns as green } from 'greenloop/net'
import { expectTypeOf, it } from 'vitest'
import type { ServiceName } from '../../src/net/dns/lookup.ts'

function* getPage(url: string): Green<string> {
  const response = yield* fetch(url)
  return yield* response.text()
}

it('fetch and the body of its response infer', () => {
  spawn(function* () {
    const response = yield* fetch('u')
    expectTypeOf(response).toEqualTypeOf<Response>()
    expectTypeOf(yield* response.text()).toEqualTypeOf<string>()
    expectTypeOf(yield* response.arrayBuffer()).toEqualTypeOf<ArrayBuffer>()
    expectTypeOf(yield* response.blob()).toEqualTypeOf<Blob>()
    expectTypeOf(yield* response.json()).toEqualTypeOf<Awaited<ReturnType<Response['json']>>>()
  })
})

it('any promise infers, and a tuple stays one', () => {
  spawn(function* () {
    expectTypeOf(yield* Promise.resolve('x')).toEqualTypeOf<string>()
    const [a, b] = yield* Promise.all([fetch('a'), Promise.resolve(1)])
    expectTypeOf(a).toEqualTypeOf<Response>()
    expectTypeOf(b).toEqualTypeOf<number>()
  })
})

it('sockets infer', () => {
  spawn(function* () {
    const socket = yield* net.connect(1)
    expectTypeOf(socket).toEqualTypeOf<net.Socket>()
    expectTypeOf(yield* socket.recv(1)).toEqualTypeOf<Buffer>()
    expectTypeOf(yield* socket.recv()).toEqualTypeOf<Buffer>()
    expectTypeOf(yield* socket.sendall('x')).toBeVoid()
    expectTypeOf(socket.recv()).toEqualTypeOf<Operation<Buffer>>()
    expectTypeOf(yield* connect(1)).toEqualTypeOf<GreenSocket>()
    expectTypeOf(connect('path')).toExtend<net.Socket>()
  })
})

it('lookups infer: one address, or all', () => {
  spawn(function* () {
    expectTypeOf(yield* dns.lookup('x')).toEqualTypeOf<LookupAddress>()
    expectTypeOf(yield* dns.lookup('x', 4)).toEqualTypeOf<LookupAddress>()
    expectTypeOf(yield* dns.lookup('x', { all: true })).toEqualTypeOf<LookupAddress[]>()
    expectTypeOf(yield* green.lookup('x')).toEqualTypeOf<LookupAddress>()
    expectTypeOf(yield* green.lookup('x', { all: true })).toEqualTypeOf<LookupAddress[]>()
  })
  const withCallback = (): void => dns.lookup('x', () => undefined)
  expectTypeOf(withCallback).returns.toBeVoid()
  expectTypeOf(spawn(dns.lookup, 'x')).toEqualTypeOf<Greenlet<LookupAddress, [string]>>()
})

it('questions to name servers infer, of dns and of its Resolver', () => {
  const resolver = new dns.Resolver()
  spawn(function* () {
    for (const asked of [dns, resolver]) {
      expectTypeOf(yield* asked.resolve('x')).toEqualTypeOf<string[]>()
      expectTypeOf(yield* asked.resolve('x', 'MX')).toEqualTypeOf<MxRecord[]>()
      expectTypeOf(yield* asked.resolve('x', 'TXT')).toEqualTypeOf<string[][]>()
      expectTypeOf(yield* asked.resolve4('x')).toEqualTypeOf<string[]>()
      expectTypeOf(yield* asked.resolve4('x', { ttl: true })).toEqualTypeOf<RecordWithTtl[]>()
      expectTypeOf(yield* asked.resolve6('x')).toEqualTypeOf<string[]>()
      expectTypeOf(yield* asked.resolveSoa('x')).toEqualTypeOf<SoaRecord>()
      expectTypeOf(yield* asked.reverse('x')).toEqualTypeOf<string[]>()
    }
    expectTypeOf(yield* dns.lookupService('x', 1)).toEqualTypeOf<ServiceName>()
  })
  // @ts-expect-error -- a type of record that there is not
  dns.resolve('x', 'MXX')
  const withCallback = (): void => resolver.resolve4('x', () => undefined)
  expectTypeOf(withCallback).returns.toBeVoid()
})

it('timers infer', () => {
  spawn(function* () {
    expectTypeOf(yield* timers.setTimeout(1, 'x')).toEqualTypeOf<string>()
    expectTypeOf(yield* timers.setImmediate(5)).toEqualTypeOf<number>()
    expectTypeOf(yield* timers.scheduler.wait(1)).toBeVoid()
  })
})

it('getOriginal knows what it gives', () => {
  expectTypeOf(monkey.getOriginal('dns', 'lookup')).toEqualTypeOf<typeof dns.lookup>()
  expectTypeOf(monkey.getOriginal('globalThis', 'fetch')).toEqualTypeOf<typeof fetch>()
  const [setTimeout, setImmediate] = monkey.getOriginal('timers/promises', ['setTimeout', 'setImmediate'])
  expectTypeOf(setTimeout).toEqualTypeOf<typeof timers.setTimeout>()
  expectTypeOf(setImmediate).toEqualTypeOf<typeof timers.setImmediate>()
  expectTypeOf(monkey.getOriginal('net', 'Socket.prototype.connect')).toEqualTypeOf<unknown>()
  expectTypeOf(monkey.getOriginal('zlib', ['gzip'])).toEqualTypeOf<unknown[]>()
})

it('patches are named, and events have their types', () => {
  // @ts-expect-error -- no such patch
  monkey.patchAll({ time: true })
  // @ts-expect-error -- no such event
  monkey.events.on('patched', () => undefined)
  monkey.events.on('willPatchModule', (event) => {
    expectTypeOf(event.name).toEqualTypeOf<monkey.PatchName>()
  })
  expectTypeOf(monkey.saved).toEqualTypeOf<ReadonlyMap<string, ReadonlyMap<string, unknown>>>()
})

it('requests infer', () => {
  spawn(function* () {
    const answer = yield* requests.get('u')
    expectTypeOf(answer).toEqualTypeOf<requests.Response>()
    expectTypeOf(answer.content).toEqualTypeOf<Buffer>()
    expectTypeOf(answer.text).toEqualTypeOf<string>()
    expectTypeOf(answer.statusCode).toEqualTypeOf<number>()
    expectTypeOf(answer.json()).toEqualTypeOf<unknown>()
  })
})

it('requests of node:http infer, and handlers that are generator functions', () => {
  spawn(function* () {
    const response = yield* http.get('u')
    expectTypeOf(response).toEqualTypeOf<http.IncomingMessage>()
    expectTypeOf(yield* https.request({ host: 'h' })).toEqualTypeOf<http.IncomingMessage>()
    expectTypeOf(yield* http.request('u').sendall('x')).toBeVoid()
  })
  http.createServer(function* (request, response) {
    expectTypeOf(request).toEqualTypeOf<http.IncomingMessage>()
    expectTypeOf(response.sendall('x')).toEqualTypeOf<Operation<void>>()
    yield* sleep(1)
  })
  https.createServer({}, function* (_, response) {
    yield* response.sendall(Buffer.from('x'), { timeoutMs: 5 })
  })
  // @ts-expect-error -- a request is no sequence
  for (const _ of http.get('u'));
  // @ts-expect-error -- a number is no data
  http.request('u').sendall(5)
})

it('spawn and run infer through them', () => {
  expectTypeOf(spawn(getPage, 'u')).toEqualTypeOf<Greenlet<string>>()
  expectTypeOf(run(getPage, 'u')).toEqualTypeOf<Promise<string>>()
  expectTypeOf(spawn(fetch, 'u').get()).toEqualTypeOf<Operation<Response>>()
  // @ts-expect-error -- the argument is missing
  spawn(getPage)
  // @ts-expect-error -- the argument is of another type
  spawn(getPage, 5)
})

it('iterating instead of driving does not compile', () => {
  const promise = Promise.resolve(1)
  // @ts-expect-error -- a promise is no sequence
  for (const _ of promise);
  // @ts-expect-error -- nor can it be spread
  // eslint-disable-next-line @typescript-eslint/no-misused-promises -- the linter sees it, too
  ;[...promise]
  // @ts-expect-error -- nor taken apart
  const [_first] = promise
  // @ts-expect-error -- nor is a socket a sequence
  ;[...net.connect(1)]
  // @ts-expect-error -- nor is a wait
  for (const _ of net.connect(1).recv());
})

it('wrong arguments do not compile', () => {
  // @ts-expect-error -- a number is no data
  net.connect(1).sendall(5)
  // @ts-expect-error -- a string is no size
  net.connect(1).recv('5')
  // @ts-expect-error -- milliseconds are a number
  requests.get('u', { timeoutMs: '5' })
})
