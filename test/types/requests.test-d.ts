// requests, as a program in TypeScript sees it: what an answer has, which errors are which, what options take.
import { type Green, spawn } from 'greenloop'
import { requests } from 'greenloop/http'
import { expectTypeOf, it } from 'vitest'

const url = 'http://127.0.0.1/'

it('an answer is a Response in greenlets, in plain code, and behind spawn', () => {
  const body = function* (): Green<void> {
    const response = yield* requests.get(url, { params: { q: 'green', page: [1, 2] }, timeoutMs: [1, null] })
    expectTypeOf(response).toEqualTypeOf<requests.Response>()
    expectTypeOf(response.headers['x-tag']).toEqualTypeOf<string | undefined>()
    expectTypeOf(response.json()).toEqualTypeOf<unknown>()
    expectTypeOf(response.json<{ name: string }>().name).toEqualTypeOf<string>()
    const lines = response.iterLines()
    while (yield* lines.next()) expectTypeOf(lines.value).toEqualTypeOf<string>()
    expectTypeOf(yield* spawn(requests.get, url).get()).toEqualTypeOf<requests.Response>()
  }
  const plain = async (): Promise<requests.Response> => await requests.post(url, { json: { a: 1 } })
  expectTypeOf(body).toBeFunction()
  expectTypeOf(plain).toBeFunction()
})

it('errors are found by `instanceof`, and have their kin', () => {
  const look = (error: unknown): void => {
    if (error instanceof requests.Timeout) expectTypeOf(error.request).toEqualTypeOf<requests.HTTPError['request']>()
    if (error instanceof requests.ConnectTimeout) {
      expectTypeOf(error).toExtend<requests.ConnectionError>()
      expectTypeOf(error).toExtend<requests.Timeout>()
    }
    if (error instanceof requests.exceptions.RequestException) expectTypeOf(error.message).toEqualTypeOf<string>()
  }
  expectTypeOf(look).toBeFunction()
})

it('a hook may return nothing, an answer, or be a generator of either', () => {
  type Hook = requests.ResponseHook
  expectTypeOf((response: requests.Response) => {
    response.close()
  }).toExtend<Hook>()
  expectTypeOf((response: requests.Response) => response).toExtend<Hook>()
  expectTypeOf(function* (response: requests.Response) {
    response.close()
  }).toExtend<Hook>()
  expectTypeOf(function* () {
    return yield* requests.get(url)
  }).toExtend<Hook>()
  expectTypeOf(async (response: requests.Response) => {
    await response.read()
  }).toExtend<Hook>()
})

it('what is no option does not compile', () => {
  // @ts-expect-error -- it is `timeoutMs`
  const wrong: requests.RequestOptions = { timeout: 5 }
  // @ts-expect-error -- it has no `url` property of its own that could be set
  const set = (response: requests.Response): unknown => (response.url = url)
  expectTypeOf([wrong, set]).toBeArray()
})
