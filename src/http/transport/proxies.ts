/**
 * Which proxy a URL goes through, by the rules of Python's `requests`: what is given, then the environment.
 *
 * Stands on nothing. Leaves to `agents.ts` how to get through it.
 */
import { isIPv4 } from 'node:net'
import { show } from '../../errors/usage.ts'
import { InvalidProxyURL } from '../exceptions.ts'

/**
 * Proxies by what they are for. For `http://example.org/` the first that is there counts of `'http://example.org'`, `http`,
 * `'all://example.org'` and `all`. null and `''`: none, and nothing further is looked at. `no_proxy` is a list of hosts, as in the environment: it
 * takes the place of the environment's, and says for which hosts the environment's proxies are not meant.
 */
export type Proxies = Readonly<Record<string, string | URL | null | undefined>>

type Environment = Readonly<Record<string, string | undefined>>

/** What a proxy can speak. */
const SCHEMES: ReadonlySet<string> = new Set(['http:', 'https:', 'socks5:', 'socks5h:'])
const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' }

/**
 * The proxy for `url`.
 *
 * @param given - of the request or the session; counts before the environment, whatever the environment's `no_proxy` says.
 * @param env - `process.env`; null: the environment does not count.
 * @returns null: straight to the server.
 * @throws InvalidProxyURL
 */
export function proxyFor(url: URL, given: Proxies | undefined, env: Environment | null): URL | null {
  const scheme = url.protocol.slice(0, -1)
  const host = url.hostname.replace(/^\[|\]$/gu, '')
  for (const key of [`${scheme}://${host}`, scheme, `all://${host}`, 'all']) {
    const own = given?.[key]
    if (own !== undefined) return own === null || own === '' ? null : proxyOf(own, `proxies[${JSON.stringify(key)}]`)
    if (env === null || key.includes('/')) continue
    const around = fromEnvironment(env, key)
    if (around !== null && !isExempt(url, host, exemptions(env, given?.['no_proxy']))) {
      return proxyOf(around, `${key}_proxy of the environment`)
    }
  }
  return null
}

/** `http_proxy` and its kin. Small letters win, and when they are there and empty there is none. */
function fromEnvironment(env: Environment, key: string): string | null {
  const small = env[`${key}_proxy`]
  if (small !== undefined) return small === '' ? null : small
  // A CGI script finds the header `Proxy:` of its client in HTTP_PROXY.
  if (key === 'http' && env['REQUEST_METHOD'] !== undefined) return null
  const capitals = env[`${key.toUpperCase()}_PROXY`]
  return capitals === undefined || capitals === '' ? null : capitals
}

function exemptions(env: Environment, given: string | URL | null | undefined): string {
  if (given !== undefined && given !== null) return String(given)
  return env['no_proxy'] || env['NO_PROXY'] || '' // an empty one is none
}

/** Whether `list`, of hosts, suffixes, addresses and networks (`10.0.0.0/8`), has the host. */
function isExempt(url: URL, host: string, list: string): boolean {
  if (list.trim() === '*') return true
  const withPort = `${host}:${url.port === '' ? (DEFAULT_PORTS[url.protocol] ?? '') : url.port}`
  const address = isIPv4(host)
  for (const part of list.split(',')) {
    const name = part.replaceAll(' ', '').replace(/^\.+/u, '').toLowerCase()
    if (name === '') continue
    if (address && name.includes('/')) {
      if (isWithin(host, name)) return true
    } else if (host === name || host.endsWith(`.${name}`)) return true
    else if (!address && (withPort === name || withPort.endsWith(`.${name}`))) return true
  }
  return false
}

function isWithin(address: string, network: string): boolean {
  const [base = '', bits = '', more] = network.split('/')
  const start = numberOf(base)
  const length = /^\d+$/u.test(bits) ? Number(bits) : 0
  if (more !== undefined || start === null || length < 1 || length > 32) return false
  const size = 2 ** (32 - length)
  return Math.floor((numberOf(address) ?? 0) / size) === Math.floor(start / size)
}

/** An address as a number; the last part of a short one stands for all that are missing: 10.1 is 10.0.0.1. */
function numberOf(address: string): number | null {
  const parts = address.split('.')
  if (parts.length > 4 || !parts.every((part) => /^\d+$/u.test(part))) return null
  const last = Number(parts.pop())
  const room = 256 ** (4 - parts.length)
  if (last >= room || parts.some((part) => Number(part) > 255)) return null
  return parts.reduce((sum, part, at) => sum + Number(part) * 256 ** (3 - at), last)
}

/** The latest one: mostly the next request has the same. */
let latest: { text: string; url: URL } | null = null

function proxyOf(given: string | URL, where: string): URL {
  const text = String(given)
  if (latest?.text === text) return latest.url
  const whole = text.includes('://') ? text : `http://${text.replace(/^\/\//u, '')}`
  const url = URL.canParse(whole) ? new URL(whole) : null
  if (url === null || url.hostname === '')
    throw new InvalidProxyURL(`${where} is no URL of a proxy: ${redacted(text)}.`)
  if (!SCHEMES.has(url.protocol)) {
    throw new InvalidProxyURL(
      `${where} is a proxy of a kind that is not known: ${redacted(text)}. It can be http:, https:, socks5: or socks5h:.`,
    )
  }
  latest = { text, url }
  return url
}

/** Without user and password: messages are logged. */
function redacted(text: string): string {
  return show(text.replace(/^((?:[a-z][a-z\d+.-]*:)?\/*).*@/isu, '$1***@'))
}
