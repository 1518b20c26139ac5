// The tree of parents: where a value and an error go when a greenlet ends, or when somebody aims at one that has ended.
import { type Green, GreenletExit, getcurrent, RawGreenlet, UsageError } from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { recorder } from '../support/recorder.ts'
import { message, messageOf, thrown } from '../support/thrown.ts'

checkLeaks()

const main = getcurrent()

const NO_BODY =
  `Greenlet "RawGreenlet" has nothing to run: it was made without a function, and its class has no run().\n\n` +
  `  new RawGreenlet()                       // incorrect: there is no body\n` +
  `  new RawGreenlet(function* () { ... })   // correct`

/** A greenlet that is suspended, and tells at its end what it was sent: `['heir', 'value', 5]`. */
function heir(parent?: RawGreenlet): RawGreenlet {
  const greenlet = new RawGreenlet(function* heir(): Green<unknown> {
    try {
      return ['heir', 'value', yield* main.switch()]
    } catch (error) {
      return ['heir', 'error', error]
    }
  }, parent)
  greenlet.switch()
  return greenlet
}

/** A greenlet that has ended. */
function ended(parent: RawGreenlet): RawGreenlet {
  const greenlet = new RawGreenlet(() => undefined)
  greenlet.switch()
  greenlet.parent = parent
  return greenlet
}

describe('switch()', () => {
  it('gives what the next one passes who switches back, be it another than was called', () => {
    const b = new RawGreenlet(function* b() {
      yield* main.switch('from b')
    })
    const a = new RawGreenlet(function* a() {
      yield* b.switch()
    })
    expect(a.switch().value).toBe('from b')
    expect([a.active, b.active]).toEqual([true, true])
  })

  it('to a dead greenlet passes over all dead ancestors to the nearest living one', () => {
    const living = heir()
    expect(ended(ended(ended(living))).switch('far').value).toEqual(['heir', 'value', 'far'])
  })

  it('to a dead greenlet whose heir has not started starts that with all the values as its arguments', () => {
    const unstarted = new RawGreenlet((...args: unknown[]) => args)
    expect(ended(unstarted).switch(1, 2, 3).value).toEqual([1, 2, 3])
  })

  it('to a dead greenlet whose heir has no body says so, and the heir can be given one', () => {
    const unstarted = new RawGreenlet()
    const dead = ended(unstarted)
    expect([message(() => dead.switch(1)), message(() => dead.switch(1))]).toEqual([NO_BODY, NO_BODY])
    unstarted.run = (...args) => args
    expect(dead.switch(1, 2).value).toEqual([1, 2])
  })

  it('to a dead greenlet in a greenlet comes back at once when that is its nearest living ancestor', () => {
    const greenlet: RawGreenlet = new RawGreenlet(function* (): Green<unknown> {
      return [yield* child.switch('mine'), yield* child.switch(1, 2)]
    })
    const child = ended(ended(greenlet))
    expect(greenlet.switch().value).toEqual(['mine', [1, 2]])
  })
})

describe('the end of a greenlet', () => {
  it('by a value goes to its parent, not to the one who has switched to it', () => {
    const rec = recorder()
    const a: RawGreenlet = new RawGreenlet(function* () {
      rec(`a gets ${String(yield* b.switch())}`)
    })
    const b: RawGreenlet = new RawGreenlet(function* () {
      rec(`b gets ${String(yield* c.switch())}`)
    })
    const c: RawGreenlet = new RawGreenlet(() => 'the value of c', a)
    a.switch()
    rec.expect(['a gets the value of c'])
    expect([a.dead, b.active]).toEqual([true, true])
  })

  it('by an error goes to its parent, not to the one who has switched to it', () => {
    const rec = recorder()
    const a: RawGreenlet = new RawGreenlet(function* () {
      try {
        yield* b.switch()
      } catch (error) {
        rec(`a catches ${messageOf(error)}`)
      }
    })
    const b: RawGreenlet = new RawGreenlet(function* () {
      try {
        yield* c.switch()
      } catch {
        rec('b catches')
      }
    })
    const c: RawGreenlet = new RawGreenlet(() => {
      throw new Error('the error of c')
    }, a)
    a.switch()
    rec.expect(['a catches the error of c'])
    expect([a.dead, b.active]).toEqual([true, true])
  })

  it('goes to the parent that it has then, not to the one that it had when it was started', () => {
    const last = heir()
    const greenlet = new RawGreenlet(() => {
      getcurrent().parent = last
      return 'testament'
    })
    expect(greenlet.switch().value).toEqual(['heir', 'value', 'testament'])
  })

  it('starts a whole line of parents that have not started, each with what the one below returned', () => {
    const add = (n: number): number => n + 1
    const line = new RawGreenlet(add, new RawGreenlet(add, new RawGreenlet(add)))
    expect(new RawGreenlet(() => 0, line).switch().value).toBe(3)
    expect(line.dead).toBe(true)
  })

  it('hands a list that it returned to an unstarted parent as one argument', () => {
    const parent = new RawGreenlet((...args: unknown[]) => args)
    expect(new RawGreenlet(() => [1, 2], parent).switch().value).toEqual([[1, 2]])
  })

  it('by GreenletExit starts an unstarted parent with that exit as its argument', () => {
    const exit = new GreenletExit()
    const parent = (): RawGreenlet => new RawGreenlet((...args: unknown[]) => args)
    const raising = (): never => {
      throw exit
    }
    expect(new RawGreenlet(raising, parent()).switch().value).toEqual([exit])
    expect(new RawGreenlet(function* () {}, parent()).throw(exit).value).toEqual([exit])
  })

  it('by an error ends a line of parents that have not started, up to one that catches', () => {
    const error = new RangeError('from the bottom')
    const rec = recorder()
    const catcher = heir()
    const second = new RawGreenlet(() => rec('second'), catcher)
    const first = new RawGreenlet(() => rec('first'), second)
    const child = new RawGreenlet(() => {
      throw error
    }, first)
    expect(child.switch().value).toEqual(['heir', 'error', error])
    expect([child.dead, first.dead, second.dead, catcher.dead]).toEqual([true, true, true, true])
    rec.expect([])
  })

  it('into an unstarted parent without a body throws the error about that in the next ancestor', () => {
    expect(message(() => new RawGreenlet(() => 42, new RawGreenlet()).switch())).toBe(NO_BODY)

    const [, how, error] = new RawGreenlet(() => 42, new RawGreenlet(null, heir())).switch().value as unknown[]
    expect(how).toBe('error')
    expect(error).toBeInstanceOf(UsageError)
    expect(messageOf(error)).toBe(NO_BODY)
  })

  it('into a parent without a body leaves that unstarted; with a body it can be started', () => {
    const parent = new RawGreenlet()
    const child = (): RawGreenlet => new RawGreenlet(() => 42, parent)
    const texts = [message(() => child().switch()), message(() => child().switch())]
    expect(texts).toEqual([NO_BODY, NO_BODY])
    expect([parent.dead, parent.active]).toEqual([false, false])

    parent.run = (n) => ['run', n]
    expect(child().switch().value).toEqual(['run', 42])
    expect(parent.dead).toBe(true)
  })

  it('by an error passes 20,000 parents that have not started, and all are dead', () => {
    const error = new RangeError('from the bottom')
    const line: RawGreenlet[] = []
    for (let n = 0; n < 20_000; n++) line.push(new RawGreenlet(() => 'never', line.at(-1) ?? main))
    const child = new RawGreenlet(() => {
      throw error
    }, line.at(-1))
    expect(thrown(() => child.switch())).toBe(error)
    expect(line.filter(({ dead }) => !dead)).toEqual([])
    expect(getcurrent()).toBe(main)
  })
})

describe('throw()', () => {
  it('at a dead greenlet throws in its nearest living ancestor', () => {
    const error = new Error('for the heir')
    expect(ended(ended(heir())).throw(error).value).toEqual(['heir', 'error', error])
  })

  it('at a dead greenlet whose heir has not started ends that without running it', () => {
    const error = new Error('too early')
    const rec = recorder()
    const unstarted = new RawGreenlet(() => rec('ran'))
    expect(thrown(() => ended(unstarted).throw(error))).toBe(error)
    expect(unstarted.dead).toBe(true)
    rec.expect([])
  })

  it('of an exit at a dead greenlet gives it to the nearest living ancestor as a value: an orderly end is no error', () => {
    const exit = new GreenletExit()
    expect(ended(ended(heir())).throw(exit).value).toEqual(['heir', 'value', exit])
    expect(ended(main).throw(exit).value).toBe(exit)
  })

  it('of an exit at a dead greenlet whose heir has not started starts that, with the exit as its argument', () => {
    const exit = new GreenletExit()
    const unstarted = new RawGreenlet((...args: unknown[]) => args)
    expect(ended(ended(unstarted)).throw(exit).value).toEqual([exit])
    expect(unstarted.dead).toBe(true)
  })

  it('in a greenlet at a dead one below it throws right there; a GreenletExit is a value', () => {
    const error = new Error('right here')
    const exit = new GreenletExit()
    const greenlet: RawGreenlet = new RawGreenlet(function* (): Green<unknown> {
      const value = yield* child.throw(exit)
      try {
        yield* child.throw(error)
      } catch (caught) {
        return [value, caught]
      }
      return 'not reached'
    })
    const child = ended(greenlet)
    expect(greenlet.switch().value).toEqual([exit, error])
  })
})

describe('parent', () => {
  it.each<[string, (greenlet: RawGreenlet) => void]>([
    ['has not started', () => undefined],
    ['is suspended', (greenlet) => greenlet.switch()],
    ['is dead', (greenlet) => greenlet.throw()],
  ])('of one that %s cannot be its own descendant', (_, bring) => {
    const elder = new RawGreenlet(function* elder() {
      yield* main.switch()
    })
    const younger = new RawGreenlet(function* younger() {}, elder)
    bring(elder)
    expect(message(() => (elder.parent = younger))).toBe(
      '"younger" cannot be the parent of "elder": it descends from it.',
    )
    expect(elder.parent).toBe(main)
  })

  it('can be set to what it is', () => {
    const parent = new RawGreenlet(function* () {})
    const child = new RawGreenlet(function* () {}, parent)
    child.parent = parent
    expect(child.parent).toBe(parent)
  })

  it('of main cannot be deleted', () => {
    delete (main as { parent?: unknown }).parent
    expect(main.parent).toBeNull()
  })

  it('of a greenlet that another one makes is that one, although it may be dead by then', () => {
    let orphan: RawGreenlet | null = null
    const maker = new RawGreenlet(() => {
      orphan = new RawGreenlet(() => 'from the orphan')
    })
    maker.switch()
    expect(orphan!.parent).toBe(maker)
    expect(orphan!.switch().value).toBe('from the orphan')
  })
})
