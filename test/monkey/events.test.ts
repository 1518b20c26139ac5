// The events of patching: their order, what they say, and the veto of one module or of all.
import dns from 'node:dns'
import * as monkey from 'greenloop/monkey'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { thrown } from '../support/thrown.ts'
import { changes, snapshot } from './support/touched.ts'

checkLeaks()
beforeEach(() => {
  vi.spyOn(process, 'emitWarning').mockReturnValue(undefined)
})
afterEach(() => {
  monkey.events.removeAllListeners()
  monkey.unpatchAll()
  vi.restoreAllMocks()
})

const before = snapshot()

const NAMES_WITHOUT_DNS: readonly monkey.PatchName[] = [
  'promise',
  'timers',
  'streams',
  'net',
  'tls',
  'http',
  'fetch',
  'fs',
  'childProcess',
]
const none = Object.fromEntries(NAMES_WITHOUT_DNS.map((name) => [name, false]))

/** What is told from now on. */
function record(): string[] {
  const told: string[] = []
  monkey.events.on('willPatchAll', ({ names }) => told.push(`will patch all: ${names.join()}`))
  monkey.events.on('willPatchModule', ({ name }) => told.push(`will patch ${name}`))
  monkey.events.on('didPatchModule', ({ name }) => told.push(`did patch ${name}`))
  monkey.events.on('didPatchBuiltinModules', ({ names }) => told.push(`did patch builtins: ${names.join()}`))
  monkey.events.on('didPatchAll', ({ names, vetoed }) =>
    told.push(`did patch all: ${names.join()} without ${vetoed.join()}`),
  )
  return told
}

describe('events', () => {
  it('are told in order: all, each module before and after, the builtin ones, all', () => {
    const told = record()
    monkey.patchAll({ timers: false, streams: false, tls: false, net: false, fs: false })
    expect(told).toEqual([
      'will patch all: promise,dns,http,fetch,childProcess',
      'will patch promise',
      'did patch promise',
      'will patch dns',
      'did patch dns',
      'will patch http',
      'did patch http',
      'will patch fetch',
      'did patch fetch',
      'will patch childProcess',
      'did patch childProcess',
      'did patch builtins: promise,dns,http,fetch,childProcess',
      'did patch all: promise,dns,http,fetch,childProcess without ',
    ])
  })

  it('are not told when there is nothing new', () => {
    monkey.patchAll()
    const told = record()
    monkey.patchAll()
    monkey.patchAll({ dns: false })
    monkey.patchDns()
    using _ = monkey.patched({ net: true })
    expect(told).toEqual([])
  })

  it('tell of the modules only when not all is asked for', () => {
    const told = record()
    monkey.patchDns()
    using _ = monkey.patched({ net: true })
    expect(told).toEqual(['will patch dns', 'did patch dns', 'will patch net', 'did patch net'])
  })

  it('are told while it happens: before, it is not patched; after, it is; at the end named imports follow', () => {
    const seen: unknown[] = []
    const look = (): unknown => seen.push(monkey.isModulePatched('dns'))
    monkey.events.once('willPatchAll', (event) => {
      look()
      seen.push(event.willPatch('dns'), event.willPatch('net'))
    })
    monkey.events.once('willPatchModule', look)
    monkey.events.once('didPatchModule', ({ items }) => {
      look()
      seen.push(items.includes('dns.lookup'), items.includes('dns.Resolver.prototype.reverse'))
    })
    monkey.events.once('didPatchAll', look)
    monkey.patchAll({ ...none, dns: true })
    expect(seen).toEqual([false, true, false, false, true, true, true, true])
  })

  it('name what was patched: additions and replacements', () => {
    const items: string[] = []
    monkey.events.on('didPatchModule', (event) => items.push(...event.items))
    monkey.patchAll()
    expect(items).toEqual(
      expect.arrayContaining(['fetch', 'Response.prototype.json', 'timers/promises.scheduler.wait']),
    )
    expect(items).toEqual(expect.arrayContaining(['Promise.prototype[Symbol.iterator]', 'net.Socket.prototype.recv']))
  })
})

describe('preventDefault()', () => {
  it('in willPatchModule leaves that one out, and the call says so', () => {
    monkey.events.on('willPatchModule', (event) => {
      if (event.name === 'net' || event.name === 'tls') event.preventDefault()
    })
    const told = record()
    const patched = monkey.patchAll()
    expect([patched.names, patched.vetoed]).toEqual([
      ['promise', 'timers', 'streams', 'dns', 'http', 'fetch', 'fs', 'childProcess'],
      ['net', 'tls'],
    ])
    expect(told).not.toContain('did patch net')
    expect(told.at(-1)).toBe('did patch all: promise,timers,streams,dns,http,fetch,fs,childProcess without net,tls')
    expect(monkey.isModulePatched('net')).toBe(false)
  })

  it('in willPatchAll leaves out all that is new, and tells no more', () => {
    monkey.patchDns()
    monkey.events.on('willPatchAll', (event) => event.preventDefault())
    const told = record()
    const patched = monkey.patchAll()
    expect([patched.names, patched.vetoed]).toEqual([[], NAMES_WITHOUT_DNS])
    expect(told).toEqual([`will patch all: ${NAMES_WITHOUT_DNS.join()}`])
    expect(monkey.isModulePatched('dns')).toBe(true)
  })

  it('of everything, one by one, leaves nothing to tell of at the end', () => {
    monkey.events.on('willPatchModule', (event) => event.preventDefault())
    const told = record()
    expect(monkey.patchAll().names).toEqual([])
    expect(told.filter((line) => line.startsWith('did'))).toEqual([])
    expect(changes(before)).toEqual([])
  })

  it('counts for patchNet() and patched(), too', () => {
    monkey.events.on('willPatchModule', (event) => {
      expect(event.defaultPrevented).toBe(false)
      event.preventDefault()
      expect(event.defaultPrevented).toBe(true)
    })
    expect(monkey.patchNet().vetoed).toEqual(['net'])
    expect(monkey.patched({ dns: true }).vetoed).toEqual(['dns'])
    expect(monkey.isAnythingPatched()).toBe(false)
  })

  it('is asked again by the next call', () => {
    monkey.events.once('willPatchModule', (event) => event.preventDefault())
    expect(monkey.patchNet().vetoed).toEqual(['net'])
    expect(monkey.patchNet().names).toEqual(['net'])
  })

  it('of a module does not make the call hold it', () => {
    monkey.events.once('willPatchModule', (event) => event.preventDefault())
    const vetoed = monkey.patched({ dns: true })
    monkey.patchDns()
    vetoed[Symbol.dispose]()
    expect(monkey.isModulePatched('dns')).toBe(true)
  })
})

describe('a listener', () => {
  it.each(['willPatchAll', 'willPatchModule', 'didPatchModule', 'didPatchBuiltinModules', 'didPatchAll'] as const)(
    'that throws in %s makes the call throw, and nothing of it stays',
    (name) => {
      monkey.patchNet()
      const patchedNet = snapshot()
      let calls = 0
      monkey.events.on(name, () => {
        if (++calls === (name.endsWith('Module') ? 3 : 1)) throw new RangeError('listener')
      })
      expect(String(thrown(() => monkey.patchAll()))).toBe('RangeError: listener')
      expect(changes(patchedNet)).toEqual([])
      expect(monkey.patchAll({ dns: false }).names).toEqual(NAMES_WITHOUT_DNS.filter((other) => other !== 'net')) // no call stands
    },
  )

  it('may patch by itself: what it has patched is not patched again', () => {
    monkey.events.once('willPatchAll', () => monkey.patchDns())
    const told = record()
    expect(monkey.patchAll().names).toEqual(NAMES_WITHOUT_DNS)
    expect(told.filter((line) => line.endsWith('patch dns'))).toEqual(['will patch dns', 'did patch dns'])
    expect(dns.lookup).not.toBe(monkey.getOriginal('dns', 'lookup'))
  })

  it('may patch the very module that it is told of', () => {
    monkey.events.once('willPatchModule', () => monkey.patchDns())
    expect(monkey.patchDns().names).toEqual([])
    expect(monkey.isModulePatched('dns')).toBe(true)
    monkey.unpatchAll()
    expect(changes(before)).toEqual([])
  })

  it('may take everything back in the middle', () => {
    monkey.events.once('didPatchModule', () => monkey.unpatchAll())
    monkey.patchAll()
    expect(monkey.isModulePatched('promise')).toBe(false)
    expect(monkey.isModulePatched('fetch')).toBe(true)
    monkey.unpatchAll()
    expect(changes(before)).toEqual([])
  })
})
