/**
 * Questions to a `dns.Resolver` of Node's that is not ours, as operations.
 *
 * Node cancels all questions of a resolver or none. So a question that is given up is cancelled when nobody waits for another one of this
 * resolver; once somebody has asked it with a callback, that is never known again, and the answer is dropped when it comes.
 *
 * Stands on questions. The resolver of `greenloop/net` takes each question back by itself.
 */
import type dns from 'node:dns'
import { Inquiry, type Question } from '../../net/dns/question.ts'
import type { Operation } from '../../protocol.ts'

type Callback = (error: Error | null, answer: unknown) => void
/** Sends a question. */
export type Send = (callback: Callback) => unknown

/** The questions of one resolver. */
interface Questions {
  running: number
  /** How many of the running nobody waits for. */
  givenUp: number
  /** Whether it was asked with a callback. */
  shared: boolean
}

const questionsOf = new WeakMap<object, Questions>()

function questions(resolver: object): Questions {
  let known = questionsOf.get(resolver)
  if (known === undefined) {
    known = { running: 0, givenUp: 0, shared: false }
    questionsOf.set(resolver, known)
  }
  return known
}

/** Notes that somebody asks with a callback. */
export function askedWithCallback(resolver: unknown): void {
  if (typeof resolver === 'object' && resolver !== null) questions(resolver).shared = true
}

/** A question, asked each time it is driven. `text` is the call as it stands in messages. */
export function questionTo(resolver: dns.Resolver, text: string, send: Send): Operation<unknown> {
  return new Inquiry(text, () => ask(resolver, send))
}

function ask(resolver: dns.Resolver, send: Send): Question<unknown> {
  const state = questions(resolver)
  let wanted = true
  const over = (): void => {
    state.running--
    if (!wanted) state.givenUp--
  }
  const answer = new Promise((resolve, reject) => {
    send((error, value) => {
      over()
      if (error === null) resolve(value)
      else reject(error)
    })
    state.running++ // not when it throws
  })
  return {
    answer,
    abort: () => {
      wanted = false
      state.givenUp++
      if (!state.shared && state.givenUp === state.running) resolver.cancel()
    },
  }
}
