/**
 * Fetch for greenlets: one that exists, made drivable with `yield*`, and aborted when the greenlet that drives it is killed.
 *
 * Nothing changes for everybody else: the same arguments, a promise of the same outcome, the same `Response`. The exchange stands between fetch
 * and its dispatcher; where that is not known, a signal of ours does, beside the caller's.
 *
 * Stands on drivable promises. Leaves bodies to `body.ts`, and which fetch it is to `monkey` and to `own.ts`.
 */
import { drivable } from '../../waiting/drivable.ts'
import { type Dispatching, Exchange } from './exchange.ts'

/** What of the standard's class `Request` is needed. */
type RequestClass = new (input: unknown, init?: unknown) => { readonly signal: AbortSignal; readonly url: string }

/** A fetch, with what belongs to it. */
export interface Implementation<R extends object> {
  /** As it is without us. */
  readonly fetch: (input: unknown, init?: object) => Promise<R>
  /** Its own class; looked up when it is needed. */
  readonly Request: RequestClass
  /** Makes what can be sent of what is given as `body`. */
  readonly body?: (given: unknown) => unknown
  /** Where a request goes whose caller has given `given` as its dispatcher; null: nobody knows. */
  readonly dispatcherFor: (given: unknown) => Dispatching | null
  /** Is told of each response, so that its body is read cooperatively. */
  readonly adopt: (response: R, exchange: Exchange) => void
}

/** What is given to fetch beside the URL, as far as it is looked at. */
interface Settings {
  signal?: unknown
  body?: unknown
  dispatcher?: unknown
}

/** A fetch that greenlets can drive, made of one that they cannot. */
export function cooperativeFetch<R extends object>(
  own: Implementation<R>,
): (input: unknown, init?: unknown) => Promise<R> {
  const { adopt } = own
  return function fetch(input, init) {
    const exchange = new Exchange(typeof input === 'string' ? input : input instanceof URL ? input.href : '')
    const settings = exchange.url === '' ? null : plainSettings(init)
    const asked = settings === null ? askByRequest(own, input, init, exchange) : ask(own, input, settings, exchange)
    const answer = asked.then(
      (response) => {
        exchange.answered()
        adopt(response, exchange)
        return response
      },
      (error: unknown) => {
        throw exchange.failure(error) as Error
      },
    )
    return drivable(answer, exchange, `fetch(${exchange.url})`)
  }
}

/** A copy of what `init` says; null when it is none of the usual kind. */
function plainSettings(init: unknown): Settings | null {
  if (init === undefined || init === null) return {}
  if (typeof init !== 'object' || Object.getPrototypeOf(init) !== Object.prototype) return null
  try {
    return { ...init }
  } catch {
    return null // a getter throws
  }
}

/** The usual way: a URL, and settings that are ours to change. A wrong value stays in them for the original to refuse. */
function ask<R extends object>(
  own: Implementation<R>,
  input: unknown,
  settings: Settings,
  exchange: Exchange,
): Promise<R> {
  const { body, signal } = settings
  if (own.body !== undefined && body !== undefined) settings.body = own.body(body)
  const dispatcher = own.dispatcherFor(settings.dispatcher)
  if (dispatcher !== null) settings.dispatcher = exchange.through(dispatcher)
  else if (signal === undefined || signal === null) settings.signal = exchange.signal
  else return askByRequest(own, input, settings, exchange)
  return own.fetch(input, settings)
}

/**
 * Fetch's own first step, for what is not of the usual kind: everything about `input` and `init` is decided there, a wrong one included. Of its
 * dispatcher nobody else is told.
 */
function askByRequest<R extends object>(
  { fetch: original, Request }: Implementation<R>,
  input: unknown,
  init: unknown,
  exchange: Exchange,
): Promise<R> {
  let asked: InstanceType<typeof Request>
  try {
    asked = new Request(input, init)
  } catch (error) {
    return Promise.reject(error) // a TypeError of the standard's
  }
  exchange.url = asked.url
  return original(asked, { signal: exchange.signalBeside(asked) })
}
