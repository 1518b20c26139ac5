// The process ends while greenlets are unstarted, suspended and dead: nothing of them runs any more. (Switches at exit: switch.test.ts.)
import { expect, it } from 'vitest'
import { runProgram } from '../support/program.ts'

it.each([
  ['at the end of main', 'return', 'main', 0],
  ['by process.exit() in a greenlet', 'exit', 'child', 3],
])(
  'a process that ends %s leaves suspended greenlets as they are, and getcurrent() works',
  async (_, how, name, exit) => {
    const program = new URL('./programs/exit.ts', import.meta.url).href
    const { stdout, stderr, code } = await runProgram(program, { args: [how] })
    expect(stdout).toBe(`suspended suspended dead false\nat exit: ${name}\n`)
    expect([stderr, code]).toEqual(['', exit])
  },
)
