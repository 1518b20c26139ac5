/**
 * A face: what stands behind a `Socket` from its birth to its end, whatever is below it by then. Streams and datagrams have one each.
 *
 * Below it there is first nothing; then a socket or a server of Node's, with the state that the rooms beneath keep for it. Who asks whether
 * the `Socket` is ready asks the face, which asks that state, and passes on what it is told.
 *
 * Stands on readiness. Leaves it to the two faces what the calls do.
 */
import type dgram from 'node:dgram'
import type net from 'node:net'
import { BlockingIOError, SocketClosedError, UsageError } from '../../errors/classes.ts'
import { show } from '../../errors/usage.ts'
import type { Operation } from '../../protocol.ts'
import type { Address } from '../readiness/address.ts'
import { numberOf, retire } from '../readiness/numbers.ts'
import { POLLERR, POLLHUP, POLLNVAL, Readiness, type Watcher } from '../readiness/pollable.ts'
import type { Sendable } from './calls.ts'
import type { SocketAddress } from './vocabulary.ts'
import { type Family, type Option, optionOf, type Shutdown, SOCK_STREAM, type SocketKind } from './vocabulary.ts'

/** What can be below a `Socket`. */
export type NodeSocket = net.Socket | net.Server | dgram.Socket

/** What stands behind a `Socket`. */
export abstract class Face extends Readiness implements Watcher {
  readonly family: Family
  abstract readonly kind: SocketKind
  /** Milliseconds; null: for ever; 0: it does not wait. */
  timeoutMs: number | null = null
  isClosed = false
  readonly #options = new Map<Option, number>()
  #below: Readiness | null = null
  /** Of what is below by and by. */
  #expected = 0

  constructor(family: Family) {
    super()
    this.family = family
  }

  /** What is below now. */
  abstract get node(): NodeSocket | null
  /** What holds as long as nothing is below. */
  protected abstract readonly idleEvents: number

  abstract connect(address: SocketAddress): Operation<void>
  abstract bind(address: SocketAddress): Operation<void>
  abstract listen(backlog: number): Operation<void>
  abstract accept(): Operation<[connection: net.Socket, address: Address]>
  abstract recv(size: number): Operation<Buffer>
  abstract recvInto(buffer: Uint8Array): Operation<number>
  abstract recvfrom(size: number): Operation<[data: Buffer, address: Address]>
  abstract send(data: Sendable): Operation<number>
  abstract sendall(data: Sendable): Operation<void>
  abstract sendto(data: Sendable, address: SocketAddress): Operation<number>
  abstract shutdown(how: Shutdown): void
  abstract getsockname(): SocketAddress
  /** To whom it is connected; null: to nobody. */
  abstract get peer(): SocketAddress | null
  /** Ends what is below, and those who wait in it. */
  protected abstract end(): void
  /** Takes the error that nobody was told of yet. */
  protected abstract takeError(): Error | null
  /** Has an option take effect, or keeps it until something is below; null: it has no such option. */
  protected abstract applies(option: Option): boolean
  protected abstract apply(option: Option, value: number): void

  // What it is asked

  get blocking(): boolean {
    return this.timeoutMs !== 0
  }

  /** As waits are told it. */
  get limit(): number | undefined {
    return this.timeoutMs ?? undefined
  }

  override get label(): string {
    return this.#below?.label ?? (this.kind === SOCK_STREAM ? 'the socket' : 'the datagram socket')
  }

  fileno(): number {
    return this.isClosed ? -1 : numberOf(this)
  }

  setsockopt(level: number, name: number, value: unknown): void {
    const option = optionOf(level, name)
    if (option === undefined || option === 'type' || option === 'error' || !this.applies(option))
      throw unknownOption('setsockopt', this, level, name)
    if (typeof value !== 'boolean' && !Number.isInteger(value))
      throw new UsageError(`setsockopt() expects an integer or a boolean, but got ${show(value)}.`)
    if (this.isClosed) throw this.closedError('setsockopt()')
    this.#options.set(option, Number(value))
    this.apply(option, Number(value))
  }

  getsockopt(level: number, name: number): number {
    const option = optionOf(level, name)
    if (this.isClosed) throw this.closedError('getsockopt()')
    if (option === 'type') return this.kind
    if (option === 'error') {
      const error: NodeJS.ErrnoException | null = this.takeError()
      return Math.abs(error?.errno ?? 0)
    }
    if (option === undefined || !this.applies(option)) throw unknownOption('getsockopt', this, level, name)
    return this.option(option)
  }

  /** What an option was set to. */
  protected option(option: Option): number {
    return this.#options.get(option) ?? 0
  }

  /** All that were set, for something that is below from now on. */
  protected applyAll(): void {
    for (const [option, value] of this.#options) this.apply(option, value)
  }

  // What is below

  /** From now on this is below. */
  protected lay(below: Readiness | null): void {
    const before = this.#below
    if (this.watched) before?.unwatch(this)
    this.#below = below
    if (below === null || !this.watched) return
    below.watch(this)
    below.expect(this.#expected)
    this.tell(this.events())
  }

  override watch(watcher: Watcher): void {
    if (!this.watched) this.#below?.watch(this)
    super.watch(watcher)
  }

  override unwatch(watcher: Watcher): void {
    super.unwatch(watcher)
    if (!this.watched) this.#below?.unwatch(this)
  }

  /** Told by what is below. */
  becameReady(events: number): void {
    this.tell(events)
  }

  override expect(events: number): void {
    this.#expected |= events
    this.#below?.expect(events)
  }

  override events(): number {
    if (this.isClosed) return POLLNVAL
    if (this.#below === null) return this.idleEvents
    const events = this.#below.events()
    // What is below may be over, by an error or by its end; the socket is closed by close() alone.
    return (events & (POLLERR | POLLHUP)) === 0 ? events : events & ~POLLNVAL
  }

  // Its end

  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.end()
    this.#leave()
  }

  detach(): NodeSocket | null {
    const { node } = this
    this.isClosed = true
    this.#leave()
    return node
  }

  #leave(): void {
    retire(this)
    if (this.watched) this.#below?.unwatch(this)
    this.tell(POLLNVAL)
  }

  // What it refuses

  closedError(call: string): SocketClosedError {
    return new SocketClosedError(`${call}: ${this.label} is closed.`)
  }

  /** What a call throws that would have to wait, of a socket that does not. */
  wouldBlock(call: string, why: string): BlockingIOError {
    return new BlockingIOError(`${call} of ${this.label} would wait: ${why}.`)
  }
}

function unknownOption(call: string, { label }: Face, level: number, name: number): UsageError {
  return new UsageError(
    `${call}() of ${label} was given an option that Node has not: level ${show(level)}, ${show(name)}.`,
  )
}
