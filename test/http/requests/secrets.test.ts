// What is secret goes where it belongs, and stands in no message and in nothing that is printed.
import { inspect } from 'node:util'
import { requests } from 'greenloop/http'
import { describe, expect, it, onTestFinished } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { rejection, thrown } from '../../support/thrown.ts'
import { serve } from '../support.ts'

checkLeaks()

const SECRET = /s3cret/u

/** The error, of which nothing that can be printed has the secret in it. */
function discreet(error: unknown): string {
  expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(SECRET)
  return String(error)
}

describe('a URL that is none', () => {
  it.each([
    ['http://me:s3cret@ho st/', 'InvalidURL: requests.get() got "http://***@ho st/", which is no URL.'],
    ['http://me:s3cret@', 'InvalidURL: requests.get() got "http://***@", which is no URL.'],
    ['http://me:pass/s3cret@host/', 'InvalidURL: requests.get() got "http://***@host/", which is no URL.'],
    [
      'htp://me:s3cret@host/',
      'InvalidSchema: requests.get() got "htp://***@host/"; only http: and https: can be asked for.',
    ],
    ['me:s3cret@host/', 'InvalidSchema: requests.get() got "me:***@host/"; only http: and https: can be asked for.'],
    ['//me:s3cret@host/', 'MissingSchema: requests.get() got "//***@host/", which has no scheme.'],
  ])('%s', (url, text) => {
    expect(discreet(thrown(() => requests.get(url)))).toBe(text)
  })
})

it.each([
  ['http://me:pass/s3cret@host/', 'is no URL of a proxy: "http://***@host/" (string).'],
  [
    'ftp://me:s3cret@host/',
    'is a proxy of a kind that is not known: "ftp://***@host/" (string). It can be http:, https:, socks5: or socks5h:.',
  ],
  ['me:s3cret@ho st', 'is no URL of a proxy: "me:***@ho st" (string).'],
])('a proxy that is none: %s', async (proxy, text) => {
  const error = await rejection(requests.get('http://127.0.0.1:1/', { proxies: { http: proxy } }))
  expect(discreet(error)).toBe(`InvalidProxyURL: proxies["http"] ${text}`)
})

describe('a header that cannot be sent', () => {
  it('such as a token that was read with its line end', async () => {
    const { url } = await serve()
    const text =
      'InvalidHeader: The header "Authorization" cannot have the value that it was given (a secret, perhaps: it is not shown): a line break would begin another header.'
    expect(discreet(await rejection(requests.get(url, { auth: requests.bearerAuth('s3cret\n') })))).toBe(text)
    expect(discreet(thrown(() => requests.get(url, { headers: { Authorization: 'Bearer s3cret\n' } })))).toBe(text)
  })

  it('or whose name has a space behind it', () => {
    expect(discreet(thrown(() => requests.get('http://127.0.0.1/', { headers: { 'X-Api-Key ': 's3cret' } })))).toBe(
      'InvalidHeader: A header cannot have the name "X-Api-Key ": names are letters, digits and !#$%&\'*+-.^_`|~.',
    )
  })
})

it('an error shows neither headers nor body of its request', async () => {
  const { url } = await serve()
  const response = await requests.post(`${url.replace('//', '//me:s3cret@')}/missing`, {
    data: { password: 's3cret' },
    headers: { 'x-key': 's3cret' },
    cookies: { session: 's3cret' },
  })
  const error = thrown(() => response.raiseForStatus())
  expect(discreet(error)).toBe(`HTTPError: 404 Client Error: Not Found for url: ${url}/missing`)
  expect(inspect((error as requests.HTTPError).request)).toBe('<PreparedRequest [POST]>')
})

it('a session that is printed shows nothing of what it has', () => {
  const session = new requests.Session({ auth: ['me', 's3cret'], headers: { 'x-key': 's3cret' } })
  onTestFinished(() => {
    session.close()
  })
  expect(inspect({ session })).toBe('{ session: <Session> }')
})
