// nextSignal(): a greenlet that waits for a signal.
import { constants } from 'node:os'
import { choose, Event, getHub, joinall, run as main, sleep, spawn, withTimeout } from 'greenloop'
import { nextSignal } from 'greenloop/os'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { runProgram } from '../../support/program.ts'
import { recorder } from '../../support/recorder.ts'
import { usage } from '../../support/thrown.ts'

checkLeaks()

/** What Node does when the signal has come. */
function deliver(signal: NodeJS.Signals): void {
  process.emit(signal, signal)
}

describe('nextSignal()', () => {
  it('gives the first that comes, to all who wait, in the order in which they came', async () => {
    const rec = recorder()
    const before = [process.listenerCount('SIGUSR2'), process.listenerCount('SIGHUP')]
    await main(function* () {
      const waiters = ['one', 'two', 'three'].map((name) =>
        spawn(function* () {
          rec(`${name}: ${yield* nextSignal('SIGUSR2', 'SIGHUP')}`)
        }),
      )
      yield* sleep(0)
      expect([process.listenerCount('SIGUSR2'), process.listenerCount('SIGHUP')]).toEqual(before.map((n) => n + 1))
      expect(waiters[0]?.$wait?.describe()).toBe('nextSignal(SIGUSR2, SIGHUP)')
      waiters[1]?.kill()
      deliver('SIGHUP')
      deliver('SIGUSR2')
      yield* joinall(waiters)
    })
    rec.expect(['one: SIGHUP', 'three: SIGHUP'])
    expect([process.listenerCount('SIGUSR2'), process.listenerCount('SIGHUP')]).toEqual(before)
  })

  it('takes numbers, and a signal twice as once', async () => {
    const waiting = nextSignal(constants.signals.SIGUSR2, 'SIGUSR2')
    expect(String(waiting as unknown)).toBe('nextSignal(SIGUSR2)')
    const given = waiting.then((signal) => signal)
    deliver('SIGUSR2')
    expect(await given).toBe('SIGUSR2')
  })

  it('waits anew each time; what comes in between is not kept', async () => {
    await main(function* () {
      const times: string[] = []
      const g = spawn(function* () {
        for (let n = 0; n < 2; n++) times.push(yield* nextSignal('SIGUSR2'))
      })
      yield* sleep(0)
      deliver('SIGUSR2')
      deliver('SIGUSR2')
      yield* sleep(1)
      expect(times).toEqual(['SIGUSR2'])
      deliver('SIGUSR2')
      yield* g.join()
      expect(times).toEqual(['SIGUSR2', 'SIGUSR2'])
    })
  })

  it('is given up without a trace: by a kill, a timeout, a choice', async () => {
    const before = process.listenerCount('SIGUSR2')
    await main(function* () {
      const stop = new Event()
      spawn(() => stop.set())
      expect(yield* choose({ signal: nextSignal('SIGUSR2'), stop: stop.wait() })).toEqual(['stop', true])
      expect(yield* withTimeout({ ms: 1, timeoutValue: 'late' }, nextSignal, 'SIGUSR2')).toBe('late')
      const g = spawn(() => nextSignal('SIGUSR2'))
      yield* sleep(0)
      expect(getHub().outstanding).toBe(1)
      yield* g.kill()
    })
    expect([process.listenerCount('SIGUSR2'), getHub().outstanding, getHub().timers.count]).toEqual([before, 0, 0])
  })

  it('refuses what is no signal, and what nobody is told of', () => {
    expect(usage(() => nextSignal('SIGNONE' as never))).toBe(
      'nextSignal() expects `signal` to be the name of a signal, such as \'SIGTERM\', or its number, but got "SIGNONE" (string).',
    )
    expect(usage(() => nextSignal('SIGTERM', 'SIGKILL'))).toBe(
      'nextSignal() cannot listen for SIGKILL: no process is told of it.',
    )
    expect(usage(() => (nextSignal as () => unknown)())).toBe(
      "nextSignal() expects at least one signal, such as nextSignal('SIGTERM').",
    )
  })

  it('keeps the process, and keeps it from being ended by the signal', async () => {
    const { stdout, stderr, code } = await runProgram('../../os/signals/programs/waits.ts', { signal: 'SIGTERM' })
    expect([stdout, stderr, code]).toEqual(['ready\nSIGTERM\n', '', 0])
  })
})
