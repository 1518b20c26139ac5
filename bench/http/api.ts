/**
 * A small JSON API, which the servers answer with.
 */
import type { RequestListener } from 'node:http'

export const TYPE = 'application/json'

/** What is answered. */
export interface Page {
  readonly path: string
  readonly name: string
  readonly langs: readonly string[]
  readonly active: boolean
  readonly score: number
}

export function pageOf(path: string): Page {
  return { path, name: 'Ada Lovelace', langs: ['ada', 'c'], active: true, score: 42.5 }
}

/** About a hundred bytes. */
export function textOf(path: string): string {
  return JSON.stringify(pageOf(path))
}

/** By Node's own. */
export const answer: RequestListener = (request, response) => {
  const text = textOf(request.url ?? '')
  response.writeHead(200, { 'Content-Type': TYPE, 'Content-Length': Buffer.byteLength(text) }).end(text)
}
