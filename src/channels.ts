/**
 * What greenlets do, on channels of Node's `diagnostics_channel`, for tools that watch whole processes: they need neither import nor know
 * the library, and may subscribe before it is loaded.
 *
 * Nothing is watched as long as nobody subscribes. Node does not tell of subscribers, so the channels, which are held for ever, have
 * methods of their own that look after each change whether there are any: then what feeds a channel is put up or taken down.
 *
 * A subscriber runs in the middle of what it is told of: it can only watch. Node catches what it throws, and reports it as uncaught.
 *
 * Stands on the hub's observers and on the watchers of transfers. The hub is the default one of the thread; those of schedule tests, which
 * live on recorded time, are not told of.
 */
import { type Channel, channel } from 'node:diagnostics_channel'
import { textOf } from './errors/given.ts'
import { type Coroutine, kernel, type PendingWait, RETURNED } from './greenlet/kernel.ts'
import { RawGreenlet } from './greenlet/raw-greenlet.ts'
import { addWatcher, removeWatcher } from './greenlet/trace.ts'
import { getHub } from './hub/default.ts'
import type { Hub } from './hub/hub.ts'
import { addObserver, removeObserver } from './hub/observers.ts'
import { type HubObserver, outcomeOf, printSwitches } from './hub/report.ts'

/**
 * The messages, by channel. They are plain objects that are made for each event and not used again.
 *
 * @example
 * ```ts
 * import { subscribe } from 'node:diagnostics_channel'
 * import { type ChannelMessages, spawnWith } from 'greenloop'
 *
 * subscribe('greenloop:end', (message) => {
 *   const { greenlet, outcome, value } = message as ChannelMessages['greenloop:end']
 *   console.log(greenlet.name, outcome, value)
 * })
 * await spawnWith({ name: 'add' }, () => 1 + 1).join()
 * // add returned 2
 * ```
 */
export interface ChannelMessages {
  /** A greenlet was started; `spawner` was running then: main, when plain code has done it. */
  readonly 'greenloop:spawn': {
    /** Whom it is about. */
    readonly greenlet: RawGreenlet
    /** Who was running then. */
    readonly spawner: RawGreenlet
    /** Where it lives. */
    readonly hub: Hub
  }
  /** Control passed, with a value or an error: by `switch()` and `throw()`, by an end that goes on in the parent, by the hub, from main. */
  readonly 'greenloop:switch': {
    /** Who gave control. */
    readonly origin: RawGreenlet
    /** Who has it now. */
    readonly target: RawGreenlet
    /** Whether an error went over. */
    readonly throwing: boolean
  }
  /** A greenlet of the hub has ended: by a value, an error, or a kill, whose GreenletExit is its error. Raw ones are seen in the switches. */
  readonly 'greenloop:end': {
    /** Whom it is about. */
    readonly greenlet: RawGreenlet
    /** How it ended. */
    readonly outcome: 'returned' | 'failed' | 'killed'
    /** What it returned. */
    readonly value: unknown
    /** What it failed with, or was killed by. */
    readonly error: unknown
  }
  /** A greenlet waits; `wait` is the call as a person writes it, `queue.get()`, and null when it only lets others run. */
  readonly 'greenloop:block': {
    /** Whom it is about. */
    readonly greenlet: RawGreenlet
    /** The call that it waits in. */
    readonly wait: string | null
  }
  /** The wait of a greenlet is over; `waker` was running then: main, when it was a timer, a socket or plain code. */
  readonly 'greenloop:wake': {
    /** Whom it is about. */
    readonly greenlet: RawGreenlet
    /** Who was running then. */
    readonly waker: RawGreenlet
  }
}

type Name = keyof ChannelMessages
const NAMES: readonly Name[] = [
  'greenloop:spawn',
  'greenloop:switch',
  'greenloop:end',
  'greenloop:block',
  'greenloop:wake',
]

const channels = new Map<Name, Channel>(NAMES.map((name) => [name, channel(name)]))

function hasSubscribers(name: Name): boolean {
  return channels.get(name)?.hasSubscribers === true
}

/** Whatever a subscriber does, it does not switch: it runs between two greenlets, or in the middle of a wait. */
function publish<N extends Name>(name: N, message: ChannelMessages[N]): void {
  const { tracing } = kernel
  kernel.tracing = true
  channels.get(name)?.publish(message)
  kernel.tracing = tracing
}

/** Every coroutine that runs is one; the kernel does not know the class. */
function known(coroutine: Coroutine): RawGreenlet {
  return coroutine as RawGreenlet // see above
}

class Publisher implements HubObserver {
  readonly #hub: Hub

  constructor(hub: Hub) {
    this.#hub = hub
  }

  spawned(greenlet: Coroutine): void {
    if (!hasSubscribers('greenloop:spawn')) return
    publish('greenloop:spawn', {
      greenlet: known(greenlet),
      spawner: known(kernel.current),
      hub: this.#hub,
    })
  }

  blocked(greenlet: Coroutine, wait: PendingWait | null): void {
    if (!hasSubscribers('greenloop:block')) return
    publish('greenloop:block', { greenlet: known(greenlet), wait: wait === null ? null : textOf(wait) })
  }

  woken(greenlet: Coroutine, waker: Coroutine): void {
    // Callbacks and links have their turn in the same list.
    if (!hasSubscribers('greenloop:wake') || greenlet.$status >= RETURNED || !(greenlet instanceof RawGreenlet)) return
    publish('greenloop:wake', { greenlet, waker: known(waker) })
  }

  interrupted(): void {
    // it is told of when it is woken by that, and when it ends of it
  }

  ended(greenlet: Coroutine): void {
    if (!hasSubscribers('greenloop:end')) return
    const outcome = outcomeOf(greenlet)
    const { $slot: slot } = greenlet
    publish('greenloop:end', {
      greenlet: known(greenlet),
      outcome,
      value: outcome === 'returned' ? slot : undefined,
      error: outcome === 'returned' ? undefined : slot,
    })
  }
}

/** Told of the hub, as long as somebody has subscribed to what it tells. */
let publisher: { readonly hub: Hub; readonly observer: HubObserver } | null = null

function tellSwitch(origin: Coroutine, target: Coroutine, throwing: boolean): void {
  publish('greenloop:switch', { origin: known(origin), target: known(target), throwing })
}

/** The subscribers have changed. */
function update(): void {
  removeWatcher(tellSwitch)
  if (hasSubscribers('greenloop:switch')) addWatcher(tellSwitch)
  const wanted = NAMES.some((name) => name !== 'greenloop:switch' && hasSubscribers(name))
  if (wanted === (publisher !== null)) return
  if (publisher !== null) {
    removeObserver(publisher.hub, publisher.observer)
    publisher = null
  } else {
    const hub = getHub()
    publisher = { hub, observer: new Publisher(hub) }
    addObserver(hub, publisher.observer)
  }
}

/** What changes who is subscribed to a channel. */
const CHANGES = ['subscribe', 'unsubscribe', 'bindStore', 'unbindStore'] as const

/** Has `update` called after each change. The class of a channel changes with its first subscriber, and with its last. */
function follow(one: Channel): void {
  for (const name of CHANGES) {
    const value = (...args: never[]): unknown => {
      const method: unknown = Reflect.get(Object.getPrototypeOf(one) as object, name) // a channel has one
      const answer: unknown = Reflect.apply(method as (...args: never[]) => unknown, one, args) // each class has the four
      update()
      return answer
    }
    Object.defineProperty(one, name, { value, configurable: true, writable: true })
  }
}

/** Where the channels are held: Node forgets one that nobody holds, and a bundler may leave no module that does. */
const SYMBOL = Symbol.for('greenloop.channels')

// A copy of the library that was loaded before feeds them: each event is told once.
if (!(SYMBOL in globalThis)) {
  Object.defineProperty(globalThis, SYMBOL, { value: channels })
  for (const one of channels.values()) follow(one)
  update()
}
printSwitches()
