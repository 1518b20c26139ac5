/**
 * Greenlets on a virtual clock, all of which are gone when a test has looked at them.
 */
import { type Green, type Greenlet, GreenletTree, type Operation, sleep, spawnWith } from 'greenloop'
import type { Coroutine } from '../../src/greenlet/kernel.ts'
import type { Step } from '../../src/greenlet/operation.ts'
import type { Hub } from '../../src/hub/hub.ts'
import { addObserver, removeObserver } from '../../src/hub/observers.ts'
import type { HubObserver } from '../../src/hub/report.ts'
import { HubOperation } from '../../src/waiting/operation.ts'
import { Wait } from '../../src/waiting/wait.ts'
import { inVirtualHub, type VirtualHub } from '../support/virtual-clock.ts'

/** Runs `program` with a hub of its own as the default one; whoever lives afterwards is killed. */
export function inWorld<T>(program: (world: VirtualHub) => T): T {
  return inVirtualHub((world) => {
    const { hub, clock } = world
    hub.onError = () => undefined
    try {
      return program(world)
    } finally {
      for (const greenlet of hub.living()) greenlet.kill()
      clock.run()
    }
  })
}

/** The tree of the default hub. */
export function tree(): string {
  return String(GreenletTree.currentTree())
}

/** Lines as a text. */
export function lines(...texts: readonly string[]): string {
  return texts.join('\n')
}

/** Spawns a greenlet of that name. */
export function named(name: string, body: () => Green<unknown> | Operation<unknown>): Greenlet {
  return spawnWith({ name }, body)
}

/** A body that waits for an hour. */
export function rest(): Operation<void> {
  return sleep(3_600_000)
}

/** Waits for ever, and says of whom. */
export class Stuck extends HubOperation<void> {
  readonly #targets: readonly Coroutine[]

  constructor(...targets: readonly Coroutine[]) {
    super()
    this.#targets = targets
  }

  override begin(greenlet: Coroutine): Step<void> {
    return new StuckWait(greenlet, this.#targets).park()
  }

  override toString(): string {
    return 'thing.wait()'
  }
}

class StuckWait extends Wait {
  readonly #targets: readonly Coroutine[]

  constructor(greenlet: Coroutine, targets: readonly Coroutine[]) {
    super(greenlet)
    this.#targets = targets
  }

  override describe(): string {
    return 'thing.wait()'
  }

  waitsFor(): readonly Coroutine[] {
    return this.#targets
  }
}

/** Runs `body` while it is known since when each is in its wait, as it is while a recorder is on. */
export function whileWatched<T>(hub: Hub, body: () => T): T {
  const waits = new Map<Coroutine, number>()
  const forget = (greenlet: Coroutine): void => {
    waits.delete(greenlet)
  }
  const observer: HubObserver = {
    spawned: () => undefined,
    blocked: (greenlet) => {
      waits.set(greenlet, hub.clock.now())
    },
    woken: forget,
    interrupted: () => undefined,
    ended: forget,
    since: (greenlet) => waits.get(greenlet) ?? null,
  }
  addObserver(hub, observer)
  try {
    return body()
  } finally {
    removeObserver(hub, observer)
  }
}
