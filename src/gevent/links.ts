/**
 * Links: what happens when a greenlet has ended.
 *
 * A greenlet has one list of all who are to be told of its end, in the order in which they came: callbacks of `rawlink` and `link`, and
 * the waits of `join`, `get`, `joinall`. The list is told in a turn of the hub of its own, each taken out before it is told, so that
 * a link can still take back a later one, and none is told twice. A callback that throws is reported, and the rest go on. Links that are
 * made meanwhile are told in a turn of their own, behind all who are ready: one that makes itself again would shut the others out.
 *
 * Stands on spawned greenlets, one of which runs each callback of `link`. Leaves to `Greenlet` when its end has come.
 */

import { UsageError } from '../errors/classes.ts'
import { notAFunction, show } from '../errors/usage.ts'
import { reads, writes } from '../greenlet/footprint.ts'
import { kernel, RETURNED } from '../greenlet/kernel.ts'
import type { ErrorClass } from '../greenlet/raw-greenlet.ts'
import { resume } from '../greenlet/switch.ts'
import { leave } from '../greenlet/trampoline.ts'
import { hubOf } from '../hub/default.ts'
import { callInHub } from '../hub/entry.ts'
import type { Hub } from '../hub/hub.ts'
import type { Listenable, Listener } from '../waiting/linkable.ts'
import { Roster } from '../waiting/wait-list.ts'
import { READ, SpawnedGreenlet, STARTED } from './lineage.ts'

/** How a greenlet has ended, for those that copy it. */
export interface Outcome {
  /** Whether without a failure; being killed is none. */
  successful(): boolean
  /** What the body returned, or the `GreenletExit` that killed it. */
  readonly value: unknown
  /** What the body threw. */
  readonly exception: unknown
}

/** What a greenlet can be linked to that is no function: an `AsyncResult`. */
export interface LinkReceiver<T = never> {
  /** Takes the value. */
  set(value: T): void
  /** Takes the failure. */
  setException(error: Error | ErrorClass): void
  /** @internal Takes either. */
  $linked(source: Outcome): void
}

/** What a greenlet can be linked to: a function that is called with it, and may wait, or an `AsyncResult` that gets its outcome. */
export type LinkTarget<G = never, T = never> = ((greenlet: G) => unknown) | LinkReceiver<T>

/** Someone to be told: the callback of a `rawlink`, another link, or a wait. */
type Entry = ((greenlet: never) => unknown) | Listener

/** With so many it is worth its while to find one without looking at all. */
const MANY = 16
/** Stands behind those that are told in one turn. */
const LAST: Listener = {
  notify() {
    // it is nobody
  },
}

const ALWAYS = 0
const IF_SUCCESSFUL = 1
const IF_FAILED = 2

/** A greenlet as far as its links go. */
export abstract class LinkedGreenlet<T = unknown> extends SpawnedGreenlet<T> implements Listenable {
  /** @internal */ declare $links: Roster<Entry> | Entry[] | Entry | null

  /** Whether it has ended without a failure. */
  abstract successful(): boolean
  /** What the body returned, or the exit that killed it. */
  abstract get value(): unknown
  /** What the body threw. */
  abstract get exception(): unknown

  /**
   * Calls `target(this)` when it has ended, in a new raw greenlet, so that the call may wait; soon, when it has ended already. An
   * `AsyncResult` gets the outcome instead. Reads the outcome: a failure is not reported.
   *
   * Links are told in the order in which they were made, each once; whoever waits in `join` or `get` stands in the same order. A link that
   * throws is reported.
   *
   * @param target - a function, or an `AsyncResult`. What a function returns is driven: `(g) => queue.put(g)` puts.
   * @throws UsageError when `target` is neither.
   * @switches never
   * @source gevent: `Greenlet.link`
   * @example
   * ```ts
   * import { sleep, spawn } from 'greenloop'
   *
   * const g = spawn(() => 5)
   * g.link(function* (ended) {
   *   yield* sleep(1)
   *   console.log(ended === g, g.value) // true 5
   * })
   * ```
   */
  link(target: LinkTarget<this, T>): void {
    add(this, new Link('link', target, ALWAYS))
  }

  /** {@link link}, but only if it ends well; being killed is well. Does not read the outcome. @switches never */
  linkValue(target: LinkTarget<this, T>): void {
    add(this, new Link('linkValue', target, IF_SUCCESSFUL))
  }

  /** {@link link}, but only if it fails. @switches never */
  linkException(target: LinkTarget<this, T>): void {
    add(this, new Link('linkException', target, IF_FAILED))
  }

  /**
   * Calls `callback(this)` when it has ended, in the hub; soon, when it has ended already. The callback must not wait. Reads the outcome.
   *
   * @throws UsageError when it is no function.
   * @switches never
   * @source gevent: `Greenlet.rawlink`
   */
  rawlink(callback: (greenlet: this) => unknown): void {
    if (typeof callback !== 'function') throw notAFunction('rawlink', callback)
    add(this, callback)
  }

  /** Takes back a link of any kind, the first of those to `target`; an unknown one is ignored. @switches never */
  unlink(target: LinkTarget<this, T>): void {
    const entry = entriesOf(this).find((one) => one === target || (one instanceof Link && one.target === target))
    if (entry !== undefined) remove(this, entry)
  }

  /** Takes back all links. Whoever waits in `join` or `get` goes on waiting. @switches never */
  unlinkAll(): void {
    for (const one of entriesOf(this)) if (typeof one === 'function' || one instanceof Link) remove(this, one)
  }

  /** How many are to be told of its end: links, and those who wait for it. @switches never */
  hasLinks(): number {
    return entriesOf(this).filter((one) => one !== LAST).length
  }

  /** @internal */
  $listen(listener: Listener): void {
    add(this, listener)
  }

  /** @internal */
  $ignore(listener: Listener): void {
    remove(this, listener)
  }

  /** @internal What it died of; it has reached somebody now. */
  $readFailure(): unknown {
    this.$marks |= READ
    return this.$slot
  }

  /** @internal */
  override $runLinks(): void {
    const { $links: links } = this
    writes(this)
    if (links === null) return
    if (!hasSeveral(links)) {
      this.$links = null
      tell(this, links)
      return
    }
    links.push(LAST)
    for (let entry = takeFirst(this); entry !== LAST; entry = takeFirst(this)) tell(this, entry)
  }

  /** @internal */
  protected override $finish(): void {
    super.$finish()
    const { $links: links } = this
    if (links === null) return
    if (this.$status === RETURNED && isCounted(links, hubOf(this))) this.$links = null
    else hubOf(this).enqueue(this)
  }
}

/**
 * Whether it was enough to count the end: a turn for a link that only counts is a part of what a short greenlet costs. Whoever watches sees
 * each turn.
 */
function isCounted(links: Roster<Entry> | Entry[] | Entry, hub: Hub): boolean {
  if (hub.scheduler !== null || hub.observer !== null || kernel.footprint !== null) return false
  return typeof links === 'object' && 'counts' in links && links.counts() // a listener that has the method
}

// Functions, since private methods would cost each greenlet a field.

function hasSeveral(links: LinkedGreenlet['$links']): links is Roster<Entry> | Entry[] {
  return Array.isArray(links) || links instanceof Roster
}

function entriesOf(greenlet: LinkedGreenlet): readonly Entry[] {
  const { $links: links } = greenlet
  reads(greenlet)
  return links === null ? [] : hasSeveral(links) ? [...links] : [links]
}

function add(greenlet: LinkedGreenlet, entry: Entry): void {
  const { $links: links } = greenlet
  writes(greenlet)
  if (links === null) greenlet.$links = entry
  else if (!hasSeveral(links)) greenlet.$links = [links, entry]
  else if (Array.isArray(links) && links.length >= MANY) greenlet.$links = new Roster(greenlet, [...links, entry])
  else links.push(entry)
  if (greenlet.$status >= RETURNED) hubOf(greenlet).enqueueCallback(greenlet)
}

function remove(greenlet: LinkedGreenlet, entry: Entry): void {
  const { $links: links } = greenlet
  writes(greenlet)
  if (links === entry) greenlet.$links = null
  else if (links instanceof Roster) links.remove(entry)
  else if (Array.isArray(links)) {
    const place = links.indexOf(entry)
    if (place >= 0) links.splice(place, 1)
  }
}

/** Takes out the first of several; they are told as far as LAST. */
function takeFirst({ $links: links }: LinkedGreenlet): Entry {
  return (hasSeveral(links) ? links.shift() : LAST) ?? LAST
}

function tell(greenlet: LinkedGreenlet, entry: Entry): void {
  try {
    if (typeof entry !== 'function') {
      entry.notify(greenlet)
    } else {
      greenlet.$marks |= READ
      callInHub('rawlink', entry as (greenlet: LinkedGreenlet) => unknown, greenlet)
    }
  } catch (error) {
    hubOf(greenlet).tell(error, { name: linkName(greenlet) })
  }
}

/** One of `link`, `linkValue`, `linkException`. */
class Link implements Listener<LinkedGreenlet> {
  readonly target: LinkTarget
  readonly when: typeof ALWAYS | typeof IF_SUCCESSFUL | typeof IF_FAILED

  constructor(verb: string, target: unknown, when: Link['when']) {
    if (!isTarget(target)) {
      throw new UsageError(`${verb}() expects a function or an AsyncResult, but got ${show(target)}.`)
    }
    this.target = target
    this.when = when
  }

  notify(source: LinkedGreenlet): void {
    const { target, when } = this
    if (when !== ALWAYS && source.successful() !== (when === IF_SUCCESSFUL)) return
    if (when !== IF_SUCCESSFUL) source.$readFailure()
    if (typeof target !== 'function') target.$linked(source)
    else runLink(new SpawnedGreenlet(target), source)
  }
}

function isTarget(value: unknown): value is LinkTarget {
  return (
    typeof value === 'function' || typeof (value as { $linked?: unknown } | null | undefined)?.$linked === 'function'
  ) // any value may be asked
}

function linkName(source: LinkedGreenlet): string {
  return `link of ${source.name}`
}

/** Runs a link's greenlet at once, as far as its first wait: it may take back a later link. Of its own failure it is reported. */
function runLink(greenlet: SpawnedGreenlet, source: LinkedGreenlet): void {
  const hub = hubOf(source)
  greenlet.$giveArguments([source])
  greenlet.name = linkName(source)
  greenlet.$host = source.$host
  greenlet.$marks |= STARTED
  hub.enter(greenlet)
  try {
    resume(greenlet)
  } catch (error) {
    leave()
    hub.tell(error, kernel.arrivedFrom ?? greenlet) // it has switched to a raw greenlet, which died into nobody
    kernel.arrivedFrom = null
  } finally {
    leave()
  }
}
