/**
 * What a greenlet is doing: its state, its wait, since when, where.
 *
 * Stands on the kernel's fields. Leaves to `drawing.ts` how that is written.
 */

import { GreenletExit } from '../errors/classes.ts'
import { textOf } from '../errors/given.ts'
import type { SpawnedGreenlet } from '../gevent/lineage.ts'
import {
  type Coroutine,
  FAILED,
  type GreenletFrame,
  INTERRUPTED,
  kernel,
  READY,
  RETURNED,
  SWITCHED_OUT,
  UNSTARTED,
} from '../greenlet/kernel.ts'
import { isGreenlet, type RawGreenlet } from '../greenlet/raw-greenlet.ts'
import { awaitedMainCalls } from '../greenlet/switch.ts'
import { listed } from '../hub/deadlock.ts'
import type { Hub } from '../hub/hub.ts'
import { waitingSince } from '../hub/observers.ts'
import { type Location, placeOf } from '../locations.ts'
import { ownerOf } from '../waiting/agent.ts'
import { standsForMain } from './forest.ts'
import { inLine, nameOf, shown, shownError } from './values.ts'

/**
 * - `running`: its code runs now; of main: plain code does, and waits for nothing.
 * - `ready`: it goes on, or begins, in its turn.
 * - `waiting`: it is in a wait of the hub.
 * - `switched`: it has switched to somebody else, and nobody has switched back.
 * - `not started`: nobody has had it run, or the time for that has not come.
 * - `finished`: it has ended.
 */
export type TreeState = 'running' | 'ready' | 'waiting' | 'switched' | 'not started' | 'finished'

/** What somebody is doing. */
export interface Doing {
  readonly state: TreeState
  /** The call that it waits in; of main that has switched to somebody that call; `start()` of one that is about to. Null: none, or not known. */
  readonly wait: string | null
  readonly because: string | null
  /** Names of those who could end the wait. */
  readonly waitsFor: readonly string[]
  /** By the clock of the hub; null: nobody has watched. */
  readonly since: number | null
  readonly place: Location | null
  /** Of one that has ended: how. */
  readonly outcome: string | null
}

/** Names that are told of for whom one waits. */
const MOST_NAMES = 50

const NOBODY: readonly never[] = []
const NOTHING = { wait: null, because: null, waitsFor: NOBODY, since: null, place: null, outcome: null }

/** The state of anybody but main. */
export function stateOf(greenlet: RawGreenlet): TreeState {
  const { $status: status, $turn: turn, $wait: wait } = greenlet
  if (status >= RETURNED) return 'finished'
  if (greenlet === kernel.current) return 'running'
  if (turn === READY) return 'ready'
  if (status === UNSTARTED) return 'not started'
  if (wait !== null) return 'waiting'
  return status === SWITCHED_OUT ? 'switched' : 'ready'
}

/** What `greenlet`, of `hub`, is doing now. */
export function doingOf(greenlet: RawGreenlet, hub: Hub): Doing {
  if (greenlet === kernel.main) return mainDoing(hub)
  const state = stateOf(greenlet)
  const { $status: status, $wait: wait } = greenlet
  return {
    state,
    wait: state === 'ready' && status === UNSTARTED ? 'start()' : wait === null ? null : inLine(textOf(wait)),
    because:
      state === 'ready' && status === INTERRUPTED
        ? `${shownError(greenlet.$slot)} is thrown at it`
        : becauseOf(greenlet),
    waitsFor: namesOf(wait?.waitsFor?.() ?? NOBODY),
    since: wait === null ? null : waitingSince(hub, greenlet),
    place: placeOf(greenlet),
    outcome: state === 'finished' ? outcomeOf(greenlet) : null,
  }
}

/** What main is doing: its waits are those of who stands for it. */
function mainDoing(hub: Hub): Doing {
  if (kernel.current !== kernel.main && standsForMain(kernel.current)) return { ...NOTHING, state: 'running' }
  const own: Coroutine[] = []
  const waits = new Set<string>()
  const others = new Set<Coroutine>()
  for (const wait of hub.mainWaits) {
    if (isGreenlet(wait) && !standsForMain(wait)) {
      waits.add('run()') // the greenlet of a main function has a place of its own
    } else {
      own.push(wait)
      if (wait.$wait !== null) waits.add(textOf(wait.$wait))
      for (const other of wait.$wait?.waitsFor?.() ?? []) others.add(other)
    }
  }
  for (const call of awaitedMainCalls()) {
    waits.add(String(call))
    others.add(call.target)
  }
  if (waits.size === 0) return mainIdle()
  const [one] = own.length === 1 && waits.size === 1 ? own : []
  const state = hub.mainWaits.size === 0 ? 'switched' : 'waiting'
  return {
    state,
    wait: inLine(listed([...waits], ' and in ')),
    because: one === undefined ? null : becauseOf(one),
    waitsFor: namesOf([...others]),
    since: one === undefined ? null : waitingSince(hub, one),
    place: one === undefined ? null : placeIn(kernel.debug?.frameOf(one) ?? null),
    outcome: null,
  }
}

/** Main waits for nothing: its code runs, it is in a `switch()`, or it has nothing left to run and the hub has its place. */
function mainIdle(): Doing {
  if (kernel.mainInside) return { ...NOTHING, state: 'switched' }
  return { ...NOTHING, state: kernel.current === kernel.main ? 'running' : 'ready' }
}

function becauseOf({ $wait: wait }: Coroutine): string | null {
  const because = wait?.because?.() ?? ''
  return because === '' ? null : inLine(because)
}

function namesOf(coroutines: readonly Coroutine[]): readonly string[] {
  if (coroutines.length === 0) return NOBODY
  return coroutines.slice(0, MOST_NAMES).map((coroutine) => nameOf(ownerOf(coroutine)))
}

/** How one has ended. */
function outcomeOf({ $status: status, $slot: slot }: RawGreenlet): string {
  if (status === FAILED) return `failed with ${slot === undefined ? 'an error' : shownError(slot)}`
  return slot instanceof GreenletExit ? 'was killed' : slot === undefined ? 'has ended' : `returned ${shown(slot)}`
}

/** Where it was made; known in debug mode. */
export function birthplaceOf(greenlet: RawGreenlet): Location | null {
  return greenlet === kernel.main ? null : placeIn(kernel.debug?.birthOf(greenlet) ?? null)
}

function placeIn(frame: GreenletFrame | null): Location | null {
  return frame === null ? null : { file: frame.file, line: frame.line }
}

/** What the whole tree of one that was spawned shares; null: nothing that is known here. */
export function treeLocalsOf(greenlet: RawGreenlet): object | null {
  return (greenlet as Partial<SpawnedGreenlet>).$family?.locals ?? null // a raw one has no such field
}
