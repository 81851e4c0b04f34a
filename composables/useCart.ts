import { putCart, showCart } from '#shared/contracts/storefront.ts'
import type { cartInput } from '#shared/contracts/storefront.ts'
import { mostPromos } from '#shared/vocabulary/catalog.ts'
import type { z } from 'zod'

export type Quote = ApiResult<typeof showCart>
export type CartItem = z.input<typeof cartInput>['items'][number]

/**
 * The cart as the server keeps and prices it. Every change replaces the whole cart and answers the new price.
 * @throws ApiProblem from each act.
 */
export function useCart() {
  const api = useApi()
  const quote = useState<Quote | null>('cart-quote', () => null)
  const event = useRequestEvent()
  const codesOf = (of: Quote | null): string[] => (of?.promos ?? []).map(({ code }) => code)
  const itemsOf = (of: Quote | null): CartItem[] => (of?.lines ?? []).map(({ productId, cycle, hostname, templateId, sshKey, trial, options }) => ({ productId, cycle, hostname, templateId, sshKey, trial: trial !== null, options: options.map(({ optionId, quantity, choiceId }) => choiceId ? { optionId, choiceId } : { optionId, quantity }) }))

  async function load() {
    quote.value = await api(showCart)
    return quote.value
  }
  async function replace(items: readonly CartItem[], promoCodes: readonly string[]) {
    const body = { items: [...items], promoCodes: [...promoCodes] }
    quote.value = event ? await replaceFromServer(body) : await api(putCart, { body })
    return quote.value
  }
  /** While the server renders, the cart's cookie has to be handed on to the visitor by hand. */
  async function replaceFromServer(body: object): Promise<Quote> {
    const reply = await event?.fetch('/api/storefront/cart', { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
    const cookies = reply?.headers.getSetCookie() ?? []
    if (cookies.length > 0) event?.node.res.appendHeader('set-cookie', cookies)
    const answer: unknown = await reply?.json().catch(() => null)
    if (!reply?.ok) throw problemOf({ data: answer }) ?? new Error('the cart did not answer')
    return answer as Quote
  }
  return {
    quote, load,
    /** Adds an item; the same product under the same host name is replaced, not doubled. */
    async add(item: CartItem) {
      const now = await load()
      const others = itemsOf(now).filter(other => other.productId !== item.productId || other.hostname !== item.hostname)
      return replace([...others, item], codesOf(now))
    },
    /** The SSH keys of one machine, one a line; null: none. */
    async setKeys(index: number, sshKey: string | null) {
      const now = await load()
      return replace(itemsOf(now).map((item, i) => i === index ? { ...item, sshKey } : item), codesOf(now))
    },
    async remove(index: number) {
      const now = await load()
      return replace(itemsOf(now).filter((_, i) => i !== index), codesOf(now))
    },
    /** Adds a code to those that are there; where they cannot stand together the new one takes their place. */
    async usePromo(code: string) {
      const now = await load()
      const others = now.promos.filter(promo => promo.problem === null && promo.code !== code.toUpperCase()).map(promo => promo.code)
      const together = await replace(itemsOf(now), others.length < mostPromos ? [...others, code] : [code])
      return together.promos.some(promo => promo.problem === 'promo_not_combinable') ? replace(itemsOf(now), [code]) : together
    },
    async dropPromo(code: string) {
      const now = await load()
      return replace(itemsOf(now), codesOf(now).filter(other => other !== code.toUpperCase()))
    },
    /** What the cart lost is told no more. */
    async acknowledge() {
      const now = await load()
      return replace(itemsOf(now), codesOf(now))
    },
    clear: () => replace([], []),
    items: () => itemsOf(quote.value),
  }
}
