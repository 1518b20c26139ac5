/**
 * Greenlet-local storage: a variable that is another one in each greenlet.
 *
 * The values lie with the greenlets, so that they go when a greenlet ends, and weakly by local, so that they go with a local too.
 *
 * Stands on the kernel. `AsyncLocalStorage` is inherited by what a greenlet starts; a local is not.
 */
import { UsageError } from '../errors/classes.ts'
import { notAFunction, wrongRight } from '../errors/usage.ts'
import { type Coroutine, kernel } from './kernel.ts'

/** All locals that there are, oldest first, and their names: for whoever draws a greenlet. Weakly, so that they and their values go. */
const locals = new Map<WeakRef<Local<unknown>>, string>()
const collected = new FinalizationRegistry<WeakRef<Local<unknown>>>((ref) => {
  locals.delete(ref)
})
let made = 0

/**
 * One variable for each greenlet.
 *
 * @typeParam T - what it holds.
 * @source gevent: `gevent.local.local`
 * @example
 * ```ts
 * import { joinall, Local, sleep, spawn } from 'greenloop'
 *
 * const steps = new Local(() => 0)
 * function* walk(n: number) {
 *   for (let i = 0; i < n; i++) {
 *     steps.value++
 *     yield* sleep(0)
 *   }
 *   return steps.value
 * }
 * const [a, b] = await joinall([spawn(walk, 3), spawn(walk, 5)])
 * console.log(a.value, b.value) // 3 5
 * ```
 */
export class Local<T> {
  readonly #initial: () => T

  /**
   * @param initial - makes the value that a greenlet finds first; called once per greenlet, and in it. It must not wait.
   * @throws UsageError when `initial` is no function.
   */
  constructor(initial: () => T) {
    if (typeof initial !== 'function') throw notAFunction('new Local', initial)
    this.#initial = initial
    const ref = new WeakRef<Local<unknown>>(this)
    locals.set(ref, initial.name === '' ? `local-${String(++made)}` : initial.name)
    collected.register(this, ref)
  }

  /**
   * The current greenlet's value.
   *
   * @throws UsageError outside of greenlets: main is in every callback, and so nobody's.
   */
  get value(): T {
    const values = valuesOf('read')
    if (!values.has(this)) values.set(this, this.#initial())
    return values.get(this) as T // the line above has put one there
  }

  /** Sets the current greenlet's value. */
  set value(value: T) {
    valuesOf('set').set(this, value)
  }

  /** Forgets the current greenlet's value: the next look makes a new one. Answers whether there was one. */
  delete(): boolean {
    return valuesOf('deleted').delete(this)
  }
}

/**
 * An object whose properties are others in each greenlet: gevent's attribute bag.
 *
 * Methods and accessors of the object run on the bag. So objects with private fields or hidden ones of V8 (a Map, a Date) are for
 * {@link Local}. Nothing of it can be fixed, since it stands for many objects: `Object.freeze(bag)` throws a TypeError.
 *
 * @param initial - makes the object that a greenlet works on; called once per greenlet.
 * @throws UsageError when `initial` is no function; at each use outside of greenlets.
 * @source gevent: `gevent.local.local`
 * @example
 * ```ts
 * import { local, spawn } from 'greenloop'
 *
 * const request = local(() => ({ user: 'nobody' }))
 * const g = spawn(() => {
 *   request.user = 'ann'
 *   return request.user
 * })
 * console.log(await g.get(), await spawn(() => request.user).get()) // ann nobody
 * ```
 */
export function local<T extends object>(initial: () => T): T {
  if (typeof initial !== 'function') throw notAFunction('local', initial)
  const own = new Local(initial)
  // Each trap does to the current greenlet's object what was asked of the proxy.
  const traps = Object.fromEntries(
    Object.getOwnPropertyNames(Reflect).map((name) => [
      name,
      (_empty: T, ...rest: unknown[]): unknown =>
        Reflect.apply(Reflect.get(Reflect, name) as Trap, undefined, [own.value, ...rest]),
    ]),
  )
  // What is seen through the traps is a T.
  return new Proxy(target(own) as T, {
    ...traps,
    // A proxy must not tell of anything fixed that its target, which nobody sees, has not: an array's `length`, a frozen object.
    getOwnPropertyDescriptor(_empty, key) {
      const found = Reflect.getOwnPropertyDescriptor(own.value, key)
      return found === undefined ? undefined : { ...found, configurable: true }
    },
    defineProperty: (_empty, key, property) =>
      property.configurable !== false && Reflect.defineProperty(own.value, key, property),
    isExtensible: () => true,
    preventExtensions: () => false,
  })
}

/** The target of a bag's proxy. Empty, but Node's `console.log` looks at it, and not through the traps. */
function target(own: Local<object>): object {
  return Object.defineProperty({}, Symbol.for('nodejs.util.inspect.custom'), {
    value: () => (kernel.current === kernel.main ? '<local>' : own.value),
    configurable: true,
  })
}

type Trap = (...args: unknown[]) => unknown

/**
 * What `greenlet` holds, by local, oldest first. A local is called as the function that makes its first value, or by its number: `local-1`.
 */
export function localsOf({ $locals: held }: Coroutine): (readonly [name: string, value: unknown])[] {
  if (held === null) return []
  const found: (readonly [string, unknown])[] = []
  for (const [ref, name] of locals) {
    const local = ref.deref()
    if (local !== undefined && held.has(local)) found.push([name, held.get(local)])
  }
  return found
}

function valuesOf(what: string): WeakMap<object, unknown> {
  const { current } = kernel
  if (current !== kernel.main) return (current.$locals ??= new WeakMap())
  throw new UsageError(
    `A local was ${what} outside of greenlets, where it would be everybody's.\n\n${wrongRight('user.value', 'plain code is nobody', 'await run(function* () { user.value })', 'in a greenlet')}`,
  )
}
