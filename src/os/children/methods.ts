/**
 * The methods that Node's child processes gain: as an interface, and as the table that the patch puts on their prototype.
 *
 * Stands on the operations. Leaves to `monkey` which objects have them.
 */
import type { ChildProcess } from 'node:child_process'
import type { Operation, Resume, Suspend } from '../../protocol.ts'
import { begun, type HubOperation } from '../../waiting/operation.ts'
import { checkWaitOptions, type WaitOptions } from '../../waiting/timeout.ts'
import { Exit, Start } from './end.ts'
import { Collect, executionIn } from './execution.ts'

/** What every `ChildProcess` gains. */
export interface ChildMethods {
  /**
   * For `yield* spawn(...)` and `yield* fork(...)`: waits until it runs, and gives it. For `yield* exec(...)` and `yield* execFile(...)`: waits
   * until it has ended, and gives what it has written.
   */
  [Symbol.iterator](): Iterator<Suspend, unknown, Resume>
  /**
   * Waits until the child has ended. A kill, or a timeout, leaves it running.
   *
   * All who wait are told, in the order in which they came.
   *
   * @param options - `timeoutMs`: how long at the most.
   * @returns its exit code; `-15` when it was ended by signal 15.
   * @throws TimeoutExpired when the time has passed; Node's error when it could not be started (`ENOENT`), or when it has an error that
   * nobody else hears; UsageError for wrong options.
   * @switches only if it must wait
   * @source Python: `Popen.wait`
   */
  wait(options?: WaitOptions): Operation<number>
}

/** The methods of child processes, as they are put on a prototype. */
export const childMethods: {
  [Symbol.iterator](this: ChildProcess): Iterator<Suspend, unknown, Resume>
  wait(this: ChildProcess, options?: WaitOptions): Operation<number>
} = {
  [Symbol.iterator]() {
    const execution = executionIn(this)
    const wait: HubOperation<unknown> = execution === undefined ? new Start(this) : new Collect(execution)
    begun(wait) // the process is
    return wait
  },
  wait(options = {}) {
    checkWaitOptions('wait()', options)
    return new Exit(this, options.timeoutMs)
  },
}
