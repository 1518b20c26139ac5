/**
 * Undici, loaded so that nobody else notices. All of HTTP imports it from here, so that `global-dispatcher.ts` is evaluated before it.
 */
// biome-ignore assist/source/organizeImports: it must come first
import { undiciIsLoaded } from './global-dispatcher.ts'
import { Agent } from 'undici'

export * from 'undici'

undiciIsLoaded(() => new Agent())
