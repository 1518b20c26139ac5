// A real tracer of OpenTelemetry: what is traced in a greenlet hangs together, over all its waits, and siblings do not mix.
import { setTimeout as delay } from 'node:timers/promises'
import { type Context, context, type Span, type Tracer, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import {
  AsyncResult,
  type Driven,
  Event,
  type Green,
  Greenlet,
  joinall,
  Queue,
  run,
  Semaphore,
  sleep,
  spawn,
  Timeout,
  until,
  withTimeout,
} from 'greenloop'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'

checkLeaks()

const exporter = new InMemorySpanExporter()
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
const manager = new AsyncLocalStorageContextManager()
let tracer: Tracer

beforeAll(() => {
  context.setGlobalContextManager(manager.enable())
  trace.setGlobalTracerProvider(provider)
  tracer = trace.getTracer('story')
})

beforeEach(() => {
  exporter.reset()
})

afterAll(async () => {
  trace.disable()
  context.disable()
  manager.disable()
  await provider.shutdown()
})

/** Runs a body within a span, as a greenlet of its own: what instrumentation of a spawn looks like. */
function spawnTraced<A extends readonly unknown[], T>(
  name: string,
  fn: (...args: A) => Driven<T>,
  ...args: A
): Greenlet<T> {
  return tracer.startActiveSpan(name, (span) => {
    const greenlet = spawn(fn, ...args)
    greenlet.rawlink(() => {
      span.end()
    })
    return greenlet
  })
}

/** A span that is not made active: a child of what is. */
function leaf(name: string): void {
  tracer.startSpan(name).end()
}

/** The exported spans as a tree: `parent > child`, sorted. */
function tree(): string[] {
  const spans = exporter.getFinishedSpans()
  const byId = new Map(spans.map((span) => [span.spanContext().spanId, span]))
  const path = (span: ReadableSpan): string => {
    const parent = byId.get(span.parentSpanContext?.spanId ?? '')
    return parent === undefined ? span.name : `${path(parent)} > ${span.name}`
  }
  return spans.map(path).sort()
}

describe('spans of OpenTelemetry', () => {
  it('that are started in a greenlet are children of the one that was active where it was spawned', async () => {
    await tracer.startActiveSpan('request', async (span) => {
      await spawn(function* () {
        leaf('at once')
        yield* sleep(1)
        leaf('after a sleep')
      }).join()
      span.end()
    })
    expect(tree()).toEqual(['request', 'request > after a sleep', 'request > at once'])
    const [request, ...others] = exporter.getFinishedSpans().toReversed()
    expect(new Set(others.map((span) => span.spanContext().traceId))).toEqual(new Set([request?.spanContext().traceId]))
  })

  it('go on over sleep, queue, event, lock, result, promise and timeout, whoever ends the wait', async () => {
    const queue = new Queue<string>()
    const event = new Event()
    const lock = new Semaphore(1)
    const result = new AsyncResult<string>()
    const reader = spawnTraced('reader', function* () {
      yield* sleep(0)
      leaf('sleep(0)')
      yield* sleep(1)
      leaf('sleep')
      leaf(yield* queue.get())
      yield* event.wait()
      leaf('event')
      yield* lock.acquire()
      leaf('lock')
      lock.release()
      leaf(yield* result.get())
      leaf(yield* until(delay(1, 'promise')))
      try {
        yield* withTimeout(1, sleep, 1000)
      } catch (error) {
        leaf(error instanceof Timeout ? 'timeout' : 'other')
      }
    })
    const writer = spawnTraced('writer', function* () {
      yield* lock.acquire()
      yield* sleep(2)
      yield* queue.put('queue')
      yield* sleep(0)
      event.set()
      yield* sleep(0)
      yield* sleep(0)
      lock.release()
      result.set('result')
      leaf('written')
    })
    await joinall([reader, writer], { raiseError: true })
    expect(tree()).toEqual([
      'reader',
      ...['event', 'lock', 'promise', 'queue', 'result', 'sleep', 'sleep(0)', 'timeout'].map(
        (name) => `reader > ${name}`,
      ),
      'writer',
      'writer > written',
    ])
  })

  it('of siblings do not mix, and grandchildren hang under their parents', async () => {
    function* child(name: string, ms: number): Green<void> {
      const children = ['x', 'y'].map((end) =>
        spawnTraced(`${name}${end}`, function* () {
          yield* sleep(ms)
          leaf('leaf')
        }),
      )
      yield* sleep(0)
      leaf('between')
      yield* joinall(children)
    }
    await tracer.startActiveSpan('root', async (root) => {
      await joinall([spawnTraced('a', child, 'a', 2), spawnTraced('b', child, 'b', 1)])
      root.end()
    })
    expect(tree()).toEqual(
      [
        'root',
        ...['a', 'b'].flatMap((name) => [
          `root > ${name}`,
          `root > ${name} > between`,
          ...['x', 'y'].flatMap((end) => [`root > ${name} > ${name}${end}`, `root > ${name} > ${name}${end} > leaf`]),
        ]),
      ].sort(),
    )
  })

  it('go on in the async functions that a greenlet calls, and behind an await of plain code', async () => {
    /** What an instrumented fetch does: a span of its own around async work. */
    const fetchLike = (url: string): Promise<string> =>
      tracer.startActiveSpan(`GET ${url}`, async (span) => {
        await delay(1)
        leaf('connected')
        span.end()
        return url
      })
    await tracer.startActiveSpan('main', async (span) => {
      const page = spawn(function* () {
        const url = yield* until(fetchLike('/a'))
        leaf(`parsed ${url}`)
        return url
      })
      await page.get()
      leaf('behind await')
      await withTimeout(1000, sleep, 1)
      leaf('behind await of several steps')
      span.end()
    })
    expect(tree()).toEqual([
      'main',
      'main > GET /a',
      'main > GET /a > connected',
      'main > behind await',
      'main > behind await of several steps',
      'main > parsed /a',
    ])
  })

  it('that a greenlet makes active itself stay active over its waits, and end with the block', async () => {
    function* within<T>(name: string, body: (span: Span) => Green<T>): Green<T> {
      const span = tracer.startSpan(name)
      const before: Context = context.active()
      const storage = Reflect.get(manager, '_asyncLocalStorage') as { enterWith(value: Context): void }
      storage.enterWith(trace.setSpan(before, span))
      try {
        return yield* body(span)
      } finally {
        storage.enterWith(before)
        span.end()
      }
    }
    function* work(name: string): Green<void> {
      yield* within(name, function* () {
        yield* sleep(1)
        yield* within('step', function* () {
          yield* sleep(1)
          leaf('leaf')
        })
        yield* sleep(0)
        leaf('late')
      })
      leaf('outside')
    }
    await tracer.startActiveSpan('main', async (span) => {
      await joinall([spawn(work, 'a'), spawn(work, 'b')])
      leaf('main again')
      span.end()
    })
    expect(tree()).toEqual([
      'main',
      'main > a',
      'main > a > late',
      'main > a > step',
      'main > a > step > leaf',
      'main > b',
      'main > b > late',
      'main > b > step',
      'main > b > step > leaf',
      'main > main again',
      'main > outside',
      'main > outside',
    ])
  })

  it('are seen by finally blocks of a greenlet that is killed, whoever kills it', async () => {
    const victim = spawnTraced('victim', function* () {
      try {
        yield* sleep(60_000)
      } finally {
        leaf('cleaned')
        yield* sleep(0)
        leaf('cleaned up')
      }
    })
    await sleep(0)
    await spawnTraced('killer', function* () {
      yield* victim.kill()
      leaf('killed')
    }).join()
    expect(tree()).toEqual(['killer', 'killer > killed', 'victim', 'victim > cleaned', 'victim > cleaned up'])
  })

  it('have no parent in a greenlet that was spawned where none was active, or by the hub', async () => {
    await run(function* () {
      leaf('run')
      yield* sleep(0)
    })
    const made = tracer.startActiveSpan('making', (span) => {
      const greenlet = new Greenlet(() => {
        leaf('made')
      })
      span.end()
      return greenlet
    })
    made.start() // elsewhere: the making counts
    await made.join()
    expect(tree()).toEqual(['making', 'making > made', 'run'])
  })
})
