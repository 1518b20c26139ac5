/**
 * What a tracer is told while a program runs.
 */
import { settrace } from 'greenloop'
import { afterEach } from 'vitest'
import { messageOf } from './thrown.ts'

/** Removes a tracer that a test has left. Called once in a file. */
export function dropTracers(): void {
  afterEach(() => {
    settrace(null)
  })
}

/** The events while `program` runs: `switch main g`. */
export function traced(program: () => unknown): string[] {
  const events: string[] = []
  settrace((event, origin, target) => events.push(`${event} ${origin.name} ${target.name}`))
  try {
    program()
  } catch (error) {
    events.push(`main catches ${messageOf(error)}`)
  } finally {
    settrace(null)
  }
  return events
}
