// More of `examples/make.ts` than it shows when it is called without arguments: what it leaves behind, how it is called, what a terminal shows.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { BuildLog } from '../../examples/support/build-log.ts'
import { inOrder, parseMakefile } from '../../examples/support/makefile.ts'
import { message } from '../support/thrown.ts'
import { Conversation } from './support/conversation.ts'
import { tsx } from './support/processes.ts'

const TIMEOUT = { timeout: 30_000 }

const folders = mkdtempSync(join(tmpdir(), 'greenloop-'))

afterAll(() => {
  rmSync(folders, { recursive: true })
})

/** A folder with a makefile, `$DIR` in which stands for the folder. */
function makefile(text: string): { folder: string; file: string } {
  const folder = mkdtempSync(join(folders, 'test-'))
  const file = join(folder, 'Makefile')
  writeFileSync(file, text.replaceAll('$DIR', folder))
  return { folder, file }
}

/** Whether nobody runs under this number; a zombie, whom the system's first process has not fetched yet, does not. */
function isGone(pid: string): boolean {
  return /^(?:Z|$)/u.test(spawnSync('ps', ['-o', 'stat=', '-p', pid], { encoding: 'utf8' }).stdout.trim())
}

/** One that is at work, with a process in the background, when somebody reads the pipe `ready`. */
const SERVE = `serve:
	sleep 60 &
	echo $! > $DIR/pid
	echo up > $DIR/ready
	wait
`

describe.concurrent('examples/make.ts', () => {
  it('ends what a command has started when another fails, and answers 1', TIMEOUT, async () => {
    const { folder, file } = makefile(`all: serve test\n${SERVE}test:\n\tcat $DIR/ready\n\texit 4\n`)
    execFileSync('mkfifo', [join(folder, 'ready')])
    const { stdout, stderr, code } = await tsx('examples/make.ts', ['-f', file, '-j', '2'])
    expect(stdout).toBe(
      `[2/3] test: exit code 4\n      $ cat ${folder}/ready\n      $ exit 4\n      up\nmade 0 of 3, at most 2 at once; failed: test; stopped: serve; not begun: all\n`,
    )
    expect([stderr, code]).toEqual(['', 1])
    expect(isGone(readFileSync(join(folder, 'pid'), 'utf8').trim())).toBe(true)
  })

  it.for(['SIGINT', 'SIGTERM'] as const)(
    'ends all that its commands have started at %s',
    TIMEOUT,
    async (signal, { onTestFinished }) => {
      const { folder, file } = makefile(SERVE)
      execFileSync('mkfifo', [join(folder, 'ready')])
      const program = new Conversation('examples/make.ts', ['-f', file], onTestFinished)
      await readFile(join(folder, 'ready'))
      const stdout = 'made 0 of 1, at most 1 at once; stopped: serve\n'
      expect(await program.end(signal)).toEqual({ stdout, stderr: '', code: 130 })
      expect(isGone(readFileSync(join(folder, 'pid'), 'utf8').trim())).toBe(true)
    },
  )

  it('makes what is named, each target once, behind what it needs', TIMEOUT, async () => {
    const { folder, file } = makefile(
      'a: c b c\n\techo a >> $DIR/made\nb: c\n\techo b >> $DIR/made\nc:\n\techo c >> $DIR/made\n',
    )
    await tsx('examples/make.ts', ['-f', file, 'c', 'b', 'c'])
    expect(readFileSync(join(folder, 'made'), 'utf8')).toBe('c\nb\n')
  })

  it('tells of a command that a signal has ended, and the last ten lines of its errors', TIMEOUT, async () => {
    const { file } = makefile('a:\n\tseq 12 >&2\n\tkill -9 $$\n')
    const { stdout } = await tsx('examples/make.ts', ['-f', file])
    expect(stdout.split('\n').slice(0, 4)).toEqual([
      '[1/1] a: ended by SIGKILL',
      '      $ seq 12 >&2',
      '      $ kill -9 $$',
      '      3',
    ])
  })

  it('says what is wrong with its arguments, and answers 2', TIMEOUT, async () => {
    const ended = await tsx('examples/make.ts', ['-j', 'many'])
    const usage = 'Usage: npx tsx examples/make.ts [-f file] [-j jobs] [-k] [target...]\n'
    expect(ended).toEqual({ stdout: '', stderr: expect.stringMatching(/^--jobs .*'many'\n/u), code: 2 })
    expect(ended.stderr.endsWith(usage)).toBe(true)
  })
})

describe('its files', () => {
  it('are lines of targets and needs, and their commands', () => {
    expect([...parseMakefile('# two\n\na b: c  d\n\tone\n\n  two # 2\nc:\n').values()]).toEqual([
      { target: 'a', needs: ['c', 'd'], commands: ['one', 'two # 2'] },
      { target: 'b', needs: ['c', 'd'], commands: ['one', 'two # 2'] },
      { target: 'c', needs: [], commands: [] },
    ])
  })

  it.each([
    ['\techo', 'line 1: a command that belongs to no target: echo'],
    ['a:\nCC = gcc', 'line 2: "target: what it needs" was expected, not: CC = gcc'],
    ['a:\n\n\nb a:', 'line 4: "a" has a rule already'],
  ])('are refused where they are something else: %j', (text, text2) => {
    expect(message(() => parseMakefile(text))).toBe(text2)
  })

  it.each([
    [['d'], 'no rule for "d"'],
    [['a'], 'no rule for "x", which "c" needs'],
    [['e'], 'a cycle: f -> g -> f'],
    [['h'], 'a cycle: h -> h'],
  ])('cannot give what they have not, or what goes round in circles: %j', (goals, text) => {
    const rules = parseMakefile('a: b c\nb:\nc: b x\ne: b f\nf: g\ng: f\nh: h')
    expect(message(() => inOrder(rules, goals))).toBe(text)
  })
})

describe('its log', () => {
  const rules = [...parseMakefile('one:\ntwo:\nthree: two').values()]
  const [one, two, three] = rules as [(typeof rules)[0], (typeof rules)[0], (typeof rules)[0]]

  function play(stdout: { isTTY: boolean; columns: number }): string {
    let written = ''
    const write = (text: string): boolean => (written += text) !== ''
    const log = new BuildLog(rules, { ...stdout, write })
    log.mark(one, 'running')
    log.mark(two, 'running')
    log.mark(two, 'made', '\n      hello')
    log.mark(one, 'failed', ': exit code 1')
    log.mark(three, 'running')
    log.end()
    return written
  }

  it('has on a terminal a bar at the bottom, no longer than its line', () => {
    const bar = (text: string): string => `\r\u001B[K${text}`
    expect(play({ isTTY: true, columns: 34 })).toBe(
      [
        bar('[--------------------] 0/3 one'),
        bar('[--------------------] 0/3 one, tw'.slice(0, 33)),
        bar('[######--------------] 1/3 one'),
        `${bar('[1/3] one: exit code 1')}\n[######--------------] 1/3 one`,
        `${bar('[2/3] two\n      hello')}\n[######--------------] 1/3 one`,
        bar('[#############-------] 2/3'),
        bar('[#############-------] 2/3 three'),
        bar(''),
        'made 1 of 3, at most 2 at once; failed: one; stopped: three\n',
      ].join(''),
    )
  })

  it('spares a pipe the bar', () => {
    expect(play({ isTTY: false, columns: 0 })).toBe(
      '[1/3] one: exit code 1\n[2/3] two\n      hello\nmade 1 of 3, at most 2 at once; failed: one; stopped: three\n',
    )
  })
})
