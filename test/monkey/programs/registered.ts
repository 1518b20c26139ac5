// Tells what is patched after importing the register. With `again`, the program patches by itself, too.
import 'greenloop/monkey/register'
import dns, { lookup } from 'node:dns'
import { run } from 'greenloop'
import * as monkey from 'greenloop/monkey'

const names = ['promise', 'timers', 'streams', 'dns', 'net', 'tls', 'http', 'fetch', 'fs', 'childProcess'].filter(
  (name) => monkey.isModulePatched(name),
)
console.log(names.join())
if (process.argv.includes('again')) monkey.patchAll()
if (names.includes('dns')) {
  console.log(await run(() => lookup('127.0.0.1')), lookup === dns.lookup)
}
