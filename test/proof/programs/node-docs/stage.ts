// Runs one snippet: with names that it takes for granted, a console that is written down, and the events of what it is about.
import type { ChildProcess } from 'node:child_process'
import { Console } from 'node:console'
import { EventEmitter } from 'node:events'
import http from 'node:http'
import https from 'node:https'
import net, { type AddressInfo } from 'node:net'
import { type Duplex, type Readable, Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { extract, type Place, type Swap } from './extract.ts'

/** What the documentation is about. */
export type Subject = 'net' | 'tls' | 'dns' | 'timers' | 'fetch' | 'http' | 'stream' | 'fs' | 'child_process'

/** A snippet and the smallest surroundings in which it does something. */
export interface Snippet extends Place {
  readonly subject: Subject
  readonly name: string
  readonly swaps?: readonly Swap[]
  /** A line that the plain run must show, so that it is known to have done what it is for. */
  readonly shows: string | RegExp
  around(stage: Stage): Promise<void>
}

/** What a snippet has done. */
export interface Record {
  readonly subject: Subject
  readonly name: string
  /** Whether `shows` is among the lines. */
  shown: boolean
  /** What was written, by it and its surroundings, line by line. */
  lines: readonly string[]
  /** Of each emitter, what it has emitted. */
  readonly events: { [emitter: string]: string[] }
  /** The stack of what it failed with. */
  failure: string | null
}

/** How the snippets are run: in Node as it is, after all patches, and after them each in a greenlet. */
export type Mode = 'plain' | 'patched' | 'greenlet'
/** Calls the body of a snippet. */
export type Call = <T>(body: () => Promise<T>) => Promise<T>

/** What snippets leave to their surroundings, by the names that they have there. */
interface Given {
  server: net.Server & http.Server
  socket: net.Socket
  req: http.ClientRequest
  agent: http.Agent
  blockList: net.BlockList
  keyingMaterial: Buffer
  headers: Headers
  readableNodeStream: NodeJS.ReadableStream
  subprocess: ChildProcess
  grep: ChildProcess
  ps: ChildProcess
  n: ChildProcess
  normal: ChildProcess
  special: ChildProcess
  child: ChildProcess
  ended: ChildProcess
  file: Writable
  destination: Writable
  read: Readable
  sideA: Duplex
  sideB: Duplex
  parseHeader: (stream: Readable, callback: (error: unknown, header: string, stream: Readable) => void) => void
  returned: unknown
}

type Body = (...values: unknown[]) => Promise<Given>
const AsyncFunction = (async () => undefined).constructor as new (...text: string[]) => Body
/** What differs from run to run. */
const FREE_PORT = /\b[3-6]\d{4}\b/gu
const DATE = /\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT/gu
/** No snippet of ours takes so long. */
const LONGEST_MS = 2000
/** These come as often as the system happens to deliver. */
const NOISE: readonly unknown[] = ['newListener', 'removeListener', 'data', 'readable', 'pause', 'resume', 'drain']

/** Where a snippet is run. */
export class Stage {
  readonly console: Console
  readonly record: Record
  readonly #snippet: Snippet
  readonly #call: Call
  readonly #undo: (() => unknown)[] = []
  #text = ''
  #over = false

  constructor(snippet: Snippet, call: Call) {
    const { subject, name } = snippet
    this.record = { subject, name, shown: false, lines: [], events: {}, failure: null }
    this.#snippet = snippet
    this.#call = call
    this.console = new Console({ stdout: this.#sink(''), stderr: this.#sink('stderr: ') })
  }

  /** Waits until `words` have been written. */
  async wrote(words: string): Promise<void> {
    await this.until(() => this.#text.includes(words))
  }

  /** A stream whose text is written down. */
  #sink(prefix: string): Writable {
    return new Writable({
      write: (chunk: Buffer, _, done) => {
        this.#text += `${prefix}${String(chunk)}`
        done()
      },
    })
  }

  /** Runs the snippet, with surroundings, to the end. */
  async play(): Promise<Record> {
    const { record } = this
    const unexpected = (error: unknown): void => this.#fail(error)
    process.on('uncaughtException', unexpected)
    const limit = AbortSignal.timeout(LONGEST_MS)
    try {
      await Promise.race([
        this.#snippet.around(this),
        new Promise((_, reject) =>
          limit.addEventListener('abort', () => reject(new Error(`No end in ${LONGEST_MS} ms`))),
        ),
      ])
    } catch (error) {
      this.#fail(error)
    }
    this.#over = true
    for (const undo of this.#undo.reverse()) await undo()
    process.off('uncaughtException', unexpected)
    record.lines = this.#text.trimEnd().replaceAll(FREE_PORT, '<port>').replaceAll(DATE, '<date>').split('\n')
    const { shows } = this.#snippet
    record.shown = record.lines.some((line) => (typeof shows === 'string' ? line.includes(shows) : shows.test(line)))
    return record
  }

  #fail(error: unknown): void {
    this.record.failure ??= error instanceof Error ? (error.stack ?? error.message) : String(error)
  }

  /**
   * Runs the snippet's code; answers what of it the surroundings ask for. Emitters among that are watched from the end of the code on,
   * and servers are closed at the end.
   */
  async run<Name extends keyof Given = never>(
    names: { readonly [name: string]: unknown } = {},
    ...gives: Name[]
  ): Promise<Pick<Given, Name>> {
    const { code, modules } = extract(this.#snippet, this.#snippet.swaps ?? [])
    const loaded: { [module: string]: unknown } = {}
    for (const module of modules) loaded[module] = await import(module)
    const $given = (given: object): object => {
      for (const [label, value] of Object.entries(given)) {
        if (value instanceof EventEmitter) this.watch(label, value)
        if (value instanceof net.Server) this.#closing(value)
      }
      return given
    }
    const scope: { readonly [name: string]: unknown } = { console: this.console, $modules: loaded, $given, ...names }
    const body = new AsyncFunction(
      ...Object.keys(scope),
      `'use strict'\n${code}\nreturn $given({ ${gives.join(', ')} })`,
    )
    return this.#call(() => body(...Object.values(scope)))
  }

  /** Writes a line of the surroundings. */
  log(...values: unknown[]): void {
    this.console.log('->', ...values)
  }

  /** Writes down what an emitter emits. */
  watch<T extends EventEmitter>(label: string, emitter: T): T {
    const events = (this.record.events[label] ??= [])
    const emit = emitter.emit.bind(emitter)
    emitter.emit = (event, ...values: unknown[]) => {
      if (!NOISE.includes(event)) events.push(String(event))
      return emit(event, ...values)
    }
    return emitter
  }

  /** Waits until an emitter that is watched has emitted `event`. */
  async emitted(label: string, event: string): Promise<void> {
    await this.until(() => this.record.events[label]?.includes(event) === true)
  }

  /** Waits until `holds()`, or the snippet has taken too long. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      if (this.#over) throw new Error('Too late')
      await delay(1)
    }
  }

  /** Does `undo` at the end. */
  defer(undo: () => unknown): void {
    this.#undo.push(undo)
  }

  /** Listens on a free port of loopback until the end; answers the port. */
  async listen(server: net.Server, host = '127.0.0.1'): Promise<number> {
    this.#closing(server)
    await new Promise<void>((resolve) => server.listen(0, host, resolve))
    return portOf(server)
  }

  #closing(server: net.Server): void {
    const peers = new Set<net.Socket>()
    server.on('connection', (peer) => {
      peers.add(peer)
      peer.on('close', () => peers.delete(peer))
    })
    this.defer(async () => {
      for (const peer of peers) peer.destroy()
      if (server instanceof http.Server || server instanceof https.Server) server.closeAllConnections()
      if (server.listening) await new Promise((resolve) => server.close(resolve))
    })
  }
}

/** The port of a server that listens. */
function portOf(server: net.Server): number {
  return (server.address() as AddressInfo).port // never a path where this is asked
}

/** Waits until the server listens; answers the port. */
export async function listening(server: net.Server): Promise<number> {
  if (!server.listening) await happens(server, 'listening')
  return portOf(server)
}

/** The next event of that name; an error is an event like others. */
export function happens(emitter: EventEmitter, event: string): Promise<unknown> {
  return new Promise((resolve) => emitter.once(event, resolve))
}

/** All that comes until the end. */
export async function all(stream: AsyncIterable<unknown>): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += String(chunk)
  return text
}

/** Says `words`, then goodbye; answers all that the peer has said. */
export function talk(to: { port: number } | { path: string }, words = ''): Promise<string> {
  const socket = 'port' in to ? net.connect(to.port, '127.0.0.1') : net.connect(to.path)
  socket.end(words)
  return all(socket)
}
