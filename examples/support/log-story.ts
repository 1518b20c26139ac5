/** What happens to the logs of `tail.ts` when it runs by itself: two programs write them, in a folder of their own. */
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Green, joinall, nursery, type Operation, type Queue, spawn } from 'greenloop'
import { type FileObject, fs, open } from 'greenloop/os'

const BEFORE = `\
10:00 INFO GET / took 12 ms
10:01 WARN GET /report took 2031 ms
10:02 ERROR GET /export: the disk is full
`
const LINES = 100
/** Programs that log do not keep what they write to themselves. */
const AT_ONCE = { buffering: 0 }

/**
 * Prints what happens, and below it what is told of it, before anything else happens.
 *
 * @param tail - follows logs, until it is killed.
 * @param told - where everything comes that it tells.
 */
export function* tellStory(tail: (paths: string[]) => Operation<void>, told: Queue<string>): Green<void> {
  const folder = yield* fs.mkdtemp(join(tmpdir(), 'greenloop-logs-'))
  const [webLog, workerLog] = [join(folder, 'web.log'), join(folder, 'worker.log')]
  try {
    yield* fs.writeFile(webLog, BEFORE)
    yield* nursery(function* (n) {
      n.spawn(tail, [webLog, workerLog])
      yield* writeLogs(webLog, workerLog, told)
      n.kill()
    })
  } finally {
    rmSync(folder, { recursive: true }) // at once: a wait could be ended by a Ctrl-C
  }
  console.log(`the tailer is stopped, and ${told.empty() ? 'nothing else' : 'more'} was told`)
}

function* writeLogs(webLog: string, workerLog: string, told: Queue<string>): Green<void> {
  function* happens(what: string, lines: number): Green<void> {
    console.log(what)
    for (let n = 0; n < lines; n++) console.log(`  ${yield* told.get()}`)
  }
  yield* happens('web.log is there, worker.log is not', 3)

  using web = yield* open(webLog, 'a', AT_ONCE)
  for (const piece of ['10:03 INFO GET /menu took 10 ms\n', '10:03 WA', 'RN GET /café took', ' 1200 ms\n'])
    yield* web.write(piece)
  yield* happens('the web server writes a line that nobody wants to see, and one in three pieces', 1)

  using worker = yield* open(workerLog, 'a', AT_ONCE)
  yield* worker.write('10:04 WARN 812 jobs are waiting\n')
  yield* happens('the worker begins its log', 2)

  yield* fs.rename(webLog, `${webLog}.1`)
  yield* web.write('10:05 ERROR GET /export: the disk is full\n10:05 WARN GET /re')
  using next = yield* open(webLog, 'a', AT_ONCE)
  yield* next.write('10:06 WARN GET /report took 1931 ms\n')
  yield* happens('web.log is renamed, written to all the same, up to half a line, and begun anew', 4)

  yield* fs.truncate(workerLog)
  yield* happens('worker.log is emptied', 1)
  yield* worker.write('10:07 WARN 911 jobs are waiting\n')
  yield* happens('and written to again', 1)

  yield* joinall([spawn(writeMany, next), spawn(writeMany, worker)])
  console.log(`both write ${String(LINES)} lines at the same time`)
  yield* checkMany(told)
}

function* writeMany(log: FileObject): Green<void> {
  for (let n = 1; n <= LINES; n++) yield* log.write(`WARN ${String(n)}\n`)
}

/** Lines of two logs come in any order, but those of each log in their own. */
function* checkMany(told: Queue<string>): Green<void> {
  const numbers = new Map<string, number>()
  for (let n = 0; n < 2 * LINES; n++) {
    const line = yield* told.get()
    const [, log = line, number] = /^(\S+) \| WARN (\d+)$/u.exec(line) ?? []
    const before = numbers.get(log) ?? 0
    if (Number(number) !== before + 1) throw new Error(`behind line ${String(before)} of ${log} came: ${line}`)
    numbers.set(log, before + 1)
  }
  for (const [log, count] of [...numbers].sort()) console.log(`  ${log}: all ${String(count)}, in their order`)
}
