import { readdirSync, readFileSync } from 'node:fs'

/** What a person reads under a key: tests press the button that says so. @throws for a key that has no text. */
export function wordsOf(language: 'id' | 'en'): (key: string, values?: Readonly<Record<string, string>>) => string {
  const folder = `i18n/locales/${language}`
  const texts = Object.assign({}, ...readdirSync(folder).map(file => JSON.parse(readFileSync(`${folder}/${file}`, 'utf8')) as object)) as object
  return (key, values = {}) => {
    const text = key.split('.').reduce<unknown>((within, part) => (within as Record<string, unknown> | undefined)?.[part], texts)
    if (typeof text !== 'string') throw new Error(`${language} has no text for ${key}`)
    return text.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole)
  }
}
