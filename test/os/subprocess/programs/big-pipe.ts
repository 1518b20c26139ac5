// Two gibibytes through pipes: out of a child, or through one, as argv[2] says. Prints how many bytes have come, and the most memory that this
// process has had, in MiB.
import { run as main, spawn } from 'greenloop'
import { PIPE, Popen } from 'greenloop/os'

const BYTES = 2 ** 31
const CHUNK = 65_536

await main(function* () {
  const through = process.argv[2] === 'through'
  using child = through
    ? new Popen(['cat'], { stdin: PIPE, stdout: PIPE })
    : new Popen(['head', '-c', String(BYTES), '/dev/zero'], { stdout: PIPE })
  const { stdin } = child
  if (stdin !== null) {
    spawn(function* () {
      const chunk = Buffer.alloc(CHUNK)
      for (let n = 0; n < BYTES / CHUNK; n++) yield* stdin.write(chunk)
      yield* stdin.close()
    })
  }
  const buffer = Buffer.allocUnsafe(CHUNK)
  let bytes = 0
  for (let n = yield* child.stdout.readinto1(buffer); n > 0; n = yield* child.stdout.readinto1(buffer)) bytes += n
  yield* child.wait()
  console.log(JSON.stringify({ bytes, mebibytes: process.resourceUsage().maxRSS / 1024 }))
})
