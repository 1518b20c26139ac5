/**
 * What the tests of streams have in common.
 */
import type { EventEmitter } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Green, Resume, Suspend } from 'greenloop'
import { onTestFinished } from 'vitest'

/** How many listeners it has, by event. */
export function listeners(emitter: EventEmitter): Record<string, number> {
  return Object.fromEntries(emitter.eventNames().map((name) => [String(name), emitter.listenerCount(name)]))
}

/** A folder for the running test. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'greenloop-'))
  onTestFinished(() => {
    rmSync(path, { recursive: true, force: true })
  })
  return path
}

/** What driving it throws. */
export function* caught(made: { [Symbol.iterator](): Iterator<Suspend, unknown, Resume> }): Green<unknown> {
  try {
    yield* made
  } catch (error) {
    return error
  }
  throw new Error('Nothing was thrown.')
}
