// LoopExit, and names that are code of the program.
import { Event, Greenlet, type LoopExit } from 'greenloop'
import { expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { rejection } from '../support/thrown.ts'
import { virtualHub } from '../support/virtual-clock.ts'

checkLeaks()

let refuses = false
class Nameless extends Greenlet {
  override get name(): string {
    if (refuses) throw new Error('no name')
    return 'nameless'
  }
}

it('a name that throws is a question mark in LoopExit, which is raised all the same', async () => {
  const { hub, clock } = virtualHub()
  const event = new Event()
  const nameless = new Nameless(function* () {
    yield* event.wait()
  })
  nameless.start()
  const failed = rejection(event.wait())
  await Promise.resolve() // `await` asks for its `then` in a microtask
  clock.run()
  refuses = true
  hub.raiseLoopExit()
  refuses = false
  clock.run()
  expect(((await failed) as LoopExit).waiting.map(({ name }) => name)).toEqual(['main', '?'])
  event.set()
  clock.run()
})
