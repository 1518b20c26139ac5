/** What the tests of child processes look at: who lives, by the system's own word. */
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Green, Operation } from 'greenloop'

interface ProcessState {
  /** `R`, `S`, ...; `Z`: a zombie. */
  readonly state: string
  readonly parent: number
  readonly group: number
  readonly session: number
}

/** What the system says of a process; null when there is none. */
export function processState(pid: number): ProcessState | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const [state = '', parent, group, session] = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { state, parent: Number(parent), group: Number(group), session: Number(session) }
  } catch {
    return null
  }
}

/** Whether it runs: a zombie does not. */
export function runs(pid: number): boolean {
  return !['Z', undefined].includes(processState(pid)?.state)
}

/** All processes. */
function pids(): number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger)
}

/** The children of this process, zombies included. */
export function children(): number[] {
  return pids().filter((pid) => processState(pid)?.parent === process.pid)
}

/** Those of a group that run. */
export function membersOf(group: number): number[] {
  return pids().filter((pid) => runs(pid) && processState(pid)?.group === group)
}

/** Waits until `holds()`, for three seconds at the most; answers whether it does. */
export async function eventually(holds: () => boolean): Promise<boolean> {
  const limit = performance.now() + 3000
  while (!holds() && performance.now() < limit) await delay(2)
  return holds()
}

/** What driving an operation throws. */
export function* caught(operation: Operation<unknown>): Green<unknown> {
  try {
    yield* operation
  } catch (error) {
    return error
  }
  throw new Error('Nothing was thrown.')
}
