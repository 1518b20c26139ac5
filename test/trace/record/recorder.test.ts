// What a recorder writes down: lives, arrows, main, names, and what happens when it is started and stopped.
import {
  Event,
  Greenlet,
  getcurrent,
  joinall,
  Queue,
  RawGreenlet,
  run,
  sleep,
  spawn,
  spawnLater,
  spawnRaw,
  spawnWith,
  Timeout,
  until,
} from 'greenloop'
import { Recorder, type RecorderOptions, record } from 'greenloop/trace'
import { afterEach, describe, expect, it } from 'vitest'
import { kernel } from '../../../src/greenlet/kernel.ts'
import { Hub } from '../../../src/hub/hub.ts'
import { addObserver, removeObserver, waitingSince } from '../../../src/hub/observers.ts'
import { operation } from '../../../src/waiting/operation.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { catchReports } from '../../support/reports.ts'
import { rejection, usage } from '../../support/thrown.ts'
import { virtualHub } from '../../support/virtual-clock.ts'
import { arrowsOf, spansOf, trackOf } from './shown.ts'

checkLeaks()

const all: Recorder[] = []
afterEach(() => {
  for (const recorder of all.splice(0)) recorder.stop()
})

/** A recorder that is on, and is off when the test is over. */
function started(options: RecorderOptions = {}): Recorder {
  const recorder = new Recorder(options).start()
  all.push(recorder)
  return recorder
}

describe('switching in plain code', () => {
  it('is five switches in the demo of the lesson, and nothing else, although no hub runs', () => {
    const recorder = started()
    const gr1: Greenlet = new Greenlet(function* f1() {
      yield* gr2.switch()
      yield* gr2.switch()
    })
    const gr2: Greenlet = new Greenlet(function* f2() {
      yield* gr1.switch()
    })
    gr1.name = 'f1'
    gr2.name = 'f2'
    gr1.switch()
    const { tracks, arrows } = recorder.stop().read()
    const names = tracks.map(({ name }) => name)
    expect(names).toEqual(['main', 'f1', 'f2'])
    expect(arrows.map(({ kind, from, to, thrown }) => `${kind} ${names[from]}>${names[to]} ${thrown}`)).toEqual([
      'switch main>f1 false',
      'switch f1>f2 false',
      'switch f2>f1 false',
      'switch f1>f2 false',
      'switch f2>main false',
    ])
    expect(tracks.map(({ spans }) => spans.map(({ kind, what }) => `${kind} ${what ?? ''}`.trim()))).toEqual([
      ['running', 'switched f1', 'running'],
      ['running', 'switched f2', 'running', 'switched f2'],
      ['running', 'switched f1', 'running'],
    ])
    expect(tracks.map(({ end, spawner }) => [end, spawner])).toEqual([
      [null, null],
      [null, 0],
      ['returned', 0],
    ])
  })

  it('has a raw greenlet appear when it is first reached, with its parent as its spawner', () => {
    const { clock } = virtualHub()
    const recorder = started()
    clock.time = 5
    const main = getcurrent()
    const outer: RawGreenlet = new RawGreenlet(function* outer() {
      const inner = new RawGreenlet(function* inner() {
        clock.time = 7
        yield* main.switch()
      })
      yield* inner.switch()
    })
    outer.switch()
    clock.time = 9
    const recording = recorder.read()
    expect(recording.tracks.map(({ name, kind, spawner, spawnedMs }) => [name, kind, spawner, spawnedMs])).toEqual([
      ['main', 'main', null, null],
      ['outer', 'raw', 0, 5],
      ['inner', 'raw', 1, 5],
    ])
    expect(spansOf(recording, 'outer')).toEqual(['5-5 running', '5-9 switched inner'])
    expect(spansOf(recording, 'inner')).toEqual(['5-7 running', '7-9 switched main'])
    expect(spansOf(recording, 'main')).toEqual(['0-5 running', '5-7 switched outer', '7-9 running'])
  })

  it('shows what is thrown, and a switch to oneself', () => {
    virtualHub()
    const recorder = started()
    const main = getcurrent()
    const selfish: RawGreenlet = new RawGreenlet(function* () {
      yield* selfish.switch()
      try {
        yield* main.switch()
      } catch {
        // on purpose
      }
    })
    selfish.switch()
    selfish.throw(new Error('on purpose'))
    const recording = recorder.read()
    expect(arrowsOf(recording)).toEqual([
      '0 switch main>RawGreenlet',
      '0 switch RawGreenlet>RawGreenlet',
      '0 switch RawGreenlet>main',
      '0 switch main>RawGreenlet!',
      '0 switch RawGreenlet>main',
    ])
    expect(trackOf(recording, 'RawGreenlet').end).toBe('returned')
  })

  it('shows an error that goes on into the parent as an end that throws', () => {
    virtualHub()
    const recorder = started()
    const bad = new RawGreenlet(function* bad() {
      throw new TypeError('one\nand two')
    })
    expect(() => bad.switch()).toThrow('one')
    const recording = recorder.read()
    expect(arrowsOf(recording)).toEqual(['0 switch main>bad', '0 switch bad>main!'])
    expect(trackOf(recording, 'bad')).toMatchObject({ end: 'failed', error: 'TypeError: one', endedMs: 0 })
  })

  it('has main run on when control went to a wait of the hub instead', async () => {
    const { clock } = virtualHub()
    const recorder = started()
    const napper = new RawGreenlet(function* napper() {
      yield* sleep(5)
      return 'rested'
    })
    const call = napper.switch()
    const awaited = call.then((value) => value)
    clock.run()
    expect(await awaited).toBe('rested')
    clock.time = 8
    const recording = recorder.read()
    expect(spansOf(recording, 'napper')).toEqual(['0-0 running', '0-5 waiting sleep(5)', '5-5 ready', '5-5 running'])
    expect(spansOf(recording, 'main')).toEqual([
      '0-0 running',
      '0-0 switched napper',
      '0-0 running',
      '0-5 waiting switch() to "napper"',
      '5-5 running',
      '5-8 waiting the hub',
    ])
    expect(arrowsOf(recording)).toEqual([
      '0 switch main>napper',
      '5 wake main>napper',
      '5 resume main>napper',
      '5 switch napper>main',
    ])
  })
})

describe('greenlets of the hub', () => {
  it('are ready from their spawn, run, wait, are woken, and end', () => {
    const { clock } = virtualHub()
    const recorder = started()
    const queue = new Queue<number>()
    clock.time = 2
    spawn(function* reader() {
      yield* queue.get()
      clock.time += 1 // it computes
    })
    spawn(function* writer() {
      yield* sleep(3)
      queue.putNowait(1)
      yield* sleep(0)
    })
    clock.run()
    const recording = recorder.read()
    expect(spansOf(recording, 'reader')).toEqual([
      '2-2 ready',
      '2-2 running',
      '2-5 waiting queue.get()',
      '5-5 ready',
      '5-6 running',
    ])
    expect(spansOf(recording, 'writer')).toEqual([
      '2-2 ready',
      '2-2 running',
      '2-5 waiting sleep(3)',
      '5-5 ready',
      '5-5 running',
      '5-6 ready',
      '6-6 running',
    ])
    expect(arrowsOf(recording, 'wake', 'kill')).toEqual(['5 wake main>writer-2', '5 wake writer-2>reader-1'])
    expect(arrowsOf(recording, 'resume')).toHaveLength(5)
    expect(trackOf(recording, 'reader')).toMatchObject({
      kind: 'greenlet',
      spawner: 0,
      spawnedMs: 2,
      endedMs: 6,
      end: 'returned',
      error: null,
      spawnedAt: null,
    })
  })

  it('know who has spawned them, and whoever is told of an end has been woken by it', () => {
    const { clock } = virtualHub()
    const recorder = started()
    spawn(function* parent() {
      const child = spawn(function* child() {
        yield* sleep(1)
      })
      yield* child.join()
    })
    clock.run()
    const recording = recorder.read()
    expect(trackOf(recording, 'child').spawner).toBe(trackOf(recording, 'parent').id)
    expect(arrowsOf(recording, 'wake')).toEqual(['1 wake main>child-2', '1 wake child-2>parent-1'])
  })

  it('are woken by whoever has set an event, although a callback of the hub tells them', () => {
    const { clock } = virtualHub()
    const recorder = started()
    const event = new Event()
    for (let n = 0; n < 2; n++) spawnWith({ name: `waiter ${n}` }, () => event.wait())
    spawn(function* setter() {
      yield* sleep(1)
      event.set()
    })
    clock.run()
    expect(arrowsOf(recorder.read(), 'wake').slice(1)).toEqual(['1 wake setter-3>waiter 0', '1 wake setter-3>waiter 1'])
  })

  it('are woken by main where nobody else is to be named: a timer, a promise, a callback of plain code', () => {
    const { clock, hub } = virtualHub()
    const recorder = started()
    const event = new Event()
    spawnWith({ name: 'waiter' }, () => event.wait())
    clock.run()
    hub.runCallback(() => {
      event.set()
    })
    clock.run()
    expect(arrowsOf(recorder.read(), 'wake')).toEqual(['0 wake main>waiter'])
  })

  it('show a kill as an arrow, are ready until they run, and end as killed', () => {
    const { clock } = virtualHub()
    const recorder = started()
    const victim = spawn(function* victim() {
      yield* sleep(1000)
    })
    spawn(function* killer() {
      yield* sleep(2)
      victim.kill()
      clock.time = 3
    })
    clock.run()
    const recording = recorder.read()
    expect(arrowsOf(recording, 'kill')).toEqual(['2 kill killer-2>victim-1!'])
    expect(arrowsOf(recording, 'wake')).toEqual(['2 wake main>killer-2'])
    expect(arrowsOf(recording, 'resume').at(-1)).toBe('3 resume main>victim-1!')
    expect(spansOf(recording, 'victim')).toEqual([
      '0-0 ready',
      '0-0 running',
      '0-2 waiting sleep(1000)',
      '2-3 ready',
      '3-3 running',
    ])
    expect(trackOf(recording, 'victim')).toMatchObject({ end: 'killed', error: null })
  })

  it('show a time limit that interrupts as a kill by main, one of the wait itself as a wake', () => {
    const { clock } = virtualHub()
    const recorder = started()
    spawn(function* limited() {
      const timeout = new Timeout(2)
      timeout.start()
      try {
        yield* sleep(10)
      } catch {
        // it was that timeout
      }
      timeout.cancel()
      yield* new Event().wait({ timeoutMs: 3 })
    })
    clock.run()
    expect(arrowsOf(recorder.read(), 'kill', 'wake')).toEqual(['2 kill main>limited-1!', '5 wake main>limited-1'])
  })

  it('that are killed before they run never run, and neither does one that is to start later', () => {
    const { clock } = virtualHub()
    const recorder = started()
    const never = spawn(function* never() {})
    const later = spawnLater(50, function* later() {})
    clock.run(4)
    const early = spawn(function* early() {})
    early.kill()
    later.kill()
    clock.run()
    const recording = recorder.read()
    expect(never.dead).toBe(true)
    expect(spansOf(recording, 'early')).toEqual(['4-4 ready'])
    expect(spansOf(recording, 'later')).toEqual(['0-4 waiting startLater(50)'])
    expect(arrowsOf(recording, 'kill')).toEqual(['4 kill main>early-3!', '4 kill main>later-2!'])
    expect(trackOf(recording, 'early').end).toBe('killed')
  })

  it('that start later wait for that, and are woken by the timer', () => {
    const { clock } = virtualHub()
    const recorder = started()
    spawnLater(5, function* later() {})
    clock.run()
    const recording = recorder.read()
    expect(spansOf(recording, 'later')).toEqual(['0-5 waiting startLater(5)', '5-5 ready', '5-5 running'])
    expect(arrowsOf(recording)).toEqual(['5 wake main>later-1', '5 resume main>later-1'])
  })

  it('that were killed while ready are interrupted at their next wait', () => {
    const { clock } = virtualHub()
    const recorder = started()
    const victim = spawn(function* victim() {
      yield* sleep(0)
      clock.time = 1
      yield* sleep(5)
    })
    spawn(function* killer() {
      victim.kill()
    })
    clock.run()
    const recording = recorder.read()
    expect(spansOf(recording, 'victim')).toEqual(['0-0 ready', '0-0 running', '0-0 ready', '0-1 running'])
    expect(arrowsOf(recording, 'kill', 'wake')).toEqual(['0 kill killer-2>victim-1!'])
    expect(trackOf(recording, 'victim').end).toBe('killed')
  })

  it('that wait and are switched to or thrown at run at once', () => {
    const { clock } = virtualHub()
    const recorder = started()
    const sleeper = spawn(function* sleeper() {
      try {
        yield* sleep(10)
      } catch {
        // it was thrown out of it
      }
    })
    const thrower = spawn(function* thrower() {
      yield* sleep(1)
      yield* sleeper.throw(new Error('on purpose'))
    })
    clock.run()
    const recording = recorder.read()
    expect(spansOf(recording, 'sleeper').slice(2)).toEqual(['0-1 waiting sleep(10)', '1-1 running'])
    expect(arrowsOf(recording, 'switch')).toEqual(['1 switch thrower-2>sleeper-1!'])
    expect(spansOf(recording, 'thrower').at(-1)).toBe('1-1 switched sleeper-1')
    thrower.kill()
    clock.run()
  })

  it('fail with the error in a line, cut when it is long', () => {
    const { clock } = virtualHub()
    catchReports()
    const recorder = started()
    spawn(function* bad() {
      throw new RangeError('x'.repeat(300))
    })
    spawn(function* odd() {
      throw 42
    })
    clock.run()
    const recording = recorder.read()
    expect(trackOf(recording, 'bad').error).toBe(`RangeError: ${'x'.repeat(187)}…`)
    expect(trackOf(recording, 'odd')).toMatchObject({ end: 'failed', error: '42 (number)' })
  })

  it('of spawnRaw are greenlets, too, and are killed as such', () => {
    const { clock } = virtualHub()
    const recorder = started()
    const bare = spawnRaw(function* bare() {
      yield* sleep(9)
    })
    clock.run(1)
    bare.kill()
    clock.run()
    expect(trackOf(recorder.read(), 'bare')).toMatchObject({ kind: 'greenlet', end: 'killed', endedMs: 1 })
  })

  it('have the name that they end with', () => {
    const { clock } = virtualHub()
    const recorder = started()
    const early = spawn(function* early() {})
    early.name = 'renamed'
    clock.run()
    early.name = 'too late'
    const late = spawn(sleep, 5)
    late.name = 'at reading'
    clock.run(1)
    expect(recorder.read().tracks.map(({ name }) => name)).toEqual(['main', 'renamed', 'at reading'])
    late.name = 'at the end'
    clock.run()
    expect(recorder.read().tracks.map(({ name }) => name)).toEqual(['main', 'renamed', 'at the end'])
  })

  it('whose name or wait throws when it is asked for are recorded all the same', () => {
    const { clock } = virtualHub()
    const recorder = started()
    class Nameless extends Greenlet<void> {
      override get name(): string {
        throw new Error('on purpose')
      }
      override *run() {
        yield* sleep(1)
      }
    }
    const nameless = new Nameless()
    nameless.start()
    clock.run()
    expect(nameless.successful()).toBe(true)
    expect(recorder.read().tracks.map(({ name, end }) => [name, end])).toEqual([
      ['main', null],
      ['?', 'returned'],
    ])
  })

  it('of another hub are not recorded', () => {
    const { clock } = virtualHub()
    const other = new Recorder({ hub: new Hub() }).start()
    const recorder = started()
    spawn(function* work() {
      yield* sleep(1)
    })
    clock.run()
    expect(other.stop().read()).toMatchObject({ arrows: [], tracks: [{ name: 'main' }] })
    expect(recorder.read().tracks).toHaveLength(2)
  })
})

describe('those who lived before', () => {
  it('appear from the beginning with what they did, and were not spawned', () => {
    const { clock } = virtualHub()
    const sleeper = spawn(function* sleeper() {
      yield* sleep(10)
    })
    const switched: Greenlet = spawn(function* switched() {
      yield* other.switch()
    })
    const other: Greenlet = new Greenlet(function* other() {
      yield* sleep(4)
      yield* switched.switch()
    })
    clock.run(2)
    spawn(function* ready() {})
    const recorder = started()
    clock.run()
    const recording = recorder.read()
    expect(recording.tracks.map(({ name, spawnedMs }) => [name.replace(/-\d/, ''), spawnedMs])).toEqual([
      ['main', null],
      ['sleeper', null],
      ['switched', null],
      ['ready', null],
      ['other', null],
    ])
    expect(spansOf(recording, 'sleeper')).toEqual(['0-8 waiting sleep(10)', '8-8 ready', '8-8 running'])
    expect(spansOf(recording, 'switched')).toEqual(['0-2 switched', '2-2 running'])
    expect(spansOf(recording, 'ready')).toEqual(['0-0 ready', '0-0 running'])
    // It is in no list of the hub: that it waited is seen when it is woken.
    expect(spansOf(recording, 'other')).toEqual(['0-2 waiting', '2-2 ready', '2-2 running', '2-8 switched switched-2'])
    expect(sleeper.dead).toBe(true)
  })

  it('and never did anything since are in what they were in', () => {
    const { clock } = virtualHub()
    const idle = spawn(function* idle() {
      yield* new Event().wait()
    })
    clock.run()
    const recorder = started()
    clock.time = 7
    expect(spansOf(recorder.read(), 'idle')).toEqual(['0-7 waiting event.wait()'])
    idle.kill()
    clock.run()
  })

  it('are seen by a recorder that is started in a greenlet', () => {
    const { clock } = virtualHub()
    const recorder = new Recorder()
    spawn(function* self() {
      recorder.start()
      clock.time = 3
      yield* sleep(1)
    })
    clock.run()
    const recording = recorder.stop().read()
    expect(spansOf(recording, 'self')).toEqual(['0-3 running', '3-4 waiting sleep(1)', '4-4 ready', '4-4 running'])
    expect(spansOf(recording, 'main')).toEqual(['0-4 waiting the hub'])
  })
})

describe('main', () => {
  it('is in its waits, in which run and await stand for it', async () => {
    const { clock } = virtualHub()
    const recorder = started()
    const done = run(function* () {
      yield* sleep(1)
      yield* joinall([spawn(sleep, 2)])
    })
    clock.run()
    await done
    const nap = sleep(4).then(() => undefined)
    clock.run()
    await nap
    const recording = recorder.read()
    expect(spansOf(recording, 'main')).toEqual([
      '0-0 running',
      '0-1 waiting sleep(1)',
      '1-1 ready',
      '1-1 running',
      '1-3 waiting joinall() for "sleep-2"',
      '3-3 ready',
      '3-3 running',
      '3-3 waiting the hub',
      '3-7 waiting sleep(4)',
      '7-7 ready',
      '7-7 running',
      '7-7 waiting the hub',
    ])
    expect(recording.tracks.map(({ name }) => name)).toEqual(['main', 'sleep-2'])
    expect(trackOf(recording, 'sleep').spawner).toBe(0)
    // Who wakes main is seen; what main does to itself is not.
    expect(arrowsOf(recording, 'wake')).toEqual(['3 wake main>sleep-2', '3 wake sleep-2>main'])
    expect(arrowsOf(recording, 'resume', 'switch')).toEqual(['1 resume main>sleep-2', '3 resume main>sleep-2'])
  })

  it('in several waits at once is in the one that has begun last, and runs when one of them does', () => {
    const { clock } = virtualHub()
    const recorder = started()
    const mains = [5, 3].map((ms) =>
      run(function* () {
        yield* sleep(ms)
        clock.time += 1
      }),
    )
    clock.run()
    expect(spansOf(recorder.read(), 'main')).toEqual([
      '0-0 running',
      '0-0 ready',
      '0-0 running',
      '0-3 waiting sleep(3)',
      '3-3 ready',
      '3-4 running',
      '4-5 waiting sleep(5)',
      '5-5 ready',
      '5-6 running',
      '6-6 waiting the hub',
    ])
    return Promise.all(mains)
  })

  it('that awaited already when the recording began is in that wait', async () => {
    const { clock } = virtualHub()
    const nap = sleep(4).then(() => undefined)
    const recorder = started()
    clock.run()
    await nap
    expect(spansOf(recorder.read(), 'main').slice(0, 4)).toEqual([
      '0-0 running',
      '0-4 waiting sleep(4)',
      '4-4 ready',
      '4-4 running',
    ])
  })

  it('is interrupted like others, and its failure is that of the program', async () => {
    const { clock, hub } = virtualHub()
    const error = new Error('on purpose')
    const recorder = started()
    const main = rejection(
      run(function* () {
        const current = getcurrent()
        spawn(function* killer() {
          yield* sleep(1)
          hub.interrupt(current, error)
        })
        yield* sleep(9)
      }),
    )
    clock.run()
    expect(await main).toBe(error)
    const recording = recorder.read()
    expect(arrowsOf(recording, 'kill', 'wake')).toEqual(['1 wake main>killer-2', '1 kill killer-2>main!'])
    expect(spansOf(recording, 'main').slice(-4)).toEqual([
      '0-1 waiting sleep(9)',
      '1-1 ready',
      '1-1 running',
      '1-1 waiting the hub',
    ])
    expect(trackOf(recording, 'main')).toMatchObject({ end: null, error: null })
  })
})

describe('a recorder', () => {
  it('installs nothing before its start, and nothing is left after its stop', () => {
    const { hub } = virtualHub()
    const recorder = new Recorder()
    expect([kernel.tracer, hub.observer, kernel.debug, recorder.recording, recorder.events]).toEqual([
      null,
      null,
      null,
      false,
      0,
    ])
    recorder.start()
    expect([kernel.tracer === null, hub.observer === null, recorder.recording]).toEqual([false, false, true])
    recorder.stop()
    expect([kernel.tracer, hub.observer, kernel.debug, recorder.recording]).toEqual([null, null, null, false])
  })

  it('that was never started has recorded nothing', () => {
    virtualHub()
    const recorder = new Recorder({ title: 'nothing' })
    expect(recorder.read()).toEqual({
      title: 'nothing',
      beganAt: 0,
      durationMs: 0,
      lostEvents: 0,
      locations: false,
      tracks: [
        {
          id: 0,
          name: 'main',
          kind: 'main',
          spawner: null,
          spawnedMs: null,
          spawnedAt: null,
          endedMs: null,
          end: null,
          error: null,
          spans: [],
        },
      ],
      arrows: [],
    })
  })

  it('is read at any time: what lasts ends then, and later goes on', () => {
    const { clock } = virtualHub()
    const recorder = started({ title: 'twice' })
    spawn(function* nap() {
      yield* sleep(5)
    })
    clock.run(2)
    expect(spansOf(recorder.read(), 'nap')).toEqual(['0-0 ready', '0-0 running', '0-2 waiting sleep(5)'])
    expect(recorder.read()).toEqual(recorder.read())
    clock.run()
    const recording = recorder.read()
    expect(spansOf(recording, 'nap').slice(2)).toEqual(['0-5 waiting sleep(5)', '5-5 ready', '5-5 running'])
    expect(recording).toMatchObject({ title: 'twice', durationMs: 5, lostEvents: 0, locations: false })
    expect(JSON.parse(JSON.stringify(recording))).toEqual(recording)
  })

  it('keeps what it has when it is stopped, whatever happens then', () => {
    const { clock } = virtualHub()
    const recorder = started()
    const nap = spawn(function* nap() {
      yield* sleep(5)
    })
    clock.run(2)
    recorder.stop().stop()
    const recording = recorder.read()
    nap.name = 'another'
    clock.run()
    expect(recorder.read()).toEqual(recording)
    expect(recording.durationMs).toBe(2)
  })

  it('begins anew when it is started again; a start while it is on is none', () => {
    const { clock } = virtualHub()
    const recorder = started()
    spawn(sleep, 1)
    clock.run()
    recorder.start()
    expect(recorder.read().tracks).toHaveLength(2)
    recorder.stop().start()
    expect(recorder.read()).toMatchObject({ tracks: [{ name: 'main' }], arrows: [], durationMs: 0 })
    spawn(sleep, 1)
    clock.run()
    expect(recorder.stop().read().tracks).toHaveLength(2)
  })

  it('is cleared while it is on, and goes on from there', () => {
    const { clock } = virtualHub()
    const recorder = started()
    spawn(sleep, 5)
    clock.run(2)
    expect(recorder.events).toBeGreaterThan(0)
    recorder.clear()
    expect(recorder.events).toBe(0)
    clock.run()
    expect(spansOf(recorder.read(), 'sleep')).toEqual(['0-3 waiting sleep(5)', '3-3 ready', '3-3 running'])
    recorder.stop()
    recorder.clear()
    expect(recorder.read().tracks[0]?.spans).toEqual([])
  })

  it('may be stopped by a greenlet, which is running then', () => {
    const { clock } = virtualHub()
    const recorder = started()
    spawn(function* stopper() {
      clock.time = 1
      recorder.stop()
      yield* sleep(1)
    })
    clock.run()
    expect(spansOf(recorder.read(), 'stopper')).toEqual(['0-0 ready', '0-1 running'])
  })

  it('may be one of several, each with its own beginning', () => {
    const { clock } = virtualHub()
    const first = started()
    const work = spawn(function* work() {
      yield* sleep(2)
      yield* sleep(2)
    })
    clock.run(1)
    const second = started()
    clock.run(3)
    first.stop()
    clock.run()
    second.stop()
    expect(work.dead).toBe(true)
    expect(spansOf(first.read(), 'work').slice(2)).toEqual([
      '0-2 waiting sleep(2)',
      '2-2 ready',
      '2-2 running',
      '2-3 waiting sleep(2)',
    ])
    expect(spansOf(second.read(), 'work')).toEqual([
      '0-1 waiting sleep(2)',
      '1-1 ready',
      '1-1 running',
      '1-3 waiting sleep(2)',
      '3-3 ready',
      '3-3 running',
    ])
  })

  it('sees what another one sees', async () => {
    const { clock } = virtualHub()
    const [first, second] = [started(), started()]
    const nap = spawn(sleep, 2)
    const joined = nap.join().then(() => undefined)
    clock.run()
    await joined
    const recording = first.read()
    expect(arrowsOf(recording, 'wake')).toEqual(['2 wake main>sleep-1', '2 wake sleep-1>main'])
    expect(spansOf(recording, 'main')).toContain('0-2 waiting join() of "sleep-1"')
    expect(second.read()).toEqual({ ...recording, beganAt: expect.any(Number) as number })
  })

  it('knows that a main that ends without a word has ended', async () => {
    const { clock } = virtualHub()
    const recorder = started()
    const composed = operation('two naps', function* () {
      yield* sleep(1)
      yield* sleep(1)
    })
    const both = composed.then(() => undefined)
    clock.run()
    await both
    clock.time = 9
    expect(spansOf(recorder.read(), 'main')).toEqual([
      '0-0 running',
      '0-1 waiting sleep(1)',
      '1-1 ready',
      '1-1 running',
      '1-2 waiting sleep(1)',
      '2-2 ready',
      '2-2 running',
      '2-9 waiting the hub',
    ])
    expect(arrowsOf(recorder.read())).toEqual([])
  })

  it('stops at the end of a block that uses it', () => {
    virtualHub()
    let outside: Recorder
    {
      using recorder = new Recorder().start()
      outside = recorder
      expect(recorder.recording).toBe(true)
    }
    expect(outside.recording).toBe(false)
  })

  it('knows since when somebody waits', () => {
    const { clock, hub } = virtualHub()
    const before = spawn(sleep, 9)
    clock.run(1)
    started()
    const after = spawn(sleep, 5)
    const later = spawnLater(5, sleep, 1)
    clock.run(2)
    expect([before, after, later].map((one) => waitingSince(hub, one))).toEqual([null, 1, 1])
    clock.run(6)
    expect(waitingSince(hub, after)).toBe(null)
    clock.run()
  })

  it('lives beside other observers, and when the program takes settrace for itself', () => {
    const { clock, hub } = virtualHub()
    const told: string[] = []
    const nothing = (): void => undefined
    const observer = {
      spawned: ({ name }: { name: string }) => void told.push(name),
      blocked: nothing,
      woken: nothing,
      interrupted: nothing,
      ended: nothing,
    }
    addObserver(hub, observer)
    const recorder = started()
    spawn(sleep, 1)
    clock.run()
    expect(told).toEqual(['sleep-1'])
    expect(arrowsOf(recorder.read())).toEqual(['0 resume main>sleep-1', '1 wake main>sleep-1', '1 resume main>sleep-1'])
    removeObserver(hub, observer)
  })

  it('sees promises and callbacks: who waits for one is woken by main', async () => {
    const recorder = started()
    let settle = (): void => undefined
    const promise = new Promise<void>((resolve) => {
      settle = resolve
    })
    const waiter = spawn(function* waiter() {
      yield* until(promise)
    })
    await sleep(1)
    settle()
    await waiter.join()
    const recording = recorder.stop().read()
    expect(arrowsOf(recording, 'wake').map((line) => line.replace(/^\S+ /, ''))).toEqual([
      expect.stringMatching(/^wake main>waiter-\d+$/),
      expect.stringMatching(/^wake waiter-\d+>main$/),
    ])
  })

  it('tells when it began, in Unix time', () => {
    virtualHub()
    const before = Date.now()
    const { beganAt } = started().read()
    expect(beganAt).toBeGreaterThan(before - 1000)
    expect(beganAt).toBeLessThan(Date.now() + 1000)
  })

  it('refuses options that it cannot use', () => {
    const make = (options: unknown) => usage(() => new Recorder(options as RecorderOptions))
    expect(make(1)).toBe(
      'new Recorder() expects its options as an object, such as { capacity: 100_000 }, but got 1 (number).',
    )
    for (const capacity of [999, 1000.5, 2 ** 24 + 1, Number.NaN]) {
      expect(make({ capacity })).toBe(
        `new Recorder() expects \`capacity\` to be an integer, 1,000 to 16,777,216, but got ${capacity} (number).`,
      )
    }
    expect(make({ capacity: '1000' })).toBe(
      'new Recorder() expects `capacity` to be an integer, 1,000 to 16,777,216, but got "1000" (string).',
    )
    expect(make({ locations: 1 })).toBe('new Recorder() expects `locations` to be a boolean, but got 1 (number).')
    expect(make({ hub: {} })).toBe('new Recorder() expects `hub` to be a Hub, but got an Object.')
    expect(make({ title: null })).toBe('new Recorder() expects `title` to be a string, but got null.')
  })
})

describe('record', () => {
  it('runs main and gives what it returns, with what happened', async () => {
    const { value, recording } = await record(
      function* () {
        yield* spawn(sleep, 1).join()
        return 42
      },
      { title: 'the answer' },
    )
    expect([value, recording.title, recording.tracks.length]).toEqual([42, 'the answer', 2])
    expect(kernel.tracer).toBe(null)
  })

  it('rejects with what main throws, and records no further', async () => {
    const error = new Error('on purpose')
    expect(
      await rejection(
        record(() => {
          throw error
        }),
      ),
    ).toBe(error)
    expect(kernel.tracer).toBe(null)
  })

  it('refuses at the call what is no function', () => {
    expect(usage(() => void record(1 as never))).toBe('record() expects a function, but got 1 (number).')
    expect(usage(() => void record(() => 1, { capacity: 1 }))).toBe(
      'new Recorder() expects `capacity` to be an integer, 1,000 to 16,777,216, but got 1 (number).',
    )
    expect(kernel.tracer).toBe(null)
  })
})
