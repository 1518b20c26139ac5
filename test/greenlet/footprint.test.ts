// What the primitives say to a schedule explorer, and what raw greenlets, timers and wait lists say.
import { getHub, RawGreenlet } from 'greenloop'
import { describe, expect, it } from 'vitest'
import { reads, writes } from '../../src/greenlet/footprint.ts'
import { kernel } from '../../src/greenlet/kernel.ts'
import { Timer } from '../../src/hub/timers.ts'
import { type ListNode, Roster, WaitList } from '../../src/waiting/wait-list.ts'
import { footprints, settle, touchedBy } from '../support/footprint.ts'
import { checkLeaks } from '../support/leaks.ts'
import { virtualHub } from '../support/virtual-clock.ts'

checkLeaks()

describe('reads() and writes()', () => {
  it('tell nobody as long as nobody explores', () => {
    expect(kernel.footprint).toBe(null)
    reads({})
    writes({})
    expect(kernel.footprint).toBe(null)
  })

  it('tell whoever does, in the order of the calls', () => {
    const told: string[] = []
    const [a, b] = [{ name: 'a' }, { name: 'b' }]
    kernel.footprint = {
      read: (object) => void told.push(`read ${(object as { name: string }).name}`), // they are the two above
      written: (object) => void told.push(`written ${(object as { name: string }).name}`), // as above
    }
    try {
      reads(a)
      writes(b)
      reads(b)
    } finally {
      kernel.footprint = null
    }
    expect(told).toEqual(['read a', 'written b', 'read b'])
  })
})

footprints(
  'RawGreenlet',
  () => {
    const dead = new RawGreenlet(() => 1)
    dead.switch()
    return { raw: new RawGreenlet(() => 1), dead }
  },
  {
    'dead, read': [({ raw }) => raw.dead, 'reads raw'],
    'active, read': [({ raw }) => raw.active, 'reads raw'],
    'parent, read': [({ raw }) => raw.parent, 'reads raw'],
    'parent, set': [
      ({ raw, dead }) => {
        raw.parent = dead
      },
      'writes raw, reads dead',
    ],
    'grContext, read': [({ raw }) => raw.grContext, 'reads raw'],
    'grContext, set': [
      ({ raw }) => {
        raw.grContext = null
      },
      'writes raw',
    ],
    'run, read': [({ raw }) => raw.run, 'reads raw'],
    'run, set': [
      ({ raw }) => {
        raw.run = () => 2
      },
      'writes raw',
    ],
    'switch()': [({ raw }) => raw.switch(), 'writes raw'],
    'switch() to a dead one': [({ dead }) => dead.switch(), 'writes dead'],
    'throw()': [({ raw }) => raw.throw(), 'writes raw'],
  },
)

describe('a timer', () => {
  class Nothing extends Timer {
    override expired(): void {
      // it only goes off
    }
  }

  it('is written when it starts, when it is stopped, and when it goes off in its turn; one that does not run is left alone', () => {
    const { timers } = virtualHub().hub
    const [timer, other] = [new Nothing(), new Nothing()]
    const touched = (act: () => void) => touchedBy(act).get(timer)
    expect(
      touched(() => {
        timers.add(timer, 5)
      }),
    ).toBe(true)
    timers.add(other, 5)
    expect(
      touched(() => {
        timers.remove(other)
      }),
    ).toBe(undefined)
    expect(
      touched(() => {
        timers.goOff(timer)
      }),
    ).toBe(true)
    expect(
      touched(() => {
        timers.remove(timer)
      }),
    ).toBe(undefined)
    timers.add(timer, 5)
    expect(
      touched(() => {
        timers.remove(timer)
      }),
    ).toBe(true)
  })
})

describe('a wait list', () => {
  const node = (): ListNode => ({ list: null, before: null, after: null })

  it('writes its owner when somebody comes or leaves, whoever has that done', () => {
    const owner = {}
    const list = new WaitList(owner)
    const [first, second] = [node(), node()]
    const touched = (act: () => void) => [...touchedBy(act)]
    expect(
      touched(() => {
        list.push(first)
      }),
    ).toEqual([[owner, true]])
    list.push(second)
    expect(touched(() => list.shift())).toEqual([[owner, true]])
    expect(
      touched(() => {
        list.remove(second)
      }),
    ).toEqual([[owner, true]])
    expect(touched(() => list.shift())).toEqual([])
    expect(
      touched(() => {
        list.remove(second)
      }),
    ).toEqual([])
  })

  it('is its own owner when nobody is named', () => {
    const list = new WaitList()
    expect([
      ...touchedBy(() => {
        list.push(node())
      }),
    ]).toEqual([[list, true]])
  })

  it('of entries does the same', () => {
    const owner = {}
    const roster = new Roster<string>(owner, ['a'])
    expect([
      ...touchedBy(() => {
        roster.push('b')
      }),
    ]).toEqual([[owner, true]])
    expect([...touchedBy(() => roster.size)]).toEqual([[owner, false]])
    expect([...touchedBy(() => roster.shift())]).toEqual([[owner, true]])
  })
})

describe('a callback of the hub', () => {
  it('is looked at by pending, and written by stop() and by its turn', () => {
    const { clock } = virtualHub()
    const hub = getHub()
    const [callback, stopped] = [hub.runCallback(() => 1), hub.runCallback(() => 2)]
    expect(touchedBy(() => callback.pending).get(callback)).toBe(false)
    expect(
      touchedBy(() => {
        stopped.stop()
      }).get(stopped),
    ).toBe(true)
    const touched = touchedBy(() => {
      settle(clock)
    })
    expect([touched.get(callback), touched.get(stopped)]).toEqual([true, undefined])
  })
})
