/**
 * The gate of a backdoor: the first line must be the token, and nothing that comes is looked at otherwise before.
 *
 * A page in a browser can have lines sent to any port of 127.0.0.1: it does not know the token, and its third line ends the connection.
 *
 * Stands on the clock of the machine. Leaves to the session what comes behind the token.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Socket } from 'node:net'
import { systemClock } from '../../hub/clock.ts'

const TRIES = 3
/** More than a token has. */
const LONGEST_LINE = 1024
const QUESTION = 'token: '

/** Calls `admit` when the token has come in time, with what follows it still to be read; else the connection is ended. */
export function askToken(socket: Socket, token: string, withinMs: number, admit: () => void): void {
  let tries = 0
  let read = Buffer.alloc(0)
  const alarm = systemClock.setAlarm(withinMs, () => {
    refuse('No token came in time.')
  })
  alarm.unref()
  const leave = (): void => {
    alarm.cancel()
    socket.off('data', onData)
    socket.off('close', leave)
  }
  const refuse = (why: string): void => {
    leave()
    socket.resume()
    socket.end(`\n${why}\n`)
    socket.destroySoon()
  }
  const onData = (chunk: Buffer): void => {
    read = Buffer.concat([read, chunk])
    for (let end = read.indexOf('\n'); end >= 0; end = read.indexOf('\n')) {
      const line = read.subarray(0, end).toString().replace(/\r$/u, '')
      read = read.subarray(end + 1)
      if (isSame(line, token)) {
        leave()
        socket.pause()
        if (read.length > 0) socket.unshift(read)
        admit()
        return
      }
      if (++tries === TRIES) {
        refuse('That is not the token.')
        return
      }
      socket.write(`That is not the token.\n${QUESTION}`)
    }
    if (read.length > LONGEST_LINE) refuse('That is not the token.')
  }
  socket.on('data', onData)
  socket.on('close', leave)
  socket.write(QUESTION)
}

/** Compares in a time that tells nothing of where they differ. */
function isSame(given: string, token: string): boolean {
  const [a, b] = [given, token].map((text) => createHash('sha256').update(text).digest()) as [Buffer, Buffer]
  return timingSafeEqual(a, b)
}
