// What the compiler infers of events, locks, queues, links and waiting for several, and what it refuses. Compiled, never run.
import {
  AsyncResult,
  any,
  type Begun,
  BoundedSemaphore,
  Channel,
  type Chosen,
  Condition,
  type Cursor,
  choose,
  Event,
  each,
  fromCallback,
  type Green,
  type Greenlet,
  GreenletExit,
  Group,
  idle,
  iterate,
  iwait,
  joinall,
  killall,
  LifoQueue,
  nursery,
  type Operation,
  Pool,
  PriorityQueue,
  Queue,
  RLock,
  race,
  Semaphore,
  SimpleQueue,
  StopIteration,
  sleep,
  spawn,
  spawnRaw,
  Timeout,
  until,
  Waiter,
  wait,
  withTimeout,
} from 'greenloop'
import { describe, expectTypeOf, it } from 'vitest'

interface Page {
  readonly url: string
}

declare const queue: Queue<Page>
declare const channel: Channel<Page>
declare const event: Event
declare const result: AsyncResult<Page>
declare const semaphore: Semaphore
declare const lock: RLock
declare const greenlet: Greenlet<Page>
declare const timeout: Timeout

describe('a queue', () => {
  it('knows its items, from its type or from its first ones', () => {
    expectTypeOf(new Queue<Page>()).toEqualTypeOf<Queue<Page>>()
    expectTypeOf(new Queue(2, [1, 2])).toEqualTypeOf<Queue<number>>()
    expectTypeOf(new SimpleQueue(null, 'ab')).toEqualTypeOf<SimpleQueue<string>>()
    expectTypeOf(new LifoQueue(null, new Set(['a']))).toEqualTypeOf<LifoQueue<string>>()
    expectTypeOf(new PriorityQueue(null, [1n])).toEqualTypeOf<PriorityQueue<bigint>>()
    expectTypeOf(new PriorityQueue<Page>(null, [], (a, b) => a.url.length - b.url.length)).toEqualTypeOf<
      PriorityQueue<Page>
    >()
    expectTypeOf(queue.copy()).toEqualTypeOf<Queue<Page>>()
  })

  it('gives items', () => {
    for (const source of [queue, channel]) {
      expectTypeOf(source.get()).toEqualTypeOf<Operation<Page>>()
      expectTypeOf(source.get({ block: false, timeoutMs: timeout })).toEqualTypeOf<Operation<Page>>()
      expectTypeOf(source.getNowait()).toEqualTypeOf<Page>()
      expectTypeOf(source.cursor()).toEqualTypeOf<Cursor<Page>>()
    }
    expectTypeOf(queue.peek()).toEqualTypeOf<Operation<Page>>()
    expectTypeOf(queue.peekNowait()).toEqualTypeOf<Page>()
    expectTypeOf(queue.join()).toEqualTypeOf<Operation<boolean>>()
    expectTypeOf(queue.maxsize).toEqualTypeOf<number | null>()
  })

  it('takes items, and the end of a reading', () => {
    expectTypeOf(queue.put({ url: 'u' })).toEqualTypeOf<Operation<void>>()
    expectTypeOf(channel.put(StopIteration)).toEqualTypeOf<Operation<void>>()
    queue.putNowait(StopIteration)
    // @ts-expect-error: a text is no page
    void queue.put('u')
    // @ts-expect-error: a symbol of one's own ends nothing
    queue.putNowait(Symbol('end'))
    // @ts-expect-error: nothing is no page
    channel.putNowait()
    // @ts-expect-error: the time as gevent takes it
    void queue.get(true, 5)
    // @ts-expect-error: an option of gevent
    void queue.get({ timeout: 5 })
    // @ts-expect-error: a text is no size
    new Queue('5')
    // @ts-expect-error: a class of its own
    new Channel(1)
  })

  it('has a store that a subclass can replace', () => {
    class Stack extends Queue<number> {
      protected override insert(item: number | typeof StopIteration): void {
        super.insert(item)
      }
    }
    expectTypeOf(new Stack().get()).toEqualTypeOf<Operation<number>>()
    // @ts-expect-error: the store is nobody else's business
    new Stack().insert(1)
  })
})

async function* count(): AsyncGenerator<number> {
  yield 1
}

describe('a cursor', () => {
  it('gives values of the type that is read', () => {
    function* read(): Green<void> {
      const reading = queue.cursor()
      while (yield* reading.next()) expectTypeOf(reading.value).toEqualTypeOf<Page>()
    }
    async function readAsync(): Promise<void> {
      for await (const page of queue) expectTypeOf(page).toEqualTypeOf<Page>()
    }
    expectTypeOf(read).toBeFunction()
    expectTypeOf(readAsync).toBeFunction()
    expectTypeOf(iterate(count())).toEqualTypeOf<Cursor<number>>()
    expectTypeOf(iwait([greenlet, event])).toEqualTypeOf<Cursor<Greenlet<Page> | Event>>()
  })

  it('cannot be looped over as if it did not wait', () => {
    const pages: unknown[] = []
    // @ts-expect-error: a `for` loop cannot wait
    for (const page of queue.cursor()) pages.push(page)
    // @ts-expect-error: nor can it over the queue
    for (const page of queue) pages.push(page)
  })

  it('is what each() reads, as any sequence', () => {
    expectTypeOf(each(queue, (page) => page.url)).toEqualTypeOf<Operation<void>>()
    void each(queue, function* (page) {
      expectTypeOf(page).toEqualTypeOf<Page>()
      yield* sleep(1)
    })
    void each(new Map([['a', 1]]), ([key, value]) => {
      expectTypeOf([key, value]).toEqualTypeOf<(string | number)[]>()
    })
    void each('ab', (letter) => {
      expectTypeOf(letter).toEqualTypeOf<string>()
    })
    // @ts-expect-error: a number is no sequence
    void each(5, () => undefined)
    // @ts-expect-error: a function is missing
    void each(queue)
  })
})

describe('an event and a result', () => {
  it('say what waiting gives', () => {
    expectTypeOf(event.wait({ timeoutMs: 1 })).toEqualTypeOf<Operation<boolean>>()
    expectTypeOf(result.get()).toEqualTypeOf<Operation<Page>>()
    expectTypeOf(result.wait()).toEqualTypeOf<Operation<Page | undefined>>()
    expectTypeOf(result.value).toEqualTypeOf<Page | undefined>()
    expectTypeOf(result.toPromise()).toEqualTypeOf<Promise<Page>>()
    expectTypeOf(AsyncResult.fromPromise(Promise.resolve(1))).toEqualTypeOf<AsyncResult<number>>()
    expectTypeOf(new AsyncResult()).toEqualTypeOf<AsyncResult>()
  })

  it('take what they hold', () => {
    result.set({ url: 'u' })
    result.setException(RangeError)
    // @ts-expect-error: a text is no page
    result.set('u')
    // @ts-expect-error: nothing is no page
    result.set()
    // @ts-expect-error: a text is no error
    result.setException('broken')
    // @ts-expect-error: the time as gevent takes it
    void event.wait(5)
    // @ts-expect-error: no limit is left out
    void event.wait({ timeoutMs: null })
  })
})

describe('links', () => {
  it('are told of a greenlet of its own type', () => {
    greenlet.link((ended) => {
      expectTypeOf(ended).toEqualTypeOf<Greenlet<Page>>()
    })
    greenlet.rawlink((ended) => ended.value)
    greenlet.link(result)
    greenlet.linkValue((ended) => queue.put(ended.value instanceof GreenletExit ? { url: '' } : (ended.value as Page)))
    event.rawlink((source) => {
      expectTypeOf(source).toEqualTypeOf<Event>()
    })
    result.rawlink((source) => {
      expectTypeOf(source).toEqualTypeOf<AsyncResult<Page>>()
    })
    // @ts-expect-error: a result of something else
    greenlet.link(new AsyncResult<number>())
    // @ts-expect-error: a queue is no function
    greenlet.link(queue)
  })
})

describe('locks', () => {
  it('give whether they were taken, something to be disposed of, or what a function gives', () => {
    for (const one of [semaphore, new BoundedSemaphore(), lock, new Condition()]) {
      expectTypeOf(one.acquire({ blocking: false })).toEqualTypeOf<Operation<boolean>>()
      expectTypeOf(one.hold({ timeoutMs: 5 })).toEqualTypeOf<Operation<Disposable>>()
    }
    expectTypeOf(semaphore.with(getPage, 'u')).toEqualTypeOf<Operation<Page>>()
    expectTypeOf(lock.with(async () => 1)).toEqualTypeOf<Operation<number>>()
    expectTypeOf(new Condition(lock).waitFor(() => queue.size > 0)).toEqualTypeOf<Operation<boolean>>()
    expectTypeOf(semaphore.release()).toEqualTypeOf<number>()
    expectTypeOf(lock.release).returns.toBeVoid()
    // @ts-expect-error: as gevent takes it
    void semaphore.acquire(false)
    // @ts-expect-error: the url is missing
    void semaphore.with(getPage)
    // @ts-expect-error: an Event guards nothing
    new Condition(event)
  })
})

function* getPage(url: string): Green<Page> {
  yield* sleep(1)
  return { url }
}

describe('wait()', () => {
  it('gives those that are ready, or whether nothing is left', () => {
    expectTypeOf(wait()).toEqualTypeOf<Operation<boolean>>()
    expectTypeOf(wait(null, { timeoutMs: 5 })).toEqualTypeOf<Operation<boolean>>()
    expectTypeOf(wait([greenlet])).toEqualTypeOf<Operation<Greenlet<Page>[]>>()
    expectTypeOf(wait(new Set([event]), { count: 1 })).toEqualTypeOf<Operation<Event[]>>()
    expectTypeOf(wait([greenlet, event, semaphore, Promise.resolve(1), new AbortController().signal])).toEqualTypeOf<
      Operation<(Greenlet<Page> | Event | Semaphore | Promise<number> | AbortSignal)[]>
    >()
    // @ts-expect-error: one is no list
    void wait(greenlet)
    // @ts-expect-error: a queue tells nobody
    void wait([queue])
    // @ts-expect-error: nothing to count
    void wait(null, { count: 1 })
  })
})

describe('withTimeout()', () => {
  it('gives what the function gives, or the value for the other case', () => {
    expectTypeOf(withTimeout(5, getPage, 'u')).toEqualTypeOf<Operation<Page>>()
    expectTypeOf(withTimeout(timeout, getPage, 'u')).toEqualTypeOf<Operation<Page>>()
    expectTypeOf(withTimeout({ ms: 5, timeoutValue: null }, getPage, 'u')).toEqualTypeOf<Operation<Page | null>>()
    expectTypeOf(withTimeout({ ms: timeout, timeoutValue: 'late' }, () => 1)).toEqualTypeOf<
      Operation<number | string>
    >()
    expectTypeOf(timeout.run(getPage, 'u')).toEqualTypeOf<Operation<Page | undefined>>()
    // @ts-expect-error: the url is missing
    void withTimeout(5, getPage)
    // @ts-expect-error: a text is no duration
    void withTimeout('5', getPage, 'u')
    // @ts-expect-error: the value for nothing
    void withTimeout({ timeoutValue: 1 }, getPage, 'u')
  })
})

describe('fromCallback(), until() and Waiter', () => {
  it('say what they give', () => {
    expectTypeOf(fromCallback<Page>((callback) => callback(null, { url: 'u' }))).toEqualTypeOf<Operation<Page>>()
    expectTypeOf(fromCallback((callback) => callback())).toEqualTypeOf<Operation<void>>()
    expectTypeOf(until(Promise.resolve(1))).toEqualTypeOf<Operation<number>>()
    expectTypeOf(until(async (signal) => signal.aborted)).toEqualTypeOf<Operation<boolean>>()
    expectTypeOf(new Waiter<Page>().get()).toEqualTypeOf<Operation<Page>>()
    // @ts-expect-error: a text is no error
    new Waiter<Page>().throw('broken')
  })
})

describe('Chosen', () => {
  it('is the union of the pairs of key and value', () => {
    interface Branches {
      page: Operation<Page>
      stop: () => Green<boolean>
      late: Promise<1>
    }
    expectTypeOf<Chosen<Branches>>().toEqualTypeOf<
      readonly ['page', Page] | readonly ['stop', boolean] | readonly ['late', 1]
    >()
  })
})

describe('what is killed', () => {
  it('has been killed at the call', () => {
    expectTypeOf(killall([greenlet, spawnRaw(getPage, 'u')])).toEqualTypeOf<Begun<void>>()
    // @ts-expect-error: a text is no error
    void killall([greenlet], 'stop')
    // @ts-expect-error: an option of gevent
    void killall([greenlet], Error, { timeout: 5 })
  })
})

it('a yield without the star does not compile, whatever is waited for', () => {
  function* forgets(): Green<void> {
    // @ts-expect-error: the star is missing
    yield queue.get()
    // @ts-expect-error: the star is missing
    yield queue.put({ url: 'u' })
    // @ts-expect-error: the star is missing
    yield channel.get()
    // @ts-expect-error: the star is missing
    yield queue.join()
    // @ts-expect-error: the star is missing
    yield queue.cursor().next()
    // @ts-expect-error: the star is missing
    yield event.wait()
    // @ts-expect-error: the star is missing
    yield result.get()
    // @ts-expect-error: the star is missing
    yield semaphore.acquire()
    // @ts-expect-error: the star is missing
    yield semaphore.hold()
    // @ts-expect-error: the star is missing
    yield lock.with(getPage, 'u')
    // @ts-expect-error: the star is missing
    yield new Condition().wait()
    // @ts-expect-error: the star is missing
    yield greenlet.get()
    // @ts-expect-error: the star is missing
    yield greenlet.use(getPage)
    // @ts-expect-error: the star is missing
    yield joinall([greenlet])
    // @ts-expect-error: the star is missing
    yield killall([greenlet])
    // @ts-expect-error: the star is missing
    yield wait([event])
    // @ts-expect-error: the star is missing
    yield choose({ page: queue.get() })
    // @ts-expect-error: the star is missing
    yield race([queue.get()])
    // @ts-expect-error: the star is missing
    yield any([queue.get()])
    // @ts-expect-error: the star is missing
    yield each(queue, getPage)
    // @ts-expect-error: the star is missing
    yield nursery(() => 1)
    // @ts-expect-error: the star is missing
    yield new Group().map(getPage, ['u'])
    // @ts-expect-error: the star is missing
    yield new Pool(1).spawn(getPage, 'u')
    // @ts-expect-error: the star is missing
    yield withTimeout(5, getPage, 'u')
    // @ts-expect-error: the star is missing
    yield timeout.run(getPage, 'u')
    // @ts-expect-error: the star is missing
    yield idle()
    // @ts-expect-error: the star is missing
    yield fromCallback(() => undefined)
    // @ts-expect-error: it is spawned, and waits by itself
    yield spawn(getPage, 'u')
  }
  expectTypeOf(forgets).toBeFunction()
})
