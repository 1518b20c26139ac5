/**
 * Locations: where each greenlet waits and where it was made, for pictures and reports, at a few microseconds each.
 *
 * Debug mode writes down whole stacks as text, which costs ten times that. Here V8 is asked for the few frames on top, and the first one of
 * the program is looked up by its number in its file. How it is called, and where it stands in the sources, is read once for each such
 * spot, the first time that it is met. So a greenlet keeps a reference to its spot and nothing of the program: a stack that is kept to be
 * written later would keep the functions that lay on it, and with them whatever these know.
 *
 * Stands on the kernel, which calls the {@link Debugger} where there is one; debug mode goes over it. On by `GREENLOOP_LOCATIONS=1`, or by
 * {@link setLocations}.
 */
import { hasPosition, isFloor, isOurs, parseFrame } from './errors/stack.ts'
import { checkFlag, type Described } from './errors/usage.ts'
import { type Coroutine, type Debugger, type GreenletFrame, kernel, RETURNED, UNSTARTED } from './greenlet/kernel.ts'
import type { RawGreenlet } from './greenlet/raw-greenlet.ts'
import { noteHandovers } from './greenlet/switch.ts'

/** A place in a program. */
export interface Location {
  /** Path or URL of the file. */
  readonly file: string
  /** Counted from 1. */
  readonly line: number
}

/**
 * Turns locations on or off, for all that happens from now on: where each greenlet waits, and where it was made. So `LoopExit`, the tree
 * and the pictures show file and line; each wait, each switch and each greenlet costs a few microseconds more. Debug mode, which knows more,
 * goes over it.
 *
 * In the environment: `GREENLOOP_LOCATIONS=1`.
 *
 * @returns whether they were on before.
 * @throws UsageError when `on` is no boolean.
 * @switches never
 * @example
 * ```ts
 * import { Event, placeOf, setLocations, sleep, spawn } from 'greenloop'
 *
 * const before = setLocations(true)
 * const open = new Event()
 * const greenlet = spawn(function* worker() {
 *   yield* open.wait()
 * })
 * await sleep(0)
 * const [waits, made] = [placeOf(greenlet), greenlet.spawningStack]
 * console.log(waits?.file === made?.file, (waits?.line ?? 0) - (made?.line ?? 0)) // true 1
 * setLocations(before)
 * open.set()
 * await greenlet.join()
 * ```
 */
export function setLocations(on: boolean): boolean {
  checkFlag('setLocations()', 'on', on)
  const before = own !== null
  if (on === before) return before
  own = on ? new Places() : null
  if (kernel.debug === null || kernel.debug.light) useDebugger(own)
  return before
}

/**
 * Where a greenlet is: the innermost line of the program in which it waits or has switched; of the running one the line that runs.
 *
 * @returns the same object for the same line as long as only locations are on; null before the start and after the end, of a greenlet none
 * of whose lines wait (`spawn(sleep, 10)`), of one that waits since before, and when neither locations nor debug mode are on.
 * @switches never
 * @example
 * ```ts
 * import { getcurrent, type Location, placeOf, run, setLocations } from 'greenloop'
 *
 * const before = setLocations(true)
 * await run(function* main() {
 *   const lines = [placeOf(getcurrent()), placeOf(getcurrent())].map((place: Location | null) => place?.line)
 *   console.log(lines[0] === lines[1]) // true
 * })
 * setLocations(before)
 * ```
 */
export function placeOf(greenlet: RawGreenlet): Location | null {
  const { debug } = kernel
  if (debug === null || greenlet.$status === UNSTARTED || greenlet.$status >= RETURNED) return null
  const spot = greenlet === kernel.current ? spotHere(SHALLOW) : null
  if (spot !== null) return spot.place
  if (debug instanceof Places) return debug.placeOf(greenlet)
  const frame = debug.frameOf(greenlet)
  return frame === null ? null : { file: frame.file, line: frame.line }
}

/** Those of this copy of the library; null: off. Kept while debug mode is on, and empty then. */
let own: Places | null = null

/** What is there when debug mode is off. */
export function ownLocations(): Debugger | null {
  return own
}

/** Has `debug` told from now on, and nobody else; null: nobody. */
export function useDebugger(debug: Debugger | null): void {
  kernel.debug = debug
  noteHandovers(debug === null ? null : () => kernel.debug?.suspended(kernel.current))
}

/** A line of the program in which something was noted. */
interface Spot {
  readonly frame: GreenletFrame
  readonly place: Location
}

class Places implements Debugger {
  readonly light = true
  readonly #births = new WeakMap<Coroutine, Spot>()
  readonly #waits = new WeakMap<Coroutine, Spot>()
  /** Where plain code has made an operation: when it awaits it, nothing of that code is on the stack. */
  readonly #made = new WeakMap<Described, Spot>()
  /** By who waits in the place of plain code. */
  readonly #awaited = new WeakMap<Coroutine, Spot>()

  greenletMade(greenlet: Coroutine): void {
    keep(this.#births, greenlet, spotHere(DEEPER))
  }

  operationMade(operation: Described): void {
    if (kernel.current === kernel.main) keep(this.#made, operation, spotHere(DEEPER))
  }

  operationDriven(): void {
    // who forgets a yield* is told in debug mode
  }

  operationAwaited(operation: Described, agent: Coroutine): void {
    keep(this.#awaited, agent, this.#made.get(operation) ?? null)
  }

  suspended(greenlet: Coroutine): void {
    keep(this.#waits, greenlet, spotHere(SHALLOW))
  }

  called(): void {
    // the callee is of the program itself: its own line is the innermost
  }

  failed(): void {
    // the stack of the failure stays as it is
  }

  frameOf(greenlet: Coroutine): GreenletFrame | null {
    return this.#spotOf(greenlet)?.frame ?? null
  }

  placeOf(greenlet: Coroutine): Location | null {
    return this.#spotOf(greenlet)?.place ?? null
  }

  birthOf(greenlet: Coroutine): GreenletFrame | null {
    return this.#births.get(greenlet)?.frame ?? null
  }

  #spotOf(greenlet: Coroutine): Spot | undefined {
    return this.#waits.get(greenlet) ?? this.#awaited.get(greenlet)
  }
}

function keep<K extends object>(spots: WeakMap<K, Spot>, key: K, spot: Spot | null): void {
  if (spot === null) spots.delete(key)
  else spots.set(key, spot)
}

/** What V8 tells of a frame. */
type CallSite = Pick<
  NodeJS.CallSite,
  'getColumnNumber' | 'getFunctionName' | 'getLineNumber' | 'getScriptNameOrSourceURL'
>

const PROGRAM = 0
/** Between frames of the program: Node, what has no file. */
const BETWEEN = 1
const LIBRARY = 2
/** The loop that runs greenlets: below it lies nothing of the greenlet. */
const FLOOR = 3

/** The files that were met, as one of the four above. */
const kinds = new Map<string, number>()
/** By file, then by line and column as they run, the lines of the program that were met: as many as there are in it. */
const spots = new Map<string, Map<number, Spot>>()
/** More columns than a line has. */
const COLUMNS = 2 ** 24
/** So many frames are looked at first, our own on top included: of a wait or a switch, of something that is made. Each costs its time. */
const SHALLOW = 4
const DEEPER = 6
/** No more are looked at. */
const DEEPEST = 100

/** The innermost frame of the program that lies on the native stack here; null: there is none above the loop. `depth`: so many are looked at first. */
function spotHere(depth: number): Spot | null {
  for (let limit = depth; ; limit *= 4) {
    const sites = sitesHere(limit)
    for (let place = 0; place < sites.length; place++) {
      const site = sites[place] as CallSite // it is one of them
      const file = site.getScriptNameOrSourceURL()
      const kind = kinds.get(file ?? '') ?? kindOf(file ?? '')
      if (kind === PROGRAM) return knownSpot(file ?? '', site) ?? newSpot(file ?? '', site, place)
      // A bundler may have put the loop into another file.
      if (kind === FLOOR || (kind === LIBRARY && site.getFunctionName() === 'runFrom')) return null
    }
    if (sites.length < limit || limit >= DEEPEST) return null
  }
}

function kindOf(file: string): number {
  let kind = PROGRAM
  if (isFloor(file)) kind = FLOOR
  else if (isOurs(file)) kind = LIBRARY
  else if (file === '' || file.startsWith('node:')) kind = BETWEEN
  kinds.set(file, kind)
  return kind
}

const takeSites = (_: unknown, sites: unknown): unknown => sites

/** The frames below `spotHere`, innermost first. */
function sitesHere(limit: number): readonly CallSite[] {
  const { stackTraceLimit } = Error
  const prepareStackTrace: unknown = Reflect.get(Error, 'prepareStackTrace')
  const holder: { stack?: unknown } = {}
  let sites: unknown
  // The two may be read-only.
  Reflect.set(Error, 'stackTraceLimit', limit)
  Reflect.set(Error, 'prepareStackTrace', takeSites)
  try {
    Error.captureStackTrace(holder, spotHere)
    sites = holder.stack
  } finally {
    Reflect.set(Error, 'prepareStackTrace', prepareStackTrace)
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit)
  }
  return Array.isArray(sites) ? (sites as CallSite[]) : [] // what V8 gives to prepareStackTrace
}

function keyOf(site: CallSite): number {
  return (site.getLineNumber() ?? 0) * COLUMNS + (site.getColumnNumber() ?? 0)
}

function knownSpot(file: string, site: CallSite): Spot | undefined {
  return spots.get(file)?.get(keyOf(site))
}

/** Reads what is not known yet: the line of the stack's text that belongs to `site`, since that is mapped to the sources. */
function newSpot(file: string, site: CallSite, place: number): Spot {
  const { stackTraceLimit } = Error
  const holder: { stack?: unknown } = {}
  Reflect.set(Error, 'stackTraceLimit', place + 1)
  Error.captureStackTrace(holder, spotHere)
  const text = String(holder.stack).split('\n').at(-1) ?? ''
  Reflect.set(Error, 'stackTraceLimit', stackTraceLimit)
  const { name, ...mapped } = hasPosition(text)
    ? parseFrame(text)
    : { name: site.getFunctionName() ?? '', file, line: site.getLineNumber() ?? 0, column: site.getColumnNumber() ?? 0 }
  const spot: Spot = {
    frame: Object.freeze({ name, ...mapped, back: null }),
    place: Object.freeze({ file: mapped.file, line: mapped.line }),
  }
  let ofFile = spots.get(file)
  if (ofFile === undefined) spots.set(file, (ofFile = new Map<number, Spot>()))
  ofFile.set(keyOf(site), spot)
  return spot
}

if (/^(?:1|true|on)$/u.test(process.env['GREENLOOP_LOCATIONS'] ?? '')) setLocations(true)
