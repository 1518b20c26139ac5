/**
 * Registered with an `epoll` together with a callback: the hub calls it, in its turn, and nobody has to poll.
 *
 * Stands on interests and the hub's entries.
 */
import { callInHub, Entry } from '../../hub/entry.ts'
import type { Hub } from '../../hub/hub.ts'
import type { Pollable } from '../readiness/pollable.ts'
import { Interest } from './interest.ts'
import type { Selectable } from './target.ts'

/** Called in the hub when `target` is ready. It must not wait; it may spawn who does. */
export type EpollCallback<T> = (target: T, events: number) => unknown

/** It counts as something outside that the hub waits for. */
export class CalledInterest<T extends Selectable> extends Interest<T> {
  readonly #hub: Hub
  readonly #callback: EpollCallback<T>
  readonly #vanished: (interest: CalledInterest<T>) => void
  readonly #turn: Turn

  constructor(
    hub: Hub,
    target: T,
    pollable: Pollable,
    callback: EpollCallback<T>,
    vanished: (interest: CalledInterest<T>) => void,
  ) {
    super(target, pollable)
    this.#hub = hub
    this.#callback = callback
    this.#vanished = vanished
    this.#turn = new Turn(hub, this)
    hub.outstanding++
  }

  get name(): string {
    return `callback of epoll for ${this.pollable.label}`
  }

  override end(): void {
    super.end()
    this.#hub.outstanding--
  }

  protected override queue(): void {
    this.#hub.enqueueCallback(this.#turn)
  }

  protected override vanish(): void {
    this.#vanished(this)
  }

  /**
   * Its turn has come. One that fails is called no more, as in gevent: it would fail again and again, since nobody has read what is there.
   */
  call(): void {
    const events = this.take()
    if (events === 0) return
    try {
      callInHub('epoll.register', this.#callback, this.target, events)
    } catch (error) {
      this.disarm()
      throw error // the hub reports it
    }
    if (this.repeats) this.again() // behind those whom the callback has woken
  }
}

class Turn extends Entry {
  readonly #interest: { readonly name: string; call(): void }

  constructor(hub: Hub, interest: { readonly name: string; call(): void }) {
    super(hub)
    this.#interest = interest
  }

  override get name(): string {
    return this.#interest.name
  }

  override $runLinks(): void {
    this.#interest.call()
  }
}
