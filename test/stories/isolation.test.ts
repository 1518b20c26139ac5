// A greenlet that throws disturbs nobody: the others finish, joinall tells which failed, and it is printed once.
import { describe, expect, it } from 'vitest'
import { runProgram } from '../support/program.ts'

const report = (name: string, error: string): RegExp =>
  new RegExp(
    `^Greenlet "${name}" failed, and nobody reads its outcome \\(get\\(\\), link\\(\\) and raiseError do\\):\\n${error}\\n    at `,
    'gmu',
  )

describe('one greenlet of many that throws', () => {
  it('leaves the others alone, is told by joinall, and is printed once with its name', async () => {
    const { stdout, stderr, code } = await runProgram('one-throws.ts')
    expect(stdout).toBe(
      'worker 1 is done\nworker 3 is done\nworker 4 is done\n' +
        'joinall: ok, failed, ok, ok\nfailed: worker-2 with Error: worker 2 broke\nmain goes on\n',
    )
    expect(stderr.match(report('worker-2', 'Error: worker 2 broke'))).toHaveLength(1)
    expect(stderr.match(/Greenlet "/gu)).toHaveLength(1)
    expect(stderr.match(/worker 2 broke/gu)).toHaveLength(1)
    expect(code).toBe(0)
  })

  it('prints nothing when somebody reads the failure, however it is read', async () => {
    const ways = ['get', 'get-late', 'raiseError', 'link', 'run']
    const { stdout, stderr, code } = await runProgram('one-throws.ts', { args: ways })
    expect(stdout).toBe(ways.map((how) => `${how} has read: Error: worker 2 broke\n`).join(''))
    expect([stderr, code]).toEqual(['', 0])
  })

  it('prints what is no Error once as well', async () => {
    const { stderr, code } = await runProgram('one-throws.ts', { args: ['odd'] })
    expect(stderr).toBe(
      `Greenlet "odd" failed, and nobody reads its outcome (get(), link() and raiseError do):\n{ reason: 'an object' }\n`,
    )
    expect(code).toBe(0)
  })
})
