/** What `greenloop run` runs: the same program by node and by greenloop ends with the same output, errors and code. */
import { cpSync, mkdirSync, mkdtempSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { checkLeaks } from '../support/leaks.ts'
import { COMPILED, type Ended, folderWith, greenloop, node, remove, withoutNodesFrames } from './support/runs.ts'

checkLeaks()

const TURNS = `
process.nextTick(() => console.log('a tick'))
Promise.resolve().then(() => console.log('a promise'))
let typed = ''
process.stdin.on('data', (chunk) => { typed += chunk })
process.stdin.on('end', () => setTimeout(() => console.log('a timer after', typed)))
process.on('beforeExit', () => console.log('beforeExit', process.exitCode))
process.on('exit', (code) => console.log('exit', code))
`
const ESM_IDENTITY = `
import { fileURLToPath } from 'node:url'
console.log(import.meta.main, process.argv[1] === fileURLToPath(import.meta.url), process.mainModule)
`

const files = {
  'cjs/package.json': '{ "main": "lib/start.js" }',
  'cjs/lib/start.js': `
console.log(require.main === module, process.mainModule === module, module.id, module.parent, __filename)
console.log(process.argv, process.execArgv, process.title)
${TURNS}`,
  'esm/package.json': '{ "type": "module", "main": "./start.js" }',
  'esm/start.js': `${ESM_IDENTITY}
console.log(process.argv, await Promise.resolve('top-level await'))
${TURNS}`,
  'without-extension.js': 'console.log(...process.argv.slice(1))',
  'throws.cjs': 'function fail() {\n  throw new Error("failed", { cause: 1 })\n}\nfail()',
  'throws.mjs': 'const fail = () => {\n  throw new TypeError("failed")\n}\nfail()',
  'rejects.cjs': 'Promise.reject(new Error("rejected"))',
  'caught.cjs': `
process.on('exit', (code) => console.log('exit', code))
process.on('uncaughtException', (err, origin) => { console.log(err, origin); process.exit(3) })
throw 1`,
  'never.mjs': 'console.log("waits for ever")\nawait new Promise(() => {})',
  'syntax.cjs': 'const x = ;',
  'terminated.cjs': "process.kill(process.pid, 'SIGTERM'); setTimeout(() => console.log('lives'), 5000)",
  'interrupted.mjs': `
process.on('SIGINT', (signal) => { console.log('caught', signal); process.exit(130) })
process.kill(process.pid, 'SIGINT')
setTimeout(() => console.log('lives'), 5000)`,
  // CommonJS, as a .ts is where no package.json says otherwise; in the package of the library one does.
  'ts/package.json': '{}',
  'ts/common.ts': `
import { basename } from 'node:path'
enum Kind { One = 'one' }
const kind: Kind = Kind.One
console.log(kind, require.main === module, basename(process.argv[1] ?? ''), process.argv.slice(2))
process.exitCode = 5`,
  'ts/module.mts': `${ESM_IDENTITY}
interface Shape { sides: number }

const fail = (shape: Shape): never => { throw new Error(String(shape.sides)) }
await Promise.resolve()
fail({ sides: 3 })`,
  'ts/syntax.ts': 'const x: number = ;',
  // Concurrent only if something has patched promises.
  'concurrent.mjs': `
import { joinall, spawn } from 'greenloop'

function* work(name) {
  console.log(name, 'begins')
  yield* new Promise((resolve) => setTimeout(resolve, 2))
  console.log(name, 'ends')
}
await joinall([spawn(work, 'one'), spawn(work, 'two')], { raiseError: true })`,
  'ts/concurrent.ts': `
import { joinall, spawn } from 'greenloop'
import { patchAll } from 'greenloop/monkey'

console.log('patched by this copy:', patchAll().names)
function* work(name: string) {
  console.log(name, 'begins')
  yield* new Promise((resolve) => setTimeout(resolve, 2))
  console.log(name, 'ends')
}
void (async () => joinall([spawn(work, 'one'), spawn(work, 'two')], { raiseError: true }))()`,
} satisfies Record<string, string>

const folder = folderWith(files)
// Outside the package of the library, so installed.
mkdirSync(join(folder, 'ts/node_modules'))
symlinkSync(COMPILED, join(folder, 'ts/node_modules/greenloop'))
afterAll(() => {
  remove(folder)
})

/** Runs it both ways, and expects the same; gives what it was. */
async function same(args: readonly string[], options: { input?: string; tsx?: true } = {}): Promise<Ended> {
  const [plain, patched] = await Promise.all([
    node(folder, [...(options.tsx ? ['--import', 'tsx'] : []), ...args], options),
    greenloop(folder, ['run', ...args], options),
  ])
  expect(withoutNodesFrames(patched)).toEqual(withoutNodesFrames(plain))
  return patched
}

describe('greenloop run', () => {
  it('runs a package of CommonJS as its main module, with its own arguments whatever they look like, and with stdin', async () => {
    const { stdout } = await same(['./cjs/', '--no-net', '-v', '--', '--help', ''], { input: 'typed' })
    expect(stdout).toContain(`true true . null ${join(folder, 'cjs/lib/start.js')}\n`)
    expect(stdout).toContain(`'${join(folder, 'cjs')}',\n  '--no-net',\n  '-v',\n  '--',\n  '--help',\n  ''\n]`)
    expect(stdout.slice(stdout.indexOf('a tick'))).toBe(
      'a tick\na promise\na timer after typed\nbeforeExit undefined\nexit 0\n',
    )
  })

  it('runs an ES module as its main module', async () => {
    const { stdout } = await same(['esm/start.js', '--debug'], { input: 'typed' })
    expect(stdout).toContain(' true undefined\n')
    expect(stdout).toContain("'--debug'\n] top-level await\na promise\na tick\n")
  })

  it('finds a file without its extension, as node does', async () => {
    const { stdout } = await same(['without-extension'])
    expect(stdout).toBe(`${join(folder, 'without-extension')}\n`)
  })

  it.each<[file: string, end: Partial<Ended>]>([
    ['throws.cjs', { code: 1 }],
    ['throws.mjs', { code: 1 }],
    ['rejects.cjs', { code: 1 }],
    ['caught.cjs', { stdout: '1 uncaughtException\nexit 3\n', stderr: '', code: 3 }],
    ['never.mjs', { stdout: 'waits for ever\n', code: 13 }],
    ['syntax.cjs', { code: 1 }],
    ['terminated.cjs', { stdout: '', stderr: '', code: null, signal: 'SIGTERM' }],
    ['interrupted.mjs', { stdout: 'caught SIGINT\n', stderr: '', code: 130, signal: null }],
  ])('ends as node does: %s', async (file, end) => {
    expect(await same([file])).toMatchObject(end)
  })

  it('runs TypeScript through tsx: CommonJS', async () => {
    const { stdout, stderr, code } = await same(['ts/common.ts', '--help'], { tsx: true })
    expect({ stdout, stderr, code }).toEqual({ stdout: "one true common.ts [ '--help' ]\n", stderr: '', code: 5 })
  })

  it('runs TypeScript through tsx: an ES module, whose stack is that of the source', async () => {
    const { stdout, stderr, code } = await same(['ts/module.mts'], { tsx: true })
    expect(stdout).toContain(' true undefined\n')
    expect(stderr).toContain(`at fail (${join(folder, 'ts/module.mts')}:7:47)`)
    expect(code).toBe(1)
  })

  it('runs TypeScript through tsx: a mistake of syntax, without the code of tsx', async () => {
    const { stderr, code } = await same(['ts/syntax.ts'], { tsx: true })
    expect(stderr).toContain('ts/syntax.ts:1:18: ERROR: Unexpected ";"')
    expect(stderr.split('\n').filter((line) => line.length > 200)).toEqual([])
    expect(code).toBe(1)
  })
})

describe('a program that never patches anything', () => {
  const concurrent = 'one begins\ntwo begins\none ends\ntwo ends\n'

  it('is concurrent by greenloop run, and by importing the register, and by nothing else', async () => {
    const register = join(COMPILED, 'src/monkey/register.js')
    const [plain, run, without, registered] = await Promise.all([
      node(folder, ['concurrent.mjs']),
      greenloop(folder, ['run', 'concurrent.mjs']),
      greenloop(folder, ['run', '--no-promise', 'concurrent.mjs']),
      node(folder, ['--import', register, 'concurrent.mjs', '--no-net']),
    ])
    expect(plain.stderr).toContain('TypeError')
    expect(without).toMatchObject({ stdout: 'one begins\n', code: 1 })
    expect(without.stderr).toContain('TypeError')
    expect(run).toEqual({ stdout: concurrent, stderr: '', code: 0, signal: null })
    expect(registered).toEqual(run)
  })

  it('imports the copy of the library that has patched, in CommonJS made by tsx, too', async () => {
    expect(await greenloop(folder, ['run', 'ts/concurrent.ts'])).toEqual({
      stdout: `patched by this copy: []\n${concurrent}`,
      stderr: '',
      code: 0,
      signal: null,
    })
  })

  it('is run by the command line of the copy that it would import', async () => {
    const other = folderWith(
      {
        'app.js': '',
        'node_modules/greenloop/package.json': JSON.stringify({
          name: 'greenloop',
          type: 'module',
          bin: { greenloop: 'bin/greenloop.js' },
          exports: { './package.json': './package.json' },
        }),
        'node_modules/greenloop/bin/greenloop.js': "console.log('the other one:', ...process.argv.slice(2))",
      },
      tmpdir(),
    )
    onTestFinished(() => {
      remove(other)
    })
    expect(await greenloop(other, ['run', '--new-option', '--', 'app.js', '-x'])).toEqual({
      stdout: 'the other one: run --new-option -- app.js -x\n',
      stderr: '',
      code: 0,
      signal: null,
    })
  })
})

describe('without tsx', () => {
  it('JavaScript runs, and TypeScript is refused with the cure', async () => {
    const place = mkdtempSync(join(tmpdir(), 'greenloop-'))
    onTestFinished(() => {
      remove(place)
    })
    for (const part of ['package.json', 'src']) cpSync(join(COMPILED, part), join(place, part), { recursive: true })
    const folder = folderWith({ 'app.tsx': '', 'app.js': "console.log('runs')" }, place)
    mkdirSync(join(place, 'node_modules'))
    for (const needed of Object.keys(manifest.dependencies))
      symlinkSync(
        fileURLToPath(new URL(`../../node_modules/${needed}`, import.meta.url)),
        join(place, 'node_modules', needed),
      )
    const main = join(place, 'src/cli/main.js')
    expect(await node(folder, [main, 'run', 'app.js'])).toMatchObject({ stdout: 'runs\n', stderr: '', code: 0 })
    expect(await node(folder, [main, 'run', 'app.tsx'])).toEqual({
      stdout: '',
      stderr:
        'greenloop: app.tsx is TypeScript, which runs through tsx, and tsx is not installed: npm install --save-dev tsx\n',
      code: 1,
      signal: null,
    })
  })
})
