/**
 * An exchange: a request and its answer, which are aborted as one.
 *
 * Whoever gives up the last wait for the answer, or for its body, aborts it. Between the two nobody waits for it, and the response belongs
 * to the greenlet that drove the fetch: killed, or timed out, before anybody has asked for the body, it takes the connection along. That
 * would else stay open, and keep the process, until the response is collected as garbage. A greenlet that ends otherwise may have handed
 * it on.
 *
 * Stands on what a drivable promise aborts, and on the end of greenlets. Leaves to `body.ts` when a body is asked for.
 */
import { GreenletExit, isInterrupt } from '../../errors/classes.ts'
import type { Coroutine } from '../../greenlet/kernel.ts'
import { ownerOf } from '../../waiting/agent.ts'
import { Abort } from '../../waiting/drivable.ts'
import type { Listenable, Listener } from '../../waiting/linkable.ts'

/** A greenlet whose end can be listened to. */
interface Owner extends Listenable {
  readonly value: unknown
  readonly exception: unknown
}

/** So many responses of one greenlet are watched; who leaves more of them unread never reads the first. */
const MOST = 16

/** The responses of a greenlet for whose bodies nobody has asked yet. */
class Untaken implements Listener<Owner> {
  readonly #owner: Owner
  readonly #exchanges = new Set<Exchange>()

  constructor(owner: Owner) {
    this.#owner = owner
  }

  add(exchange: Exchange): void {
    const { size } = this.#exchanges
    if (size === 0) this.#owner.$listen(this)
    this.#exchanges.add(exchange)
    if (size < MOST) return
    const [oldest] = this.#exchanges
    if (oldest !== undefined) this.#exchanges.delete(oldest)
  }

  delete(exchange: Exchange): void {
    if (this.#exchanges.delete(exchange) && this.#exchanges.size === 0) this.#owner.$ignore(this)
  }

  notify(owner: Owner): void {
    if (!(owner.value instanceof GreenletExit || isInterrupt(owner.exception))) return
    for (const exchange of this.#exchanges) exchange.giveUp()
  }
}

const untaken = new WeakMap<object, Untaken>()

/** A request and its answer. */
export class Exchange extends Abort {
  /** What was asked for. */
  url: string
  #state: 'asked' | 'answered' | 'taken' = 'asked'
  #owner: Owner | null = null

  constructor(url: string) {
    super()
    this.url = url
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

  #watch(isWatched: boolean): void {
    const owner = this.#owner
    if (owner === null || this.#state !== 'answered') return
    let its = untaken.get(owner)
    if (its === undefined) untaken.set(owner, (its = new Untaken(owner)))
    if (isWatched) its.add(this)
    else its.delete(this)
  }
}
