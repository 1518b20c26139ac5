/**
 * Generators that yield from any depth, built of nothing but greenlets: the "genlets" of python-greenlet's tests.
 *
 * A genlet is a greenlet whose parent is whoever asks it for a value. Code in it hands a value out by switching to that parent; the
 * parent asks for the next one by switching back to the greenlet that handed the last one out. JavaScript's own `yield` leaves one
 * function and reaches its direct caller. `Yield` leaves any number of functions, and with a level any number of genlets.
 */
import { type Green, getcurrent, RawGreenlet, type Switch } from 'greenloop'

/**
 * A generator whose body is a greenlet. Plain code loops over it with `for..of`, a greenlet asks with `yield* genlet.next()`.
 *
 * @typeParam T - what its body hands out, by the word of whoever writes it: `Yield` cannot know for whom it hands out.
 */
export class Genlet<T> extends RawGreenlet<void> {
  /** Who goes on when the next value is asked for: this one, or one within it that handed a value past it. */
  #goesOn: RawGreenlet = this

  /** Hands `value` to whoever has asked this genlet; `from` goes on at the next question. */
  handOut(value: unknown, from: RawGreenlet): Switch {
    this.#goesOn = from
    return (this.parent as RawGreenlet).switch(value) // only main has none
  }

  /** For greenlets: the next value, or the end. */
  *next(): Green<IteratorResult<T, undefined>> {
    const value = yield* this.#ask()
    return this.dead ? { done: true, value: undefined } : { done: false, value: value as T }
  }

  /** For plain code. A loop that is left early ends the genlet, whose `finally` blocks run. */
  *[Symbol.iterator](): Generator<T, void> {
    try {
      for (;;) {
        const { value } = this.#ask()
        if (this.dead) return
        yield value as T
      }
    } finally {
      if (!this.dead) this.throw()
    }
  }

  #ask(): Switch {
    const answering = this.#goesOn
    this.parent = getcurrent() // also where it ends, and where its error goes
    this.#goesOn = this
    return answering.switch()
  }
}

/**
 * Hands `value` to the consumer of the genlet that the running code is in, or of the one `level` genlets up: `yield* Yield(5)`.
 *
 * Greenlets between the genlets do not count.
 *
 * @throws Error when there are not so many genlets around.
 */
export function Yield(value: unknown, level = 1): Switch {
  const from = getcurrent()
  let passed = 0
  for (let around: RawGreenlet | null = from; around !== null; around = around.parent) {
    if (around instanceof Genlet && ++passed === level) return around.handOut(value, from)
  }
  if (passed === 0)
    throw new Error(`Yield() was called in "${from.name}", which is in no genlet; nobody asks for a value.`)
  throw new Error(
    `Yield() was called in "${from.name}" for level ${level}, but the genlets around it are only ${passed}.`,
  )
}
