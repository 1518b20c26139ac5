/**
 * Footprints as tables: which of its objects each operation of a class looks at, and which it changes.
 *
 * An operation is begun in a greenlet, and what that greenlet touches up to its next suspension is what the table says: as a step of a
 * schedule exploration, where nobody else runs in between.
 */
import { readdirSync } from 'node:fs'
import * as greenloop from 'greenloop'
import { type Greenlet, spawn } from 'greenloop'
import { describe, expect, it } from 'vitest'
import { type Footprint, kernel } from '../../src/greenlet/kernel.ts'
import { isOperation } from '../../src/protocol.ts'
import { type VirtualClock, virtualHub } from './virtual-clock.ts'

/** What was touched; true: written. */
class Recording implements Footprint {
  readonly touched = new Map<object, boolean>()

  read(object: object): void {
    if (!this.touched.has(object)) this.touched.set(object, false)
  }

  written(object: object): void {
    this.touched.set(object, true)
  }
}

/** All that `act` touches, called in plain code. */
export function touchedBy(act: () => unknown): ReadonlyMap<object, boolean> {
  const recording = new Recording()
  kernel.footprint = recording
  try {
    act()
  } finally {
    kernel.footprint = null
  }
  return recording.touched
}

/** The one object that `act` touches: for one that nobody can name. */
export function theOneTouchedBy(act: () => unknown): object {
  const [first, ...others] = touchedBy(act).keys()
  if (first === undefined || others.length > 0) throw new Error(`${String(others.length + 1)} objects were touched.`)
  return first
}

/** Runs all that can run without the clock going on. */
export function settle(clock: VirtualClock): void {
  clock.run(clock.now())
}

/** A greenlet that waits in `operation`, in the hub of the running test. */
export type Wait = (operation: unknown) => Greenlet

/** Objects by the names that the table has for them. */
export type Setting = Readonly<Record<string, unknown>>

/** By operation: what is done, and what it touches: `reads queue`, `writes queue, writes lock`, or nothing. */
export type Operations<S> = Readonly<Record<string, readonly [act: (setting: S) => unknown, touches: string]>>

/** The operations that stand in some table, by class. */
const known = new Map<string, Set<string>>()

/** One test for each operation of a class. A name begins with that of the method; what follows it says in which state. */
export function footprints<S extends Setting>(
  name: string,
  make: (wait: Wait, clock: VirtualClock) => S,
  operations: Operations<S>,
): void {
  const methods = known.get(name) ?? new Set()
  known.set(name, methods)
  for (const operation of Object.keys(operations)) methods.add(/^\w*/u.exec(operation)?.[0] ?? '')
  describe(name, () => {
    it.each(Object.entries(operations))('%s', (_operation, [act, touches]) => {
      const { clock, hub } = virtualHub()
      const drive = (operation: unknown): Greenlet => {
        const greenlet = spawn(function* () {
          if (isOperation(operation)) yield* operation
        })
        settle(clock)
        return greenlet
      }
      const setting = make(drive, clock)
      expect(inGreenlet(clock, setting, act)).toBe(touches)
      for (const left of hub.living()) left.kill()
      settle(clock)
    })
  })
}

/** What the first step of a greenlet touches that does `act`, and drives what that gives. */
function inGreenlet<S extends Setting>(clock: VirtualClock, setting: S, act: (setting: S) => unknown): string {
  const recording = new Recording()
  spawn(function* () {
    kernel.footprint = recording
    try {
      const made = act(setting)
      if (isOperation(made) && (made as { $begun?: boolean }).$begun !== true) yield* made
    } catch {
      // that it throws is for other tests
    } finally {
      kernel.footprint = null
    }
  })
  // It stands right behind the other one: whom that wakes comes later.
  spawn(() => {
    kernel.footprint = null
  })
  settle(clock)
  return Object.entries(setting)
    .flatMap(([name, object]) => {
      const written = recording.touched.get(object as object) // any value may be asked for
      return written === undefined ? [] : [`${written ? 'writes' : 'reads'} ${name}`]
    })
    .join(', ')
}

type Class = abstract new (...args: never[]) => object

/**
 * Fails when a public class of a room, or one that it derives from, has a method or an accessor that stands in no table and in no list.
 *
 * @param without - those that touch nothing which others could see, by class.
 */
export function itKnowsAllOf(room: string, without: Readonly<Record<string, string>>): void {
  const folder = new URL(`../../src/${room}/`, import.meta.url)
  describe.each(readdirSync(folder).filter((file) => file.endsWith('.ts')))(`src/${room}/%s`, (file) => {
    it('has no public method or accessor that stands in no table', async () => {
      const module: Record<string, unknown> = await import(new URL(file, folder).href)
      const doors = new Set<unknown>(Object.values(greenloop))
      const missing = Object.values(module)
        .filter((value): value is Class => typeof value === 'function' && doors.has(value))
        .flatMap(classesOf)
        .flatMap((one) => {
          const listed = new Set([...(known.get(one.name) ?? []), ...(without[one.name] ?? '').split(/\s+/u)])
          return Object.getOwnPropertyNames(one.prototype)
            .filter((key) => key !== 'constructor' && !key.startsWith('$') && !listed.has(key))
            .map((key) => `${one.name}.${key}`)
        })
      expect([...new Set(missing)]).toEqual([])
    })
  })
}

/** A class and those that it derives from; none for a function that is no class. */
function classesOf(one: Class): Class[] {
  if (!/^class\b/u.test(Function.prototype.toString.call(one))) return []
  const above: unknown = Object.getPrototypeOf(one)
  return [one, ...(typeof above === 'function' && above !== Function.prototype ? classesOf(above as Class) : [])] // classes derive from classes
}
