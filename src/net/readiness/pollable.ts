/**
 * Readiness: whether a call would have to wait, as `select`, `poll` and `epoll` ask it, and who wants to be told when that changes.
 *
 * Stands on nothing. Leaves to the streams, servers and datagram sockets what makes them ready, and to the select room whom it wakes.
 */

/** A `recv` or an `accept` would not wait: something is there, or the end, or an error. */
export const POLLIN = 0x0001
/** Urgent data. Node does not tell of any, so it never comes. */
export const POLLPRI = 0x0002
/** A `send` would not wait. */
export const POLLOUT = 0x0004
/** There is an error, which the next call throws. Comes without being asked for. */
export const POLLERR = 0x0008
/** Both directions are over. Comes without being asked for. */
export const POLLHUP = 0x0010
/** It is closed. Comes without being asked for; with others beside it, an end or an error is still to be had. */
export const POLLNVAL = 0x0020
/** The peer has ended its direction. */
export const POLLRDHUP = 0x2000

/** Told when something becomes ready. */
export interface Watcher {
  /** `events` have come, or have come again: new data behind data that was not read yet, for instance. It must not wait. */
  becameReady(events: number): void
}

/** What can be asked whether it is ready. */
export interface Pollable {
  /** What it is, for messages: `the socket to 127.0.0.1:80`. */
  readonly label: string
  /** What holds now, as a sum of the constants above. */
  events(): number
  /** Has `watcher` told of each change from now on. Whoever wants to be told of data calls {@link expect}, too. */
  watch(watcher: Watcher): void
  unwatch(watcher: Watcher): void
  /** Somebody wants these events: has the machine look for them; for more of them, when they are there. It tells of none at once. */
  expect(events: number): void
}

/** The watchers of one thing. Most things have none, ever. */
export abstract class Readiness implements Pollable {
  private watchers: Set<Watcher> | null = null

  abstract get label(): string
  abstract events(): number
  abstract expect(events: number): void

  get watched(): boolean {
    return this.watchers !== null
  }

  watch(watcher: Watcher): void {
    this.watchers ??= new Set()
    this.watchers.add(watcher)
  }

  unwatch(watcher: Watcher): void {
    this.watchers?.delete(watcher)
    if (this.watchers?.size === 0) this.watchers = null
  }

  /** Tells all who watch that `events` have come. */
  protected tell(events: number): void {
    if (this.watchers === null) return
    for (const watcher of [...this.watchers]) watcher.becameReady(events)
  }
}
