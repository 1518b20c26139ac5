/**
 * vitest.
 */
export { it } from "vitest"
