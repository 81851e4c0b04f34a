import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

/** Every message of one language under its dotted key. */
function messagesOf(language: string): Map<string, string> {
  const found = new Map<string, string>()
  const walk = (value: unknown, key: string): void => {
    if (typeof value === 'string') found.set(key, value)
    else if (typeof value === 'object' && value !== null) Object.entries(value).forEach(([name, inner]) => walk(inner, key ? `${key}.${name}` : name))
  }
  for (const file of readdirSync(`i18n/locales/${language}`).sort()) walk(JSON.parse(readFileSync(`i18n/locales/${language}/${file}`, 'utf8')), '')
  return found
}
const languages = { id: messagesOf('id'), en: messagesOf('en') }
const holes = (text: string) => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map(hole => hole[1]))].sort()

describe('the messages of both languages', () => {
  it('exist in both or in neither', () => {
    expect([...languages.id.keys()].sort()).toEqual([...languages.en.keys()].sort())
  })

  it('take the same values', () => {
    const differing = [...languages.id].filter(([key, text]) => holes(text).join() !== holes(languages.en.get(key) ?? '').join()).map(([key]) => key)
    expect(differing).toEqual([])
  })

  // One message that does not compile leaves the browser without any message of that language.
  it.each(['id', 'en'] as const)('hold no sign in %s that the message compiler would take for a link', (language) => {
    const broken = [...languages[language]].filter(([, text]) => text.replaceAll('{\'@\'}', '').includes('@')).map(([key]) => key)
    expect(broken).toEqual([])
  })

  it.each(['id', 'en'] as const)('close in %s every brace that they open', (language) => {
    const broken = [...languages[language]].filter(([, text]) => /[{}]/.test(text.replaceAll(/\{(\w+|'[^']*')\}/g, ''))).map(([key]) => key)
    expect(broken).toEqual([])
  })
})
