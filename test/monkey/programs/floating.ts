// Callback-less calls that nobody drives, and those that somebody does. The arguments: `gc` to have them collected or `exit` to keep them
// until the end, then which. Writes `end of program` to stderr as its last line, so that it is seen which reports come at exit.
import dns from 'node:dns'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { all, choose, type Operation, race, run, setDebug, sleep, spawn, spawnWith } from 'greenloop'
import * as monkey from 'greenloop/monkey'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
const kept: unknown[] = []
monkey.patchAll()

/** Nobody drives these. */
const floating: Record<string, () => unknown> = {
  lookup: () => dns.lookup('example.org'),
  'resolve4 of a resolver': () => new dns.Resolver().resolve4('example.org'),
  'in a greenlet': () => spawnWith({ name: 'worker' }, worker),
  'iterated by plain code': () => [...(dns.reverse('127.0.0.1') as unknown as Iterable<never>)],
  'lookup iterated by plain code': () => [...(dns.lookup('iterated') as unknown as Iterable<never>)],
  'after unpatchAll': () => {
    const call = dns.lookup('late')
    monkey.unpatchAll()
    return call
  },
  'in debug mode': () => {
    setDebug(true)
    return dns.lookup('debugged')
  },
}

function* worker() {
  kept.push(dns.lookupService('127.0.0.1', 80))
  yield* sleep(0)
  kept.length = 0
}

/** Somebody drives these, or will: none is reported. */
const driven: Record<string, () => unknown> = {
  'driven at once': () => run(() => dns.lookup('127.0.0.1')),
  'driven in a greenlet': () =>
    run(function* () {
      yield* dns.lookup('127.0.0.1')
    }),
  awaited: async () => {
    await dns.lookup('127.0.0.1')
  },
  'driven later': async () => {
    const call = dns.lookup('127.0.0.1')
    await sleep(5)
    collect()
    await sleep(5)
    await run(function* () {
      yield* call
    })
  },
  'handed to race': () => {
    kept.push(race([dns.lookup('127.0.0.1'), dns.lookupService('127.0.0.1', 80)]))
  },
  'handed to all and driven': () => run(() => all([dns.lookup('127.0.0.1'), dns.lookup('127.0.0.2')])),
  'handed to choose and killed': async () => {
    const chooser = spawn(function* () {
      yield* choose({ name: dns.lookupService('127.0.0.1', 80), time: sleep(0) })
    })
    await chooser.join()
  },
  'returned by the body': () => spawn((): Operation<unknown> => dns.lookup('127.0.0.1')),
  'with a callback': () => {
    dns.lookup('127.0.0.1', () => undefined)
  },
}

const [how, ...names] = process.argv.slice(2)

/** In a function of its own, whose variables are gone when it has returned. */
async function make(name: string): Promise<void> {
  const made = (floating[name] ?? driven[name])?.()
  if (how === 'exit' && name in floating) kept.push(made)
  if (name in driven) await made
}

for (const name of names) {
  await make(name)
  await sleep(1)
}
if (how === 'gc') {
  for (let round = 0; round < 10; round++) {
    collect()
    await sleep(1)
  }
}
process.stderr.write('end of program\n')
