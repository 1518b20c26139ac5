// Makes many greenlets of each kind and drops them; writes a line for each that has left something behind, and `done`.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Greenlet, getcurrent, RawGreenlet, settrace } from 'greenloop'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
const main = getcurrent()

const TIMES = 10_000
/** A greenlet that is kept takes more than twice as much; what else the heap does in a round stays below half of it. */
const BYTES_EACH = 60

/** A greenlet that is suspended in a switch to main. */
function suspended(): RawGreenlet {
  const greenlet: RawGreenlet = new RawGreenlet(function* () {
    yield* main.switch(greenlet)
  })
  greenlet.switch()
  return greenlet
}

function attempt(fn: () => unknown): void {
  try {
    fn()
  } catch {
    // What it throws is not kept, and neither shall be what it was thrown in.
  }
}

class Own extends RawGreenlet {
  readonly self: this = this
  override run(...args: unknown[]): unknown {
    return [this, args]
  }
}

const kinds: Record<string, () => unknown> = {
  'never started': () => new RawGreenlet(function* () {}),
  'run to the end': () => new RawGreenlet((n: number) => n).switch(1),
  'given several arguments': () => new RawGreenlet((...args: unknown[]) => args).switch({}, [], 'text'),
  'of a subclass': () => new Own().switch({}, {}),
  'of the hub, and switched to': () => new Greenlet(() => ({})).switch(),
  'left suspended': suspended,
  'resumed with a value': () => suspended().switch({}),
  'thrown at while suspended': () => suspended().throw(),
  'thrown at before the start': () => new RawGreenlet(function* () {}).throw(),
  'ended by an error': () =>
    attempt(() =>
      new RawGreenlet(() => {
        throw new Error('ended')
      }).switch(),
    ),
  'refused without a body': () => attempt(() => new RawGreenlet().switch()),
  'with a switch that was forgotten': () =>
    attempt(() =>
      new RawGreenlet(() => {
        void main.switch({})
      }).switch(),
    ),
  'that switch to each other': () => {
    const a: RawGreenlet = new RawGreenlet(function* () {
      yield* b.switch(a)
    })
    const b: RawGreenlet = new RawGreenlet(function* () {
      yield* main.switch()
      yield* a.switch(b)
    })
    a.switch()
  },
  'in a greenlet that is left suspended': () =>
    new RawGreenlet(function* () {
      yield* new RawGreenlet(() => main.switch()).switch()
    }).switch(),
  'that inherit from each other': () => {
    const last = new RawGreenlet(() => 'last')
    const first = new RawGreenlet(() => 'first', last)
    first.switch()
    first.parent = new RawGreenlet(() => 'another')
  },
  traced: () => {
    settrace(() => undefined)
    suspended().switch()
    settrace(null)
  },
}

function heap(): number {
  collect()
  collect()
  return process.memoryUsage().heapUsed
}

for (const [kind, make] of Object.entries(kinds)) {
  for (let n = 0; n < TIMES / 10; n++) make() // what is made once, is made now
  const before = heap()
  for (let n = 0; n < TIMES; n++) make()
  const each = (heap() - before) / TIMES
  if (each > BYTES_EACH) console.log(`${kind}: ${each.toFixed(0)} bytes each`)
}
console.log('done')
