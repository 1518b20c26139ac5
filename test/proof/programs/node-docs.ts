// Runs all snippets one after the other, in the mode that is its argument, and writes what each has done, a line of JSON for each.
import { childProcessSnippets } from './node-docs/child-process.ts'
import { dnsSnippets } from './node-docs/dns.ts'
import { fetchSnippets } from './node-docs/fetch.ts'
import { fsSnippets } from './node-docs/fs.ts'
import { httpSnippets } from './node-docs/http.ts'
import { netSnippets } from './node-docs/net.ts'
import { type Call, type Mode, Stage } from './node-docs/stage.ts'
import { streamSnippets } from './node-docs/stream.ts'
import { timersSnippets } from './node-docs/timers.ts'
import { tlsSnippets } from './node-docs/tls.ts'

const mode = process.argv[2] as Mode
// The plain run knows nothing of the library.
const library = mode === 'plain' ? null : { ...(await import('greenloop')), ...(await import('greenloop/monkey')) }
library?.patchAll()
const call: Call = async (body) => (library === null || mode === 'patched' ? body() : library.spawn(body).get())
for (const snippet of [
  ...netSnippets,
  ...tlsSnippets,
  ...dnsSnippets,
  ...timersSnippets,
  ...fetchSnippets,
  ...httpSnippets,
  ...streamSnippets,
  ...fsSnippets,
  ...childProcessSnippets,
])
  console.log(JSON.stringify(await new Stage(snippet, call).play()))
