// What a process with a monitor leaves behind, and how it ends.
import { existsSync, readdirSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { sleep } from 'greenloop'
import { type BlockedReport, Monitor } from 'greenloop/trace'

const [, , how = ''] = process.argv
const monitor = new Monitor({ blockedMs: 100 })

/** Blocks the hub until that was reported. */
function block(): void {
  const before = monitor.reported
  while (performance.now() > 0 && monitor.reported === before);
}

/** The threads of the process, who is asked where it is stuck, and who waits for the end of the process. */
function traces(): string {
  const asked: unknown = Reflect.get(globalThis, Symbol.for('greenloop.watchdogs'))
  const threads = existsSync('/proc/self/task') ? readdirSync('/proc/self/task').length : 0
  return [threads, asked instanceof Map ? asked.size : 0, process.listenerCount('exit')].join()
}

switch (how) {
  case 'at once':
    monitor.start()
    break
  case 'stopped': {
    await sleep(0) // the hub has a listener of its own
    const before = traces()
    monitor.start()
    await monitor.ready
    block()
    const during = traces()
    monitor.stop()
    monitor.start().stop()
    for (let turns = 0; turns < 200 && traces() !== before; turns++) await sleep(5) // a thread takes a while to end
    const left = traces() === before ? 'nothing is left' : `${before} -> ${traces()}`
    console.log(during === before ? 'nothing was there' : left)
    break
  }
  case 'in a stall':
    monitor.on('unblocked', ({ greenlet }) => {
      console.log(`told of ${String(greenlet)}`)
    })
    await monitor.start().ready
    block()
    process.exit(3)
    break
  case 'a listener throws': {
    const uncaught = new Promise<Error>((resolve) => process.once('uncaughtException', resolve))
    const unblocked = new Promise((resolve) => monitor.once('unblocked', resolve))
    monitor.once('blocked', () => {
      throw new Error('of a listener')
    })
    await monitor.start().ready
    block()
    await unblocked
    console.log(`told of the end; uncaught: ${(await uncaught).message}`)
    monitor.stop()
    break
  }
  case 'in a thread': {
    const worker = new Worker(new URL(import.meta.url), { argv: ['the thread'] })
    await new Promise((resolve) => worker.once('exit', resolve))
    break
  }
  case 'the thread': {
    const told: BlockedReport[] = []
    monitor.on('blocked', (report) => told.push(report))
    await monitor.start().ready
    for (let rounds = 0; rounds < 20 && told.length === 0; rounds++) {
      const end = performance.now() + 300
      while (performance.now() < end);
      await sleep(10)
    }
    const [first] = told
    console.log(JSON.stringify({ ...first, blockedMs: (first?.blockedMs ?? 0) >= 100 }))
    monitor.stop()
    break
  }
  case 'at a breakpoint':
    await monitor.start().ready
    console.log('ready')
    while (!Reflect.has(globalThis, 'goOn')) await sleep(1)
    console.log(`reported ${monitor.reported}`)
    break
  case 'turns':
    // Neither is blocked, for several times the limit.
    await new Monitor({ blockedMs: 200 }).start().ready
    for (const end = performance.now() + 500; performance.now() < end; ) await sleep(0)
    await sleep(250)
    break
  case 'to a file': {
    const { fstatSync } = await import('node:fs')
    await monitor.start().ready
    while (fstatSync(2).size === 0); // until the report is there
    console.log('was told while it was stuck')
  }
}
