// A recording in numbers: what the time of each greenlet went to, for what it waited, who ran the longest.
import { joinall, Semaphore, sleep, spawnWith } from 'greenloop'
import { Recorder, type Recording, summarize } from 'greenloop/trace'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { usage } from '../../support/thrown.ts'
import { virtualHub } from '../../support/virtual-clock.ts'
import { arrowsOf, recordingOf } from '../support/recordings.ts'

checkLeaks()

const program = (): Recording =>
  recordingOf(
    'app.ts',
    {
      main: '0 running 2 waiting:joinall([a,_b]) 30 running 31',
      a: '1 ready 2 running 5 waiting:sleep(10) 15 ready 16 running 17 waiting:queue.get() 30 running 30 returned',
      b: '1 ready 5 running 7 switched:a 9 waiting:sleep(1) 10 running 21 failed',
    },
    { arrows: arrowsOf('resume 0>1 @2', 'resume 0>2 @5', 'switch 2>1 @7', 'wake 0>2 @10', 'kill 0>1 @30') },
  )

describe('summarize()', () => {
  it('adds up what each greenlet did', () => {
    const { greenlets } = summarize(program())
    expect(greenlets.map(({ waits: _, ...rest }) => rest)).toEqual([
      {
        ...{ track: 0, name: 'main', kind: 'main', end: null, error: null },
        ...{ busyMs: 3, readyMs: 0, waitingMs: 28, switchedMs: 0, switches: 0, longestRunMs: 2 },
      },
      {
        ...{ track: 1, name: 'a', kind: 'greenlet', end: 'returned', error: null },
        ...{ busyMs: 4, readyMs: 2, waitingMs: 23, switchedMs: 0, switches: 2, longestRunMs: 3 },
      },
      {
        ...{ track: 2, name: 'b', kind: 'greenlet', end: 'failed', error: 'Error: it broke' },
        ...{ busyMs: 13, readyMs: 4, waitingMs: 1, switchedMs: 2, switches: 1, longestRunMs: 11 },
      },
    ])
  })

  it('tells the waits by what they were for, up to the parenthesis, the longest in total first', () => {
    const { greenlets, total } = summarize(program())
    expect(greenlets[1]?.waits).toEqual([
      { cause: 'queue.get', count: 1, totalMs: 13, longestMs: 13, longestBy: 'a' },
      { cause: 'sleep', count: 1, totalMs: 10, longestMs: 10, longestBy: 'a' },
    ])
    expect(total.waits).toEqual([
      { cause: 'joinall', count: 1, totalMs: 28, longestMs: 28, longestBy: 'main' },
      { cause: 'queue.get', count: 1, totalMs: 13, longestMs: 13, longestBy: 'a' },
      { cause: 'sleep', count: 2, totalMs: 11, longestMs: 10, longestBy: 'a' },
    ])
  })

  it('adds all together', () => {
    const { waits: _, ...total } = summarize(program()).total
    expect(total).toEqual({ busyMs: 20, readyMs: 6, waitingMs: 52, switchedMs: 2, switches: 3, longestRunMs: 11 })
  })

  it('finds the longest run, and between which waits it was', () => {
    const recording = recordingOf('', {
      main: '0 running 1 waiting:the_hub 20',
      a: '1 running 2 waiting:sleep(1)@/app/a.ts:3 5 running 15 waiting:sleep(2)@/app/a.ts:9 20',
    })
    expect(summarize(recording).longestRun).toEqual({
      ...{ ms: 10, atMs: 5, name: 'a', track: 1 },
      from: { file: '/app/a.ts', line: 3 },
      to: { file: '/app/a.ts', line: 9 },
    })
  })

  it('takes the first of several runs that are equally long, also when they take no time', () => {
    const { longestRun } = summarize(recordingOf('', { main: '0 ready 1', a: '1 running 1', b: '1 running 1' }))
    expect([longestRun?.name, longestRun?.ms]).toEqual(['a', 0])
    expect(summarize(recordingOf('', { main: '0 waiting:the_hub 1' })).longestRun).toBeNull()
  })

  it('calls a wait of which nothing is known a wait', () => {
    const { total } = summarize(recordingOf('', { main: '0 waiting 1 waiting:(x) 2' }))
    expect(total.waits).toEqual([{ cause: 'a wait', count: 2, totalMs: 2, longestMs: 1, longestBy: 'main' }])
  })

  it('tells of a recorded program what it did', () => {
    const { clock, hub } = virtualHub()
    using recorder = new Recorder({ hub }).start()
    const lock = new Semaphore(1)
    const rivals = [1, 2, 3].map((n) =>
      spawnWith({ name: `rival-${n}` }, function* () {
        yield* lock.acquire()
        yield* sleep(10)
        lock.release()
      }),
    )
    spawnWith({ name: 'boss' }, function* () {
      yield* joinall(rivals)
    })
    clock.run()
    const { greenlets, total } = summarize(recorder.stop().read())
    const waits = greenlets.map(({ name, waits: own }) => [name, ...own.map((one) => `${one.cause} ${one.totalMs}`)])
    expect(waits.slice(1)).toEqual([
      ['rival-1', 'sleep 10'],
      ['rival-2', 'semaphore.acquire 10', 'sleep 10'],
      ['rival-3', 'semaphore.acquire 20', 'sleep 10'],
      ['boss', 'joinall 30'],
    ])
    expect(total.waits.find(({ cause }) => cause === 'semaphore.acquire')).toEqual({
      ...{ cause: 'semaphore.acquire', count: 2, totalMs: 30, longestMs: 20, longestBy: 'rival-3' },
    })
  })

  it('refuses what is no recording', () => {
    const wrong = { tracks: [] } as unknown as Recording
    expect(usage(() => summarize(wrong))).toBe(
      'summarize() expects a recording, or a list of recordings, but got an Object.',
    )
  })
})
