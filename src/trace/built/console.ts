/**
 * The page "console" as text. Built by `npm run embed` from src/embedded/pages/console; not to be edited.
 */
export const SCRIPT: string = "\"use strict\";(()=>{document.title=\"console\";})();"
export const STYLE: string = ":root{color-scheme:light dark}"
