/**
 * Debug mode: what it costs too much to know always.
 *
 * While it is on, each operation, greenlet and suspension notes where it came from. So an operation that was made and never driven (the
 * forgotten `yield*`) is reported with file and line, a suspended greenlet shows its frames, and the stack of a failure ends with the
 * place where the greenlet was made. Each note is a stack trace: some microseconds.
 *
 * Stands on the kernel, which calls the {@link Debugger} where there is one. On by `GREENLOOP_DEBUG=1`, or by {@link setDebug}.
 */
import { framesHere } from './errors/stack.ts'
import { type Described, wrongRight } from './errors/usage.ts'
import { type Coroutine, type Debugger, type Frame, type GreenletFrame, kernel } from './greenlet/kernel.ts'

/**
 * Turns debug mode on or off, for all that is made from now on; what was made before stays unknown.
 *
 * @returns whether it was on before.
 * @switches never
 */
export function setDebug(on: boolean): boolean {
  const before = kernel.debug
  if (!on) kernel.debug = null
  else if (before === null) kernel.debug = new Notes()
  return before !== null
}

/** Where an operation was made. Holds nothing of it, or it would never be collected. */
interface Origin {
  text: string
  readonly greenlet: string
  readonly place: string
}

class Notes implements Debugger {
  readonly #births = new WeakMap<Coroutine, readonly string[]>()
  /** By greenlet, the frames of its last suspension that lie above the innermost `green` call. */
  readonly #tops = new WeakMap<Coroutine, readonly string[]>()
  /** By `green` call, the frames of its caller. */
  readonly #callers = new WeakMap<Frame, readonly string[]>()
  /** The operations that nobody has driven yet. What is collected in that state never will be. */
  readonly #undriven = new Set<Origin>()
  readonly #origins = new WeakMap<Described, Origin>()
  readonly #collected = new FinalizationRegistry<Origin>((origin) => {
    this.#report(origin)
  })

  constructor() {
    process.on('exit', () => {
      for (const origin of this.#undriven) this.#report(origin)
    })
  }

  greenletMade(greenlet: Coroutine): void {
    this.#births.set(greenlet, framesHere())
  }

  operationMade(operation: Described): void {
    const origin: Origin = {
      text: 'An operation',
      greenlet: kernel.current.name,
      place: framesHere()[0]?.trim() ?? 'an unknown place',
    }
    // The constructor that calls this has yet to set what the text is made of.
    queueMicrotask(() => {
      origin.text = String(operation)
    })
    this.#origins.set(operation, origin)
    this.#undriven.add(origin)
    this.#collected.register(operation, origin, origin)
  }

  operationDriven(operation: Described): void {
    const origin = this.#origins.get(operation)
    if (origin === undefined) return
    this.#undriven.delete(origin)
    this.#collected.unregister(origin)
  }

  suspended(greenlet: Coroutine): void {
    this.#tops.set(greenlet, framesHere())
  }

  called(callee: Frame): void {
    this.#callers.set(callee, framesHere())
  }

  failed(greenlet: Coroutine, error: unknown): void {
    const born = this.#births.get(greenlet)
    if (born === undefined || born.length === 0 || !(error instanceof Error) || typeof error.stack !== 'string') return
    error.stack += `\n  greenlet "${greenlet.name}" was made\n${born.join('\n')}`
  }

  frameOf(greenlet: Coroutine): GreenletFrame | null {
    const lines = [...(this.#tops.get(greenlet) ?? [])]
    // The innermost frame is the callee of the one before it, and so on outwards; the outermost was called by nobody.
    for (const callee of [greenlet.frame, ...(greenlet.callers ?? []).slice(1).reverse()]) {
      if (callee !== null && greenlet.callers !== null) lines.push(...(this.#callers.get(callee) ?? []))
    }
    return lines.reduceRight<GreenletFrame | null>((back, line) => parse(line, back), null)
  }

  #report(origin: Origin): void {
    // Once it was turned off, nobody has told any more what was driven.
    if (!this.#undriven.delete(origin) || kernel.debug !== this) return
    process.stderr.write(
      `${origin.text} was made by "${origin.greenlet}" ${origin.place} and never driven: nothing was done.\n\n` +
        `${wrongRight('sleep(10)', 'makes the operation and drops it', 'yield* sleep(10)', 'or await sleep(10) in async code')}\n`,
    )
  }
}

/** A line of a stack trace as a frame: `at name (file:line:column)`, or without a name. */
function parse(line: string, back: GreenletFrame | null): GreenletFrame {
  const [, name = '', file = '', row = '0', column = '0'] = /^\s*at (?:(.*) \()?(.*?):(\d+):(\d+)\)?$/u.exec(line) ?? []
  return { name, file, line: Number(row), column: Number(column), back }
}

if (/^(?:1|true|on)$/u.test(process.env['GREENLOOP_DEBUG'] ?? '')) setDebug(true)
