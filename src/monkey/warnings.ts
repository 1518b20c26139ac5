/**
 * The two warnings of patching: called again with other options, and called when somebody holds the old function already.
 *
 * Node prints them once each on stderr, and emits them as `warning` events whose `name` is `MonkeyPatchWarning`; `--no-warnings` turns
 * them off. What holds a function can be seen in part only: a CommonJS module that exports it, and a global. A variable inside a module
 * (`const { lookup } = require('dns')`) is nobody's to look at. Named imports of ES modules need no warning, they follow.
 *
 * Stands on the items of a round. Leaves to `patch.ts` when to look.
 */
import { createRequire } from 'node:module'
import { ORDER, type PatchName } from './options.ts'
import { type Item, labelOf } from './state.ts'

/** How many holders are listed. */
const MOST = 10

/** Those who were listed, or counted: once is enough, however often a scope patches. */
const told = new Set<string>()

function warn(code: string, text: string): void {
  process.emitWarning(text, { type: 'MonkeyPatchWarning', code })
}

/** `patchAll` was called with other options than before, while the patches of then stand. */
export function warnTwice(before: Record<PatchName, boolean>, now: Record<PatchName, boolean>): void {
  warn(
    'GREENLOOP_PATCHED_TWICE',
    `${callOf(before)} was followed by ${callOf(now)}. Calls add up: what one of them asks for is patched, and nothing is taken back. ` +
      'Call patchAll() once, before everything else; to begin anew call unpatchAll() first.',
  )
}

function callOf(options: Record<PatchName, boolean>): string {
  const left = ORDER.filter((name) => !options[name]).map((name) => `${name}: false`)
  return left.length === 0 ? 'patchAll()' : `patchAll({ ${left.join(', ')} })`
}

/** Looks for those who hold a function that was replaced just now, and names them. */
export function warnTooLate(items: readonly Item[]): void {
  const replaced = new Map<unknown, string>()
  for (const item of items) if (typeof item.before?.value === 'function') replaced.set(item.before.value, labelOf(item))
  if (replaced.size === 0) return
  const globals = propertiesThatAre(replaced, globalThis).map(([key, name]) => `globalThis.${key} is ${name}`)
  const held = [...modulesThatHold(replaced), ...globals].filter((line) => !told.has(line))
  if (held.length === 0) return
  for (const line of held) told.add(line)
  const more = held.length > MOST ? [`and ${held.length - MOST} more`] : []
  warn(
    'GREENLOOP_PATCHED_TOO_LATE',
    'The patches came too late for those who hold a function of Node already; what they call is not patched:\n' +
      [...held.slice(0, MOST), ...more].map((line) => `  ${line}\n`).join('') +
      'Patch before anything else is loaded: node --import greenloop/monkey/register app.js',
  )
}

/** The CommonJS modules whose exports are a replaced function, or have one. */
function modulesThatHold(replaced: ReadonlyMap<unknown, string>): string[] {
  const { cache } = createRequire(import.meta.url)
  return Object.entries(cache).flatMap(([path, module]) => {
    const exports: unknown = module?.exports
    const whole = replaced.get(exports)
    return [
      ...(whole === undefined ? [] : [`${path}: module.exports is ${whole}`]),
      ...propertiesThatAre(replaced, exports).map(([key, name]) => `${path}: exports.${key} is ${name}`),
    ]
  })
}

/** No getter is called: it might do anything. */
function propertiesThatAre(replaced: ReadonlyMap<unknown, string>, object: unknown): [key: string, name: string][] {
  if ((typeof object !== 'object' && typeof object !== 'function') || object === null) return []
  try {
    return Object.entries(Object.getOwnPropertyDescriptors(object)).flatMap(
      ([key, { value }]: [string, PropertyDescriptor]) => {
        const name = replaced.get(value)
        return name === undefined ? [] : [[key, name] as [string, string]]
      },
    )
  } catch {
    return [] // a proxy, or a module that is still being loaded
  }
}
