// Debug mode: operations that nobody drives are reported, failures tell where their greenlet was made. What a suspended greenlet shows of
// its frames is in greenlet/frame.test.ts.
import { type Green, Greenlet, GreenletExit, RawGreenlet, setDebug, sleep, spawn, spawnWith, Waiter } from 'greenloop'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { kernel } from '../src/greenlet/kernel.ts'
import { checkLeaks } from './support/leaks.ts'
import { type ProgramEnd, runProgram } from './support/program.ts'
import { catchReports } from './support/reports.ts'
import { showLines } from './support/source-lines.ts'
import { rejection, thrown, usage } from './support/thrown.ts'

checkLeaks()

/** The report of one operation, of the program `forgotten.ts`. */
const report = (text: string, greenlet: string, place: string): string =>
  `${text} was made by "${greenlet}" at ${place} and never driven: nothing was done.\n\n` +
  '  sleep(10)          // incorrect: makes the operation and drops it\n' +
  '  yield* sleep(10)   // correct: or await sleep(10) in async code\n'

const END = 'end of program\n'

/** Each call of the program that makes an operation and drops it: its text, who has made it, in which function and line. */
const FORGOTTEN: [name: string, text: string, greenlet: string, place: string][] = [
  ['sleep', 'sleep(10)', 'main', 'sleep (sleep: () => sleep(10),)'],
  ['sleep(0)', 'sleep(0)', 'main', "sleep(0) ('sleep(0)': () => sleep(0),)"],
  ['until', 'until(promise)', 'main', 'until (until: () => until(Promise.resolve(1)),)'],
  ['waiter', 'waiter.get()', 'main', 'waiter (waiter: () => waiter.get(),)'],
  ['join', 'join() of "idle"', 'main', 'join (join: () => idle.join(),)'],
  ['get', 'get() of "idle"', 'main', 'get (get: () => idle.get(),)'],
  ['joinall', 'joinall() of 2 greenlets', 'main', 'joinall (joinall: () => joinall([idle, idle]),)'],
  ['withTimeout', 'withTimeout(5, sleep)', 'main', 'withTimeout (withTimeout: () => withTimeout(5, sleep, 10),)'],
  ['lookup', "lookup('localhost')", 'main', "lookup (lookup: () => dns.lookup('localhost'),)"],
  [
    'requests.get',
    'requests.get(http://127.0.0.1:1/)',
    'main',
    "requests.get ('requests.get': () => requests.get('http://127.0.0.1:1/'),)",
  ],
  ['recv', 'recv()', 'main', 'recv (recv: () => unconnected().recv(),)'],
  ['sendall', 'sendall()', 'main', "sendall (sendall: () => unconnected().sendall('data'),)"],
  [
    'in a function of V8',
    'sleep(10)',
    'main',
    "<anonymous> ('in a function of V8': () => [10].map((ms) => sleep(ms)),)",
  ],
  ['in a greenlet', 'sleep(10)', 'worker', 'worker (keep(sleep(10)))'],
  ['in a body that goes on', 'sleep(10)', 'goer', 'goingOn (keep(sleep(10)))'],
]

/** What is no mistake. */
const FINE = [
  'driven',
  'awaited',
  'spawned',
  'driven later, and twice',
  'of an effect at the call',
  'made while debug mode is off',
  'made while debug mode was on',
]

async function forget(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<ProgramEnd> {
  const end = await runProgram('forgotten.ts', { args, env })
  return { ...end, stderr: showLines(end.stderr, 'forgotten.ts') }
}

/** The reports and the last line of the program, each as one text, in their order. */
function partsOf(stderr: string): string[] {
  return stderr.split(/(?<=correct: or await sleep\(10\) in async code\n|end of program\n)/u)
}

describe('an operation that was made and never driven', () => {
  const names = FORGOTTEN.map(([name]) => name)
  const reports = FORGOTTEN.map(([, ...parts]) => report(...parts))
  let collected: string[]
  let exited: string[]

  beforeAll(async () => {
    const [gc, exit] = await Promise.all([forget(['gc', ...names]), forget(['exit', ...names])])
    collected = partsOf(gc.stderr)
    exited = partsOf(exit.stderr)
    expect([gc.code, exit.code]).toEqual([0, 0])
  })

  it.each(FORGOTTEN)('is reported with its text, its maker and its line: %s', (_, ...parts) => {
    expect(collected).toContain(report(...parts))
    expect(exited).toContain(report(...parts))
  })

  it('is reported once, when it has been collected', () => {
    expect([...collected].sort()).toEqual([...reports, END].sort())
    expect(collected.at(-1)).toBe(END)
  })

  it('is reported once, when it is still there at exit, in the order of making', () => {
    expect(exited).toEqual([END, ...reports])
  })

  it('is reported when the process ends in the same step', async () => {
    expect((await forget(['exit', 'before the process ends at once'])).stderr).toBe(
      report('sleep(10)', 'main', 'before the process ends at once (kept.push(sleep(10)))'),
    )
  })

  it.each(['1', 'true', 'on'])('is reported with GREENLOOP_DEBUG=%s in the environment', async (GREENLOOP_DEBUG) => {
    expect((await forget(['exit', 'sleep'], { GREENLOOP_DEBUG })).stderr).toBe(
      END + report('sleep(10)', 'main', 'sleep (sleep: () => sleep(10),)'),
    )
  })

  it.each(['', '0', 'false'])('is not reported with GREENLOOP_DEBUG=%s', async (GREENLOOP_DEBUG) => {
    expect((await forget(['exit', 'sleep'], { GREENLOOP_DEBUG })).stderr).toBe(END)
  })

  it('is reported once also when it stands on another one', async () => {
    const { stderr } = await forget(['exit', 'requests.get with a timeout'])
    expect(stderr.match(/ was made by .* never driven/gu)).toHaveLength(1)
  })

  it('is in the tables here, whatever it is: no call of the program is left out', async () => {
    const { stdout } = await forget(['names'])
    const others = ['requests.get with a timeout', 'before the process ends at once']
    expect(JSON.parse(stdout)).toEqual([[...names, ...others], FINE])
  })
})

describe('nothing is reported of an operation that is', () => {
  it.each(FINE)('%s', async (name) => {
    const ends = await Promise.all([forget(['gc', name]), forget(['exit', name])])
    expect(ends).toEqual([
      { stdout: '', stderr: END, code: 0 },
      { stdout: '', stderr: END, code: 0 },
    ])
  })
})

describe('setDebug()', () => {
  it('refuses what is no boolean', () => {
    expect(usage(() => setDebug(1 as never))).toBe('setDebug() expects `on` to be a boolean, but got 1 (number).')
  })

  it('answers whether it was on before', () => {
    expect([setDebug(true), setDebug(true), setDebug(false), setDebug(false)]).toEqual([false, true, true, false])
  })

  it('leaves nothing to be paid when it is off: nobody is told, and recipes are shared', () => {
    const waiter = new Waiter()
    const shared = (): boolean[] => [sleep(0) === sleep(0), waiter.get() === waiter.get()]
    expect([kernel.debug, ...shared()]).toEqual([null, true, true])
    setDebug(true)
    expect([kernel.debug === null, ...shared()]).toEqual([false, false, false])
    setDebug(false)
    expect([kernel.debug, ...shared()]).toEqual([null, true, true])
  })

  it('may be turned on and off however often: the process gets one listener at the most', () => {
    const before = process.listenerCount('exit')
    for (let n = 0; n < 20; n++) {
      setDebug(true)
      setDebug(false)
    }
    expect(process.listenerCount('exit') - before).toBeLessThanOrEqual(1)
  })
})

describe('a failure in debug mode', () => {
  beforeEach(() => {
    setDebug(true)
    catchReports() // those whose outcome is looked at without being read
  })
  afterEach(() => void setDebug(false))

  const shown = (error: unknown): string => showLines(String((error as Error).stack), 'debug.test.ts')

  function* fail(): Green<void> {
    throw new Error('broken')
  }
  const BROKEN = "Error: broken\n    at fail (throw new Error('broken'))"

  /** Runs `body` in a greenlet: what is made there has no frames of the test runner below it. */
  function inGreenlet<T>(body: () => Green<T>): Promise<T> {
    return spawnWith({ name: 'maker' }, body).get() as Promise<T>
  }

  it('ends with where the Greenlet was made, down to the body of its maker', async () => {
    function makeBroken(): Greenlet<void> {
      return spawnWith({ name: 'broken' }, fail)
    }
    const error = await inGreenlet(function* maker() {
      const greenlet = makeBroken()
      yield* greenlet.join()
      return greenlet.exception
    })
    expect(shown(error)).toBe(
      `${BROKEN}\n  greenlet "broken" was made\n` +
        "    at makeBroken (return spawnWith({ name: 'broken' }, fail))\n" +
        '    at maker (const greenlet = makeBroken())',
    )
  })

  it('ends with where the RawGreenlet was made', async () => {
    const error = await inGreenlet(function* maker() {
      try {
        return yield* new RawGreenlet(fail).switch()
      } catch (caught) {
        return caught
      }
    })
    expect(shown(error)).toBe(
      `${BROKEN}\n  greenlet "fail" was made\n    at maker (return yield* new RawGreenlet(fail).switch())`,
    )
  })

  it('that ends several greenlets tells of each, in this order', async () => {
    const error = await inGreenlet(function* maker() {
      const inner = spawnWith({ name: 'inner' }, fail)
      const outer = spawnWith({ name: 'outer' }, () => inner.get())
      yield* outer.join()
      return outer.exception
    })
    expect(shown(error)).toBe(
      `${BROKEN}\n  greenlet "inner" was made\n    at maker (const inner = spawnWith({ name: 'inner' }, fail))` +
        '\n  greenlet "outer" was made\n    at maker (const outer = spawnWith({ name: \'outer\' }, () => inner.get()))',
    )
  })

  it('that is awaited tells nothing of main, which nobody has made', async () => {
    const error = await rejection(spawnWith({ name: 'broken' }, fail).get())
    expect(shown(error).match(/greenlet ".*" was made/gu)).toEqual(['greenlet "broken" was made'])
  })

  it('of a greenlet that was made before ends as ever', async () => {
    setDebug(false)
    const greenlet = spawn(fail)
    setDebug(true)
    await greenlet.join()
    expect(shown(greenlet.exception)).toBe(BROKEN)
  })

  it('keeps what it is when its stack cannot be written, or is none', async () => {
    class Sealed extends Error {
      override get stack(): string {
        throw new Error('no stack for you')
      }
      override set stack(_: string) {
        throw new Error('no stack for you')
      }
    }
    const stackless = Object.assign(new Error('stackless'), { stack: undefined })
    const frozen = Object.freeze(new Error('frozen'))
    for (const value of [frozen, new Sealed('sealed'), stackless, 'a string', null, { reason: 'object' }]) {
      const greenlet = spawn(() => {
        throw value
      })
      await greenlet.join()
      expect(greenlet.exception).toBe(value)
    }
    expect(stackless.stack).toBeUndefined()
  })

  it('is not a GreenletExit, nor what is caught', async () => {
    const exit = new GreenletExit('bye')
    const greenlet = new RawGreenlet(() => {
      throw exit
    })
    expect(greenlet.switch().value).toBe(exit)
    const caught = await inGreenlet(function* maker() {
      try {
        return yield* fail()
      } catch (error) {
        return error
      }
    })
    expect([exit.stack, (caught as Error).stack].filter((stack) => stack?.includes('was made'))).toEqual([])
  })

  it('is thrown to main with its maker too, and not when debug mode is off again', () => {
    const failing = (): unknown => thrown(() => new RawGreenlet(fail).switch())
    expect(shown(failing())).toContain(
      `${BROKEN}\n  greenlet "fail" was made\n` +
        '    at const failing = (): unknown => thrown(() => new RawGreenlet(fail).switch())\n    at thrown (',
    )
    setDebug(false)
    expect(shown(failing())).toBe(BROKEN)
  })
})

describe('debug mode', () => {
  it('keeps neither operations nor greenlets nor their frames', async () => {
    const { stdout, stderr, code } = await runProgram('debug-memory.ts')
    expect(stdout.replaceAll(/\d+$/gmu, 'all').split('\n')).toEqual([
      'operations that were driven: 0 of all',
      'operations that were awaited: 0 of all',
      'operations that were forgotten: 0 of all',
      'greenlets that were never started: 0 of all',
      'greenlets that have returned: 0 of all',
      'greenlets that have failed: 0 of all',
      'greenlets that are left suspended: 0 of all',
      'greenlets that are left suspended deep below: 0 of all',
      'greenlets whose frames were looked at: 0 of all',
      '',
    ])
    expect(showLines(stderr, 'debug-memory.ts')).toBe(
      report(
        'sleep(1)',
        'main',
        "operations that were forgotten ('operations that were forgotten': () => void hold(sleep(1)),)",
      ),
    )
    expect(code).toBe(0)
  })
})
