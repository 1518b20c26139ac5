/**
 * Two greenlets hand control to each other, each at the place where it chooses to. Then plain calls print the same four lines: switching
 * by itself has gained nothing. What it costs: `switch-cost.ts`. When it gains: `pages.ts`, where there is something to wait for.
 *
 * Run: `npx tsx examples/switch.ts`
 *
 * Expected output:
 * ```text
 * 11
 * 33
 * 22
 * 44
 * 11
 * 33
 * 22
 * 44
 * ```
 */
import { Greenlet } from 'greenloop'

const gr1: Greenlet = new Greenlet(function* f1() {
  console.log(11)
  yield* gr2.switch() // to the start of f2
  console.log(22)
  yield* gr2.switch() // to where f2 stands
})

const gr2: Greenlet = new Greenlet(function* f2() {
  console.log(33)
  yield* gr1.switch() // back to where f1 stands
  console.log(44)
})

gr1.switch() // runs at once, and comes back when f2 has ended: nobody is left who would go on

// The same lines without greenlets.
function f1() {
  console.log(11)
  console.log(33)
}

function f2() {
  console.log(22)
  console.log(44)
}

f1()
f2()
