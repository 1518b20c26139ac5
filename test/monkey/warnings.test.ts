// The two warnings of patching, and that there is none in the normal case.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as monkey from 'greenloop/monkey'
import { afterAll, afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { runProgram } from '../support/program.ts'

checkLeaks()

const require = createRequire(import.meta.url)
const folder = mkdtempSync(join(tmpdir(), 'greenloop-warnings-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

let warned: unknown[][]
beforeEach(() => {
  warned = []
  vi.spyOn(process, 'emitWarning').mockImplementation((...args: unknown[]) => void warned.push(args))
})
afterEach(() => {
  vi.restoreAllMocks()
  monkey.unpatchAll()
})

/** Loads a CommonJS module of this text for the rest of the running test; answers its path. */
function load(name: string, text: string): string {
  const path = join(folder, `${name}.cjs`)
  writeFileSync(path, text)
  require(path)
  onTestFinished(() => {
    Reflect.deleteProperty(require.cache, path)
  })
  return path
}

const twice = (first: string, second: string): unknown[] => [
  `${first} was followed by ${second}. Calls add up: what one of them asks for is patched, and nothing is taken back. ` +
    'Call patchAll() once, before everything else; to begin anew call unpatchAll() first.',
  { type: 'MonkeyPatchWarning', code: 'GREENLOOP_PATCHED_TWICE' },
]

describe('patched twice', () => {
  it('with other options: one warning, no events, and what is saved stays as it was', () => {
    monkey.patchAll()
    const saved = [...monkey.saved].map(([module, names]) => [module, [...names]])
    let events = 0
    monkey.events.once('willPatchAll', () => events++)
    monkey.patchAll({ dns: false, fetch: false })
    expect(warned).toEqual([twice('patchAll()', 'patchAll({ dns: false, fetch: false })')])
    expect(events).toBe(0)
    expect([...monkey.saved].map(([module, names]) => [module, [...names]])).toEqual(saved)
    monkey.events.removeAllListeners()
  })

  it('is warned of once, however often', () => {
    monkey.patchAll({ net: false })
    monkey.patchAll()
    monkey.patchAll({ dns: false })
    expect(warned).toEqual([twice('patchAll({ net: false })', 'patchAll()')])
  })

  it('with the same options is nothing, however they are written', () => {
    monkey.patchAll()
    monkey.patchAll({})
    monkey.patchAll({ dns: true, net: true })
    expect(warned).toEqual([])
  })

  it('is nothing once the first was taken back, by unpatchAll() or by its end', () => {
    monkey.patchAll({ net: false })
    monkey.unpatchAll()
    const first = monkey.patchAll({ dns: false })
    first[Symbol.dispose]()
    first[Symbol.dispose]()
    monkey.patchAll()
    monkey.patchAll()
    expect(warned).toEqual([])
  })

  it('is nothing for scopes, and for patchNet() and its like', () => {
    monkey.patchAll({ fetch: false })
    using _ = monkey.patched({ dns: true, fetch: true })
    monkey.patchNet()
    expect(warned).toEqual([])
  })
})

const tooLate = (...holders: string[]): unknown[] => [
  'The patches came too late for those who hold a function of Node already; what they call is not patched:\n' +
    `${holders.map((line) => `  ${line}\n`).join('')}Patch before anything else is loaded: node --import greenloop/monkey/register app.js`,
  { type: 'MonkeyPatchWarning', code: 'GREENLOOP_PATCHED_TOO_LATE' },
]

describe('patched too late', () => {
  it('names CommonJS modules that export what was replaced, or have it among their exports', () => {
    const a = load('a', 'module.exports = { ...require("node:dns"), other: 1 }')
    const b = load('b', 'module.exports = fetch')
    monkey.patchAll({ dns: false })
    expect(warned).toEqual([tooLate(`${b}: module.exports is fetch`)])
    warned.length = 0
    monkey.patchDns()
    expect(warned).toHaveLength(1)
    const [[text] = []] = warned
    expect(text).toContain(`  ${a}: exports.lookup is dns.lookup\n`)
    expect(text).toMatch(/\n {2}and \d+ more\n/u)
    expect(String(text).split('\n')).toHaveLength(1 + 10 + 1 + 1)
  })

  it('names globals, too', () => {
    Reflect.set(globalThis, 'ask', fetch)
    onTestFinished(() => {
      Reflect.deleteProperty(globalThis, 'ask')
    })
    monkey.patchFetch()
    expect(warned).toEqual([tooLate('globalThis.ask is fetch')])
  })

  it('names those who hold a function of timers/promises', () => {
    const path = load('timers', 'exports.delay = require("node:timers/promises").setTimeout')
    monkey.patchTimers()
    expect(warned).toEqual([tooLate(`${path}: exports.delay is timers/promises.setTimeout`)])
  })

  it('is warned of once for each who holds, however often a scope patches', () => {
    const first = load('first', 'exports.ask = fetch')
    for (let round = 0; round < 3; round++) {
      using _ = monkey.patched({ fetch: true })
    }
    expect(warned).toEqual([tooLate(`${first}: exports.ask is fetch`)])
    const second = load('second', 'exports.ask = fetch')
    monkey.patchFetch()
    expect(warned.slice(1)).toEqual([tooLate(`${second}: exports.ask is fetch`)])
  })

  it('is nothing for a module that holds the module, or was loaded afterwards', () => {
    load('holder', 'exports.dns = require("node:dns"); exports.lookup = (...args) => exports.dns.lookup(...args)')
    monkey.patchAll()
    load('later', 'exports.lookup = require("node:dns").lookup')
    monkey.patchAll()
    expect(warned).toEqual([])
  })

  it('calls no getter, and minds no module that cannot be looked at', () => {
    load('getter', 'Object.defineProperty(exports, "x", { enumerable: true, get() { throw new Error("called") } })')
    load('proxy', 'module.exports = new Proxy({}, { ownKeys() { throw new Error("closed") } })')
    load('nothing', 'module.exports = null')
    load('number', 'module.exports = 5')
    monkey.patchAll()
    expect(warned).toEqual([])
  })
})

describe('in a program', () => {
  it('Node prints them with their kind and code', async () => {
    const path = join(folder, 'held.cjs')
    writeFileSync(path, 'exports.lookup = require("node:dns").lookup')
    const { stderr, stdout } = await runProgram(new URL('./programs/warned.ts', import.meta.url).href, { args: [path] })
    expect(stdout).toBe('MonkeyPatchWarning GREENLOOP_PATCHED_TOO_LATE\nMonkeyPatchWarning GREENLOOP_PATCHED_TWICE\n')
    expect(stderr).toMatch(
      /^\(node:\d+\) \[GREENLOOP_PATCHED_TOO_LATE\] MonkeyPatchWarning: The patches came too late .*\n {2}.*held\.cjs: exports\.lookup is dns\.lookup\nPatch before/u,
    )
    expect(stderr).toMatch(
      /\n\(node:\d+\) \[GREENLOOP_PATCHED_TWICE\] MonkeyPatchWarning: patchAll\(\) was followed by/u,
    )
  })
})
