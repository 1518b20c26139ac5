// Executions by proc instead of by choice: exactly, or as far as that goes.
import { describe, expect, it } from 'vitest'
import { GIVE_UP } from '../../../src/testing/schedule/choices.ts'
import { Following, stretchesOf, Tending } from '../../../src/testing/search/following.ts'
import { offer, somebody } from '../../support/offer.ts'
import { acquire, ModelExecution, type Program, release, sleep, thread, write } from '../support/model.ts'

const program: Program = [thread(write('x'), write('x')), thread(write('x'), write('x'))]
const locked: Program = [thread(acquire('a'), write('x'), release('a')), thread(acquire('a'), release('a'))]

function keysOf({ log }: ModelExecution): string {
  return log!.steps.map(({ proc }) => proc.key).join(' ')
}

describe('Following', () => {
  it('takes the steps of the procs that are named', () => {
    const following = new Following(['t2', 't1', 't1', 't2'])
    expect(keysOf(new ModelExecution(program, following))).toBe('t2 t1 t1 t2')
    expect(following.missed).toBe(null)
  })

  it('finds timers, too', () => {
    const timers: Program = [thread(sleep(1)), thread(sleep(1))]
    const execution = new ModelExecution(timers, new Following(['t1', 't2', 't2/1', 't1/1', 't1', 't2']))
    expect(execution.outcome.kind).toBe('returned')
  })

  it('gives up when one cannot go on, and says who', () => {
    const following = new Following(['t1', 't2', 't2'])
    expect(new ModelExecution(locked, following).outcome.kind).toBe('cut')
    expect(following.missed).toEqual({ step: 2, key: 't2' })
  })

  it('gives up when there are more steps than were named', () => {
    const following = new Following(['t1'])
    expect(new ModelExecution(program, following).outcome.kind).toBe('cut')
    expect(following.missed).toEqual({ step: 1, key: '' })
  })

  it('begins anew with each execution', () => {
    const following = new Following(['t1', 't2', 't2'])
    new ModelExecution(locked, following)
    following.begin(null)
    expect(following.missed).toBe(null)
  })

  it('needs a log', () => {
    expect(() => new Following(['t1']).choose(offer([somebody()]), 0)).toThrow(
      'Procs were to be followed without a log.',
    )
    expect(new Following([]).choose(offer([somebody()]), 0)).toBe(GIVE_UP)
  })
})

describe('Tending', () => {
  it('takes stretches as far as it can, then goes on by default', () => {
    const stretches = [
      { key: 't2', steps: 1 },
      { key: 't1', steps: 5 },
    ]
    expect(keysOf(new ModelExecution(program, new Tending(stretches)))).toBe('t2 t1 t1 t2')
  })

  it('leaves a stretch whose proc cannot go on, and does not come back to it', () => {
    const stretches = [
      { key: 't1', steps: 1 },
      { key: 't2', steps: 2 },
      { key: 'nobody', steps: 1 },
      { key: 't1', steps: 1 },
    ]
    expect(keysOf(new ModelExecution(locked, new Tending(stretches)))).toBe('t1 t2 t1 t1 t2')
  })

  it('repeats an execution by its stretches', () => {
    const first = new ModelExecution(program, new Following(['t2', 't1', 't1', 't2']))
    const stretches = stretchesOf(first.log!)
    expect(stretches).toEqual([
      { key: 't2', steps: 1 },
      { key: 't1', steps: 2 },
      { key: 't2', steps: 1 },
    ])
    expect(keysOf(new ModelExecution(program, new Tending(stretches)))).toBe('t2 t1 t1 t2')
  })
})
