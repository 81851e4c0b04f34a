/** What every page's head says, the error page's too: the language, the site's name behind the title, the icon. */
export function useSiteHead() {
  const { localeProperties } = useI18n()
  useHead(() => ({
    htmlAttrs: { lang: localeProperties.value.language },
    titleTemplate: title => title ? `${title} · Gardu` : 'Gardu',
    link: [{ rel: 'icon', type: 'image/svg+xml', href: '/favicon.svg' }],
    meta: [{ name: 'theme-color', content: '#0e6954' }],
  }))
}
