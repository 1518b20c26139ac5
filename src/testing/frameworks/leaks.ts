/**
 * What a test leaves behind outside the hub of its own: greenlets and timers of the process's hub, servers, sockets, child processes.
 *
 * What was there before the test is not looked at, by identity: no count of something else can hide it, and nothing old is blamed on it.
 * What is about to end is given a moment, since what is closed is gone a few turns of Node's loop later.
 *
 * Node tells the kinds of what is open (`process.getActiveResourcesInfo()`), but not which; the objects are in a list that is not
 * documented and that test runners have used for ten years.
 *
 * Stands on the hub and on Node. Leaves to `it.ts` when it looks.
 */
import { ChildProcess } from 'node:child_process'
import { Socket as DatagramSocket } from 'node:dgram'
import { type AddressInfo, Server, Socket } from 'node:net'
import { type Coroutine, kernel } from '../../greenlet/kernel.ts'
import { systemClock } from '../../hub/clock.ts'
import type { Hub } from '../../hub/hub.ts'
import type { Timer } from '../../hub/timers.ts'
import { TestingError } from '../execution/outcome.ts'

/** How long what was closed, and who was killed, may take to be gone; and how often it is looked for, on a machine that is busy. */
const PATIENCE_MS = 100
const LOOKS = 20
/** Between two looks. */
const PAUSE_MS = 2

/** What there is in the process. */
interface Present {
  readonly living: readonly Coroutine[]
  readonly timers: readonly Timer[]
  readonly outstanding: number
  readonly open: readonly object[]
}

/** What there is after a test and was not before, in words. */
interface Left {
  readonly greenlets: string[]
  readonly timers: string[]
  readonly open: string[]
}

/** Taken before a test, asked after it. */
export class LeakCheck {
  readonly #before: Present = present()

  /** Looks again. @throws TestingError when something is left, with its names. */
  async check(): Promise<void> {
    // Whatever the test has put off to the next turn of Node's loop is to have had it.
    await new Promise<void>((resolve) => {
      systemClock.afterIO(resolve)
    })
    const limit = systemClock.now() + PATIENCE_MS
    let left = this.#left()
    for (let looks = 1; left !== null && (looks < LOOKS || systemClock.now() < limit); looks++) {
      await new Promise<void>((resolve) => {
        systemClock.setAlarm(PAUSE_MS, resolve)
      })
      left = this.#left()
    }
    if (left !== null) throw leak(left)
  }

  #left(): Left | null {
    const [before, now] = [this.#before, present()]
    const living = now.living.filter((greenlet) => !before.living.includes(greenlet))
    const open = now.open.filter((handle) => !before.open.includes(handle) && !isOf(before.open, handle))
    const pipes = new Set<unknown>(open.flatMap((handle) => (handle instanceof ChildProcess ? handle.stdio : [])))
    const left: Left = {
      greenlets: living.map(textOfGreenlet),
      timers: [],
      open: open.filter((handle) => !pipes.has(handle) && !isStandard(handle)).map(textOfHandle),
    }
    if (now.living.length === 0) {
      // While somebody lives, a timer or a wait may be theirs; and they are told of, unless they were there before.
      const timers = now.timers.filter((timer) => !before.timers.includes(timer))
      left.timers.push(...timers.map((timer) => `a timer of the hub: ${timer.describe?.() ?? 'no name'}`))
      const waits = now.outstanding - before.outstanding
      if (waits > 0) left.greenlets.push(`${waits} wait${waits === 1 ? '' : 's'} of plain code, for something outside`)
    }
    return left.greenlets.length + left.timers.length + left.open.length === 0 ? null : left
  }
}

function present(): Present {
  const hub = kernel.host as Hub | null // only hubs are put there
  const timers: Timer[] = []
  hub?.timers.copyDue(Infinity, timers)
  return { living: hub?.living() ?? [], timers, outstanding: hub?.outstanding ?? 0, open: openHandles() }
}

/** What keeps the process alive, as objects; ports to other threads are the test runner's. */
function openHandles(): readonly object[] {
  const { _getActiveHandles: list } = process as { _getActiveHandles?: () => readonly object[] } // not in the types
  return (list?.call(process) ?? []).filter((handle) => !(handle instanceof MessagePort))
}

/** Whether it is a connection to a server of `before`: how long such a one stays open is for the server to say. */
function isOf(before: readonly object[], handle: object): boolean {
  return 'server' in handle && before.includes(handle.server as object) // a socket that was accepted has it; asked only whether it is there
}

/** Whether it is the process's own input or output, which Node opens when they are first asked for. */
function isStandard(handle: object): boolean {
  return handle === process.stdout || handle === process.stderr || handle === process.stdin
}

/** A greenlet, and what it waits in. */
export function textOfGreenlet({ name, $wait: wait }: Coroutine): string {
  return `greenlet "${name}", ${wait === null ? 'which is ready' : `which waits in ${wait.describe()}`}`
}

function textOfHandle(handle: object): string {
  if (handle instanceof Server) return `a server on ${addressOf(handle.address())}`
  if (handle instanceof DatagramSocket) return 'a datagram socket'
  if (handle instanceof ChildProcess) return `child process ${String(handle.pid)}: ${handle.spawnfile}`
  if (!(handle instanceof Socket)) return `a ${handle.constructor.name}`
  const { localAddress, localPort, remoteAddress, remotePort } = handle
  if (remoteAddress === undefined || localAddress === undefined) return 'a socket'
  return `a socket from ${localAddress}:${String(localPort)} to ${remoteAddress}:${String(remotePort)}`
}

function addressOf(address: AddressInfo | string | null): string {
  if (address === null || typeof address === 'string') return address ?? 'no address'
  return `${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${String(address.port)}`
}

function leak({ greenlets, timers, open }: Left): TestingError {
  const advice = [
    ...(greenlets.length === 0 ? [] : ['join or kill greenlets']),
    ...(timers.length === 0 ? [] : ['stop timers']),
    ...(open.length === 0 ? [] : ['close servers and sockets, wait for child processes']),
  ].join(', ')
  return new TestingError(
    `The test leaves something behind:\n\n${[...greenlets, ...timers, ...open].map((line) => `  ${line}`).join('\n')}\n\n` +
      `It would go on during the tests that follow. In the test, in its finally, or in afterEach(): ${advice}.`,
  )
}
