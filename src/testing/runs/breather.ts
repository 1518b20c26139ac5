/**
 * Lets Node have its turn during a long exploration, which is one plain loop: for Ctrl-C, the time limit of the test, the runner's messages.
 * And for V8: what a WeakRef was made of (a greenlet that has spawned others) it keeps alive until the running job is over. With ten turns a
 * second instead of two hundred, collecting that garbage takes half of the time.
 *
 * Stands on the clock of the machine.
 */
import { systemClock } from '../../hub/clock.ts'

/** So long Node is shut out at the most. */
const MOST_MS = 5

/** Between two executions only: during one the hub in the kernel's cell is not that of the process. */
export class Breather {
  #last: number = systemClock.now()

  /** Whether it is time. */
  due(): boolean {
    return systemClock.now() - this.#last > MOST_MS
  }

  async breathe(): Promise<void> {
    await new Promise<void>((resolve) => {
      systemClock.afterIO(resolve)
    })
    this.#last = systemClock.now()
  }
}
