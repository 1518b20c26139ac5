/**
 * What is tried again, how often, and how long after: `Retry`, with the meaning that urllib3's has for users of Python's `requests`.
 *
 * What may have had an effect is not tried twice: a request that a server may have seen is sent again only if its method says that twice
 * is the same as once (`GET`, not `POST`). What never left, since there was no connection, may be tried again in any case.
 *
 * Stands on nothing but the errors. Decides only; `send.ts` waits and sends.
 */
import { randomInt } from 'node:crypto'
import { UsageError } from '../../errors/classes.ts'
import { checkFlag, checkMs, checkOptions, show } from '../../errors/usage.ts'

/** How a request is tried again. */
export interface RetryOptions {
  /** How many times it is tried again, 0 and up. @defaultValue 10 */
  total?: number
  /** The unit of the pauses, in milliseconds: the first one is 0, the second `backoffMs * 2`, then `* 4`, ... @defaultValue 0 */
  backoffMs?: number
  /** The longest pause, in milliseconds, whatever `backoffMs` makes of it. @defaultValue 120000 */
  maxBackoffMs?: number
  /** Up to so many milliseconds are added to a pause at random, so that many clients do not come back in one moment. @defaultValue 0 */
  jitterMs?: number
  /** Statuses that are tried again, such as `[500, 502, 503, 504]`. @defaultValue none */
  statusForcelist?: Iterable<number>
  /** The methods that are tried again where the server may have seen the request; null: all. @defaultValue those for which twice is once */
  methods?: Iterable<string> | null
  /** Whether 413, 429 and 503 with a `Retry-After` are tried again, and that header decides how long after. @defaultValue true */
  respectRetryAfter?: boolean
  /** The longest pause that `Retry-After` can ask for, in milliseconds. @defaultValue 21600000, six hours */
  maxRetryAfterMs?: number
  /** Whether the last answer with a status of `statusForcelist` is thrown as a RetryError; else it is given. @defaultValue true */
  raiseOnStatus?: boolean
  /** Gives numbers from 0 to 1, for `jitterMs`. @defaultValue those of the machine */
  random?: () => number
}

const IDEMPOTENT = ['HEAD', 'GET', 'PUT', 'DELETE', 'OPTIONS', 'TRACE']
const RETRY_AFTER_STATUSES = new Set([413, 429, 503])
const RANDOM_STEPS = 2 ** 32
const NAMES = new Set([
  'total',
  'backoffMs',
  'maxBackoffMs',
  'jitterMs',
  'statusForcelist',
  'methods',
  'respectRetryAfter',
  'maxRetryAfterMs',
  'raiseOnStatus',
  'random',
])

/**
 * How a request is tried again: `requests.get(url, { retries: new Retry({ total: 3, backoffMs: 100, statusForcelist: [502, 503] }) })`.
 *
 * Each hop of a redirect has the whole number of tries.
 *
 * @source Python: `urllib3.util.Retry`
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import type { AddressInfo } from 'node:net'
 * import { requests } from 'greenloop/http'
 *
 * let asked = 0
 * const server = createServer((_, res) => res.writeHead(++asked < 3 ? 503 : 200).end()).listen(0, '127.0.0.1', async () => {
 *   const { port } = server.address() as AddressInfo
 *   const retries = new requests.Retry({ total: 3, backoffMs: 1, statusForcelist: [503] })
 *   const answer = await requests.get(`http://127.0.0.1:${port}/`, { retries })
 *   console.log(answer.statusCode, asked) // 200 3
 *   server.close()
 * })
 * ```
 */
export class Retry {
  /** How many times it is tried again. */
  readonly total: number
  /** Whether the last answer of a status that is tried again is thrown. */
  readonly raiseOnStatus: boolean
  readonly #backoffMs: number
  readonly #maxBackoffMs: number
  readonly #jitterMs: number
  readonly #statuses: ReadonlySet<number>
  readonly #methods: ReadonlySet<string> | null
  readonly #respectRetryAfter: boolean
  readonly #maxRetryAfterMs: number
  readonly #random: () => number

  /** @throws UsageError for what is no option, or not of its kind. */
  constructor(options: RetryOptions = {}) {
    check(options)
    this.total = options.total ?? 10
    this.raiseOnStatus = options.raiseOnStatus ?? true
    this.#backoffMs = options.backoffMs ?? 0
    this.#maxBackoffMs = options.maxBackoffMs ?? 120_000
    this.#jitterMs = options.jitterMs ?? 0
    this.#statuses = new Set(options.statusForcelist)
    const { methods = IDEMPOTENT } = options
    this.#methods = methods === null ? null : new Set([...methods].map((method) => method.toUpperCase()))
    this.#respectRetryAfter = options.respectRetryAfter ?? true
    this.#maxRetryAfterMs = options.maxRetryAfterMs ?? 21_600_000
    this.#random = options.random ?? machineRandom
  }

  /** Whether a request with this method, which the server may have seen, may be sent again. */
  allows(method: string): boolean {
    return this.#methods === null || this.#methods.has(method)
  }

  /** Whether an answer with this status is no good whatever else it says. */
  forces(status: number): boolean {
    return this.#statuses.has(status)
  }

  /** Whether an answer with this status asks to come back later. */
  isAskedToWait(status: number, retryAfter: string | undefined): boolean {
    return this.#respectRetryAfter && retryAfter !== undefined && RETRY_AFTER_STATUSES.has(status)
  }

  /**
   * How long before the next try, in milliseconds.
   *
   * @param failures - how many tries have failed, 1 and up.
   * @param retryAfter - the header of the last answer, where there was one.
   * @param now - the time of the server, or else ours, in milliseconds since 1970.
   */
  pauseMs(failures: number, retryAfter?: string, now = 0): number {
    if (this.#respectRetryAfter && retryAfter !== undefined) {
      const asked = retryAfterMs(retryAfter, now)
      if (asked > 0) return Math.min(asked, this.#maxRetryAfterMs)
    }
    // The first try again comes at once: most failures are a connection that had gone stale.
    const backoff = failures <= 1 ? 0 : this.#backoffMs * 2 ** (failures - 1)
    const jitter = this.#jitterMs === 0 ? 0 : this.#jitterMs * this.#random()
    return Math.min(backoff + jitter, this.#maxBackoffMs)
  }

  /** As a person would write it. */
  toString(): string {
    return `Retry(${String(this.total)})`
  }
}

/** What `retries` was given as. @internal */
export function toRetry(call: string, retries: unknown): Retry | null {
  if (retries === undefined || retries === null || retries === 0 || retries === false) return null
  if (retries instanceof Retry) return retries
  if (Number.isInteger(retries) && (retries as number) > 0) return new Retry({ total: retries as number })
  throw new UsageError(`${call} expects \`retries\` to be an integer, 0 or more, or a Retry, but got ${show(retries)}.`)
}

/** Seconds or a date; 0 for neither. */
function retryAfterMs(header: string, now: number): number {
  if (/^\s*\d+\s*$/u.test(header)) return Number(header) * 1000
  const date = Date.parse(header)
  return Number.isNaN(date) ? 0 : date - now
}

function machineRandom(): number {
  return randomInt(RANDOM_STEPS) / RANDOM_STEPS
}

function check(options: RetryOptions): void {
  const call = 'new Retry()'
  checkOptions(call, options, '{ total: 3 }')
  for (const name of Object.keys(options)) {
    if (!NAMES.has(name)) {
      throw new UsageError(`${call} has no option \`${name}\`; it has ${[...NAMES].join(', ')}.`)
    }
  }
  const { total, statusForcelist, methods, random } = options
  if (total !== undefined && !(Number.isInteger(total) && total >= 0))
    throw new UsageError(`${call} expects \`total\` to be an integer, 0 or more, but got ${show(total)}.`)
  for (const name of ['backoffMs', 'maxBackoffMs', 'jitterMs', 'maxRetryAfterMs'] as const)
    if (options[name] !== undefined) checkMs(call, name, options[name])
  for (const name of ['respectRetryAfter', 'raiseOnStatus'] as const) checkFlag(call, name, options[name])
  if (!isListOf(statusForcelist, (item) => Number.isInteger(item)))
    throw new UsageError(
      `${call} expects \`statusForcelist\` to be a list of statuses, but got ${show(statusForcelist)}.`,
    )
  if (methods !== null && !isListOf(methods, (item) => typeof item === 'string'))
    throw new UsageError(
      `${call} expects \`methods\` to be a list of methods, or null for all, but got ${show(methods)}.`,
    )
  if (random !== undefined && typeof random !== 'function')
    throw new UsageError(`${call} expects \`random\` to be a function, but got ${show(random)}.`)
}

/** Whether `list` is left out, or an array or a set of such items: one that can be read more than once. */
function isListOf(list: unknown, isItem: (item: unknown) => boolean): boolean {
  if (list === undefined) return true
  return (Array.isArray(list) || list instanceof Set) && [...(list as Iterable<unknown>)].every(isItem)
}
