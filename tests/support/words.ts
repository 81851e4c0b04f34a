import { readdirSync, readFileSync } from 'node:fs'

const languages = [{ language: 'id', prefix: '' }, { language: 'en', prefix: '/en' }] as const

/** The languages in which a long walk is made: one proves it, because both share their markup and every text is there in both; all of them for pictures. */
export const walkedIn = (language: 'id' | 'en') => languages.filter(each => process.env.GARDU_TEST_SHOTS || each.language === language)

/** What a person reads under a key: tests press the button that says so. @throws for a key that has no text. */
export function wordsOf(language: 'id' | 'en'): (key: string, values?: Readonly<Record<string, string>>) => string {
  const folder = `i18n/locales/${language}`
  const texts = Object.assign({}, ...readdirSync(folder).map(file => JSON.parse(readFileSync(`${folder}/${file}`, 'utf8')) as object)) as object
  return (key, values = {}) => {
    const text = key.split('.').reduce<unknown>((within, part) => (within as Record<string, unknown> | undefined)?.[part], texts)
    if (typeof text !== 'string') throw new Error(`${language} has no text for ${key}`)
    // As vue-i18n chooses among forms: the first for one, the last for others.
    const forms = text.split(' | ')
    return (forms.at(values.n === '1' ? 0 : -1) ?? text).replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole)
  }
}
