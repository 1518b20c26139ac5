// How greenlets look: <class "name" state>, in python-greenlet's words. And what else python-greenlet says of a greenlet as an object.
import { inspect } from 'node:util'
import { type Green, Greenlet, getcurrent, RawGreenlet, sleep, spawn, spawnWith } from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'

checkLeaks()

const main = getcurrent()

class Worker extends RawGreenlet {}
class Job<T> extends Greenlet<T> {}

/** All the ways to see one; they must agree. */
function look(greenlet: RawGreenlet): string {
  const ways = [inspect(greenlet), String(greenlet), ['', ''].join(greenlet as unknown as string), greenlet.toString()]
  expect(new Set(ways).size).toBe(1)
  return ways[0]!
}

/** A body that is named `work`, and looks at its greenlet before and after it has suspended. */
function* work(seen: string[]): Green<void> {
  seen.push(look(getcurrent()))
  yield* main.switch()
  seen.push(look(getcurrent()))
}

describe('a greenlet is shown with its class, name and state', () => {
  it.each<[string, () => RawGreenlet]>([
    ['<RawGreenlet "work"', () => new RawGreenlet(work)],
    ['<Worker "work"', () => new Worker(work)],
    ['<Greenlet "work"', () => named(new Greenlet(work as () => Green<void>))],
    ['<Job "work"', () => named(new Job(work as () => Green<void>))],
  ])('%s pending, current, suspended, dead', (head, make) => {
    const seen: string[] = []
    const greenlet = make()
    seen.push(look(greenlet))
    greenlet.switch(seen)
    seen.push(look(greenlet))
    greenlet.switch()
    seen.push(look(greenlet))
    const states = ['pending', 'current active started', 'suspended active started', 'current active started', 'dead']
    expect(seen).toEqual(states.map((state) => `${head} ${state}>`))
  })

  function named(greenlet: Greenlet<void>): Greenlet<void> {
    greenlet.name = 'work'
    return greenlet
  }

  it('that the hub has started and not run as pending started', async () => {
    const greenlets = [spawnWith({ name: 'work' }, sleep, 5), new Greenlet(sleep, 0)]
    greenlets[1]!.name = 'unstarted'
    const seen = [greenlets.map(look)]
    await sleep(0)
    seen.push(greenlets.map(look))
    await greenlets[0]!.join()
    seen.push(greenlets.map(look))
    expect(seen).toEqual([
      ['<Greenlet "work" pending started>', '<Greenlet "unstarted" pending>'],
      ['<Greenlet "work" suspended active started>', '<Greenlet "unstarted" pending>'],
      ['<Greenlet "work" dead>', '<Greenlet "unstarted" pending>'],
    ])
  })

  it('as dead however it has ended', async () => {
    const failed = spawnWith({ name: 'failed' }, () => {
      throw new Error('broken')
    })
    failed.rawlink(() => undefined)
    const killed = spawnWith({ name: 'killed' }, sleep, 1000)
    const never = spawnWith({ name: 'never' }, sleep, 1000)
    void never.kill()
    await sleep(0)
    await killed.kill()
    const thrownAt = new RawGreenlet(work)
    thrownAt.throw()
    expect([failed, killed, never, thrownAt].map(look)).toEqual([
      '<Greenlet "failed" dead>',
      '<Greenlet "killed" dead>',
      '<Greenlet "never" dead>',
      '<RawGreenlet "work" dead>',
    ])
  })

  it('main as main, current or suspended', () => {
    let seen = ''
    new RawGreenlet(() => {
      seen = look(main)
    }).switch()
    expect([look(main), seen]).toEqual([
      '<RawGreenlet "main" current active started main>',
      '<RawGreenlet "main" suspended active started main>',
    ])
  })

  it('one without a name for its body by the name of its class', async () => {
    const spawned = spawn(() => undefined)
    expect(look(new RawGreenlet(() => undefined))).toBe('<RawGreenlet "RawGreenlet" pending>')
    expect(look(new Worker())).toBe('<Worker "Worker" pending>')
    expect(look(spawned)).toMatch(/^<Greenlet "Greenlet-\d+" pending started>$/u)
    await spawned.join()
  })

  it('in one word inside other objects, at any depth', () => {
    const greenlet = new RawGreenlet(work)
    const shown = '<RawGreenlet "work" pending>'
    expect(inspect({ greenlet, list: [greenlet], map: new Map([[greenlet, 1]]) }, { breakLength: Infinity })).toBe(
      `{ greenlet: ${shown}, list: [ ${shown} ], map: Map(1) { ${shown} => 1 } }`,
    )
    expect(inspect({ a: { b: { c: { greenlet } } } }, { depth: 10, compact: true, breakLength: Infinity })).toBe(
      `{ a: { b: { c: { greenlet: ${shown} } } } }`,
    )
  })

  it('by what a subclass makes of toString()', () => {
    class Own extends RawGreenlet {
      override toString(): string {
        return 'my own words'
      }
    }
    expect(look(new Own())).toBe('my own words')
  })

  it('without being disturbed: it can be shown in the middle of everything', () => {
    const greenlet = new RawGreenlet(function* (): Green<unknown> {
      const first = yield* main.switch(inspect([getcurrent(), main]))
      return [first, inspect(getcurrent())]
    })
    greenlet.switch()
    inspect(greenlet)
    expect(greenlet.switch('value').value).toEqual(['value', '<RawGreenlet "RawGreenlet" current active started>'])
  })

  it('also where its prototype is shown, which is none', () => {
    expect([inspect(RawGreenlet.prototype), inspect(Greenlet), inspect(RawGreenlet)]).toEqual([
      '{}',
      '[class Greenlet extends LinkedGreenlet]',
      '[class RawGreenlet]',
    ])
  })
})

describe('main', () => {
  it('is a greenlet, whose class can be extended', () => {
    expect(main).toBeInstanceOf(RawGreenlet)
    class Extended extends (main.constructor as typeof RawGreenlet) {}
    const extended = new Extended(() => 'extended')
    expect(extended).toBeInstanceOf(RawGreenlet)
    expect([look(extended), extended.switch().value]).toEqual(['<Extended "Extended" pending>', 'extended'])
  })
})

describe('properties of a program’s own', () => {
  it('can be set on the running greenlet, and read by others', () => {
    const greenlet: RawGreenlet & { note?: string } = new RawGreenlet(() => {
      Object.assign(getcurrent(), { note: 'was here' })
    })
    greenlet.switch()
    expect(greenlet.note).toBe('was here')
    expect(look(greenlet)).toBe('<RawGreenlet "RawGreenlet" dead>')
  })
})
