// Standard input of real processes: input() and what it shares with lines(), and that a process does not stay for an input that nobody waits for.
import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { input } from 'greenloop/os'
import { afterAll, describe, expect, it } from 'vitest'
import { programPath } from '../../support/program.ts'
import { usage } from '../../support/thrown.ts'

const PROGRAM = '../../os/streams/programs/asks.ts'

const children: ChildProcess[] = []
const folder = mkdtempSync(join(tmpdir(), 'greenloop-'))

afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

interface Asking {
  readonly child: ChildProcessByStdio<Writable | null, Readable, Readable>
  /** Waits until it has ended; gives all that it has written. */
  end(): Promise<string>
}

function ask(args: readonly string[], stdin: 'pipe' | 'ignore' | number = 'pipe'): Asking {
  const child = spawn(process.execPath, [programPath(PROGRAM), ...args], {
    stdio: [stdin, 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], NO_COLOR: '1' },
  }) as ChildProcessByStdio<Writable | null, Readable, Readable>
  children.push(child)
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += String(chunk)))
  const ended = once(child, 'close')
  return {
    child,
    async end() {
      await ended
      return text
    },
  }
}

describe.concurrent('input()', () => {
  it('writes the prompt, gives lines without their ends, and throws EOFError at the end', async ({ expect }) => {
    const { child, end } = ask(['all'])
    child.stdin?.end('one\r\n\nthree')
    expect(await end()).toBe('? <one>\n? <>\n? <three>\n? EOFError input(): standard input is at its end.\n')
  })

  it('reads a file, and nothing at all', async ({ expect }) => {
    const path = join(folder, 'lines')
    writeFileSync(path, 'a\nb\n')
    expect(await ask(['all'], openSync(path, 'r')).end()).toBe(
      '? <a>\n? <b>\n? EOFError input(): standard input is at its end.\n',
    )
    expect(await ask(['all'], 'ignore').end()).toBe('? EOFError input(): standard input is at its end.\n')
  })

  it('leaves what it has read beyond its line to lines(), to recv() and to the next call', async ({ expect }) => {
    const { child, end } = ask(['mixed'])
    child.stdin?.write('1\n2\n3\nxy4\n')
    expect(await end()).toBe('first 1\nsecond 2\nthird 3\nbytes xy\nrest 4\n')
  })

  it('does not keep the process when nobody waits', async ({ expect }) => {
    const { child, end } = ask(['one'])
    child.stdin?.write('x\ny\n')
    expect(await end()).toBe('one x\n')
    const late = ask(['late'])
    expect(await late.end()).toBe('true 0\ntrue 0\n')
  })

  it('goes on behind a pause', async ({ expect }) => {
    const { child, end } = ask(['paused'])
    child.stdout.on('data', (chunk) => {
      if (String(chunk).includes('ready')) child.stdin?.write('second\n')
    })
    child.stdin?.write('first\n')
    expect(await end()).toBe('first\nready\nnull\nsecond\n')
  })

  it('in plain code is awaited', async ({ expect }) => {
    const { child, end } = ask(['one', 'plain'])
    child.stdin?.write('a\n')
    setTimeout(() => child.stdin?.write('b\n'), 100)
    expect(await end()).toBe('a b\n')
  })

  it('refuses a second greenlet', async ({ expect }) => {
    const { child, end } = ask(['twice'])
    child.stdout.once('data', () => child.stdin?.write('x\n'))
    expect(await end()).toBe(
      'ConcurrentObjectUseError: Greenlet "main" called input() of process.stdin, where "first" waits already; who would get what is not defined.\nx\n',
    )
  })

  it("leaves standard input to Node's own ways", async ({ expect }) => {
    const { child, end } = ask(['node'])
    child.stdin?.write('one\n')
    child.stdout.once('data', () => child.stdin?.end('two\nthree'))
    expect(await end()).toBe('one\ndata "two\\nthree"\n')
  })
})

describe('input()', () => {
  it('refuses a prompt that is no text', () => {
    expect(usage(() => input(5 as never))).toBe('input() expects `prompt` to be a string, but got 5 (number).')
  })
})
