/**
 * Keys and certificates for the tests of TLS: those of `test/fixtures/tls`, and two that nobody has signed but they themselves, for
 * `localhost` and `127.0.0.1`. One of these was good on the first of January 2020, the other one is good until 2120:
 *
 * `openssl ca -selfsign -startdate 20200101000000Z -enddate 20200102000000Z` (and `-enddate 21200101000000Z`)
 */
import { readFileSync } from 'node:fs'

function file(name: string): Buffer {
  return readFileSync(new URL(`../../fixtures/tls/${name}`, import.meta.url))
}

/** Who has signed those of the fixtures. */
export const ca: Buffer = file('ca.pem')

/** For `localhost`, `127.0.0.1` and `::1`. */
export const server: { key: Buffer; cert: Buffer } = { key: file('server-key.pem'), cert: file('server.pem') }

/** For `other.example`. */
export const other: { key: Buffer; cert: Buffer } = { key: file('other-key.pem'), cert: file('other.pem') }

/** For a client. */
export const client: { key: Buffer; cert: Buffer } = { key: file('client-key.pem'), cert: file('client.pem') }

const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgfyQLak/nkc6YRO+W
PI8ky0DKHXXvmPWKaZHSunGgZeyhRANCAARovo0HAuxTy9DG5rB9cliPl4oRlZu+
FWc05XWlb5xZjHTWPsD1e+EmD+P5TBvhuCdFxh3qTzcRD2XA7TmNrZz+
-----END PRIVATE KEY-----
`

/** Good for one day, long ago. */
export const expired: { key: string; cert: string } = {
  key,
  cert: `-----BEGIN CERTIFICATE-----
MIIBmDCCAT+gAwIBAgIBATAKBggqhkjOPQQDAjAuMRIwEAYDVQQDDAlsb2NhbGhv
c3QxGDAWBgNVBAoMD2dyZWVubG9vcCB0ZXN0czAeFw0yMDAxMDEwMDAwMDBaFw0y
MDAxMDIwMDAwMDBaMC4xEjAQBgNVBAMMCWxvY2FsaG9zdDEYMBYGA1UECgwPZ3Jl
ZW5sb29wIHRlc3RzMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaL6NBwLsU8vQ
xuawfXJYj5eKEZWbvhVnNOV1pW+cWYx01j7A9XvhJg/j+Uwb4bgnRcYd6k83EQ9l
wO05ja2c/qNOMEwwGgYDVR0RBBMwEYIJbG9jYWxob3N0hwR/AAABMA8GA1UdEwEB
/wQFMAMBAf8wHQYDVR0OBBYEFCP0PVq9vZnIjYbKlNbBMZlmdFKDMAoGCCqGSM49
BAMCA0cAMEQCIEqhD2YL4GNZhnK+mxnAMzkUvvUs8Um2fmqtb2pOi02LAiBydcPG
VhEMzKsVvGFzDaUiI7JleNNkgpQN9AGwnKFBOw==
-----END CERTIFICATE-----
`,
}

/** Signed by itself. */
export const selfSigned: { key: string; cert: string } = {
  key,
  cert: `-----BEGIN CERTIFICATE-----
MIIBmjCCAUGgAwIBAgIBAjAKBggqhkjOPQQDAjAuMRIwEAYDVQQDDAlsb2NhbGhv
c3QxGDAWBgNVBAoMD2dyZWVubG9vcCB0ZXN0czAgFw0yMDAxMDEwMDAwMDBaGA8y
MTIwMDEwMTAwMDAwMFowLjESMBAGA1UEAwwJbG9jYWxob3N0MRgwFgYDVQQKDA9n
cmVlbmxvb3AgdGVzdHMwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARovo0HAuxT
y9DG5rB9cliPl4oRlZu+FWc05XWlb5xZjHTWPsD1e+EmD+P5TBvhuCdFxh3qTzcR
D2XA7TmNrZz+o04wTDAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwDwYDVR0T
AQH/BAUwAwEB/zAdBgNVHQ4EFgQUI/Q9Wr29mciNhsqU1sExmWZ0UoMwCgYIKoZI
zj0EAwIDRwAwRAIgOn/tCjlppjj5l8MWAag2OAoe3MDaWd8jO/elHIuH6wQCIE7B
rUMFzhBVRYukEnoLkKLLj20Q+o17jZthLhgX8ev2
-----END CERTIFICATE-----
`,
}
