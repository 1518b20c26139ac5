// Blocks the hub in one way after the other, each until the monitor has reported it, and prints what the listeners were told.
import { execFileSync } from 'node:child_process'
import { type Green, RawGreenlet, run, sleep, spawn } from 'greenloop'
import { type BlockedReport, ignoreBlocking, Monitor, type UnblockedReport } from 'greenloop/trace'

const monitor = new Monitor({ blockedMs: 100, reportsPerMinute: 1000 }).start()
let told: BlockedReport[] = []
let ended: UnblockedReport[] = []
monitor.on('blocked', (report) => void told.push(report)).on('unblocked', (report) => void ended.push(report))

/** Of this stall nothing was reported yet. It asks for the time, so that V8 does not take the answer for a constant. */
function unseen(): boolean {
  return performance.now() > 0 && monitor.reported === before
}
let before = 0

/** Runs `stall`, and tells what was reported of it. */
function* watch(name: string, stall: () => Green<unknown>): Green<void> {
  told = []
  ended = []
  before = monitor.reported
  yield* spawn(stall).join()
  for (let turns = 0; turns < 50 && ended.length === 0; turns++) yield* sleep(2)
  const [first] = told
  const frames = first?.frames.filter(({ name }) => name !== 'unseen').map((frame) => `${frame.name}@${frame.line}`)
  const enough = first !== undefined && first.blockedMs >= 100 && (ended[0]?.totalMs ?? 0) >= first.blockedMs
  const files = new Set(
    told.flatMap((report) => report.frames.map(({ file }) => file.replace(/^.*\/test\//u, 'test/'))),
  )
  console.log(
    JSON.stringify({
      name,
      greenlet: first?.greenlet,
      call: first?.call,
      frames,
      enough,
      files: [...files],
      last: ended[0]?.greenlet,
      complete: ended[0]?.reports === told.length,
    }),
  )
}

function compute(): void {
  while (unseen()); // computes
}

function* inner(): Green<void> {
  yield* sleep(0)
  compute() // inner
}

function busy(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

await monitor.ready
// How long an answer took is seen when the call has come back: on a busy machine the first calls may be over before they are noticed.
before = monitor.reported
told = []
for (let rounds = 0; rounds < 10 && !told.some(({ native }) => native); rounds++) {
  await spawn(function* launch() {
    execFileSync('sleep', ['0.5']) // launches
  }).join()
  await sleep(10)
}
const native = told.find((report) => report.native)
console.log(
  JSON.stringify({ call: native?.call, frame: native?.frames[0]?.line, greenlet: native?.greenlet?.slice(0, 7) }),
)

await run(function* main() {
  yield* watch('a loop', function* loop() {
    yield* sleep(0)
    compute() // in a loop
  })
  yield* watch('a call', function* outer() {
    yield* inner() // outer
  })
  // Thrice: what runs in the middle of a regular expression may break it, and that shows when it goes on.
  for (const name of ['a regular expression', 'a second one', 'a third one']) {
    yield* watch(name, function* match() {
      const text = `${'a'.repeat(20)}b`
      while (unseen()) /^(a+)+$/u.test(text) // matches
    })
  }
  yield* watch('switches', function* () {
    const ping: RawGreenlet = new RawGreenlet(function* ping() {
      while (unseen()) yield* pong.switch()
      yield* back.switch()
    })
    const pong: RawGreenlet = new RawGreenlet(function* pong() {
      while (true) yield* ping.switch()
    })
    const back: RawGreenlet = new RawGreenlet(function* back() {
      yield* ping.switch()
    })
    yield* back.switch()
  })
  yield* watch('on purpose', function* () {
    ignoreBlocking(() => {
      busy(300)
    })
  })
  yield* watch('a greenlet that may', function* () {
    monitor.ignoreCurrentGreenletBlocking()
    busy(300)
  })
  yield* watch('a greenlet that may no more', function* again() {
    monitor.ignoreCurrentGreenletBlocking()
    monitor.monitorCurrentGreenletBlocking()
    compute() // reported again
  })
})

before = monitor.reported
told = []
compute() // in plain code
monitor.stop()
console.log(JSON.stringify({ greenlet: told[0]?.greenlet, frame: told[0]?.frames.at(-1)?.line }))
