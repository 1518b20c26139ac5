/**
 * Lets the program's own fetch and undici each keep their own connections, although this library loads both.
 *
 * Node's fetch is a copy of undici that Node brings along and loads at the first use of `fetch` or `Response`. All copies look for their
 * default dispatcher in one slot of the global object; the copy that is loaded first fills it, and the others use what they find. So the
 * mere import of undici would have every later `fetch` of the program run on another version's connections. The other way round, who
 * uses undici itself would find Node's there, to which undici's interceptors do not fit on Node 20 and 22.
 *
 * Hence Node's copy is loaded first; it costs nothing, since undici has Node load it anyway. Then undici's `getGlobalDispatcher`, when it
 * finds what Node put there, gives an Agent of undici's own instead, as if undici was alone. What the program has set, with
 * `setGlobalDispatcher` of any copy, before or after, is what all use, as ever; and where the slot was filled before this library came,
 * nothing is touched at all.
 *
 * What Node put there is told from what a program has set also when it was there before: by its class, whose code lies within Node.
 *
 * Turned down. An empty slot until somebody needs it: undici's own loading has Node's copy fill it. Loading undici at the first request:
 * it cannot be done at once in a module, and bundlers would not see it.
 *
 * Stands on undici's file of that function, which it replaces before undici's others ask for it; without that file undici uses Node's Agent.
 * Must be evaluated before undici: only `undici.ts` imports it, first of all.
 */
import { createRequire } from 'node:module'

/** Of undici up to version 7, and of its copies in Node. */
const SLOT = Symbol.for('undici.globalDispatcher.1')
/** Of undici from version 7 on. Version 8 takes what is here, and keeps something in the other for who takes that. */
const NEW_SLOT = Symbol.for('undici.globalDispatcher.2')

let makeOwn: (() => unknown) | null = null
let own: unknown = null

/** Called when undici is there, with what makes its dispatcher. */
export function undiciIsLoaded(make: () => unknown): void {
  makeOwn = make
}

/** What Node's copy of undici puts into the slot; undefined when something was there before. */
function loadNodes(): unknown {
  if (inSlot() !== undefined) return undefined
  Reflect.get(globalThis, 'Response') // loads it
  return inSlot()
}

function keepApart(nodes: unknown): void {
  const file = createRequire(import.meta.url)('undici/lib/global.js') as { getGlobalDispatcher: () => unknown } // it is one of undici 7
  const { getGlobalDispatcher } = file
  file.getGlobalDispatcher = () => {
    const found = getGlobalDispatcher()
    return found === nodes && makeOwn !== null ? (own ??= makeOwn()) : found
  }
}

/** What is asked of a dispatcher. */
interface Asked {
  dispatch(options: object, handler: null): unknown
}

/** Whether it is what Node's copy of undici makes where nothing is set: an Agent of its class. It tells a mistake of ours from within Node. */
function isNodes(dispatcher: unknown): boolean {
  const agent = dispatcher as Asked // whatever else it is fails here, and is not Node's
  try {
    const its = Object.getPrototypeOf(agent) as Asked
    if (its.constructor.name === 'Agent' && its.dispatch === agent.dispatch) agent.dispatch({}, null)
    return false
  } catch (error) {
    return (error as Error).stack?.includes('(node:internal/deps/undici') === true
  }
}

function inSlot(): unknown {
  return Reflect.get(globalThis, SLOT)
}

const nodes = loadNodes()
/** What is in the slot when the program has set nothing; undefined: it has, or it has loaded another undici. */
const usual = nodes ?? (isNodes(Reflect.get(globalThis, NEW_SLOT) ?? inSlot()) ? inSlot() : undefined)

/** What the program has undici's requests go through; null: nothing in particular. */
export function programsDispatcher(): unknown {
  const found = inSlot()
  return found === usual ? null : found
}

if (nodes !== undefined) {
  try {
    keepApart(nodes)
  } catch {
    // another undici, or one that was put into a bundle: it uses Node's Agent
  }
}
