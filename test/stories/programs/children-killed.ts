// Five hundred and forty greenlets with children are killed at random points: in run, checkOutput, communicate, wait, in reads and writes of pipes, in the
// ending itself; their children write a lot, read nothing, have children of their own, do not listen to SIGTERM, end at once, do not exist. Then
// as many as before must be there: children, processes with our mark, descriptors, listeners. Prints as JSON what they were killed in and what
// is left. argv[2]: the seed.
import { subscribe } from 'node:diagnostics_channel'
import { readdirSync, readFileSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import { choose, type Green, type Greenlet, run as main, Pool, sleep, spawn, until } from 'greenloop'
import {
  CalledProcessError,
  checkOutput,
  DEVNULL,
  PIPE,
  Popen,
  run,
  STDOUT,
  StartError,
  TimeoutExpired,
} from 'greenloop/os'
import { aftermath, randomOf, settled, watchFailures, within } from '../../support/programs/killing.ts'

const MANY = 540
const AT_ONCE = 16
const random = randomOf(Number(process.argv[2]))
const failures = watchFailures()

let started = 0
subscribe('child_process', () => {
  started++
})

/** By this in their environment our children, and theirs, are found. */
const MARK = `GREENLOOP_STORY=${process.pid}`
const env = { PATH: process.env['PATH'], GREENLOOP_STORY: String(process.pid) }
const SHELL = { shell: true, stdin: DEVNULL, env } as const
const LONG = 'x'.repeat(1_000_000)

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

function pids(): number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger)
}

/** Our children, zombies included, and all who have our mark. */
function left(): { children: number; marked: number } {
  const isChild = (pid: number): boolean => {
    const stat = textOf(`/proc/${pid}/stat`)
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] === String(process.pid)
  }
  return {
    children: pids().filter(isChild).length,
    marked: pids().filter((pid) => textOf(`/proc/${pid}/environ`).includes(MARK)).length,
  }
}

function inventory(): object {
  const listeners = process.eventNames().map((name) => [String(name), process.listenerCount(name)])
  return {
    ...left(),
    descriptors: readdirSync('/proc/self/fd').length,
    listeners: Object.fromEntries(listeners) as object,
  }
}

/** Lets pass what is expected of a child that ends so. */
function* expected(body: Green<unknown>): Green<void> {
  try {
    yield* body
  } catch (error) {
    const isExpected =
      error instanceof StartError || error instanceof CalledProcessError || error instanceof TimeoutExpired
    if (!isExpected) throw error
  }
}

const BODIES: readonly (() => Green<unknown>)[] = [
  function* () {
    yield* run(['sleep', '100'], { captureOutput: true, env })
  },
  function* () {
    yield* checkOutput('sleep 100 & sleep 100', SHELL)
  },
  function* () {
    yield* run('trap "" TERM; sleep 100 & sleep 100', { ...SHELL, killSignal: 'SIGTERM', graceMs: random() * 5 })
  },
  function* () {
    yield* run('head -c 1000000 /dev/zero; sleep 100', { ...SHELL, stdout: PIPE, stderr: STDOUT })
  },
  function* () {
    yield* run(['sh', '-c', 'head -c 1000000 /dev/zero; sleep 100'], { stdout: PIPE, stderr: STDOUT, env })
  },
  function* () {
    yield* run(['sleep', '100'], { input: LONG, env }) // it does not read
  },
  function* () {
    yield* run(['cat'], { input: LONG, captureOutput: true, env })
  },
  function* () {
    yield* run(['true'], { check: true, env })
  },
  function* () {
    yield* run(['false'], { check: true, captureOutput: true, env })
  },
  function* () {
    yield* sleep(random() * 2)
    yield* run(['no-such-program'], { captureOutput: true, env })
  },
  function* () {
    yield* run('sleep 100 & sleep 100', { ...SHELL, captureOutput: true, timeoutMs: random() * 10 })
  },
  function* () {
    yield* run('sleep 100 & echo left', { ...SHELL, captureOutput: true, timeoutMs: 5 + random() * 10 }) // who is left holds the pipe
  },
  function* () {
    yield* choose({ child: run('sleep 100 & sleep 100', SHELL), time: sleep(random() * 10) })
  },
  function* () {
    using child = new Popen(['sleep', '100'], { env })
    yield* child.wait()
  },
  function* () {
    using child = new Popen('trap "" TERM; sleep 100 & sleep 100', {
      ...SHELL,
      killSignal: 'SIGTERM',
      graceMs: random() * 5,
    })
    yield* expected(child.wait({ timeoutMs: random() * 10 }) as unknown as Green<unknown>)
  },
  function* () {
    using child = new Popen(['cat'], { stdin: PIPE, stdout: PIPE, env })
    yield* child.communicate(LONG, { timeoutMs: random() * 10 })
    yield* child.communicate()
  },
  function* () {
    using child = new Popen(['yes'], { stdin: DEVNULL, stdout: PIPE, stderr: DEVNULL, text: true, env })
    const lines = child.stdout.lines()
    for (let n = 0; n < 50_000 && (yield* lines.next()); n++) if (n % 1000 === 0) yield* sleep(0)
  },
  function* () {
    using child = new Popen(['sleep', '100'], { stdin: PIPE, stdout: PIPE, stderr: PIPE, env })
    for (;;) yield* child.stdin.write(Buffer.alloc(100_000))
  },
  function* () {
    using child = new Popen(['sleep', '100'], { startNewSession: false, stdin: DEVNULL, stdout: PIPE, env })
    yield* child.stdout.read()
  },
  function* () {
    using list = new Popen(['yes'], { stdin: DEVNULL, stdout: PIPE, stderr: DEVNULL, env })
    using head = new Popen(['head', '-c', '1000000'], { stdin: list.stdout, stdout: PIPE, env })
    yield* list.stdout.close()
    yield* head.communicate()
  },
]

/** What a greenlet waits for, without numbers. */
function placeOf(victim: Greenlet): string {
  return /^\w+/u.exec(victim.$wait?.describe() ?? 'ready')?.[0] ?? ''
}

await run(['true'], { captureOutput: true }) // what Node opens for the first pipe stays open
const resources = await settled()
const before = inventory()

const killedIn = new Map<string, number>()
const victims: Greenlet[] = []
await main(function* () {
  const killers = new Pool(AT_ONCE)
  for (let n = 0; n < MANY; n++) {
    yield* killers.spawn(function* () {
      const victim = spawn(function* () {
        yield* expected(BODIES[n % BODIES.length]!())
        yield* sleep(Infinity)
      })
      victims.push(victim)
      // In turns of the event loop, so that all stages are met however slow the machine is.
      for (let turns = 1 + Math.floor(random() ** 2 * 30); turns > 0; turns--) yield* until(turn())
      const place = placeOf(victim)
      killedIn.set(place, (killedIn.get(place) ?? 0) + 1)
      if (random() < 0.3) {
        victim.kill()
        yield* until(turn()) // the ending is broken off, too
      }
      yield* victim.kill()
    })
  }
  yield* killers.join()
})
await within(() => left().children === 0 && left().marked === 0)
const rest = await aftermath(victims, resources, failures)
console.log(
  JSON.stringify({
    killedIn: Object.fromEntries([...killedIn].sort()),
    started,
    ...rest,
    before,
    after: inventory(),
  }),
)
