/** What operations and errors show, for comparing: as a text, and as what stands on an error beside its stack. */
import { messageOf } from '../../support/thrown.ts'

/** An operation as it stands in messages. */
export function written(operation: { toString(): string }): string {
  return operation.toString()
}

/** What an error says, and the fields that it has. */
export function shown(error: unknown): object {
  return { ...(error as object), message: messageOf(error) }
}
