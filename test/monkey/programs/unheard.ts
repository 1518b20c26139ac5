// A child that cannot be started, under the patches: heard, driven, and then neither. That ends the process.
import { spawn } from 'node:child_process'
import { run } from 'greenloop'
import * as monkey from 'greenloop/monkey'

monkey.patchAll()
const code = (error: unknown): unknown => (error as NodeJS.ErrnoException).code
await new Promise<void>((resolve) =>
  spawn('no-such-program').on('error', (error) => {
    console.log('heard', code(error))
    resolve()
  }),
)
await run(function* () {
  try {
    yield* spawn('no-such-program')
  } catch (error) {
    console.log('driven', code(error))
  }
})
spawn('no-such-program')
setTimeout(() => console.log('never printed'), 500)
