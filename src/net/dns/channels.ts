/**
 * Channels to the name servers: Node's resolvers, as many as are needed to take back one question without the others.
 *
 * Node cancels all questions of a resolver or none. So each question gets a resolver, and by that a UDP socket, of its own while it is under
 * way; one that has answered is kept for the next question. When {@link LIMIT} are at work further questions share them, and a shared one
 * is cancelled when nobody waits for any of its answers.
 *
 * ```
 *   made ──▶ busy ──── answered ───▶ idle ──▶ busy ...
 *              └─ renew() ─▶ old ─── answered ───▶ dropped
 * ```
 *
 * Turned down. One resolver for all, and an answer that is dropped: a killed question would be sent again and again until its last try.
 *
 * Stands on Node's `dns.Resolver`, taken when this file is loaded. Leaves servers and other settings to who makes the resolvers.
 */
import dns from 'node:dns'
import type { Question } from './question.ts'

/** Node's, with callbacks. */
export type NodeResolver = dns.Resolver
/** Node's class. */
export const NodeResolver: typeof dns.Resolver = dns.Resolver

/** How an answer comes. */
type Callback = (error: Error | null, answer: unknown) => void

/** So many sockets are open at once for the questions of one resolver. */
export const LIMIT = 128
/** So many are kept for later; a new one takes 50 microseconds. */
const KEPT = 16

/** A resolver of Node's at work. */
class Channel {
  readonly resolver: NodeResolver
  running = 0
  /** How many of the running nobody waits for. */
  givenUp = 0

  constructor(resolver: NodeResolver) {
    this.resolver = resolver
  }
}

/** The channels of one resolver of ours. */
export class Channels {
  readonly #make: () => NodeResolver
  #idle: Channel[] = []
  #busy = new Set<Channel>()
  /** At work, and not to be used again. */
  readonly #old = new Set<Channel>()

  /** @param make - makes a resolver as it is to be now. */
  constructor(make: () => NodeResolver) {
    this.#make = make
  }

  /** From now on questions go to resolvers that are made anew; those under way stay where they are. */
  renew(): void {
    for (const channel of this.#busy) this.#old.add(channel)
    this.#busy.clear()
    this.#idle = []
  }

  /** Ends all questions under way: each is answered by `ECANCELLED`. */
  cancel(): void {
    for (const { resolver } of [...this.#busy, ...this.#old]) resolver.cancel()
  }

  /** Sends a question. */
  ask<T>(send: (resolver: NodeResolver, callback: Callback) => void): Question<T> {
    const channel = this.#take()
    let wanted = true
    channel.running++
    const answer = new Promise<T>((resolve, reject) => {
      const callback: Callback = (error, value) => {
        if (!wanted) channel.givenUp--
        if (--channel.running === 0) this.#release(channel)
        if (error === null)
          resolve(value as T) // the caller knows what its question is answered by
        else reject(error)
      }
      try {
        send(channel.resolver, callback)
      } catch (error) {
        callback(error as Error, undefined) // Node throws errors
      }
    })
    return {
      answer,
      abort: () => {
        wanted = false
        if (++channel.givenUp === channel.running) channel.resolver.cancel()
      },
    }
  }

  #take(): Channel {
    let channel = this.#idle.pop()
    if (channel === undefined && this.#busy.size >= LIMIT) {
      // The one that was used longest ago goes to the end of the line.
      ;[channel] = this.#busy
      if (channel !== undefined) this.#busy.delete(channel)
    }
    channel ??= new Channel(this.#make())
    this.#busy.add(channel)
    return channel
  }

  #release(channel: Channel): void {
    if (this.#old.delete(channel)) return
    this.#busy.delete(channel)
    if (this.#idle.length < KEPT) this.#idle.push(channel)
  }
}
