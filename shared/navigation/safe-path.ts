/**
 * The page to go to after logging in, from an address that anybody may have written: only a path of this very site, never another host,
 * a scheme or the log-in itself. Null for everything else.
 */
export function safePath(next: unknown): string | null {
  if (typeof next !== 'string' || next.length > 2000 || !next.startsWith('/')) return null
  // Browsers read a backslash as a slash and drop tabs and line breaks: `/\\host` and `/<tab>/host` lead away.
  if ([...next].some(letter => letter === '\\' || letter.charCodeAt(0) < 33 || letter.charCodeAt(0) === 127)) return null
  const path = next.split(/[?#]/, 1)[0] ?? ''
  // Neither an empty host (`//host`) nor dots that a browser would resolve into one.
  if (path.includes('//') || /\/\.{1,2}(\/|$)/.test(path) || /%2e|%2f|%5c/i.test(path)) return null
  return /^\/(en\/)?auth(\/|$)/.test(path) ? null : next
}
