/**
 * What is patched, and what was there before.
 *
 * Model. A patch is a *round* of *items*: a property of an object, what was there (the whole property descriptor, or nothing), and what was
 * put there. `patchItem` writes one down and puts it in place; `restore` takes them back in reverse order. The monkey room owns no
 * behaviour: what is put there are operations of the rooms below.
 *
 * ```
 *   beginPatch('dns') ─▶ round ◀─ patchItem('dns', dns, 'lookup', ours) ...      restore('dns') ─▶ each item, the last one first
 *                          │
 *                          ├─ items     to put back; getOriginal() looks there
 *                          └─ holders   how many calls want it: the last one that lets go restores
 * ```
 *
 * Invariants.
 * - An item is written down before the property changes, so that a failing patch can be taken back.
 * - What is remembered is never ours: patching twice is nothing, and the original stays the original.
 * - What somebody else has put over ours since is left alone at `restore`: it calls ours, which does what the original did. Should they
 *   put ours back later, it is a *stray*, and the next patch knows what it had replaced.
 * - Two patches may lie on one property. Restoring the lower one takes it out from under the upper one, which remembers then what the lower
 *   one did.
 *
 * Turned down. Replacing whole modules (a loader): named imports that were evaluated before would stay. Wrapping `require`: ESM does not
 * use it. Remembering only functions: `Promise.prototype` has no iterator to remember, the absence itself must be restored. Removing what
 * somebody else has put over ours: it is theirs.
 *
 * Stands on Node's builtin modules as objects. ESM's named imports of a builtin follow after `syncBuiltinESMExports()`, which `patch.ts`
 * calls once a round.
 */
import createDebug from 'debug'
import { InternalError, UsageError } from '../errors/classes.ts'
import { homeOf, keysOf, type Modules, moduleAt, nameIn, plain } from './places.ts'

const log = createDebug('greenloop:monkey')

/** One property that was patched. */
export interface Item {
  readonly target: object
  readonly key: PropertyKey
  /** The module in which it is, and its name there: `dns` and `Resolver.prototype.resolve4`. */
  readonly home: string
  readonly name: string
  /** What was there; undefined: nothing of its own. */
  before: PropertyDescriptor | undefined
  /** What was put there, without the flags. */
  readonly put: PropertyDescriptor
}

/** An item as it stands in messages: `dns.lookup`, `fetch`. */
export function labelOf({ home, name }: Item): string {
  return home === 'globalThis' ? name : `${home}.${name}`
}

/** What a property is: its value, or its getter. */
function contentOf(property: PropertyDescriptor | undefined): unknown {
  return property?.get ?? property?.value
}

/** One patch of a module among those that were made and restored over time. */
export class Round {
  readonly items: Item[] = []
  /** How many calls want it to stay. */
  holders = 0
}

/** The rounds that stand, oldest first. */
const rounds = new Map<string, Round>()
const savedItems = new Map<string, Map<string, unknown>>()

/** Ours that were left behind under something of somebody else's. */
const strays = new WeakMap<object, Item>()

/**
 * What was replaced: by module (`'dns'`, `'net'`, `'timers/promises'`, `'globalThis'`), by name in it (`'lookup'`, `'Socket.prototype.recv'`),
 * what there was; undefined where there was nothing, and of an accessor its getter. It follows what is patched and restored.
 *
 * @source gevent: `gevent.monkey.saved`
 */
export const saved: ReadonlyMap<string, ReadonlyMap<string, unknown>> = savedItems

/** The patch of `module` that stands. */
export function roundOf(module: string): Round | undefined {
  return rounds.get(module)
}

/** A patch that stands, or stood: its name, and which one it is. */
export type Standing = readonly [name: string, round: Round]

/** The patches that stand, oldest first. */
export function standing(): Standing[] {
  return [...rounds]
}

/** Opens a patch of `module`; its items follow. */
export function beginPatch(module: string): Round {
  const round = new Round()
  rounds.set(module, round)
  log('patching %s', module)
  return round
}

/**
 * Puts `value` at `target[key]` as part of the open patch of `module`; functions keep name, length and own properties of what they replace,
 * save the symbols that they bring along.
 *
 * @param home - the module in which the target is, if that has another name.
 * @returns what knows the original, which may change: see {@link aside}.
 */
export function patchItem(
  module: string,
  target: object,
  key: PropertyKey,
  value: unknown,
  home: string = homeOf(module),
): Item {
  return addItem(module, target, key, { value, writable: true }, home)
}

/** As {@link patchItem}, with an accessor. */
export function patchAccessor(module: string, target: object, key: PropertyKey, accessor: PropertyDescriptor): void {
  addItem(module, target, key, accessor, homeOf(module))
}

function addItem(module: string, target: object, key: PropertyKey, put: PropertyDescriptor, home: string): Item {
  const round = rounds.get(module)
  if (round === undefined) throw new InternalError(`patchItem() was called while no patch of ${module} is open.`)
  const before = unstray(target, key, Object.getOwnPropertyDescriptor(target, key))
  const content = contentOf(put)
  if (typeof content === 'function') {
    strays.delete(content)
    if (typeof before?.value === 'function' && put.get === undefined) dress(content, before.value as object)
  }
  const item: Item = { target, key, home, name: nameIn(home, target, key), before, put }
  round.items.push(item)
  define(item)
  remember(item)
  log('  %s.%s', home, item.name)
  return item
}

/** What was there before, if what is there now is one of ours that was left behind. */
function unstray(target: object, key: PropertyKey, found: PropertyDescriptor | undefined): typeof found {
  const content = contentOf(found)
  const stray = typeof content === 'function' ? strays.get(content) : undefined
  return stray?.target === target && stray.key === key ? stray.before : found
}

function define({ target, key, before, put }: Item): void {
  const now = Object.getOwnPropertyDescriptor(target, key)
  // One that may only be written keeps its flags; what is constant or sealed refuses, with a TypeError that says so.
  if (now?.configurable === false) Object.defineProperty(target, key, 'value' in put ? { value: put.value } : put)
  else Object.defineProperty(target, key, { ...put, configurable: true, enumerable: before?.enumerable ?? false })
}

/** Makes `replacement` look like `original`, down to `util.promisify.custom`. What it has under a symbol of its own, it keeps. */
function dress(replacement: object, original: object): void {
  for (const key of Reflect.ownKeys(original)) {
    const property = Object.getOwnPropertyDescriptor(original, key)
    if (property === undefined || key === 'prototype') continue
    if (typeof key === 'symbol' && Object.hasOwn(replacement, key)) continue
    Object.defineProperty(replacement, key, property)
  }
}

function remember({ home, name, target, key }: Item): void {
  const names = savedItems.get(home) ?? new Map<string, unknown>()
  savedItems.set(home, names)
  const before = itemAt(target, key)?.before // another patch may lie below
  names.set(name, contentOf(before))
}

function forget({ home, name, target, key }: Item): void {
  if (itemsAt(target, key).some((other) => other.home === home && other.name === name)) return
  const names = savedItems.get(home)
  names?.delete(name)
  if (names?.size === 0) savedItems.delete(home)
}

/** Takes the patch of `module` back. */
export function restore(module: string): void {
  const items = rounds.get(module)?.items ?? []
  rounds.delete(module)
  for (const item of [...items].reverse()) {
    putBack(item)
    forget(item)
  }
  log('restored %s', module)
}

function putBack(item: Item): void {
  const { target, key, before, put, home, name } = item
  const content = contentOf(put)
  if (contentOf(Object.getOwnPropertyDescriptor(target, key)) === content) {
    if (before === undefined) Reflect.deleteProperty(target, key)
    else Object.defineProperty(target, key, before)
    return
  }
  const upper = itemsAt(target, key).find((other) => contentOf(other.before) === content)
  if (upper !== undefined) {
    upper.before = before
    return
  }
  if (typeof content === 'function') strays.set(content, item)
  log('  %s.%s was replaced since, and is left', home, name)
}

/**
 * Calls `fn` while the patch of `module` is aside: for a function of Node that replaces what is patched. What it puts there is what the
 * patch replaces from then on.
 */
export function aside(module: string, fn: () => void): void {
  const items = rounds.get(module)?.items ?? []
  const found = ({ target, key }: Item): unknown => contentOf(Object.getOwnPropertyDescriptor(target, key))
  const before = new Map(items.map((item) => [item, found(item)]))
  const isOurs = (item: Item): boolean => before.get(item) === contentOf(item.put)
  for (const item of [...items].reverse()) if (isOurs(item)) putBack(item)
  try {
    fn()
  } finally {
    for (const item of items) {
      // What somebody else has put over ours, and Node has not replaced, stays.
      if (!isOurs(item) && before.get(item) === found(item)) continue
      item.before = Object.getOwnPropertyDescriptor(item.target, item.key)
      define(item)
      remember(item)
    }
  }
}

/** All items that lie on a property, the lowest first. */
function itemsAt(target: object, key: PropertyKey): Item[] {
  return [...rounds.values()].flatMap(({ items }) => items.filter((item) => item.target === target && item.key === key))
}

/** The lowest item that lies on a property: it knows the original. */
function itemAt(target: object, key: PropertyKey): Item | undefined {
  return itemsAt(target, key)[0]
}

/**
 * What a property was before any patch, whether or not it is patched now.
 *
 * @param module - a builtin module of Node, with or without `node:`, or `globalThis`.
 * @param names - the name of a property, a path such as `Resolver.prototype.resolve4`, or a list of these.
 * @returns what is there, or was, and of a patched accessor its getter; undefined where there is nothing; an array for a list.
 * @throws UsageError when Node has no such module.
 * @switches never
 * @source gevent: `gevent.monkey.get_original`
 * @example
 * ```ts
 * import dns from 'node:dns'
 * import * as monkey from 'greenloop/monkey'
 *
 * const before = dns.lookup
 * using _ = monkey.patched({ dns: true })
 * console.log(dns.lookup === before, monkey.getOriginal('dns', 'lookup') === before) // false true
 * ```
 */
export function getOriginal<M extends keyof Modules, N extends keyof Modules[M]>(module: M, names: N): Modules[M][N]
export function getOriginal<M extends keyof Modules, const N extends readonly (keyof Modules[M])[]>(
  module: M,
  names: N,
): { -readonly [I in keyof N]: Modules[M][N[I]] }
export function getOriginal(module: string, names: string): unknown
export function getOriginal(module: string, names: readonly string[]): unknown[]
export function getOriginal(module: string, names: string | readonly string[]): unknown {
  return typeof names === 'string' ? originalOf(module, names) : names.map((name) => originalOf(module, name))
}

function originalOf(module: string, name: string): unknown {
  return keysOf(name).reduce<unknown>((object, key) => originalAt(object, key), rootOf('getOriginal', module))
}

function rootOf(caller: string, module: string): object {
  const root = moduleAt(plain(module))
  if (root === undefined) {
    throw new UsageError(
      `${caller}() expects the name of one of Node's modules, or globalThis, but got ${JSON.stringify(module)}.`,
    )
  }
  return root
}

/** What `object[key]` was, own or inherited. */
function originalAt(object: unknown, key: PropertyKey): unknown {
  for (const owner of chainOf(object)) {
    const item = itemAt(owner, key)
    const before = item === undefined ? Object.getOwnPropertyDescriptor(owner, key) : item.before
    const own = unstray(owner, key, before)
    if (own?.get !== undefined) return item === undefined ? own.get.call(object) : own.get
    if (own !== undefined) return own.value
  }
  return undefined
}

/** An object and its prototypes. */
function* chainOf(object: unknown): Generator<object> {
  const isObject = typeof object === 'function' || typeof object === 'object'
  for (let owner = isObject ? object : null; owner !== null; owner = Reflect.getPrototypeOf(owner)) yield owner
}

/**
 * Whether a module is patched.
 *
 * @param module - a patch (`fetch`, `timers`) or a module of Node, with or without `node:`, or `globalThis`.
 * @switches never
 * @source gevent: `gevent.monkey.is_module_patched`
 */
export function isModulePatched(module: string): boolean {
  const name = plain(module)
  return rounds.has(name) || savedItems.has(name)
}

/**
 * Whether a property is patched.
 *
 * @param module - as of {@link getOriginal}.
 * @param name - as of {@link getOriginal}.
 * @throws UsageError when Node has no such module.
 * @switches never
 * @source gevent: `gevent.monkey.is_object_patched`
 */
export function isObjectPatched(module: string, name: string): boolean {
  const keys = keysOf(name)
  const last = keys.pop()
  if (last === undefined) return false
  const object = keys.reduce<unknown>((value, key) => originalAt(value, key), rootOf('isObjectPatched', module))
  for (const owner of chainOf(object)) {
    if (itemAt(owner, last) !== undefined) return true
    if (Object.hasOwn(owner, last)) return false
  }
  return false
}

/**
 * Whether anything is patched.
 *
 * @switches never
 * @source gevent: `gevent.monkey.is_anything_patched`
 */
export function isAnythingPatched(): boolean {
  return rounds.size > 0
}
