// Random sequences of patching, scopes, vetoes and unpatching: after each step exactly what somebody asks for is patched, and what each
// call says of itself is true; in the end everything is as it was.
import fc from 'fast-check'
import * as monkey from 'greenloop/monkey'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { changes, snapshot } from './support/touched.ts'

checkLeaks()
const SEED = 20_240_505
const NAMES = ['promise', 'timers', 'streams', 'dns', 'net', 'tls', 'http', 'fetch', 'fs', 'childProcess'] as const

beforeEach(() => {
  vi.spyOn(process, 'emitWarning').mockReturnValue(undefined)
})
afterEach(() => {
  monkey.events.removeAllListeners()
  monkey.unpatchAll()
  vi.restoreAllMocks()
})

const before = snapshot()

const one = {
  promise: monkey.patchPromise,
  timers: monkey.patchTimers,
  streams: monkey.patchStreams,
  dns: monkey.patchDns,
  net: monkey.patchNet,
  tls: monkey.patchTls,
  http: monkey.patchHttp,
  fetch: monkey.patchFetch,
  fs: monkey.patchFs,
  childProcess: monkey.patchChildProcess,
} as const

type Step =
  | { readonly do: 'patchAll'; readonly without: readonly monkey.PatchName[] }
  | { readonly do: 'patched'; readonly names: readonly monkey.PatchName[] }
  | { readonly do: 'patch'; readonly name: monkey.PatchName }
  | { readonly do: 'dispose'; readonly which: number }
  | { readonly do: 'veto'; readonly names: readonly monkey.PatchName[]; readonly all: boolean }
  | { readonly do: 'unpatchAll' }

const names = fc.subarray([...NAMES])
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('patchAll' as const), without: names }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('patched' as const), names }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('patch' as const), name: fc.constantFrom(...NAMES) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('dispose' as const), which: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('veto' as const), names, all: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('unpatchAll' as const) }) },
)

/** What ought to be: who wants what, and what is forbidden. */
class Model {
  /** By call, what it holds. */
  readonly calls: { readonly patched: monkey.Patched; holds: readonly monkey.PatchName[] }[] = []
  vetoed: readonly monkey.PatchName[] = []
  allVetoed = false

  get standing(): monkey.PatchName[] {
    return NAMES.filter((name) => this.calls.some(({ holds }) => holds.includes(name)))
  }

  /** A call was made; `whole`: it was patchAll. */
  called(
    patched: monkey.Patched,
    wanted: readonly monkey.PatchName[],
    whole: boolean,
    stood: readonly monkey.PatchName[],
  ): void {
    const news = wanted.filter((name) => !stood.includes(name))
    const vetoed = whole && this.allVetoed ? news : news.filter((name) => this.vetoed.includes(name))
    expect(patched.names).toEqual(news.filter((name) => !vetoed.includes(name)))
    expect(patched.vetoed).toEqual(vetoed)
    this.calls.push({ patched, holds: wanted.filter((name) => !vetoed.includes(name)) })
  }
}

function perform(model: Model, action: Step): void {
  const stood = model.standing
  switch (action.do) {
    case 'patchAll': {
      const options = Object.fromEntries(action.without.map((name) => [name, false]))
      const wanted = NAMES.filter((name) => !action.without.includes(name))
      model.called(monkey.patchAll(options), wanted, true, stood)
      break
    }
    case 'patched': {
      const options = Object.fromEntries(action.names.map((name) => [name, true]))
      model.called(monkey.patched(options), action.names, false, stood)
      break
    }
    case 'patch':
      model.called(one[action.name](), [action.name], false, stood)
      break
    case 'dispose': {
      const call = model.calls[action.which % Math.max(1, model.calls.length)]
      call?.patched[Symbol.dispose]()
      if (call !== undefined) call.holds = []
      break
    }
    case 'veto':
      model.vetoed = action.names
      model.allVetoed = action.all
      break
    case 'unpatchAll':
      monkey.unpatchAll()
      for (const call of model.calls) call.holds = []
      break
  }
}

it('leaves exactly what is due', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const model = new Model()
      monkey.events.on('willPatchAll', (event) => {
        if (model.allVetoed) event.preventDefault()
      })
      monkey.events.on('willPatchModule', (event) => {
        expect(monkey.isModulePatched(event.name)).toBe(false)
        if (model.vetoed.includes(event.name)) event.preventDefault()
      })
      for (const action of steps) {
        perform(model, action)
        expect(NAMES.filter((name) => monkey.isModulePatched(name))).toEqual(model.standing)
      }
      // Alone, each patch changes what it always changes: nothing of the others is left.
      const now = changes(before)
      const { standing } = model
      monkey.events.removeAllListeners()
      monkey.unpatchAll()
      expect(changes(before)).toEqual([])
      using _ = monkey.patched(Object.fromEntries(standing.map((name) => [name, true])))
      expect(now).toEqual(changes(before))
    }),
    { seed: SEED, numRuns: 100 },
  )
})
