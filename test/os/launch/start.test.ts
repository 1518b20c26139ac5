// How a child is started: its program, its folder, its environment, where its streams lead.
import { closeSync, createWriteStream, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { run as main, sleep } from 'greenloop'
import { checkOutput, DEVNULL, INHERIT, open, PIPE, Popen, run, STDOUT } from 'greenloop/os'
import { afterAll, describe, expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { runProgram } from '../../support/program.ts'
import { usage } from '../../support/thrown.ts'
import { processState } from '../subprocess/processes.ts'

checkLeaks()

const folder = mkdtempSync(join(tmpdir(), 'greenloop-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

describe('A child', () => {
  it('is given its arguments as they are, without a shell', async () => {
    const text = await checkOutput(['printf', '%s|', 'a b', '$HOME', "it's", '', '*'], { text: true })
    expect(text).toBe("a b|$HOME|it's||*|")
  })

  it('is a line for the shell that is asked for', async () => {
    expect(await checkOutput('echo $((6 * 7)) "$0"', { shell: true, text: true })).toBe('42 /bin/sh\n')
    expect(await checkOutput('echo ${BASH_VERSION:+bash}', { shell: '/bin/bash', text: true })).toBe('bash\n')
  })

  it('runs in its folder, in its environment', async () => {
    const text = await checkOutput('pwd; env', {
      shell: true,
      cwd: folder,
      env: { PATH: '/usr/bin:/bin', A: 'b', B: undefined },
      text: true,
    })
    expect(
      text
        .split('\n')
        .filter((line) => !/^(?:PWD|_|SHLVL|OLDPWD)=/u.test(line))
        .sort(),
    ).toEqual(['', folder, 'A=b', 'PATH=/usr/bin:/bin'].sort())
  })

  it('is another user', async () => {
    expect(await checkOutput('id -u; id -g', { shell: true, uid: 65534, gid: 65534, text: true })).toBe(
      '65534\n65534\n',
    )
  })

  it('leads a session, unless it is not to', () => {
    using alone = new Popen(['sleep', '9'], { stdin: DEVNULL })
    using among = new Popen(['sleep', '9'], { stdin: DEVNULL, startNewSession: false })
    const ours = processState(process.pid)
    expect(processState(alone.pid)).toMatchObject({ group: alone.pid, session: alone.pid })
    expect(processState(among.pid)).toMatchObject({ group: ours?.group, session: ours?.session })
  })
})

describe('A stream of a child', () => {
  it('leads where ours does, without an option', async () => {
    const { stdout, stderr } = await runProgram('../../os/launch/programs/inherits.ts')
    expect(stdout).toBe('to stdout\n')
    expect(stderr).toBe('to stderr\nboth: 1\nboth: 2\n')
  })

  it('leads nowhere', async () => {
    const { stdout } = await run('cat; echo out; echo err >&2', {
      shell: true,
      stdin: DEVNULL,
      stdout: DEVNULL,
      stderr: DEVNULL,
    })
    expect(stdout).toBe(null)
  })

  it('leads to a descriptor, a file, a stream that is open', async () => {
    const path = join(folder, 'out')
    const fd = openSync(path, 'w')
    await run(['echo', 'one'], { stdout: fd })
    closeSync(fd)
    await main(function* () {
      using file = yield* open(path, 'ab')
      yield* run(['echo', 'two'], { stdout: file })
      yield* run('echo three >&2', { shell: true, stdout: file, stderr: STDOUT })
    })
    const stream = createWriteStream(path, { flags: 'a' })
    await new Promise((resolve) => stream.once('open', resolve))
    await run(['echo', 'four'], { stdout: stream })
    stream.destroy()
    expect(readFileSync(path, 'utf8')).toBe('one\ntwo\nthree\nfour\n')
    expect(
      await main(function* () {
        using file = yield* open(path)
        return yield* checkOutput(['cat'], { stdin: file, text: true })
      }),
    ).toBe('one\ntwo\nthree\nfour\n')
  })

  it('leads to a socket', async () => {
    let said = ''
    const server = createServer((socket) => {
      socket.on('data', (piece) => (said += String(piece)))
    })
    await new Promise<void>((resolve) => server.listen(join(folder, 'socket'), resolve))
    const socket = connect(join(folder, 'socket'))
    await new Promise((resolve) => socket.once('connect', resolve))
    await run(['echo', 'hello'], { stdout: socket })
    socket.destroy()
    await new Promise((resolve) => server.close(resolve))
    expect(said).toBe('hello\n')
  })

  it('leads to another child', async () => {
    await main(function* () {
      using list = new Popen(['printf', 'b\\na\\nb\\n'], { stdout: PIPE })
      using sort = new Popen(['sort', '-u'], { stdin: list.stdout, stdout: PIPE, text: true })
      yield* list.stdout.close()
      expect(yield* sort.communicate()).toEqual(['a\nb\n', null])
      expect(yield* list.wait()).toBe(0)
    })
  })

  it('has the first of two fail to write when the second is gone, if we have closed our end', async () => {
    await main(function* () {
      using endless = new Popen(['yes'], { stdout: PIPE, stderr: DEVNULL })
      using head = new Popen(['head', '-n', '1'], { stdin: endless.stdout, stdout: PIPE, text: true })
      yield* endless.stdout.close()
      expect((yield* head.communicate())[0]).toBe('y\n')
      expect(yield* endless.wait()).not.toBe(0)
    })
  })

  it('is refused when something of it was read already', async () => {
    await main(function* () {
      using first = new Popen(['echo', 'lost'], { stdout: PIPE })
      yield* first.wait()
      while (first.stdout.closed) yield* sleep(1)
      yield* sleep(5)
      expect(usage(() => new Popen(['cat'], { stdin: first.stdout }))).toBe(
        '`stdin` was given a pipe of which something has been read already; the child would miss it. Start it right behind the other one, before any wait.',
      )
      yield* first.stdout.close()
      expect(usage(() => new Popen(['cat'], { stdin: first.stdout }))).toBe('`stdin` was given a pipe that is closed.')
    })
  })

  it('is refused when it has no descriptor', () => {
    expect(usage(() => new Popen(['cat'], { stdin: new PassThrough() }))).toBe(
      '`stdin` was given a stream without a descriptor, a PassThrough; a child cannot use it. Take PIPE, and write to it or read it.',
    )
    const file = createWriteStream(join(folder, 'late'))
    expect(usage(() => new Popen(['ls'], { stdout: file }))).toBe(
      "`stdout` was given a file's stream that is not open yet: it has no descriptor.\n\n" +
        '  { stdout: createWriteStream(path) }   // incorrect: it is opened later\n' +
        "  { stdout: openSync(path, 'w') }       // correct",
    )
    file.destroy()
  })

  it('of errors leads where the other one does, in the order in which they are written', async () => {
    const line = 'for i in 1 2 3; do echo out $i; echo err $i >&2; done'
    const both = 'out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n'
    expect(await checkOutput(line, { shell: true, stderr: STDOUT, text: true })).toBe(both)
    expect(await checkOutput(['sh', '-c', line], { stderr: STDOUT, text: true })).toBe(both)
    using child = new Popen(['sleep', '9'], { stdin: DEVNULL, stdout: PIPE, stderr: STDOUT })
    expect(child.stderr).toBe(null)
    expect(await run(line, { shell: true, stdout: DEVNULL, stderr: STDOUT })).toMatchObject({ returncode: 0 })
  })

  it('is one of those that are passed on', async () => {
    const path = join(folder, 'passed')
    const fd = openSync(path, 'w')
    await run(`echo passed >&${fd}`, { shell: '/bin/bash', passFds: [fd, 1], stdout: INHERIT })
    await expect(run(`echo lost >&${fd}`, { shell: '/bin/bash', stderr: DEVNULL })).resolves.toMatchObject({
      returncode: 1,
    })
    closeSync(fd)
    expect(readFileSync(path, 'utf8')).toBe('passed\n')
  })
})

describe('A wrong argument', () => {
  it('is named at the call', () => {
    expect(usage(() => new Popen(42 as never))).toBe(
      'new Popen() expects a program with its arguments, as a list of strings, but got 42 (number).\n\n' +
        "  new Popen('ls', '-l')     // incorrect: arguments stand in the list\n" +
        "  new Popen(['ls', '-l'])   // correct",
    )
    expect(usage(() => run('ls', '-l' as never))).toBe(
      'run() expects its options as an object, but got "-l" (string).\n\n' +
        "  run('ls', '-l')     // incorrect: arguments stand in a list\n" +
        "  run(['ls', '-l'])   // correct",
    )
    expect(usage(() => run(['ls', '-l'], { shell: true }))).toBe(
      'run() expects one line for the shell, but got a list.\n\n' +
        "  run(['ls', '-l'], { shell: true })   // incorrect: the shell would run `ls` alone\n" +
        "  run('ls -l', { shell: true })        // correct",
    )
    expect(usage(() => run([]))).toBe('run() expects a program with its arguments, but got an empty list.')
    expect(usage(() => run(['']))).toBe("run() expects a program with its arguments, but the program is ''.")
    expect(usage(() => run(''))).toBe("run() expects a program, but got ''.")
    expect(usage(() => run('', { shell: true }))).toBe("run() expects a line for the shell, but got ''.")
    expect(usage(() => run(['ls', 3 as never]))).toBe(
      'run() expects item 1 of the list to be a string, but got 3 (number).',
    )
    expect(usage(() => run(['ls', 'a\0b']))).toBe(
      'run() expects item 1 of the list to be without a zero byte, but got "a\\u0000b" (string).',
    )
    expect(usage(() => run(['ls'], { env: { A: 1 as never } }))).toBe(
      'run() expects `A` in `env` to be a string, but got 1 (number).',
    )
    expect(usage(() => run(['ls'], { cwd: 1 as never }))).toBe(
      'run() expects `cwd` to be a string, but got 1 (number).',
    )
    expect(usage(() => run(['ls'], null as never))).toBe(
      'run() expects its options as an object, such as { timeoutMs: 10 }, but got null.',
    )
    expect(usage(() => new Popen(['ls'], null as never))).toBe(
      'new Popen() expects its options as an object, such as { cwd: folder }, but got null.',
    )
  })

  it('is an option that there is not, and how it is written here', () => {
    expect(usage(() => run(['ls'], { timeout: 5 } as never))).toBe(
      'run() has no option `timeout`. Here it is `timeoutMs`.',
    )
    expect(usage(() => run(['ls'], { capture_output: true } as never))).toBe(
      'run() has no option `capture_output`. Here it is `captureOutput`.',
    )
    expect(usage(() => new Popen(['ls'], { stdio: 'pipe' } as never))).toBe(
      'new Popen() has no option `stdio`. Here it is `stdin, stdout, stderr`.',
    )
    expect(usage(() => new Popen(['ls'], { check: true } as never))).toBe('new Popen() has no option `check`.')
  })

  it('is an option of another kind', () => {
    expect(usage(() => run(['ls'], { stdout: 'file' as never }))).toBe(
      'run() expects `stdout` to be PIPE, DEVNULL, INHERIT, a descriptor, or a file or stream that has one, but got "file" (string).',
    )
    expect(usage(() => run(['ls'], { stderr: -1 }))).toBe(
      'run() expects `stderr` to be PIPE, DEVNULL, INHERIT, STDOUT, a descriptor, or a file or stream that has one, but got -1 (number).',
    )
    expect(usage(() => run(['ls'], { passFds: [1.5] }))).toBe(
      'run() expects `passFds` to be a list of descriptors, but 1.5 (number) is in it.',
    )
    expect(usage(() => run(['ls'], { encoding: 'klingon' as never }))).toBe(
      'run() expects `encoding` to be an encoding that Node knows, but got "klingon" (string).',
    )
    expect(usage(() => run(['ls'], { killSignal: 'SIGNONE' as never }))).toBe(
      'run() expects `killSignal` to be the name of a signal, such as \'SIGTERM\', or its number, but got "SIGNONE" (string).',
    )
    expect(usage(() => run(['ls'], { graceMs: -1 }))).toBe(
      'run() expects `graceMs` to be a number of milliseconds, 0 or more, but got -1.',
    )
    expect(usage(() => run(['ls'], { text: 1 as never }))).toBe(
      'run() expects `text` to be a boolean, but got 1 (number).',
    )
    expect(usage(() => run(['ls'], { shell: 1 as never }))).toBe(
      'run() expects `shell` to be a boolean, but got 1 (number).',
    )
    expect(usage(() => run(['ls'], { timeoutMs: -1 }))).toBe(
      'run() expects `timeoutMs` to be a number of milliseconds, 0 or more, but got -1.',
    )
    expect(usage(() => run(['ls'], { input: 5 as never }))).toBe(
      'run() expects `input` to be a string or a Uint8Array, but got 5 (number).',
    )
  })

  it('is one of two that exclude each other', () => {
    expect(usage(() => run(['ls'], { input: 'a', stdin: PIPE }))).toBe(
      'run() was given both `input` and `stdin`; input is what stdin gives.',
    )
    expect(usage(() => run(['ls'], { captureOutput: true, stderr: STDOUT }))).toBe(
      'run() was given `captureOutput`, which makes pipes of both stdout and stderr, and one of them.\n\n' +
        '  { captureOutput: true, stderr: STDOUT }   // incorrect: stderr is said twice\n' +
        '  { stdout: PIPE, stderr: STDOUT }          // correct',
    )
  })
})
