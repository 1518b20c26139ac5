// The lesson that the library is for: switching by hand gains nothing, switching while something is waited for gains everything.
import { type Green, Greenlet, getcurrent, joinall, RawGreenlet, sleep, spawn } from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { virtualHub } from '../support/virtual-clock.ts'

checkLeaks()

describe('the demonstration of switch()', () => {
  it.each([
    ['Greenlet', (body: () => Green<void>) => new Greenlet(body)],
    ['RawGreenlet', (body: () => Green<void>) => new RawGreenlet(body)],
  ])('prints 11 33 22 44 with %s, and leaves f1 suspended', (_, make) => {
    const printed: number[] = []
    const print = (n: number): void => {
      printed.push(n)
    }
    const gr1: RawGreenlet = make(function* f1() {
      print(11)
      yield* gr2.switch()
      print(22)
      yield* gr2.switch()
    })
    const gr2: RawGreenlet = make(function* f2() {
      print(33)
      yield* gr1.switch()
      print(44)
    })
    gr1.switch()
    expect(printed).toEqual([11, 33, 22, 44])
    expect([gr1.dead, gr2.dead]).toEqual([false, true])
    gr1.throw()
  })

  it('prints the same as plain calls would, in the order they are written', () => {
    const [printed, plain]: [number[], number[]] = [[], []]
    const parts = [() => plain.push(11), () => plain.push(33), () => plain.push(22), () => plain.push(44)]
    for (const part of parts) part()

    const gr1: RawGreenlet = new RawGreenlet(function* () {
      printed.push(11)
      yield* gr2.switch()
      printed.push(22)
      yield* gr2.switch()
    })
    const gr2: RawGreenlet = new RawGreenlet(function* () {
      printed.push(33)
      yield* gr1.switch()
      printed.push(44)
    })
    gr1.switch()
    expect(printed).toEqual(plain)
    gr1.throw()
  })

  it('sends values in and out, as next(value) of a generator does', () => {
    const main = getcurrent()
    const printed: unknown[] = []
    const v1 = new RawGreenlet(function* f1() {
      printed.push(11)
      const x1 = yield* main.switch(1)
      printed.push(x1, 22)
      yield* main.switch(2)
      printed.push(33)
    })
    printed.push(`got ${String(v1.switch().value)}`)
    printed.push(`got ${String(v1.switch(999).value)}`)
    expect(printed).toEqual([11, 'got 1', 999, 22, 'got 2'])
    v1.throw()
  })
})

describe('three pages', () => {
  const pages = { python: 30, yahoo: 20, github: 10 }

  function* getPage(url: string, takes: number, log: string[]): Green<number> {
    log.push(`asks ${url}`)
    yield* sleep(takes)
    log.push(`has ${url}`)
    return url.length
  }

  it('one after the other take the sum of their times', () => {
    const { clock } = virtualHub()
    const log: string[] = []
    spawn(function* () {
      for (const [url, takes] of Object.entries(pages)) yield* getPage(url, takes, log)
    })
    clock.run()
    expect(clock.now()).toBe(60)
    expect(log).toEqual(['asks python', 'has python', 'asks yahoo', 'has yahoo', 'asks github', 'has github'])
  })

  it('in three greenlets take the longest of their times, and come as they are ready', () => {
    const { clock } = virtualHub()
    const log: string[] = []
    const lengths: unknown[] = []
    spawn(function* () {
      const all = yield* joinall(Object.entries(pages).map(([url, takes]) => spawn(getPage, url, takes, log)))
      lengths.push(...all.map(({ value }) => value))
    })
    clock.run()
    expect(clock.now()).toBe(30)
    expect(log).toEqual(['asks python', 'asks yahoo', 'asks github', 'has github', 'has yahoo', 'has python'])
    expect(lengths).toEqual([6, 5, 6])
  })
})
