/**
 * The bodies of responses, for greenlets: what reads one can be driven, and a reading that is given up aborts the exchange.
 *
 * An exchange is kept with its response, and with the stream of the body, whose readers give drivable promises from then on; a
 * response whose `body` nobody asks for pays nothing for that.
 *
 * Stands on drivable promises. Leaves it to `monkey` and `own.ts` where the methods lie.
 */
import { attached } from '../../waiting/attached.ts'
import { drivable } from '../../waiting/drivable.ts'
import type { Exchange } from './exchange.ts'

/** The body's methods of `Response`: each reads all of it. Node 20 has no `bytes`. */
const METHODS = ['arrayBuffer', 'blob', 'bytes', 'formData', 'json', 'text'] as const

const exchanges = attached<Exchange>()

/** Writes down to which exchange a response belongs. */
export function belongs(response: object, exchange: Exchange): void {
  exchanges.set(response, exchange)
}

/** The exchange of a response whose body is asked for. */
function takeUp(response: object): Exchange | undefined {
  const exchange = exchanges.get(response)
  exchange?.taken()
  return exchange
}

/**
 * What takes the place of properties of `prototype`, which is `Response.prototype` or has all that it has.
 *
 * @param adopt - is given each clone of a response that belongs to an exchange.
 */
export function cooperativeResponse(
  prototype: object,
  adopt: (response: object, exchange: Exchange) => void = belongs,
): Map<string, PropertyDescriptor> {
  const properties = new Map<string, PropertyDescriptor>()
  for (const name of METHODS) {
    const original: unknown = Reflect.get(prototype, name)
    if (typeof original === 'function') properties.set(name, { value: cooperativeMethod(original as Reading, name) })
  }
  const clone = Reflect.get(prototype, 'clone') as (this: object) => object // each Response has it
  properties.set('clone', {
    value(this: object) {
      const copy = clone.call(this)
      const exchange = takeUp(this)
      if (exchange !== undefined) adopt(copy, exchange)
      return copy
    },
  })
  const body: unknown = Reflect.get(Object.getOwnPropertyDescriptor(prototype, 'body') ?? {}, 'get')
  if (typeof body === 'function') {
    properties.set('body', {
      get(this: object) {
        const stream: unknown = body.call(this)
        const exchange = takeUp(this)
        if (exchange !== undefined && typeof stream === 'object' && stream !== null) {
          streamBelongs(stream as Readings, exchange) // a ReadableStream
        }
        return stream
      },
    })
  }
  return properties
}

/** Reads a body. */
type Reading = (this: object, ...args: unknown[]) => Promise<unknown>

function cooperativeMethod(original: Reading, name: string): Reading {
  return function (this: object) {
    const exchange = takeUp(this)
    const promise = original.call(this)
    return exchange === undefined ? promise : drivable(promise, exchange, `${name}() of ${exchange.url}`)
  }
}

/** A stream, as far as it is looked at. */
interface Readings {
  readonly getReader: (this: object, ...args: unknown[]) => { readonly read: Reading }
}

/** Has each reader of the stream give promises that belong to the exchange. */
function streamBelongs(stream: Readings, exchange: Exchange): void {
  if (exchanges.get(stream) !== undefined) return
  exchanges.set(stream, exchange)
  const { getReader } = stream
  hide(stream, 'getReader', function (this: Readings, ...args: unknown[]) {
    const reader = getReader.apply(this, args)
    const { read } = reader
    hide(reader, 'read', function (this: object, ...buffer: unknown[]) {
      return drivable(read.apply(this, buffer), exchange, `read() of ${exchange.url}`)
    })
    return reader
  })
}

function hide(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, configurable: true, writable: true })
}
