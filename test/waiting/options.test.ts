// The options of every call that takes some: what is no object, or says neither yes nor no, is refused at the call, with the whole text.
import {
  AsyncResult,
  all,
  any,
  Channel,
  Condition,
  choose,
  DummySemaphore,
  Event,
  Greenlet,
  Group,
  getHub,
  iwait,
  joinall,
  killall,
  nursery,
  Pool,
  Queue,
  RLock,
  race,
  runWith,
  Semaphore,
  sleep,
  spawnWith,
  Timeout,
  wait,
} from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { usage } from '../support/thrown.ts'

checkLeaks()

type Call = [call: string, flag: string, make: (options: never) => unknown]

const fresh = (): Greenlet => new Greenlet(() => undefined)

/** The calls that wait; `flag` is their option that says yes or no. */
const waits: Call[] = [
  ['join()', '', (options) => fresh().join(options)],
  ['get()', 'block', (options) => fresh().get(options)],
  ['kill()', 'block', (options) => fresh().kill(undefined, options)],
  ['joinall()', 'raiseError', (options) => joinall([], options)],
  ['killall()', 'block', (options) => killall([], undefined, options)],
  ['wait()', '', (options) => wait([], options)],
  ['wait()', '', (options) => wait(null, options)],
  ['iwait()', '', (options) => iwait([], options)],
  ['choose()', '', (options) => choose({ late: sleep(1) }, options)],
  ['race()', '', (options) => race([sleep(1)], options)],
  ['any()', '', (options) => any([sleep(1)], options)],
  ['all()', '', (options) => all([sleep(1)], options)],
  ['wait()', '', (options) => new Event().wait(options)],
  ['get()', 'block', (options) => new AsyncResult().get(options)],
  ['get()', 'block', (options) => new AsyncResult().result(options)],
  ['wait()', '', (options) => new AsyncResult().wait(options)],
  ['wait()', '', (options) => new Semaphore().wait(options)],
  ['hold()', '', (options) => new Semaphore().hold(options)],
  ['wait()', '', (options) => new DummySemaphore().wait(options)],
  ['hold()', '', (options) => new RLock().hold(options)],
  ['wait()', '', (options) => new Condition().wait(options)],
  ['waitFor()', '', (options) => new Condition().waitFor(() => true, options)],
  ['hold()', '', (options) => new Condition().hold(options)],
  ['put()', 'block', (options) => new Queue<number>().put(1, options)],
  ['get()', 'block', (options) => new Queue().get(options)],
  ['peek()', 'block', (options) => new Queue().peek(options)],
  ['join()', '', (options) => new Queue().join(options)],
  ['put()', 'block', (options) => new Channel<number>().put(1, options)],
  ['get()', 'block', (options) => new Channel().get(options)],
  ['join()', 'raiseError', (options) => new Group().join(options)],
  ['kill()', 'block', (options) => new Group().kill(undefined, options)],
  ['killone()', 'block', (options) => new Group().killone(fresh(), undefined, options)],
  ['add()', 'blocking', (options) => new Pool().add(fresh(), options)],
  ['start()', 'blocking', (options) => new Pool().start(fresh(), options)],
  ['waitAvailable()', '', (options) => new Pool().waitAvailable(options)],
]

describe.each(waits)('%s, with the option %o,', (call, flag, make) => {
  const asFlag = flag === '' ? '{ timeoutMs: 10 }' : `{ ${flag}: false }`

  it.each([
    ['null', null, '{ timeoutMs: 10 }'],
    ['5 (number)', 5, '{ timeoutMs: 5 }'],
    ['0.5 (number)', 0.5, '{ timeoutMs: 0.5 }'],
    ['-1 (number)', -1, '{ timeoutMs: 10 }'],
    ['NaN (number)', Number.NaN, '{ timeoutMs: 10 }'],
    ['false (boolean)', false, asFlag],
    ['"5" (string)', '5', '{ timeoutMs: 10 }'],
    ['a Timeout', new Timeout(5), '{ timeoutMs: timeout }'],
  ])('refuses %s instead of an object, and shows the form', (shown, value, example) => {
    expect(usage(() => make(value as never))).toBe(
      `${call} expects its options as an object, such as ${example}, but got ${shown}.`,
    )
  })

  it.each([
    ['null', null],
    ['"5" (string)', '5'],
    ['true (boolean)', true],
  ])('refuses %s as timeoutMs', (shown, timeoutMs) => {
    expect(usage(() => make({ timeoutMs } as never))).toBe(
      `${call} expects \`timeoutMs\` to be a number of milliseconds, 0 or more, but got ${shown}.`,
    )
  })
})

/** The calls that have an option of which the answer is yes or no. */
const flags: Call[] = [
  ...waits.filter(([, flag]) => flag !== ''),
  ['acquire()', 'blocking', (options) => new Semaphore().acquire(options)],
  ['sleep()', 'ref', (options) => sleep(0, options)],
  ['sleep()', 'ref', (options) => sleep(1, options)],
  ['new Timeout()', 'ref', (options) => new Timeout(1, null, options)],
  ['map()', 'killOnError', (options) => new Group().map(() => 1, [], options)],
]

describe.each(flags)('%s', (call, flag, make) => {
  it.each([
    ['null', null],
    ['0 (number)', 0],
    ['"no" (string)', 'no'],
  ])(`refuses %s as ${flag}`, (shown, value) => {
    expect(usage(() => make({ [flag]: value } as never))).toBe(
      `${call} expects \`${flag}\` to be a boolean, but got ${shown}.`,
    )
  })
})

describe.each<[call: string, example: string, make: (options: never) => unknown]>([
  ['sleep()', '{ ref: false }', (options) => sleep(0, options)],
  ['sleep()', '{ ref: false }', (options) => sleep(1, options)],
  ['new Timeout()', '{ ref: false }', (options) => new Timeout(1, null, options)],
  ['spawnWith()', "{ name: 'reader' }", (options) => spawnWith(options, () => undefined)],
  ['runWith()', '{ graceMs: 500 }', (options) => runWith(options, () => undefined)],
])('%s', (call, example, make) => {
  it.each([
    ['null', null],
    ['5 (number)', 5],
    ['"reader" (string)', 'reader'],
  ])('refuses %s instead of options', (shown, value) => {
    expect(usage(() => make(value as never))).toBe(
      `${call} expects its options as an object, such as ${example}, but got ${shown}.`,
    )
  })
})

describe('a call that is refused', () => {
  it('has had no effect: nobody was killed, spawned or put', async () => {
    const victim = new Greenlet(() => 'alive')
    victim.start()
    const group = new Group([victim])
    const queue = new Queue<number>(null, [1])
    for (const refused of [
      () => victim.kill(undefined, null as never),
      () => killall([victim], undefined, 5 as never),
      () => group.kill(undefined, null as never),
      () => group.killone(victim, undefined, null as never),
      () => spawnWith(null as never, () => undefined),
      () => spawnWith({ name: 5 as never }, () => undefined),
      () => queue.get(null as never),
      () => {
        queue.shutdown('at once' as never)
      },
    ])
      usage(refused)
    expect(getHub().living()).toEqual([victim])
    expect(await victim.get()).toBe('alive')
    expect(queue.getNowait()).toBe(1)
  })

  it('of a nursery leaves its children alone', async () => {
    const value = await nursery(function* (n) {
      const child = n.spawn(() => 'alive')
      expect(usage(() => n.kill(undefined, 5 as never))).toBe(
        'killall() expects its options as an object, such as { timeoutMs: 5 }, but got 5 (number).',
      )
      return yield* child.get()
    })
    expect(value).toBe('alive')
  })
})
