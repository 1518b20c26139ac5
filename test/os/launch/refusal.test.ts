// Why a child cannot be started: each reason by name, at the call.
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { DEVNULL, PIPE, Popen, type PopenOptions, STDOUT, StartError } from 'greenloop/os'
import { afterAll, describe, expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { runProgram } from '../../support/program.ts'
import { thrown } from '../../support/thrown.ts'

checkLeaks()

const folder = mkdtempSync(join(tmpdir(), 'greenloop-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

function file(name: string, text: string, mode = 0o755): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

/** What starting it throws, as message and fields. */
function refusal(args: string | string[], options: PopenOptions = {}): object {
  const error = thrown(() => new Popen(args, options))
  expect(error).toBeInstanceOf(StartError)
  const { message, code, syscall, path } = error as StartError
  return { message, code, syscall, path }
}

describe('A program that cannot be started', () => {
  it('is in no folder of PATH', () => {
    expect(refusal(['no-such-program', 'x'])).toEqual({
      message: 'Cannot start `no-such-program x`: the program no-such-program is in no folder of PATH (ENOENT).',
      code: 'ENOENT',
      syscall: 'spawn no-such-program',
      path: 'no-such-program',
    })
  })

  it('is looked for in the PATH that it is to have', () => {
    file('mine', '#!/bin/sh\n')
    expect(refusal(['mine'], { env: { PATH: '/usr/bin' } })).toMatchObject({ code: 'ENOENT' })
    using child = new Popen(['mine'], { env: { PATH: folder } })
    expect(child.pid).toBeGreaterThan(0)
  })

  it('is not where its path says', () => {
    expect(refusal('/no/such/program')).toEqual({
      message: 'Cannot start `/no/such/program`: the program /no/such/program is not there (ENOENT).',
      code: 'ENOENT',
      syscall: 'spawn /no/such/program',
      path: '/no/such/program',
    })
    expect(refusal('./mine', { cwd: '/' })).toMatchObject({
      message: 'Cannot start `./mine`: the program ./mine is not there (ENOENT).',
    })
    using child = new Popen('./mine', { cwd: folder })
    expect(child.pid).toBeGreaterThan(0)
  })

  it('is a whole line, in which the program alone was expected', () => {
    const right =
      "  run('ls -l')        // incorrect: a program whose name has a space in it\n  run(['ls', '-l'])   // correct: or run('ls -l', { shell: true })"
    expect(refusal('ls -l')).toMatchObject({
      message: `Cannot start \`ls -l\`: the program \`ls -l\` is in no folder of PATH (ENOENT).\n\n${right}`,
    })
    expect(refusal(['ls -l'])).toMatchObject({
      message: `Cannot start \`'ls -l'\`: the program \`ls -l\` is in no folder of PATH (ENOENT).\n\n${right.replace("run('ls -l')     ", "run(['ls -l'])   ")}`,
    })
    const spaced = file('a b', '#!/bin/sh\n')
    using child = new Popen(spaced)
    expect(child.pid).toBeGreaterThan(0)
  })

  it('is not executable', () => {
    const path = file('plain', 'text', 0o644)
    expect(refusal([path])).toEqual({
      message: `Cannot start \`${path}\`: ${path} is not executable (EACCES).`,
      code: 'EACCES',
      syscall: `spawn ${path}`,
      path,
    })
    expect(refusal(['plain'], { env: { PATH: `/usr/bin:${folder}` } })).toMatchObject({
      message: `Cannot start \`plain\`: ${path} is not executable (EACCES).`,
    })
  })

  it('is a folder', () => {
    expect(refusal([folder])).toMatchObject({
      message: `Cannot start \`${folder}\`: ${folder} is a folder (EACCES).`,
      code: 'EACCES',
    })
  })

  it('is a script whose interpreter is missing', () => {
    const path = file('script', '#!/no/such/python -u\n')
    expect(refusal([path])).toMatchObject({
      message: `Cannot start \`${path}\`: ${path} needs /no/such/python, which is not there (ENOENT).`,
      code: 'ENOENT',
    })
  })

  it('has a folder to run in that is missing, or none', () => {
    const cwd = join(folder, 'missing')
    expect(refusal(['ls'], { cwd })).toEqual({
      message: `Cannot start \`ls\`: the folder ${cwd}, its \`cwd\`, is not there (ENOENT).`,
      code: 'ENOENT',
      syscall: 'spawn ls',
      path: cwd,
    })
    const plain = file('plain', 'text')
    expect(refusal(['ls'], { cwd: plain })).toMatchObject({
      message: `Cannot start \`ls\`: the folder ${plain}, its \`cwd\`, is no folder (ENOTDIR).`,
      code: 'ENOTDIR',
    })
  })

  it('is for a user who is not allowed to', () => {
    const path = file('mine-alone', '#!/bin/sh\n', 0o700)
    expect(refusal([path], { uid: 65534, gid: 65534 })).toMatchObject({
      message: `Cannot start \`${path}\`: that user is not allowed to (EACCES), or the system has no more processes.`,
      code: 'EACCES',
    })
  })

  it('is given more than the system takes', () => {
    const error = refusal(['echo', 'x'.repeat(3_000_000)], { env: { A: 'b' } })
    expect(error).toMatchObject({
      message: `Cannot start \`echo ${'x'.repeat(194)}…\`: its arguments and its environment are too long: 3000005 characters (E2BIG).`,
      code: 'E2BIG',
    })
  })

  it('is found missing before a shell puts its stderr to its stdout', () => {
    expect(refusal(['no-such-program'], { stdout: PIPE, stderr: STDOUT })).toMatchObject({
      code: 'ENOENT',
      syscall: 'spawn no-such-program',
    })
  })

  it('has a shell that is missing', () => {
    expect(refusal('echo a b', { shell: '/no/such/shell' })).toMatchObject({
      message: 'Cannot start `echo a b`: the program /no/such/shell is not there (ENOENT).',
    })
  })

  it('leaves no descriptor, and no error that comes late', async () => {
    const before = readdirSync('/proc/self/fd').length
    const late: unknown[] = []
    const listener = (error: unknown): void => void late.push(error)
    process.on('uncaughtException', listener)
    for (let n = 0; n < 5; n++) refusal(['no-such-program'], { stdin: PIPE, stdout: PIPE, stderr: PIPE })
    for (let n = 0; n < 5; n++) refusal(['echo', 'x'.repeat(3_000_000)], { stdin: PIPE, stdout: PIPE, stderr: DEVNULL })
    for (let n = 0; n < 5; n++) await turn()
    process.off('uncaughtException', listener)
    expect(late).toEqual([])
    expect(readdirSync('/proc/self/fd').length).toBe(before)
  })
})

it('A system without descriptors, or processes, is named', async () => {
  const { stdout, stderr } = await runProgram('../../os/launch/programs/exhausted.ts')
  expect(stderr).toBe('')
  const { descriptors, processes } = JSON.parse(stdout) as { descriptors: unknown; processes: unknown }
  expect(descriptors).toEqual(['EMFILE', 'Cannot start `sleep 9`: no descriptors are left (EMFILE).'])
  expect(processes).toEqual(['EAGAIN', 'Cannot start `sleep 9`: the system has no more processes (EAGAIN).'])
})
