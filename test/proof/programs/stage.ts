/**
 * Plays the scenario of a driver in one of three modes, and prints as JSON what came of it and what every emitter has emitted. Of the
 * `races` of a scenario, in which something depends on who is first, only the results count.
 *
 * `plain`: the library is not even loaded. `patched`: everything is patched before the driver is loaded, and nothing else is different.
 * `greenlets`: the same, and the scenario runs in greenlets. `spoilt`: patched, by a patch that does too much.
 */
// Its agents are emitters, too; the patch loads it earlier than a driver does.
import 'node:https'
import { Socket } from 'node:net'
import { inspect } from 'node:util'
import { type Events, record } from './recorder.ts'
import { drive, goBy, type Steps, veiled } from './way.ts'

/** What is printed. */
export interface Played {
  /** Whether the library is in this process. */
  readonly loaded: boolean
  readonly patched: boolean
  /** How often a greenlet has waited for a promise. */
  readonly waitsOfGreenlets: number
  /** What each step returned, as Node shows it. */
  readonly results: Readonly<Record<string, string>>
  readonly events: Events
  /** What would have ended the process. */
  readonly unhandled: readonly string[]
}

const [driver, mode] = process.argv.slice(2)
let inOneWay: (step: Steps[string]) => PromiseLike<unknown> = (step) => drive(step())
let waitsOfGreenlets = 0
if (mode !== 'plain') {
  const monkey = await import('greenloop/monkey')
  monkey.patchAll()
}
if (mode === 'greenlets') {
  const { getcurrent, Greenlet, spawn } = await import('greenloop')
  goBy({
    wait(promise) {
      if (getcurrent() instanceof Greenlet) waitsOfGreenlets++
      return promise
    },
    *together(branches) {
      const greenlets = branches.map((branch) => spawn(branch))
      const values = []
      for (const greenlet of greenlets) values.push(yield* greenlet.get())
      return values
    },
  })
  inOneWay = (step) => spawn(step).get()
}
if (mode === 'spoilt') {
  const { connect } = Socket.prototype
  Socket.prototype.connect = function (this: Socket, ...args: Parameters<Socket['connect']>) {
    return connect.apply(this, args).once('connect', () => this.emit('spoilt'))
  } as Socket['connect']
}

// Node makes these, emitters among them, when they are first asked for, which the library does earlier than others.
Reflect.get(process, 'stderr')
Reflect.get(globalThis, 'Response')
const unhandled: string[] = []
for (const name of ['unhandledRejection', 'uncaughtException']) {
  process.on(name, (error: unknown) => {
    unhandled.push(inspect(error))
    console.error(error) // for whoever looks for the reason why the scenario stopped
  })
}

const recording = record()
const { steps, races = {} } = (await import(`./${driver}.js`)) as { steps: Steps; races?: Steps }
const results: Record<string, string> = {}
await play(steps)
recording.enough()
await play(races)
// What ends by itself after the last step is part of it: the process prints when nothing is left to do.
process.once('beforeExit', () => {
  const played: Played = {
    loaded: Symbol.for('greenloop.kernel') in globalThis,
    patched: Symbol.iterator in Promise.prototype,
    waitsOfGreenlets,
    results,
    events: recording.end(),
    unhandled,
  }
  console.log(JSON.stringify(played))
})

async function play(all: Steps): Promise<void> {
  for (const [title, step] of Object.entries(all)) {
    let result: unknown
    try {
      result = await inOneWay(step)
    } catch (error) {
      result = new Error(`the step failed: ${inspect(error)}`)
    }
    results[title] = veiled(shown(result))
  }
}

/** A value as Node shows it, errors without their frames: who awaits is among these. */
function shown(value: unknown): string {
  unframe(value)
  const text = inspect(value, { depth: 9, maxArrayLength: null, maxStringLength: null, breakLength: 120 })
  return text.replaceAll(/(localPort|messageId): \d+/gu, '$1: <any>')
}

function unframe(value: unknown, known = new Set<unknown>()): void {
  if (typeof value !== 'object' || value === null || known.has(value)) return
  known.add(value)
  if (value instanceof Error) value.stack = String(value)
  for (const property of Object.values(Object.getOwnPropertyDescriptors(value))) unframe(property.value, known)
}
