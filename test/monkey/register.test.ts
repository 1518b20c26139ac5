// `greenloop/monkey/register`: patches by being imported, and what GREENLOOP_MONKEY says.
import { UsageError } from 'greenloop'
import { describe, expect, it } from 'vitest'
import { ORDER, optionsFrom } from '../../src/monkey/options.ts'
import { type ProgramOptions, runProgram } from '../support/program.ts'
import { messageOf, thrown, usage } from '../support/thrown.ts'

const registered = (options?: ProgramOptions): ReturnType<typeof runProgram> =>
  runProgram(new URL('./programs/registered.ts', import.meta.url).href, options)

const ADDRESS = "{ address: '127.0.0.1', family: 4 } true\n"

describe('importing the register', () => {
  it('patches everything, without a word, also when the program patches by itself', async () => {
    expect(await registered({ args: ['again'] })).toEqual({
      stdout: `promise,timers,streams,dns,net,tls,http,fetch,fs,childProcess\n${ADDRESS}`,
      stderr: '',
      code: 0,
    })
  })

  it('leaves out what GREENLOOP_MONKEY says', async () => {
    expect(await registered({ env: { GREENLOOP_MONKEY: 'no-net,no-tls' } })).toEqual({
      stdout: `promise,timers,streams,dns,http,fetch,fs,childProcess\n${ADDRESS}`,
      stderr: '',
      code: 0,
    })
  })

  it('ends the process for a name that is none', async () => {
    const { stderr, code } = await registered({ env: { GREENLOOP_MONKEY: 'no-nte' } })
    expect(stderr).toContain(
      'GREENLOOP_MONKEY knows promise, timers, streams, dns, net, tls, http, fetch, fs, childProcess, but not "nte".',
    )
    expect(code).toBe(1)
  })
})

describe('GREENLOOP_MONKEY', () => {
  const all = Object.fromEntries(ORDER.map((name) => [name, true]))
  const none = Object.fromEntries(ORDER.map((name) => [name, false]))

  it.each([
    ['', {}],
    [' , ', {}],
    ['no-net', { ...all, net: false }],
    ['no-net,no-dns', { ...all, net: false, dns: false }],
    [' no-net  no-fetch ', { ...all, net: false, fetch: false }],
    ['dns', { ...none, dns: true }],
    ['fetch, promise', { ...none, fetch: true, promise: true }],
    ['fs,childProcess', { ...none, fs: true, childProcess: true }],
    ['no-childProcess no-streams', { ...all, childProcess: false, streams: false }],
  ])('%j', (text, options) => {
    expect(optionsFrom(text)).toEqual(options)
  })

  it('that says what to patch and what not is refused', () => {
    expect(
      usage(() => optionsFrom('dns,no-net')),
    ).toBe(`GREENLOOP_MONKEY says what to patch, or what to leave out, but "dns,no-net" (string) says both.

  GREENLOOP_MONKEY=dns,no-net   // incorrect: what of the others?
  GREENLOOP_MONKEY=no-net       // correct: all but net`)
  })

  it.each(['NET', 'no-', 'net.', 'toString', 'no-no-net'])('does not know %j', (text) => {
    const error = thrown(() => optionsFrom(text))
    expect(error).toBeInstanceOf(UsageError)
    expect(messageOf(error)).toBe(
      `GREENLOOP_MONKEY knows promise, timers, streams, dns, net, tls, http, fetch, fs, childProcess, but not ${JSON.stringify(text.replace(/^no-/u, ''))}.`,
    )
  })
})
