/**
 * What `select`, `poll` and `epoll` take: sockets and servers of either face, numbers, and any object with a `fileno()`.
 *
 * Stands on the states of sockets and servers, and on the numbers.
 */
import dgram from 'node:dgram'
import net from 'node:net'
import { SocketClosedError, UsageError } from '../../errors/classes.ts'
import { show } from '../../errors/usage.ts'
import { isOperation, isThenable } from '../../protocol.ts'
import { DatagramState, datagramStateOf } from '../datagram/datagram-state.ts'
import { pollableOf } from '../readiness/numbers.ts'
import { POLLNVAL, type Pollable } from '../readiness/pollable.ts'
import { connectionEventOf, ServerState, serverStateOf } from '../stream/server-state.ts'
import { stateOf } from '../stream/stream-state.ts'

/** What has a number: a socket, or an object of yours that carries its data beside one. */
export interface HasFileno {
  /** The number of its socket: what `socket.fileno()` gives. -1 when it is closed. */
  fileno(): number
}

/** What `select`, `poll` and `epoll` take. A number is one that `fileno()` gave. */
export type Selectable = HasFileno | net.Socket | net.Server | dgram.Socket | number

/** Whether it is of a kind that can be ready. */
export function isSelectable(target: unknown): target is Selectable {
  if (typeof target === 'number') return Number.isInteger(target)
  return (
    target instanceof net.Socket || target instanceof net.Server || target instanceof dgram.Socket || hasFileno(target)
  )
}

/** Checks what was given, as far as that can be done before it is asked for its number. `where` it was given, if that is to be said. */
export function checkSelectable(call: string, target: unknown, where = ''): asserts target is Selectable {
  if (isSelectable(target)) return
  const head = `${call} expects sockets, servers or objects with a fileno(), but got ${show(target)}${where}.`
  throw new UsageError(
    isOperation(target) || isThenable(target)
      ? `${head}\nFor whatever else can be waited for there is choose({ item: queue.get(), answer: until(promise) }).`
      : head,
  )
}

/**
 * What stands behind it.
 *
 * @throws SocketClosedError when it is closed; UsageError when its `fileno()` gives no number, or it is a server that has a listener for
 * its connections.
 */
export function pollableFor(call: string, target: Selectable): Pollable {
  const pollable = directly(target) ?? byNumber(call, target as HasFileno | number) // what is left when it is no socket itself
  if (pollable.events() === POLLNVAL) throw closedTarget(call, pollable)
  if (pollable instanceof ServerState) takeConnections(call, pollable)
  if (pollable instanceof DatagramState && !pollable.takesMessages()) throw taken(call, 'datagram socket', 'message')
  return pollable
}

/** What a call throws that finds this closed. */
export function closedTarget(call: string, { label }: Pollable): SocketClosedError {
  return new SocketClosedError(`${call}: ${label} is closed.`)
}

function directly(target: Selectable): Pollable | null {
  if (target instanceof net.Socket) return stateOf(target)
  if (target instanceof net.Server) return serverStateOf(target)
  if (target instanceof dgram.Socket) return datagramStateOf(target)
  return null
}

function byNumber(call: string, target: HasFileno | number): Pollable {
  const number: unknown = typeof target === 'number' ? target : target.fileno()
  if (typeof number !== 'number' || !Number.isInteger(number))
    throw new UsageError(
      `${call} was given ${show(target)} whose fileno() is ${show(number)}; it is to be that of a socket.`,
    )
  const pollable = pollableOf(number)
  if (pollable !== null) return pollable
  throw new SocketClosedError(
    typeof target === 'number'
      ? `${call}: ${String(number)} is the number of no open socket; numbers are what fileno() gives.`
      : `${call}: ${show(target)} is closed: its fileno() is ${String(number)}.`,
  )
}

/** Whether something waits in one is known only when nobody is handed it at once. */
function takeConnections(call: string, state: ServerState): void {
  const event = connectionEventOf(state.server)
  if (!state.takesConnections(event)) throw taken(call, 'server', event)
}

function taken(call: string, what: string, event: string): UsageError {
  return new UsageError(
    `${call} was given a ${what} that has a listener for '${event}', which is given every one already: none would ever wait.`,
  )
}

function hasFileno(target: unknown): target is HasFileno {
  return typeof (target as { fileno?: unknown } | null | undefined)?.fileno === 'function' // any value may be asked
}
