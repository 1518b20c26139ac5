// Exits while children live: two of run(), one of Popen. Prints their numbers.
import { readFileSync } from 'node:fs'
import { spawn } from 'greenloop'
import { DEVNULL, Popen, run } from 'greenloop/os'

const { pid: left } = new Popen(['sleep', '9'], { stdin: DEVNULL, stdout: DEVNULL, stderr: DEVNULL })
for (let n = 0; n < 2; n++)
  spawn(() => run('trap "" TERM HUP; sleep 9', { shell: true, stdin: DEVNULL, stdout: DEVNULL, stderr: DEVNULL }))

setTimeout(() => {
  const own = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ').map(Number)
  console.log(JSON.stringify({ kept: own.filter((pid) => pid !== left), left }))
  process.exit(7)
}, 30)
