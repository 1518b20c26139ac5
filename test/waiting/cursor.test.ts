// Cursor: reading a sequence value by value; what all cursors have in common.
import { type Operation, run, sleep, spawn } from 'greenloop'
import { describe, expect, it } from 'vitest'
import { Cursor } from '../../src/waiting/cursor.ts'
import { operation } from '../../src/waiting/operation.ts'
import { checkLeaks } from '../support/leaks.ts'
import { rejection, usage } from '../support/thrown.ts'

checkLeaks()

/** Counts up to `last`, each number after a turn; 13 cannot be had. */
class Count extends Cursor<number> {
  disposed = 0
  #at = 0
  readonly #last: number

  constructor(last: number) {
    super()
    this.#last = last
  }

  override next(): Operation<boolean> {
    const step = (): boolean => {
      this.#at++
      if (this.#at === 13) throw new Error('unlucky')
      return this.#at <= this.#last ? this.moveTo(this.#at) : this.end()
    }
    return operation('count.next()', function* () {
      yield* sleep(0)
      return step()
    })
  }

  override [Symbol.dispose](): void {
    this.disposed++
    this.#at = Infinity
  }
}

describe('a cursor', () => {
  it('is read by a loop', async () => {
    const seen: number[] = []
    await run(function* () {
      const it = new Count(3)
      while (yield* it.next()) seen.push(it.value)
      seen.push(Number(yield* it.next()))
    })
    expect(seen).toEqual([1, 2, 3, 0])
  })

  it('holds its value until the next one', async () => {
    const it = new Count(2)
    await it.next()
    expect([it.value, it.value]).toEqual([1, 1])
    await it.next()
    expect(it.value).toBe(2)
  })

  it('has no value before its first next() and after its end, and shows the loop', async () => {
    const it = new Count(1)
    const loop =
      '  use(it.value)                            // incorrect: there is no value\n' +
      '  while (yield* it.next()) use(it.value)   // correct'
    expect(usage(() => it.value)).toBe(`A cursor was read before its first next().\n\n${loop}`)
    await it.next()
    expect(await it.next()).toBe(false)
    expect(usage(() => it.value)).toBe(`A cursor was read after its end.\n\n${loop}`)
  })

  it('goes on behind a value that could not be had', async () => {
    const it = new Count(14)
    for (let n = 1; n <= 12; n++) await it.next()
    expect(await rejection(it.next())).toEqual(new Error('unlucky'))
    expect([await it.next(), it.value]).toEqual([true, 14])
  })

  it('is read by for await, up to its end', async () => {
    const it = new Count(3)
    const seen: number[] = []
    for await (const value of it) seen.push(value)
    expect([seen, it.disposed]).toEqual([[1, 2, 3], 0])
  })

  it('is disposed of when for await is left, by break and by an error', async () => {
    const [broken, failed] = [new Count(3), new Count(3)]
    for await (const _ of broken) break
    const error = new Error('enough')
    const reading = async () => {
      for await (const _ of failed) throw error
    }
    expect(await rejection(reading())).toBe(error)
    expect([broken.disposed, failed.disposed]).toEqual([1, 1])
    expect(await broken.next()).toBe(false)
  })

  it('is disposed of by using', async () => {
    const it = new Count(3)
    await spawn(function* () {
      using numbers = it
      yield* numbers.next()
    }).join()
    expect(it.disposed).toBe(1)
  })
})
