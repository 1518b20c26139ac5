// getcurrent(), and the greenlet as an object of its own: who is running, and what may be hung on it.
import { type Green, getcurrent, RawGreenlet } from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { recorder } from '../support/recorder.ts'

checkLeaks()

const main = getcurrent()

describe('getcurrent()', () => {
  it('is whoever runs, at each step of a way through three greenlets and back', () => {
    const rec = recorder()
    const note = (): void => {
      rec(getcurrent().name)
    }
    const c: RawGreenlet = new RawGreenlet(function* c() {
      note()
      yield* a.switch()
    })
    const b = new RawGreenlet(function* b() {
      note()
      yield* c.switch()
    })
    const a: RawGreenlet = new RawGreenlet(function* a() {
      note()
      yield* b.switch()
      note()
      yield* main.switch()
      note()
    })
    note()
    a.switch()
    note()
    a.switch()
    note()
    rec.expect(['main', 'a', 'b', 'c', 'a', 'main', 'a', 'main'])
  })

  it('is the greenlet in the finally block that a throw of main has reached', () => {
    const rec = recorder()
    const greenlet = new RawGreenlet(function* g() {
      try {
        yield* main.switch()
      } finally {
        rec(getcurrent().name)
      }
    })
    greenlet.switch()
    greenlet.throw()
    rec.expect(['g'])
  })

  it('is the object of the subclass that was made', () => {
    class Session extends RawGreenlet {
      readonly user: string
      constructor(user: string) {
        super()
        this.user = user
      }
      override *run(): Green<unknown> {
        return yield* deepInside()
      }
    }
    function* deepInside(): Green<unknown> {
      const session = getcurrent()
      return session instanceof Session ? session.user : 'nobody'
    }
    expect(new Session('ann').switch().value).toBe('ann')
  })
})

describe('a greenlet', () => {
  it('carries what its body hangs on getcurrent(), for main to read', () => {
    const greenlet: RawGreenlet & { found?: number } = new RawGreenlet(function* () {
      Object.assign(getcurrent(), { found: 42 })
    })
    greenlet.switch()
    expect(greenlet.found).toBe(42)
  })

  it('is a key as good as any other: two of one function are two', () => {
    function* body(): Green<void> {}
    const [one, other] = [new RawGreenlet(body), new RawGreenlet(body)]
    const notes = new WeakMap([
      [one, 'one'],
      [other, 'other'],
      [main, 'main'],
    ])
    expect([notes.get(one), notes.get(other), notes.get(getcurrent())]).toEqual(['one', 'other', 'main'])
  })
})
