/** What every page may know of the seller: told by the server, carried to the browser in the page. */
export interface Site { readonly baseUrl: string, readonly name: string, readonly address: string, readonly email: string, readonly phone: string | null, readonly ppn: boolean, readonly demo: boolean }

export default defineNuxtPlugin({
  name: 'site',
  enforce: 'pre',
  setup() {
    const told = import.meta.server ? useRequestEvent()?.context.site as Site | undefined : undefined
    const site = useState<Site>('site', () => told ?? { baseUrl: '', name: 'Gardu', address: '', email: '', phone: null, ppn: true, demo: false })
    return { provide: { site: site.value } }
  },
})
