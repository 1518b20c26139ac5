/**
 * Stack traces as a user wants to read them: the frames of the program, none of the machinery.
 *
 * V8 writes down a stack when an error is made, with everything that lies on the native stack then: below the frames of a greenlet the
 * trampoline, the hub and Node; between them the library's own functions and the `next` of each generator. Here the text is cut. And
 * it is completed, since the callers of a `green` frame do not lie on the native stack: each is written down when the error reaches it.
 *
 * Stands on nothing. When to cut and to stitch is the trampoline's to say.
 */

/** Where the library was loaded from, as it may stand in a stack: as URL, as path, and as path on Windows. */
const HOME: readonly string[] = ((): string[] => {
  const url = new URL('..', import.meta.url)
  const path = decodeURIComponent(url.pathname)
  return [url.href, path, path.slice(1).replaceAll('/', '\\')]
})()

/** `at f.next (<anonymous>)`: the step from a generator to the one that it delegates to. */
const DELEGATION = /\.(?:next|throw|return) \(<anonymous>\)$/u
/** The function that runs greenlets, or begins a `green` call: below it lie other frames than those of the generators above. */
const FLOOR = /[/\\]greenlet[/\\]trampoline\.[jt]s/u

function isFrame(line: string): boolean {
  return /^\s+at /u.test(line)
}

function isOurs(line: string): boolean {
  return HOME.some((home) => line.includes(home))
}

/**
 * The frames of `lines` that belong to the program, from the innermost down to the first one of the trampoline; null when there is
 * none of it, since then the error was made somewhere else than in a greenlet.
 */
function framesOfGreenlet(lines: readonly string[]): string[] | null {
  const floor = lines.findIndex(
    (line) => isFrame(line) && isOurs(line) && FLOOR.test(line) && !line.includes('callGreen'),
  )
  if (floor < 0) return null
  return lines.slice(0, floor).filter((line) => isFrame(line) && !isOurs(line) && !DELEGATION.test(line))
}

/** The stack of `error`, in lines; null when it has none. */
function linesOf(error: unknown): string[] | null {
  if (typeof error !== 'object' || error === null) return null
  const { stack } = error as { stack?: unknown } // anything may have been thrown
  return typeof stack === 'string' && stack.includes('\n') ? stack.split('\n') : null
}

function write(error: unknown, lines: readonly string[]): void {
  try {
    ;(error as { stack: string }).stack = lines.join('\n')
  } catch {
    // It is frozen: it keeps what it has.
  }
}

/** Leaves of the stack of an error what is the program's own. Does nothing to one that was not made in a greenlet. */
export function cutStack(error: unknown): void {
  const lines = linesOf(error)
  if (lines === null) return
  const frames = framesOfGreenlet(lines)
  if (frames !== null) write(error, [...lines.filter((line) => !isFrame(line)), ...frames])
}

/** How far the stack of an error has been completed: down to the frame of `owner` with so many callers. */
interface Stitched {
  readonly owner: object
  readonly callers: number
}
const stitches = new WeakMap<object, Stitched>()

/**
 * Adds the frames that lie on the native stack now, those of one `green` frame that `error` is being thrown into, to its stack.
 *
 * @param owner - the greenlet.
 * @param callers - how many frames of it lie below this one. An error that is thrown a second time, from further up or by another
 * greenlet, has its frames already: the stack says where it was made.
 */
export function stitchStack(error: unknown, owner: object, callers: number): void {
  const lines = linesOf(error)
  if (lines === null) return
  const before = stitches.get(error as object)
  if (before !== undefined && (before.owner !== owner || before.callers <= callers)) return
  let frames = lines.filter(isFrame)
  if (before === undefined) {
    const own = framesOfGreenlet(lines)
    if (own === null) return
    frames = own
  }
  const { stackTraceLimit } = Error
  if (frames.length < stackTraceLimit) frames.push(...framesHere(stitchStack).slice(0, stackTraceLimit - frames.length))
  stitches.set(error as object, { owner, callers })
  write(error, [...lines.filter((line) => !isFrame(line)), ...frames])
}

/** The frames of the program that lie on the native stack now, down to the next `green` call or the trampoline. */
export function framesHere(below: (...args: never[]) => unknown): string[] {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 50
  const holder: { stack?: string } = {}
  Error.captureStackTrace(holder, below)
  const lines = holder.stack?.split('\n').slice(1) ?? []
  Error.stackTraceLimit = stackTraceLimit
  // Our own functions on top are those that lead here; the first of the trampoline after a frame of the program is the floor.
  const top = lines.findIndex((line) => !isOurs(line) && !DELEGATION.test(line))
  const rest = lines.slice(Math.max(top, 0))
  const floor = rest.findIndex((line) => isOurs(line) && FLOOR.test(line))
  return rest.slice(0, floor < 0 ? rest.length : floor).filter((line) => !isOurs(line) && !DELEGATION.test(line))
}
