// Functions of Node that take their callback last, without it: the list of them is what this Node does; each is an operation; one that
// nobody drives is reported, and no other.
import dns from 'node:dns'
import type { Operation } from 'greenloop'
import * as monkey from 'greenloop/monkey'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { CALLBACK_LAST } from '../../src/monkey/patches/callback-last.ts'
import { isGenerator, isOperation } from '../../src/protocol.ts'
import { killedIn } from '../net/support.ts'
import { checkLeaks } from '../support/leaks.ts'
import { runProgram } from '../support/program.ts'
import { showLines } from '../support/source-lines.ts'
import { message } from '../support/thrown.ts'
import { callbackLast, GROUPS, type GroupName } from './support/callback-last.ts'

checkLeaks()
afterEach(() => {
  monkey.unpatchAll()
})

const groups = Object.entries(GROUPS) as [GroupName, (typeof GROUPS)[GroupName]][]

describe('the list', () => {
  it.each(groups)('of %s has those that this Node has, and no other', (name, group) => {
    const listed = (CALLBACK_LAST[name] as readonly string[]).filter((item) => item in group.object)
    expect(callbackLast(group)).toEqual(listed)
  })

  it('is made of what takes a callback last, and not first', () => {
    const group = {
      object: {
        last: (path: string, callback: unknown) => need({ path, callback }),
        alone: (callback: unknown) => need({ callback }),
        optional: (path: string) => need({ path }),
        cb: (a: string, b: string, cb: unknown) => need({ a, b, cb }),
        unknown: (secret: string, callback: unknown) => need({ secret, callback }),
        Class: class {
          readonly value = 5
        },
        value: 5,
      },
      samples: { path: '.', a: 1, b: 2 },
    }
    expect(callbackLast(group)).toEqual(['cb', 'last'])
  })
})

/** Refuses the first argument that is missing, as Node does. */
function need(args: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(args)) {
    const isRight = /^c/u.test(name) ? typeof value === 'function' : value !== undefined && typeof value !== 'function'
    if (!isRight) throw new TypeError(`The "${name}" argument must be of another type.`)
  }
}

describe('without a callback', () => {
  const samples: readonly unknown[] = ['127.0.0.1', 80]
  // Those of fs need files: fs.test.ts.
  const asking = groups.filter(([name]) => name.startsWith('dns'))
  const calls = asking.flatMap(([name, { object, self }]) =>
    CALLBACK_LAST[name].filter((item) => item in object).map((item) => [name, item, object, self ?? object] as const),
  )

  it.each(calls)('%s: %s() is an operation, which throws unpatched', async (group, name, object, self) => {
    const args = name === 'lookupService' ? samples : ['127.0.0.1']
    const call = (): unknown => (Reflect.get(object, name) as (...given: unknown[]) => unknown).apply(self, [...args])
    expect(message(call)).toMatch(/callback|rrtype/u)
    monkey.patchAll()
    const made = call()
    expect([isOperation(made), isGenerator(made)]).toEqual([true, false])
    expect(String(made)).toBe(
      `${name === 'resolve' && group === 'dns' ? 'resolve4' : name}('127.0.0.1'${name === 'lookupService' ? ', 80' : ''})`,
    )
    await killedIn(made as Operation<unknown>).join()
  })
})

describe('one that nobody drives', () => {
  const report = (call: string, greenlet: string, place: string): string => {
    const width = `yield* ${call}`.length + 3
    return (
      `${call} was made by "${greenlet}" at ${place} and never driven: nothing was done.\n\n` +
      `  ${call.padEnd(width)}// incorrect: without a callback it is a wait, and nobody waits\n` +
      `  ${`yield* ${call}`.padEnd(width)}// correct: or await it in async code, or give it a callback\n`
    )
  }
  const lines: Record<string, string> = {
    lookup: report("dns.lookup('example.org')", 'main', "lookup (lookup: () => dns.lookup('example.org'),)"),
    'resolve4 of a resolver': report(
      "resolver.resolve4('example.org')",
      'main',
      "resolve4 of a resolver ('resolve4 of a resolver': () => new dns.Resolver().resolve4('example.org'),)",
    ),
    'in a greenlet': report(
      "dns.lookupService('127.0.0.1', 80)",
      'worker',
      "worker (kept.push(dns.lookupService('127.0.0.1', 80)))",
    ),
    'iterated by plain code': report(
      "dns.reverse('127.0.0.1')",
      'main',
      "iterated by plain code ('iterated by plain code': () => [...(dns.reverse('127.0.0.1') as unknown as Iterable<never>)],)",
    ),
    'lookup iterated by plain code': report(
      "dns.lookup('iterated')",
      'main',
      "lookup iterated by plain code ('lookup iterated by plain code': () => [...(dns.lookup('iterated') as unknown as Iterable<never>)],)",
    ),
    'after unpatchAll': report("dns.lookup('late')", 'main', "after unpatchAll (const call = dns.lookup('late'))"),
  }
  const driven = [
    'driven at once',
    'driven in a greenlet',
    'awaited',
    'driven later',
    'handed to race',
    'handed to all and driven',
    'handed to choose and killed',
    'returned by the body',
    'with a callback',
  ]
  const END = 'end of program\n'

  const stderrOf = async (...args: string[]): Promise<string> => {
    const { stderr, code } = await runProgram(new URL('./programs/floating.ts', import.meta.url).href, { args })
    expect(code).toBe(0)
    return showLines(stderr, 'floating.ts')
  }
  let collected: string
  let exited: string
  let fine: string[]
  let debugged: string
  beforeAll(async () => {
    const all = await Promise.all([
      stderrOf('gc', ...Object.keys(lines)),
      stderrOf('exit', 'lookup', 'resolve4 of a resolver'),
      stderrOf('gc', ...driven),
      stderrOf('exit', ...driven),
      stderrOf('exit', 'in debug mode'),
    ])
    ;[collected, exited] = all
    fine = [all[2], all[3]]
    debugged = all[4]
  })

  it.each(Object.entries(lines))('%s: is reported when it is collected, with its place', (_, line) => {
    expect(collected.split(line)).toHaveLength(2)
    expect(collected.indexOf(line)).toBeLessThan(collected.indexOf(END))
  })

  it('is reported once, and nothing else is', () => {
    const rest = Object.values(lines).reduce((text, line) => text.replace(line, ''), collected)
    expect(rest).toBe(END)
  })

  it('is reported at the end of the process, if it lives so long', () => {
    expect(exited).toBe(`${END}${lines['lookup']}${lines['resolve4 of a resolver']}`)
  })

  it('is reported once in debug mode, too, in the words of that', () => {
    expect(debugged.match(/never driven/gu)).toHaveLength(1)
    expect(debugged).toContain(
      "lookup('debugged') was made by \"main\" at in debug mode (return dns.lookup('debugged'))",
    )
  })

  it('is none that is driven, at once or later, awaited, or handed to race, all or choose', () => {
    expect(fine).toEqual([END, END])
  })
})

it('a call leaves Error.stackTraceLimit as it is', async () => {
  monkey.patchDns()
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 7
  const call = dns.lookup('127.0.0.1')
  expect(Error.stackTraceLimit).toBe(7)
  Error.stackTraceLimit = stackTraceLimit
  await call
})

it('the operation is driven as the one that it stands for, again and again', async () => {
  monkey.patchDns()
  const call = dns.lookup('127.0.0.1')
  expect([await call, await call]).toEqual([
    { address: '127.0.0.1', family: 4 },
    { address: '127.0.0.1', family: 4 },
  ])
})
