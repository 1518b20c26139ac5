/**
 * `config`: the settings of the library in one place, as `gevent.config` has them.
 *
 * Each is read from the environment when the library is loaded, and may be changed at any time; a wrong value is refused, and a name that
 * does not exist is refused by the compiler, and when it is set. Stands on those whose settings they are; keeps itself only the settings of
 * rooms above, which read them here.
 */
import { setDebug } from './debug.ts'
import { UsageError } from './errors/classes.ts'
import { show } from './errors/usage.ts'
import { kernel } from './greenlet/kernel.ts'
import { getswitchinterval, setswitchinterval } from './hub/default.ts'
import type { Driven } from './protocol.ts'

/** What a {@link ResolveName} is asked for beside the name. */
export interface ResolveNameOptions {
  /** 4 or 6: only such addresses are of use; 0: all are. */
  readonly family: 0 | 4 | 6
}

/**
 * Finds the addresses of a name: a generator function, or any function that returns them, an operation or a promise. It is not asked for a
 * name that is an address.
 *
 * @returns IP addresses, the best one first; none when nobody has that name.
 */
export type ResolveName = (hostname: string, options: ResolveNameOptions) => Driven<readonly string[]>

/**
 * Who finds the addresses of a name: `'thread'` is the machine itself (`getaddrinfo`, in Node's thread pool), `'ares'` asks the name servers
 * without a thread.
 */
export type NameResolver = 'thread' | 'ares' | ResolveName

/** Of the environment. */
function defaultResolver(): NameResolver {
  const given = process.env['GREENLOOP_RESOLVER'] ?? ''
  if (given === '') return 'thread'
  if (given === 'thread' || given === 'ares') return given
  throw new UsageError(`GREENLOOP_RESOLVER must be thread or ares, but is ${show(given)}.`)
}

let nameResolver = defaultResolver()

/** The settings: see {@link config}. */
export class Config {
  /**
   * Whether debug mode is on: as {@link setDebug}. In the environment: `GREENLOOP_DEBUG=1`.
   *
   * @defaultValue false
   */
  get debug(): boolean {
    return kernel.debug !== null && !kernel.debug.light
  }

  /** Turns debug mode on or off. */
  set debug(on: boolean) {
    setDebug(on)
  }

  /**
   * How long a slice may last before sockets and timers have their turn, in milliseconds, above 0: as {@link setswitchinterval}. In the
   * environment: `GREENLOOP_SWITCH_INTERVAL_MS=5`.
   *
   * @defaultValue 1
   */
  get switchIntervalMs(): number {
    return getswitchinterval()
  }

  /** Sets it. */
  set switchIntervalMs(ms: number) {
    setswitchinterval(ms)
  }

  /**
   * Who finds the addresses of a name, for `dns.lookup` of `greenloop/net` and for what connects by name: `'thread'` as Node does it, `'ares'`,
   * which needs no thread and is cancelled by a kill, or a function of yours. In the environment: `GREENLOOP_RESOLVER=ares`.
   *
   * @defaultValue 'thread'
   */
  get resolver(): NameResolver {
    return nameResolver
  }

  /** Sets it. */
  set resolver(resolver: NameResolver) {
    if (resolver !== 'thread' && resolver !== 'ares' && typeof resolver !== 'function')
      throw new UsageError(`config.resolver is 'thread', 'ares' or a function, but was set to ${show(resolver)}.`)
    nameResolver = resolver
  }
}

/**
 * The settings of the library. Setting one to a wrong value throws UsageError; setting one that does not exist, a TypeError.
 *
 * @source gevent: `gevent.config`
 * @example
 * ```ts
 * import { config, getswitchinterval } from 'greenloop'
 *
 * console.log(config.debug, config.switchIntervalMs) // false 1
 * config.switchIntervalMs = 5
 * console.log(getswitchinterval()) // 5
 * ```
 */
export const config: Config = Object.freeze(new Config())
