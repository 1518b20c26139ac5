// What blocks the hub is reported with its name and its place, while it is stuck. Each program is a process of its own: a monitor watches a whole thread.
import { spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { type ProgramEnd, programPath, runProgram } from '../../support/program.ts'
import { showLines, sourceLine } from '../../support/source-lines.ts'

const STALLS = new URL('./programs/stalls.ts', import.meta.url)
const ENDS = new URL('./programs/ends.ts', import.meta.url)

interface Stall {
  readonly name: string
  readonly greenlet?: string
  readonly call?: string | null
  readonly frames?: readonly string[]
  readonly enough: boolean
  readonly files: readonly string[]
  readonly last?: string
  readonly complete: boolean
}

function ends(how: string, env: Readonly<Record<string, string>> = {}): Promise<ProgramEnd> {
  return runProgram(ENDS.href, { args: [how], env })
}

/** `text` with the durations left out: they are of this machine. */
function timeless(text: string): string {
  return text.replace(/\d+ ms/gu, '… ms')
}

describe('a stall', () => {
  let end: ProgramEnd
  let lines: unknown[]

  beforeAll(async () => {
    end = await runProgram(STALLS.href, { longestMs: 20_000 })
    lines = end.stdout
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line))
  }, 25_000)

  function stall(name: string): Stall | undefined {
    return (lines as Stall[]).find((line) => line.name === name)
  }

  /** The frames as the text of their lines. */
  function shown(name: string): string[] {
    return (stall(name)?.frames ?? []).map((frame) => {
      const [fn = '', line = ''] = frame.split('@')
      return `${fn}: ${sourceLine(STALLS.href, Number(line))}`
    })
  }

  const computes = 'compute: while (unseen()); // computes'

  it('leaves the program as it is', () => {
    expect(end.code).toBe(0)
  })

  it('of a loop is reported with the name of the greenlet, the functions and the lines, while the loop runs', () => {
    expect(shown('a loop')).toEqual([computes, 'loop: compute() // in a loop'])
    expect(stall('a loop')).toMatchObject({
      greenlet: expect.stringMatching(/^loop-\d+$/u),
      call: null,
      enough: true,
      files: ['test/trace/monitor/programs/stalls.ts'],
    })
  })

  it('is reported with all generators that wait for the innermost', () => {
    expect(shown('a call')).toEqual([computes, 'inner: compute() // inner', 'outer: yield* inner() // outer'])
  })

  it('of a regular expression is reported while it matches', () => {
    expect(stall('a regular expression')?.call).toBe('RegExp.test')
    expect(shown('a regular expression')).toEqual(['match: while (unseen()) /^(a+)+$/u.test(text) // matches'])
  })

  it('of greenlets that only switch to each other is reported', () => {
    expect(stall('switches')?.greenlet).toMatch(/^p[io]ng$/u)
  })

  it('of plain code is reported as that of main', () => {
    const last = lines.at(-1) as { greenlet: string; frame: number }
    expect([last.greenlet, sourceLine(STALLS.href, last.frame)]).toEqual(['main', 'compute() // in plain code'])
  })

  it('is followed by a report of its end, with the whole time and the number of reports', () => {
    for (const name of ['a loop', 'a call', 'switches']) {
      const { last, complete, greenlet } = stall(name) ?? {}
      expect([name, complete]).toEqual([name, true])
      if (name !== 'switches') expect(last).toBe(greenlet)
    }
  })

  it('of native code is told of at once, and placed when the call has returned', () => {
    const native = lines[0] as { call: string; frame: number; greenlet: string }
    expect([native.call, sourceLine(STALLS.href, native.frame), native.greenlet]).toEqual([
      'execFileSync',
      "execFileSync('sleep', ['0.5']) // launches",
      'launch-',
    ])
    expect(timeless(end.stderr)).toContain(
      'greenloop: the hub has been blocked for … ms, in native code: a call such as execFileSync() or JSON.parse().\n',
    )
    expect(showLines(timeless(end.stderr), 'programs/stalls.ts')).toMatch(
      /^greenloop: the hub was blocked for … ms by greenlet "launch-\d+", in execFileSync\(\), in native code that has returned to:\n {4}at launch \(execFileSync\('sleep', \['0\.5'\]\) \/\/ launches\)\n {2}Use the form of the call that waits, or make it in a worker thread\.\ngreenloop: the hub runs again after … ms; greenlet "launch-\d+" had blocked it\.$/mu,
    )
  })

  it('is printed as one block, and its end as a line', () => {
    expect(showLines(timeless(end.stderr), 'programs/stalls.ts')).toMatch(
      /^greenloop: the hub has been blocked for … ms by greenlet "again-\d+":\n(?: {4}at unseen .*\n)? {4}at compute \(while \(unseen\(\)\); \/\/ computes\)\n {4}at again \(compute\(\) \/\/ reported again\)\n {2}Let others run in between, with yield\* sleep\(0\), or do the work in a worker thread\.\ngreenloop: the hub runs again after … ms; greenlet "again-\d+" had blocked it\.$/mu,
    )
  })

  it('in ignoreBlocking() is not reported', () => {
    expect(stall('on purpose')).toEqual({ name: 'on purpose', enough: false, files: [], complete: false })
  })

  it('of a greenlet that may block is not reported, and of one that may no more it is', () => {
    expect(stall('a greenlet that may')).toEqual({
      name: 'a greenlet that may',
      enough: false,
      files: [],
      complete: false,
    })
    expect(shown('a greenlet that may no more').at(-1)).toBe('again: compute() // reported again')
  })
})

it('prints the report in the middle of what is stuck, also when that never comes back to the loop', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'greenloop-'))
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  const path = join(folder, 'stderr')
  const file = openSync(path, 'w')
  const child = spawn(process.execPath, [programPath(ENDS.href), 'to a file'], { stdio: ['ignore', 'pipe', file] })
  closeSync(file)
  let stdout = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  await new Promise((resolve) => child.once('close', resolve))
  expect(stdout).toBe('was told while it was stuck\n')
  expect(timeless(readFileSync(path, 'utf8'))).toMatch(
    /^greenloop: the hub has been blocked for … ms by plain code \(main\)/u,
  )
})

it('reports neither loops of sleep(0) nor an idle program', async () => {
  expect(await ends('turns')).toEqual({ stdout: '', stderr: '', code: 0 })
})

describe.concurrent('a process with a monitor', () => {
  it('ends at once', async () => {
    expect(await ends('at once')).toEqual({ stdout: '', stderr: '', code: 0 })
  })

  it('has no thread, timer or listener of it left when it is stopped', async () => {
    const { stdout, code } = await ends('stopped')
    expect([stdout, code]).toEqual(['nothing is left\n', 0])
  })

  it('ends in the middle of a stall, and its listeners are told', async () => {
    const { stdout, stderr, code } = await ends('in a stall')
    expect([stdout, code]).toEqual(['told of main\n', 3])
    expect(stderr).not.toContain('debugger')
    expect(timeless(stderr)).toMatch(
      /\ngreenloop: the hub runs again after … ms; plain code \(main\) had blocked it\.\n$/u,
    )
  })

  it('tells of the end of a stall although a listener throws, which is an uncaught exception', async () => {
    const { stdout, code } = await ends('a listener throws')
    expect([stdout, code]).toEqual(['told of the end; uncaught: of a listener\n', 0])
  })

  it('is watched the same when Node listens for debuggers', async () => {
    const { stdout, stderr, code } = await ends('in a stall', { NODE_OPTIONS: '--inspect=0' })
    expect([stdout, code]).toEqual(['told of main\n', 3])
    expect(showLines(timeless(stderr), 'programs/ends.ts')).toMatch(
      /^ {4}at block \(while \(performance\.now\(\) > 0/mu,
    )
  })

  it('is not reported while a debugger has stopped it', async ({ onTestFinished }) => {
    const child = spawn(process.execPath, ['--inspect=0', programPath(ENDS.href), 'at a breakpoint'], { stdio: 'pipe' })
    onTestFinished(() => void child.kill('SIGKILL'))
    let stdout = ''
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    await new Promise<void>((resolve) => {
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        stdout += text
        if (stdout === 'ready\n') resolve()
      })
    })
    const socket = new WebSocket(/ws:\S+/u.exec(stderr)?.[0] ?? '')
    let calls = 0
    const call = (method: string, params: object = {}): Promise<void> =>
      new Promise((resolve) => {
        const id = ++calls
        socket.on('message', (data: Buffer) => {
          if ((JSON.parse(data.toString()) as { id?: number }).id === id) resolve()
        })
        socket.send(JSON.stringify({ id, method, params }))
      })
    await new Promise((resolve) => socket.once('open', resolve))
    await call('Debugger.enable')
    const paused = new Promise<void>((resolve) => {
      socket.on('message', (data: Buffer) => {
        if (data.includes('"Debugger.paused"')) resolve()
      })
    })
    await call('Debugger.pause')
    await paused
    await new Promise((resolve) => setTimeout(resolve, 300)) // several times its limit
    await call('Debugger.resume')
    await call('Runtime.evaluate', { expression: 'globalThis.goOn = true' })
    socket.close()
    await new Promise((resolve) => child.once('close', resolve))
    expect(stdout).toBe('ready\nreported 0\n')
    expect(stderr).not.toContain('greenloop:')
  })

  it('tells that it is stuck, and not where, when it may not use the inspector', async () => {
    const permission = process.allowedNodeEnvironmentFlags.has('--permission')
      ? '--permission'
      : '--experimental-permission'
    const limits = [permission, '--allow-fs-read=*', '--allow-worker', '--no-warnings']
    const child = spawn(process.execPath, [...limits, programPath(ENDS.href), 'the thread'], { stdio: 'pipe' })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    const code = await new Promise((resolve) => child.once('close', resolve))
    expect(timeless(stderr)).toMatch(
      /^greenloop: the hub has been blocked for … ms, and where cannot be read: only a main thread with an inspector can be asked\.\n/u,
    )
    expect([stdout, code]).toEqual(['{"greenlet":null,"blockedMs":true,"frames":[],"call":null,"native":false}\n', 0])
  })

  it('tells of a worker thread that is stuck, which cannot be asked where', async () => {
    const { stdout, stderr, code } = await ends('in a thread')
    expect([JSON.parse(stdout), code]).toEqual([
      { greenlet: null, blockedMs: true, frames: [], call: null, native: false },
      0,
    ])
    expect(timeless(stderr)).toMatch(
      /^greenloop: the hub of worker thread 1 has been blocked for … ms, and where cannot be read: only a main thread with an inspector can be asked\.\n/u,
    )
  })
})
