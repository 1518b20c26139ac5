/** `greenloop compare` and `greenloop show`. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chromeTrace, type Recording } from 'greenloop/trace'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { screenOf } from '../../src/cli/pictures/screen.ts'
import { checkLeaks } from '../support/leaks.ts'
import { type Ended, folderWith, greenloop, remove } from './support/runs.ts'
import { said } from './support/said.ts'

checkLeaks()

const NAP = `
import { joinall, sleep, spawn } from 'greenloop'

function* nap(n) {
  yield* sleep(20)
  console.log('nap', n)
}
`
const folder = folderWith({
  'sequential.mjs': `${NAP}for (const n of [1, 2, 3]) await joinall([spawn(nap, n)])`,
  'greenlets.mjs': `${NAP}await joinall([1, 2, 3].map((n) => spawn(nap, n)))`,
  'plain.cjs': "setTimeout(() => console.log('no greenlet'), 5)",
  'fails.cjs': "console.error('badly'); process.exitCode = 3",
  'killed.cjs': "process.kill(process.pid, 'SIGKILL')",
  'stops.cjs': "process.kill(process.ppid, 'SIGTERM'); setTimeout(() => {}, 5000)",
})
const temporary = join(folder, 'temporary')
mkdirSync(temporary)
afterAll(() => {
  remove(folder)
})

/** Compares two programs; nothing is left behind in the folder for temporary files. */
async function compare(...words: readonly string[]): Promise<Ended> {
  const end = await greenloop(folder, ['compare', ...words], { env: { TMPDIR: temporary } })
  expect(readdirSync(temporary)).toEqual([])
  return end
}

describe('greenloop compare', () => {
  it('runs both programs, one after the other, and draws them on one axis', async () => {
    const { stdout, ...end } = await compare('--timeline=out.html', 'sequential.mjs', 'greenlets.mjs')
    expect(end).toEqual({
      stderr: 'greenloop: running sequential.mjs\ngreenloop: running greenlets.mjs\n',
      code: 0,
      signal: null,
    })
    const [naps = '', picture = ''] = stdout.split(/(?<=^nap 3\n)(?!nap)/mu)
    expect(naps).toBe('nap 1\nnap 2\nnap 3\n'.repeat(2))
    const time = String.raw`[\d.]+ m?s`
    expect(picture).toMatch(
      new RegExp(
        String.raw`^ {7}0 .*
 {7}\+-.*
sequential\.mjs: ${time}, 3 greenlets, \d+ switches
main .*
nap-1 .*
nap-2 .*
nap-3 .*

greenlets\.mjs: ${time}, 3 greenlets, \d+ switches
main .*
nap-1 .*
nap-2 .*
nap-3 .*

(?:.+
)+
sequential\.mjs took ${time}\.
greenlets\.mjs took ${time}: .+ as sequential\.mjs\.

sequential\.mjs {2}busy ${time}, waiting ${time}, \d+ switches
greenlets\.mjs {3}busy ${time}, waiting ${time}, \d+ switches
$`,
        'u',
      ),
    )
    const page = readFileSync(join(folder, 'out.html'), 'utf8')
    expect(page).toContain('sequential.mjs')
    expect(page.trimEnd().endsWith('</html>')).toBe(true)
  })

  it('compares a program without greenlets, and one that fails, and ends with 1 then', async () => {
    const { stdout, stderr, code } = await compare('plain.cjs', 'fails.cjs')
    expect(stdout).toContain('plain.cjs: ')
    expect(stdout).toContain('fails.cjs took ')
    expect(stderr).toBe(
      'greenloop: running plain.cjs\ngreenloop: running fails.cjs\nbadly\ngreenloop: fails.cjs ended with exit code 3\n',
    )
    expect(code).toBe(1)
  })

  it('says who has left nothing, and draws nothing', async () => {
    expect(await compare('killed.cjs', 'plain.cjs')).toEqual({
      stdout: 'no greenlet\n',
      stderr:
        'greenloop: running killed.cjs\ngreenloop: killed.cjs was ended by SIGKILL\n' +
        'greenloop: killed.cjs has left nothing to compare\ngreenloop: running plain.cjs\n',
      code: 1,
      signal: null,
    })
  })

  it('hands a signal on to the program that runs, and dies of it then', async () => {
    expect(await compare('stops.cjs', 'plain.cjs')).toEqual({
      stdout: '',
      stderr: 'greenloop: running stops.cjs\n',
      code: null,
      signal: 'SIGTERM',
    })
  })
})

const RECORDING: Recording = {
  title: 'app.ts',
  beganAt: 0,
  durationMs: 100,
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
      spans: [
        { kind: 'running', fromMs: 0, toMs: 40, what: null, place: null },
        { kind: 'waiting', fromMs: 40, toMs: 100, what: 'sleep(60)', place: null },
      ],
    },
  ],
  arrows: [],
}

describe('greenloop show', () => {
  const trace = join(folder, 'trace.json')
  beforeEach(() => {
    writeFileSync(trace, JSON.stringify(chromeTrace(RECORDING)))
  })

  it('draws a trace, as bars if nothing else is said', async () => {
    const bars = await said(`show ${trace}`)
    expect(bars).toMatchObject({ stderr: '', code: 0 })
    expect(bars.stdout).toContain('app.ts: 100 ms')
    expect(bars.stdout).toContain('sleep(60)')
    expect(await said(`show --timeline ${trace}`)).toEqual(bars)
  })

  it('draws what is asked for: a table, a page, both', async () => {
    const page = join(folder, 'show.html')
    const table = await said(`show ${trace} --summary`)
    expect(table.stdout).toContain('greenlet')
    expect(table.stdout).not.toContain('sleep(60)')
    expect(await said(`show ${trace} --timeline=${page}`)).toEqual({ stdout: '', stderr: '', code: 0 })
    expect(readFileSync(page, 'utf8')).toContain('app.ts')
    const both = await said(`show --timeline --summary ${trace}`)
    expect(both.stdout).toBe(`${(await said(`show ${trace}`)).stdout}\n${table.stdout}`)
  })
})

describe('a screen', () => {
  const terminal = { isTTY: true, columns: 120 }

  it('is as wide as the terminal, else as COLUMNS, else 80', () => {
    expect(screenOf(terminal, { COLUMNS: '60' }).width).toBe(120)
    expect(screenOf({}, { COLUMNS: '60' }).width).toBe(60)
    expect(screenOf({ isTTY: false }, { COLUMNS: 'wide' }).width).toBe(80)
    expect(screenOf({ isTTY: true, columns: 0 }, {}).width).toBe(80)
  })

  it('gets ASCII only in a pipe, and in a terminal that is dumb', () => {
    expect(screenOf(terminal, {}).ascii).toBe(false)
    expect(screenOf(terminal, { TERM: 'dumb' }).ascii).toBe(true)
    expect(screenOf({}, {}).ascii).toBe(true)
  })

  it.each<[env: NodeJS.ProcessEnv, inTerminal: boolean, inPipe: boolean]>([
    [{}, true, false],
    [{ TERM: 'dumb' }, false, false],
    [{ NO_COLOR: '1' }, false, false],
    [{ NO_COLOR: '' }, true, false],
    [{ NODE_DISABLE_COLORS: '1' }, false, false],
    [{ FORCE_COLOR: '' }, true, true],
    [{ FORCE_COLOR: '1', NO_COLOR: '1' }, true, true],
    [{ FORCE_COLOR: '0' }, false, false],
    [{ FORCE_COLOR: 'false' }, false, false],
  ])('is coloured as the environment wants it: %o', (env, inTerminal, inPipe) => {
    expect(screenOf(terminal, env).color).toBe(inTerminal)
    expect(screenOf({}, env).color).toBe(inPipe)
  })
})
