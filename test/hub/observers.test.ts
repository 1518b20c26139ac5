// Several observers of one hub.
import { sleep, spawnWith } from 'greenloop'
import { describe, expect, it } from 'vitest'
import { addObserver, removeObserver, waitingSince } from '../../src/hub/observers.ts'
import type { HubObserver } from '../../src/hub/report.ts'
import { checkLeaks } from '../support/leaks.ts'
import { type Recorder, recorder } from '../support/recorder.ts'
import { virtualHub } from '../support/virtual-clock.ts'

checkLeaks()

/** An observer that writes down what it is told. */
function observer(rec: Recorder, name: string, more: Partial<HubObserver> = {}): HubObserver {
  const say =
    (what: string) =>
    (greenlet: { readonly name: string }): void => {
      rec(`${name}: ${greenlet.name} ${what}`)
    }
  return {
    spawned: say('spawned'),
    blocked: say('blocked'),
    woken: say('woken'),
    interrupted: say('interrupted'),
    ended: say('ended'),
    ...more,
  }
}

describe('addObserver()', () => {
  it('has several told of everything, in the order in which they came', () => {
    const { hub, clock } = virtualHub()
    const rec = recorder()
    addObserver(hub, observer(rec, 'a'))
    addObserver(hub, observer(rec, 'b'))
    const waiter = spawnWith({ name: 'waiter' }, sleep, 10)
    clock.run(5)
    waiter.kill()
    clock.run()
    rec.expect(
      ['spawned', 'woken', 'blocked', 'interrupted', 'woken', 'ended'].flatMap((what) => [
        `a: waiter ${what}`,
        `b: waiter ${what}`,
      ]),
    )
  })

  it('leaves the hub its own when it is the only one', () => {
    const { hub } = virtualHub()
    const only = observer(recorder(), 'a')
    addObserver(hub, only)
    expect(hub.observer).toBe(only)
  })
})

describe('removeObserver()', () => {
  it('takes one of them off, and leaves nothing when it was the last', () => {
    const { hub, clock } = virtualHub()
    const rec = recorder()
    const [a, b] = [observer(rec, 'a'), observer(rec, 'b')]
    addObserver(hub, a)
    addObserver(hub, b)
    removeObserver(hub, a)
    removeObserver(hub, a)
    spawnWith({ name: 'worker' }, () => undefined)
    removeObserver(hub, b)
    clock.run()
    expect(hub.observer).toBeNull()
    rec.expect(['b: worker spawned', 'b: worker woken'])
  })
})

describe('waitingSince()', () => {
  it('asks those who know, and answers null where nobody does', () => {
    const { hub } = virtualHub()
    const waiter = spawnWith({ name: 'waiter' }, sleep, 10)
    expect(waitingSince(hub, waiter)).toBeNull()
    addObserver(hub, observer(recorder(), 'a'))
    addObserver(hub, observer(recorder(), 'b', { since: () => null }))
    expect(waitingSince(hub, waiter)).toBeNull()
    addObserver(hub, observer(recorder(), 'c', { since: () => 7 }))
    expect(waitingSince(hub, waiter)).toBe(7)
    hub.observer = null
    waiter.kill()
  })
})
