/**
 * What the site saw, as one line of text that both sides can be compared by; and what it has to understand for that: digest
 * authentication and multipart bodies.
 */
import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** The headers that are shown unless a case asks for others: those that say something about what was to be sent. */
const SHOWN = /^(?:authorization|content-.*|transfer-encoding|cookie|x-.*)$/u

/** What a digest is made of, and the challenge that asks for it. */
export interface DigestSecret {
  readonly user: string
  readonly password: string
  readonly algorithm: 'md5' | 'sha256'
  readonly challenge: string
}

/** `POST /a?b=c [content-length: 3] abc`: a request, without what differs from run to run, or is left to taste. */
export function seenRequest(request: IncomingMessage, body: Buffer, see?: readonly string[]): string {
  const headers = new Map<string, string>()
  for (let at = 0; at < request.rawHeaders.length; at += 2) {
    const name = String(request.rawHeaders[at]).toLowerCase()
    if (!(see?.includes(name) ?? SHOWN.test(name))) continue
    const value = String(request.rawHeaders[at + 1]).replace(/, zstd$/u, '') // which only newer Nodes have
    const before = headers.get(name)
    headers.set(name, before === undefined ? value : `${before} | ${value}`)
  }
  const boundary = /^multipart\/form-data; boundary=(?<boundary>.+)$/u.exec(headers.get('content-type') ?? '')?.[1]
  if (boundary !== undefined) {
    headers.set('content-type', 'multipart/form-data')
    headers.delete('content-length')
  }
  const json = boundary === undefined ? asJson(headers.get('content-type'), body) : null
  if (json !== null) headers.delete('content-length')
  const proof = headers.get('authorization')
  if (proof?.startsWith('Digest') === true) headers.set('authorization', digestNames(proof))
  const shown = [...headers].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `${name}: ${value}`)
  return [
    `${request.method ?? ''} ${request.url ?? ''}`,
    ...(shown.length === 0 ? [] : [`[${shown.join('; ')}]`]),
    ...(body.length === 0 ? [] : [boundary === undefined ? (json ?? readable(body)) : parts(body, boundary)]),
  ].join(' ')
}

/** UTF-8 where it is that, else byte by byte; what is long by its length. */
function readable(body: Buffer): string {
  return body.length > 1000 ? `${String(body.length)} bytes` : body.toString(isUtf8(body) ? 'utf8' : 'latin1')
}

/** JSON without what is left to taste: spaces, and how characters are escaped. */
function asJson(type: string | undefined, body: Buffer): string | null {
  return type?.endsWith('json') === true && body.length > 0 ? JSON.stringify(JSON.parse(String(body))) : null
}

/** The parts of a form: `name`, `name=file`, their types, their contents. */
function parts(body: Buffer, boundary: string): string {
  const text = body.toString('latin1')
  if (!text.endsWith(`\r\n--${boundary}--\r\n`)) return `(no proper end) ${text}`
  const all = `\r\n${text.slice(0, -`--${boundary}--\r\n`.length)}`.split(`\r\n--${boundary}\r\n`).slice(1)
  return all
    .map((part, index) => {
      const [head = '', ...rest] = part.split('\r\n\r\n')
      const content = rest.join('\r\n\r\n')
      const lines = Buffer.from(head, 'latin1').toString('utf8').split('\r\n').sort()
      return `{${lines.join('; ')}} ${readable(Buffer.from(index === all.length - 1 ? content.replace(/\r\n$/u, '') : content, 'latin1'))}`
    })
    .join(' ')
}

/** `Digest` and the names of what was given: the values depend on chance. */
function digestNames(header: string): string {
  return `Digest with ${[...fields(header).keys()].sort().join(', ')}`
}

function fields(header: string): Map<string, string> {
  const found = header.matchAll(/(?<name>\w+)=(?:"(?<quoted>(?:[^"\\]|\\.)*)"|(?<plain>[^\s,]+))/gu)
  return new Map(
    [...found].map(([, name, quoted, plain]) => [String(name), (quoted ?? plain ?? '').replaceAll('\\', '')]),
  )
}

/** Whether the request proves that it knows the password, as RFC 7616 has it. */
export function checkDigest(request: IncomingMessage, secret: DigestSecret): boolean {
  const given = fields(request.headers.authorization ?? '')
  const hash = (text: string): string => createHash(secret.algorithm).update(text).digest('hex')
  const asked = fields(secret.challenge)
  const [realm = '', nonce = ''] = [asked.get('realm'), asked.get('nonce')]
  if (given.get('nonce') !== nonce || given.get('uri') !== request.url) return false
  const who = hash(`${secret.user}:${realm}:${secret.password}`)
  const what = hash(`${request.method ?? ''}:${request.url}`)
  const qop = given.get('qop')
  const proof =
    qop === undefined
      ? hash(`${who}:${nonce}:${what}`)
      : hash([who, nonce, given.get('nc'), given.get('cnonce'), qop, what].join(':'))
  return given.get('response') === proof
}
