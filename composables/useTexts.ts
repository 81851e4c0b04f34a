import type { InjectionKey, Ref } from 'vue'
import type { Locale } from '#shared/vocabulary/catalog.ts'

interface Texts { readonly t: (key: string, named?: Record<string, unknown>, plural?: number) => string, readonly locale: Readonly<Ref<Locale>> }
const around: InjectionKey<Texts> = Symbol('texts')

/** The page's texts; below `provideTexts` those of the language that is given there. For components of which staff see a preview. */
export function useTexts(): Texts {
  const given = inject(around, null)
  if (given) return given
  const { t, locale } = useI18n()
  return { t: (key, named = {}, plural) => plural === undefined ? t(key, named) : t(key, named, plural), locale }
}

/** Components below this one speak another language than the page. Answers what loads its words; until then they are the page's. */
export function provideTexts(language: Readonly<Ref<Locale>>) {
  const { t, locale, loadLocaleMessages } = useI18n()
  const loaded = ref<Locale>(locale.value)
  provide(around, { locale: loaded, t: (key, named = {}, plural) => t(key, named, { locale: loaded.value, ...(plural === undefined ? {} : { plural }) }) })
  watch(language, async (wanted) => {
    await loadLocaleMessages(wanted)
    if (language.value === wanted) loaded.value = wanted
  })
}
