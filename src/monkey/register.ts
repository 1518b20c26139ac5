/**
 * Patches everything by being imported: `node --import greenloop/monkey/register app.js`, or as the first line of a program.
 *
 * `GREENLOOP_MONKEY` says what: `GREENLOOP_MONKEY=no-net,no-dns` leaves these out, `GREENLOOP_MONKEY=dns` patches nothing else.
 */
import { optionsFrom } from './options.ts'
import { patchAll } from './patch.ts'
import './types.ts'

patchAll(optionsFrom(process.env['GREENLOOP_MONKEY'] ?? ''))
