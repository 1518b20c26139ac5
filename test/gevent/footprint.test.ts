// What the operations of greenlets look at and change: all that a schedule explorer knows of them, beside who runs and who is woken.
import { Greenlet, joinall, kill, killall, spawn, spawnLater, spawnRaw } from 'greenloop'
import { describe, expect, it } from 'vitest'
import { footprints, settle, touchedBy } from '../support/footprint.ts'
import { checkLeaks } from '../support/leaks.ts'
import { catchReports } from '../support/reports.ts'
import { virtualHub } from '../support/virtual-clock.ts'

checkLeaks()

const nothing = (): void => undefined
/** More than those whom a greenlet keeps in a list that is looked through. */
const MANY = 20

footprints(
  'Greenlet',
  (wait) => {
    const target = spawn(() => new Greenlet(nothing).join())
    return {
      fresh: new Greenlet(nothing),
      dead: wait(null),
      target,
      joiner: wait(target.join()),
      linked: linkedBy(MANY),
    }
  },
  {
    'started, read': [({ target }) => target.started, 'reads target'],
    'dead, read': [({ target }) => target.dead, 'reads target'],
    'ready()': [({ target }) => target.ready(), 'reads target'],
    'successful()': [({ dead }) => dead.successful(), 'reads dead'],
    'value, read': [({ dead }) => dead.value, 'reads dead'],
    'exception, read': [({ dead }) => dead.exception, 'reads dead'],
    'signal, read': [({ target }) => target.signal, 'reads target'],
    'args, read': [({ fresh }) => fresh.args, 'reads fresh'],
    'start()': [({ fresh }) => fresh.start(), 'writes fresh'],
    'start() of one that has ended': [({ dead }) => dead.start(), 'writes dead'],
    'startLater()': [({ fresh }) => fresh.startLater(5), 'writes fresh'],
    'join()': [({ target }) => target.join(), 'writes target'],
    'join() of one that has ended': [({ dead }) => dead.join(), 'reads dead'],
    'join() that is killed': [({ joiner }) => void joiner.kill(), 'writes target, writes joiner'],
    'get()': [({ target }) => target.get(), 'writes target'],
    'get() of one that has ended': [({ dead }) => dead.get(), 'reads dead'],
    'get({ block: false })': [({ target }) => target.get({ block: false }), 'reads target'],
    'kill()': [({ target }) => void target.kill(), 'writes target'],
    'kill() of an unstarted one': [({ fresh }) => void fresh.kill(), 'writes fresh'],
    'kill() of one that has ended': [({ dead }) => void dead.kill(), 'writes dead'],
    'throw()': [({ fresh }) => fresh.throw(), 'writes fresh'],
    'link()': [({ target }) => target.link(nothing), 'writes target'],
    'linkValue()': [({ target }) => target.linkValue(nothing), 'writes target'],
    'linkException()': [({ target }) => target.linkException(nothing), 'writes target'],
    'rawlink()': [({ target }) => target.rawlink(nothing), 'writes target'],
    'unlink()': [({ linked }) => linked.unlink(nothing), 'writes linked'],
    'unlink() of one that is not there': [({ target }) => target.unlink(nothing), 'reads target'],
    'unlinkAll()': [({ linked }) => linked.unlinkAll(), 'writes linked'],
    'hasLinks()': [({ linked }) => linked.hasLinks(), 'reads linked'],
    'use()': [({ dead }) => dead.use(nothing), 'writes dead'],
  },
)

function linkedBy(count: number): Greenlet {
  const greenlet = new Greenlet(nothing)
  for (let n = 0; n < count; n++) greenlet.rawlink(() => n)
  greenlet.rawlink(nothing)
  return greenlet
}

footprints(
  'functions',
  (wait) => ({ dead: wait(null), living: spawn(() => new Greenlet(nothing).join()), raw: spawnRaw(nothing) }),
  {
    'joinall()': [({ dead, living }) => joinall([dead, living]), 'reads dead, writes living'],
    'joinall() of those that have ended': [({ dead }) => joinall([dead]), 'reads dead'],
    'kill()': [({ living }) => kill(living), 'writes living'],
    'kill() of one that has ended': [({ dead }) => kill(dead), 'writes dead'],
    'kill() of a raw one': [({ raw }) => kill(raw), 'writes raw'],
    'killall()': [({ dead, living }) => void killall([dead, living]), 'reads dead, writes living'],
  },
)

describe('the turn of the links', () => {
  it('writes the greenlet, and the wait that is told', () => {
    const { clock } = virtualHub()
    const targets = [spawn(nothing), spawn(nothing)]
    const joiner = spawn(() => joinall(targets))
    settle(clock)
    expect(joiner.ready()).toBe(true)

    const two = [spawnLater(5, nothing), spawnLater(6, nothing)]
    const both = spawn(() => joinall(two))
    settle(clock)
    const steps = [5, 6].map((ms) =>
      touchedBy(() => {
        clock.run(ms)
      }),
    )
    const common = [...(steps[0]?.keys() ?? [])].filter((object) => steps[1]?.get(object) === true)
    // What the ends of the two have in common is the wait, which counts them: they cannot change places.
    expect([common.some((object) => !(object instanceof Greenlet)), both.ready()]).toEqual([true, true])
  })
})

describe('two that fail', () => {
  it('have a common object that they write: joinall() tells which was first', () => {
    const { clock } = virtualHub()
    const reports = catchReports()
    const failing = [1, 2].map((n) =>
      spawnLater(n, () => {
        throw new Error(`failure ${String(n)}`)
      }),
    )
    settle(clock)
    const [first, second] = [1, 2].map((ms) =>
      touchedBy(() => {
        clock.run(ms)
      }),
    )
    const common = [...(first ?? [])].filter(([object, written]) => written && second?.get(object) === true)
    expect([common.length > 0, failing.every(({ dead }) => dead), reports.length]).toEqual([true, true, 2])
  })
})

describe('what is made for all greenlets', () => {
  it('is touched by whoever depends on it: the callbacks of spawn, the small numbers', () => {
    const { clock } = virtualHub()
    const callback = (): void => undefined
    const added = touchedBy(() => {
      Greenlet.addSpawnCallback(callback)
    })
    const spawned = touchedBy(() => spawn(nothing))
    const removed = touchedBy(() => {
      Greenlet.removeSpawnCallback(callback)
    })
    settle(clock)
    const [callbacks] = added.keys()
    expect([added, removed].map((touched) => touched.get(callbacks as object))).toEqual([true, true])
    expect(spawned.get(callbacks as object)).toBe(false)

    const [one, other] = [new Greenlet(nothing), new Greenlet(nothing)].map((greenlet) =>
      touchedBy(() => greenlet.minimalIdent),
    )
    expect([...(one?.keys() ?? [])].map((object) => other?.get(object))).toEqual([true])
  })
})
