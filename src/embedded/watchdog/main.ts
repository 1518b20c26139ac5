/**
 * The watchdog: in a thread of its own it looks whether another one still beats, and has it say where it is stuck when it does not.
 *
 * What is asked and how is told in src/trace/monitor/watchdog.ts. Prints through the file descriptor: what a thread writes to its own stderr
 * goes through the main one, which is stuck.
 */
import { writeSync } from 'node:fs'
import type { Session } from 'node:inspector'
import { parentPort, workerData } from 'node:worker_threads'
import type { Answer, Question, WatchdogData } from '../../trace/monitor/watchdog.ts'

const data = workerData as WatchdogData // it is what the monitor gives
const { periodMs, blockedMs, nativeMs } = data

/** So often it is asked, when no code of the program was interrupted. By then it is known to be stuck, and not late by chance. */
const TRIES = 12
/** While an answer is awaited, it looks so often. */
const AWAITING_MS = 5
/** While all is well, it looks so often. */
const WELL_MS = blockedMs / 2
/** What a look may be late by; more, and it was late itself: the process was stopped, the machine was asleep, or nobody had time for it. */
const LATE_MS = 20

let lookedAt = machineMs()
/** When the next look is due, from the last one on. */
let waitMs = 0
let beats = -1
/** How old the last beat is, without the time in which this thread did not run itself. */
let ageMs = 0
/** At that age the next report is due. */
let dueMs = 0
let tries = 0
/** The connection to the other thread; null: it is not asked anything. */
let session: Session | null = null
/** At that age it was asked. */
let askedMs = 0
/** Whether what is known without an answer was told, in this stall. */
let told = false
let askable = data.asks

function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

function look(): void {
  const now = machineMs()
  const step = Math.min(now - lookedAt, waitMs + LATE_MS)
  lookedAt = now
  if (Atomics.load(data.closed, 0) === 1) {
    if (session === null) return // nothing is left to do, and the thread ends
  } else if (beats !== Atomics.load(data.beats, 0) || Atomics.load(data.ignored, 0) !== 0) {
    beats = Atomics.load(data.beats, 0)
    ageMs = Math.min(step, Math.max(0, now - Number(Atomics.load(data.beatAt, 0)) / 1000))
    dueMs = blockedMs + periodMs
    tries = TRIES
    told = false
  } else {
    ageMs += step
    if (session !== null) {
      if (!told && ageMs - askedMs >= nativeMs)
        tellUnanswered('in native code: a call such as execFileSync() or JSON.parse()')
    } else if (ageMs >= dueMs) {
      if (askable) ask(null)
      else tellUnanswered('and where cannot be read: only a main thread with an inspector can be asked')
    }
  }
  waitMs = session === null ? Math.max(1, Math.min(WELL_MS, dueMs - ageMs)) : AWAITING_MS
  setTimeout(look, waitMs)
}

function ask(stopped: boolean | null): void {
  try {
    const line = session ?? connect()
    if (line === null) return
    askedMs = ageMs
    const question: Question = { beats, askedAt: machineMs(), last: --tries <= 0, stopped }
    const expression = `${data.expression}(${JSON.stringify(JSON.stringify(question))})`
    line.post('Runtime.evaluate', { expression, silent: true, returnByValue: true }, (error, answer) => {
      // Undefined: it has thrown.
      answered(question, error === null ? (answer.result.value as Answer | undefined) : undefined)
    })
  } catch {
    // An inspector that is not there, or not allowed.
    hangUp()
    askable = false
  }
}

/** Null: all is over. Whoever ends it looks at `connected` after it has set `closed`, so here it goes the other way round. */
function connect(): Session | null {
  const { Session } = process.getBuiltinModule('node:inspector') // not imported: there are Nodes without
  session = new Session()
  Atomics.store(data.connected, 0, 1)
  if (Atomics.load(data.closed, 0) === 0) session.connectToMainThread()
  else hangUp()
  return session
}

function hangUp(): void {
  session?.disconnect()
  session = null
  Atomics.store(data.connected, 0, 0)
  Atomics.notify(data.connected, 0)
}

function answered(question: Question, answer: Answer | undefined): void {
  if (answer === 'inspected' && session !== null && Atomics.load(data.closed, 0) === 0) {
    askWhetherStopped(session)
    return
  }
  hangUp()
  if (answer === 'again' || question.beats !== beats) return // at the next look; or that stall is over
  tries = TRIES
  dueMs = Math.max(2 * dueMs, ageMs + blockedMs)
  if (answer === undefined) tellUnanswered('and its stack could not be read')
}

/** Whoever turns the debugger on is told at once when the thread is stopped already: by a breakpoint of somebody else. */
function askWhetherStopped(line: Session): void {
  let stopped = false
  line.once('Debugger.paused', () => {
    stopped = true
  })
  line.post('Debugger.enable', () => {
    line.post('Debugger.disable', () => {
      ask(stopped)
    })
  })
}

/** Tells what is known without an answer. */
function tellUnanswered(why: string): void {
  told = true
  dueMs = Math.max(2 * dueMs, ageMs + blockedMs)
  Atomics.store(data.unanswered, 0, 1)
  if (Atomics.load(data.quiet, 0) !== 0) return
  try {
    writeSync(2, `greenloop: ${data.hub} has been blocked for ${Math.round(ageMs - periodMs)} ms, ${why}.\n`)
  } catch {
    // A pipe that is full or broken: nobody reads.
  }
}

parentPort?.postMessage('up')
look()
