/** What a person meets at the command line: help, mistakes, and what `--verbose` says. */

import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, describe, expect, it, vi } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { ORDER } from '../../src/monkey/options.ts'
import { checkLeaks } from '../support/leaks.ts'
import { COMPILED, folderWith, greenloop, remove } from './support/runs.ts'
import { said } from './support/said.ts'

checkLeaks()

const folder = folderWith({
  'app.cjs': 'console.log(process.env.GREENLOOP_DEBUG)',
  'page.html': '<p>',
  'broken.json': '{ "traceEvents": [',
  'foreign.json': '{ "scripts": {} }',
})
mkdirSync(join(folder, 'empty'))
mkdirSync(join(folder, 'folder.html'))
afterAll(() => {
  remove(folder)
})

const HELP = `Usage: greenloop [options] [command]

gevent for TypeScript: in greenlets, what looks blocking lets the others run.

Options:
  -V, --version                     show the version
  -h, --help                        show this help

Commands:
  run <program> [args...]           run a program of Node, patched
  compare <sequential> <greenlets>  run two programs, and draw both on one axis
  show <trace>                      draw a trace that was written by run --trace
  help [command]                    show the help of a command
`

const RUN_HELP = `Usage: greenloop run [options] <program> [args...]

Runs a program as \`node <program> [args...]\` does, patched: in its greenlets,
what looks blocking lets the others run.

Arguments:
  program                a file, or a folder with a package.json, as for node;
                         .ts .mts .cts .tsx run through tsx
  args                   handed to the program, whatever they look like

Options:
  -v, --verbose          say on standard error what is patched and run
  --debug                debug mode, as GREENLOOP_DEBUG=1
  -h, --help             show this help

To see at the end who ran when:
  --timeline[=out.html]  bars on standard error, or a page in a file
  --trace=<out.json>     a trace for Perfetto and \`greenloop show\`
  --summary              a table: busy, waiting by cause, switches, longest run
  --locations            note file and line of each wait, at 5 us a wait

To see it while it runs:
  --monitor[=ms]         report who blocks all others for 100 ms, or so long
  --console[=port]       a live page on 127.0.0.1
  --console-kill         let the page kill greenlets

To leave something unpatched:
  --no-promise           yield* promise, of any promise
`

const RUN_AFTERWORD = `
What is watched is the main thread of the program: no worker, and no process
that it starts. kill -USR2 has it print its greenlets, with --debug,
--locations, --monitor and --console.

The same by the environment, and without this command, as workers need it:
  GREENLOOP_MONKEY=no-dns,no-net node --import greenloop/monkey/register app.js

Options of Node itself go to Node:
  NODE_OPTIONS=--inspect greenloop run app.ts
`

const COMPARE_HELP = `Usage: greenloop compare [options] <sequential> <greenlets>

Runs two programs, one after the other, as \`greenloop run\` does, and draws on
one axis who ran when, and who waited.

Arguments:
  sequential             the one program
  greenlets              the other one, which does the same in another way

Options:
  --timeline=<out.html>  write it as a page, too
  --locations            note file and line of each wait, at 5 us a wait
  -h, --help             show this help
`

const SHOW_HELP = `Usage: greenloop show [options] <trace>

Draws a trace that \`greenloop run --trace=out.json\` has written: bars, if
nothing else is said.

Arguments:
  trace                  the file

Options:
  --timeline[=out.html]  bars, or a page in a file
  --summary              a table: busy, waiting by cause, switches, longest run
  -h, --help             show this help
`

describe('the help', () => {
  it('is shown when asked for, and when nothing is asked for, which is a mistake', async () => {
    expect(await said('--help')).toEqual({ stdout: HELP, stderr: '', code: 0 })
    expect(await said('--version')).toEqual({ stdout: `${manifest.version}\n`, stderr: '', code: 0 })
    expect(await greenloop(folder, [])).toEqual({ stdout: '', stderr: HELP, code: 2, signal: null })
  })

  it('of run names each patch, and fits into 80 columns', async () => {
    const { stdout, ...rest } = await said('run --help app.cjs')
    expect(rest).toEqual({ stderr: '', code: 0 })
    expect(stdout.slice(0, RUN_HELP.length)).toBe(RUN_HELP)
    expect(stdout.slice(-RUN_AFTERWORD.length)).toBe(RUN_AFTERWORD)
    for (const name of ORDER) {
      const flag = name.replaceAll(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`)
      expect(stdout).toMatch(new RegExp(`^  --no-${flag} +\\S`, 'mu'))
    }
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
    expect(await said('help run')).toEqual({ stdout, stderr: '', code: 0 })
  })

  it('of compare and show', async () => {
    expect(await said('compare --help')).toEqual({ stdout: COMPARE_HELP, stderr: '', code: 0 })
    expect(await said('show --help')).toEqual({ stdout: SHOW_HELP, stderr: '', code: 0 })
  })

  it('is shown to who has named too little', async () => {
    const { stdout } = await said('run --help')
    expect(await said('run --no-net')).toEqual({
      stdout: '',
      stderr: `greenloop: which program? A file, or a folder with a package.json, must be named.\n\n${stdout}`,
      code: 2,
    })
    expect(await said('compare app.cjs')).toEqual({
      stdout: '',
      stderr: `greenloop: which programs? Two must be named.\n\n${COMPARE_HELP}`,
      code: 2,
    })
    expect(await said('show --summary')).toEqual({
      stdout: '',
      stderr: `greenloop: which trace? A file that \`greenloop run --trace=out.json\` has written must be named.\n\n${SHOW_HELP}`,
      code: 2,
    })
  })
})

const ALL_OF = (command: string): string => `All options of ${command}: greenloop ${command} --help`

describe('a mistake', () => {
  it.each<[words: string, stderr: string]>([
    ['run --no-nte app.cjs', `unknown option '--no-nte'\n(Did you mean --no-net?)\n${ALL_OF('run')}`],
    ['run --timelin app.cjs', `unknown option '--timelin'\n(Did you mean --timeline?)\n${ALL_OF('run')}`],
    [
      'run --port=80 app.cjs',
      `unknown option '--port=80'\nOptions of the program stand behind it: greenloop run app.js --port=80\n${ALL_OF('run')}`,
    ],
    [
      'run --inspect app.cjs',
      `unknown option '--inspect'\nIt is an option of Node: NODE_OPTIONS=--inspect greenloop run app.js\n${ALL_OF('run')}`,
    ],
    [
      '--no-net run app.cjs',
      "unknown option '--no-net'\nOptions of run stand behind it: greenloop run --help\nAll others: greenloop --help",
    ],
    ['rum app.cjs', "unknown command 'rum'\n(Did you mean run?)"],
    ['app.cjs -x', "unknown command 'app.cjs'\nTo run a program: greenloop run app.cjs"],
    ['show --port trace.json', `unknown option '--port'\n${ALL_OF('show')}`],
    ['compare a b c', `too many arguments for 'compare'. Expected 2 arguments but got 3.\n${ALL_OF('compare')}`],
    ['run ./nofile.ts', 'no program at ./nofile.ts'],
    ['compare ./nofile.ts ./nofile.ts', 'no program at ./nofile.ts'],
    [
      'run FOLDER/empty',
      'no program at FOLDER/empty: the folder has neither a package.json with "main" nor an index.js',
    ],
    ['run --timeline out.html FOLDER/app.cjs', 'no program at out.html; values of options stand behind "="'],
    [
      'run --timeline FOLDER/page.html FOLDER/app.cjs',
      'no program at FOLDER/page.html; values of options stand behind "="',
    ],
    ['run --monitor 100 FOLDER/app.cjs', 'no program at 100; values of options stand behind "="'],
    ['run --trace out.json FOLDER/app.cjs', '--trace needs a value: --trace=out.json'],
    ['run --trace= FOLDER/app.cjs', '--trace needs a value: --trace=out.json'],
    ['compare --timeline a b', '--timeline needs a value: --timeline=out.html'],
    [
      'run --timeline=FOLDER/app.cjs',
      '--timeline expects a file that ends in .html, but got "FOLDER/app.cjs"; to run it: --timeline FOLDER/app.cjs',
    ],
    [
      'run --trace=FOLDER/app.cjs',
      '--trace expects a file that ends in .json, but got "FOLDER/app.cjs"; to run it: --trace=out.json FOLDER/app.cjs',
    ],
    ['show --timeline=out.png x.json', '--timeline expects a file that ends in .html, but got "out.png"'],
    [
      'run --timeline=FOLDER/none/out.html FOLDER/app.cjs',
      'cannot write FOLDER/none/out.html: there is no folder FOLDER/none',
    ],
    [
      'run --timeline=FOLDER/folder.html FOLDER/app.cjs',
      'cannot write FOLDER/folder.html: illegal operation on a directory',
    ],
    [
      'compare --timeline=/proc/out.html FOLDER/app.cjs FOLDER/app.cjs',
      'cannot write /proc/out.html: no such file or directory',
    ],
    ['run --monitor=soon app.cjs', '--monitor expects a number of milliseconds, 10 and up, but got "soon"'],
    ['run --monitor=9 app.cjs', '--monitor expects a number of milliseconds, 10 and up, but got "9"'],
    ['run --console=65536 app.cjs', '--console expects a port, 0 to 65535, but got "65536"'],
    ['run --console-kill app.cjs', '--console-kill needs --console'],
    ['show FOLDER/none.json', 'no trace at FOLDER/none.json'],
    [
      'show FOLDER/foreign.json',
      'FOLDER/foreign.json: this is no trace: it has neither `traceEvents` nor `greenloop`.',
    ],
    ['show FOLDER/empty', 'cannot read FOLDER/empty: illegal operation on a directory'],
  ])('is named, with what would be right: greenloop %s', async (words, stderr) => {
    expect(await said(words.replaceAll('FOLDER', folder))).toEqual({
      stdout: '',
      stderr: `greenloop: ${stderr.replaceAll('FOLDER', folder)}\n`,
      code: 2,
    })
  })

  it('is a trace that is broken: what JSON says of it', async () => {
    const { stdout, stderr, code } = await said(`show ${folder}/broken.json`)
    expect({ stdout, code }).toEqual({ stdout: '', code: 2 })
    expect(stderr.startsWith(`greenloop: ${folder}/broken.json: this is no JSON: `)).toBe(true)
    expect(stderr.trimEnd()).not.toContain('\n')
  })

  it('is a port that is taken: the program does not run', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' ? String(address?.port) : ''
    const ended = await said(`run --console=${port} ${folder}/app.cjs`)
    server.close()
    expect(ended).toEqual({
      stdout: '',
      stderr: `greenloop: the console cannot listen on 127.0.0.1:${port}: the port is taken (EADDRINUSE).\n`,
      code: 2,
    })
  })

  it('in GREENLOOP_MONKEY is one, too', async () => {
    vi.stubEnv('GREENLOOP_MONKEY', 'no-nte')
    const { stderr, code } = await said(`run ${folder}/app.cjs`).finally(() => vi.unstubAllEnvs())
    expect(stderr).toBe(`greenloop: GREENLOOP_MONKEY knows ${ORDER.join(', ')}, but not "nte".\n`)
    expect(code).toBe(2)
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
