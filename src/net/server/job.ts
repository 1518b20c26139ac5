/**
 * One call of a server's handler, and the ways of the `spawn` option in which it is made.
 *
 * Whatever happens to a job, it comes to its end: when its handler has returned or failed, was killed, or never ran. Where there is a
 * greenlet with links, these tell of it; a greenlet without, and a spawn function of the user's, are given a body that does.
 *
 * Stands on greenlets and pools. Leaves to `base-server.ts` where jobs come from, and to each server what their end means.
 */
import { BlockingSwitchOutError, UsageError } from '../../errors/classes.ts'
import { show, wrongRight } from '../../errors/usage.ts'
import type { Ending } from '../../gevent/end.ts'
import { Greenlet } from '../../gevent/greenlet.ts'
import { spawnRaw } from '../../gevent/spawn.ts'
import { kernel } from '../../greenlet/kernel.ts'
import { hubOf } from '../../hub/default.ts'
import { Group } from '../../pools/group.ts'
import { Pool } from '../../pools/pool.ts'
import { type Green, isGenerator, isOperation, isThenable, type Operation } from '../../protocol.ts'
import type { Listener } from '../../waiting/linkable.ts'
import { call } from '../../waiting/until.ts'

/** Starts a greenlet, as `spawn` does: it is to run `handle(...args)`. What it returns is driven if it is an operation: `pool.spawn` may wait. */
export type SpawnFunction<A extends readonly unknown[]> = (handle: (...args: A) => Green<void>, ...args: A) => unknown

/**
 * How a server runs its handler: `'default'` in a greenlet; `'raw'` in one of `spawnRaw`; a number: in a pool of so many places; a pool, or
 * a group; a function that starts it; null: in the hub, where it must not wait.
 */
export type Spawn<A extends readonly unknown[]> = 'default' | 'raw' | number | Pool | Group | SpawnFunction<A> | null

/** One call of the handler. */
export abstract class Job<A extends readonly unknown[]> implements Listener<Ending> {
  readonly args: A

  constructor(args: A) {
    this.args = args
  }

  /** For the greenlet, and for reports: the call as a person would write it. */
  abstract get name(): string

  /** Calls the handler. */
  abstract handle(...args: A): unknown

  /** The handler has ended, in whatever way. May be told more than once. */
  abstract over(): void

  /** It was not handled, and will not be. */
  abstract drop(): void

  notify(): void {
    this.over()
  }
}

/** Starts jobs in one of the ways. */
export interface Spawner<A extends readonly unknown[]> {
  readonly pool: Pool | Group | null
  /** Answers what is to be driven, if it has to wait. */
  start(job: Job<A>): Green<void> | null
}

/** The way that an option asks for. `caller` is the call that has it. */
export function spawnerFor<A extends readonly unknown[]>(caller: string, spawn: Spawn<A>): Spawner<A> {
  if (spawn === 'default') return { pool: null, start: startGreenlet }
  if (spawn === 'raw') return { pool: null, start: startRaw }
  if (spawn === null) return { pool: null, start: callInHub }
  if (spawn instanceof Pool || spawn instanceof Group) return inPool(spawn)
  if (typeof spawn === 'function') return { pool: null, start: (job) => startBy(spawn, job) }
  if (typeof spawn === 'number' && Number.isInteger(spawn) && spawn > 0) return inPool(new Pool(spawn))
  throw new UsageError(
    `${caller} expects \`spawn\` to be 'default', 'raw', a number of places from 1 on, a Pool, a Group, a function or null, but got ${show(spawn)}.`,
  )
}

function greenletFor<A extends readonly unknown[]>(job: Job<A>): Greenlet {
  const greenlet = new Greenlet<unknown, A>((...args: A) => job.handle(...args), ...job.args)
  greenlet.name = job.name
  greenlet.$listen(job)
  return greenlet
}

function startGreenlet<A extends readonly unknown[]>(job: Job<A>): null {
  greenletFor(job).start()
  return null
}

function inPool<A extends readonly unknown[]>(pool: Pool | Group): Spawner<A> {
  return {
    pool,
    start: (job) => {
      const entering: unknown = pool.start(greenletFor(job))
      return isOperation(entering) ? drive(entering) : null
    },
  }
}

/** Runs the handler, and tells the job of its end. */
function bodyOf<A extends readonly unknown[]>(job: Job<A>): (...args: A) => Green<void> {
  return function* (...args: A): Green<void> {
    try {
      yield* call((...given: A) => job.handle(...given), args)
    } finally {
      job.over()
    }
  }
}

function startRaw<A extends readonly unknown[]>(job: Job<A>): null {
  spawnRaw(bodyOf(job), ...job.args).name = job.name
  return null
}

/** Has the user's function start it. */
function startBy<A extends readonly unknown[]>(spawn: SpawnFunction<A>, job: Job<A>): Green<void> | null {
  const body = Object.defineProperty(bodyOf(job), 'name', { value: job.name })
  const made = spawn(body, ...job.args)
  if (isOperation(made) || isGenerator(made)) return started(made as Operation<unknown> | Green<unknown>, job)
  if (isThenable(made)) made.then(undefined, (error: unknown) => hubOf(kernel.current).tell(error, job))
  else hearEnd(made, job)
  return null
}

function* started<A extends readonly unknown[]>(made: Operation<unknown> | Green<unknown>, job: Job<A>): Green<void> {
  hearEnd(yield* made, job)
}

/** A greenlet that is killed before it runs does not run its body. */
function hearEnd<A extends readonly unknown[]>(made: unknown, job: Job<A>): void {
  if (made instanceof Greenlet) made.$listen(job)
}

function* drive(operation: Operation<unknown>): Green<void> {
  yield* operation
}

/** Calls the handler in the hub, in its turn. */
function callInHub<A extends readonly unknown[]>(job: Job<A>): null {
  const hub = hubOf(kernel.current)
  hub.runCallback(function handler(): void {
    try {
      const made = job.handle(...job.args)
      if (isGenerator(made) || (isOperation(made) && (made as { $begun?: boolean }).$begun !== true))
        // any operation may be asked
        throw wouldWait(job.name, made)
      if (!isOperation(made) && isThenable(made)) {
        // A promise goes on by itself.
        const failed = (error: unknown): void => {
          hub.tell(error, job)
          job.over()
        }
        made.then(() => job.over(), failed)
        return
      }
    } catch (error) {
      hub.tell(error, job)
    }
    job.over()
  })
  return null
}

function wouldWait(name: string, made: unknown): BlockingSwitchOutError {
  return new BlockingSwitchOutError(
    `${name} would wait, but with \`spawn: null\` it runs in the hub, where nobody can: it returned ${show(made)}, which nobody drives.\n\n` +
      wrongRight('{ spawn: null }', 'the hub cannot wait', "{ spawn: 'default' }", 'each call has a greenlet'),
  )
}
