// What was handed over is held by nobody when the switch has come back. (That greenlets are not held: memory.test.ts.)
import { expect, it } from 'vitest'
import { runProgram } from '../support/program.ts'

it('the last payload of a switch or a throw is held by nobody, wherever it went', async () => {
  const { stdout, stderr, code } = await runProgram(new URL('./programs/payload.ts', import.meta.url).href)
  expect(stdout).toBe('done: 12 ways\n')
  expect([stderr, code]).toEqual(['', 0])
})
