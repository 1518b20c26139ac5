/**
 * `virtual`: a body on a clock of its own, where an hour takes no time.
 *
 * Stands on executions. Leaves other orders than production's to `explore.ts` and `fuzz.ts`.
 */

import { UsageError } from '../../errors/classes.ts'
import { checkOptions, show } from '../../errors/usage.ts'
import type { Driven } from '../../protocol.ts'
import type { ScheduleContext } from '../execution/body.ts'
import { type Body, Execution } from '../execution/execution.ts'
import { Stage } from '../execution/stage.ts'
import { Trace } from '../execution/trace.ts'
import { fifo } from '../schedule/policies.ts'
import { checkBody, checkCount, checkNames } from './options.ts'

/** How `virtual` runs a body. */
export interface VirtualOptions {
  /**
   * What becomes of waits for something real: sockets, promises, threads. `wait`: the clock does not jump while there is one; it goes at the
   * machine's pace until it answers. `forbid`: they are errors.
   *
   * @defaultValue 'wait'
   */
  realIO?: 'wait' | 'forbid'
  /** The most steps; one that takes more has no end. @defaultValue 1_000_000 */
  maxSteps?: number
}

/** What came of it. */
export interface VirtualResult<T> {
  /** What the body returned. */
  readonly value: T
  /** How much virtual time has passed, in milliseconds. */
  readonly elapsedMs: number
  /** What has happened, step by step. */
  readonly trace: Trace
}

/**
 * Runs `body` as the greenlet `main` of a hub of its own, on a virtual clock: when nobody can run, the clock jumps to the next timer.
 *
 * Who runs in which order is as in production. It goes on until all greenlets have ended that the body has started; one that waits for ever is
 * an error, unless it is a daemon (`t.daemon`). Everything that depends on Node's timers or on Date goes by real time.
 *
 * @param body - a generator function of `t`, or any function.
 * @param options - what real waits are.
 * @returns the value of the body, the time that has passed, the trace.
 * @throws UsageError at the call for a body that is no function, unknown options, in a greenlet, or while another one runs. Rejects with what the
 * body throws; with the failure of a greenlet that nobody has read; with TestingError when greenlets are left over.
 * @switches never: it returns a promise, for `await` in plain code
 * @example
 * ```ts
 * import { sleep } from 'greenloop'
 * import { virtual } from 'greenloop/testing'
 *
 * const { value, elapsedMs } = await virtual(function* () {
 *   yield* sleep(3_600_000)
 *   return 'an hour later'
 * })
 * console.log(value, elapsedMs) // an hour later 3600000
 * ```
 */
export function virtual<T>(
  body: (t: ScheduleContext) => Driven<T>,
  options: VirtualOptions = {},
): Promise<VirtualResult<T>> {
  checkBody('virtual', body)
  checkOptions('virtual()', options, "{ realIO: 'forbid' }")
  checkNames('virtual()', options, ['realIO', 'maxSteps'])
  const { realIO = 'wait', maxSteps = 1_000_000 } = options
  if (!['wait', 'forbid'].includes(realIO)) {
    throw new UsageError(`virtual() expects \`realIO\` to be 'wait' or 'forbid', but got ${show(realIO)}.`)
  }
  checkCount('virtual()', 'maxSteps', maxSteps, 1)
  return run(body, realIO, maxSteps)
}

async function run<T>(body: Body<T>, realIO: 'wait' | 'forbid', maxSteps: number): Promise<VirtualResult<T>> {
  const execution = await Execution.runOutside(new Stage(), body, fifo(), {
    caller: 'virtual()',
    order: 'production',
    maxSteps,
    spins: Infinity,
    log: 'calls',
    realIO,
    labels: new Map(),
  })
  const { outcome, elapsedMs, log } = execution
  if (outcome.kind === 'failed') throw outcome.error // whatever the body threw
  if (outcome.kind === 'cut' || log === null) throw new TypeError('The execution has not ended.')
  return { value: outcome.value as T, elapsedMs, trace: new Trace(log) } // what the body returned
}
