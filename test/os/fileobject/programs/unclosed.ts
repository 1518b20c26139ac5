// Files that nobody closes. argv[2]: where they are made; argv[3]: `dropped`: one that can be reached no more, `borrowed`: whose descriptor is somebody else's; else how the program ends.
import { openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type Green, run, sleep, spawn } from 'greenloop'
import { FileObject, open } from 'greenloop/os'

const [, , folder = '', how] = process.argv
const path = join(folder, 'file')

/** Of those that are told when the program ends. */
const listeners = (): number => process.listenerCount('exit')

function openOnes(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path
    } catch {
      return false
    }
  }).length
}

function* writeAndForget(): Green<void> {
  const file =
    how === 'borrowed' ? new FileObject(openSync(path, 'w'), 'w', { closefd: false }) : yield* open(path, 'w')
  yield* file.write('kept')
}

if (how === 'dropped' || how === 'borrowed') {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  await run(function* () {
    const before = listeners()
    yield* writeAndForget()
    for (let n = 0; n < 100 && readFileSync(path, 'utf8') === ''; n++) {
      collect()
      yield* sleep(2)
    }
    console.log(openOnes(), readFileSync(path, 'utf8'), listeners() - before)
  })
} else {
  await run(function* () {
    const before = listeners()
    const file = yield* open(path, 'w')
    yield* file.write('kept')
    const closed = yield* open(join(folder, 'other'), 'w')
    yield* closed.close()
    console.log(listeners() - before, readFileSync(path, 'utf8') === '')
    if (how === 'exit') process.exit(3)
    if (how === 'flushing' || how === 'piped') {
      const flush = spawn(() => file.flush())
      yield* sleep(0)
      yield* flush.kill()
      yield* file.write(', too')
      if (how === 'piped') yield* new FileObject(1, 'w', { closefd: false }).write('to a pipe\n')
      process.exit(4)
    }
    if (how === 'throw') throw new Error('on purpose')
    console.log(file.tell())
  })
}
