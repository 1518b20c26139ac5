/**
 * gevent's `Channel`: a queue without room, in which both sides meet.
 *
 * Stands on exchanges.
 */
import { Empty, Full } from '../errors/classes.ts'
import { reads } from '../greenlet/footprint.ts'
import type { Coroutine } from '../greenlet/kernel.ts'
import { type Step, takePending } from '../greenlet/operation.ts'
import { hubOf } from '../hub/default.ts'
import { Exchange } from './exchange.ts'
import { after, firstFor, type Item, NOTHING, putCall, takeCall } from './queue-waits.ts'

/**
 * Hands items from greenlet to greenlet without keeping any: `put` waits until somebody has taken the item.
 *
 * Those who wait are served in the order in which they came. Who takes goes on before the one who put: a `put` that meets a waiting `get`
 * lets it run first.
 *
 * @typeParam T - the items.
 * @source gevent: `gevent.queue.Channel`
 * @example
 * ```ts
 * import { Channel, run, spawn } from 'greenloop'
 *
 * const channel = new Channel<string>()
 * await run(function* () {
 *   spawn(function* reader() {
 *     const it = channel.cursor()
 *     while (yield* it.next()) console.log('got', it.value)
 *   })
 *   for (const item of ['one', 'two']) {
 *     yield* channel.put(item)
 *     console.log('sent', item)
 *   }
 *   channel.shutdown()
 * })
 * // got one
 * // sent one
 * // got two
 * // sent two
 * ```
 */
export class Channel<T> extends Exchange<T> {
  constructor() {
    super('channel')
  }

  /** How many wait in `put`, less those who wait in `get`. */
  get balance(): number {
    reads(this)
    return this.$putters.size - this.$getters.size
  }

  /** Always 0: it keeps nothing. @switches never */
  qsize(): number {
    return 0
  }

  /** Always 0: it keeps nothing. */
  get size(): number {
    return 0
  }

  /** Always true: it keeps nothing. @switches never */
  empty(): boolean {
    return true
  }

  /** Always true: it has no room. @switches never */
  full(): boolean {
    return true
  }

  /** `Channel(+1)`: its {@link balance}. */
  override toString(): string {
    const balance = this.$putters.size - this.$getters.size
    return `${this.constructor.name}(${balance > 0 ? '+' : ''}${String(balance)})`
  }

  /** @internal */
  override $take(_peeks: boolean, greenlet: Coroutine | null): Item<T> | typeof NOTHING {
    if (this.$isShutdown) throw this.$shut(takeCall(false, greenlet))
    const putter = firstFor(this.$putters, greenlet)
    if (putter === null) {
      reads(this)
      return NOTHING
    }
    const { item } = putter
    this.$putters.remove(putter)
    putter.succeed(undefined)
    putter.rest()
    return item as Item<T> // it waits with it
  }

  /** @internal */
  override $accept(item: Item<T>, greenlet: Coroutine | null): boolean {
    if (this.$isShutdown) throw this.$shut(putCall(greenlet))
    const getter = firstFor(this.$getters, greenlet)
    if (getter === null) {
      reads(this)
      return false
    }
    // It is about to let the getter run, which is a wait: what was to be thrown there is thrown before anything was handed over.
    if (greenlet !== null && greenlet.$pending !== null) {
      reads(this)
      throw takePending(greenlet)
    }
    this.$getters.remove(getter)
    getter.succeed(item)
    getter.rest()
    return true
  }

  /** @internal Lets the getter run first. */
  override $accepted(greenlet: Coroutine): Step<void> {
    return hubOf(greenlet).giveTurn(greenlet)
  }

  /** @internal */
  override $because(putting: boolean): string {
    return putting ? 'nobody gets' : 'nobody puts'
  }

  /** @internal */
  override $empty(call: string, ms: number | null): Error {
    return new Empty(`${this.$call(call)} met nobody${after(ms)}: ${this.$because(false)}.`)
  }

  /** @internal */
  override $full(call: string, ms: number | null): Error {
    return new Full(`${this.$call(call)} met nobody${after(ms)}: ${this.$because(true)}.`)
  }
}
