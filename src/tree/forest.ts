/**
 * The greenlets of a hub, hung up by who has spawned them.
 *
 * At the root is main: plain code, and whatever stands for it in a wait. Everybody else hangs on its spawner, and a raw greenlet, which
 * nobody has spawned, on its parent: that is who made it, unless it was given another.
 *
 * - Living greenlets are all there. Raw ones are in no list; they are found where somebody points at them: who waits for one, who has
 *   switched to one, whose spawner or parent it is, and the current one.
 * - A spawner that has ended stays as long as it has not been collected. Of ended ones in a line, with nobody else on them, only the
 *   youngest does, or a program in which each makes the next would be a line without end.
 * - On whose spawner was collected nothing is known above: it hangs on main.
 *
 * No step calls itself: a line of ten thousand greenlets is nothing special.
 *
 * Stands on the lineage of greenlets. Leaves to `rows.ts` which of them are shown.
 */
import { SpawnedGreenlet } from '../gevent/lineage.ts'
import { type Coroutine, kernel, RETURNED } from '../greenlet/kernel.ts'
import { isGreenlet, type RawGreenlet } from '../greenlet/raw-greenlet.ts'
import type { Hub } from '../hub/hub.ts'
import { nameOf } from './values.ts'

/** A greenlet in the tree. */
export class Branch {
  readonly greenlet: RawGreenlet
  /** Who it hangs on; null: nobody, or it is not known yet. */
  above: Branch | null = null
  /** Those that hang on it, in the order in which they were found: of the living the oldest first. */
  readonly below: Branch[] = []
  /** How many hang on it, while the tree is made. */
  carries = 0
  /** Set when it was left out of a line of ended ones. */
  leftOut = false
  /** While circles are looked for: the walk that came by. */
  walk = 0

  constructor(greenlet: RawGreenlet) {
    this.greenlet = greenlet
  }

  get ended(): boolean {
    return this.greenlet.$status >= RETURNED
  }
}

/** Makes the tree of `hub`; answers main's branch. */
export function grow(hub: Hub): Branch {
  const root = new Branch(kernel.main as RawGreenlet) // every coroutine that is no entry is one
  const branches: Branch[] = []
  const known = new Map<Coroutine, Branch>()
  const enter = (greenlet: RawGreenlet): Branch => {
    let branch = known.get(greenlet)
    if (branch === undefined) {
      branch = standsForMain(greenlet) ? root : new Branch(greenlet)
      known.set(greenlet, branch)
      if (branch !== root) branches.push(branch)
    }
    return branch
  }
  const enterAlive = (coroutine: Coroutine): void => {
    if (isGreenlet(coroutine) && coroutine.$status < RETURNED) enter(coroutine)
  }

  hub.living().forEach(enterAlive)
  for (const wait of hub.mainWaits) {
    enterAlive(wait)
    wait.$wait?.waitsFor?.().forEach(enterAlive)
  }
  for (const call of kernel.mainCalls) enterAlive(call.target)
  enterAlive(kernel.current)
  // The list grows while it is gone through.
  for (const branch of branches) {
    branch.greenlet.$wait?.waitsFor?.().forEach(enterAlive)
    const origin = originOf(branch.greenlet)
    branch.above = origin === null ? root : enter(origin)
  }
  openCircles(branches, root)
  leaveOut(branches)
  for (const branch of branches) if (!branch.leftOut) branch.above?.below.push(branch)
  return root
}

/** Plain code, and the greenlets that wait in its place: nobody has made these, and they have its name. */
export function standsForMain(greenlet: Coroutine): boolean {
  if (greenlet === kernel.main) return true
  return greenlet.$fn === null && !(greenlet instanceof SpawnedGreenlet) && nameOf(greenlet) === 'main'
}

/** Who made it; null: not known any more. */
function originOf(greenlet: RawGreenlet): RawGreenlet | null {
  return greenlet instanceof SpawnedGreenlet ? greenlet.spawningGreenlet() : greenlet.$heir
}

/** A raw greenlet can be given a parent that it has spawned itself. Who closes such a circle hangs on main. */
function openCircles(branches: readonly Branch[], root: Branch): void {
  branches.forEach((start, place) => {
    const walk = place + 1
    for (let branch = start; branch !== root && branch.walk === 0; ) {
      branch.walk = walk
      if (branch.above === null || branch.above.walk === walk) branch.above = root
      branch = branch.above
    }
  })
}

/** Takes ended ones out that only carry another ended one. */
function leaveOut(branches: readonly Branch[]): void {
  for (const { above } of branches) if (above !== null) above.carries++
  for (const branch of branches) {
    if (!branch.ended || branch.leftOut) continue
    while (branch.above?.ended === true && branch.above.carries === 1) {
      branch.above.leftOut = true
      branch.above = branch.above.above
    }
  }
}
