// Two gibibytes through a pipe need no memory: each way in a process of its own, which says how much it had at the most.
import { expect, it } from 'vitest'
import { runProgram } from '../../support/program.ts'

const PROGRAM = '../../os/subprocess/programs/big-pipe.ts'

it.each(['from', 'through'])('2 GiB %s a child need less than 100 MiB', { timeout: 60_000 }, async (way) => {
  const { stdout, stderr } = await runProgram(PROGRAM, { args: [way], longestMs: 58_000 })
  expect(stderr).toBe('')
  const { bytes, mebibytes } = JSON.parse(stdout) as { bytes: number; mebibytes: number }
  console.log(`2 GiB ${way} a child: ${String(Math.round(mebibytes))} MiB of memory at the most`)
  expect(bytes).toBe(2 ** 31)
  expect(mebibytes).toBeLessThan(100)
})
