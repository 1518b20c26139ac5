/** A scheduler for tests: `choose` is shown all that are ready, and answers the place of the one that runs next. */
import type { Coroutine } from '../../src/greenlet/kernel.ts'
import type { Scheduler } from '../../src/hub/clock.ts'

/** @param onIdle - called when a slice has ended and nobody is ready. */
export function choosing(
  choose: (ready: readonly Coroutine[]) => number,
  onIdle: () => void = () => undefined,
): Scheduler {
  return {
    pick(ready) {
      const all: Coroutine[] = []
      ready.copyTo(all)
      const chosen = all.length === 0 ? undefined : all[choose(all)]
      if (chosen === undefined) return null
      ready.take(chosen)
      return chosen
    },
    onIdle,
  }
}
