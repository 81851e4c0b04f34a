/** Why an invoice cannot stand in a Coretax file. */
export const coretaxLacks = ['buyer_tax_id', 'buyer_npwp_16', 'buyer_address', 'tax_rule'] as const
export type CoretaxLack = typeof coretaxLacks[number]
