/** What a person meets at the command line: help, mistakes, and what `--verbose` says. */
import { afterAll, describe, expect, it, vi } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { command } from '../../src/cli/command.ts'
import { ORDER } from '../../src/monkey/options.ts'
import { checkLeaks } from '../support/leaks.ts'
import { COMPILED, folderWith, greenloop, remove } from './support/runs.ts'

checkLeaks()

const folder = folderWith({ 'app.cjs': 'console.log(process.env.GREENLOOP_DEBUG)' })
afterAll(() => {
  remove(folder)
})

/** What the command line says to words that start no program, here in this process. */
async function said(words: string): Promise<{ stdout: string; stderr: string; code: typeof process.exitCode }> {
  const before = process.exitCode
  const said = { stdout: '', stderr: '' }
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    vi.spyOn(process[stream], 'write').mockImplementation((text) => {
      said[stream] += String(text)
      return true
    }),
  )
  try {
    process.exitCode = 0
    await command(words === '' ? [] : words.split(' '))
    return { ...said, code: process.exitCode }
  } finally {
    process.exitCode = before
    for (const spy of spies) spy.mockRestore()
  }
}

const HELP = `Usage: greenloop [options] [command]

gevent for TypeScript: in greenlets, what looks blocking lets the others run.

Options:
  -V, --version                      show the version
  -h, --help                         show this help

Commands:
  run [options] <program> [args...]  run a program of Node, patched
  help [command]                     show the help of a command
`

describe('the help', () => {
  it('is shown when asked for, and when nothing is asked for, which is a mistake', async () => {
    expect(await said('--help')).toEqual({ stdout: HELP, stderr: '', code: 0 })
    expect(await said('--version')).toEqual({ stdout: `${manifest.version}\n`, stderr: '', code: 0 })
    expect(await greenloop(folder, [])).toEqual({ stdout: '', stderr: HELP, code: 9, signal: null })
  })

  it('of run names each patch, fits into 80 columns, and is shown when the program is missing', async () => {
    const { stdout, ...rest } = await said('run --help app.cjs')
    expect(rest).toEqual({ stderr: '', code: 0 })
    expect(stdout.startsWith('Usage: greenloop run [options] <program> [args...]\n')).toBe(true)
    for (const name of ORDER) {
      const flag = name.replaceAll(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`)
      expect(stdout).toMatch(new RegExp(`^  --no-${flag} +\\S`, 'mu'))
    }
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
    expect(await said('run --no-net')).toEqual({
      stdout: '',
      stderr: `greenloop: which program? A file, or a folder with a package.json, must be named.\n\n${stdout}`,
      code: 9,
    })
    expect(await said('help run')).toEqual({ stdout, stderr: '', code: 0 })
  })
})

describe('a mistake', () => {
  it.each<[words: string, stderr: string]>([
    [
      'run --no-nte app.cjs',
      "unknown option '--no-nte'\n(Did you mean --no-net?)\nAll options of run: greenloop run --help",
    ],
    [
      'run --port=80 app.cjs',
      "unknown option '--port=80'\nOptions of the program stand behind it: greenloop run app.js --port=80\nAll options of run: greenloop run --help",
    ],
    [
      'run --inspect app.cjs',
      "unknown option '--inspect'\nIt is an option of Node: NODE_OPTIONS=--inspect greenloop run app.js\nAll options of run: greenloop run --help",
    ],
    [
      '--no-net run app.cjs',
      "unknown option '--no-net'\nOptions of run stand behind it: greenloop run --help\nAll others: greenloop --help",
    ],
    ['rum app.cjs', "unknown command 'rum'\n(Did you mean run?)"],
    ['app.cjs -x', "unknown command 'app.cjs'\nTo run a program: greenloop run app.cjs"],
  ])('is named with what would be right: greenloop %s', async (words, stderr) => {
    expect(await said(words)).toEqual({ stdout: '', stderr: `greenloop: ${stderr}\n`, code: 9 })
  })

  it('in GREENLOOP_MONKEY is one, too', async () => {
    vi.stubEnv('GREENLOOP_MONKEY', 'no-nte')
    const { stderr, code } = await said('run app.cjs').finally(() => vi.unstubAllEnvs())
    expect(stderr).toBe(`greenloop: GREENLOOP_MONKEY knows ${ORDER.join(', ')}, but not "nte".\n`)
    expect(code).toBe(9)
  })
})

describe('--verbose and --debug', () => {
  it('say what is done, on standard error, and turn debug mode on', async () => {
    const end = await greenloop(folder, ['run', '--debug', '--no-net', '-v', '--no-dns', 'app.cjs'], {
      env: { GREENLOOP_MONKEY: 'no-promise' },
    })
    const left = ORDER.filter((name) => ['promise', 'dns', 'net'].includes(name))
    expect(end).toEqual({
      stdout: '1\n',
      stderr:
        `greenloop: version ${manifest.version} in ${COMPILED}\n` +
        `greenloop: patched ${ORDER.filter((name) => !left.includes(name)).join(', ')}; left alone: ${left.join(', ')}\n` +
        `greenloop: running ${folder}/app.cjs\n`,
      code: 0,
      signal: null,
    })
  })
})
