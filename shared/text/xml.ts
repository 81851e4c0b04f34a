/** An element: its name, its text or its children in their order (null: left out), its attributes. */
export type Element = readonly [name: string, content: string | readonly (Element | null)[], attributes?: Readonly<Record<string, string>>]

// XML 1.0 has no way to say these, not even escaped. Lone surrogates are replaced by `toWellFormed`.
// eslint-disable-next-line no-control-regex
const unsayable = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/g
const signs: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\'': '&apos;' }
/** Text as it may stand in an element or an attribute. */
export const escapeXml = (text: string): string => text.replace(unsayable, '').toWellFormed().replace(/[&<>"']/g, sign => signs[sign] ?? '')

export const xmlHead = '<?xml version="1.0" encoding="UTF-8"?>\n'

/** Writes an element, indented; every text and attribute is escaped, so that no value can make an element. */
export function writeXml([name, content, attributes = {}]: Element, indent = ''): string {
  const opened = `${indent}<${name}${Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeXml(value)}"`).join('')}`
  if (typeof content === 'string') {
    const text = escapeXml(content)
    return text === '' ? `${opened}/>\n` : `${opened}>${text}</${name}>\n`
  }
  return `${opened}>\n${content.map(child => child === null ? '' : writeXml(child, `${indent}  `)).join('')}${indent}</${name}>\n`
}
