/**
 * The page "timeline".
 */
document.title = 'timeline'
