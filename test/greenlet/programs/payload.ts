// Hands an object over in each way, and writes for each how many of them are still there when the switch has come back.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type Green, GreenletExit, getcurrent, RawGreenlet, settrace } from 'greenloop'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
const main = getcurrent()

function attempt(fn: () => unknown): void {
  try {
    fn()
  } catch {
    // What it throws is not kept.
  }
}

const dead = new RawGreenlet(function* dead() {})
dead.switch()
const taker = new RawGreenlet(function* taker(): Green<void> {
  for (;;) yield* main.switch()
})
taker.switch()
const giver = new RawGreenlet(function* giver(): Green<void> {
  for (;;) yield* main.switch({ made: 'by the giver' })
})
const ways: Record<string, (payload: Error) => unknown> = {
  'main to itself': (payload) => main.switch(payload),
  'main to itself, several': (payload) => main.switch(payload, payload),
  'main at itself': (payload) => attempt(() => main.throw(payload)),
  'to a dead one': (payload) => dead.switch(payload),
  'at a dead one': (payload) => attempt(() => dead.throw(payload)),
  'an exit at a dead one': (payload) => dead.throw(Object.assign(new GreenletExit(), { payload })),
  'to a suspended one': (payload) => taker.switch(payload),
  'from a suspended one': (payload) => Object.assign(payload, giver.switch().value),
  'a greenlet to itself': (payload) => new RawGreenlet((given: unknown) => getcurrent().switch(given)).switch(payload),
  'to an unstarted one': (payload) => new RawGreenlet((given: unknown) => given).switch(payload),
  'to one that dies': (payload) =>
    attempt(() =>
      new RawGreenlet((given: unknown) => {
        throw given
      }).switch(payload),
    ),
  'while a tracer throws': (payload) => {
    settrace(() => {
      throw payload
    })
    attempt(() => main.switch(payload))
  },
}

for (const [way, go] of Object.entries(ways)) {
  const reference = ((): WeakRef<object> => {
    const payload = new Error('payload')
    go(payload)
    return new WeakRef(payload)
  })()
  // What a WeakRef was made of lives until the end of the task.
  await new Promise((resolve) => setImmediate(resolve))
  collect()
  if (reference.deref() !== undefined) console.log(`held: ${way}`)
}
console.log(`done: ${Object.keys(ways).length} ways`)
