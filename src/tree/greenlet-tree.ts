/**
 * gevent's `GreenletTree`: all greenlets by who has spawned them, to be looked at and to be sent away.
 *
 * Who hangs on whom is as it was when the tree was made; what each is doing is looked at when it is drawn. Stands on the forest, the rows
 * and the drawing. Leaves to `run-info.ts` what is to be said beside it.
 */
import { UsageError } from '../errors/classes.ts'
import { checkFlag, checkOptions, show } from '../errors/usage.ts'
import { SpawnedGreenlet } from '../gevent/lineage.ts'
import { localsOf } from '../greenlet/local.ts'
import type { RawGreenlet } from '../greenlet/raw-greenlet.ts'
import { getHub } from '../hub/default.ts'
import type { Hub } from '../hub/hub.ts'
import type { Location } from '../locations.ts'
import { draw } from './drawing.ts'
import { type Branch, grow } from './forest.ts'
import { type Row, rowsOf } from './rows.ts'
import { type TreeState, treeLocalsOf } from './state.ts'
import { inLine, shown } from './values.ts'

/** How a tree is written. */
export interface TreeFormat {
  /** Whether what each greenlet's `Local`s hold is written, and the `spawnTreeLocals`, once a tree. @defaultValue true */
  locals?: boolean
  /** Whether all frames are written in which each is suspended; known in debug mode. @defaultValue false */
  runningStacks?: boolean
  /** Whether all frames are written in which each was made; known in debug mode. @defaultValue false */
  spawningStacks?: boolean
  /** How many greenlets have a row at the most, 1 to 100,000; those nearest to the root. @defaultValue 200 */
  rows?: number
  /** How many levels there are below the root, 0 to 1,000. @defaultValue 30 */
  depth?: number
  /** Whether the lines are drawn with `+`, `-` and `|`. @defaultValue false */
  ascii?: boolean
}

/** A greenlet of a tree as plain data: it survives `JSON`. */
export interface TreeNode {
  /** In a line, cut if it is long. */
  readonly name: string
  /** Its `minimalIdent`; -1: main, or a raw greenlet, which have none. */
  readonly ident: number
  /** What it is doing. */
  readonly state: TreeState
  /** The call that it waits in, `queue.get()`; null: it does not, or in a switch to somebody who is not known. */
  readonly wait: string | null
  /** Why that does not end: `the queue is empty`. */
  readonly because: string | null
  /** The names of those who could end it, at most 50. */
  readonly waitsFor: string[]
  /** How long it has been waiting, in milliseconds; null: it does not, or nobody has watched. Of several that share a node, the longest. */
  readonly sinceMs: number | null
  /** Where it is suspended; known in debug mode. */
  readonly place: Location | null
  /** Where it was spawned; known in debug mode. */
  readonly spawnedAt: Location | null
  /** Of one that has ended: `returned 42`, `failed with Error: went wrong`, `was killed`, `has ended`. */
  readonly outcome: string | null
  /** What `Local`s hold for it, as text, by the name of each. */
  readonly locals: Record<string, string>
  /** The `spawnTreeLocals`, as text, at the first who has them. */
  readonly treeLocals: Record<string, string>
  /** How many siblings it stands for beside itself: they are alike in all but name, and so is what is below them. */
  readonly more: number
  /** How many greenlets below it are left out: there are too many, or they are too deep. */
  readonly hidden: number
  /** Those that it has spawned. */
  readonly children: TreeNode[]
}

const ROWS = 200
const DEPTH = 30
const MOST = 100_000
const DEEPEST = 1000
/** A page can fold what a terminal cannot. */
const JSON_ROWS = 2000

/**
 * The greenlets of a hub as a tree: everybody hangs on who has spawned it, and at the root is main. Wherever many are alike one row
 * stands for them, and there are 200 rows at the most.
 *
 * In the tree are all greenlets that were started and have not ended; of raw greenlets, which are in no list, those that somebody waits for
 * or has switched to, and hang on their parents. A spawner that has ended is there until it was collected; then what it has spawned hangs
 * on main.
 *
 * @source gevent: `gevent.util.GreenletTree`
 * @example
 * ```ts
 * import { Event, GreenletTree, Queue, sleep, spawnWith } from 'greenloop'
 *
 * const requests = new Queue<string>()
 * const stop = new Event()
 * spawnWith({ name: 'server' }, function* () {
 *   const handlers = Array.from({ length: 1000 }, (_, n) => spawnWith({ name: `handler-${n}` }, () => requests.get()))
 *   yield* stop.wait()
 *   for (const handler of handlers) handler.kill()
 * })
 * await sleep(1)
 * console.log(String(GreenletTree.currentTree()))
 * stop.set()
 * // main                          running
 * // └─ server                     waiting in event.wait()
 * //    └─ handler-0 and 999 more  waiting in queue.get()  the queue is empty
 * ```
 */
export class GreenletTree {
  /** Who hangs here. */
  readonly greenlet: RawGreenlet
  /** The tree that this one is part of; itself, if it is main's. */
  readonly root: GreenletTree
  readonly #branch: Branch
  readonly #hub: Hub
  #children: readonly GreenletTree[] | null = null

  /** @internal */
  constructor(branch: Branch, hub: Hub, root?: GreenletTree) {
    this.greenlet = branch.greenlet
    this.root = root ?? this
    this.#branch = branch
    this.#hub = hub
  }

  /**
   * The trees of all greenlets of `hub`, as they are now. There is one, since all begin with main; those of a worker thread are seen in
   * that thread.
   *
   * @param hub - whose greenlets. @defaultValue getHub()
   * @switches never
   * @source gevent: `GreenletTree.forest`
   */
  static forest(hub: Hub = getHub()): GreenletTree[] {
    return [new GreenletTree(grow(hub), hub)]
  }

  /**
   * The tree of all greenlets of this thread's hub, as they are now.
   *
   * @switches never
   * @source gevent: `GreenletTree.current_tree`
   */
  static currentTree(): GreenletTree {
    const hub = getHub()
    return new GreenletTree(grow(hub), hub)
  }

  /** The trees of those that it has spawned, the oldest first. */
  get children(): readonly GreenletTree[] {
    this.#children ??= this.#branch.below.map((branch) => new GreenletTree(branch, this.#hub, this.root))
    return this.#children
  }

  /**
   * Draws the tree from here on, with what everybody is doing now.
   *
   * @param options - what is written, and how much.
   * @returns lines, without an end of the last one.
   * @throws UsageError when an option is none.
   * @switches never
   * @source gevent: `GreenletTree.format`
   */
  format(options: TreeFormat = {}): string {
    const { rows, depth, ...details } = checkFormat('format()', options)
    return draw(rowsOf(this.#branch, this.#hub, { rows, depth }), this.#hub.clock.now(), details)
  }

  /** {@link format}, without options. */
  toString(): string {
    return this.format()
  }

  /** The tree from here on as plain data, for `JSON.stringify`: 2,000 greenlets at the most, and 30 levels. @switches never */
  toJSON(): TreeNode {
    const now = this.#hub.clock.now()
    const told = new Set<object>()
    return nodeOf(rowsOf(this.#branch, this.#hub, { rows: JSON_ROWS, depth: DEPTH }), now, told)
  }
}

/** A row as plain data. It calls itself as deep as rows go, which are bounded. */
function nodeOf(row: Row, now: number, told: Set<object>): TreeNode {
  const { branch, name, doing, birthplace, more, since, hidden } = row
  const { greenlet } = branch
  const shared = treeLocalsOf(greenlet)
  const isFirst = shared !== null && !told.has(shared)
  if (isFirst) told.add(shared)
  return {
    name,
    ident: greenlet instanceof SpawnedGreenlet ? greenlet.minimalIdent : -1,
    state: doing.state,
    wait: doing.wait,
    because: doing.because,
    waitsFor: [...doing.waitsFor],
    sinceMs: since === null ? null : now - since,
    place: doing.place,
    spawnedAt: birthplace,
    outcome: doing.outcome,
    locals: more === 0 ? textsOf(localsOf(greenlet)) : {},
    treeLocals: isFirst ? textsOf(Object.entries(shared)) : {},
    more,
    hidden,
    children: row.below.map((below) => nodeOf(below, now, told)),
  }
}

/** Values by name, as text. Of several with one name the later ones are numbered. */
function textsOf(entries: readonly (readonly [string, unknown])[]): Record<string, string> {
  const texts = new Map<string, string>()
  for (const [name, value] of entries) {
    let own = inLine(name)
    for (let n = 2; texts.has(own); n++) own = `${inLine(name)}-${String(n)}`
    texts.set(own, shown(value))
  }
  return Object.fromEntries(texts)
}

/** Checks how a tree is to be written; answers it with all defaults. `call` is the call as a person writes it. */
export function checkFormat(call: string, options: TreeFormat): Required<TreeFormat> {
  checkOptions(call, options, '{ rows: 50 }')
  const { rows = ROWS, depth = DEPTH, locals = true, ascii = false } = options
  const { runningStacks = false, spawningStacks = false } = options
  for (const [name, flag] of Object.entries({ locals, runningStacks, spawningStacks, ascii }))
    checkFlag(call, name, flag)
  checkCount(call, 'rows', rows, 1, MOST)
  checkCount(call, 'depth', depth, 0, DEEPEST)
  return { rows, depth, locals, runningStacks, spawningStacks, ascii }
}

function checkCount(call: string, name: string, value: unknown, least: number, most: number): void {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return
  throw new UsageError(
    `${call} expects \`${name}\` to be an integer from ${String(least)} to ${String(most)}, but got ${show(value)}.`,
  )
}
