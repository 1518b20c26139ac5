/**
 * The two fetches of greenlets, for tests that hold for both: Node's own under the patch, and undici's of `greenloop/http`.
 */
import type { ReadableStream } from 'node:stream/web'
import * as http from 'greenloop/http'
import * as monkey from 'greenloop/monkey'
import type { Dispatcher } from 'undici'
import { afterAll, beforeAll } from 'vitest'

/** What both have of a response. */
export interface AnyResponse {
  readonly status: number
  readonly ok: boolean
  readonly url: string
  readonly body: ReadableStream<Uint8Array> | null
  readonly bodyUsed: boolean
  arrayBuffer(): http.GreenPromise<ArrayBuffer>
  blob(): http.GreenPromise<Blob>
  formData(): http.GreenPromise<unknown>
  json(): http.GreenPromise<unknown>
  text(): http.GreenPromise<string>
  clone(): AnyResponse
}

/** What both take beside the URL. */
export interface AnyInit {
  method?: string
  headers?: Record<string, string>
  body?: string | Uint8Array | null
  signal?: AbortSignal | null
  redirect?: 'follow' | 'error' | 'manual'
  dispatcher?: Dispatcher
}

/** What both are. */
export type AnyFetch = (input: string | URL, init?: AnyInit) => http.GreenPromise<AnyResponse>

/** Their names, and how each is called; the first one is looked up at each call, as a program does it. */
export const BOTH: readonly (readonly [name: string, fetch: AnyFetch])[] = [
  ['Node’s, patched', ((input: string, init?: RequestInit) => globalThis.fetch(input, init)) as AnyFetch],
  ['undici’s', http.fetch],
]

/** Patches for the tests of the file. */
export function patchForFile(): void {
  beforeAll(() => {
    monkey.patchAll()
  })
  afterAll(() => {
    monkey.unpatchAll()
  })
}
