// A test that never ends, and those behind it.
import { sleep, until } from 'greenloop'
import { it } from 'greenloop/testing/vitest'

const never = () => until(new Promise(() => undefined))

it.green('waits for ever', { timeout: 50 }, function* () {
  yield* never()
})

it.green('comes after it', function* () {
  yield* sleep(1)
})

it.green('waits for ever in a finally', { timeout: 50 }, function* () {
  try {
    yield* never()
  } finally {
    yield* never()
  }
})

it.green('comes last', function* () {
  yield* sleep(1)
})
