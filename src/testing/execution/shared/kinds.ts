/**
 * How an object is to be seen when it is shared: property by property, as a whole, or not at all. And what is known of built-in methods.
 *
 * An object is seen as a whole when its methods work on what a proxy cannot see: the slots of what is built in, the `#private` names of a
 * class. Both are told by the source text of the constructors that it descends from. A text that only looks like a `#private` name makes
 * an object coarser than need be, which is safe.
 *
 * Stands on the primitives, to know them. Leaves to the views what seeing means.
 */
import { Greenlet } from '../../../gevent/greenlet.ts'
import { Local } from '../../../greenlet/local.ts'
import { RawGreenlet } from '../../../greenlet/raw-greenlet.ts'
import { Entry } from '../../../hub/entry.ts'
import { Hub } from '../../../hub/hub.ts'
import { Nursery } from '../../../nursery/nursery.ts'
import { Members } from '../../../pools/members.ts'
import { isGenerator, isOperation, isThenable } from '../../../protocol.ts'
import { Exchange } from '../../../queues/exchange.ts'
import { Condition } from '../../../sync/condition.ts'
import { RLock } from '../../../sync/rlock.ts'
import { Waiter } from '../../../sync/waiter.ts'
import { Cursor } from '../../../waiting/cursor.ts'
import { Linkable } from '../../../waiting/linkable.ts'

/**
 * - `properties`: one cell for each property.
 * - `keyed`: one cell, and what lies in it is seen by itself: Map and Set.
 * - `whole`: one cell, for all that lies in it as well.
 * - `primitive`: it touches itself; given out as it is.
 * - `alone`: no state that could be seen: errors, promises, generators, operations; given out as it is.
 */
export type Kind = 'properties' | 'keyed' | 'whole' | 'primitive' | 'alone'

/** What touches itself. */
const PRIMITIVES = [
  RawGreenlet,
  Greenlet,
  Linkable,
  RLock,
  Condition,
  Waiter,
  Exchange,
  Members,
  Nursery,
  Cursor,
  Local,
  Entry,
  Hub,
]

const KEYED = new Set(['Map', 'Set', 'WeakMap', 'WeakSet'])
/** Of these everything that matters is a property. */
const PLAIN = new Set(['Object', 'Array'])

/** `#name` where it is no text and no part of an address; and what compilers make of it for older engines. */
const PRIVATE = /(?<![\w$'"`/#&-])#[\p{ID_Start}$_]|__private|private_?field/iu

/** All objects of one prototype are of one kind. */
const kinds = new WeakMap<object, Kind>()

/** How `object` is to be seen. */
export function kindOf(object: object): Kind {
  const prototype = Object.getPrototypeOf(object) as object | null // every prototype is an object
  if (prototype === null || prototype === Object.prototype || prototype === Array.prototype) return 'properties'
  let kind = kinds.get(prototype)
  if (kind === undefined) {
    kind = findKind(object, prototype)
    kinds.set(prototype, kind)
  }
  return kind
}

function findKind(object: object, prototype: object): Kind {
  if (PRIMITIVES.some((primitive) => object instanceof primitive)) return 'primitive'
  if (object instanceof Error || isThenable(object) || isGenerator(object) || isOperation(object)) return 'alone'
  let isUsers = false
  for (let one: object | null = prototype; one !== null; one = Object.getPrototypeOf(one) as object | null) {
    const maker = valueOf(one, 'constructor')
    if (typeof maker !== 'function') {
      if (isBuiltInIterator(one)) return 'whole'
      continue
    }
    const source = Function.prototype.toString.call(maker)
    if (source.endsWith('{ [native code] }')) {
      if (KEYED.has(maker.name) && !isUsers) return 'keyed'
      if (!PLAIN.has(maker.name)) return 'whole'
    } else if (PRIVATE.test(source)) {
      return 'whole'
    } else {
      isUsers = true
    }
  }
  return 'properties'
}

/** What lies in an own property, without a call of its getter. */
function valueOf(object: object, key: PropertyKey): unknown {
  return (Object.getOwnPropertyDescriptor(object, key) as { value?: unknown } | undefined)?.value
}

function isBuiltInIterator(prototype: object): boolean {
  const tag = valueOf(prototype, Symbol.toStringTag)
  return typeof tag === 'string' && tag.endsWith(' Iterator')
}

const TYPED_ARRAY = Object.getPrototypeOf(Uint8Array.prototype) as object // it has no name of its own

/** The methods of `prototypes` of these names. */
function methodsOf(prototypes: readonly object[], ...names: readonly RegExp[]): ReadonlySet<unknown> {
  const methods = new Set<unknown>()
  for (const prototype of prototypes) {
    for (const key of Reflect.ownKeys(prototype)) {
      if (names.some((name) => name.test(String(key)))) methods.add(valueOf(prototype, key))
    }
  }
  return methods
}

const COLLECTIONS = [Map.prototype, Set.prototype, WeakMap.prototype, WeakSet.prototype]
const BUFFERS = [ArrayBuffer.prototype, SharedArrayBuffer.prototype, DataView.prototype, TYPED_ARRAY]
const READING = methodsOf(
  [...COLLECTIONS, ...BUFFERS, Date.prototype, Array.prototype, Object.prototype],
  /^(?:at|concat|entries|every|filter|find.*|flat.*|forEach|includes|indexOf|join|keys|lastIndexOf|map|reduce.*)$/u,
  /^(?:slice|some|subarray|to[A-Z].*|values|with|valueOf|has|hasOwnProperty|isPrototypeOf|propertyIsEnumerable)$/u,
  /^(?:union|intersection|difference|symmetricDifference|isSubsetOf|isSupersetOf|isDisjointFrom)$/u,
  /^get(?!OrInsert)/u, // getDate, getUint8
  /^Symbol\(Symbol\.(?:iterator|toPrimitive)\)$/u,
)
const LOOKUPS = methodsOf(COLLECTIONS, /^(?:get|has|set|add|delete)$/u)
const IN_PAIRS = methodsOf([Map.prototype, Set.prototype, Array.prototype], /^entries$/u)
const FOR_EACH = methodsOf([Map.prototype, Set.prototype], /^forEach$/u)

/** Whether a method is known to change nothing. */
export function isReading(method: unknown): boolean {
  return READING.has(method)
}

/** Whether a method of a Map or a Set is given what lies in it, or is to lie in it. */
export function isLookup(method: unknown): boolean {
  return LOOKUPS.has(method)
}

/** Whether the iterator that a method gives is of pairs. */
export function givesPairs(method: unknown): boolean {
  return IN_PAIRS.has(method)
}

/** Whether a method calls back with each that lies in a Map or a Set. */
export function isForEach(method: unknown): boolean {
  return FOR_EACH.has(method)
}
