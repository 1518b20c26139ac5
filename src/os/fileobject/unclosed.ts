/**
 * Files that nobody closes.
 *
 * One that can be reached no more is closed when V8 notices it, and a warning says so, as Node does for its FileHandle: when that is, nobody
 * knows. And what was written and not handed to the system when the program ends is written then, as Python does.
 *
 * Stands on raw files.
 */
import type { Raw } from './raw.ts'

/** What is left of a file without its object. */
export interface Remains {
  readonly raw: Raw
  /** Writes what is left and closes it; `isEnd`: at once, whatever is under way. */
  abandon(isEnd: boolean): void
}

const open = new Set<Remains>()

const registry = new FinalizationRegistry<{ remains: Remains; isBorrowed: boolean }>(({ remains, isBorrowed }) => {
  const { label, fd } = remains.raw
  letGo(remains, false)
  if (isBorrowed) return
  process.emitWarning(
    `${label.replace(/^t/u, 'T')} (descriptor ${String(fd)}) was not closed before it could be reached no more; it is closed now. ` +
      'Right: `using file = yield* open(...)`.',
    { type: 'ResourceWarning', code: 'GREENLOOP_UNCLOSED_FILE' },
  )
})

/** Looks after `file`, as long as it is open. `isBorrowed`: its descriptor stays open. */
export function lookAfter(file: object, remains: Remains, isBorrowed: boolean): void {
  if (open.size === 0) process.on('exit', finish)
  open.add(remains)
  registry.register(file, { remains, isBorrowed }, remains)
}

/** The file is closed. */
export function forget(remains: Remains): void {
  if (!open.delete(remains)) return
  registry.unregister(remains)
  if (open.size === 0) process.off('exit', finish)
}

function finish(): void {
  for (const remains of open) letGo(remains, true)
}

function letGo(remains: Remains, isEnd: boolean): void {
  forget(remains)
  try {
    remains.abandon(isEnd)
  } catch (error) {
    process.emitWarning(error as Error) // the system's
  }
}
