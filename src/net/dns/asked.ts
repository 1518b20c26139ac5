/**
 * What a lookup is asked for: its arguments, checked, and how the answer is made of the addresses that were found.
 *
 * Stands on nothing but Node's default order. Leaves it to others to find any.
 */
import dns, { type LookupAddress, type LookupOptions } from 'node:dns'
import { isIP } from 'node:net'
import { UsageError } from '../../errors/classes.ts'
import { checkFlag, checkOptions, show } from '../../errors/usage.ts'

const { ADDRCONFIG, ALL, V4MAPPED, getDefaultResultOrder } = dns

/** Which addresses are wanted, in which order: `verbatim` is as they were found. */
export interface Asked {
  readonly family: 0 | 4 | 6
  readonly all: boolean
  readonly order: string
  readonly hints: number
}

const FAMILIES = new Map<unknown, 0 | 4 | 6>([
  [undefined, 0],
  [null, 0],
  [0, 0],
  [4, 4],
  [6, 6],
  ['IPv4', 4],
  ['IPv6', 6],
])
const ORDERS = ['verbatim', 'ipv4first', 'ipv6first']

/** Checks the arguments of `lookup`, as Node does. */
export function checkLookup(hostname: unknown, options: number | LookupOptions | null): Asked {
  if (typeof hostname !== 'string' || hostname === '')
    throw new UsageError(`lookup() expects a host name, but got ${show(hostname)}.`)
  const given = typeof options === 'number' ? { family: options } : (options ?? {})
  checkOptions('lookup()', given, '{ family: 4, all: true }')
  const { all, hints = 0, order, verbatim } = given
  const family = FAMILIES.get(given.family)
  if (family === undefined)
    throw new UsageError(`lookup() expects \`family\` to be 0, 4, 6, 'IPv4' or 'IPv6', but got ${show(given.family)}.`)
  checkFlag('lookup()', 'all', all)
  checkFlag('lookup()', 'verbatim', verbatim)
  if (order !== undefined && !ORDERS.includes(order))
    throw new UsageError(`lookup() expects \`order\` to be one of ${ORDERS.join(', ')}, but got ${show(order)}.`)
  if (typeof hints !== 'number' || (hints & ~(ADDRCONFIG | ALL | V4MAPPED)) !== 0)
    throw new UsageError(
      `lookup() expects \`hints\` to be made of ADDRCONFIG, V4MAPPED and ALL, but got ${show(hints)}.`,
    )
  return { family, all: all ?? false, order: order ?? orderOf(verbatim), hints }
}

function orderOf(verbatim: boolean | undefined): string {
  if (verbatim === undefined) return getDefaultResultOrder()
  return verbatim ? 'verbatim' : 'ipv4first'
}

/** Of the addresses that were found, those that were asked for, as an answer; throws `ENOTFOUND` when there are none. */
export function answer(hostname: string, found: readonly string[], asked: Asked): LookupAddress | LookupAddress[] {
  const wanted = found
    .map((address) => ({ address, family: isIP(address) }))
    .filter(({ family }) => asked.family === 0 || family === asked.family)
  const { order } = asked
  if (order === 'ipv4first') wanted.sort((a, b) => a.family - b.family)
  if (order === 'ipv6first') wanted.sort((a, b) => b.family - a.family)
  const [first] = wanted
  if (first === undefined) throw notFound(hostname)
  return asked.all ? wanted : first
}

const ERRNO = { ENOTFOUND: -3008, EAI_AGAIN: -3001 } // libuv's numbers, the same everywhere

/** The error that Node's own lookup throws: nobody has the name, or (`EAI_AGAIN`) nobody who would know has answered. */
export function notFound(hostname: string, code: keyof typeof ERRNO = 'ENOTFOUND', cause?: unknown): Error {
  const error = new Error(`getaddrinfo ${code} ${hostname}`, cause === undefined ? {} : { cause })
  return Object.assign(error, { errno: ERRNO[code], code, syscall: 'getaddrinfo', hostname })
}
