/**
 * Three pages at once: while one greenlet waits for its page, the others ask for theirs. `sequential.ts` differs in its last lines.
 *
 * Run: `npx tsx examples/compare/greenlets.ts`, or see both on one axis: `npx greenloop compare examples/compare/sequential.ts
 * examples/compare/greenlets.ts`. The pages come back after 400, 500 and 350 ms, from a server that each of the programs starts itself.
 *
 * Expected output:
 * ```text
 * /github 23500
 * /python 48000
 * /yahoo 91000
 * ```
 */
import { joinall, spawn } from 'greenloop'
import { patchAll } from 'greenloop/monkey'
import { openSite } from '../support/site.ts'

patchAll()

function* getPage(url: string) {
  const res = yield* fetch(url)
  console.log(new URL(url).pathname, (yield* res.text()).length)
}

const site = await openSite()
const pages = site.urls.map((url) => spawn(getPage, url))
await joinall(pages, { raiseError: true })
site.close()
