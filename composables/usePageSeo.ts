interface Seo { readonly title: string, readonly description: string, /** Personal pages stay out of search engines. */ readonly index?: boolean, readonly jsonLd?: readonly object[] }

/** Title, description, canonical address, both languages, Open Graph and structured data of a page. The canonical address has no query. */
export function usePageSeo(given: MaybeRefOrGetter<Seo>) {
  const site = useSite()
  const route = useRoute()
  const { locale } = useI18n()
  const switchLocale = useSwitchLocalePath()
  const address = (code: 'id' | 'en') => site.baseUrl + (switchLocale(code).split(/[?#]/)[0] ?? '/')
  const seo = computed(() => toValue(given))
  const index = () => seo.value.index ?? true
  useSeoMeta({
    title: () => seo.value.title, description: () => seo.value.description, robots: () => index() ? undefined : 'noindex, nofollow',
    ogTitle: () => seo.value.title, ogDescription: () => seo.value.description, ogType: 'website', ogSiteName: 'Gardu', ogUrl: () => address(locale.value), ogImage: `${site.baseUrl}/og.png`, ogImageWidth: 1200, ogImageHeight: 630, ogImageAlt: 'Gardu',
    ogLocale: () => locale.value === 'en' ? 'en_US' : 'id_ID', ogLocaleAlternate: () => [locale.value === 'en' ? 'id_ID' : 'en_US'], twitterCard: 'summary_large_image',
  })
  useHead(() => ({
    link: index() && route.matched.length > 0
      ? [{ rel: 'canonical', href: address(locale.value) }, { rel: 'alternate', hreflang: 'id', href: address('id') }, { rel: 'alternate', hreflang: 'en', href: address('en') }, { rel: 'alternate', hreflang: 'x-default', href: address('id') }]
      : [],
    // `<` would let a text end the element.
    script: (seo.value.jsonLd ?? []).map((data, i) => ({ key: `ld-${i}`, type: 'application/ld+json', innerHTML: JSON.stringify({ '@context': 'https://schema.org', ...data }).replaceAll('<', '\\u003c') })),
  }))
}

/** schema.org's way from the home page to this one. */
export function breadcrumbs(site: { readonly baseUrl: string }, steps: readonly { readonly name: string, readonly path: string }[]) {
  return { '@type': 'BreadcrumbList', 'itemListElement': steps.map((step, i) => ({ '@type': 'ListItem', 'position': i + 1, 'name': step.name, 'item': site.baseUrl + step.path })) }
}
