// Named imports of builtins, taken before any patch, follow: into the patch and out of it. So do the default import and `require`.

import * as childProcess from 'node:child_process'
import * as dns from 'node:dns'
import defaultDns, { lookup } from 'node:dns'
import { createRequire } from 'node:module'
import * as net from 'node:net'
import * as stream from 'node:stream'
import * as streamPromises from 'node:stream/promises'
import * as timers from 'node:timers/promises'
import * as tls from 'node:tls'
import { run } from 'greenloop'
import * as monkey from 'greenloop/monkey'

const require = createRequire(import.meta.url)
const modules: Readonly<Record<string, object>> = { dns, net, timers, tls, childProcess, stream, streamPromises }

/** Each export of each module, as it is now. */
const exportsNow = (): Map<string, unknown> =>
  new Map(
    Object.entries(modules).flatMap(([module, namespace]) =>
      Object.entries(namespace).map(([name, value]) => [`${module}.${name}`, value] as const),
    ),
  )
const all = exportsNow()
const changed = (): string[] =>
  [...exportsNow()].filter(([name, value]) => all.get(name) !== value).map(([name]) => name)

const before = lookup
monkey.patchAll()
const { address } = await run(function* () {
  return yield* lookup('127.0.0.1')
})
console.log('patched:', address, lookup === before, dns.lookup === lookup, defaultDns.lookup === lookup)
console.log('require:', (require('node:dns') as typeof dns).lookup === lookup, require('dns') === defaultDns)
const names = changed()
console.log(
  'changed:',
  names.length,
  [
    'dns.lookup',
    'dns.reverse',
    'timers.setTimeout',
    'childProcess.exec',
    'stream.pipeline',
    'streamPromises.finished',
  ].every((name) => names.includes(name)),
)
monkey.unpatchAll()
console.log('unpatched:', lookup === before, dns.lookup === before, changed())
try {
  // eslint-disable-next-line greenloop/no-floating-operation -- unpatched, and the types know only the patched form
  lookup('127.0.0.1')
} catch (error) {
  console.log((error as NodeJS.ErrnoException).code)
}
