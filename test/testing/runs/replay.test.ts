/**
 * A schedule that a report has named, again: by a call, and by the environment variable.
 */
import { type Green, joinall, sleep, spawn, UsageError } from 'greenloop'
import { explore, fuzz, replay, type ScheduleContext, ScheduleFailure, StaleSchedule } from 'greenloop/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { message, rejection, rejectionMessage, thrown } from '../../support/thrown.ts'
import * as programs from '../report/programs.ts'

checkLeaks()

type Body = (t: ScheduleContext) => Green<unknown>

/** The failure that a promise is rejected with. */
async function failure(promise: PromiseLike<unknown>): Promise<ScheduleFailure> {
  const error = await rejection(promise)
  if (!(error instanceof ScheduleFailure)) throw error
  return error
}

/** What a report says above the line of the mode. */
function headOf({ message }: Error): string {
  return message.split('\norder: ', 1)[0] ?? ''
}

/** Greenlets that take `steps` steps each, and fail when the second one is the first to end. */
function* race({ steps = 1, greenlets = 2, fails = true } = {}) {
  const ended: number[] = []
  function* walk(number: number) {
    for (let step = 0; step < steps; step++) yield* sleep(0)
    ended.push(number)
  }
  yield* joinall(Array.from({ length: greenlets }, (_, number) => spawn(walk, number)))
  if (fails && ended[0] !== 0) throw new Error(ended.join())
  return ended
}

describe('replay()', () => {
  it.each(Object.entries<Body>(programs))('fails as the exploration did: %s', async (_, body) => {
    const options = { maxSteps: 100 }
    const found = await failure(explore(body, { ...options, shrink: body !== programs.spinners }))
    const again = await failure(replay(body, found.trace, options))
    expect(headOf(again).replace('replay(body, {', 'explore(body, {')).toBe(headOf(found))
    expect(again.stack?.split('\n    at ').slice(1)).toEqual(found.stack?.split('\n    at ').slice(1))
    expect(again.schedule).toEqual(found.schedule)
    expect([again.kind, again.trace, again.executions]).toEqual([found.kind, found.trace, 0])
  })

  it('reports without a word on how it was found, and with the string that it was given', async () => {
    const { trace } = await failure(explore(programs.lostUpdate))
    const { message } = await failure(replay(programs.lostUpdate, trace, { name: 'deposits' }))
    expect(message.split('\n\n').slice(2)).toEqual([
      'order: any (whoever is ready may be next; in production it is first come, first served)\n' +
        'independence: none (every step counts as dependent)',
      `Replay it:\n  await replay(body, '${trace}')\n  GREENLOOP_REPLAY='${trace}' npx vitest run -t 'deposits'`,
    ])
  })

  it('runs the body once, before the call returns, when it fails', async () => {
    const { trace } = await failure(explore(() => race()))
    let runs = 0
    const again = replay(() => {
      runs++
      return race()
    }, trace)
    expect(runs).toBe(1)
    await failure(again)
    expect(runs).toBe(1)
  })

  it('gives the value and the trace when it does not fail', async () => {
    const { trace } = await failure(explore(() => race()))
    const again = await replay(() => race({ fails: false }), trace)
    expect(again.value).toEqual([1, 0])
    expect(again.trace.switches.at(-1)).toBe('main')
  })

  it('keeps to the order that was explored', async () => {
    // In the order of production the first comes first; so it takes another mistake.
    const { trace } = await failure(explore(programs.unread, { order: 'external' }))
    expect(trace.startsWith('s1:e:')).toBe(true)
    const again = await failure(replay(programs.unread, trace))
    expect(again.message.includes('order: external')).toBe(true)
  })

  it('says that the string is stale when a step offers another number of choices', async () => {
    const { trace } = await failure(explore(() => race()))
    const error = await rejection(replay(() => race({ greenlets: 3 }), trace))
    expect(error).toBeInstanceOf(StaleSchedule)
    expect((error as Error).message).toBe(
      `'${trace}' was recorded for another version of the test: step 1 offered 3 choices, was 2.\n` +
        `When the test has changed, explore it again: a schedule that still fails is reported with a new string.`,
    )
  })

  it('says so when it ends too soon', async () => {
    function* body(tail: number, fails: boolean) {
      const ended = yield* race({ fails: false })
      for (let step = 0; step < tail; step++) yield* sleep(0)
      if (fails && ended[0] !== 0) throw new Error('late')
    }
    const { trace } = await failure(explore(() => body(5, true)))
    const error = await rejection(replay(() => body(2, false), trace))
    expect(error).toBeInstanceOf(StaleSchedule)
    expect((error as Error).message.split('\n', 1)[0]).toMatch(
      /^'s1:\S+' was recorded for another version of the test: it ended after 10 steps, was 13\.$/u,
    )
  })

  it('says so when it passes, but does something else', async () => {
    const { trace } = await failure(explore(() => race()))
    const error = await rejection(
      replay(function* () {
        yield* joinall([spawn(() => sleep(0)), spawn(() => sleep(0))])
      }, trace),
    )
    expect(error).toBeInstanceOf(StaleSchedule)
    expect((error as Error).message.split('\n', 1)[0]).toMatch(
      /^'s1:\S+' was recorded for another version of the test: its greenlets and calls are others \(\w{6}, was \w{6}\)\.$/u,
    )
  })

  it('refuses at the call what is no schedule, no function and no option', () => {
    expect(thrown(() => replay(() => race(), 's1'))).toBeInstanceOf(UsageError)
    expect(message(() => replay(() => race(), 7 as never))).toBe(
      'A schedule is a string, such as "s1:a:4k2m9x:302455", but got 7 (number).',
    )
    expect(message(() => replay(race() as never, 's1:a:25zk57:3f'))).toContain('replay() expects a function')
    expect(message(() => replay(() => race(), 's1:a:25zk57:3f', 7 as never))).toBe(
      'replay() expects its options as an object, such as { maxSteps: 10_000 }, but got 7 (number).',
    )
    expect(message(() => replay(() => race(), 's1:a:25zk57:3f', { maxSteps: 0 }))).toBe(
      'replay() expects `maxSteps` to be an integer, 1 or more, but got 0 (number).',
    )
  })
})

describe('GREENLOOP_REPLAY', () => {
  afterEach(() => {
    delete process.env['GREENLOOP_REPLAY']
  })

  it.each([
    ['explore', explore],
    ['fuzz', fuzz],
  ] as const)('makes %s() run that schedule only', async (_, run) => {
    const { trace } = await failure(explore(() => race()))
    let runs = 0
    process.env['GREENLOOP_REPLAY'] = trace
    const again = await failure(
      run(() => {
        runs++
        return race()
      }),
    )
    expect(headOf(again).split('\n', 1)).toEqual(['Error: 1,0'])
    expect([runs, again.trace, again.executions]).toEqual([1, trace, 0])
    expect(again.message.includes('Found in')).toBe(false)
  })

  it('makes them resolve when the schedule does not fail, without a claim', async () => {
    const { trace } = await failure(explore(() => race()))
    process.env['GREENLOOP_REPLAY'] = trace
    const result = await explore(() => race({ fails: false }))
    expect([result.complete, result.executions]).toEqual([false, 1])
  })

  it('says that it may belong to another test', async () => {
    const { trace } = await failure(explore(() => race()))
    process.env['GREENLOOP_REPLAY'] = trace
    expect(await rejectionMessage(explore(() => race({ greenlets: 3 })))).toBe(
      `'${trace}' was recorded for another version of the test: step 1 offered 3 choices, was 2.\n` +
        `GREENLOOP_REPLAY is set, and each explore() and fuzz() takes it, so it may belong to another test than this one. Run that one alone:\n` +
        `  GREENLOOP_REPLAY='${trace}' npx vitest run -t 'name of the test'\n` +
        `When the test has changed, explore it again: a schedule that still fails is reported with a new string.`,
    )
    expect((await rejectionMessage(explore(() => race(), { order: 'external' }))).split('\n', 1)).toEqual([
      `'${trace}' was recorded for another version of the test: the order is 'external', was 'any'.`,
    ])
  })

  it('must be a schedule, and counts for nothing when it is empty', async () => {
    process.env['GREENLOOP_REPLAY'] = 'nonsense'
    expect(await rejection(explore(() => race({ fails: false })))).toBeInstanceOf(UsageError)
    process.env['GREENLOOP_REPLAY'] = ''
    expect((await explore(() => race({ fails: false }))).complete).toBe(true)
  })
})
