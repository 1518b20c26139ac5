// Waits for a child until Ctrl-C; its `finally` says who is left.
import { readFileSync } from 'node:fs'
import { run as main, sleep, spawn } from 'greenloop'
import { DEVNULL, run } from 'greenloop/os'

const own = (): string => readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim()

await main(function* () {
  spawn(() => {
    console.log(own())
    console.log('ready')
  })
  try {
    yield* run('sleep 9 & sleep 9', { shell: true, stdin: DEVNULL })
  } finally {
    console.log('children left:', own())
  }
  yield* sleep(0)
})
