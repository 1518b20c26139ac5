/**
 * Three pages, one after another: the next one is asked for when the one before it has come. `greenlets.ts` differs in its last lines.
 *
 * Run: `npx tsx examples/compare/sequential.ts`, or see both on one axis: `npx greenloop compare examples/compare/sequential.ts
 * examples/compare/greenlets.ts`. The pages come back after 400, 500 and 350 ms, from a server that each of the programs starts itself.
 *
 * Expected output:
 * ```text
 * /python 48000
 * /yahoo 91000
 * /github 23500
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
for (const url of site.urls) await joinall([spawn(getPage, url)], { raiseError: true })
site.close()
