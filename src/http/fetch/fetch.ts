/**
 * Fetch for greenlets: one that exists, made drivable with `yield*`, and aborted when the greenlet that drives it is killed.
 *
 * Nothing changes for everybody else: the same arguments, a promise of the same outcome, the same `Response`. Each request gets an
 * AbortController of ours, beside the caller's signal where there is one.
 *
 * Stands on drivable promises. Leaves bodies to `body.ts`, and which fetch it is to `monkey` and to `own.ts`.
 */
import { drivable } from '../../waiting/drivable.ts'
import { Exchange } from './exchange.ts'

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
  /** Is told of each response, so that its body is read cooperatively. */
  readonly adopt: (response: R, exchange: Exchange) => void
}

/** What is given to fetch beside the URL, as far as it is looked at. */
interface Settings {
  signal?: unknown
  body?: unknown
}

/** A fetch that greenlets can drive, made of one that they cannot. */
export function cooperativeFetch<R extends object>(
  own: Implementation<R>,
): (input: unknown, init?: unknown) => Promise<R> {
  const { fetch: original, adopt } = own
  return function fetch(input, init) {
    const exchange = new Exchange(typeof input === 'string' ? input : input instanceof URL ? input.href : '')
    let asked: Promise<R>
    const settings = exchange.url === '' ? null : plainSettings(init, exchange.signal)
    if (settings === null) {
      try {
        asked = askByRequest(own, input, init, exchange)
      } catch (error) {
        return drivable(Promise.reject(error as Error), exchange, 'fetch()') // a TypeError of the standard's
      }
    } else {
      if (own.body !== undefined && settings.body !== undefined) settings.body = own.body(settings.body)
      asked = original(input, settings)
    }
    const answer = asked.then((response) => {
      exchange.answered()
      adopt(response, exchange)
      return response
    })
    return drivable(answer, exchange, `fetch(${exchange.url})`)
  }
}

/**
 * What `init` says, with `signal` beside its own; null when it is none of the usual kind. A wrong value stays in it for the original to refuse.
 */
function plainSettings(init: unknown, signal: AbortSignal): Settings | null {
  if (init === undefined || init === null) return { signal }
  if (typeof init !== 'object' || Object.getPrototypeOf(init) !== Object.prototype) return null
  try {
    const settings: Settings = { ...init }
    const given = settings.signal
    if (given === undefined || given === null) settings.signal = signal
    else if (given instanceof AbortSignal) settings.signal = AbortSignal.any([given, signal])
    else return null
    return settings
  } catch {
    return null // a getter throws
  }
}

/** Fetch's own first step, for what is not of the usual kind: everything about `input` and `init` is decided there, a wrong one included. */
function askByRequest<R extends object>(
  { fetch: original, Request }: Implementation<R>,
  input: unknown,
  init: unknown,
  exchange: Exchange,
): Promise<R> {
  const asked = new Request(input, init)
  exchange.url = asked.url
  return original(asked, { signal: AbortSignal.any([asked.signal, exchange.signal]) })
}
