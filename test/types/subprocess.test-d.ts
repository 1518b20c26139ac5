// What the calls of child processes give, by their options: each type is written down by nobody but the library.
import { choose, type Operation, spawn, wait } from 'greenloop'
import {
  type CompletedProcess,
  call,
  checkCall,
  checkOutput,
  DEVNULL,
  type FileObject,
  getoutput,
  getstatusoutput,
  nextSignal,
  PIPE,
  Popen,
  type PopenOptions,
  type RunOptions,
  run,
  STDOUT,
  subprocess,
} from 'greenloop/os'
import { describe, expectTypeOf, it } from 'vitest'

describe('Popen', () => {
  it('has the pipes that it is asked for, of what they are to carry', () => {
    const child = new Popen(['cat'], { stdin: PIPE, stdout: PIPE, stderr: DEVNULL })
    expectTypeOf(child.stdin).toEqualTypeOf<FileObject<Buffer>>()
    expectTypeOf(child.stdout).toEqualTypeOf<FileObject<Buffer>>()
    expectTypeOf(child.stderr).toEqualTypeOf<null>()
    expectTypeOf(child.communicate('x')).toEqualTypeOf<Operation<[stdout: Buffer, stderr: null]>>()

    const text = new Popen('ls', { stdout: PIPE, stderr: PIPE, text: true })
    expectTypeOf(text.stdin).toEqualTypeOf<null>()
    expectTypeOf(text.stdout).toEqualTypeOf<FileObject>()
    expectTypeOf(text.communicate()).toEqualTypeOf<Operation<[stdout: string, stderr: string]>>()

    const latin = new Popen('ls', { stdout: PIPE, stderr: STDOUT, encoding: 'latin1' })
    expectTypeOf(latin.stdout).toEqualTypeOf<FileObject>()
    expectTypeOf(latin.stderr).toEqualTypeOf<null>()
    expectTypeOf(new Popen('ls').stdout).toEqualTypeOf<null>()
  })

  it('has what there may be, when the options are not known', () => {
    const options: PopenOptions = {}
    const child = new Popen(['ls'], options)
    expectTypeOf(child.stdout).toEqualTypeOf<FileObject | FileObject<Buffer> | null>()
    expectTypeOf(child.communicate()).toEqualTypeOf<
      Operation<[stdout: string | Buffer | null, stderr: string | Buffer | null]>
    >()
    const apart = { stdout: PIPE, stderr: STDOUT } // the words keep their types
    expectTypeOf(new Popen(['ls'], apart).stdout).toEqualTypeOf<FileObject<Buffer>>()
    const maybe = { stdout: PIPE, text: Math.random() > 0.5 } as const
    expectTypeOf(new Popen(['ls'], maybe).communicate()).toEqualTypeOf<
      Operation<[stdout: string | Buffer, stderr: null]>
    >()
  })

  it('is one of all children', () => {
    const children: Popen[] = [
      new Popen('ls'),
      new Popen('ls', { stdout: PIPE, text: true }),
      new Popen('ls', { stdin: PIPE }),
    ]
    expectTypeOf(wait(children)).toEqualTypeOf<Operation<Popen[]>>()
    expectTypeOf(children[0]?.wait()).toEqualTypeOf<Operation<number> | undefined>()
    expectTypeOf(choose({ end: new Popen('ls').wait() })).toEqualTypeOf<Operation<readonly ['end', number]>>()
  })

  it('takes no option that there is not, and no other values', () => {
    // @ts-expect-error: it is `run` that checks
    new Popen(['ls'], { stdout: PIPE, check: true })
    // @ts-expect-error: no such option
    new Popen(['ls'], { stdout: PIPE, timeout: 5 })
    // @ts-expect-error: STDOUT is for stderr
    new Popen(['ls'], { stdout: STDOUT })
    // @ts-expect-error: arguments stand in the list
    new Popen('ls', '-l')
    // @ts-expect-error: no number
    new Popen(['head', '-n', 5])
  })
})

describe('run()', () => {
  it('gives what is caught', () => {
    expectTypeOf(run(['ls'])).toEqualTypeOf<Operation<CompletedProcess<null, null>>>()
    expectTypeOf(run(['ls'], { captureOutput: true })).toEqualTypeOf<Operation<CompletedProcess<Buffer, Buffer>>>()
    expectTypeOf(run(['ls'], { captureOutput: true, text: true, check: true, timeoutMs: 5 })).toEqualTypeOf<
      Operation<CompletedProcess<string, string>>
    >()
    expectTypeOf(run('ls', { shell: true, stdout: PIPE, stderr: STDOUT, encoding: 'latin1' })).toEqualTypeOf<
      Operation<CompletedProcess<string, null>>
    >()
    expectTypeOf(run(['ls'], { captureOutput: false, stderr: PIPE })).toEqualTypeOf<
      Operation<CompletedProcess<null, Buffer>>
    >()
    const options: RunOptions = {}
    expectTypeOf(run(['ls'], options)).toEqualTypeOf<Operation<CompletedProcess>>()
    expectTypeOf(spawn(() => run(['ls'], { captureOutput: true, text: true })).get()).toEqualTypeOf<
      Operation<CompletedProcess<string, string>>
    >()
    // @ts-expect-error: no such option
    void run(['ls'], { captureOutput: true, timeout: 5 })
  })

  it('has kin that give one thing', () => {
    expectTypeOf(checkOutput(['ls'])).toEqualTypeOf<Operation<Buffer>>()
    expectTypeOf(checkOutput(['ls'], { text: true })).toEqualTypeOf<Operation<string>>()
    expectTypeOf(checkOutput(['ls'], { encoding: 'utf8', stderr: STDOUT })).toEqualTypeOf<Operation<string>>()
    expectTypeOf(call(['ls'])).toEqualTypeOf<Operation<number>>()
    expectTypeOf(checkCall(['ls'])).toEqualTypeOf<Operation<number>>()
    expectTypeOf(getoutput('ls')).toEqualTypeOf<Operation<string>>()
    expectTypeOf(getstatusoutput('ls')).toEqualTypeOf<Operation<[returncode: number, output: string]>>()
    expectTypeOf(subprocess.run).toEqualTypeOf<typeof run>()
    expectTypeOf(nextSignal('SIGTERM', 2)).toEqualTypeOf<Operation<NodeJS.Signals>>()
    // @ts-expect-error: stdout is caught in any case
    void checkOutput(['ls'], { stdout: PIPE })
    // @ts-expect-error: at least one
    void nextSignal()
  })
})
