/**
 * Coroutines by hand: a generator stops at each `yield` and goes on at the next `next()`.
 *
 * First two generators are stepped alternately: each keeps its place while the other runs. Then a value is sent in: what is given to
 * `next(x)` is what the `yield` that stands still answers. There is no library here; the rest of greenloop is built on these two facts.
 *
 * Run: `npx tsx examples/generators.ts`
 *
 * Expected output:
 * ```text
 * 11
 * 55
 * 22
 * 66
 * 33
 * 77
 * 11
 * 1
 * 999 22
 * 2
 * ```
 */
function* f1() {
  console.log(11)
  yield
  console.log(22)
  yield
  console.log(33)
}

function* f2() {
  console.log(55)
  yield
  console.log(66)
  yield
  console.log(77)
}

const v1 = f1()
const v2 = f2()
v1.next() // 11, up to the first yield
v2.next() // 55
v1.next() // 22: it goes on where it stood
v2.next() // 66
v1.next() // 33
v2.next() // 77

function* f3(): Generator<number, void, number> {
  console.log(11)
  const x1 = yield 1
  console.log(x1, 22)
  yield 2
  console.log(33) // never: nobody steps it a third time
}

const v3 = f3()
const first = v3.next() // starts it: 11
console.log(first.value) // 1, which came out
const second = v3.next(999) // `yield 1` answers 999, which went in
console.log(second.value) // 2
