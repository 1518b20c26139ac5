/**
 * What a run leaves on the heap, for works whose figure is bytes.
 *
 * Stands on the collector (`--expose-gc`).
 */
import type { Run } from '../../method/runs.ts'

/**
 * Tells by how many bytes the heap grows for each time. With a young generation so large that nothing is collected meanwhile, that is what is
 * allocated.
 */
export function tellingHeap(work: (times: number) => unknown): Run {
  return async (times, watch) => {
    await work(times) // compiled code and hidden classes take memory, once
    const before = collectedHeap()
    await work(times)
    watch.tell((process.memoryUsage().heapUsed - before) / times)
  }
}

/** Tells how many bytes each of them takes, while all of them are kept. */
export function tellingKept(make: () => unknown): Run {
  return (times, watch) => {
    const kept = new Array<unknown>(times)
    const before = collectedHeap()
    for (let i = 0; i < times; i++) kept[i] = make()
    watch.tell((collectedHeap() - before) / times)
    if (kept.length !== times) throw new Error('they must live until here')
  }
}

function collectedHeap(): number {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}
