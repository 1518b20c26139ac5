/**
 * Everybody who lives, in a tree by spawner, with what they do now: one look, which the rows and the numbers of a page are taken from.
 *
 * It is taken while the hub stands still, in time linear in the number of greenlets.
 *
 * Stands on the tree. Leaves to `tree-rows.ts` which of them a page is told of.
 */
import { kernel } from '../../greenlet/kernel.ts'
import type { RawGreenlet } from '../../greenlet/raw-greenlet.ts'
import type { Hub } from '../../hub/hub.ts'
import { type Branch, grow } from '../../tree/forest.ts'
import { type Doing, doingOf } from '../../tree/state.ts'
import { nameOf } from '../../tree/values.ts'
import type { Numbers } from './numbers.ts'
import type { RowState, SlowWait, WaitCount } from './state.ts'

/** How many of the slowest waits are kept. */
const SLOWEST = 10
/** How many calls are counted apart. */
const CALLS = 8

/** One in the tree, at the moment of the look. */
export interface Node {
  readonly id: number
  readonly greenlet: RawGreenlet
  readonly name: string
  readonly doing: Doing
  /** For how long it is in its wait; null: it is in none. */
  readonly sinceMs: number | null
  /** It is there for longer than it is watched. */
  readonly isLonger: boolean
  /** Null: it is main. */
  readonly above: Node | null
  /** Those that it has spawned, the oldest first. */
  readonly children: readonly Node[]
  /** How many stand below it. */
  below: number
}

/** One look at a hub. */
export interface Snapshot {
  readonly root: Node
  /** Everybody but main, spawners in front of what they have spawned. */
  readonly nodes: readonly Node[]
  readonly states: Partial<Record<RowState, number>>
  readonly slowest: readonly SlowWait[]
  readonly waits: readonly WaitCount[]
}

/** Looks at `hub`, which is watched since `watchedSince`, by its clock. */
export function takeSnapshot(hub: Hub, numbers: Numbers, watchedSince: number): Snapshot {
  const now = hub.clock.now()
  const nodeOf = ({ greenlet }: Branch, above: Node | null): Node & { children: Node[] } => {
    const doing = doingOf(greenlet, hub)
    const { state, wait, since } = doing
    // Of a wait that nobody has seen begin it is known how old it is at the least; not of those of main, which may be several.
    const isOlder = since === null && state === 'waiting' && wait !== null && above !== null
    const sinceMs = since !== null ? Math.max(0, now - since) : isOlder ? now - watchedSince : null
    return {
      id: greenlet === kernel.main ? 0 : numbers.of(greenlet),
      greenlet,
      name: nameOf(greenlet),
      doing,
      sinceMs,
      isLonger: isOlder,
      above,
      children: [],
      below: 0,
    }
  }
  const top = grow(hub)
  const root = nodeOf(top, null)
  const nodes: Node[] = []
  const queue: [branch: Branch, node: Node & { children: Node[] }][] = [[top, root]]
  // The list grows while it is gone through.
  for (const [branch, node] of queue) {
    for (const below of branch.below) {
      const child = nodeOf(below, node)
      node.children.push(child)
      nodes.push(child)
      queue.push([below, child])
    }
  }
  for (let index = nodes.length - 1; index >= 0; index--) {
    const node = nodes[index]
    if (node?.above != null) node.above.below += node.below + 1 // all that is below it is counted already
  }
  return { root, nodes, ...countsOf(nodes), slowest: slowestOf(nodes) }
}

/** How many do what. */
function countsOf(nodes: readonly Node[]): Pick<Snapshot, 'states' | 'waits'> {
  const states: Snapshot['states'] = {}
  const calls = new Map<string, number>()
  for (const { doing } of nodes) {
    const { state, wait } = doing
    if (state === 'finished') continue
    states[state] = (states[state] ?? 0) + 1
    if (state !== 'waiting' || wait === null) continue
    const call = callOf(wait)
    calls.set(call, (calls.get(call) ?? 0) + 1)
  }
  const counts = Array.from(calls, ([call, count]) => ({ call, count }))
  counts.sort((a, b) => b.count - a.count || (a.call < b.call ? -1 : 1))
  return { states, waits: counts.slice(0, CALLS) }
}

/** `queue.get` of `queue.get({ timeoutMs: 5 })`. */
export function callOf(wait: string): string {
  const end = wait.indexOf('(')
  return end > 0 ? wait.slice(0, end) : wait
}

/** Those that wait longest; of those that wait equally long the older ones. */
function slowestOf(nodes: readonly Node[]): SlowWait[] {
  const slowest: SlowWait[] = []
  for (const { id, name, doing, sinceMs, isLonger } of nodes) {
    const { wait, state } = doing
    if (wait === null || sinceMs === null || state !== 'waiting') continue
    let place = slowest.length
    for (let before = slowest[place - 1]; before !== undefined; before = slowest[--place - 1])
      if (sinceMs < before.sinceMs || (sinceMs === before.sinceMs && (before.isLonger || !isLonger))) break
    if (place === SLOWEST) continue
    slowest.splice(place, 0, { id, name, wait, sinceMs, isLonger })
    if (slowest.length > SLOWEST) slowest.pop()
  }
  return slowest
}
