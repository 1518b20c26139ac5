/**
 * Stack traces as a user wants to read them: the frames of the program, none of the machinery.
 *
 * V8 writes down a stack when an error is made, with everything that lies on the native stack then: below the frames of a greenlet the
 * trampoline, the hub and Node; between them the library's own functions and the `next` of each generator. Here the text is cut. And
 * it is completed: the callers of a `green` frame may not lie on the native stack, or too far down for V8 to write them. Each is written
 * when the error reaches it.
 *
 * Stands on nothing. When to cut and to stitch is the trampoline's to say.
 */

/**
 * Where the library was loaded from, as it may stand in a stack: as URL, as path, and as path on Windows. With source maps the frames of what
 * was built stand where its sources were.
 */
const HOME: readonly string[] = ['..', '../../src/'].flatMap((home) => {
  const url = new URL(home, import.meta.url)
  const path = decodeURIComponent(url.pathname)
  return [url.href, path, path.slice(1).replaceAll('/', '\\')]
})

/** `at f.next (<anonymous>)`: the step from a generator to the one that it delegates to. */
const DELEGATION = /\.(?:next|throw|return) \(<anonymous>\)$/u
/** The beginning or the end of a `green` call: below it goes on its caller. */
const CALL = /(?:call|throw)Green/u
/** The function that runs greenlets: below it lies nothing of the greenlet. By its name, since a bundler may have put it into another file. */
const FLOOR = /[/\\]greenlet[/\\]trampoline\.[jt]s|^\s+at (?:callBody|firstStep|runFrom|run) \(/u

/** Whether a line of a stack is of the library. */
export function isOurs(line: string): boolean {
  return HOME.some((home) => line.includes(home))
}

/** Whether a line of a stack, or a file, is of the loop that runs greenlets. */
export function isFloor(line: string): boolean {
  return isOurs(line) && FLOOR.test(line)
}

function isNoise(line: string): boolean {
  return isOurs(line) || DELEGATION.test(line)
}

/** The stack of an error that was made in a greenlet. */
interface Trace {
  /** Name and message. */
  readonly head: string
  /** The frames of the program, innermost first. */
  readonly frames: readonly string[]
  /** How many `green` calls lie above the last of the frames; Infinity when there is a gap below. */
  readonly calls: number
}

/** Takes the stack of `error` apart; null when it has none, or was not made in a greenlet. */
function read(error: unknown): Trace | null {
  let stack: unknown
  let head: string
  try {
    ;({ stack } = error as { stack?: unknown }) // anything may have been thrown, with any getters
    head = String(error)
  } catch {
    return null
  }
  if (typeof stack !== 'string') return null
  if (!stack.startsWith(head)) head = stack.split(/\n +at /u, 1)[0] ?? ''
  const lines = stack
    .slice(head.length)
    .split('\n')
    .filter((line) => /^\s+at /u.test(line))
  let end = lines.findIndex((line) => isFloor(line))
  if (end < 0) {
    // As long as V8 makes them: it may have been broken off above the floor. What goes on below its last call is known to be whole.
    if (lines.length === 0 || lines.length < Error.stackTraceLimit) return null
    const last = lines.findLastIndex((line) => isOurs(line) && CALL.test(line))
    if (last < 0) return { head, frames: lines.filter((line) => !isNoise(line)), calls: Infinity }
    end = last
  }
  const own = lines.slice(0, end)
  return {
    head,
    frames: own.filter((line) => !isNoise(line)),
    calls: own.filter((line) => isOurs(line) && CALL.test(line)).length,
  }
}

function write(error: unknown, head: string, frames: readonly string[]): void {
  try {
    Reflect.set(error as object, 'stack', [head, ...frames].join('\n')) // one that is frozen keeps what it has
  } catch {
    // A setter of its own that refuses.
  }
}

/** The errors whose stacks were cut: once is enough, and somebody may have added to it since. */
const cut = new WeakSet()

/** Leaves of the stack of an error what is the program's own. Does nothing to one that was not made in a greenlet. */
export function cutStack(error: unknown): void {
  if (typeof error !== 'object' || error === null || cut.has(error)) return
  cut.add(error)
  const trace = read(error)
  if (trace !== null) write(error, trace.head, trace.frames)
}

/** How far the stack of an error is known to be whole: down to the caller of the call of `owner` that has this number. */
interface Stitched {
  readonly owner: object | null
  whole: number
}
const stitches = new WeakMap<object, Stitched>()

/** The error whose stack was completed last. */
let latest: Stitched | null = null

/**
 * A call of `owner` has returned. When the latest error had come as far as its frame, somebody has caught it there; thrown again it
 * comes another way, and its stack is that of the first. Answers whether it was so.
 */
export function breakStitch(owner: object, call: number): boolean {
  if (latest === null || latest.owner !== owner || call >= latest.whole) return false
  latest.whole = -Infinity
  latest = null
  return true
}

/** The stack of `error` says where it was made, which is not where it is thrown now: it stays as it is. */
export function leaveStack(error: unknown): void {
  if (typeof error === 'object' && error !== null && !stitches.has(error))
    stitches.set(error, { owner: null, whole: 0 })
}

/**
 * Completes the stack of `error`, which ends a `green` call, by the frames of the caller, which lie on the native stack now.
 *
 * @param owner - the greenlet.
 * @param call - the number of the call among those that the greenlet is in, counted from the outermost.
 */
export function stitchStack(error: unknown, owner: object, call: number): void {
  if (typeof error !== 'object' || error === null) return
  let stitched = stitches.get(error)
  let head: string | undefined
  let frames: readonly string[] = []
  if (stitched === undefined) {
    const trace = read(error)
    if (trace === null) {
      leaveStack(error)
      return
    }
    ;({ head, frames } = trace)
    stitched = { owner, whole: call - trace.calls + 1 }
    stitches.set(error, stitched)
    write(error, head, frames)
  }
  // Thrown a second time, from further up or by another greenlet, it has its frames already.
  if (stitched.owner !== owner || call >= stitched.whole) return
  stitched.whole = call
  latest = stitched
  if (head === undefined) {
    const lines = String((error as { stack?: unknown }).stack).split('\n')
    const first = lines.findIndex((line) => /^\s+at /u.test(line))
    head = lines.slice(0, first < 0 ? lines.length : first).join('\n')
    frames = first < 0 ? [] : lines.slice(first)
  }
  const room = Error.stackTraceLimit - frames.length
  if (room > 0) write(error, head, [...frames, ...framesHere().slice(0, room)])
  else stitched.whole = -Infinity
}

/** The frames of the program that lie on the native stack now, down to the next `green` call or the trampoline. */
export function framesHere(): string[] {
  const { stackTraceLimit } = Error
  Reflect.set(Error, 'stackTraceLimit', 50) // it may be read-only
  const holder: { stack?: unknown } = {}
  Error.captureStackTrace(holder, framesHere)
  const { stack } = holder
  Reflect.set(Error, 'stackTraceLimit', stackTraceLimit)
  if (typeof stack !== 'string') return [] // somebody's prepareStackTrace makes something else of it
  const lines = stack.split('\n').slice(1)
  // Our own functions on top are those that lead here; the first of the trampoline after a frame of the program is the floor.
  const top = lines.findIndex((line) => !isNoise(line))
  const loop = lines.findIndex((line) => isFloor(line))
  if (loop >= 0 && loop < top) return [] // nothing of the program lies above the loop
  const rest = lines.slice(Math.max(top, 0))
  const floor = rest.findIndex((line) => isOurs(line) && (FLOOR.test(line) || CALL.test(line)))
  return rest
    .slice(0, floor < 0 ? rest.length : floor)
    .filter((line) => !isNoise(line) && !line.includes('node:internal'))
}

/** Whether a line of a stack trace says where in a file; those of V8's own functions do not: `at Array.map (<anonymous>)`. */
export function hasPosition(line: string): boolean {
  return /:\d+:\d+\)?$/u.test(line)
}

/** What a line of a stack trace says. */
export interface Site {
  /** The function, as V8 names it; empty for one without a name. */
  readonly name: string
  /** Path or URL of the file. */
  readonly file: string
  /** Counted from 1. */
  readonly line: number
  /** Counted from 1. */
  readonly column: number
}

/** Takes a line of a stack trace apart: `at name (file:line:column)`, or without a name. There may be parentheses in the path. */
export function parseFrame(line: string): Site {
  const [, name = '', place = line.trim().slice('at '.length)] = /^\s*at (.*?) \((.*)\)$/u.exec(line) ?? []
  const [, file = place, row = '0', column = '0'] = /^(.*):(\d+):(\d+)$/u.exec(place) ?? []
  return { name, file, line: Number(row), column: Number(column) }
}
