// A named import of a builtin, taken before any patch, follows: into the patch and out of it.

import * as everything from 'node:dns'
import { lookup } from 'node:dns'
import { run } from 'greenloop'
import * as monkey from 'greenloop/monkey'

const before = lookup
monkey.patchAll()
const { address } = await run(function* () {
  return yield* lookup('127.0.0.1')
})
console.log('patched:', address, lookup === before, everything.lookup === lookup)
monkey.unpatchAll()
console.log('unpatched:', lookup === before, everything.lookup === before)
try {
  // eslint-disable-next-line greenloop/no-floating-operation -- unpatched, and the types know only the patched form
  lookup('127.0.0.1')
} catch (error) {
  console.log((error as NodeJS.ErrnoException).code)
}
