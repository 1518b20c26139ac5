/** What is open in this process, to see that nothing is left. */
import { readdirSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { eventually } from '../support.ts'

/** Only Linux tells of the sockets of c-ares; elsewhere they are not counted. */
const TELLS = process.platform === 'linux'

/** The resources of which Node tells, but for the timers of the test's own tools, and the number of descriptors. */
function open(): string {
  const resources = process.getActiveResourcesInfo().filter((name) => name !== 'Timeout' && name !== 'Immediate')
  return [...resources.sort(), descriptors()].join()
}

/** How many descriptors this process has, those of c-ares among them. */
function descriptors(): number {
  return TELLS ? readdirSync('/proc/self/fd').length : 0
}

/** Looks now; what it gives waits until no more is open than now. */
export async function opened(): Promise<() => Promise<void>> {
  await delay(5) // for what the test before has closed
  const before = open()
  return () => eventually('nothing is left', () => open() === before)
}

/** Looks now; what it gives waits until `count` more sockets are open than now. */
export function sockets(): (count: number) => Promise<void> {
  const before = descriptors()
  return (count) => eventually(`there are ${count} more sockets`, () => !TELLS || descriptors() === before + count)
}
