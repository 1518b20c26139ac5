/**
 * How a scenario waits. It is written once, as generators, and run in two ways: by a few lines that `await` what it yields, in a process
 * that need not know of greenlets; and in greenlets, where `yield* wait(promise)` is `yield* promise`.
 *
 * Imports nothing of the library, so that a plain process does not.
 */
import { createHash } from 'node:crypto'
import type { Green, Resume, Suspend } from 'greenloop'

/** The steps of a scenario, by their titles. What they return is compared. */
export type Steps = Readonly<Record<string, () => Green<unknown>>>

/** What `yield*` takes. */
export interface Drivable<T> {
  [Symbol.iterator](): Iterator<Suspend, T, Resume>
}

/** Runs generators, and waits in them. */
export interface Way {
  wait<T>(promise: Promise<T>): Drivable<T>
  together<T>(branches: readonly (() => Green<T>)[]): Drivable<T[]>
}

/** Without greenlets: `wait` yields the promise to whoever drives. */
const async: Way = {
  wait: <T>(promise: Promise<T>) =>
    (function* () {
      return yield promise
    })() as Generator<unknown, unknown, unknown> as Green<T>, // driven by nobody but `drive`
  together: (branches) => async.wait(Promise.all(branches.map((branch) => drive(branch())))),
}

/** Drives a generator that yields promises. */
export async function drive<T>(steps: Green<T>): Promise<T> {
  const generator = steps as Generator<unknown, T, unknown> // made with `async.wait`
  let step = generator.next()
  while (step.done !== true) {
    let value: unknown
    try {
      value = await step.value
    } catch (error) {
      step = generator.throw(error)
      continue
    }
    step = generator.next(value)
  }
  return step.value
}

let way = async

/** Chooses, before the scenario runs. */
export function goBy(chosen: Way): void {
  way = chosen
}

/** Waits for a promise. */
export function wait<T>(promise: Promise<T>): Drivable<T> {
  return way.wait(promise)
}

/** Runs the branches at the same time; gives what they return. */
export function together<T>(branches: readonly (() => Green<T>)[]): Drivable<T[]> {
  return way.together(branches)
}

/** What was thrown, or that nothing was. */
export function* failure(promise: Promise<unknown>): Green<unknown> {
  try {
    yield* wait(promise)
  } catch (error) {
    return error
  }
  return 'nothing was thrown'
}

/** What has events. Not every class that does is an EventEmitter. */
export interface Emitter {
  once(name: string, listener: (...args: unknown[]) => void): unknown
}

/** Waits for an event; an `error` is one as any other. Gives what it carries. */
export function* event(emitter: Emitter, name: string): Green<unknown[]> {
  return yield* wait(happened(emitter, name))
}

/** The same as a promise, to be made before that is done which makes the event happen. */
export function happened(emitter: Emitter, name: string): Promise<unknown[]> {
  return new Promise((resolve) => {
    emitter.once(name, (...args: unknown[]) => resolve(args))
  })
}

/** Waits for a function that takes a callback last. */
export function called<T>(start: (callback: (error?: unknown, value?: T) => void) => unknown): Drivable<T> {
  return wait(
    new Promise<T>((resolve, reject) => {
      start((error, value) => {
        if (error == null)
          resolve(value as T) // what a callback without an error was given
        else reject(error)
      })
    }),
  )
}

/** Big content, briefly. */
export function digest(content: string | Uint8Array): string {
  return `${content.length} of ${createHash('sha1').update(content).digest('hex').slice(0, 8)}`
}

const veils = new Map<string, string>()

/** Says of a number that it is another one in each process. */
export function veil(value: number, name: string): void {
  veils.set(String(value), name)
}

/** Puts names in the places of such numbers. */
export function veiled(text: string): string {
  let result = text
  for (const [value, name] of veils) result = result.replaceAll(new RegExp(`\\b${value}\\b`, 'gu'), name)
  return result
}
