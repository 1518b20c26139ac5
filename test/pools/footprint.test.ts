// What the operations of groups, pools, nurseries and of waits for several things look at and change.
import {
  choose,
  Event,
  fromCallback,
  Greenlet,
  Group,
  iwait,
  type Nursery,
  nursery,
  type Operation,
  Pool,
  sleep,
  spawn,
  wait,
} from 'greenloop'
import { describe, expect, it } from 'vitest'
import { footprints, settle, theOneTouchedBy, touchedBy } from '../support/footprint.ts'
import { checkLeaks } from '../support/leaks.ts'
import { virtualHub } from '../support/virtual-clock.ts'

checkLeaks()

const nothing = (): void => undefined
const forever = () => new Event().wait()

footprints(
  'Group',
  (drive) => {
    const group = new Group()
    const member = group.spawn(forever)
    return { group, member, empty: new Group(), other: spawn(forever), joiner: drive(group.join()) }
  },
  {
    size: [({ group }) => group.size, 'reads group'],
    'has()': [({ group, other }) => group.has(other), 'reads group'],
    iteration: [({ group }) => [...group], 'reads group'],
    'add()': [({ empty, other }) => empty.add(other), 'writes empty, writes other'],
    'discard()': [({ group, member }) => group.discard(member), 'writes group, writes member'],
    'spawn()': [({ group }) => group.spawn(nothing), 'writes group'],
    'start()': [({ group }) => group.start(new Greenlet(nothing)), 'writes group'],
    'join()': [({ group }) => group.join(), 'writes group'],
    'join() of an empty one': [({ empty }) => empty.join(), 'reads empty'],
    'join() that is killed': [({ joiner }) => void joiner.kill(), 'writes group, writes joiner'],
    'kill()': [({ group }) => void group.kill(), 'writes group, writes member'],
    'killone()': [({ group, member }) => void group.killone(member), 'writes group, writes member'],
    'killone() of one who is no member': [({ empty, member }) => void empty.killone(member), 'writes empty'],
    'apply()': [({ group }) => group.apply(nothing), 'writes group'],
    'applyAsync()': [({ group }) => group.applyAsync(nothing), 'writes group'],
    'map()': [({ group }) => group.map(nothing, [1]), ''], // its feeder enters the elements
  },
)

footprints(
  'Pool',
  (drive) => {
    const [full, waited] = [new Pool(1), new Pool(1)]
    full.spawnNowait(forever)
    waited.spawnNowait(forever)
    return { pool: new Pool(2), full, waited, waiting: drive(waited.spawn(nothing)) }
  },
  {
    'full()': [({ pool }) => pool.full(), 'reads pool'],
    'freeCount()': [({ pool }) => pool.freeCount(), 'reads pool'],
    'spawn()': [({ pool }) => pool.spawn(nothing), 'writes pool'],
    'spawn() that waits': [({ full }) => full.spawn(nothing), 'writes full'],
    'spawn() that is killed': [({ waiting }) => void waiting.kill(), 'writes waited, writes waiting'],
    'spawnNowait()': [({ pool }) => pool.spawnNowait(nothing), 'writes pool'],
    'spawnNowait() without a place': [({ full }) => full.spawnNowait(nothing), 'reads full'],
    'add()': [({ pool }) => pool.add(spawn(nothing)), 'writes pool'],
    'start({ blocking: false }) without a place': [
      ({ full }) => full.start(new Greenlet(nothing), { blocking: false }),
      'reads full',
    ],
    'waitAvailable()': [({ pool }) => pool.waitAvailable(), 'reads pool'],
    'waitAvailable() that waits': [({ full }) => full.waitAvailable(), 'writes full'],
  },
)

describe('the end of a member', () => {
  it('writes the group in the turn of its links', () => {
    const { clock } = virtualHub()
    const group = new Group()
    const member = group.spawn(nothing)
    const touched = touchedBy(() => {
      settle(clock)
    })
    expect([touched.get(group), touched.get(member), group.size]).toEqual([true, true, 0])
  })
})

describe('an iteration', () => {
  it('looks at the group again with each member', () => {
    const { clock } = virtualHub()
    const group = new Group([spawn(nothing), spawn(nothing)])
    let members: Iterator<Greenlet> | null = null
    touchedBy(() => {
      members = group[Symbol.iterator]()
    })
    const looks = [1, 2, 3].map(() => touchedBy(() => members?.next()).get(group))
    expect(looks).toEqual([false, false, false])
    settle(clock)
  })
})

describe('a map', () => {
  it('has one object for its cursor and its elements, written by each of their steps', () => {
    const { clock } = virtualHub()
    const group = new Group()
    const results: unknown[] = []
    const reader = spawn(function* () {
      using cursor = group.imap((n: number) => sleep(n), [1, 2])
      while (yield* cursor.next()) results.push(cursor.value)
    })
    settle(clock)
    const [first, second] = [1, 2].map((ms) =>
      touchedBy(() => {
        clock.run(ms)
      }),
    )
    const common = [...(first ?? [])].filter(([object, written]) => written && second?.get(object) === true)
    expect(common.map(([object]) => object.constructor.name)).toEqual(
      expect.arrayContaining(['Group', 'MapCursor', 'Mapping']),
    )
    expect([results.length, reader.ready()]).toEqual([2, true])
  })
})

describe('a nursery', () => {
  it('has one object, written when somebody is spawned in it, ends in it, and when it is left', () => {
    const { clock } = virtualHub()
    let given: Nursery | null = null
    const owner = spawn(() =>
      nursery(function* (n) {
        given = n
        yield* sleep(1)
      }),
    )
    settle(clock)
    const children = theOneTouchedBy(() => given?.size)
    const touched = (act: () => void) => touchedBy(act).get(children)
    expect(
      touched(() => {
        given?.spawn(() => sleep(2))
      }),
    ).toBe(true)
    expect(
      touched(() => {
        settle(clock)
      }),
    ).toBe(undefined)
    // The body ends, the child ends.
    const ends = [1, 2].map((ms) =>
      touched(() => {
        clock.run(ms)
      }),
    )
    expect([ends, owner.ready()]).toEqual([[true, true], true])
    expect(touched(() => void given?.kill())).toBe(false)
    expect(() => touched(() => given?.spawn(nothing))).toThrow('A nursery was left')
  })
})

describe('a wait for several things', () => {
  type WaitFor = (events: readonly [Event, Event]) => Operation<unknown>
  it.each<readonly [call: string, waitFor: WaitFor]>([
    ['choose()', ([a, b]) => choose({ a: a.wait(), b: b.wait() })],
    ['wait()', (events) => wait(events)],
    ['iwait()', (events) => iwait(events).next()],
  ])('of %s is written by each that tells it, and writes what it leaves', (_call, waitFor) => {
    const { clock } = virtualHub()
    const events = [new Event(), new Event()] as const
    const waiting = spawn(() => waitFor(events))
    const begun = touchedBy(() => {
      settle(clock)
    })
    const own = [...begun.keys()].filter((object) => !(object instanceof Event || object instanceof Greenlet))
    expect(events.map((event) => begun.get(event))).toEqual([true, true])
    const told = touchedBy(() => {
      events[0].set()
      settle(clock)
    })
    expect(own.some((object) => told.get(object) === true)).toBe(true)
    const killed = touchedBy(() => void waiting.kill())
    expect(killed.get(waiting)).toBe(true)
    settle(clock)
  })

  it('of a callback is written by its calls, of which the first one counts', () => {
    const { clock } = virtualHub()
    const calls: (() => void)[] = []
    const waiting = spawn(() =>
      fromCallback((callback) => {
        calls.push(callback)
      }),
    )
    settle(clock)
    const [first, second] = [1, 2].map(() => touchedBy(() => calls[0]?.()))
    expect([...(first?.keys() ?? [])].filter((object) => second?.get(object) === true)).toHaveLength(1)
    settle(clock)
    expect(waiting.ready()).toBe(true)
  })

  it('until nothing is left is written when somebody begins one, and when he gives up', () => {
    const { clock, hub } = virtualHub()
    const waiting = [1, 2].map(() => spawn(() => wait()))
    expect(
      touchedBy(() => {
        hub.runSlice()
      }).get(hub.idleWaits),
    ).toBe(true)
    settle(clock)
    expect(waiting.every((one) => one.ready())).toBe(true)
  })
})
