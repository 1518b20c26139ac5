// signalHandler: a greenlet for each signal that comes.
import { constants } from 'node:os'
import { Event, type Green, Greenlet, getcurrent, getHub, joinall, signalHandler, sleep, wait } from 'greenloop'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { runProgram } from '../support/program.ts'
import { recorder } from '../support/recorder.ts'
import { catchReports } from '../support/reports.ts'
import { usage } from '../support/thrown.ts'
import { virtualHub } from '../support/virtual-clock.ts'

checkLeaks()

/** What Node does when the signal has come. */
function deliver(signal: NodeJS.Signals): void {
  process.emit(signal, signal)
}

describe('signalHandler()', () => {
  it('runs the handler with its arguments in a new greenlet each time, which may wait', async () => {
    const rec = recorder()
    const greenlets: unknown[] = []
    const done = new Event()
    function* reload(file: string, times: number): Green<void> {
      greenlets.push(getcurrent())
      yield* sleep(1)
      rec(`${file} ${times}`)
      if (greenlets.length === 2) done.set()
    }
    using handler = signalHandler('SIGUSR2', reload, 'settings', 3)
    expect(handler.signal).toBe('SIGUSR2')
    deliver('SIGUSR2')
    deliver('SIGUSR2')
    rec('nothing runs before its turn')
    await done.wait()
    await wait()
    rec.expect(['nothing runs before its turn', 'settings 3', 'settings 3'])
    expect(greenlets.map((one) => one instanceof Greenlet)).toEqual([true, true])
    expect(new Set(greenlets).size).toBe(2)
  })

  it('takes the number of a signal', () => {
    using handler = signalHandler(constants.signals.SIGUSR2, () => undefined)
    expect(handler.signal).toBe('SIGUSR2')
  })

  it('listens until it is cancelled, and leaves no listener', async () => {
    const before = process.listenerCount('SIGUSR2')
    const rec = recorder()
    const [one, other] = [
      signalHandler('SIGUSR2', () => {
        rec('one')
      }),
      signalHandler('SIGUSR2', () => {
        rec('other')
      }),
    ]
    expect(process.listenerCount('SIGUSR2')).toBe(before + 2)
    deliver('SIGUSR2')
    await sleep(0)
    one.cancel()
    one.cancel()
    deliver('SIGUSR2')
    await sleep(0)
    other[Symbol.dispose]()
    expect(process.listenerCount('SIGUSR2')).toBe(before)
    rec.expect(['one', 'other', 'other'])
  })

  it('that is cancelled lets the greenlet run on that it has started', async () => {
    const rec = recorder()
    const handler = signalHandler('SIGUSR2', function* () {
      handler.cancel()
      yield* sleep(1)
      rec('done')
    })
    deliver('SIGUSR2')
    await wait()
    rec.expect(['done'])
  })

  it('reports a failure of the handler, and goes on listening; main is not disturbed', async () => {
    const reports = catchReports()
    const error = new Error('no')
    using _ = signalHandler('SIGUSR2', function* failing() {
      yield* sleep(0)
      throw error
    })
    deliver('SIGUSR2')
    await sleep(1)
    deliver('SIGUSR2')
    await sleep(1)
    expect(reports.map((report) => [report.name.replace(/\d+$/u, 'n'), report.error])).toEqual([
      ['failing-n', error],
      ['failing-n', error],
    ])
  })

  it('holds neither the process nor wait(), unless its ref is set', () => {
    const { clock, hub } = virtualHub()
    const handler = signalHandler('SIGUSR2', () => undefined)
    expect([handler.ref, hub.timers.refs, hub.idle]).toEqual([false, 0, true])
    handler.ref = true
    handler.ref = true
    expect([handler.ref, hub.timers.refs, hub.idle]).toEqual([true, 1, false])
    handler.ref = false
    expect([handler.ref, hub.timers.refs]).toEqual([false, 0])
    handler.ref = true
    handler.cancel()
    handler.ref = true
    expect([handler.ref, hub.timers.refs]).toEqual([false, 0])
    clock.run(0)
  })

  it('whose ref is set holds on for ever', () => {
    const { clock, hub } = virtualHub()
    const handler = signalHandler('SIGUSR2', () => undefined)
    handler.ref = true
    clock.run(2 ** 33)
    expect(hub.timers.refs).toBe(1)
    handler.cancel()
    clock.run()
  })

  it('whose ref is taken back lets go who waits for nothing else', async () => {
    const handler = signalHandler('SIGUSR2', () => undefined)
    handler.ref = true
    const waiters = [wait(), wait()].map((op) => Promise.resolve(op))
    await sleep(1)
    expect(getHub().idleWaits.size).toBe(2)
    handler.ref = false
    expect(await Promise.all(waiters)).toEqual([true, true])
    handler.cancel()
    await joinall([])
  })

  it.each([
    ['"SIGNOTHING" (string)', 'SIGNOTHING'],
    ['1000 (number)', 1000],
    ['0 (number)', 0],
    ['undefined', undefined],
    ['null', null],
    ['"toString" (string)', 'toString'],
  ])('refuses the signal %s', (shown, value) => {
    expect(usage(() => signalHandler(value as never, () => undefined))).toBe(
      `signalHandler() expects \`signal\` to be the name of a signal, such as 'SIGTERM', or its number, but got ${shown}.`,
    )
  })

  it('refuses the signals that no process is told of', () => {
    expect(usage(() => signalHandler('SIGKILL', () => undefined))).toBe(
      'signalHandler() cannot listen for SIGKILL: no process is told of it.',
    )
  })

  it('refuses a handler that is no function, and listens for nothing', () => {
    const before = process.listenerCount('SIGUSR2')
    expect(usage(() => signalHandler('SIGUSR2', 5 as never))).toBe(
      'signalHandler() expects a function, but got 5 (number).',
    )
    expect(process.listenerCount('SIGUSR2')).toBe(before)
  })

  it('in a process gets real signals, and with ref holds it until it is cancelled', async () => {
    expect(await runProgram('signals.ts')).toEqual({
      stdout: 'false false\ngot 1\ngot 2\nnothing is left\n',
      stderr: '',
      code: 0,
    })
  })
})
