// Watchers of the library, who are told of switches beside the callback of settrace().
import { gettrace, RawGreenlet, settrace } from 'greenloop'
import { afterEach, describe, expect, it } from 'vitest'
import { kernel, type Watcher } from '../../src/greenlet/kernel.ts'
import { addWatcher, removeWatcher } from '../../src/greenlet/trace.ts'
import { checkLeaks } from '../support/leaks.ts'
import { type Recorder, recorder } from '../support/recorder.ts'
import { thrown } from '../support/thrown.ts'
import { dropTracers } from '../support/traced.ts'

checkLeaks()
dropTracers()

const watchers: Watcher[] = []
afterEach(() => {
  for (const watcher of watchers.splice(0)) removeWatcher(watcher)
})

/** A watcher that writes down what it is told, for this test. */
function watch(rec: Recorder, name: string): Watcher {
  const watcher: Watcher = (origin, target, throwing) => {
    rec(`${name}: ${throwing ? 'throw' : 'switch'} ${origin.name} ${target.name}`)
  }
  addWatcher(watcher)
  watchers.push(watcher)
  return watcher
}

function visit(): void {
  new RawGreenlet(function* work() {}).switch()
}

describe('a watcher', () => {
  it('is told of values and errors, as the callback of settrace() is', () => {
    const rec = recorder()
    watch(rec, 'a')
    visit()
    const error = new Error('work failed')
    const failing = new RawGreenlet(function* failing() {
      throw error
    })
    expect(thrown(() => failing.switch())).toBe(error)
    rec.expect(['a: switch main work', 'a: switch work main', 'a: switch main failing', 'a: throw failing main'])
  })

  it('is told before the callback, and lives beside others in the order in which they came', () => {
    const rec = recorder()
    watch(rec, 'a')
    settrace((event, origin, target) => rec(`callback: ${event} ${origin.name} ${target.name}`))
    watch(rec, 'b')
    visit()
    settrace(null)
    const each = (what: string): string[] => [`a: ${what}`, `b: ${what}`, `callback: ${what}`]
    rec.expect([...each('switch main work'), ...each('switch work main')])
  })

  it('stays when the program sets and removes its callback, which never shows it', () => {
    const rec = recorder()
    watch(rec, 'a')
    expect(gettrace()).toBeNull()
    expect(settrace(() => undefined)).toBeNull()
    settrace(null)
    visit()
    rec.expect(['a: switch main work', 'a: switch work main'])
  })

  it('stays when the callback throws, which removes only that one', () => {
    const rec = recorder()
    watch(rec, 'a')
    const error = new Error('the callback fails')
    settrace(() => {
      throw error
    })
    expect(thrown(visit)).toBe(error)
    expect(gettrace()).toBeNull()
    rec.expect(['a: switch main work', 'a: throw work main'])
  })

  it('is told once, however often it was added, and not any more when it was removed', () => {
    const rec = recorder()
    const watcher = watch(rec, 'a')
    addWatcher(watcher)
    visit()
    removeWatcher(watcher)
    removeWatcher(watcher)
    visit()
    rec.expect(['a: switch main work', 'a: switch work main'])
  })

  it('leaves nothing behind that a switch would pay for', () => {
    removeWatcher(watch(recorder(), 'a'))
    expect(kernel.tracer).toBeNull()
  })
})
