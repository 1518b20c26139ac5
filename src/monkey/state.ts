/**
 * What is patched, and what was there before.
 *
 * Model. A patch is a list of *items*: a property of an object, what was there (the whole property descriptor, or nothing), and what was
 * put there. `patchItem` writes one down and puts it in place; `restore` takes them back in reverse order. The monkey room owns no
 * behaviour: what is put there are operations of the rooms below.
 *
 * Invariants.
 * - An item is written down before the property changes, so that a failing patch can be taken back.
 * - What is remembered is never ours: patching twice is nothing, and the original stays the original.
 * - What somebody else has put over ours since is left alone at `restore`: it calls ours, which does what the original did.
 *
 * Turned down. Replacing whole modules (a loader): named imports that were evaluated before would stay. Wrapping `require`: ESM does not
 * use it. Remembering only functions: `Promise.prototype` has no iterator to remember, the absence itself must be restored.
 *
 * Stands on nothing. ESM's named imports of a builtin follow after `syncBuiltinESMExports()`, which `index.ts` calls once a round.
 */
import createDebug from 'debug'

const log = createDebug('greenloop:monkey')

interface Item {
  readonly target: object
  readonly key: PropertyKey
  readonly before: PropertyDescriptor | undefined
  readonly value: unknown
}

const patched = new Map<string, Item[]>()

/** Identifies one patch of a module among those that were made and restored over time. */
export type Round = object

/** Whether the module has been patched and not restored; with `round`: by that patch. */
export function isPatched(module: string, round?: Round): boolean {
  const items = patched.get(module)
  return items !== undefined && (round === undefined || items === round)
}

/** Opens a patch of `module`; its items follow. */
export function beginPatch(module: string): Round {
  const items: Item[] = []
  patched.set(module, items)
  log('patching %s', module)
  return items
}

/** Puts `value` at `target[key]` as part of the open patch of `module`; functions keep name, length and own properties of what they replace. */
export function patchItem(module: string, target: object, key: PropertyKey, value: unknown): void {
  const before = Object.getOwnPropertyDescriptor(target, key)
  if (typeof value === 'function' && typeof before?.value === 'function') dress(value, before.value as object)
  patched.get(module)?.push({ target, key, before, value })
  Object.defineProperty(target, key, {
    configurable: true,
    enumerable: before?.enumerable ?? false,
    writable: true,
    value,
  })
  log('  %s.%s', module, String(key))
}

/** Makes `replacement` look like `original`, down to `util.promisify.custom`. */
function dress(replacement: object, original: object): void {
  for (const key of Reflect.ownKeys(original)) {
    const property = Object.getOwnPropertyDescriptor(original, key)
    if (property !== undefined && key !== 'prototype') Object.defineProperty(replacement, key, property)
  }
}

/** Takes the patch of `module` back. */
export function restore(module: string): void {
  for (const { target, key, before, value } of patched.get(module)?.reverse() ?? []) {
    if (Object.getOwnPropertyDescriptor(target, key)?.value !== value) {
      log('  %s.%s was replaced since, and is left', module, String(key))
    } else if (before === undefined) {
      Reflect.deleteProperty(target, key)
    } else {
      Object.defineProperty(target, key, before)
    }
  }
  patched.delete(module)
  log('restored %s', module)
}
