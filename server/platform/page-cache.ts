/**
 * Cached pages of the storefront are thrown away when the catalogue changes. Where they are kept is Nitro's business: its plugin names
 * the act at start; a process without pages (tests, scripts) has nothing to throw away.
 */
let clear: () => Promise<void> = async () => {}

export const setPageInvalidation = (act: () => Promise<void>) => {
  clear = act
}

/** Resolves when no cached page of before is left. Rejects when the cache cannot be reached; such pages then lapse by their age. */
export const invalidatePages = (): Promise<void> => clear()
