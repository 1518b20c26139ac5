// What settrace() tells of transfers that follow the tree of parents, or that stay where they are.
import { getcurrent, RawGreenlet, settrace } from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { dropTracers, traced } from '../support/traced.ts'

checkLeaks()
dropTracers()

const main = getcurrent()

describe('settrace()', () => {
  it('tells of a throw to oneself', () => {
    expect(traced(() => main.throw(new Error('mine')))).toEqual(['throw main main', 'main catches mine'])
    const greenlet: RawGreenlet = new RawGreenlet(function* self() {
      try {
        yield* greenlet.throw(new Error('mine'))
      } catch {
        return
      }
    })
    expect(traced(() => greenlet.switch())).toEqual(['switch main self', 'throw self self', 'switch self main'])
  })

  it('tells of a switch and a throw at a dead greenlet as of one to its nearest living ancestor', () => {
    const dead = new RawGreenlet(function* dead() {})
    dead.switch()
    expect(traced(() => dead.switch())).toEqual(['switch main main'])
    expect(traced(() => dead.throw(new Error('late')))).toEqual(['throw main main', 'main catches late'])

    const living = new RawGreenlet(function* living() {
      yield* main.switch()
    })
    living.switch()
    dead.parent = living
    expect(traced(() => dead.switch())).toEqual(['switch main living', 'switch living main'])
  })

  it('tells of a parent that the end of its child starts', () => {
    const parent = new RawGreenlet(function* parent() {})
    const child = new RawGreenlet(function* child() {}, parent)
    expect(traced(() => child.switch())).toEqual(['switch main child', 'switch child parent', 'switch parent main'])
  })

  it('tells of an error on its way up, parent by parent', () => {
    const outer = new RawGreenlet(function* outer() {
      const middle = new RawGreenlet(function* middle() {
        yield* new RawGreenlet(function* inner() {
          throw new Error('up')
        }).switch()
      })
      try {
        yield* middle.switch()
      } catch {
        return
      }
    })
    expect(traced(() => outer.switch())).toEqual([
      'switch main outer',
      'switch outer middle',
      'switch middle inner',
      'throw inner middle',
      'throw middle outer',
      'switch outer main',
    ])
  })

  it('tells each callback only of what happens while it is set', () => {
    const seen: string[] = []
    const greenlet = new RawGreenlet(function* g() {
      settrace((event, origin, target) => seen.push(`second: ${event} ${origin.name} ${target.name}`))
      yield* main.switch()
      settrace(null)
    })
    settrace((event, origin, target) => seen.push(`first: ${event} ${origin.name} ${target.name}`))
    greenlet.switch()
    greenlet.switch()
    expect(seen).toEqual(['first: switch main g', 'second: switch g main', 'second: switch main g'])
  })

  it('leaves the values that go over as they are', () => {
    const events = traced(() => {
      const greenlet = new RawGreenlet(function* (a: number, b: number) {
        return [a, b, yield* main.switch(a + b)]
      })
      expect(greenlet.switch(1, 2).value).toBe(3)
      expect(greenlet.switch(4, 5).value).toEqual([1, 2, [4, 5]])
    })
    expect(events).toHaveLength(4)
  })
})
