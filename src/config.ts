/**
 * `config`: the settings of the library in one place, as `gevent.config` has them.
 *
 * Each is read from the environment when the library is loaded, and may be changed at any time; a wrong value is refused, and a name that
 * does not exist is refused by the compiler, and when it is set. Stands on those whose settings they are, and keeps nothing itself.
 */
import { setDebug } from './debug.ts'
import { kernel } from './greenlet/kernel.ts'
import { getswitchinterval, setswitchinterval } from './hub/default.ts'

/** The settings: see {@link config}. */
export class Config {
  /**
   * Whether debug mode is on: as {@link setDebug}. In the environment: `GREENLOOP_DEBUG=1`.
   *
   * @defaultValue false
   */
  get debug(): boolean {
    return kernel.debug !== null
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
