/**
 * What switching costs: two greenlets that hand control to each other some hundred thousand times, and two functions that are called as often for the
 * same work. The greenlets come out behind: a switch without a wait only costs.
 *
 * Run: `npx tsx examples/switch-cost.ts`
 *
 * Expected output (`<n>`: a number):
 * ```text
 * a switch:      <n> ns
 * a plain call:  <n> ns
 * Both counted to 400000. Switching alone gains nothing; it only costs.
 * ```
 */
import { Greenlet } from 'greenloop'

const ROUNDS = 200_000 // two steps each: one of either side
let count = 0

function pingPong(): void {
  const ping: Greenlet = new Greenlet(function* () {
    for (let round = 0; round < ROUNDS; round++) {
      count++
      yield* pong.switch()
    }
  })
  const pong: Greenlet = new Greenlet(function* () {
    for (let round = 0; round < ROUNDS; round++) {
      count++
      yield* ping.switch()
    }
  })
  ping.switch()
}

function step(): void {
  count++
}

function plainCalls(): void {
  for (let round = 0; round < ROUNDS; round++) {
    step()
    step()
  }
}

/** Nanoseconds per step of `work`, the best of five: the first ones are slower, until V8 has optimised it. */
function nsPerStep(work: () => void): string {
  let best = Infinity
  for (let attempt = 0; attempt < 5; attempt++) {
    count = 0
    const began = performance.now()
    work()
    best = Math.min(best, performance.now() - began)
  }
  return ((best * 1e6) / (2 * ROUNDS)).toFixed(1)
}

console.log(`a switch:      ${nsPerStep(pingPong)} ns`)
console.log(`a plain call:  ${nsPerStep(plainCalls)} ns`)
console.log(`Both counted to ${count}. Switching alone gains nothing; it only costs.`)
