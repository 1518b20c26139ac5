/** Asks for lines of its standard input in several ways, each by a word of its arguments, and says on standard output what came. */
import { type Green, getHub, run, StreamTimeoutError, sleep, spawn, Timeout, withTimeout } from 'greenloop'
import { EOFError, input, lines, recv } from 'greenloop/os'

function say(...words: unknown[]): void {
  process.stdout.write(`${words.map(String).join(' ')}\n`)
}

const ways: Record<string, () => Green<unknown>> = {
  /** Until there is none. */
  *all() {
    try {
      for (;;) say(`<${yield* input('? ')}>`)
    } catch (error) {
      if (!(error instanceof EOFError)) throw error
      say(error.name, error.message)
    }
  },

  /** One, then the rest by a cursor, and one more. */
  *mixed() {
    say('first', yield* input())
    const it = lines(process.stdin)
    yield* it.next()
    say('second', it.value)
    it[Symbol.dispose]()
    say('third', yield* input())
    say('bytes', String(yield* recv(process.stdin, 2)))
    say('rest', yield* input())
  },

  /** One, and goes while its standard input stays open. */
  *one() {
    say('one', yield* input())
  },

  /** None in time, and goes all the same. */
  *late() {
    try {
      yield* withTimeout(20, () => input())
    } catch (error) {
      say(error instanceof Timeout, getHub().outstanding)
    }
    try {
      yield* recv(process.stdin, 5, { timeoutMs: 1 })
    } catch (error) {
      say(error instanceof StreamTimeoutError, process.stdin.listenerCount('readable'))
    }
  },

  /** One, pauses, and another. */
  *paused() {
    say(yield* input())
    say('ready')
    yield* sleep(30)
    say(process.stdin.readableFlowing)
    say(yield* input())
  },

  /** Two at once. */
  *twice() {
    const first = spawn(() => input())
    first.name = 'first'
    yield* sleep(0)
    try {
      yield* input()
    } catch (error) {
      say(error)
    }
    say(yield* first.get())
  },

  /** One, then Node's own way. */
  *node() {
    say(yield* input())
    yield* sleep(5)
    process.stdin.setEncoding('utf8').on('data', (chunk) => {
      say('data', JSON.stringify(chunk))
    })
  },
}

const way = ways[process.argv[2] ?? '']
if (way === undefined) throw new Error('no such way')
if (process.argv[3] === 'plain') say(await input(), await input())
else await run(way)
