// The settings: what they set, what they refuse, and what the environment says.
import { config, getswitchinterval, setDebug, setswitchinterval } from 'greenloop'
import { afterEach, describe, expect, it } from 'vitest'
import { runProgram } from './support/program.ts'
import { thrown, usage } from './support/thrown.ts'

const before = getswitchinterval()
afterEach(() => {
  setswitchinterval(before)
  setDebug(false)
})

describe('config', () => {
  it('sets what the functions set, and shows what they have set', () => {
    expect([config.debug, config.switchIntervalMs]).toEqual([false, 1])
    config.switchIntervalMs = 5
    config.debug = true
    expect([getswitchinterval(), setDebug(false)]).toEqual([5, true])
    setswitchinterval(2.5)
    expect([config.debug, config.switchIntervalMs]).toEqual([false, 2.5])
  })

  it.each([
    ['0 (number)', 0],
    ['NaN (number)', Number.NaN],
    ['"5" (string)', '5'],
    ['null', null],
  ])('refuses %s as an interval', (shown, value) => {
    expect(
      usage(() => {
        config.switchIntervalMs = value as never
      }),
    ).toBe(`setswitchinterval() expects \`ms\` to be a number of milliseconds above 0, but got ${shown}.`)
    expect(config.switchIntervalMs).toBe(1)
  })

  it('says who finds the addresses of a name, a word or a function', () => {
    expect(config.resolver).toBe('thread')
    for (const resolver of ['ares', () => ['127.0.0.1'], 'thread'] as const) {
      config.resolver = resolver
      expect(config.resolver).toBe(resolver)
    }
  })

  it('refuses what is none of these', () => {
    for (const [value, shown] of [
      ['dnspython', '"dnspython" (string)'],
      [null, 'null'],
    ])
      expect(
        usage(() => {
          config.resolver = value as never
        }),
      ).toBe(`config.resolver is 'thread', 'ares' or a function, but was set to ${shown!}.`)
    expect(config.resolver).toBe('thread')
  })

  it('refuses what says neither yes nor no', () => {
    expect(
      usage(() => {
        config.debug = 'yes' as never
      }),
    ).toBe('setDebug() expects `on` to be a boolean, but got "yes" (string).')
  })

  it('has no other settings', () => {
    const error = thrown(() => {
      // @ts-expect-error: the compiler knows the names
      config.switchInterval = 5
    })
    expect(error).toBeInstanceOf(TypeError)
  })
})

describe('the environment', () => {
  it('has the first word', async () => {
    const env = { GREENLOOP_DEBUG: '1', GREENLOOP_SWITCH_INTERVAL_MS: '2.5', GREENLOOP_RESOLVER: 'ares' }
    const [given, nothing, wrong, unknown] = await Promise.all([
      runProgram('settings.ts', { env }),
      runProgram('settings.ts', {
        env: { GREENLOOP_DEBUG: '0', GREENLOOP_SWITCH_INTERVAL_MS: '', GREENLOOP_RESOLVER: '' },
      }),
      runProgram('settings.ts', { env: { GREENLOOP_SWITCH_INTERVAL_MS: '5 ms' } }),
      runProgram('settings.ts', { env: { GREENLOOP_RESOLVER: 'Ares' } }),
    ])
    expect([given.stdout, nothing.stdout]).toEqual(['true 2.5 ares\n', 'false 1 thread\n'])
    expect(wrong.code).toBe(1)
    expect(wrong.stderr).toContain(
      'UsageError: GREENLOOP_SWITCH_INTERVAL_MS must be a number of milliseconds above 0, but is "5 ms" (string).',
    )
    expect(unknown.code).toBe(1)
    expect(unknown.stderr).toContain('UsageError: GREENLOOP_RESOLVER must be thread or ares, but is "Ares" (string).')
  })
})
