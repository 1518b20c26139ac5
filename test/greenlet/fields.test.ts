// Whose names are whose: what the library keeps on a greenlet begins with `$`, so that a subclass may call its fields as it likes.
import { type Green, Greenlet, getcurrent, RawGreenlet, sleep } from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'

checkLeaks()

const main = getcurrent()

/** The names of an object itself that do not begin with `$`. */
function free(object: object): string[] {
  return Object.getOwnPropertyNames(object)
    .filter((name) => !name.startsWith('$'))
    .sort()
}

describe('the names of a greenlet', () => {
  it('that are not public begin with $', () => {
    expect([free(new RawGreenlet(() => 1)), free(new Greenlet(() => 1))]).toEqual([[], []])
    expect(free(RawGreenlet.prototype)).toEqual(
      'active constructor dead grContext grFrame name parent run switch throw toString'.split(' '),
    )
    const linked = Object.getPrototypeOf(Greenlet.prototype) as object
    const spawned = Object.getPrototypeOf(linked) as object
    expect(free(Greenlet.prototype)).toEqual(
      'constructor exception get join kill ready signal start startLater started successful throw use value'.split(' '),
    )
    expect(free(linked)).toEqual(
      'constructor hasLinks link linkException linkValue rawlink unlink unlinkAll'.split(' '),
    )
    expect(free(spawned)).toEqual(
      'args constructor hub kill minimalIdent name spawnTreeLocals spawningGreenlet spawningStack'.split(' '),
    )
    expect(Object.getPrototypeOf(spawned)).toBe(RawGreenlet.prototype)
  })
})

/** What somebody may call the fields of his greenlet, with values that would be wrong for any slot of ours. */
const FIELDS = Object.fromEntries(
  'fn frame frames heir status slot goal scope wait turn host pending state links title behind ended adopt'
    .split(' ')
    .map((name) => [name, `my ${name}`]),
)

describe('a subclass with fields of any other name', () => {
  it('is switched to, thrown at, and ends as ever', () => {
    class Raw extends RawGreenlet {
      constructor() {
        super()
        Object.assign(this, FIELDS)
      }

      override *run(): Green<unknown> {
        try {
          yield* main.switch('out')
        } catch {
          return Object.fromEntries(Object.entries(this))
        }
        return null
      }
    }
    const raw = new Raw()
    expect(raw.switch().value).toBe('out')
    expect(raw.throw(new Error('in')).value).toMatchObject(FIELDS)
    expect(raw.dead).toBe(true)
  })

  it('is started, waits and is waited for', async () => {
    class Worker extends Greenlet<object> {
      constructor() {
        super()
        Object.assign(this, FIELDS)
      }

      override *run(): Green<object> {
        yield* sleep(0)
        return Object.fromEntries(Object.entries(this))
      }
    }
    const worker = new Worker()
    worker.start()
    expect(await worker.get()).toMatchObject(FIELDS)
    expect(String(worker)).toBe(`<Worker "${worker.name}" dead>`)
  })
})
