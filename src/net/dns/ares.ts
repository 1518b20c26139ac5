/**
 * How `lookup` finds addresses without a thread: the hosts file first, then the name servers, for both families at once.
 *
 * What the machine's own `getaddrinfo` does beyond that is left out: search domains (a name without a dot is asked as it is), mDNS and NIS,
 * the hints V4MAPPED and ALL, and the sorting by reachability: IPv4 comes first.
 *
 * Stands on the standard resolver and the hosts file.
 */
import dns from 'node:dns'
import { isIP } from 'node:net'
import os from 'node:os'
import { type Asked, notFound } from './asked.ts'
import { hostsFile } from './hosts.ts'
import type { Question } from './question.ts'
import { standard } from './resolve.ts'

/** What c-ares says of a name that nobody has, that has no such address, or that cannot be a name. */
const UNKNOWN = new Set<unknown>([dns.NOTFOUND, dns.NODATA, dns.BADNAME])

/** Asks for the addresses of a name, of the family that is asked for. */
export function askAres(hostname: string, { family, hints }: Asked): Question<readonly string[]> {
  const known = knownHere(hostname).filter((address) => family === 0 || isIP(address) === family)
  if (known.length > 0) return { answer: Promise.resolve(known), abort: () => undefined }
  const only = family === 0 && (hints & dns.ADDRCONFIG) !== 0 ? configuredFamily() : family
  const questions: Question<string[]>[] = []
  if (only !== 6) questions.push(standard.$question('resolve4', [hostname]))
  if (only !== 4) questions.push(standard.$question('resolve6', [hostname]))
  return {
    answer: gather(hostname, questions),
    abort: () => {
      for (const question of questions) question.abort()
    },
  }
}

/** What no server need be asked: the hosts file, and this machine's own name (RFC 6761). */
function knownHere(hostname: string): readonly string[] {
  const name = hostname.toLowerCase().replace(/\.$/u, '')
  const known = hostsFile.find(name)
  return known.length === 0 && /(?:^|\.)localhost$/u.test(name) ? ['127.0.0.1', '::1'] : known
}

/** The one family that this machine has addresses of beyond itself; 0: both, or none. */
function configuredFamily(): 0 | 4 | 6 {
  const families = new Set<string>()
  for (const addresses of Object.values(os.networkInterfaces()))
    for (const { family, internal } of addresses ?? []) if (!internal) families.add(family)
  if (families.size !== 1) return 0
  return families.has('IPv4') ? 4 : 6
}

/** One answer with addresses is enough; else the error says whether nobody has the name or nobody has answered. */
async function gather(hostname: string, questions: readonly Question<string[]>[]): Promise<readonly string[]> {
  const found: string[] = []
  const errors: NodeJS.ErrnoException[] = []
  for (const answer of await Promise.allSettled(questions.map((question) => question.answer))) {
    if (answer.status === 'fulfilled') found.push(...answer.value)
    else errors.push(answer.reason as NodeJS.ErrnoException) // Node's
  }
  if (found.length > 0) return found
  const trouble = errors.find(({ code }) => !UNKNOWN.has(code))
  throw trouble === undefined ? notFound(hostname, 'ENOTFOUND', errors[0]) : notFound(hostname, 'EAI_AGAIN', trouble)
}
