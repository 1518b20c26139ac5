// Nobody holds what has been dropped. That single greenlets can be collected is in raw-greenlet.test.ts; here they are many.
import { expect, it } from 'vitest'
import { runProgram } from '../support/program.ts'

it('ten thousand greenlets of each kind, made and dropped, leave nothing on the heap', async () => {
  const { stdout, stderr, code } = await runProgram(new URL('./programs/memory.ts', import.meta.url).href)
  expect(stdout).toBe('done\n')
  expect([stderr, code]).toEqual(['', 0])
})
