/**
 * A call of `node:fs` as an operation: Node's own function with a callback, driven by a greenlet.
 *
 * What is under way in Node's thread pool cannot be taken back. A kill ends the wait at once; the call comes to its end unseen, and what it
 * brings then is given back: a descriptor and a folder are closed, a temporary folder is removed. `readFile` goes in many steps: it stops at the
 * next one, and Node closes the descriptor. `writeFile` could be stopped only between its opening, which empties the file, and its one write.
 *
 * An error is Node's own. It comes from the thread pool, so its stack is empty; where it is thrown into a greenlet, it is given that of the
 * greenlet.
 *
 * Turned down. `fs.promises`: half as much again for a small file. A check of the arguments at the call: Node checks them, when it is driven, in
 * words that people know.
 *
 * Stands on waits for what is outside. Leaves to `fs.ts` and to the patch which functions there are, to `forms.ts` their types.
 */
import nodeFs from 'node:fs'
import { callForWait } from '../../context.ts'
import { UsageError } from '../../errors/classes.ts'
import { wrongRight } from '../../errors/usage.ts'
import type { Coroutine } from '../../greenlet/kernel.ts'
import { ready, type Step } from '../../greenlet/operation.ts'
import { IOWait } from '../../waiting/io-wait.ts'
import { HubOperation } from '../../waiting/operation.ts'

/** Node's function; whatever it is given, it is handed on. */
export type NodeCall = (...args: unknown[]) => unknown

/** What a function of `node:fs` is, apart from others. */
interface Traits {
  /** How many arguments it must be given. @defaultValue 1 */
  readonly needs?: number
  /** How many of its arguments say what it is about; these stand in messages. @defaultValue 1 */
  readonly shown?: number
  /** Gives, of what the callback is given, what the call gives. @defaultValue the argument behind the error */
  readonly result?: (first: unknown, second: unknown) => unknown
  /** Makes of it a function whose callback is given an error first. */
  readonly adapt?: (original: NodeCall) => NodeCall
  /** Gives back what has come when nobody waits for it any more. */
  readonly giveBack?: (value: never) => void
  /** The place of its options, where these take a signal that ends it. */
  readonly options?: number
}

const ignore = (): void => undefined

const TRAITS: Readonly<Record<string, Traits>> = {
  appendFile: { needs: 2 },
  chmod: { needs: 2 },
  chown: { needs: 3 },
  copyFile: { needs: 2, shown: 2 },
  cp: { needs: 2, shown: 2 },
  exists: {
    adapt:
      (exists) =>
      (...args) => {
        const callback = args.pop() as NodeCall // it comes last
        return exists(...args, (found: unknown) => callback(null, found))
      },
  },
  fchmod: { needs: 2 },
  fchown: { needs: 3 },
  futimes: { needs: 3 },
  lchown: { needs: 3 },
  link: { needs: 2, shown: 2 },
  lutimes: { needs: 3 },
  mkdtemp: {
    giveBack: (path: string | Buffer) => {
      nodeFs.rmdir(path, ignore)
    },
  },
  open: {
    giveBack: (fd: number) => {
      nodeFs.close(fd, ignore)
    },
  },
  opendir: {
    giveBack: (dir: nodeFs.Dir) => {
      dir.close(ignore)
    },
  },
  read: { result: (bytesRead, buffer) => ({ bytesRead, buffer }) },
  readFile: { options: 1 },
  readv: { needs: 2, result: (bytesRead, buffers) => ({ bytesRead, buffers }) },
  rename: { needs: 2, shown: 2 },
  symlink: { needs: 2, shown: 2 },
  utimes: { needs: 3 },
  write: { needs: 2, result: (bytesWritten, buffer) => ({ bytesWritten, buffer }) },
  writeFile: { needs: 2 },
  writev: { needs: 2, result: (bytesWritten, buffers) => ({ bytesWritten, buffers }) },
}

/** A function of `node:fs`, with what is to be known of it. */
export class FileFunction {
  readonly name: string
  readonly original: NodeCall
  readonly traits: Traits

  /** @param name - as `node:fs` has it. */
  constructor(name: string, original: NodeCall) {
    this.name = name
    this.traits = TRAITS[name] ?? {}
    this.original = this.traits.adapt?.(original) ?? original
  }

  /** The call of the function with these arguments, which it keeps. */
  call(args: unknown[]): FileCall {
    const { needs = 1 } = this.traits
    if (typeof args.at(-1) === 'function') throw withCallback(this.name)
    // What was left out at the end is left out; what must be there is refused by Node in its own name, and not in that of the callback.
    while (args.length > needs && args.at(-1) === undefined) args.pop()
    if (args.length < needs) args.length = needs
    return new FileCall(this, args)
  }
}

function withCallback(name: string): UsageError {
  return new UsageError(
    `fs.${name}() was given a callback, but it is an operation, which a greenlet drives.\n\n` +
      wrongRight(
        `fs.${name}(..., callback)`,
        'this is not node:fs',
        `yield* fs.${name}(...)`,
        'gives what the callback would be given',
      ),
  )
}

/** One call, made anew each time it is driven. */
export class FileCall extends HubOperation<unknown> {
  readonly fn: FileFunction
  readonly args: readonly unknown[]

  constructor(fn: FileFunction, args: readonly unknown[]) {
    super()
    this.fn = fn
    this.args = args
  }

  override begin(greenlet: Coroutine): Step<unknown> {
    return new FileWait(greenlet, this).start()
  }

  /** The greenlet's frames lie on the stack here: the error came without any. */
  override throw(error: unknown): never {
    // eslint-disable-next-line @typescript-eslint/unbound-method -- it is looked for on the stack, and not called
    if (isBare(error)) Error.captureStackTrace(error, this.throw)
    throw error
  }

  override toString(): string {
    const { name, traits } = this.fn
    const shown = this.args.slice(0, traits.shown ?? 1).map((value) => {
      if (typeof value === 'string') return `'${value}'`
      return typeof value === 'number' ? String(value) : value instanceof URL ? `'${value.href}'` : '...'
    })
    return `${name}(${shown.join(', ')})`
  }
}

/** Whether `error` is one of the system's, and nobody's program is in its stack: at most Node itself is. */
function isBare(error: unknown): error is Error {
  if (!(error instanceof Error) || !('syscall' in error)) return false
  const { stack } = error as { stack?: unknown } // somebody's prepareStackTrace may make something else of it
  return typeof stack === 'string' && !/\n\s+at (?!.*\bnode:).*:\d+:\d+/u.test(stack)
}

/**
 * What `readFile` asks before each of its steps whether to go on: all that Node wants of a signal there, from 20 to 26. An AbortSignal would
 * cost as much as the rest of the call (measured on Node 20: 30 µs of 55 for a small file).
 */
class Stop {
  isGivenUp = false
  /** The caller's own, which ends it as well. */
  theirs: AbortSignal | undefined = undefined

  get aborted(): boolean {
    return this.isGivenUp || this.theirs?.aborted === true
  }

  get reason(): unknown {
    return this.theirs?.reason as unknown // it is declared as any
  }
}

/** `starting`, then `over`, when it is called back at once; else with a time in which it is `parked`. */
class FileWait extends IOWait {
  declare private readonly call: FileCall
  declare private state: 'starting' | 'parked' | 'over'
  /** Set when it was called back while it was starting. */
  declare private failure: unknown
  declare private value: unknown
  /** Ends what goes in many steps. */
  declare private stop: Stop | null

  constructor(greenlet: Coroutine, call: FileCall) {
    super(greenlet, call.fn.name)
    this.call = call
    this.state = 'starting'
    this.failure = null
    this.value = undefined
    this.stop = null
  }

  start(): Step<unknown> {
    const { fn, args } = this.call
    const { options } = fn.traits
    const given = [...args]
    if (options !== undefined) given[options] = this.stoppable(given[options])
    given.push((error: unknown, first: unknown, second: unknown) => {
      this.calledBack(error, first, second)
    })
    callForWait(() => fn.original.apply(nodeFs, given))
    return this.wentAtOnce() ? ready(this.value) : this.parkOutside()
  }

  private wentAtOnce(): boolean {
    if (this.failure !== null) throw this.failure as Error // what a function of Node's gives its callback
    if (this.state === 'over') return true
    this.state = 'parked'
    return false
  }

  /** Node's options, with a signal of ours beside the caller's. What Node would refuse it is handed as it is. */
  private stoppable(options: unknown): unknown {
    const isObject = typeof options === 'object' && options !== null
    if (!isObject && options != null && typeof options !== 'string') return options
    const signal = new Stop()
    this.stop = signal
    if (!isObject) return { encoding: options, signal }
    const all: Record<string, unknown> = {}
    // Node takes what is inherited, too.
    for (const name in options) all[name] = (options as Record<string, unknown>)[name] // any object may be asked
    const theirs = all['signal']
    if (theirs !== undefined && !(theirs instanceof AbortSignal)) return all
    signal.theirs = theirs
    all['signal'] = signal
    return all
  }

  private calledBack(error: unknown, first: unknown, second: unknown): void {
    const { state } = this
    const { giveBack, result } = this.call.fn.traits
    const failure = error ?? null
    const value = failure !== null || result === undefined ? first : result(first, second)
    this.state = 'over'
    if (state === 'parked') {
      if (failure === null) this.happened(value)
      else this.failed(failure)
    } else if (state === 'starting') {
      this.failure = failure
      this.value = value
    } else if (failure === null) {
      giveBack?.(value as never) // what the function gives that it belongs to
    }
  }

  protected override leave(): void {
    super.leave()
    this.state = 'over'
    if (this.stop !== null) this.stop.isGivenUp = true
  }

  override describe(): string {
    return String(this.call)
  }
}
