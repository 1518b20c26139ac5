// Waits for SIGTERM, and for nothing else.
import { run } from 'greenloop'
import { nextSignal } from 'greenloop/os'

await run(function* () {
  setImmediate(() => console.log('ready'))
  console.log(yield* nextSignal('SIGTERM'))
})
