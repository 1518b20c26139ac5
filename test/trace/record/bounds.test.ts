// What a recorder holds: the newest events, and nobody who is gone.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Event, Greenlet, getcurrent, RawGreenlet, sleep, spawn } from 'greenloop'
import { Recorder } from 'greenloop/trace'
import { afterEach, describe, expect, it } from 'vitest'
import { addWatcher, removeWatcher } from '../../../src/greenlet/trace.ts'
import { addObserver, removeObserver } from '../../../src/hub/observers.ts'
import { Watch } from '../../../src/trace/record/watch.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { virtualHub } from '../../support/virtual-clock.ts'
import { arrowsOf, spansOf, trackOf } from './shown.ts'

checkLeaks()

let recorder: Recorder
afterEach(() => {
  recorder.stop()
})

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Has everything collected that nobody holds. */
async function collectAll(): Promise<void> {
  new RawGreenlet(() => undefined).switch() // the kernel still knows the last one that was switched to
  for (let n = 0; n < 3; n++) {
    await new Promise((resolve) => setImmediate(resolve))
    collect()
  }
}

function* naps(times: number) {
  for (let n = 0; n < times; n++) yield* sleep(1)
}

describe('when there is no place for more', () => {
  it('the oldest events are lost, and the recording begins with those that are left', () => {
    const { clock } = virtualHub()
    recorder = new Recorder({ capacity: 1000 }).start()
    spawn(function* early() {
      yield* sleep(2)
    })
    spawn(naps, 400)
    clock.run()
    expect([recorder.events, recorder.lostEvents > 100]).toEqual([1000, true])
    const recording = recorder.read()
    const lostMs = 400 - recording.durationMs
    expect(recording.lostEvents).toBe(recorder.lostEvents)
    expect(recording.tracks.map(({ name, spawnedMs }) => [name, spawnedMs])).toEqual([
      ['main', null],
      ['naps-2', null],
    ])
    // The first of its events that is left may be any of a nap.
    const { spans, endedMs } = trackOf(recording, 'naps')
    expect(spans[0]?.fromMs).toBeLessThanOrEqual(1)
    expect([spans.at(-1)?.toMs, endedMs]).toEqual([400 - lostMs, 400 - lostMs])
    expect(recording.arrows.every(({ atMs }) => atMs >= 0)).toBe(true)
    const { beganAt } = recording
    recorder.clear()
    expect(beganAt - recorder.read().beganAt).toBeCloseTo(lostMs, -3)
  })

  it('whoever lives is there still, in what it does: so it has been all the time', () => {
    const { clock } = virtualHub()
    recorder = new Recorder({ capacity: 1000 }).start()
    const idle = spawn(function* idle() {
      yield* new Event().wait()
    })
    const main = getcurrent()
    const away = new RawGreenlet(function* away() {
      yield* main.switch()
    })
    away.switch()
    spawn(naps, 800)
    clock.run()
    const recording = recorder.read()
    const { durationMs } = recording
    expect(spansOf(recording, 'idle')).toEqual([`0-${durationMs} waiting event.wait()`])
    expect(spansOf(recording, 'away')).toEqual([`0-${durationMs} switched`])
    recorder.stop()
    idle.kill()
    clock.run()
    expect(spansOf(recorder.read(), 'idle')).toEqual([`0-${durationMs} waiting event.wait()`])
  })

  it('books are kept of those who live, and of those of whom an event is held', () => {
    const { clock, hub } = virtualHub()
    recorder = new Recorder()
    const watch = new Watch(hub, 1000, false)
    addObserver(hub, watch)
    addWatcher(watch.transferred)
    const idle = Array.from({ length: 10 }, () => spawn(() => new Event().wait()))
    for (let n = 0; n < 20; n++) {
      for (let i = 0; i < 100; i++) spawn(sleep, 1)
      clock.run()
    }
    removeWatcher(watch.transferred)
    removeObserver(hub, watch)
    expect(watch.ring.count).toBeGreaterThan(10_000)
    expect(watch.books.all.length).toBeLessThan(500)
    for (const greenlet of idle) greenlet.kill()
    clock.run()
  })
})

describe('nobody is held who', () => {
  async function expectGone(make: () => WeakRef<object>[]): Promise<void> {
    const refs = make()
    await collectAll()
    expect(refs.filter((ref) => ref.deref() !== undefined)).toHaveLength(0)
  }

  it('has ended', async () => {
    const { clock } = virtualHub()
    recorder = new Recorder().start()
    await expectGone(() => {
      const refs = [sleep, () => 1].map((body) => new WeakRef(spawn(body as () => number)))
      clock.run()
      return refs
    })
    expect(recorder.read().tracks).toHaveLength(4) // main, the two, and the one that is switched to last
  })

  it('has ended by a switch, or by an error', async () => {
    const { clock, hub } = virtualHub()
    hub.onError = () => undefined
    recorder = new Recorder().start()
    await expectGone(() => {
      const raw = new RawGreenlet(() => 1)
      const bad = new Greenlet(() => {
        throw new Error('on purpose')
      })
      raw.switch()
      bad.switch()
      clock.run()
      return [new WeakRef(raw), new WeakRef(bad)]
    })
  })

  it('has never ended, and was forgotten by all', async () => {
    const { clock } = virtualHub()
    recorder = new Recorder().start()
    await expectGone(() => {
      const main = getcurrent()
      const raws = Array.from({ length: 3 }, () => new RawGreenlet(() => main.switch()))
      for (const raw of raws) raw.switch()
      return raws.map((raw) => new WeakRef(raw))
    })
    clock.run()
    expect(recorder.read().tracks.filter(({ kind, end }) => kind === 'raw' && end === null)).toHaveLength(3)
  })

  it('lives when the recorder is stopped', async () => {
    const { clock } = virtualHub()
    recorder = new Recorder().start()
    const main = getcurrent()
    await expectGone(() => {
      const raw = new RawGreenlet(() => main.switch())
      raw.switch()
      const never = spawn(sleep, 1)
      recorder.stop()
      never.kill()
      clock.run()
      return [new WeakRef(raw), new WeakRef(never)]
    })
    expect(arrowsOf(recorder.read())).toHaveLength(2)
  })
})
