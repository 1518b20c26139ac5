/**
 * The choices that a policy is asked to decide, made by hand.
 */
import { Greenlet } from 'greenloop'
import { Timer } from '../../src/hub/timers.ts'
import { Choices, type Policy } from '../../src/testing/schedule/choices.ts'

/** Somebody who can go on. */
export function somebody(): Greenlet {
  return new Greenlet(function* () {})
}

/** A timer that is due. */
export class DueTimer extends Timer {
  expired(): void {}
}

/** The choices at one step: who is ready, which timers are due, who ran last. */
export function offer(ready: readonly Greenlet[], due: readonly Timer[] = [], last = -1): Choices {
  const choices = new Choices()
  choices.ready.push(...ready)
  choices.due.push(...due)
  choices.count = ready.length + due.length
  choices.last = last
  return choices
}

/** Has `threads` that are ready all the time take `steps` steps each; answers who took each step. */
export function play(policy: Policy, threads: number, steps: number): number[] {
  const all = Array.from({ length: threads }, somebody)
  const left = all.map(() => steps)
  const taken: number[] = []
  let ready = [...all]
  while (ready.length > 0) {
    const last = ready.indexOf(all[taken.at(-1) ?? -1] as Greenlet)
    const chosen = ready[policy.choose(offer(ready, [], last), taken.length)] as Greenlet
    const who = all.indexOf(chosen)
    taken.push(who)
    left[who] = (left[who] as number) - 1
    // Who has run goes to the tail, as in the hub.
    ready = ready.filter((one) => one !== chosen)
    if (left[who] > 0) ready.push(chosen)
  }
  return taken
}
