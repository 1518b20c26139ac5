/**
 * For the tests with very many connections at once: how many a process may have here, and a server in a process of its own, that tells what it
 * has to tell as lines of JSON, and stops when its input ends.
 */
import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { programPath } from '../support/program.ts'

/** Files that a process has open beside its sockets. */
const OTHER_FILES = 100

/** So many connections as are wanted, or as this machine lets a process have; and, for a title, what that limit is. */
export function many(wanted: number): { count: number; limited: string } {
  const limit = Number(execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).trim())
  const count = Math.min(wanted, (Number.isNaN(limit) ? Infinity : limit) - OTHER_FILES)
  const limited = count < wanted ? `, limited by the ${String(limit)} files that a process may open here` : ''
  return { count, limited }
}

/** A program that serves. */
export class ServerProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #ended: Promise<number | null>
  readonly #lines: AsyncIterator<string>

  /** @param program - a file of `programs`. */
  constructor(program: string) {
    this.#child = spawn(process.execPath, ['--expose-gc', programPath(`../../stories/programs/${program}`)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
    this.#ended = once(this.#child, 'exit').then(([code]) => code as number | null)
  }

  /** The next thing that it tells. */
  async told<T>(): Promise<T> {
    const line: IteratorResult<string, undefined> = await this.#lines.next()
    if (line.done === true) throw new Error('The server has ended, and told nothing.')
    return JSON.parse(line.value) as T // it is the caller who knows what it tells
  }

  /** Asks what it holds. */
  async state<T>(): Promise<T> {
    this.#child.kill('SIGUSR2')
    return this.told<T>()
  }

  /** Tells it to stop. */
  stop(): void {
    this.#child.stdin.end()
  }

  /** Waits for its end, and gives its exit code. */
  ended(): Promise<number | null> {
    return this.#ended
  }
}

/** Connects, as the `n`-th of many. */
export async function connected(port: number, n: number): Promise<net.Socket> {
  // A few at a time: the queue of a listening socket is no longer than the machine lets it be.
  await new Promise((resolve) => setTimeout(resolve, Math.floor(n / 100) * 2))
  const socket = net.connect(port, '127.0.0.1')
  await once(socket, 'connect')
  return socket
}
