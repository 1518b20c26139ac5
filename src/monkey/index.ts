/**
 * Floor 9: after `patchAll()` blocking-looking code yields by itself, and everything else runs as before. The door of `greenloop/monkey`.
 *
 * Each patch is in a file of `patches/` named like what it patches. None has behaviour of its own.
 */
import './types.ts'
import './types-fs.ts'
import './types-child-process.ts'
import './types-streams.ts'

export {
  DidPatchEvent,
  DidPatchModuleEvent,
  events,
  type PatchEvents,
  WillPatchAllEvent,
  WillPatchModuleEvent,
} from './events.ts'
export type { PatchName, PatchOptions } from './options.ts'
export {
  type Patched,
  patchAll,
  patchChildProcess,
  patchDns,
  patched,
  patchFetch,
  patchFs,
  patchHttp,
  patchNet,
  patchPromise,
  patchStreams,
  patchTimers,
  patchTls,
  unpatchAll,
} from './patch.ts'
export type { Modules } from './places.ts'
export { getOriginal, isAnythingPatched, isModulePatched, isObjectPatched, saved } from './state.ts'
