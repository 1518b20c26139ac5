/**
 * The page "timeline" as text. Built by `npm run embed` from src/embedded/pages/timeline; not to be edited.
 */
export const SCRIPT: string = "\"use strict\";(()=>{document.title=\"timeline\";})();"
export const STYLE: string = ":root{color-scheme:light dark}"
