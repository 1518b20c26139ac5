/**
 * One request through a dispatcher, as an exchange sends it, but without the hub: so that a test sees what undici tells.
 */
import type { Dispatcher } from 'undici'
import { onTestFinished } from 'vitest'
import type { Phase, RequestException } from '../../../src/http/exceptions.ts'
import { Agents, type AgentsOptions, type Route } from '../../../src/http/transport/agents.ts'
import { type Attempt, dispatchFor, type Holder } from '../../../src/http/transport/connector.ts'
import { failureOf } from '../../../src/http/transport/failure.ts'

/** The usual way. */
export const STRAIGHT: Route = { verify: true, cert: undefined, proxy: null }

/** A session's connections, ended when the test is over. */
export function agents(options: AgentsOptions = {}): Agents {
  const made = new Agents(options)
  onTestFinished(() => {
    made.destroy()
  })
  return made
}

/** A request that is on its way. */
export class Sent implements Dispatcher.DispatchHandler, Attempt {
  holder: Holder | null = null
  phase: Phase = 'connecting'
  statusCode = 0
  body = ''
  /** What undici has told, in order. */
  readonly told: string[] = []
  readonly over: Promise<void>
  #error: Error | null = null
  #end: () => void = () => undefined
  controller: Dispatcher.DispatchController | null = null

  constructor() {
    this.over = new Promise((resolve) => {
      this.#end = resolve
    })
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.told.push('start')
    this.holder = null
    this.controller = controller
    this.phase = 'waiting'
  }

  onResponseStart(_controller: Dispatcher.DispatchController, statusCode: number): void {
    this.told.push('head')
    this.phase = 'reading'
    this.statusCode = statusCode
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.body += String(chunk)
  }

  onResponseEnd(): void {
    this.told.push('end')
    this.#end()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.told.push('error')
    this.#error = error
    this.#end()
  }

  /** What it failed of, once it is over. */
  get error(): Error | null {
    return this.#error
  }
}

/** Sends a request off. */
export function send(url: string, dispatcher: Dispatcher, more: Partial<Dispatcher.DispatchOptions> = {}): Sent {
  const { origin, pathname, search } = new URL(url)
  const sent = new Sent()
  dispatchFor(sent, dispatcher, { origin, path: pathname + search, method: 'GET', headers: [], ...more }, sent)
  return sent
}

/** The body of an answer, or the error. */
export async function answer(url: string, route: Partial<Route> = {}, from: Agents = agents()): Promise<string> {
  const sent = send(url, from.dispatcherFor(new URL(url), { ...STRAIGHT, ...route }))
  await sent.over
  if (sent.error !== null) throw sent.error
  return `${String(sent.statusCode)} ${sent.body}`
}

/** The exception of a request that fails. */
export async function failure(
  url: string,
  route: Partial<Route> = {},
  more: Partial<Dispatcher.DispatchOptions> = {},
  from: Agents = agents(),
): Promise<RequestException> {
  const target = new URL(url)
  const sent = send(url, from.dispatcherFor(target, { ...STRAIGHT, ...route }), more)
  await sent.over
  if (sent.error === null) throw new Error(`It did not fail: ${String(sent.statusCode)} ${sent.body}`)
  return failureOf(sent.error, more.method ?? 'GET', target, sent.phase)
}
