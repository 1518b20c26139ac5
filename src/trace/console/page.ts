/**
 * The page of the console: a frame without content, its style and its script, in one answer. All that it shows comes later, as data.
 *
 * Nothing else may run in it: the policy names this script and this style by a number that is good for one answer.
 *
 * Stands on what was built of src/embedded/pages/console.
 */
import { SCRIPT, STYLE } from '../built/console.ts'

const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath d='M13 8a5 5 0 1 1-2-4' fill='none' stroke='%2322a06b' stroke-width='3' stroke-linecap='round'/%3E%3C/svg%3E"

/** The page, whose script and style have `nonce`. */
export function pageOf(nonce: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>greenloop console</title>
<link rel="icon" href="${ICON}">
<style nonce="${nonce}">${STYLE}</style>
</head>
<body>
<noscript>The console is a page of JavaScript: it is drawn anew twice a second.</noscript>
<script nonce="${nonce}">${SCRIPT}</script>
</body>
</html>
`
}

/** What the page may do: run its own script, have its own style, and ask where it came from. */
export function policyOf(nonce: string): string {
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    'img-src data:',
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}
