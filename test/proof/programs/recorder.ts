/**
 * Writes down what every emitter of a process emits, in order: `EventEmitter.prototype.emit` and `EventEmitter.init`, through which the
 * classes of Node and of the drivers go, are wrapped before a driver is loaded.
 *
 * An emitter is named by its class, its side of the connection, and its place among those that were made. An event is its name and the
 * shapes of what it carries. What depends on how TCP has cut the bytes is left out: a run of `data` counts as one, and `readable`, `drain`,
 * `pause`, `resume` and `unpipe`, by which a reader and the kernel's buffers take turns, count as nothing. Nor has what comes in an order
 * with what goes out: when both ends close a connection at once, either may be first; so a duplex counts as a reader and as a writer.
 */
import { EventEmitter } from 'node:events'
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { Duplex } from 'node:stream'

/** What each emitter has emitted: its name to its events. */
export type Events = Readonly<Record<string, readonly string[]>>

/** How often they come, and where among the others, is up to the kernel's buffers. */
const TURNS: ReadonlySet<PropertyKey> = new Set(['readable', 'drain', 'pause', 'resume', 'unpipe'])

/** What is of one direction of a duplex only. */
const READING: ReadonlySet<string> = new Set(['data', 'end'])
const WRITING: ReadonlySet<string> = new Set(['prefinish', 'finish'])

/** A recording that has begun. */
export interface Recording {
  /** From now on those that are made are left out; the others are listened to as before. */
  enough(): void
  /** Ends it, and tells what there was. */
  end(): Events
}

/** Begins. */
export function record(): Recording {
  let more = true
  const seen = new Map<object, string[]>()
  const prototype = EventEmitter.prototype as { emit: (this: object, name: PropertyKey, ...args: unknown[]) => boolean }
  const { emit } = prototype
  // Node's own, and undocumented; domains replace it as well.
  const emitters = EventEmitter as unknown as { init: (this: object, options: unknown) => void }
  const { init } = emitters

  emitters.init = function (options) {
    if (more) seen.set(this, [])
    init.call(this, options)
  }
  prototype.emit = function (name, ...args) {
    // A class that has only borrowed the methods of EventEmitter is not known before; an EventEmitter was there before we were.
    if (more && !seen.has(this) && !(this instanceof EventEmitter)) seen.set(this, [])
    const events = seen.get(this)
    if (events !== undefined && !TURNS.has(name)) {
      events.push(`${String(name)}(${args.map(shape).join(', ')})`)
    }
    return emit.call(this, name, ...args)
  }
  return {
    enough() {
      more = false
    },
    end() {
      emitters.init = init
      prototype.emit = emit
      const counts = new Map<string, number>()
      const named: Record<string, string[]> = {}
      for (const [emitter, events] of seen) {
        const kind = kindOf(emitter)
        const count = (counts.get(kind) ?? 0) + 1
        counts.set(kind, count)
        if (events.length === 0) continue
        if (emitter instanceof Duplex) {
          named[`${kind} ${count}`] = runs(without(WRITING, events))
          named[`${kind} ${count}, writing`] = runs(without(READING, events))
        } else named[`${kind} ${count}`] = runs(events)
      }
      return named
    },
  }
}

/** Its class; and of what a connection has at both of its ends, at which: which end is made first is up to the kernel. */
function kindOf(emitter: object): string {
  const { name } = emitter.constructor
  if (emitter instanceof Socket && (emitter as { server?: unknown }).server != null) return `accepted ${name}`
  if (emitter instanceof IncomingMessage && emitter.statusCode == null) return `asking ${name}`
  return name
}

function without(names: ReadonlySet<string>, events: readonly string[]): string[] {
  return events.filter((event) => !names.has(event.slice(0, event.indexOf('('))))
}

/** The same more briefly: what comes several times in a row is written once, with its count, and `data` without. */
function runs(seen: readonly string[]): string[] {
  const result: string[] = []
  for (let at = 0, next = 0; at < seen.length; at = next) {
    while (seen[next] === seen[at]) next++
    const event = seen[at] ?? ''
    result.push(next - at > 1 && !event.startsWith('data(') ? `${event} x ${next - at}` : event)
  }
  return result
}

/** What can be compared of a value that an event carries. */
function shape(value: unknown): string {
  if (value === null || value === undefined || typeof value === 'boolean') return String(value)
  if (value instanceof Error) return (value as NodeJS.ErrnoException).code ?? value.name
  if (typeof value !== 'object') return typeof value
  return Object.getPrototypeOf(value) === null ? 'object without a class' : value.constructor.name
}
