/**
 * What a row of the benchmark does.
 */

/** Something that can be done so and so many times. */
export interface Work {
  /** How often, in a measurement. */
  readonly times: number
  run(times: number): void | Promise<void>
  /** Gives the figure itself, when it is no time. */
  measure?(times: number): number | Promise<number>
  /** Whether it is warmed up by a tenth only. */
  readonly cold?: boolean
  /** What Node is started with. */
  readonly flags?: readonly string[]
}
