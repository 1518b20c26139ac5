// `express` and `axios`, `undici` and Node's own `fetch`: the same without the library, patched, and in greenlets.
import { checkLeaks } from '../support/leaks.ts'
import { prove } from './prove.ts'

checkLeaks()

prove('express-axios', ['Server', 'ServerResponse', 'ClientRequest', 'asking IncomingMessage', 'accepted Socket'])
prove('undici', ['Client', 'Agent', 'BodyReadable', 'Socket', 'accepted Socket'])
