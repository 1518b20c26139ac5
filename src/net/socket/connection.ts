/**
 * Sockets that are made with their connection: `createConnection`, `createListener`, `socketpair`.
 *
 * Stands on `Socket` and `lookup`.
 */
import type { LookupAddress } from 'node:dns'
import { isInterrupt } from '../../errors/classes.ts'
import { checkFlag, checkMs, checkOptions } from '../../errors/usage.ts'
import type { Green, Operation } from '../../protocol.ts'
import { operation } from '../../waiting/operation.ts'
import { lookup } from '../dns/lookup.ts'
import type { Address } from '../readiness/address.ts'
import { Socket } from './socket.ts'
import { AF_INET, checkAddress, type Family, familyOf, type SocketAddress } from './vocabulary.ts'

/** How `createConnection` connects. */
export interface ConnectionOptions {
  /** Milliseconds for each address that is tried; the socket keeps it as its timeout. @defaultValue null, no limit */
  timeoutMs?: number | null
  /** Where it is bound before: `[host, port]`, where port 0 is a free one. @defaultValue the machine decides */
  sourceAddress?: Address
  /** Whether all errors are thrown when no address answers, in an AggregateError; else the last one is. @defaultValue false */
  allErrors?: boolean
}

/**
 * Connects to a name: each of its addresses is tried in turn until one answers.
 *
 * @param address - `[host, port]`.
 * @param options - `timeoutMs`, `sourceAddress`, `allErrors`.
 * @returns a connected socket.
 * @throws the last error, or an AggregateError of all, when no address answers; Node's error when the name is not found; UsageError at the
 * call for wrong arguments.
 * @switches always
 * @source gevent: `gevent.socket.create_connection`
 * @example
 * ```ts
 * import { run } from 'greenloop'
 * import { type Address, createConnection, createListener } from 'greenloop/net'
 *
 * await run(function* () {
 *   const listener = yield* createListener(['127.0.0.1', 0])
 *   const socket = yield* createConnection(listener.getsockname() as Address, { timeoutMs: 1000 })
 *   console.log(socket.gettimeout()) // 1000
 *   socket.close()
 *   listener.close()
 * })
 * ```
 */
export function createConnection(
  address: Address,
  options: ConnectionOptions = {},
  ...rest: never[]
): Operation<Socket> {
  if (!Array.isArray(address)) checkAddress('createConnection', AF_INET, address, [options, ...rest])
  const [host, port] = checkAddressOfAny('createConnection', address)
  checkOptions('createConnection()', options, '{ timeoutMs: 1000 }')
  const { timeoutMs = null, sourceAddress, allErrors = false } = options
  if (timeoutMs !== null) checkMs('createConnection()', 'timeoutMs', timeoutMs)
  if (sourceAddress !== undefined) checkAddressOfAny('createConnection', sourceAddress)
  checkFlag('createConnection()', 'allErrors', allErrors)
  return operation(`createConnection(['${host}', ${port}])`, function* (): Green<Socket> {
    const errors: unknown[] = []
    for (const found of yield* lookup(host, { all: true })) {
      try {
        return yield* tried(found, port, timeoutMs, sourceAddress)
      } catch (error) {
        if (isInterrupt(error)) throw error
        errors.push(error)
      }
    }
    if (!allErrors && errors.length > 0) throw errors.at(-1)
    throw new AggregateError(errors, `createConnection(['${host}', ${port}]): no address of the name has answered.`)
  })
}

/** An address of either version. */
function checkAddressOfAny(call: string, address: Address): Address {
  const isSix = Array.isArray(address) && typeof address[0] === 'string' && address[0].includes(':')
  return checkAddress(call, familyOf(isSix ? 6 : 4), address, []) as Address // no Unix socket
}

function* tried({ address, family }: LookupAddress, port: number, ms: number | null, source?: Address): Green<Socket> {
  const socket = new Socket(familyOf(family))
  try {
    socket.settimeout(ms)
    if (source !== undefined) yield* socket.bind(source)
    yield* socket.connect([address, port])
    return socket
  } catch (error) {
    socket.close()
    throw error
  }
}

/** How `createListener` listens. */
export interface ListenerOptions {
  /** @defaultValue AF_INET */
  family?: Family
  /** How many the machine connects before Node has looked at them. @defaultValue 128 */
  backlog?: number
}

/**
 * Makes a socket that listens at an address. Python calls it `create_server`; here `createServer` is Node's.
 *
 * @param address - `[host, port]`; of a Unix socket, its path.
 * @param options - `family`, `backlog`.
 * @throws what `bind` and `listen` throw.
 * @switches always
 * @source gevent: `gevent.socket.create_server`
 */
export function createListener(address: SocketAddress, options: ListenerOptions = {}): Operation<Socket> {
  checkOptions('createListener()', options, '{ backlog: 10 }')
  const { family = AF_INET, backlog } = options
  checkAddress('createListener', family, address, [])
  return operation('createListener()', function* (): Green<Socket> {
    const socket = new Socket(family)
    try {
      yield* socket.bind(address)
      yield* socket.listen(backlog)
      return socket
    } catch (error) {
      socket.close()
      throw error
    }
  })
}

/**
 * Makes two sockets that are connected to each other, over this machine's own network.
 *
 * @switches always
 * @source gevent: `gevent.socket.socketpair`
 * @example
 * ```ts
 * import { run } from 'greenloop'
 * import { socketpair } from 'greenloop/net'
 *
 * await run(function* () {
 *   const [here, there] = yield* socketpair()
 *   yield* here.sendall('over')
 *   console.log(String(yield* there.recv(10))) // over
 *   here.close()
 *   there.close()
 * })
 * ```
 */
export function socketpair(): Operation<[Socket, Socket]> {
  return operation('socketpair()', function* (): Green<[Socket, Socket]> {
    const listener = yield* createListener(['127.0.0.1', 0])
    const here = new Socket()
    try {
      yield* here.connect(listener.getsockname())
      for (;;) {
        const [there, address] = yield* listener.accept()
        if (String(address) === String(here.getsockname())) return [here, there]
        there.close() // somebody else on this machine
      }
    } catch (error) {
      here.close()
      throw error
    } finally {
      listener.close()
    }
  })
}
