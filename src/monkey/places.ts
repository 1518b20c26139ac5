/**
 * Names of what can be patched: which module an object is in, and the path to a property there (`Resolver.prototype.resolve4`).
 *
 * Stands on Node's builtin modules as `process.getBuiltinModule` gives them: the objects that `require` and a default import give, too.
 */

/** What `getOriginal` has types for; any other builtin module of Node has a name only. */
export interface Modules {
  /** `node:child_process`. */
  child_process: typeof import('node:child_process')
  /** `node:dns`. */
  dns: typeof import('node:dns')
  /** `node:fs`. */
  fs: typeof import('node:fs')
  /** `node:http`. */
  http: typeof import('node:http')
  /** `node:https`. */
  https: typeof import('node:https')
  /** `node:net`. */
  net: typeof import('node:net')
  /** `node:stream`. */
  stream: typeof import('node:stream')
  /** `node:stream/promises`. */
  'stream/promises': typeof import('node:stream/promises')
  /** `node:tls`. */
  tls: typeof import('node:tls')
  /** `node:timers/promises`. */
  'timers/promises': typeof import('node:timers/promises')
  /** What is global: `fetch`. */
  globalThis: typeof globalThis
}

/** Patches that are not named like the module in which they are. */
const HOMES: Readonly<Record<string, string>> = {
  promise: 'globalThis',
  fetch: 'globalThis',
  timers: 'timers/promises',
  streams: 'stream',
  childProcess: 'child_process',
}

/** The module in which the patch `patch` is; `node:dns` is `dns`. */
export function homeOf(patch: string): string {
  return HOMES[patch] ?? plain(patch)
}

/** A module's name without `node:`. */
export function plain(module: string): string {
  return module.replace(/^node:/u, '')
}

/** The module as an object; undefined: Node has none of that name. */
export function moduleAt(name: string): object | undefined {
  return name === 'globalThis' || HOMES[name] === 'globalThis' ? globalThis : process.getBuiltinModule(name)
}

/** By object: the path to it in its module. */
const paths = new WeakMap<object, string>()

/** The name of `target[key]` in `home`: a path, as {@link keysOf} takes it apart. */
export function nameIn(home: string, target: object, key: PropertyKey): string {
  const path = paths.get(target) ?? pathTo(moduleAt(home), target)
  paths.set(target, path)
  if (typeof key === 'symbol') return `${path}[${String(key.description)}]`
  return path === '' ? String(key) : `${path}.${String(key)}`
}

/** Only values are looked at: a getter of Node may load a module, or warn. */
function pathTo(root: object | undefined, target: object): string {
  if (root === undefined || root === target) return ''
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(root)) as [
    string,
    { value?: unknown },
  ][]) {
    if (value === target) return name
    if (typeof value === 'function' && value.prototype === target) return `${name}.prototype`
    if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === target) return name // the methods of the one object of its class: `scheduler`
  }
  const { constructor } = target
  return `${constructor.name}.prototype`
}

/** The names and symbols of a path: `Socket.prototype[Symbol.iterator]`. */
export function keysOf(path: string): PropertyKey[] {
  return [...path.matchAll(/\[Symbol\.(\w+)\]|[^.[\]]+/gu)].map(([name, symbol]) => {
    const key: unknown = symbol === undefined ? name : Reflect.get(Symbol, symbol)
    return typeof key === 'symbol' ? key : name
  })
}
