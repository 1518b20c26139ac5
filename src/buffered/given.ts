/**
 * What a composed operation drives when there is nothing to wait for: a value, at a tenth of the cost of a generator.
 *
 * Stands on the protocol of operations.
 */
import { ready, type Step } from '../greenlet/operation.ts'
import type { Green } from '../protocol.ts'

class Given<T> {
  declare private readonly value: T

  constructor(value: T) {
    this.value = value
  }

  next(): Step<T> {
    return ready(this.value)
  }
}

/** Gives `value` at its first step. For {@link operation} only, whose `yield*` asks for no more. */
export function given<T>(value: T): Green<T> {
  return new Given(value) as unknown as Green<T> // of a generator, `yield*` uses only next() when the first step is the last
}
