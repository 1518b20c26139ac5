/**
 * A question that is under way outside of the hub, and the operation that waits for its answer.
 *
 * Stands on `PromiseWait`. Leaves it to those who ask how a question is taken back.
 */
import type { Coroutine } from '../../greenlet/kernel.ts'
import type { Step } from '../../greenlet/operation.ts'
import { HubOperation } from '../../waiting/operation.ts'
import { type Abortable, PromiseWait } from '../../waiting/until.ts'

/** A question that was asked. Aborting it, at most once and before it is answered, takes it back. */
export interface Question<T> extends Abortable {
  readonly answer: Promise<T>
}

/** Asks and waits for the answer, each time it is driven. */
export class Inquiry<T> extends HubOperation<T> {
  readonly #text: string
  readonly #ask: () => Question<T>

  /** @param text - the call as it stands in messages. */
  constructor(text: string, ask: () => Question<T>) {
    super()
    this.#text = text
    this.#ask = ask
  }

  override begin(greenlet: Coroutine): Step<T> {
    const question = this.#ask()
    return new PromiseWait(greenlet, question, this.#text).parkUntil(question.answer)
  }

  override toString(): string {
    return this.#text
  }
}

/** A question to somebody who calls back and cannot be called back: when it is given up, the answer is dropped. */
export function askOnce<T>(send: (callback: (error: Error | null, answer: T) => void) => unknown): Question<T> {
  const answer = new Promise<T>((resolve, reject) => {
    send((error, value) => {
      if (error === null) resolve(value)
      else reject(error)
    })
  })
  return { answer, abort: () => undefined }
}
