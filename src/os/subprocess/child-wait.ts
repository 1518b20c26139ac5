/**
 * Waiting for the end of a child.
 *
 * Stands on linkables. Leaves to `popen.ts` when the child has ended.
 */
import type { Coroutine } from '../../greenlet/kernel.ts'
import { ready, type Step } from '../../greenlet/operation.ts'
import { type Linkable, LinkWait } from '../../waiting/linkable.ts'
import { HubOperation } from '../../waiting/operation.ts'
import { lateError } from '../../waiting/timeout.ts'
import type { Limit } from '../../waiting/wait.ts'
import { TimeoutExpired } from '../exceptions.ts'
import type { Args } from '../launch/options.ts'

/** A child, as those who wait for it see it. */
export interface Awaited extends Linkable {
  readonly args: Args
  readonly returncode: number | null
  /** @internal Somebody has ceased to wait. */
  $count(): void
}

/** `popen.wait()`. */
export class ChildOperation extends HubOperation<number> {
  readonly #child: Awaited
  readonly #limit: Limit | undefined

  constructor(child: Awaited, limit: Limit | undefined) {
    super()
    this.#child = child
    this.#limit = limit
  }

  override begin(greenlet: Coroutine): Step<number> {
    const child = this.#child
    return child.returncode === null
      ? new ChildWait(greenlet, child).limit(this.#limit).park()
      : ready(child.returncode)
  }

  override toString(): string {
    return `wait() of ${String(this.#child)}`
  }
}

class ChildWait extends LinkWait {
  readonly #child: Awaited

  constructor(greenlet: Coroutine, child: Awaited) {
    super(greenlet)
    this.#child = child
    child.$enter(this)
  }

  override notify(): void {
    this.succeed(this.#child.returncode)
  }

  protected override leave(): void {
    super.leave()
    this.#child.$count()
  }

  override expired(limit: Limit): void {
    const child = this.#child
    if (child.returncode !== null)
      this.succeed(child.returncode) // it was not told yet
    else this.fail(typeof limit === 'number' ? late(child, limit) : lateError(limit))
  }

  override describe(): string {
    return `wait() of ${String(this.#child)}`
  }
}

function late(child: Awaited, timeoutMs: number): TimeoutExpired {
  return new TimeoutExpired(`wait() for ${String(child)} timed out after ${String(timeoutMs)} ms; the child runs on.`, {
    args: child.args,
    timeoutMs,
    stdout: null,
    stderr: null,
  })
}
