// What is patched and what was there: getOriginal(), saved and the questions; and the state's own rules, tried on objects of the test.

import childProcess from 'node:child_process'
import dns from 'node:dns'
import { EventEmitter } from 'node:events'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import net from 'node:net'
import stream from 'node:stream'
import nodeTimers from 'node:timers'
import timers, { scheduler } from 'node:timers/promises'
import tls from 'node:tls'
import { run, UsageError } from 'greenloop'
import * as monkey from 'greenloop/monkey'
import { afterEach, describe, expect, it } from 'vitest'
import { aside, beginPatch, patchItem, restore } from '../../src/monkey/state.ts'
import { socketMethods } from '../../src/net/stream/methods.ts'
import { checkLeaks } from '../support/leaks.ts'
import { thrown, usage } from '../support/thrown.ts'

checkLeaks()
afterEach(() => {
  monkey.unpatchAll()
})

const originals = {
  lookup: dns.lookup,
  resolve4: dns.resolve4,
  ofResolver: dns.Resolver.prototype.resolve4,
  fetch: globalThis.fetch,
  text: Response.prototype.text,
  setTimeout: timers.setTimeout,
  wait: scheduler.wait,
}

describe('getOriginal()', () => {
  const names: [module: string, name: string, original: unknown][] = [
    ['dns', 'lookup', originals.lookup],
    ['node:dns', 'lookup', originals.lookup],
    ['dns', 'Resolver.prototype.resolve4', originals.ofResolver],
    ['globalThis', 'fetch', originals.fetch],
    ['globalThis', 'Response.prototype.text', originals.text],
    ['timers/promises', 'setTimeout', originals.setTimeout],
    ['timers/promises', 'scheduler.wait', originals.wait],
    ['timers', 'promises.setTimeout', originals.setTimeout],
    ['timers', 'setTimeout', nodeTimers.setTimeout],
    ['stream', 'pipeline', stream.pipeline],
    ['stream', 'promises.pipeline', stream.promises.pipeline],
    ['stream', 'Duplex.prototype.sendall', undefined],
    ['fs', 'realpath.native', fs.realpath.native],
    ['node:child_process', 'exec', childProcess.exec],
    ['child_process', 'ChildProcess.prototype.wait', undefined],
    ['globalThis', 'Promise.prototype[Symbol.iterator]', undefined],
    ['net', 'Socket.prototype.recv', undefined],
    ['net', 'Socket.prototype.on', net.Socket.prototype.on],
    ['dns', 'nothing', undefined],
    ['dns', 'nothing.of.that', undefined],
    ['path', 'sep', '/'],
  ]

  it.each(names)(
    'of %s gives %s as it was before any patch, patched or not, and after patching again',
    (module, name, original) => {
      for (const prepare of [() => undefined, monkey.patchAll, monkey.unpatchAll, monkey.patchAll]) {
        prepare()
        expect(monkey.getOriginal(module, name)).toBe(original)
      }
    },
  )

  it('gives an array for a list of names', () => {
    monkey.patchAll()
    expect(monkey.getOriginal('dns', ['lookup', 'resolve4'])).toEqual([originals.lookup, originals.resolve4])
    expect(monkey.getOriginal('dns', [])).toEqual([])
  })

  it('what somebody puts over a patch is not the original', () => {
    monkey.patchDns()
    const ours = dns.lookup
    const theirs = (...args: unknown[]): unknown => Reflect.apply(ours, dns, args)
    dns.lookup = theirs as typeof dns.lookup
    expect(monkey.getOriginal('dns', 'lookup')).toBe(originals.lookup)
    dns.lookup = ours
  })

  it('refuses a module that Node does not have', () => {
    expect(usage(() => monkey.getOriginal('express', 'Router'))).toBe(
      'getOriginal() expects the name of one of Node\'s modules, or globalThis, but got "express".',
    )
    expect(usage(() => monkey.isObjectPatched('express', 'Router'))).toBe(
      'isObjectPatched() expects the name of one of Node\'s modules, or globalThis, but got "express".',
    )
  })
})

describe('saved, isModulePatched(), isObjectPatched(), isAnythingPatched()', () => {
  it('agree: all that is saved is patched, and was none of ours', async () => {
    monkey.patchAll()
    const ours = new Set<unknown>()
    for (const [module, names] of monkey.saved) {
      expect(monkey.isModulePatched(module)).toBe(true)
      for (const [name, original] of names) {
        expect([module, name, monkey.isObjectPatched(module, name)]).toEqual([module, name, true])
        // What is put over something inherited replaces nothing; the original is that.
        expect(monkey.getOriginal(module, name)).toBe(
          original ?? Reflect.get(EventEmitter.prototype, name.split('.').at(-1)!),
        )
        ours.add(await run(() => currentOf(module, name))) // only greenlets see all of it
      }
    }
    expect([...monkey.saved.keys()]).toEqual([
      ...['globalThis', 'timers/promises', 'stream', 'stream/promises', 'dns', 'net', 'tls', 'http', 'https'],
      ...['fs', 'fs/promises', 'child_process'],
    ])
    expect(monkey.saved.get('dns')?.get('lookup')).toBe(originals.lookup)
    expect(monkey.saved.get('net')?.has('Socket.prototype.recv')).toBe(true)
    expect(monkey.saved.get('net')?.get('Socket.prototype.recv')).toBeUndefined()
    for (const names of monkey.saved.values())
      for (const original of names.values()) expect(ours).not.toContain(original)
  })

  it('what is there now are the methods of the rooms below', () => {
    monkey.patchAll()
    for (const key of Reflect.ownKeys(socketMethods))
      expect(Reflect.get(net.Socket.prototype, key)).toBe(Reflect.get(socketMethods, key))
  })

  it('know a patch by its name and by its module', () => {
    const asked = ['fetch', 'promise', 'globalThis', 'timers', 'timers/promises', 'node:timers/promises', 'dns', 'net']
    const patchedOnes = (): string[] => asked.filter((name) => monkey.isModulePatched(name))
    expect(patchedOnes()).toEqual([])
    using _ = monkey.patched({ timers: true, fetch: true })
    expect(patchedOnes()).toEqual(['fetch', 'globalThis', 'timers', 'timers/promises', 'node:timers/promises'])
    expect(monkey.isModulePatched('express')).toBe(false)
  })

  it('know what of a module is patched', () => {
    using _ = monkey.patched({ timers: true, dns: true })
    const asked: [string, string][] = [
      ['timers/promises', 'setTimeout'],
      ['timers', 'promises.setTimeout'],
      ['timers/promises', 'scheduler.yield'],
      ['dns', 'Resolver.prototype.reverse'],
      ['timers', 'setTimeout'],
      ['dns', 'promises.lookup'],
      ['dns', 'nothing'],
      ['dns', ''],
    ]
    expect(asked.map(([module, name]) => monkey.isObjectPatched(module, name))).toEqual([
      ...[true, true, true, true],
      ...[false, false, false, false],
    ])
  })

  it('see what is inherited, unless something of its own lies over it', () => {
    using _ = monkey.patched({ net: true })
    expect(monkey.isObjectPatched('tls', 'TLSSocket.prototype.recv')).toBe(true)
    Reflect.set(tls.TLSSocket.prototype, 'recv', () => 'own')
    expect(monkey.isObjectPatched('tls', 'TLSSocket.prototype.recv')).toBe(false)
    Reflect.deleteProperty(tls.TLSSocket.prototype, 'recv')
  })

  it('say that nothing is patched when nothing is', () => {
    expect([monkey.isAnythingPatched(), monkey.saved.size]).toEqual([false, 0])
    const patched = monkey.patchNet()
    expect([monkey.isAnythingPatched(), monkey.saved.size]).toEqual([true, 1])
    patched[Symbol.dispose]()
    expect([monkey.isAnythingPatched(), monkey.saved.size]).toEqual([false, 0])
  })
})

/** What is at a path now. */
function currentOf(module: string, path: string): unknown {
  const root: unknown = module === 'globalThis' ? globalThis : createRequire(import.meta.url)(`node:${module}`)
  return path
    .replace(/\[Symbol\.iterator\]/u, '.@')
    .split('.')
    .reduce<unknown>((value, name) => {
      const key = name === '@' ? Symbol.iterator : name
      // Some accessors refuse to be asked on a prototype.
      const isPrototype = value === Response.prototype
      return (isPrototype && Object.getOwnPropertyDescriptor(value, key)?.get) || Reflect.get(value as object, key)
    }, root)
}

describe('the state', () => {
  const KEY = Symbol('key')

  /** An object of every kind of property. */
  function thing() {
    let stored = 'get and set'
    return Object.create(
      { inherited: () => 'inherited' },
      {
        method: { value: () => 'method', enumerable: true, writable: true, configurable: true },
        hidden: { value: () => 'hidden', writable: false, configurable: true },
        [KEY]: { value: () => 'symbol', enumerable: true, writable: true, configurable: true },
        getter: { get: () => 'getter', enumerable: true, configurable: true },
        accessor: { get: () => stored, set: (value: string) => (stored = value), configurable: true },
        fixed: { value: () => 'fixed', writable: true, configurable: false },
      },
    ) as Record<PropertyKey, unknown>
  }

  function patch(module: string, target: object, values: Readonly<Record<PropertyKey, unknown>>): void {
    beginPatch(module)
    for (const key of Reflect.ownKeys(values)) patchItem(module, target, key, Reflect.get(values, key))
  }

  it('puts back every kind of property as it was: data, accessor, symbol, hidden, fixed, absent, inherited', () => {
    const target = thing()
    const before = Object.getOwnPropertyDescriptors(target)
    const values: Record<PropertyKey, unknown> = {}
    for (const key of [...Reflect.ownKeys(before), 'absent', 'inherited']) values[key] = () => 'patched'
    patch('test', target, values)
    for (const key of Reflect.ownKeys(values)) expect(target[key]).toBe(values[key])
    expect(Object.keys(target)).toEqual(['method', 'getter'])
    restore('test')
    expect(Object.getOwnPropertyDescriptors(target)).toEqual(before)
    expect(Reflect.ownKeys(target)).toEqual(Reflect.ownKeys(before))
    expect((target['inherited'] as () => string)()).toBe('inherited')
    expect([target['getter'], target['accessor']]).toEqual(['getter', 'get and set'])
    expect(monkey.saved.size).toBe(0)
  })

  it('what refuses to be patched says so, and what was patched before it is taken back', () => {
    const target = Object.freeze({ first: () => 1 })
    expect(thrown(() => patch('test', target, { first: () => 2 }))).toBeInstanceOf(TypeError)
    restore('test')
    expect(target.first()).toBe(1)
  })

  it('a property that is patched twice in one patch is put back to the first', () => {
    const target = { method: () => 'original' }
    const { method } = target
    beginPatch('test')
    patchItem('test', target, 'method', () => 'one')
    patchItem('test', target, 'method', () => 'two')
    expect(target.method()).toBe('two')
    restore('test')
    expect(target.method).toBe(method)
  })

  it.each([
    ['lower', 'upper'],
    ['upper', 'lower'],
  ] as const)('two patches of one property are restored in any order: first the %s one', (...order) => {
    const target = { method: () => 'original' }
    const { method } = target
    const values = { lower: () => 'lower', upper: () => 'upper' }
    for (const name of ['lower', 'upper'] as const) patch(name, target, { method: values[name] })
    expect(target.method).toBe(values.upper)
    restore(order[0])
    expect(target.method).toBe(values[order[1]])
    expect([...monkey.saved.values()].flatMap((names) => [...names.values()])).toEqual([method])
    restore(order[1])
    expect(target.method).toBe(method)
  })

  it('leaves what somebody has put over it, and knows its own when that is gone', () => {
    const target: { method: () => string } = { method: () => 'original' }
    const { method } = target
    const ours = (): string => 'ours'
    patch('test', target, { method: ours })
    const theirs = (): string => `theirs, ${ours()}`
    target.method = theirs
    restore('test')
    expect(target.method).toBe(theirs)
    target.method = ours // they put back what they had found
    patch('test', target, { method: () => 'ours again' })
    expect([...monkey.saved.values()].flatMap((names) => [...names.values()])).toEqual([method])
    restore('test')
    expect(target.method).toBe(method)
  })

  it('an added one that was left behind under theirs is taken away in the end', () => {
    const target: { method?: () => string } = {}
    const ours = (): string => 'ours'
    patch('test', target, { method: ours })
    target.method = () => 'theirs'
    restore('test')
    target.method = ours
    patch('test', target, { method: ours }) // the methods of a table are the same each time
    restore('test')
    expect(Object.keys(target)).toEqual([])
  })

  it('what was left behind is none of that where somebody else has put it, nor when it is patched again', () => {
    const target: { method?: () => string } = {}
    const other: { method?: () => string } = {}
    const ours = (): string => 'ours'
    patch('test', target, { method: ours })
    target.method = () => 'theirs'
    restore('test')
    other.method = ours
    patch('test', other, { method: () => 'patched' })
    restore('test')
    expect(other.method).toBe(ours)
    target.method = ours
    patch('lower', target, { method: ours })
    patch('upper', target, { method: () => 'upper' })
    restore('upper')
    expect(target.method).toBe(ours)
    restore('lower')
    expect(Object.keys(target)).toEqual([])
  })

  it('what replaces a patched function meanwhile, aside, is the original from then on', () => {
    const target = { method: () => 'original', other: () => 'other' }
    const ours = (): string => 'ours'
    patch('test', target, { method: ours })
    const late = (): string => 'late'
    aside('test', () => {
      expect(target.method()).toBe('original')
      target.method = late
    })
    expect(target.method).toBe(ours)
    restore('test')
    expect(target.method).toBe(late)
  })

  it('aside leaves what somebody has put over ours, unless it was replaced', () => {
    const target = { method: () => 'original' }
    patch('test', target, { method: () => 'ours' })
    const theirs = (): string => 'theirs'
    target.method = theirs
    aside('test', () => undefined)
    expect(target.method).toBe(theirs)
    restore('test')
  })

  it('an item without a patch is a bug of ours', () => {
    expect(String(thrown(() => patchItem('nobody', {}, 'key', 1)))).toMatch(
      /^InternalError: patchItem\(\) was called while no patch of nobody is open\.\nThis is a bug in greenloop/u,
    )
  })

  it('a UsageError is what a wrong name throws', () => {
    expect(thrown(() => monkey.getOriginal('', 'lookup'))).toBeInstanceOf(UsageError)
  })
})
