// The page of errors: codes for programs, classes that hold across copies, and what tells a request to stop from a failure.
import {
  ConcurrentObjectUseError,
  GreenletExit,
  GreenletKilledError,
  GreenloopError,
  InternalError,
  Interrupt,
  InvalidSwitchError,
  isInterrupt,
  LoopExit,
  SocketClosedError,
  Timeout,
  UsageError,
} from 'greenloop'
import { describe, expect, it } from 'vitest'

describe('the errors', () => {
  it.each([
    [GreenloopError, 'GreenloopError', 'GREENLOOP_ERROR'],
    [UsageError, 'UsageError', 'GREENLOOP_USAGE'],
    [InvalidSwitchError, 'InvalidSwitchError', 'GREENLOOP_INVALID_SWITCH'],
    [ConcurrentObjectUseError, 'ConcurrentObjectUseError', 'GREENLOOP_CONCURRENT_USE'],
    [LoopExit, 'LoopExit', 'GREENLOOP_LOOP_EXIT'],
    [GreenletKilledError, 'GreenletKilledError', 'GREENLOOP_KILLED'],
    [SocketClosedError, 'SocketClosedError', 'GREENLOOP_SOCKET_CLOSED'],
    [InternalError, 'InternalError', 'GREENLOOP_INTERNAL'],
  ])('%o has a name, a code, a stack and is a GreenloopError, no Interrupt', (type, name, code) => {
    const error = new type('text')
    expect([error.name, error.code]).toEqual([name, code])
    expect(error).toBeInstanceOf(type)
    expect(error).toBeInstanceOf(GreenloopError)
    expect(error).toBeInstanceOf(Error)
    expect(error).not.toBeInstanceOf(Interrupt)
    expect(error.stack).toContain('errors.test.ts')
  })

  it.each([
    [new Interrupt('x'), 'Interrupt', 'GREENLOOP_INTERRUPT'],
    [new GreenletExit('x'), 'GreenletExit', 'GREENLOOP_EXIT'],
    [new Timeout(5), 'Timeout', 'GREENLOOP_TIMEOUT'],
  ])('%s is an Interrupt, no GreenloopError', (error, name, code) => {
    expect([error.name, error.code]).toEqual([name, code])
    expect(error).toBeInstanceOf(Interrupt)
    expect(error).toBeInstanceOf(Error)
    expect(error).not.toBeInstanceOf(GreenloopError)
  })

  it('are told apart from each other', () => {
    expect(new UsageError('x')).not.toBeInstanceOf(InvalidSwitchError)
    expect(new Interrupt('x')).not.toBeInstanceOf(GreenletExit)
    expect(new Error('x')).not.toBeInstanceOf(GreenloopError)
    for (const stranger of [null, undefined, 1, 'text', {}, () => undefined]) {
      expect(stranger).not.toBeInstanceOf(GreenloopError)
      expect(stranger).not.toBeInstanceOf(Interrupt)
    }
  })

  it('of ours by our fault say so', () => {
    expect(new InternalError('The list is broken.').message).toBe(
      'The list is broken.\nThis is a bug in greenloop, not in your program; please report it with the stack below.',
    )
  })

  it('keep the cause', () => {
    const cause = new GreenletExit()
    expect(new GreenletKilledError('killed', { cause }).cause).toBe(cause)
  })
})

describe('GreenletExit', () => {
  it('is recognised in a subclass of a user, and the subclass is told from the class', () => {
    class Farewell extends GreenletExit {}
    const farewell = new Farewell()
    expect(farewell).toBeInstanceOf(Farewell)
    expect(farewell).toBeInstanceOf(GreenletExit)
    expect(farewell).toBeInstanceOf(Interrupt)
    expect(new GreenletExit()).not.toBeInstanceOf(Farewell)
  })

  it('carries no stack, and leaves the limit for others as it was', () => {
    const limit = Error.stackTraceLimit
    expect(new GreenletExit('bye').stack).not.toContain('errors.test.ts')
    expect(Error.stackTraceLimit).toBe(limit)
    expect(new Error('with a stack').stack).toContain('errors.test.ts')
  })

  it('has an empty message unless it is given one', () => {
    expect([new GreenletExit().message, new GreenletExit('bye').message]).toEqual(['', 'bye'])
  })
})

describe('isInterrupt()', () => {
  it('is true for requests to stop', () => {
    class Farewell extends GreenletExit {}
    for (const error of [new GreenletExit(), new Timeout(1), new Interrupt(), new Farewell()])
      expect(isInterrupt(error)).toBe(true)
  })

  it('is false for failures, and for anything else', () => {
    for (const value of [
      new Error('x'),
      new UsageError('x'),
      new LoopExit('x'),
      null,
      undefined,
      0,
      'GreenletExit',
      {},
    ])
      expect(isInterrupt(value)).toBe(false)
  })

  // `using` makes a SuppressedError when a disposal fails while an error passes; Node 20 has no such class.
  it('looks into a SuppressedError, whose disposal failed while an interrupt passed', () => {
    const shaped = Object.assign(new Error('suppressed'), {
      name: 'SuppressedError',
      error: new Error('the disposal'),
      suppressed: new GreenletExit(),
    })
    expect(isInterrupt(shaped)).toBe(true)
  })

  it('looks into a SuppressedError whose disposal was interrupted while a failure passed', () => {
    expect(isInterrupt({ error: new Timeout(1), suppressed: new Error('x') })).toBe(true)
  })

  it('looks into a SuppressedError in a SuppressedError', () => {
    const inner = { error: new Error('first disposal'), suppressed: new GreenletExit() }
    expect(isInterrupt({ error: new Error('second disposal'), suppressed: inner })).toBe(true)
  })

  it('looks into a SuppressedError that is itself the error of a disposal', () => {
    const inner = { error: new Error('first disposal'), suppressed: new GreenletExit() }
    expect(isInterrupt({ error: inner, suppressed: new Error('x') })).toBe(true)
  })

  it('is false for a SuppressedError of two failures', () => {
    expect(isInterrupt({ error: new Error('a'), suppressed: new Error('b') })).toBe(false)
    expect(isInterrupt({ suppressed: new GreenletExit() })).toBe(false)
  })
})

describe('UsageError', () => {
  it('is a TypeError and a GreenloopError', () => {
    const error = new UsageError('wrong')
    expect([error instanceof TypeError, error instanceof GreenloopError, error instanceof UsageError]).toEqual([
      true,
      true,
      true,
    ])
    expect(String(error)).toBe('UsageError: wrong')
  })
})
