// patchAll() and unpatchAll(): what is put where, what is put back, and that nothing is left.
import dns from 'node:dns'
import fs from 'node:fs'
import net from 'node:net'
import { promisify } from 'node:util'
import { getHub, run, UsageError } from 'greenloop'
import * as monkey from 'greenloop/monkey'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { messageMethods, requestMethods } from '../../src/http/node/methods.ts'
import { CALLBACK_LAST } from '../../src/monkey/patches/callback-last.ts'
import { serverMethods, socketMethods } from '../../src/net/stream/methods.ts'
import { childMethods } from '../../src/os/children/methods.ts'
import { readableMethods, writableMethods } from '../../src/os/streams/methods.ts'
import { serve } from '../http/support.ts'
import { catchUnhandled, eventually } from '../net/support.ts'
import { checkLeaks } from '../support/leaks.ts'
import { runProgram } from '../support/program.ts'
import { message, thrown } from '../support/thrown.ts'
import { changes, snapshot } from './support/touched.ts'

checkLeaks()
beforeEach(() => {
  // Some calls here are made with other options on purpose; the warnings have tests of their own.
  vi.spyOn(process, 'emitWarning').mockReturnValue(undefined)
})
afterEach(() => {
  monkey.unpatchAll()
  vi.restoreAllMocks()
})

const NAMES = ['promise', 'timers', 'streams', 'dns', 'net', 'tls', 'http', 'fetch', 'fs', 'childProcess'] as const

/** A server inherits what adds listeners. */
const ADDING = { on: 0, addListener: 0, once: 0, prependListener: 0, prependOnceListener: 0 }

const tableOf = (prefix: string, methods: object): string[] =>
  Reflect.ownKeys(methods).map((key) => `+ ${prefix}.${String(key)}`)
const those = (object: object, prefix: string, names: readonly string[]): string[] =>
  names.filter((name) => name in object).map((name) => `~ ${prefix}.${name}`)

/** All that each patch changes. */
const ITEMS: Readonly<Record<monkey.PatchName, readonly string[]>> = {
  promise: ['+ Promise.prototype.Symbol(Symbol.iterator)'],
  timers: [
    ...['setTimeout', 'setImmediate', 'setInterval'].map((name) => `~ timers/promises.${name}`),
    ...['wait', 'yield'].map((name) => `~ scheduler.prototype.${name}`),
  ],
  streams: [
    ...['pipeline', 'finished'].flatMap((name) => [`~ stream.${name}`, `~ stream/promises.${name}`]),
    ...tableOf('stream.Readable.prototype', readableMethods),
    ...tableOf('stream.Writable.prototype', writableMethods),
    ...tableOf('stream.Duplex.prototype', writableMethods),
  ],
  dns: [
    ...those(dns, 'dns', CALLBACK_LAST.dns),
    ...those(dns.Resolver.prototype, 'dns.Resolver.prototype', CALLBACK_LAST['dns.Resolver']),
    '~ dns.setServers',
  ],
  net: [...tableOf('net.Socket.prototype', socketMethods), ...tableOf('net.Server.prototype', serverMethods)],
  tls: [...tableOf('tls.TLSSocket.prototype', socketMethods), ...tableOf('tls.Server.prototype', serverMethods)],
  http: [
    ...tableOf('http.ClientRequest.prototype', requestMethods),
    ...tableOf('http.OutgoingMessage.prototype', { ...messageMethods, finish: writableMethods.finish }),
    ...tableOf('http.Server.prototype', ADDING),
    ...tableOf('https.Server.prototype', ADDING),
  ],
  fetch: [
    '~ globalThis.fetch',
    ...those(Response.prototype, 'Response.prototype', [
      'arrayBuffer',
      'blob',
      'bytes',
      'formData',
      'json',
      'text',
      'clone',
      'body',
    ]),
  ],
  fs: [
    ...those(fs, 'fs', [...CALLBACK_LAST.fs, 'rm']),
    ...['mkdtemp', 'open', 'opendir'].map((name) => `~ fs.promises.${name}`),
  ],
  childProcess: [
    '~ child_process.exec',
    '~ child_process.execFile',
    ...tableOf('child_process.ChildProcess.prototype', childMethods),
  ],
}

const itemsOf = (names: readonly monkey.PatchName[]): string[] => names.flatMap((name) => ITEMS[name]).sort()

const before = snapshot()

/** Which patches are in place: those of which all is changed. Fails when something is changed that belongs to none. */
function patchedNow(): monkey.PatchName[] {
  const now = changes(before)
  const names = NAMES.filter((name) => ITEMS[name].every((item) => now.includes(item)))
  expect(now).toEqual(itemsOf(names))
  return names
}

/** Everything is as before, down to each flag of each property. */
function expectUnpatched(): void {
  expect(changes(before)).toEqual([])
}

describe('patchAll()', () => {
  it('patches everything, and names it in the order in which it did', () => {
    const patched = monkey.patchAll()
    expect([patched.names, patched.vetoed]).toEqual([NAMES, []])
    expect(patchedNow()).toEqual(NAMES)
  })

  it('changes every item, and nothing else', () => {
    monkey.patchAll()
    expect(changes(before)).toEqual(itemsOf(NAMES))
  })

  it('twice does nothing more, and names nothing', () => {
    monkey.patchAll()
    const once = snapshot()
    expect(monkey.patchAll().names).toEqual([])
    expect(changes(once)).toEqual([])
  })

  it.each(NAMES)('leaves out %s when told so, and adds it later', (name) => {
    const others = NAMES.filter((other) => other !== name)
    expect(monkey.patchAll({ [name]: false }).names).toEqual(others)
    expect(patchedNow()).toEqual(others)
    expect(monkey.patchAll({ [name]: true }).names).toEqual([name])
    expect(patchedNow()).toEqual(NAMES)
  })

  it('with `true` for one means that one and all that are not named', () => {
    expect(monkey.patchAll({ dns: true }).names).toEqual(NAMES)
  })

  it('with `false` does not take back what is patched', () => {
    monkey.patchAll()
    expect(monkey.patchAll({ dns: false }).names).toEqual([])
    expect(patchedNow()).toContain('dns')
  })

  it.each(['time', 'Fetch', 'constructor', 'toString', '0', ''])(
    'refuses the unknown name %j, and patches nothing',
    (name) => {
      const call = (): unknown => monkey.patchAll({ dns: true, [name]: true })
      expect(thrown(call)).toBeInstanceOf(UsageError)
      expect(message(call)).toBe(
        `patchAll() knows promise, timers, streams, dns, net, tls, http, fetch, fs, childProcess, but not ${JSON.stringify(name)}.`,
      )
      expectUnpatched()
    },
  )

  it('refuses options that are none', () => {
    expect(message(() => monkey.patchAll('dns' as monkey.PatchOptions))).toBe(
      'patchAll() expects its options as an object, such as { dns: false }, but got "dns" (string).',
    )
  })

  const wrong: [unknown, string][] = [
    ['no', '"no" (string)'],
    [0, '0 (number)'],
    [undefined, 'undefined'],
    [null, 'null'],
    [{}, 'an Object'],
  ]

  it.each(wrong)('refuses the value %j, and patches nothing', (value, shown) => {
    const call = (): unknown => monkey.patchAll({ net: true, dns: value as boolean })
    expect(thrown(call)).toBeInstanceOf(UsageError)
    expect(message(call)).toBe(`patchAll() expects \`dns\` to be true or false, but got ${shown}.`)
    expectUnpatched()
  })

  it('keeps name, length and own properties of each function that it replaces', () => {
    monkey.patchAll()
    const now = snapshot()
    let functions = 0
    for (const [name, { value: original }] of before as ReadonlyMap<string, { value?: unknown }>) {
      const patched: unknown = now.get(name)?.value
      if (typeof original !== 'function' || typeof patched !== 'function' || original === patched) continue
      functions++
      expect([patched.name, patched.length]).toEqual([original.name, original.length])
      for (const key of Reflect.ownKeys(original)) {
        if (key === 'prototype') continue
        const now = Object.getOwnPropertyDescriptor(patched, key)
        const was = Object.getOwnPropertyDescriptor(original, key)
        if (key !== promisify.custom || !name.startsWith('child_process.')) expect(now).toEqual(was)
        else expect({ ...now, value: null }).toEqual({ ...was, value: null }) // of these, the promises are ours, too
      }
    }
    const isAccessor = (item: string): boolean => before.get(item.slice(2))?.get !== undefined
    expect(functions).toBe(itemsOf(NAMES).filter((item) => item.startsWith('~') && !isAccessor(item)).length)
  })

  it('keeps what it replaces enumerable or not, and hides what it adds', () => {
    monkey.patchAll()
    for (const [name, { enumerable }] of snapshot()) {
      expect([name, enumerable]).toEqual([name, before.get(name)?.enumerable ?? false])
    }
    const seen: string[] = []
    for (const key in new net.Socket()) seen.push(key)
    expect(seen).not.toContain('recv')
  })

  it('what fails in the middle is taken back', () => {
    const broken = vi.spyOn(Reflect, 'ownKeys').mockImplementation(() => {
      throw new RangeError('broken')
    })
    expect(String(thrown(() => monkey.patchAll()))).toBe('RangeError: broken')
    broken.mockRestore()
    expectUnpatched()
    expect([monkey.isAnythingPatched(), monkey.saved.size]).toEqual([false, 0])
  })
})

describe.each([
  ['patchPromise', 'promise'],
  ['patchTimers', 'timers'],
  ['patchStreams', 'streams'],
  ['patchDns', 'dns'],
  ['patchNet', 'net'],
  ['patchTls', 'tls'],
  ['patchHttp', 'http'],
  ['patchFetch', 'fetch'],
  ['patchFs', 'fs'],
  ['patchChildProcess', 'childProcess'],
] as const)('%s()', (patch, name) => {
  it(`patches ${name} and nothing else, and takes it back when it is disposed of`, () => {
    const patched = monkey[patch]()
    expect([patched.names, patchedNow()]).toEqual([[name], [name]])
    expect(monkey[patch]().names).toEqual([])
    patched[Symbol.dispose]()
    expect(patchedNow()).toEqual([name]) // the second call wants it, too
    monkey.unpatchAll()
    expectUnpatched()
  })
})

describe('patched()', () => {
  it('patches what is named, for a scope', () => {
    {
      using patched = monkey.patched({ dns: true, promise: true, net: false })
      expect([patched.names, patchedNow()]).toEqual([
        ['promise', 'dns'],
        ['promise', 'dns'],
      ])
    }
    expectUnpatched()
  })

  it('patches everything when it is called without options, and nothing when nothing is true', () => {
    {
      using _ = monkey.patched()
      expect(patchedNow()).toEqual(NAMES)
    }
    using _ = monkey.patched({ dns: false })
    expectUnpatched()
  })

  it('ends with its scope when that throws', () => {
    const scope = (): void => {
      using _ = monkey.patched({ fetch: true })
      throw new RangeError('out')
    }
    expect(thrown(scope)).toBeInstanceOf(RangeError)
    expectUnpatched()
  })

  it('leaves what the program has patched for good', () => {
    monkey.patchDns()
    {
      using _ = monkey.patched({ dns: true, net: true })
      expect(patchedNow()).toEqual(['dns', 'net'])
    }
    expect(patchedNow()).toEqual(['dns'])
  })

  it('scopes may overlap: the last one that wants a patch takes it back', () => {
    const first = monkey.patched({ dns: true, net: true })
    const second = monkey.patched({ dns: true, fetch: true })
    first[Symbol.dispose]()
    first[Symbol.dispose]()
    expect(patchedNow()).toEqual(['dns', 'fetch'])
    second[Symbol.dispose]()
    expectUnpatched()
  })

  it('what was taken back and patched anew is none of its business', () => {
    const old = monkey.patched({ dns: true })
    monkey.unpatchAll()
    monkey.patchDns()
    old[Symbol.dispose]()
    expect(patchedNow()).toEqual(['dns'])
  })

  it('refuses what it does not know', () => {
    expect(message(() => monkey.patched({ dsn: true } as monkey.PatchOptions))).toBe(
      'patched() knows promise, timers, streams, dns, net, tls, http, fetch, fs, childProcess, but not "dsn".',
    )
  })
})

describe('unpatchAll()', () => {
  it('puts everything back: the same functions, the same properties, no iterator', () => {
    monkey.patchAll()
    monkey.unpatchAll()
    expectUnpatched()
    expect(Symbol.iterator in Promise.prototype).toBe(false)
    expect(Symbol.iterator in net.Socket.prototype).toBe(false)
  })

  it('without a patch does nothing, and twice does nothing more', () => {
    monkey.unpatchAll()
    expectUnpatched()
    monkey.patchAll()
    monkey.unpatchAll()
    monkey.unpatchAll()
    expectUnpatched()
  })

  it('and patchAll() may alternate', () => {
    for (let n = 0; n < 3; n++) {
      expect(monkey.patchAll().names).toHaveLength(NAMES.length)
      monkey.unpatchAll()
      expectUnpatched()
    }
  })

  it('takes back what was patched one by one', () => {
    const none = Object.fromEntries(NAMES.map((name) => [name, false]))
    for (const name of [...NAMES].reverse()) monkey.patchAll({ ...none, [name]: true })
    expect(patchedNow()).toEqual(NAMES)
    monkey.unpatchAll()
    expectUnpatched()
  })

  it('leaves alone what somebody else has put over ours, which goes on to work', async () => {
    const { url } = await serve()
    const original = globalThis.fetch
    onTestFinished(() => {
      globalThis.fetch = original
    })
    monkey.patchAll()
    const ours = globalThis.fetch
    let calls = 0
    const theirs: typeof fetch = (...args) => {
      calls++
      return ours(...args)
    }
    globalThis.fetch = theirs
    monkey.unpatchAll()
    expect(globalThis.fetch).toBe(theirs)
    expect(await (await fetch(url)).text()).toBe('hello')
    expect(calls).toBe(1)
    monkey.patchAll()
    expect(await (await fetch(url)).text()).toBe('hello')
    expect(calls).toBe(2)
    monkey.unpatchAll()
    expect(globalThis.fetch).toBe(theirs)
    globalThis.fetch = original
    expectUnpatched()
  })

  it('leaves a promise, a socket and a response that were made meanwhile what they are', async () => {
    const { url } = await serve()
    monkey.patchAll()
    const asked = fetch(url)
    const response = await fetch(url)
    const recipe = dns.lookup('127.0.0.1')
    monkey.unpatchAll()
    expect(await (await asked).text()).toBe('hello')
    expect(await response.text()).toBe('hello')
    expect(await recipe).toEqual({ address: '127.0.0.1', family: 4 })
  })
})

describe('what patchAll() returns', () => {
  it('takes back what that call has patched when it is disposed of: `using _ = patchAll()`', () => {
    const patched = monkey.patchAll()
    patched[Symbol.dispose]()
    expectUnpatched()
    patched[Symbol.dispose]()
    expectUnpatched()
  })

  it('leaves what others have patched before', () => {
    const outer = monkey.patchAll({ net: false, tls: false, http: false, fetch: false, fs: false, childProcess: false })
    const inner = monkey.patchAll()
    expect([outer.names, inner.names]).toEqual([
      ['promise', 'timers', 'streams', 'dns'],
      ['net', 'tls', 'http', 'fetch', 'fs', 'childProcess'],
    ])
    inner[Symbol.dispose]()
    expect(patchedNow()).toEqual(['promise', 'timers', 'streams', 'dns'])
    outer[Symbol.dispose]()
    expectUnpatched()
  })
})

describe('in a program', () => {
  it('importing `greenloop/monkey` alone patches nothing', () => {
    expectUnpatched() // this file has imported it
  })

  it('named imports of a builtin follow, also those that were made before', async () => {
    const exportsReplaced = itemsOf(['dns', 'timers', 'streams', 'childProcess']).filter((item) =>
      /^~ [^.]+\.\w+$/u.test(item),
    )
    expect(await runProgram(new URL('./programs/named-imports.ts', import.meta.url).href)).toEqual({
      stdout:
        'patched: 127.0.0.1 false true true\n' +
        'require: true true\n' +
        `changed: ${exportsReplaced.length} true\n` +
        'unpatched: true true []\n' +
        'ERR_INVALID_ARG_TYPE\n',
      stderr: '',
      code: 0,
    })
  })

  it('a fetch that fails and that nobody handles ends it, as before', async () => {
    const end = await runProgram(new URL('./programs/unhandled.ts', import.meta.url).href)
    expect([end.code, end.stdout]).toEqual([1, 'exit 1\n'])
    expect(end.stderr).toContain('TypeError: Failed to parse URL from no url')
  })

  it('each rejection that nobody handles is reported once, as before: of a promise, a fetch, a body', async () => {
    const unhandled = catchUnhandled()
    const seen: string[][] = []
    for (const prepare of [() => undefined, monkey.patchAll]) {
      prepare()
      void Promise.reject(new RangeError('of a promise'))
      void fetch('no url')
      void new Response('{').json()
      await eventually('all three are reported', () => unhandled.length >= 3)
      await new Promise((resolve) => setTimeout(resolve, 5))
      seen.push(unhandled.splice(0).map(String).sort())
    }
    expect(seen[0]).toHaveLength(3)
    expect(seen[1]).toEqual(seen[0])
  })

  it('everything of the lesson works at once', async () => {
    const { url } = await serve((_, response) => {
      response.end('page')
      return true
    })
    monkey.patchAll()
    const port = Number(new URL(url).port)
    await run(function* () {
      const { address } = yield* dns.lookup('127.0.0.1')
      const socket = yield* net.connect(port, address)
      yield* socket.sendall('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
      let answer = ''
      for (let chunk = yield* socket.recv(); chunk.length > 0; chunk = yield* socket.recv()) answer += String(chunk)
      expect(answer).toMatch(/^HTTP\/1.1 200 OK[^]*page/u)
      expect(yield* (yield* fetch(url)).text()).toBe('page')
      expect(yield* Promise.resolve('promise')).toBe('promise')
    })
    expect(getHub().outstanding).toBe(0)
  })
})
