/**
 * Runs a program until nothing moves any more, and tells what LoopExit says.
 */
import { type Green, LoopExit, spawnWith } from 'greenloop'
import { expect } from 'vitest'
import { virtualHub } from './virtual-clock.ts'

/** The LoopExit that `program`, in a greenlet that stands for main, is ended by. It must let it pass. */
export function loopExit(program: () => Green<unknown>): LoopExit {
  const { hub, clock } = virtualHub()
  hub.onError = () => undefined
  const main = spawnWith({ name: 'main' }, program)
  hub.mainWaits.add(main)
  clock.run()
  hub.raiseLoopExit()
  clock.run()
  hub.mainWaits.delete(main)
  expect(main.exception).toBeInstanceOf(LoopExit)
  return main.exception as LoopExit // asserted one line above
}
