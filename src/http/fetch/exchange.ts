/**
 * An exchange: a request and its answer, which are aborted as one.
 *
 * Whoever gives up the last wait for the answer, or for its body, aborts it. Between the two nobody waits for it, and the response belongs
 * to the greenlet that drove the fetch: killed, or timed out, before anybody has asked for the body, it takes the connection along. That
 * would else stay open, and keep the process, until the response is collected as garbage. A greenlet that ends otherwise may have handed
 * it on.
 *
 * It is what fetch takes for its dispatcher, where one is known to it, and hands each request on to that, the first one and those of redirects.
 * So it sees whom the dispatcher tells how the request goes, which is fetch's own, and tells that one itself that the request has failed: fetch
 * ends the connection, as with any failure. An AbortSignal does the same, at a tenth of the cost of the whole fetch (measured); it is made where
 * the dispatcher is not known.
 *
 * Stands on what a drivable promise aborts, and on the end of greenlets. Leaves to `body.ts` when a body is asked for.
 */
import { GreenletExit, isInterrupt } from '../../errors/classes.ts'
import type { Coroutine } from '../../greenlet/kernel.ts'
import { ownerOf } from '../../waiting/agent.ts'
import { attached } from '../../waiting/attached.ts'
import { Abort } from '../../waiting/drivable.ts'
import type { Listenable, Listener } from '../../waiting/linkable.ts'
import type { Attempt, Holder } from '../transport/connector.ts'

/** Whom a dispatcher tells how a request goes. Fetch has one for each: up to undici's version 7 with the first of these, from 8 on with the second. */
interface Handler {
  onError?(error: unknown): void
  onResponseError?(controller: null, error: unknown): void
}

/** What takes requests: a dispatcher of undici, of any version, as far as fetch knows it. */
export interface Dispatching {
  dispatch(options: object, handler: object): unknown
  /** Of undici's mocks: fetch gives them the body itself. */
  readonly isMockActive?: boolean
  /** Of ours: what has not begun can be taken back. */
  $carry?(options: object, attempt: Attempt): void
}

/** What is given as a dispatcher, if it can be one. */
export function dispatchingOf(given: unknown): Dispatching | null {
  return typeof given === 'object' && given !== null && typeof Reflect.get(given, 'dispatch') === 'function'
    ? (given as Dispatching)
    : null
}

/** A greenlet whose end can be listened to. */
interface Owner extends Listenable {
  readonly value: unknown
  readonly exception: unknown
}

/** A `Request` that is nobody's but ours. */
interface Followed {
  readonly signal: AbortSignal
}

/** So many responses of one greenlet are watched; who leaves more of them unread never reads the first. */
const MOST = 16

/** The responses of a greenlet for whose bodies nobody has asked yet. */
class Untaken implements Listener<Owner> {
  readonly #owner: Owner
  readonly #exchanges: Exchange[] = []

  constructor(owner: Owner) {
    this.#owner = owner
  }

  add(exchange: Exchange): void {
    const count = this.#exchanges.push(exchange)
    if (count === 1) this.#owner.$listen(this)
    else if (count > MOST) this.#exchanges.shift()
  }

  delete(exchange: Exchange): void {
    const at = this.#exchanges.indexOf(exchange)
    if (at < 0) return
    this.#exchanges.splice(at, 1)
    if (this.#exchanges.length === 0) this.#owner.$ignore(this)
  }

  notify(owner: Owner): void {
    if (!(owner.value instanceof GreenletExit || isInterrupt(owner.exception))) return
    for (const exchange of this.#exchanges) exchange.giveUp()
  }
}

const untaken = attached<Untaken>()

/** A request and its answer. */
export class Exchange extends Abort implements Attempt {
  /** What was asked for. */
  url: string
  /** Who has the latest request. Only fetch is told when it begins; to be dropped later than that does it no harm. */
  holder: Holder | null = null
  /** Kept: its signal follows the caller's as long as it is there itself. */
  followed: Followed | null = null
  #state: 'asked' | 'answered' | 'taken' = 'asked'
  #owner: Owner | null = null
  #dispatcher: Dispatching | null = null
  /** Fetch, as it is told of the latest request. */
  #handler: Handler | null = null
  /** What it was aborted with. */
  #reason: unknown = null

  constructor(url: string) {
    super()
    this.url = url
  }

  /** Has the requests go to `dispatcher`. What it gives is to be fetch's dispatcher. */
  through(dispatcher: Dispatching): this {
    this.#dispatcher = dispatcher
    return this
  }

  /** A signal that fires when it is aborted, and when that of the request does. */
  signalBeside(request: Followed): AbortSignal {
    // Not AbortSignal.any, which holds what it follows weakly: a signal that nobody else holds, as mostly that of AbortSignal.timeout, is lost.
    this.followed = request
    const [theirs, ours] = [request.signal, this.signal]
    if (theirs.aborted) this.fire(theirs.reason)
    else {
      theirs.addEventListener('abort', () => {
        this.fire(theirs.reason)
      })
    }
    return ours
  }

  /** Fetch sends a request: its dispatcher is called. */
  dispatch(options: object, handler: Handler): unknown {
    if (this.#reason !== null) throw this.#reason as Error // fetch has it for a failure
    const dispatcher = this.#dispatcher as Dispatching // through() was called
    this.#handler = handler
    dispatcher.$carry?.(options, this)
    return dispatcher.dispatch(options, handler)
  }

  /** Fetch asks its dispatcher for it. */
  get isMockActive(): boolean | undefined {
    return this.#dispatcher?.isMockActive
  }

  override entered(greenlet: Coroutine): this {
    const owner = ownerOf(greenlet)
    if (this.#state !== 'taken' && '$listen' in owner) {
      this.#watch(false)
      this.#owner = owner as Coroutine & Owner // what can be listened to is a greenlet
      this.#watch(true)
    }
    return super.entered(greenlet)
  }

  /** The response is there. */
  answered(): void {
    this.#state = 'answered'
    this.#watch(true)
  }

  /** Somebody asks for the body. */
  taken(): void {
    this.#watch(false)
    this.#state = 'taken'
    this.#owner = null
  }

  /** Aborts it: its greenlet was killed. */
  giveUp(): void {
    this.fire()
  }

  /** What a failure was: what it was aborted with, if it was. */
  failure(error: unknown): unknown {
    return this.#reason ?? error
  }

  protected override fire(reason: unknown = new DOMException('This operation was aborted', 'AbortError')): void {
    if (this.#reason !== null) return
    this.#reason = reason
    super.fire(reason)
    const handler = this.#handler
    if (handler === null) return
    if (handler.onResponseError === undefined) handler.onError?.(reason)
    else handler.onResponseError(null, reason)
    this.holder?.drop(this)
    this.holder = null
  }

  #watch(isWatched: boolean): void {
    const owner = this.#owner
    if (owner === null || this.#state !== 'answered') return
    let its = untaken.get(owner)
    if (its === undefined) untaken.set(owner, (its = new Untaken(owner)))
    if (isWatched) its.add(this)
    else its.delete(this)
  }
}
