import { RawGreenlet } from 'greenloop'
import { recorder } from 'greenloop/testing'
import { expect, it } from 'greenloop/testing/vitest'

// Two greenlets that hand control to each other: who runs when is in the hands of the program, and the test says exactly that.
it.green('f1 and f2 run by turns, each from where it stood', function* (t) {
  const print = recorder()

  const gr1: RawGreenlet = new RawGreenlet(function* f1() {
    print('11')
    yield* gr2.switch() // to the start of f2
    print('22')
    yield* gr2.switch() // to where f2 stands
  })
  const gr2: RawGreenlet = new RawGreenlet(function* f2() {
    print('33')
    yield* gr1.switch() // back to where f1 stands
    print('44')
  })

  yield* gr1.switch() // comes back when f2 has ended

  print.expect(['11', '33', '22', '44'])
  expect(t.trace).toSwitchExactly(['main', 'f1', 'f2', 'f1', 'f2', 'main'])
  expect(t.trace).toInterleave('f1', 'f2')
})
