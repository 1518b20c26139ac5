/**
 * Coroutines that are started, wait, and are kept. The bare generator is the frame that each of them has; what it takes does not depend on
 * what else is loaded.
 */
import { type Green, Greenlet, getcurrent, RawGreenlet } from 'greenloop'
import type { Runs } from '../method/runs.ts'
import { tellingKept } from './shared/heap.ts'

const main = getcurrent()

export const runs: Runs = {
  generator: tellingKept(() => {
    const generator = bare()
    generator.next()
    return generator
  }),
  RawGreenlet: tellingKept(() => started(new RawGreenlet(waiting))),
  Greenlet: tellingKept(() => started(new Greenlet(waiting))),
}

function* bare(): Generator<void> {
  yield
}

function* waiting(): Green<void> {
  yield* main.switch()
}

function started(greenlet: RawGreenlet): RawGreenlet {
  greenlet.switch()
  return greenlet
}
