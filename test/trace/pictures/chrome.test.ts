// Chrome traces: what Perfetto and chrome://tracing read, and what we read back.
import { RawGreenlet, Semaphore, sleep, spawn, spawnWith } from 'greenloop'
import { chromeTrace, Recorder, type Recording, readChromeTrace } from 'greenloop/trace'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { usage } from '../../support/thrown.ts'
import { virtualHub } from '../../support/virtual-clock.ts'
import { arrowsOf, recordingOf } from '../support/recordings.ts'
import { boundFlows, traceFaults } from '../support/trace-format.ts'

checkLeaks()

const program = (): Recording =>
  recordingOf(
    'app.ts',
    {
      main: '0 running 1 waiting:the_hub 30',
      a: '1 ready 2 running 5 waiting:sleep(10)@/app/a.ts:3 15 ready 16 running 20 killed',
      b: '1 ready 5 running 7 switched:a 9 running 12 failed',
    },
    {
      arrows: arrowsOf('resume 0>1 @2', 'switch 2>1 @7', 'wake 2>1 @11', 'kill 0>1 @15', 'throw 1>0 @20'),
      lostEvents: 3,
    },
  )

const written = (...recordings: readonly Recording[]): string => JSON.stringify(chromeTrace(recordings))

/** The events of a phase, without what is the same in all of them. */
function eventsOf(phase: string, ...recordings: readonly Recording[]): object[] {
  return chromeTrace(recordings).traceEvents.flatMap((event) => {
    const { ph, ...rest } = event
    return ph === phase ? [rest] : []
  })
}

describe('chromeTrace()', () => {
  it('is what the format documents, and nothing else', () => {
    expect(traceFaults(written(program(), program()))).toEqual([])
  })

  it('names processes and threads: a recording is one, and each greenlet', () => {
    expect(eventsOf('M', program())).toEqual([
      { name: 'process_name', pid: 1, tid: 1, args: { name: 'app.ts' } },
      { name: 'process_sort_index', pid: 1, tid: 1, args: { sort_index: 0 } },
      { name: 'process_labels', pid: 1, tid: 1, args: { labels: 'the oldest 3 events are lost' } },
      { name: 'thread_name', pid: 1, tid: 1, args: { name: 'main' } },
      { name: 'thread_sort_index', pid: 1, tid: 1, args: { sort_index: 0 } },
      { name: 'thread_name', pid: 1, tid: 2, args: { name: 'a' } },
      { name: 'thread_sort_index', pid: 1, tid: 2, args: { sort_index: 1 } },
      { name: 'thread_name', pid: 1, tid: 3, args: { name: 'b' } },
      { name: 'thread_sort_index', pid: 1, tid: 3, args: { sort_index: 2 } },
    ])
  })

  it('numbers processes, threads and flows through all recordings', () => {
    const { traceEvents } = chromeTrace([program(), program()])
    expect(new Set(traceEvents.map(({ pid, tid }) => `${pid}/${tid}`))).toEqual(
      new Set(['1/1', '1/2', '1/3', '4/4', '4/5', '4/6']),
    )
    const ids = traceEvents.flatMap((event) => (event.ph === 's' ? [event.id] : []))
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('makes a complete event of each span, in microseconds', () => {
    const ofA = eventsOf('X', program()).filter((event) => 'tid' in event && event.tid === 2)
    expect(ofA.slice(0, 3)).toEqual([
      { name: 'ready', cat: 'ready', ts: 1000, dur: 1000, pid: 1, tid: 2, cname: 'thread_state_runnable' },
      { name: 'running', cat: 'running', ts: 2000, dur: 3000, pid: 1, tid: 2, cname: 'thread_state_running' },
      {
        ...{ name: 'sleep(10)', cat: 'waiting', ts: 5000, dur: 10_000, pid: 1, tid: 2, cname: 'thread_state_sleeping' },
        args: { place: '/app/a.ts:3' },
      },
    ])
    expect(eventsOf('X', program())).toContainEqual({
      ...{ name: 'switched to a', cat: 'switched', ts: 7000, dur: 2000, pid: 1, tid: 3, cname: 'thread_state_unknown' },
    })
  })

  it('makes a flow of each switch and each wake, and an instant of each kill and failure', () => {
    const ends = (phase: string): unknown[] => eventsOf(phase, program()).map((event) => Object.values(event).join(' '))
    expect(ends('s')).toEqual([
      'switch switch 2 7000 1 3',
      'wake wake 3 11000 1 3',
      'switch with an error switch 5 20000 1 2',
    ])
    expect(eventsOf('f', program())[0]).toEqual({
      bp: 'e',
      name: 'switch',
      cat: 'switch',
      id: 2,
      ts: 7000,
      pid: 1,
      tid: 2,
    })
    expect(eventsOf('i', program())).toEqual([
      { name: 'interrupt', cat: 'kill', ts: 15_000, pid: 1, tid: 2, s: 't', args: { by: 'main' } },
      { name: 'failed', cat: 'end', ts: 12_000, pid: 1, tid: 3, s: 't', args: { error: 'Error: it broke' } },
    ])
  })

  it('has slices meet exactly, whatever the times', () => {
    const times = Array.from({ length: 400 }, (_, n) => (n * n) / 7000)
    const life = times.map((ms) => `${ms} running`).join(' ')
    expect(traceFaults(written(recordingOf('', { main: `${life} 100` })))).toEqual([])
  })

  it('binds flows to the slices that they go from and to, also when all happens at one time', () => {
    const { clock, hub } = virtualHub()
    using recorder = new Recorder({ hub }).start()
    const f1: RawGreenlet = new RawGreenlet(function* f1() {
      yield* f2.switch()
      yield* f2.switch()
    })
    const f2 = new RawGreenlet(function* f2() {
      yield* f1.switch()
    })
    f1.switch()
    const lock = new Semaphore(0)
    spawnWith({ name: 'waits' }, function* () {
      yield* lock.acquire()
    })
    spawnWith({ name: 'wakes' }, function* () {
      yield* sleep(5)
      lock.release()
    })
    clock.run()
    const text = written(recorder.stop().read())
    expect(traceFaults(text)).toEqual([])
    const flows = boundFlows(text).map(({ name, from, to }) => `${name}, ${from} -> ${to}`)
    const [one, two] = [f1.name, f2.name]
    expect(flows).toEqual([
      `switch, main: running -> ${one}: running`,
      `switch, ${one}: running -> ${two}: running`,
      `switch, ${two}: running -> ${one}: running`,
      `switch, ${one}: running -> ${two}: running`,
      `switch, ${two}: running -> main: running`,
      'wake, main: waiting -> wakes: ready',
      'wake, wakes: running -> waits: ready',
    ])
  })

  it('refuses what is no recording', () => {
    expect(usage(() => chromeTrace(undefined as unknown as Recording))).toBe(
      'chromeTrace() expects a recording, or a list of recordings, but got undefined.',
    )
  })
})

describe('readChromeTrace()', () => {
  it('gives back exactly what was written', () => {
    const recordings = [program(), recordingOf('', { main: '0 running 0.1' })]
    expect(readChromeTrace(written(...recordings))).toEqual(recordings)
  })

  it('gives back what was recorded of a real program', () => {
    const { clock, hub } = virtualHub()
    const recorder = new Recorder({ hub, locations: true, title: 'real' }).start()
    const slow = spawn(function* slow() {
      yield* sleep(100)
    })
    spawn(function* impatient() {
      yield* sleep(10)
      yield* slow.kill()
    })
    clock.run()
    const recording = recorder.stop().read()
    expect(recording.tracks.some(({ end }) => end === 'killed')).toBe(true)
    expect(readChromeTrace(written(recording))).toEqual([recording])
  })

  describe('refuses', () => {
    const START = 'readChromeTrace() expects the text of a trace that greenloop has written, '
    const refusal = (text: unknown): string => {
      const message = usage(() => readChromeTrace(text as string))
      expect(message.startsWith(START)).toBe(true)
      expect(message).not.toContain('\n')
      return message.slice(START.length)
    }

    it.each([
      ['what is no text', 42, 'but got 42 (number).'],
      ['a number', '42', 'but this is 42 (number).'],
      ['a list', '[]', 'but this is an empty list.'],
      ['a list of events', '[{}]', 'but this is a list.'],
      ['null', 'null', 'but this is null.'],
      ['an object that is no trace', '{}', 'but this is no trace: it has neither `traceEvents` nor `greenloop`.'],
      [
        'the trace of another program',
        '{"traceEvents":[]}',
        'but this is the trace of another program: it has no `greenloop`.',
      ],
      ['a `greenloop` that is none', '{"greenloop":1}', 'but its `greenloop` is 1 (number).'],
      ['one without a version', '{"greenloop":{}}', 'of version 1, but its `greenloop.version` is missing.'],
      ['another version', '{"greenloop":{"version":2}}', 'of version 1, but its `greenloop.version` is 2 (number).'],
      [
        'one without recordings',
        '{"greenloop":{"version":1}}',
        'but its `recordings` is missing, and was expected to be a list.',
      ],
      [
        'one with no recording',
        '{"greenloop":{"version":1,"recordings":[]}}',
        'but its `recordings` is an empty list, and was expected to be a list of one at least.',
      ],
    ])('%s', (_, text, expected) => {
      expect(refusal(text)).toBe(expected)
    })

    it('broken JSON', () => {
      expect(refusal('{"traceEvents":[')).toMatch(/^but this is no JSON: .*end of JSON input\.$/u)
      expect(refusal('')).toMatch(/^but this is no JSON: .*end of JSON input\.$/u)
      expect(refusal('<html>\n</html>')).toMatch(/^but this is no JSON: Unexpected token .*\.$/u)
    })

    /** What is said of a recording in which one value is another, or is missing. */
    const changed = (path: string, value: unknown): string => {
      const trace = JSON.parse(written(program())) as { greenloop: { recordings: unknown[] } }
      const keys = path.split(/[.[\]]+/u).filter((key) => key !== '')
      const last = keys.pop() ?? ''
      let at = trace.greenloop.recordings[0] as Record<string, unknown>
      for (const key of keys) at = at[key] as Record<string, unknown>
      at[last] = value
      return refusal(JSON.stringify(trace))
    }

    it.each([
      ['title', 5, '5 (number)', 'a string'],
      ['beganAt', '5', '"5" (string)', 'a number of milliseconds'],
      ['durationMs', -1, '-1 (number)', 'a number of milliseconds, 0 or more'],
      ['lostEvents', 0.5, '0.5 (number)', 'an integer, 0 or more'],
      ['locations', 0, '0 (number)', 'true or false'],
      ['tracks[1]', null, 'null', 'an object'],
      ['tracks[1]', [], 'an empty list', 'an object'],
      ['tracks[1].id', 2, '2 (number)', 'its place in the list, 1'],
      ['tracks[1].kind', 'thread', '"thread" (string)', 'one of main, greenlet, raw'],
      ['tracks[1].spawner', 3, '3 (number)', 'the number of one of 3 tracks'],
      ['tracks[1].spawnedMs', 'soon', '"soon" (string)', 'a number of milliseconds, or null'],
      ['tracks[1].spawnedAt', { file: 5, line: 1 }, '5 (number)', 'a string', '.file'],
      ['tracks[1].end', 'lost', '"lost" (string)', 'one of returned, failed, killed, or null'],
      ['tracks[1].spans', {}, 'an Object', 'a list'],
      ['tracks[2].spans[0].kind', 'asleep', '"asleep" (string)', 'one of running, ready, waiting, switched'],
      ['tracks[2].spans[0].toMs', 0.5, '0.5 (number)', 'not to be before fromMs, 1'],
      ['tracks[2].spans[2].fromMs', 6, '6 (number)', 'not to be before the end of the span before it, 7'],
      ['tracks[2].spans[0].what', undefined, 'missing', 'to be there'],
      ['arrows[0].kind', 'jump', '"jump" (string)', 'one of switch, resume, wake, kill'],
      ['arrows[0].from', 3, '3 (number)', 'the number of one of 3 tracks'],
      ['arrows[0].to', 3, '3 (number)', 'the number of one of 3 tracks'],
      ['arrows[0].thrown', 'no', '"no" (string)', 'true or false'],
    ])('a field that is wrong: %s as %j', (path, value, is, expected, inner = '') => {
      expect(changed(path, value)).toBe(
        `but its \`recordings[0].${path}${inner}\` is ${is}, and was expected to be ${expected}.`,
      )
    })
  })

  it('reads a trace of ten thousand greenlets', () => {
    const lives = Array.from({ length: 10_000 }, (_, n): [string, string] => [
      `g-${n}`,
      '0 ready 1 running 2 waiting:sleep(1) 3 running 4 returned',
    ])
    const recording = recordingOf('', { main: '0 running 5', ...Object.fromEntries(lives) })
    expect(readChromeTrace(written(recording))[0]?.tracks).toHaveLength(10_001)
  })
})
