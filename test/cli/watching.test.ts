/** What `greenloop run` draws of a program, however that ends; the monitor, the console, and SIGUSR2. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { readChromeTrace } from 'greenloop/trace'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { COMPILED, type Ended, folderWith, greenloop, remove } from './support/runs.ts'

checkLeaks()

const folder = folderWith({
  'switch.mjs': `
import { Greenlet } from 'greenloop'

const gr1 = new Greenlet(function* f1() { console.log(11); yield* gr2.switch(); console.log(22); yield* gr2.switch() })
const gr2 = new Greenlet(function* f2() { console.log(33); yield* gr1.switch(); console.log(44) })
gr1.switch()`,
  'returns.mjs': `
import { mkdirSync } from 'node:fs'
import { sleep, spawnWith } from 'greenloop'

console.log(process.argv.slice(2), process.listenerCount('SIGTERM'), process.listeners('SIGTERM'))
mkdirSync('elsewhere', { recursive: true })
process.chdir('elsewhere')
await spawnWith({ name: 'napper' }, function* () {
  yield* sleep(2)
}).join()`,
  'exits.cjs': "require('node:timers').setTimeout(() => process.exit(3), 1)",
  'throws.mjs': "throw new Error('failed')",
  'deadlock.mjs': `
import { Event } from 'greenloop'

await new Event().wait()`,
  'never.mjs': 'await new Promise(() => {})',
  'terminated.cjs':
    "process.removeAllListeners('SIGTERM'); process.kill(process.pid, 'SIGTERM'); setTimeout(() => {}, 5000)",
  'hangs-up.cjs': "process.kill(process.pid, 'SIGHUP'); setTimeout(() => {}, 5000)",
  'interrupted.mjs': `
import { run, sleep } from 'greenloop'

process.kill(process.pid, 'SIGINT')
await run(function* () {
  try {
    yield* sleep(5000)
  } finally {
    console.log('cleaned up')
  }
})`,
  // Cleans up, and dies of the signal as if it had not listened, unless somebody else listens.
  'again.cjs': `
process.once('SIGTERM', (signal) => {
  console.log('cleaned up', process.listenerCount(signal))
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal)
})
process.kill(process.pid, 'SIGTERM')
setTimeout(() => {}, 5000)`,
  'blocks.mjs': `
const until = performance.now() + 200
while (performance.now() < until);`,
  'waits.mjs': `
import { run, sleep, spawnWith } from 'greenloop'

await run(function* () {
  spawnWith({ name: 'worker' }, function* () {
    yield* sleep(9000)
  })
  yield* sleep(9000)
})`,
})
afterAll(() => {
  remove(folder)
})

/** Runs it with a trace, which is read. */
async function traced(file: string, options: readonly string[] = []) {
  const trace = `${file}.json`
  const end = await greenloop(folder, ['run', `--trace=${trace}`, ...options, file, '--summary'])
  const [recording, ...others] = readChromeTrace(readFileSync(join(folder, trace), 'utf8'))
  expect(others).toEqual([])
  expect(recording?.title).toBe(file)
  expect(recording?.tracks[0]?.name).toBe('main')
  return { end, recording }
}

describe('the two greenlets of the lesson', () => {
  it('are drawn with their five switches, in a pipe, and in a trace', async () => {
    const { end, recording } = await traced('switch.mjs', ['--timeline', '--summary'])
    expect({ ...end, stderr: '' }).toEqual({ stdout: '11\n33\n22\n44\n', stderr: '', code: 0, signal: null })
    const nameOf = (id = 0) => recording?.tracks[id]?.name
    const switches = recording?.arrows.filter(({ kind }) => kind === 'switch') ?? []
    expect(switches.map(({ from, to }) => [nameOf(from), nameOf(to)])).toEqual([
      ['main', 'f1-1'],
      ['f1-1', 'f2-2'],
      ['f2-2', 'f1-1'],
      ['f1-1', 'f2-2'],
      ['f2-2', 'main'],
    ])
    expect(end.stderr).toMatch(/^[\n\x20-\x7e]*$/u)
    expect(end.stderr.split('\n').filter((line) => line.length > 80)).toEqual([])
    const [bars = '', table = ''] = end.stderr.split(/\n(?=switch\.mjs: )/u)
    expect(bars).toMatch(
      /^switch\.mjs: [\d.]+ m?s, 2 greenlets, 5 switches\n {6}0 .*\n {6}\+-.*\nmain .*\nf1-1 .*\nf2-2 .*\n\n/u,
    )
    expect(bars.match(/(?<=^\d {2}.* )\S+ --> \S+$/gmu)).toEqual([
      'main --> f1-1',
      'f1-1 --> f2-2',
      'f2-2 --> f1-1',
      'f1-1 --> f2-2',
      'f2-2 --> main',
    ])
    expect(table).toMatch(/\ngreenlet .* switches .*\nmain .*\nf1-1 .*\nf2-2 .*\ntogether .*\n/u)
  })

  it('begin at the first line of the program: what is loaded before is left out', async () => {
    const { recording } = await traced('switch.mjs')
    const [first] = recording?.arrows ?? []
    // Node's loader takes turns through its event loop, the program does not.
    expect(
      recording?.tracks[0]?.spans.filter(({ fromMs, kind }) => fromMs < (first?.atMs ?? 0) && kind !== 'running'),
    ).toEqual([])
  })
})

describe('what was recorded is written', () => {
  it.each<[file: string, end: Partial<Ended>]>([
    ['returns.mjs', { stdout: "[ '--summary' ] 0 []\n", stderr: '', code: 0 }],
    ['exits.cjs', { stderr: '', code: 3 }],
    ['throws.mjs', { code: 1 }],
    ['deadlock.mjs', { code: 1 }],
    ['never.mjs', { code: 13 }],
    ['terminated.cjs', { stdout: '', stderr: '', code: null, signal: 'SIGTERM' }],
    ['hangs-up.cjs', { stdout: '', stderr: '', code: null, signal: 'SIGHUP' }],
    ['interrupted.mjs', { stdout: 'cleaned up\n', stderr: '', code: 130 }],
    ['again.cjs', { stdout: 'cleaned up 0\n', stderr: '', code: null, signal: 'SIGTERM' }],
  ])('however a program ends, and it ends as without it: %s', async (file, expected) => {
    const { end, recording } = await traced(file)
    expect(end).toMatchObject(expected)
    expect(end.stderr.match(/^\w*Error: failed$/gmu) ?? []).toHaveLength(file === 'throws.mjs' ? 1 : 0)
    expect(end.stderr.includes('LoopExit')).toBe(file === 'deadlock.mjs')
    if (file === 'returns.mjs') expect(recording?.tracks[1]).toMatchObject({ name: 'napper', end: 'returned' })
  })

  it('as a page, whole when Ctrl-C ends the program, with file and line where they are asked for', async () => {
    const { end, recording } = await traced('interrupted.mjs', ['--locations', '--timeline=page.html'])
    expect(end).toMatchObject({ stderr: '', code: 130 })
    expect(recording?.locations).toBe(true)
    const places = recording?.tracks.flatMap(({ spans }) => spans.map(({ place }) => place?.file ?? ''))
    expect(places?.some((file) => file.endsWith('/interrupted.mjs'))).toBe(true)
    const page = readFileSync(join(folder, 'page.html'), 'utf8')
    expect(page.startsWith('<!doctype html>\n')).toBe(true)
    expect(page.trimEnd().endsWith('</html>')).toBe(true)
    expect(page).toContain('interrupted.mjs')
  })

  it('or what stands in the way is said, and the program ends as it would have', async () => {
    const program = folderWith({ 'app.cjs': "require('node:fs').rmSync('out', { recursive: true })", 'out/x': '' })
    onTestFinished(() => {
      remove(program)
    })
    expect(await greenloop(program, ['run', '--trace=out/trace.json', 'app.cjs'])).toEqual({
      stdout: '',
      stderr: `greenloop: cannot write ${program}/out/trace.json: there is no folder ${program}/out\n`,
      code: 0,
      signal: null,
    })
    expect(existsSync(join(program, 'out'))).toBe(false)
  })
})

describe('--monitor', () => {
  it('reports who blocks all others', async () => {
    const { stderr, code } = await greenloop(folder, ['run', '--monitor=20', 'blocks.mjs'])
    expect(stderr).toContain('blocks.mjs:3')
    expect(code).toBe(0)
  })
})

describe('--console', () => {
  it('says where the page is before the program runs; SIGUSR2 prints the greenlets; both die with the program', async () => {
    const child = spawn(process.execPath, [join(COMPILED, 'src/cli/main.js'), 'run', '--console', 'waits.mjs'], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    onTestFinished(() => {
      child.kill('SIGKILL')
    })
    let said = ''
    const hears = (words: string): Promise<void> =>
      new Promise((resolve) => {
        const look = (): void => {
          if (said.includes(words)) resolve()
        }
        child.stderr.on('data', look)
        look()
      })
    child.stderr.setEncoding('utf8').on('data', (more: string) => {
      said += more
    })
    await hears('\n')
    const [, url = ''] = /^greenloop: the console is at (http:\/\/127\.0\.0\.1:\d+\/\?token=\S+)\n$/u.exec(said) ?? []
    const [response] = (await once(get(url), 'response')) as [IncomingMessage]
    expect(await text(response)).toContain('<!doctype html>')
    // Until the program runs, main is alone.
    do child.kill('SIGUSR2')
    while (!(await Promise.race([hears('worker').then(() => true), pause(50)])))
    child.kill('SIGTERM')
    expect(await once(child, 'close')).toEqual([null, 'SIGTERM'])
    expect(said).toMatch(/^ *└─ worker +waiting in sleep\(9000\)/mu)
  })
})

/** A moment. */
function pause(ms: number): Promise<false> {
  return new Promise((resolve) => setTimeout(resolve, ms, false))
}
