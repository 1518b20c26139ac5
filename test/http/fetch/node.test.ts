// Node's own fetch, patched: where its requests go, and how they are given up, is the dispatcher's affair; with any other fetch, a signal's.
import { type Green, run, spawn } from 'greenloop'
import * as monkey from 'greenloop/monkey'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import { eventually } from '../../net/support.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { rejection } from '../../support/thrown.ts'
import { serve } from '../support.ts'

checkLeaks()

const nodeFetch = globalThis.fetch
const SLOTS = ['undici.globalDispatcher.1', 'undici.globalDispatcher.2'].map((name) => Symbol.for(name))

afterEach(() => {
  monkey.unpatchAll()
})

/** Puts `fetch` in the place of Node's, and patches that. Gives what it is called with. */
function patchOver(fetch: (input: never, init: RequestInit) => Promise<Response>): RequestInit[] {
  const inits: RequestInit[] = []
  globalThis.fetch = ((input: never, init: RequestInit) => {
    inits.push(init)
    return fetch(input, init)
  }) as typeof globalThis.fetch
  onTestFinished(() => {
    globalThis.fetch = nodeFetch
  })
  monkey.patchFetch()
  return inits
}

function* read(url: string, init?: RequestInit): Green<string> {
  return yield* (yield* fetch(url, init)).text()
}

/** A dispatcher that hands on what it gets to Node's own. */
class HandsOn {
  readonly calls: string[] = []
  readonly #to: { dispatch(...args: unknown[]): boolean }

  constructor() {
    Reflect.get(globalThis, 'Response') // loads Node's undici
    this.#to = SLOTS.map((slot) => Reflect.get(globalThis, slot) as unknown).findLast(
      (one) => one !== undefined,
    ) as never
  }

  dispatch(...args: unknown[]): boolean {
    const [options] = args as [{ method: string; path: string }]
    this.calls.push(`${options.method} ${options.path} ${args.length} ${Object.getOwnPropertySymbols(options).length}`)
    return this.#to.dispatch(...args)
  }
}

describe('a dispatcher', () => {
  it('of the caller’s gets each request, as fetch makes it, and what it got is given up', async () => {
    const { url, came, aborted } = await serve()
    const dispatcher = new HandsOn()
    monkey.patchFetch()
    const init = { dispatcher } as unknown as RequestInit
    expect(await run(() => read(`${url}/redirect/1`, init))).toBe('hello')
    const victim = spawn(read, `${url}/silent`, init)
    await came('/silent')
    await victim.kill()
    await aborted('/silent')
    expect(dispatcher.calls).toEqual(['GET /redirect/1 2 0', 'GET / 2 0', 'GET /silent 2 0'])
  })

  it('that the program has set is the one that is used, from then on', async () => {
    const { url, came, aborted } = await serve()
    monkey.patchFetch()
    await run(() => read(url))
    const dispatcher = new HandsOn()
    for (const slot of SLOTS) {
      const before: unknown = Reflect.get(globalThis, slot)
      if (before === undefined) continue
      Reflect.set(globalThis, slot, dispatcher)
      onTestFinished(() => void Reflect.set(globalThis, slot, before))
    }
    expect(await run(() => read(`${url}/json`))).toBe('{"answer":42}')
    const victim = spawn(read, `${url}/endless`)
    await came('/endless')
    await victim.kill()
    await aborted('/endless')
    expect(dispatcher.calls).toEqual(['GET /json 2 0', 'GET /endless 2 0'])
  })

  it('that is none is refused by Node, in its words', async () => {
    const { url } = await serve()
    const outcome = async (send: typeof fetch, dispatcher: unknown): Promise<string> => {
      let asked: Promise<unknown>
      try {
        asked = send(url, { dispatcher } as RequestInit)
      } catch (error) {
        return `at once: ${String(error)}`
      }
      return String(await rejection(asked))
    }
    monkey.patchFetch()
    for (const dispatcher of [null, 5, {}, 'agent']) {
      const expected = await outcome(nodeFetch, dispatcher)
      expect(await outcome(fetch, dispatcher)).toBe(expected)
    }
  })
})

describe('a fetch that is not Node’s own', () => {
  it('around Node’s gets a signal, and no dispatcher', async () => {
    const { url, came, aborted } = await serve()
    const inits = patchOver(nodeFetch)
    const victim = spawn(read, `${url}/silent`, { method: 'POST', body: 'x' })
    await came('/silent')
    await victim.kill()
    await aborted('/silent')
    expect(inits).toEqual([{ method: 'POST', body: 'x', signal: expect.any(AbortSignal) as AbortSignal }])
  })

  it('without any dispatcher is told by the signal', async () => {
    const reasons: unknown[] = []
    patchOver(
      (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => {
            reasons.push(signal.reason)
            reject(signal.reason as Error)
          })
        }),
    )
    const victim = spawn(read, 'http://mock.example/')
    await eventually('it asks', () => victim.$wait !== null)
    await victim.kill()
    expect(reasons).toMatchObject([{ name: 'AbortError' }])
  })
})
