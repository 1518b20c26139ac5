// Waits for a change that a child process makes, and ends though it still watches.
import { spawn } from 'node:child_process'
import nodeFs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from 'greenloop'
import { watch } from 'greenloop/os'

const folder = nodeFs.mkdtempSync(join(tmpdir(), 'greenloop-'))
const path = join(folder, 'file')
nodeFs.writeFileSync(path, '')
const changes = watch(path)

// Nothing else keeps this process alive: the child is let go.
const script = `setTimeout(() => require('node:fs').appendFileSync(${JSON.stringify(path)}, 'x'), 20)`
spawn(process.execPath, ['-e', script], { stdio: 'ignore', detached: true }).unref()
await run(function* () {
  yield* changes.next()
  console.log(changes.value.eventType, changes.value.filename)
})
nodeFs.rmSync(folder, { recursive: true })
console.log('end')
