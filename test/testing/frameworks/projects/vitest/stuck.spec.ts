// A test that never ends, and the one behind it.
import { sleep, until } from 'greenloop'
import { it } from 'greenloop/testing/vitest'

it.green('waits for ever', { timeout: 50 }, function* () {
  yield* until(new Promise(() => undefined))
})

it.green('comes after it', function* () {
  yield* sleep(1)
})
