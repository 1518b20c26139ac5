/**
 * The watchdog: in a thread of its own it looks whether another one still beats, and has it say where it is stuck when it does not.
 *
 * What is asked and how is told in src/trace/monitor/watchdog.ts. Prints through the file descriptor: what a thread writes to its own stderr
 * goes through the main one, which is stuck.
 */
import { writeSync } from 'node:fs'
import type { Session } from 'node:inspector'
import { parentPort, workerData } from 'node:worker_threads'
import type { Question, Reply, WatchdogData } from '../../trace/monitor/watchdog.ts'
import { areKnown, frameText, learn } from './sources.ts'

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
/** What is to be printed when it is known where the source maps are; null: nothing is. */
let printable: Reply | null = null
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
    // It is ended by the other thread: at its own end Node may not have undone the last connection yet, and would be brought down by that.
  } else if (beats !== Atomics.load(data.beats, 0) || Atomics.load(data.ignored, 0) !== 0) {
    beats = Atomics.load(data.beats, 0)
    ageMs = Math.min(step, Math.max(0, now - Number(Atomics.load(data.beatAt, 0)) / 1000))
    dueMs = blockedMs + periodMs
    tries = TRIES
    told = false
  } else {
    ageMs += step
    if (session !== null) {
      if (ageMs - askedMs >= nativeMs) giveUpWaiting()
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
    line.post('Runtime.evaluate', { expression, silent: true, returnByValue: true }, (error, reply) => {
      const json: unknown = error === null ? reply.result.value : null
      answered(question, typeof json === 'string' ? json : null)
    })
  } catch {
    // An inspector that is not there, or not allowed.
    hangUp()
    askable = false
  }
}

/** Null: all is over. Whoever ends it looks at `busy` after it has set `closed`, so here it goes the other way round. */
function connect(): Session | null {
  const { Session } = process.getBuiltinModule('node:inspector') // not imported: there are Nodes without
  session = new Session()
  Atomics.store(data.busy, 0, 1)
  if (Atomics.load(data.closed, 0) === 0) session.connectToMainThread()
  else hangUp()
  return session
}

function hangUp(): void {
  session?.disconnect()
  session = null
  Atomics.store(data.busy, 0, 0)
  Atomics.notify(data.busy, 0)
}

/** @param json - null: it has thrown. */
function answered(question: Question, json: string | null): void {
  const reply = json === null ? null : (JSON.parse(json) as Reply) // the other thread has written it
  const line = session
  if (reply?.answer === 'inspected' && line !== null && Atomics.load(data.closed, 0) === 0) {
    askWhetherStopped(line)
    return
  }
  if (question.beats === beats && reply?.answer !== 'again') {
    tries = TRIES
    dueMs = Math.max(2 * dueMs, ageMs + blockedMs)
    if (reply === null) tellUnanswered('and its stack could not be read')
  }
  if (reply?.print == null || line === null) {
    hangUp()
    return
  }
  printable = reply
  askedMs = ageMs // from here on it is asked for its maps
  const frames = reply.print.filter((part) => typeof part !== 'string')
  if (!reply.mapped || areKnown(frames)) printReport()
  else learn(line, frames, printReport)
}

/** Prints what waits for it, by the sources as far as they are known. */
function printReport(): void {
  const { print, mapped } = printable ?? { print: null, mapped: false }
  printable = null
  if (print !== null) write(print.map((part) => (typeof part === 'string' ? part : frameText(part, mapped))).join('\n'))
  hangUp()
}

/** It does not answer: it is in code that V8 cannot interrupt. What it has answered already is printed as it is. */
function giveUpWaiting(): void {
  if (printable !== null) printReport()
  else if (!told) tellUnanswered('in native code: a call such as execFileSync() or JSON.parse()')
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
  write(`greenloop: ${data.hub} has been blocked for ${Math.round(ageMs - periodMs)} ms, ${why}.`)
}

/** Writes lines to stderr; what a broken or full pipe does not take is lost. */
function write(lines: string): void {
  let rest = Buffer.from(`${lines}\n`)
  for (let tries = 0; rest.length > 0 && tries < 20; ) {
    try {
      rest = rest.subarray(writeSync(2, rest))
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) return
      tries++
      Atomics.wait(data.closed, 0, 0, 5)
    }
  }
}

parentPort?.postMessage('up')
look()
