// Ends the process while greenlets are left in every state. argv[2]: `return`: at the end of main; `exit`: in the middle of one of them.
import { type Green, getcurrent, RawGreenlet } from 'greenloop'

const main = getcurrent()

process.on('exit', () => {
  console.log(`at exit: ${getcurrent().name}`)
})

function* deep(depth: number): Green<unknown> {
  try {
    return depth === 0 ? yield* main.switch('suspended') : yield* deep(depth - 1)
  } finally {
    console.log('a finally block ran')
  }
}

class Own extends RawGreenlet {
  override *run(): Green<unknown> {
    return yield* deep(1)
  }
}

const unstarted = new RawGreenlet(deep)
const suspended = new RawGreenlet(deep)
const own = new Own()
const dead = new RawGreenlet(() => 'dead')
console.log(suspended.switch(100).value, own.switch().value, dead.switch().value, unstarted.active)

if (process.argv[2] === 'exit') {
  new RawGreenlet(function* last() {
    const child = new RawGreenlet(function* child() {
      process.exit(3)
    })
    yield* child.switch()
  }).switch()
}
