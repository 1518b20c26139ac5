// All cases, in the order in which they are played.
import type { Case } from '../case.ts'
import { cookies } from './cookies.ts'
import { authentication, failures } from './failures.ts'
import { received } from './received.ts'
import { redirects } from './redirects.ts'
import { sent } from './sent.ts'

/** By the title of their part. */
export const parts: Readonly<Record<string, readonly Case[]>> = {
  redirects,
  cookies,
  'what is sent': sent,
  'what comes back': received,
  authentication,
  'what goes wrong': failures,
}
