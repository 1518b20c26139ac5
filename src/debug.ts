/**
 * Debug mode: what it costs too much to know always.
 *
 * While it is on, each operation, greenlet and suspension notes where it came from. So an operation that was made and never driven (the
 * forgotten `yield*`) is reported with file and line, a suspended greenlet shows its frames, and the stack of a failure ends with the
 * place where the greenlet was made. Each note is a stack trace: some microseconds.
 *
 * Stands on the kernel, which calls the {@link Debugger} where there is one, and goes over locations, which come back when it is turned
 * off. On by `GREENLOOP_DEBUG=1`, or by {@link setDebug}.
 */
import { framesHere, hasPosition, parseFrame } from './errors/stack.ts'
import { checkFlag, type Described, neverDriven } from './errors/usage.ts'
import { type Coroutine, type Debugger, type Frame, type GreenletFrame, kernel } from './greenlet/kernel.ts'
import { ownLocations, useDebugger } from './locations.ts'

/**
 * Turns debug mode on or off, for all that is made from now on; what was made before stays unknown.
 *
 * @returns whether it was on before.
 * @throws UsageError when `on` is no boolean.
 * @switches never
 */
export function setDebug(on: boolean): boolean {
  checkFlag('setDebug()', 'on', on)
  const before = kernel.debug !== null && !kernel.debug.light
  if (on !== before) useDebugger(on ? (notes = new Notes()) : ownLocations())
  return before
}

/** Those of this copy of the library that were begun last. */
let notes: Notes | null = null

/** Where an operation was made. Holds nothing of it, or it would never be collected. */
interface Origin {
  /** The call as a person would write it; null until it can be asked for. */
  text: string | null
  readonly operation: WeakRef<Described>
  readonly greenlet: string
  readonly place: string
}

class Notes implements Debugger {
  readonly light = false
  readonly #births = new WeakMap<Coroutine, readonly string[]>()
  /** By greenlet, the frames of its last suspension that lie above the innermost `green` call. */
  readonly #tops = new WeakMap<Coroutine, readonly string[]>()
  /** By `green` call, the frames of its caller. */
  readonly #callers = new WeakMap<Frame, readonly string[]>()
  /** By who waits in the place of plain code, where its operation was made: when it begins, nothing of that code is on the stack. */
  readonly #awaited = new WeakMap<Coroutine, string>()
  /** The operations that nobody has driven yet. What is collected in that state never will be. */
  readonly #undriven = new Set<Origin>()
  readonly #origins = new WeakMap<Described, Origin>()
  readonly #collected = new FinalizationRegistry<Origin>((origin) => {
    this.#report(origin)
  })

  constructor() {
    // One listener for all that are ever begun: Node warns at eleven.
    if (notes === null) process.on('exit', () => notes?.reportAll())
  }

  greenletMade(greenlet: Coroutine): void {
    this.#births.set(greenlet, framesHere())
  }

  operationMade(operation: Described): void {
    const origin: Origin = {
      text: null,
      operation: new WeakRef(operation),
      greenlet: kernel.current.name,
      place: framesHere().find(hasPosition)?.trim() ?? 'at an unknown place',
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

  operationAwaited(operation: Described, agent: Coroutine): void {
    this.#awaited.set(agent, this.#origins.get(operation)?.place ?? '')
    this.operationDriven(operation)
  }

  suspended(greenlet: Coroutine): void {
    this.#tops.set(greenlet, framesHere())
  }

  called(callee: Frame): void {
    this.#callers.set(callee, framesHere())
  }

  failed(greenlet: Coroutine, error: unknown): void {
    const born = this.#births.get(greenlet)
    if (born === undefined || !born.some(hasPosition) || !(error instanceof Error)) return
    if (greenlet.$fn === null && greenlet.name === 'main') return // it stands for main, which nobody has made
    try {
      const { stack } = error
      if (typeof stack === 'string')
        Reflect.set(error, 'stack', `${stack}\n  greenlet "${greenlet.name}" was made\n${born.join('\n')}`)
    } catch {
      // A getter or a setter of its own that refuses; one that is frozen keeps what it has.
    }
  }

  frameOf(greenlet: Coroutine): GreenletFrame | null {
    const lines = [...(this.#tops.get(greenlet) ?? [])]
    // The innermost frame is the callee of the one before it, and so on outwards; the outermost was called by nobody.
    for (const callee of [greenlet.$frame, ...(greenlet.$callers ?? []).slice(1).reverse()]) {
      if (callee !== null && greenlet.$callers !== null) lines.push(...(this.#callers.get(callee) ?? []))
    }
    if (!lines.some(hasPosition)) lines.push(this.#awaited.get(greenlet) ?? '')
    return chain(lines)
  }

  birthOf(greenlet: Coroutine): GreenletFrame | null {
    return chain(this.#births.get(greenlet) ?? [])
  }

  /** The process is ending: what was not driven never will be. */
  reportAll(): void {
    for (const origin of this.#undriven) this.#report(origin)
  }

  #report(origin: Origin): void {
    // Once it was turned off, nobody has told any more what was driven.
    if (!this.#undriven.delete(origin) || kernel.debug !== this) return
    const text = origin.text ?? String(origin.operation.deref())
    const mistake = ['sleep(10)', 'makes the operation and drops it'] as const
    process.stderr.write(neverDriven(text, origin.greenlet, origin.place, mistake, 'or await sleep(10) in async code'))
  }
}

/** The lines of a stack trace as frames, innermost first. */
function chain(lines: readonly string[]): GreenletFrame | null {
  return lines
    .filter(hasPosition)
    .reduceRight<GreenletFrame | null>((back, line) => ({ ...parseFrame(line), back }), null)
}

if (/^(?:1|true|on)$/u.test(process.env['GREENLOOP_DEBUG'] ?? '')) setDebug(true)
