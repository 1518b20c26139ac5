/**
 * `t.shared(object)`: a view of an object that notes who reads and writes what of it.
 *
 * What is noted is a cell: a property of an object, or its list of keys. Objects and arrays that lie in a shared one are given out as views,
 * too, one for each object, so that `s.a === s.a`. Instances of classes are seen property by property as well: their methods are called with
 * the view as `this`. A method is code, not state: that it was looked up is not noted, and to replace it afterwards is an error.
 *
 * Some objects are seen as a whole, in one cell, since their methods work on what no proxy can see: Map, Set, Date, typed arrays and
 * whatever else is built in, and instances of classes with `#private` names (a native method, or `#name`, throws when `this` is a proxy).
 * Which they are is found by the source text of the class, before anything is called: to try a call with the view, and to repeat it when
 * it throws, would do half of it twice. Their methods are called with the object itself, and write all of it, but for those that are known
 * only to read; a getter reads. A generator that a method returns writes at each of its steps. What lies in an instance of such a class
 * belongs to its cell, since its methods reach it unseen; what lies in a Map or a Set is seen by itself. An object of the same class that
 * is handed to a method is handed over bare, for `other.#name`, and from then on the two share their cells.
 *
 * What is not seen: an arrow function or a closure that has the bare object in a variable; a callback that keeps what it was called with;
 * what a promise, an operation or a `green` generator made by a class with `#private` names does later. The check for untracked state is
 * for those.
 *
 * Frozen properties. A proxy must give out what lies in one as it is. That is safe when it is frozen throughout, and an error otherwise.
 *
 * Stands on cells and kinds. Primitives of the library touch themselves and are given out as they are; so are errors, promises, generators.
 */
import { UsageError } from '../../errors/classes.ts'
import { show, wrongRight } from '../../errors/usage.ts'
import { kernel } from '../../greenlet/kernel.ts'
import { isGenerator } from '../../protocol.ts'
import { Cells, memberName, Region } from './shared/cells.ts'
import { Items, isBuiltInIterator, watched } from './shared/iterators.ts'
import { givesPairs, isForEach, isLookup, isReading, kindOf } from './shared/kinds.ts'

export { labelOf } from './shared/cells.ts'

/** Of each object its view, and of each view its object. */
const viewOf = new WeakMap<object, object>()
const objectOf = new WeakMap<object, object>()
/** Of each view what it notes in. */
const cellsOf = new WeakMap<object, Cells | Region>()

type Method = (this: unknown, ...args: unknown[]) => unknown

/**
 * Gives the view of `target`: always the same, with the name that it was given first. A view is answered as it is, and so is a primitive
 * of the library.
 *
 * @param name - stands in reports: `account`.
 * @throws UsageError when there is nothing to be seen: no object, a function, a promise.
 */
export function sharedProxy<T extends object>(target: T, name: string): T {
  if (typeof target !== 'object' || (target as object | null) === null) throw notShareable(target)
  if (typeof name !== 'string' || name === '') {
    throw new UsageError(`t.shared() expects \`name\` to be a string that is not empty, but got ${show(name)}.`)
  }
  if (objectOf.has(target)) return target
  const known = viewOf.get(target)
  if (known !== undefined) return known as T // the proxy of a T looks like one
  const kind = kindOf(target)
  if (kind === 'primitive') return target
  if (kind === 'alone') throw notShareable(target)
  const view = makeView(target, name, null)
  // Written by who makes it, so that its cells are the same objects in all schedules that begin alike.
  if (kernel.footprint !== null) cellsOf.get(view)?.writeAll(Reflect.ownKeys(target))
  return view as T // a proxy of it
}

function notShareable(value: unknown): UsageError {
  return new UsageError(
    `t.shared() expects an object, an array, a Map or a Set, but got ${show(value)}.\n\n` +
      wrongRight(
        't.shared(value)',
        'who reads it cannot be seen',
        't.shared({ value })',
        'shared.value is read and written',
      ),
  )
}

/** Makes the view of an object that has none; `within`: the whole that it lies in, null: it is seen by itself. */
function makeView(target: object, name: string, within: Region | null): object {
  const kind = within === null ? kindOf(target) : 'whole'
  const cells = kind === 'properties' ? new Cells(name) : (within ?? new Region(name))
  const handler = cells instanceof Cells ? new Properties(name, cells) : new Whole(name, cells, kind === 'whole')
  const view = new Proxy(target, handler)
  viewOf.set(target, view)
  objectOf.set(view, target)
  cellsOf.set(view, cells)
  return view
}

/** What is given out for a value that lies in a shared object, under the name `name()`; `within`: where it is reached from unseen. */
function give(value: unknown, name: () => string, within: Region | null): unknown {
  if (typeof value !== 'object' || value === null || objectOf.has(value)) return value
  const known = viewOf.get(value)
  if (known !== undefined) return known
  const kind = kindOf(value)
  return kind === 'primitive' || kind === 'alone' ? value : makeView(value, name(), within)
}

/** The object of a view; anything else as it is. */
function bare(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? (objectOf.get(value) ?? value) : value
}

/** What is given out for what lies in a property: a view, unless the property is frozen. */
function giveMember(target: object, key: PropertyKey, value: unknown, name: string, within: Region | null): unknown {
  const given = give(value, () => memberName(name, key), within)
  if (given === value || !isFixed(target, key)) return given
  if (isConstant(value)) return value
  const member = memberName(name, key)
  throw new UsageError(
    `${member} cannot be shared: the property is frozen, so that a proxy must give out what lies in it as it is, and that can be changed.\n\n` +
      wrongRight(
        'Object.freeze({ limits: { n: 1 } })',
        'limits.n is not seen',
        'Object.freeze({ limits: t.shared({ n: 1 }) })',
      ),
  )
}

function isFixed(target: object, key: PropertyKey): boolean {
  const property = Reflect.getOwnPropertyDescriptor(target, key)
  return property !== undefined && property.configurable === false && property.writable === false
}

/** Whether nothing in it can be changed, however deep. */
function isConstant(value: unknown, seen: ReadonlySet<unknown> = new Set()): boolean {
  if (typeof value !== 'object' || value === null || seen.has(value) || objectOf.has(value)) return true
  if (!Object.isFrozen(value) || kindOf(value) !== 'properties') return false
  const more = new Set(seen).add(value)
  return Object.values(Object.getOwnPropertyDescriptors(value)).every((property) => isConstant(property.value, more))
}

/** The view of an object property by property. */
class Properties implements ProxyHandler<object> {
  readonly #name: string
  readonly #cells: Cells
  /** The methods of its class that were looked up, which is not noted. */
  #methods: Set<PropertyKey> | null = null

  constructor(name: string, cells: Cells) {
    this.#name = name
    this.#cells = cells
  }

  get(target: object, key: string | symbol, receiver: unknown): unknown {
    const isOwn = Object.hasOwn(target, key)
    if (isOwn) this.#cells.read(key)
    const value: unknown = Reflect.get(target, key, receiver)
    if (isOwn) return giveMember(target, key, value, this.#name, null)
    if (typeof value === 'function') {
      this.#methods ??= new Set()
      this.#methods.add(key)
      return SEARCHES.get(value) ?? value
    }
    this.#cells.read(key)
    return give(value, () => memberName(this.#name, key), null)
  }

  set(target: object, key: string | symbol, value: unknown, receiver: unknown): boolean {
    this.#cells.write(key)
    return Reflect.set(target, key, value, receiver) // which defines the property, unless there is a setter
  }

  has(target: object, key: string | symbol): boolean {
    this.#cells.read(key)
    return Reflect.has(target, key)
  }

  deleteProperty(target: object, key: string | symbol): boolean {
    this.#cells.write(key)
    if (Object.hasOwn(target, key)) this.#cells.writeKeys()
    return Reflect.deleteProperty(target, key)
  }

  defineProperty(target: object, key: string | symbol, property: PropertyDescriptor): boolean {
    this.#cells.write(key)
    const isNew = !Object.hasOwn(target, key)
    if (isNew && this.#methods?.has(key) === true) throw replaced(memberName(this.#name, key))
    if (Array.isArray(target)) return this.#defineElement(target, key, property)
    if (isNew) this.#cells.writeKeys()
    return Reflect.defineProperty(target, key, property)
  }

  /** Of an array, `length` and the elements behind it change each other, and say which keys there are. */
  #defineElement(target: unknown[], key: string | symbol, property: PropertyDescriptor): boolean {
    const isNew = !Object.hasOwn(target, key)
    const { length: before } = target
    const done = Reflect.defineProperty(target, key, property)
    const { length } = target
    if (length > before) this.#cells.write('length')
    else if (isNew) this.#cells.writeKeys()
    for (let index = length; index < before; index++) this.#cells.write(String(index))
    return done
  }

  ownKeys(target: object): (string | symbol)[] {
    this.#cells.readKeys()
    if (Array.isArray(target)) this.#cells.read('length')
    return Reflect.ownKeys(target)
  }

  getOwnPropertyDescriptor(target: object, key: string | symbol): PropertyDescriptor | undefined {
    this.#cells.read(key)
    const property = Reflect.getOwnPropertyDescriptor(target, key)
    if (property !== undefined && 'value' in property) {
      property.value = giveMember(target, key, property.value, this.#name, null)
    }
    return property
  }

  isExtensible(target: object): boolean {
    this.#cells.readKeys()
    return Reflect.isExtensible(target)
  }

  preventExtensions(target: object): boolean {
    this.#cells.writeKeys()
    return Reflect.preventExtensions(target)
  }
}

const { includes, indexOf, lastIndexOf } = Array.prototype as unknown as Record<string, Method> // called by Reflect.apply only
/** The methods of arrays that look for an object: they find it by its view as well as by itself. */
const SEARCHES = new Map<unknown, Method>()
for (const search of [includes, indexOf, lastIndexOf]) {
  if (search === undefined) continue
  SEARCHES.set(search, function (item, ...rest) {
    const elements = Array.prototype.map.call(this, bare) // reads them all
    return Reflect.apply(search, elements, [bare(item), ...rest])
  })
}

function replaced(member: string): UsageError {
  return new UsageError(
    `${member} was replaced after it had been looked up as a method of its class, which is not noted: a method counts as code, not as state.\n` +
      `Have the object hold the function in a property of its own from the beginning.`,
  )
}

/** The view of an object as a whole. */
class Whole implements ProxyHandler<object> {
  readonly #name: string
  readonly #region: Region
  /** Of what lies in it; null: that is seen by itself. */
  readonly #within: Region | null
  readonly #methods = new WeakMap<Method, Method>()

  constructor(name: string, region: Region, spreads: boolean) {
    this.#name = name
    this.#region = region
    this.#within = spreads ? region : null
  }

  get(target: object, key: string | symbol): unknown {
    const value: unknown = Reflect.get(target, key, target)
    if (typeof value !== 'function') this.#region.read()
    else if (key !== 'constructor' && !isFixed(target, key)) return this.#method(target, key, value as Method) // it is a function
    return giveMember(target, key, value, this.#name, this.#within)
  }

  set(target: object, key: string | symbol, value: unknown): boolean {
    this.#region.write()
    return Reflect.set(target, key, this.#handedTo(target, value), target)
  }

  has(target: object, key: string | symbol): boolean {
    this.#region.read()
    return Reflect.has(target, key)
  }

  deleteProperty(target: object, key: string | symbol): boolean {
    this.#region.write()
    return Reflect.deleteProperty(target, key)
  }

  defineProperty(target: object, key: string | symbol, property: PropertyDescriptor): boolean {
    this.#region.write()
    return Reflect.defineProperty(target, key, property)
  }

  ownKeys(target: object): (string | symbol)[] {
    this.#region.read()
    return Reflect.ownKeys(target)
  }

  getOwnPropertyDescriptor(target: object, key: string | symbol): PropertyDescriptor | undefined {
    this.#region.read()
    const property = Reflect.getOwnPropertyDescriptor(target, key)
    if (property !== undefined && 'value' in property) {
      property.value = giveMember(target, key, property.value, this.#name, this.#within)
    }
    return property
  }

  isExtensible(target: object): boolean {
    this.#region.read()
    return Reflect.isExtensible(target)
  }

  preventExtensions(target: object): boolean {
    this.#region.write()
    return Reflect.preventExtensions(target)
  }

  /** The method, to be called on the view: one for all times that it is looked up. */
  #method(target: object, key: PropertyKey, method: Method): Method {
    let watched = this.#methods.get(method)
    if (watched === undefined) {
      watched = new Proxy(method, {
        apply: (_method, self, args: unknown[]) =>
          bare(self) === target ? this.#call(target, key, method, args) : Reflect.apply(method, self, args),
      })
      this.#methods.set(method, watched)
    }
    return watched
  }

  #call(target: object, key: PropertyKey, method: Method, args: readonly unknown[]): unknown {
    // Before it is noted: what is handed over may become one with it.
    const handed = isLookup(method) ? args.map(bare) : args.map((value) => this.#handedTo(target, value))
    if (isReading(method)) this.#region.read()
    else this.#region.write()
    const name = (): string => {
      const [first] = args
      const shown = typeof first === 'string' ? JSON.stringify(first) : typeof first === 'number' ? String(first) : ''
      return key === 'get' ? `${this.#name}.get(${shown})` : `an item of ${this.#name}`
    }
    if (isForEach(method)) return this.#forEach(target, method, args, name)
    const result = Reflect.apply(method, target, handed)
    const given = (value: unknown): unknown => give(value, name, this.#within)
    if (isBuiltInIterator(result)) return new Items(result, this.#region, givesPairs(method), given)
    if (isGenerator(result)) return watched(result, this.#region, given)
    return given(result)
  }

  #forEach(target: object, method: Method, [callback, self]: readonly unknown[], name: () => string): unknown {
    if (typeof callback !== 'function') return Reflect.apply(method, target, [callback])
    const items = (value: unknown, key: unknown): unknown =>
      Reflect.apply(callback, self, [
        give(value, name, this.#within),
        give(key, name, this.#within),
        viewOf.get(target),
      ])
    return Reflect.apply(method, target, [items])
  }

  /** What a method of `target` gets for a value: the view of an object of the same class is opened, for `other.#name`. */
  #handedTo(target: object, value: unknown): unknown {
    const object = bare(value)
    if (object === value || Object.getPrototypeOf(object) !== Object.getPrototypeOf(target)) return value
    const cells = cellsOf.get(value as object) // a view is an object
    if (!(cells instanceof Region) || this.#within === null) return value
    this.#region.join(cells)
    return object
  }
}
