// What cannot be meant is refused at the call, with the right line where there is one.
import { requests } from 'greenloop/http'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { usage } from '../../support/thrown.ts'

checkLeaks()

const url = 'http://127.0.0.1/'

describe('proxies', () => {
  it.each([
    ['http://me:secret@127.0.0.1:3128', 'but got a URL alone.'],
    [new URL('http://me:secret@127.0.0.1:3128'), 'but got a URL alone.'],
    [3128, 'but got 3128 (number).'],
    [{ http: 3128 }, 'but of "http" it has 3128 (number).'],
  ])('%s is refused', (proxies, text) => {
    expect(usage(() => requests.get(url, { proxies } as object))).toBe(
      `requests.get() expects \`proxies\` to be an object, such as { http: 'http://127.0.0.1:3128' }, ${text}`,
    )
  })
})

describe('hooks', () => {
  it.each([
    [() => undefined, 'the function (anonymous)'],
    [{ request: () => undefined }, '{ request }'],
  ])('%s is refused: nobody would call it', (hooks, shown) => {
    expect(usage(() => requests.get(url, { hooks } as object))).toBe(
      `requests.get() expects \`hooks\` to be { response: function }, but got ${shown}.`,
    )
  })
})

it('CONNECT is refused: nothing would come back', () => {
  expect(usage(() => requests.request('connect', url))).toBe(
    'requests.request() cannot send CONNECT: it asks for a tunnel through a proxy, which `proxies` makes.',
  )
})
