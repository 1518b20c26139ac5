// patchAll() and unpatchAll(): what is put where, what is put back, and that nothing is left.
import dns from 'node:dns'
import net from 'node:net'
import { getHub, run, UsageError } from 'greenloop'
import * as monkey from 'greenloop/monkey'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import { serve } from '../http/support.ts'
import { catchUnhandled, eventually } from '../net/support.ts'
import { checkLeaks } from '../support/leaks.ts'
import { runProgram } from '../support/program.ts'
import { message, thrown } from '../support/thrown.ts'

checkLeaks()
afterEach(() => {
  monkey.unpatchAll()
})

type Item = readonly [patch: monkey.PatchName, target: object, key: PropertyKey]

/** All that is patched. */
const items: readonly Item[] = [
  ['promise', Promise.prototype, Symbol.iterator],
  ['dns', dns, 'lookup'],
  ['net', net.Socket.prototype, Symbol.iterator],
  ['net', net.Socket.prototype, 'recv'],
  ['net', net.Socket.prototype, 'sendall'],
  ['fetch', globalThis, 'fetch'],
  ['fetch', Response.prototype, 'arrayBuffer'],
  ['fetch', Response.prototype, 'blob'],
  ['fetch', Response.prototype, 'formData'],
  ['fetch', Response.prototype, 'json'],
  ['fetch', Response.prototype, 'text'],
  ['fetch', Response.prototype, 'clone'],
]

type Descriptors = (PropertyDescriptor | undefined)[]

function descriptors(): Descriptors {
  return items.map(([, target, key]) => Object.getOwnPropertyDescriptor(target, key))
}

const before = descriptors()
const ownKeys = (): unknown[] =>
  [Promise.prototype, dns, net, net.Socket.prototype, globalThis, Response.prototype].map((target) =>
    Reflect.ownKeys(target),
  )
const keysBefore = ownKeys()

/** Which patches are in place: those of which an item differs from before. */
function patchedNow(): monkey.PatchName[] {
  const now = descriptors()
  const names = items.filter((_, n) => now[n]?.value !== before[n]?.value).map(([name]) => name)
  return [...new Set(names)]
}

/** Everything is as before, down to each flag of each property. */
function expectUnpatched(): void {
  const now = descriptors()
  for (const [n, [, , key]] of items.entries()) {
    expect([String(key), now[n]]).toStrictEqual([String(key), before[n]])
    expect(now[n]?.value).toBe(before[n]?.value)
  }
  expect(ownKeys()).toEqual(keysBefore)
}

describe('patchAll()', () => {
  it('patches everything, and names it in the order in which it did', () => {
    expect(monkey.patchAll().names).toEqual(['promise', 'dns', 'net', 'fetch'])
    expect(patchedNow()).toEqual(['promise', 'dns', 'net', 'fetch'])
  })

  it('changes every item', () => {
    monkey.patchAll()
    const now = descriptors()
    for (const [n, [, , key]] of items.entries())
      expect([key, now[n]?.value === before[n]?.value]).toEqual([key, false])
  })

  it('adds nothing else', () => {
    monkey.patchAll()
    const added = ownKeys().map((keys, n) =>
      (keys as unknown[]).filter((key) => !(keysBefore[n] as unknown[]).includes(key)),
    )
    expect(added).toEqual([[Symbol.iterator], [], [], ['recv', 'sendall', Symbol.iterator], [], []])
  })

  it('twice does nothing more, and names nothing', () => {
    monkey.patchAll()
    const once = descriptors()
    expect(monkey.patchAll().names).toEqual([])
    for (const [n, descriptor] of descriptors().entries()) expect(descriptor?.value).toBe(once[n]?.value)
  })

  it.each(['promise', 'dns', 'net', 'fetch'] as const)('leaves out %s when told so, and adds it later', (name) => {
    const others = (['promise', 'dns', 'net', 'fetch'] as const).filter((other) => other !== name)
    expect(monkey.patchAll({ [name]: false }).names).toEqual(others)
    expect(patchedNow()).toEqual(others)
    expect(monkey.patchAll({ [name]: true }).names).toEqual([name])
    expect(patchedNow()).toEqual(['promise', 'dns', 'net', 'fetch'])
  })

  it('with `true` for one means that one and all that are not named', () => {
    expect(monkey.patchAll({ dns: true }).names).toEqual(['promise', 'dns', 'net', 'fetch'])
  })

  it('with `false` does not take back what is patched', () => {
    monkey.patchAll()
    expect(monkey.patchAll({ dns: false }).names).toEqual([])
    expect(patchedNow()).toContain('dns')
  })

  it.each(['timers', 'Fetch', 'constructor', 'toString', '0', ''])(
    'refuses the unknown name %j, and patches nothing',
    (name) => {
      const call = (): unknown => monkey.patchAll({ dns: true, [name]: true })
      expect(thrown(call)).toBeInstanceOf(UsageError)
      expect(message(call)).toBe(`patchAll() knows promise, dns, net, fetch, but not ${JSON.stringify(name)}.`)
      expectUnpatched()
    },
  )

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
    const now = descriptors()
    let functions = 0
    for (const [n, descriptor] of before.entries()) {
      const original: unknown = descriptor?.value
      const patched: unknown = now[n]?.value
      if (typeof original !== 'function' || typeof patched !== 'function') continue
      functions++
      expect([patched.name, patched.length]).toEqual([original.name, original.length])
      for (const key of Reflect.ownKeys(original)) {
        if (key === 'prototype') continue
        expect(Object.getOwnPropertyDescriptor(patched, key)).toEqual(Object.getOwnPropertyDescriptor(original, key))
      }
    }
    expect(functions).toBe(8)
  })

  it('keeps what it replaces enumerable or not, and hides what it adds', () => {
    monkey.patchAll()
    const now = descriptors()
    for (const [n, descriptor] of before.entries()) {
      expect([items[n]?.[2], now[n]?.enumerable]).toEqual([items[n]?.[2], descriptor?.enumerable ?? false])
    }
    const seen: string[] = []
    for (const key in new net.Socket()) seen.push(key)
    expect(seen).not.toContain('recv')
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
      expect(monkey.patchAll().names).toHaveLength(4)
      monkey.unpatchAll()
      expectUnpatched()
    }
  })

  it('takes back what was patched one by one', () => {
    for (const name of ['fetch', 'net', 'dns', 'promise'] as const) {
      monkey.patchAll({ promise: false, dns: false, net: false, fetch: false, [name]: true })
    }
    expect(patchedNow()).toHaveLength(4)
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
    const outer = monkey.patchAll({ net: false, fetch: false })
    const inner = monkey.patchAll()
    expect([outer.names, inner.names]).toEqual([
      ['promise', 'dns'],
      ['net', 'fetch'],
    ])
    inner[Symbol.dispose]()
    expect(patchedNow()).toEqual(['promise', 'dns'])
    outer[Symbol.dispose]()
    expectUnpatched()
  })
})

describe('in a program', () => {
  it('importing `greenloop/monkey` alone patches nothing', () => {
    expectUnpatched() // this file has imported it
  })

  it('named imports of a builtin follow, also those that were made before', async () => {
    expect(await runProgram(new URL('./programs/named-imports.ts', import.meta.url).href)).toEqual({
      stdout: 'patched: 127.0.0.1 false true\nunpatched: true true\nERR_INVALID_ARG_TYPE\n',
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
