/**
 * The last words of a process: something that is done however the process ends, except by a violent death (SIGKILL, abort).
 *
 * An end of Node's own (nothing is left to do, `process.exit`, an uncaught error) tells its listeners. A deadly signal does not, so it must
 * be listened for, and then nobody dies of it by himself. Many a program decides by the number of listeners whether it is to die: it
 * listens for SIGTERM, cleans up, and when nobody else listens sends itself the signal once more. So the listener here is one that does
 * not count, and one that only acts when nobody else listens: then the words are said, and the process dies of the signal as it would have.
 *
 * Stands on Node's `process`.
 */
import type { EventEmitter } from 'node:events'

const DEADLY: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * Has `words` called once, when this process ends. It must not wait.
 *
 * @returns has the process die of a signal, with these words.
 */
export function atEnd(words: () => void): (signal: NodeJS.Signals) => void {
  let said = false
  const say = (): void => {
    if (said) return
    said = true
    words()
  }
  process.on('exit', say)
  const die = (signal: NodeJS.Signals): void => {
    try {
      say()
    } finally {
      stopHearing(signal)
      process.kill(process.pid, signal)
    }
  }
  const stopHearing = hear(die)
  return die
}

/** Calls `die` with a deadly signal for which nobody else listens. Answers what has us not listen for one any more. */
function hear(die: (signal: NodeJS.Signals) => void): (signal: NodeJS.Signals) => void {
  const ours = (signal: NodeJS.Signals): void => {
    if (process.listenerCount(signal) === 0) die(signal)
  }
  let moving = false
  const listen = (signal: NodeJS.Signals): void => {
    moving = true
    process.off(signal, ours)
    process.prependListener(signal, ours) // ahead of those that go away when they are called
    moving = false
  }
  // Node does not hear a signal any more when the last listener that counts is gone.
  const listenAgain = (event: string | symbol): void => {
    const signal = DEADLY.find((one) => one === event)
    if (signal !== undefined && !moving && process.listenerCount(signal) === 0) listen(signal)
  }
  uncounted(ours)
  for (const signal of DEADLY) listen(signal)
  process.on('removeListener', listenAgain)
  return (signal) => {
    process.off('removeListener', listenAgain)
    process.off(signal, ours)
  }
}

/** Has programs not see `listener` among those that listen for an event of `process`. */
function uncounted(listener: (signal: NodeJS.Signals) => void): void {
  const emitter: EventEmitter = process // its own declarations name each event
  const listeners = emitter.listeners.bind(emitter)
  const listenerCount = emitter.listenerCount.bind(emitter)
  emitter.listeners = (event) => listeners(event).filter((one) => one !== listener)
  emitter.listenerCount = (event, only) =>
    only === undefined ? listenerCount(event) - listenerCount(event, listener) : listenerCount(event, only)
}
