// The living: who is among them at which moment, in which order, and that nobody is held who has ended.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { type Greenlet, getHub, joinall, run, sleep, spawn, spawnLater, spawnRaw, spawnWith } from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { virtualHub } from '../support/virtual-clock.ts'

checkLeaks()
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Has everything collected that nobody holds. What was made or asked for lives until the end of the task. */
async function collectAll(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
  collect()
  await new Promise((resolve) => setImmediate(resolve))
}

const names = (): string[] =>
  getHub()
    .living()
    .map(({ name }) => name)

describe('the living', () => {
  it('are there from their start on, also before their first turn, and not after their end', () => {
    const { clock } = virtualHub()
    const seen: string[][] = []
    for (const name of ['a', 'b', 'c']) {
      spawnWith({ name }, function* () {
        seen.push(names())
        if (name === 'b') yield* sleep(5)
      })
    }
    expect(names()).toEqual(['a', 'b', 'c'])
    clock.run(0)
    // One that runs is alive.
    expect(seen).toEqual([
      ['a', 'b', 'c'],
      ['b', 'c'],
      ['b', 'c'],
    ])
    expect(names()).toEqual(['b'])
    clock.run()
    expect(names()).toEqual([])
  })

  it('are in the order of their start, whether they have had a turn or not', async () => {
    await run(function* () {
      const first = spawnWith({ name: 'first' }, sleep, 1000)
      const later = spawnLater(1000, sleep, 0)
      later.name = 'later'
      yield* sleep(0)
      const last = spawnWith({ name: 'last' }, sleep, 1000)
      expect(names().filter((name) => name !== 'main')).toEqual(['first', 'later', 'last'])
      for (const one of [first, later, last]) yield* one.kill()
      expect(names().filter((name) => name !== 'main')).toEqual([])
    })
  })

  it('lose one that is killed before its first turn, at once', () => {
    const { clock } = virtualHub()
    const [a, b, c] = ['a', 'b', 'c'].map((name) => spawnWith({ name }, sleep, 5)) as [Greenlet, Greenlet, Greenlet]
    b.kill()
    expect(names()).toEqual(['a', 'c'])
    a.kill()
    c.kill()
    expect(names()).toEqual([])
    clock.run()
  })

  it('hold nobody who was to start later and was killed, though no slice comes', async () => {
    const { hub } = virtualHub()
    const refs = Array.from({ length: 10 }, () => {
      const greenlet = spawnLater(1000, sleep, 0)
      greenlet.kill()
      return new WeakRef(greenlet)
    })
    expect(hub.living()).toEqual([])
    await collectAll()
    expect(refs.filter((ref) => ref.deref() !== undefined).length).toBeLessThanOrEqual(1)
  })

  it('hold nobody who has ended in his first turn, while others live on', async () => {
    const { clock } = virtualHub()
    const refs: WeakRef<object>[] = []
    const sleepers = [spawn(sleep, 5)]
    for (let n = 0; n < 10; n++) {
      refs.push(new WeakRef(spawn(() => undefined)))
      sleepers.push(spawn(sleep, 5))
    }
    clock.run(1)
    await collectAll()
    expect(refs.filter((ref) => ref.deref() !== undefined).length).toBeLessThanOrEqual(1)
    expect(getHub().living()).toEqual(sleepers)
    clock.run()
  })

  it('are exactly those who were started and have not ended, in random programs', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            how: fc.constantFrom('spawn', 'raw', 'later'),
            ms: fc.integer({ min: 0, max: 3 }),
            kills: fc.option(fc.nat(20), { nil: null }),
            at: fc.integer({ min: 0, max: 3 }),
          }),
          { maxLength: 20 },
        ),
        (steps) => {
          const { hub, clock } = virtualHub()
          const all: { dead: boolean; kill(): unknown }[] = []
          const alive = (): unknown[] => all.filter(({ dead }) => !dead)
          function* body(ms: number) {
            if (ms > 0) yield* sleep(ms - 1)
            expect(hub.living()).toEqual(alive())
          }
          for (const { how, ms, kills, at } of steps) {
            if (how === 'raw') all.push(spawnRaw(body, ms))
            else all.push(how === 'spawn' ? spawn(body, ms) : spawnLater(ms, body, at))
            if (kills !== null) all[kills]?.kill()
            expect(hub.living()).toEqual(alive())
            clock.run(at)
            expect(hub.living()).toEqual(alive())
          }
          clock.run()
          expect(hub.living()).toEqual([])
        },
      ),
      { seed: 10, numRuns: 500 },
    )
  })
})

describe('a joinall', () => {
  it('is woken in the turn of the last end, whatever of the others was only counted', () => {
    const { clock } = virtualHub()
    const order: string[] = []
    const makeAll = (mark: string) =>
      ['a', 'b', 'c'].map((name) =>
        spawnWith({ name }, function* () {
          order.push(name + mark)
        }),
      )
    const lists = [makeAll('1'), makeAll('2')] as const
    spawn(function* () {
      yield* joinall(lists[0])
      order.push('all of 1')
    })
    spawn(function* () {
      yield* joinall(lists[1], { count: 2 })
      order.push('two of 2')
    })
    spawn(function* () {
      for (let n = 0; n < 4; n++) {
        yield* sleep(0)
        order.push(`turn ${String(n)}`)
      }
    })
    clock.run()
    expect(order).toMatchInlineSnapshot(`
      [
        "a1",
        "b1",
        "c1",
        "a2",
        "b2",
        "c2",
        "all of 1",
        "two of 2",
        "turn 0",
        "turn 1",
        "turn 2",
        "turn 3",
      ]
    `)
    expect(lists.flat().map((task) => task.hasLinks())).toEqual([0, 0, 0, 0, 0, 0])
  })
})
