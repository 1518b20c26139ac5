/**
 * The page "console".
 */
document.title = 'console'
