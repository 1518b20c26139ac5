/**
 * How a contestant does the works: what a file of `bench/contestants` exports as `runs`.
 *
 * Stands on nothing. Such a file is loaded alone, in a process of its own, so that no library runs in a heap that another one has shaped.
 */

/** Does a work `times` times; may be async. A work that knows better how often it was done gives that number, any other nothing. */
export type Run = (times: number, watch: Stopwatch, parameter: number) => unknown

/** By the name of the work. */
export type Runs = Readonly<Record<string, Run>>

/** What is measured is all of a run, or only what lies between `start()` and `stop()`. */
export interface Stopwatch {
  /** From here on; what was before it, is preparation. The heap is collected first. */
  start(): void
  /** Up to here; what comes is clearing up. */
  stop(): void
  /** The figure of a work that measures something else, such as bytes: it stands in the place of the nanoseconds on the clock. */
  tell(figure: number): void
}
