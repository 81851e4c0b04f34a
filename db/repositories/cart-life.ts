/** So long after it was last touched (milliseconds) a cart is kept. */
export const cartLife = 30 * 86_400_000
