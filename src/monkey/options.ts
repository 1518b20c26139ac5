/**
 * What can be patched, in which order, and how a program says what of it: by options, or by the environment.
 *
 * Stands on nothing of this room. Leaves the patches to `patch.ts`.
 */
import { UsageError } from '../errors/classes.ts'
import { checkOptions, show, wrongRight } from '../errors/usage.ts'

/**
 * What can be patched, in the order in which it is: what others stand on comes first, so that whoever watches a patch (an event, a veto)
 * finds everything below it in place. Promises and time stand on nothing; streams come before the connections, the files and the pipes of
 * children, which are streams; names before the connections that ask for them, plain connections before TLS, connections before what speaks
 * over them; files before the children that are started from them. Patches are taken back in the reverse order.
 */
export const ORDER: readonly PatchName[] = [
  'promise',
  'timers',
  'streams',
  'dns',
  'net',
  'tls',
  'http',
  'fetch',
  'fs',
  'childProcess',
]

/** A name of what can be patched. */
export type PatchName =
  | 'promise'
  | 'timers'
  | 'streams'
  | 'dns'
  | 'net'
  | 'tls'
  | 'http'
  | 'fetch'
  | 'fs'
  | 'childProcess'

/** Says yes or no to patches. */
export type PatchOptions = Partial<Record<PatchName, boolean>>

/** Checks options, and fills in what they do not name. */
export function readOptions(call: string, options: PatchOptions, rest: boolean): Record<PatchName, boolean> {
  checkOptions(call, options, '{ dns: false }')
  const read = Object.fromEntries(ORDER.map((name) => [name, rest])) as Record<PatchName, boolean> // all are there
  for (const [name, value] of Object.entries(options) as [string, unknown][]) {
    if (!isPatchName(name)) throw unknownPatch(call, name)
    if (typeof value !== 'boolean')
      throw new UsageError(`${call} expects \`${name}\` to be true or false, but got ${show(value)}.`)
    read[name] = value
  }
  return read
}

function isPatchName(name: string): name is PatchName {
  return ORDER.includes(name as PatchName) // asked
}

function unknownPatch(call: string, name: string): UsageError {
  return new UsageError(`${call} knows ${ORDER.join(', ')}, but not ${JSON.stringify(name)}.`)
}

/**
 * Reads `GREENLOOP_MONKEY`: `no-net,no-dns` is everything but these, `net,dns` is these and nothing else.
 *
 * @throws UsageError for a name that is none, and for both kinds at once.
 */
export function optionsFrom(text: string): PatchOptions {
  const words = text.split(/[\s,]+/u).filter((word) => word !== '')
  const without = words.filter((word) => word.startsWith('no-'))
  const names = words.map((word) => word.replace(/^no-/u, ''))
  for (const name of names) if (!isPatchName(name)) throw unknownPatch('GREENLOOP_MONKEY', name)
  if (without.length > 0 && without.length < words.length) {
    throw new UsageError(
      `GREENLOOP_MONKEY says what to patch, or what to leave out, but ${show(text)} says both.\n\n` +
        wrongRight('GREENLOOP_MONKEY=dns,no-net', 'what of the others?', 'GREENLOOP_MONKEY=no-net', 'all but net'),
    )
  }
  if (words.length === 0) return {}
  return Object.fromEntries(ORDER.map((name) => [name, names.includes(name) === (without.length === 0)]))
}
