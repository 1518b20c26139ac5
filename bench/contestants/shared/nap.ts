/**
 * The naps of the work `sleepers`, the same for everybody.
 */

/** How long the sleeper of number `i` sleeps: 10 to 1,000 ms, scattered. */
export function napOf(i: number): number {
  return 10 + ((i * 7919) % 991)
}
