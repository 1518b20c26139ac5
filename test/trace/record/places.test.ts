// Places: where greenlets wait, have switched and were spawned, for a recorder that is asked for them.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { getcurrent, RawGreenlet, run, setDebug, setLocations, sleep, spawn, spawnLater } from 'greenloop'
import { type Place, Recorder } from 'greenloop/trace'
import { afterEach, describe, expect, it } from 'vitest'
import { kernel } from '../../../src/greenlet/kernel.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { virtualHub } from '../../support/virtual-clock.ts'
import { trackOf } from './shown.ts'

checkLeaks()

const all: Recorder[] = []
afterEach(() => {
  for (const recorder of all.splice(0)) recorder.stop()
  setLocations(false)
  setDebug(false)
})

/** A recorder of places that is on, and is off when the test is over. */
function started(): Recorder {
  const recorder = new Recorder({ locations: true }).start()
  all.push(recorder)
  return recorder
}

const source = readFileSync(fileURLToPath(import.meta.url), 'utf8').split('\n')

/** The mark that stands in the line of this file that a place is in. */
function mark(place: Place | null | undefined): string | null {
  if (place == null) return null
  expect(place.file).toMatch(/test\/trace\/record\/places\.test\.ts$/)
  return /\/\/ (.*)$/.exec(source[place.line - 1] ?? '')?.[1] ?? `line ${place.line}`
}

describe('with locations', () => {
  it('each wait and each switch has the place where it was made, each greenlet that of its birth', () => {
    const { clock } = virtualHub()
    const recorder = started()
    const other: RawGreenlet = new RawGreenlet(function* other() {
      yield* worker.switch() // switches back
    }) // the other is born
    function* nap() {
      yield* sleep(2) // naps in a call
    }
    const worker = spawn(function* worker() {
      yield* sleep(1) // naps
      yield* nap()
      yield* other.switch() // switches away
      yield* sleep(5) // naps on
    }) // the worker is born
    clock.run(4)
    const recording = recorder.read()
    expect(recording.locations).toBe(true)
    const { spawnedAt, spans } = trackOf(recording, 'worker')
    expect(mark(spawnedAt)).toMatch(/^(the worker is born|line \d+)$/)
    expect(spans.filter(({ place }) => place !== null).map(({ kind, place }) => `${kind} ${mark(place)}`)).toEqual([
      'waiting naps',
      'waiting naps in a call',
      'switched switches away',
      'waiting naps on',
    ])
    expect(spans.filter(({ kind, place }) => kind !== 'waiting' && kind !== 'switched' && place !== null)).toEqual([])
    expect(mark(trackOf(recording, 'other').spans.at(-1)?.place)).toBe('switches back')
    worker.kill()
    clock.run()
  })

  it('main has the place of its await, and whoever lived before that of its wait if locations were on', async () => {
    const { clock } = virtualHub()
    setLocations(true)
    const early = spawn(function* early() {
      yield* sleep(3) // early
    })
    clock.run(1)
    const recorder = started()
    const main = run(function* () {
      yield* sleep(1) // main
    })
    clock.run()
    await main
    const nap = sleep(1).then(() => undefined) // the await
    clock.run()
    await nap
    const recording = recorder.stop().read()
    expect(early.dead).toBe(true)
    expect(mark(trackOf(recording, 'early').spans[0]?.place)).toBe('early')
    expect(trackOf(recording, 'main').spans.flatMap(({ place }) => (place === null ? [] : [mark(place)]))).toEqual([
      'main',
      'the await',
    ])
  })

  it('a wait that is interrupted, thrown out of, or read while it lasts has its place, too', () => {
    const { clock } = virtualHub()
    const recorder = started()
    const killed = spawn(function* killed() {
      yield* sleep(9) // killed
    })
    const thrown = spawn(function* thrown() {
      yield* sleep(9) // thrown
    })
    const later = spawnLater(9, function* later() {})
    clock.run(1)
    const places = (): (string | null)[] =>
      ['killed', 'thrown'].map((name) =>
        mark(trackOf(recorder.read(), name).spans.find(({ kind }) => kind === 'waiting')?.place),
      )
    expect(places()).toEqual(['killed', 'thrown'])
    killed.kill()
    thrown.throw()
    later.kill()
    clock.run()
    expect(places()).toEqual(['killed', 'thrown'])
  })

  it('they are off again when the last of those recorders stops', () => {
    virtualHub()
    const first = started()
    const second = started()
    first.stop()
    expect(kernel.debug).not.toBe(null)
    second.clear()
    expect(kernel.debug).not.toBe(null)
    second.stop()
    second.stop()
    expect(kernel.debug).toBe(null)
  })

  it('they stay on when the program has turned them on, and go under debug mode', () => {
    virtualHub()
    setLocations(true)
    started().stop()
    expect(setLocations(false)).toBe(true)
    setDebug(true)
    const { clock } = virtualHub()
    const recorder = started()
    spawn(function* work() {
      yield* sleep(1) // in debug mode
    })
    clock.run()
    recorder.stop()
    expect(setDebug(false)).toBe(true)
    expect(kernel.debug).toBe(null)
    expect(mark(trackOf(recorder.read(), 'work').spans[2]?.place)).toBe('in debug mode')
  })

  it('without them there are no places, although they are on', () => {
    const { clock } = virtualHub()
    setLocations(true)
    const recorder = new Recorder().start()
    all.push(recorder)
    spawn(function* work() {
      yield* sleep(1)
    })
    clock.run()
    const { locations, tracks } = recorder.read()
    expect([locations, tracks[1]?.spawnedAt]).toEqual([false, null])
    expect(tracks.flatMap(({ spans }) => spans).every(({ place }) => place === null)).toBe(true)
    expect(getcurrent().name).toBe('main')
  })
})
