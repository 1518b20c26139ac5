// What the compiler infers of groups and pools, and what it refuses. Compiled, never run.
import {
  type Begun,
  type Cursor,
  type Green,
  Greenlet,
  Group,
  joinall,
  type Operation,
  Pool,
  Queue,
  sleep,
} from 'greenloop'
import { describe, expectTypeOf, it } from 'vitest'

interface Page {
  readonly url: string
}

function* getPage(url: string, depth = 0): Green<Page> {
  yield* sleep(depth)
  return { url }
}

async function fetchPage(url: string): Promise<Page> {
  return { url }
}

const group = new Group()
const pool = new Pool(2)

describe('spawn()', () => {
  it('gives a greenlet in a group, and an operation in a pool', () => {
    expectTypeOf(group.spawn(getPage, 'u')).toEqualTypeOf<Greenlet<Page>>()
    expectTypeOf(pool.spawn(getPage, 'u')).toEqualTypeOf<Operation<Greenlet<Page>>>()
    expectTypeOf(pool.spawnNowait(fetchPage, 'u')).toEqualTypeOf<Greenlet<Page>>()
    expectTypeOf(group.spawn(sleep, 1)).toEqualTypeOf<Greenlet<void>>()
  })

  it('refuses wrong arguments', () => {
    // @ts-expect-error: a number is no url
    group.spawn(getPage, 5)
    // @ts-expect-error: the url is missing
    void pool.spawn(getPage)
    // @ts-expect-error: a number is no url
    pool.spawnNowait(getPage, 5)
  })
})

describe('the members', () => {
  it('are greenlets, of whatever type', () => {
    new Group([new Greenlet(getPage, 'u'), new Greenlet(() => 1)])
    group.add(new Greenlet(getPage, 'u'))
    group.start(new Greenlet(() => 1))
    expectTypeOf(pool.start(new Greenlet(() => 1), { blocking: false, timeoutMs: 1 })).toEqualTypeOf<Operation<void>>()
    expectTypeOf(pool.add(new Greenlet(() => 1))).toEqualTypeOf<Operation<void>>()
    expectTypeOf([...group]).toEqualTypeOf<Greenlet[]>()
    expectTypeOf(joinall(pool)).toEqualTypeOf<Operation<Greenlet[]>>()
    // @ts-expect-error: no greenlet
    group.add(getPage)
    // @ts-expect-error: seconds are gevent's
    void pool.add(new Greenlet(getPage, 'u'), { timeout: 1 })
  })

  it('are waited for and killed together', () => {
    expectTypeOf(group.join({ timeoutMs: 5, raiseError: true })).toEqualTypeOf<Operation<boolean>>()
    expectTypeOf(pool.kill(RangeError, { block: false })).toEqualTypeOf<Begun<void>>()
    expectTypeOf(pool.killone(new Greenlet(getPage, 'u'))).toEqualTypeOf<Begun<void>>()
    expectTypeOf(pool.waitAvailable({ timeoutMs: 5 })).toEqualTypeOf<Operation<number>>()
  })

  it('of a pool come in by operations, so a pool is no group', () => {
    // @ts-expect-error: pool.spawn() has to be driven
    const one: Group = pool
    expectTypeOf(one).toEqualTypeOf<Group>()
    new Pool(null)
    // @ts-expect-error: no number
    new Pool('2')
  })
})

describe('apply()', () => {
  it('infers arguments and result', () => {
    expectTypeOf(pool.apply(getPage, ['u', 2])).toEqualTypeOf<Operation<Page>>()
    expectTypeOf(pool.apply(getPage, ['u'])).toEqualTypeOf<Operation<Page>>()
    expectTypeOf(pool.apply(fetchPage, ['u'])).toEqualTypeOf<Operation<Page>>()
    expectTypeOf(pool.apply(() => 5)).toEqualTypeOf<Operation<number>>()
    expectTypeOf(pool.apply((n, text) => `${n.toFixed()}${text.trim()}`, [5, 'a'])).toEqualTypeOf<Operation<string>>()
    expectTypeOf(pool.applyAsync(getPage, ['u'])).toEqualTypeOf<Greenlet<Page>>()
    expectTypeOf(pool.applyAsync(() => 5)).toEqualTypeOf<Greenlet<number>>()
    expectTypeOf(pool.applyAsync(getPage, ['u'], ({ url }) => url.trim())).toEqualTypeOf<Greenlet<Page>>()
    expectTypeOf(pool.applyCb(getPage, ['u'], ({ url }) => url.trim())).toEqualTypeOf<Operation<Page>>()
  })

  it('refuses wrong arguments', () => {
    // @ts-expect-error: a number is no url
    void pool.apply(getPage, [5])
    // @ts-expect-error: the url is missing
    void pool.apply(getPage)
    // @ts-expect-error: the arguments are a list
    void pool.apply(getPage, 'u')
    // @ts-expect-error: the callback gets a page
    pool.applyAsync(getPage, ['u'], (page: string) => page)
  })
})

describe('map() and imap()', () => {
  it('infer the item and the result', () => {
    expectTypeOf(pool.map(getPage, ['u'])).toEqualTypeOf<Operation<Page[]>>()
    expectTypeOf(pool.map(fetchPage, new Set(['u']))).toEqualTypeOf<Operation<Page[]>>()
    expectTypeOf(group.map((n) => n.toFixed(), [1, 2])).toEqualTypeOf<Operation<string[]>>()
    expectTypeOf(group.map((n: number) => n, [])).toEqualTypeOf<Operation<number[]>>()
    expectTypeOf(
      pool.map(
        function* (n) {
          yield* sleep(n)
          return [n] as const
        },
        [1],
      ),
    ).toEqualTypeOf<Operation<(readonly [number])[]>>()
    expectTypeOf(pool.imap(getPage, ['u'])).toEqualTypeOf<Cursor<Page>>()
    expectTypeOf(pool.imapUnordered(getPage, ['u'] as readonly string[])).toEqualTypeOf<Cursor<Page>>()
    expectTypeOf(
      pool.mapAsync(
        (n) => n + 1,
        [1],
        (all) => all.at(0)?.toFixed(),
      ),
    ).toEqualTypeOf<Greenlet<number[]>>()
    expectTypeOf(
      pool.mapCb(
        (n) => n + 1,
        [1],
        (all) => all.at(0)?.toFixed(),
      ),
    ).toEqualTypeOf<Operation<number[]>>()
  })

  it('infer the items of queues, cursors, generators, async iterables, maps and texts', () => {
    expectTypeOf(pool.imap((page) => page.url, new Queue<Page>())).toEqualTypeOf<Cursor<string>>()
    expectTypeOf(pool.imap((page) => page.url, pool.imap(getPage, ['u']))).toEqualTypeOf<Cursor<string>>()
    expectTypeOf(
      pool.imap(
        (n) => n,
        (function* () {
          yield 5
        })(),
      ),
    ).toEqualTypeOf<Cursor<number>>()
    expectTypeOf(
      pool.imap(
        (n) => n,
        (async function* () {
          yield 5
        })(),
      ),
    ).toEqualTypeOf<Cursor<number>>()
    expectTypeOf(pool.map(([key, n]) => `${key}${n.toFixed()}`, new Map([['a', 1]]))).toEqualTypeOf<
      Operation<string[]>
    >()
    expectTypeOf(pool.map((letter) => letter.trim(), 'abc')).toEqualTypeOf<Operation<string[]>>()
  })

  it('take several inputs, and options behind them', () => {
    expectTypeOf(pool.map((n, text) => text.repeat(n), [1, 2], ['a'])).toEqualTypeOf<Operation<string[]>>()
    expectTypeOf(pool.map((n, text) => text.repeat(n), [1, 2], 'ab', { killOnError: true })).toEqualTypeOf<
      Operation<string[]>
    >()
    expectTypeOf(pool.imap(getPage, ['u'], [1, 2], { maxsize: 1 })).toEqualTypeOf<Cursor<Page>>()
    expectTypeOf(pool.imapUnordered((a, b, c) => a + b.length + c, [1], ['u'], new Set([3]))).toEqualTypeOf<
      Cursor<number>
    >()
    expectTypeOf(pool.imap((n) => n, [1], { maxsize: 1 })).toEqualTypeOf<Cursor<number>>()
  })

  it('refuse wrong ones', () => {
    // @ts-expect-error: numbers are no urls
    void pool.map(getPage, [5])
    // @ts-expect-error: numbers are no urls
    pool.imap(getPage, [5], { maxsize: 1 })
    // @ts-expect-error: nothing to map
    void pool.map(getPage)
    // @ts-expect-error: an operation is no sequence
    void pool.map(getPage, sleep(1))
    // @ts-expect-error: a function that waits is called by spawn or yield*, and is no sequence of items
    pool.imap(getPage, getPage('u'))
    // @ts-expect-error: a promise is no sequence
    void pool.map(getPage, Promise.resolve(['u']))
    // @ts-expect-error: the option is called maxsize
    pool.imap(getPage, ['u'], { maxSize: 1 })
    // @ts-expect-error: the depth is missing
    void pool.map((url: string, depth: number) => url.repeat(depth), ['u'])
  })
})
