/**
 * What a suspended coroutine holds, a million of them at once.
 */
import { type Green, Greenlet, getcurrent, RawGreenlet } from 'greenloop'
import type { Work } from '../work.ts'

const main = getcurrent()

function* waiting(): Green<void> {
  yield* main.switch()
}
function* bare(): Generator<void> {
  yield
}

function bytesOf(make: () => unknown): Work {
  const measure = (count: number): number => {
    const kept = new Array<unknown>(count)
    globalThis.gc?.()
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < count; i++) kept[i] = make()
    globalThis.gc?.()
    const bytes = (process.memoryUsage().heapUsed - before) / count
    if (kept.length !== count) throw new Error('they must live until here')
    return bytes
  }
  return { times: 1_000_000, run: () => undefined, measure }
}

function started<G extends RawGreenlet>(greenlet: G): G {
  greenlet.switch()
  return greenlet
}

export const MEMORY: Record<string, Work> = {
  'bare generator': bytesOf(() => {
    const generator = bare()
    generator.next()
    return generator
  }),
  RawGreenlet: bytesOf(() => started(new RawGreenlet(waiting))),
  Greenlet: bytesOf(() => started(new Greenlet(waiting))),
}
