/**
 * Which hub it is: the default one of the thread, and the one that a greenlet waits in.
 *
 * Stands on the hub. What a process has only one of, its last moments, is handled here.
 */
import { UsageError } from '../errors/classes.ts'
import { show } from '../errors/usage.ts'
import { type Coroutine, kernel } from '../greenlet/kernel.ts'
import { switchInterval } from './clock.ts'
import { Hub } from './hub.ts'

/**
 * The hub of this thread; made when it is first asked for.
 *
 * @switches never
 * @source gevent: `gevent.get_hub`
 */
export function getHub(): Hub {
  return (kernel.host as Hub | null) ?? makeDefault() // only makeDefault writes it
}

/** The hub that `greenlet` waits in: its spawner's. */
export function hubOf(greenlet: Coroutine): Hub {
  return (greenlet.$host as Hub | null) ?? getHub() // only this room and its agents write it
}

function makeDefault(): Hub {
  const hub = new Hub()
  kernel.host = hub
  process.on('beforeExit', () => {
    // Whoever waits until nothing is left has that now; else who waits for something waits in vain.
    if (!(hub.idle && hub.endIdleWaits())) hub.raiseLoopExit()
  })
  process.on('exit', () => {
    hub.flush()
  })
  return hub
}

// Here and not where the hub is made: a program that only switches has none, and its 'exit' handlers come after this one.
process.on('exit', () => {
  kernel.exiting = true
})

/**
 * How long a slice may last before sockets and timers have their turn, in milliseconds.
 *
 * @switches never
 * @source gevent: `gevent.getswitchinterval` (which answers seconds)
 */
export function getswitchinterval(): number {
  return switchInterval.ms
}

const given = process.env['GREENLOOP_SWITCH_INTERVAL_MS'] ?? ''
if (given !== '') {
  switchInterval.ms = Number(given)
  if (!(switchInterval.ms > 0))
    throw new UsageError(
      `GREENLOOP_SWITCH_INTERVAL_MS must be a number of milliseconds above 0, but is ${show(given)}.`,
    )
}

/**
 * Sets how long a slice may last. Longer is no faster: it only lets sockets and timers wait.
 *
 * @param ms - milliseconds, above 0; when it was never set that of the environment variable `GREENLOOP_SWITCH_INTERVAL_MS`, else 1.
 * @throws UsageError when it is not.
 * @switches never
 * @source gevent: `gevent.setswitchinterval` (which takes seconds)
 */
export function setswitchinterval(ms: number): void {
  if (!(typeof ms === 'number' && ms > 0)) {
    throw new UsageError(
      `setswitchinterval() expects \`ms\` to be a number of milliseconds above 0, but got ${show(ms)}.`,
    )
  }
  switchInterval.ms = ms
}
