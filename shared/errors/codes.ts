/**
 * Every error that leaves the server. The value is its HTTP status.
 * The title of each code, in both languages, stands in `i18n/locales/<language>/errors.json`; a test compares the two.
 */
export const errorCodes = {
  invalid_input: 422, malformed_json: 400, body_too_large: 413, not_found: 404, method_not_allowed: 405, unauthenticated: 401, forbidden: 403,
  origin_refused: 403, rate_limited: 429, idempotency_key_reused: 422, request_in_progress: 409, internal: 500, unavailable: 503, conflict: 409,
  // identity
  credentials_wrong: 401, email_unverified: 403, account_locked: 429, totp_required: 401, totp_wrong: 401, code_wrong: 422, session_ended: 401,
  password_weak: 422, email_taken: 409,
  // clients, catalogue, ordering
  profile_incomplete: 409, product_unavailable: 409, price_changed: 409, promo_invalid: 422, promo_expired: 422, promo_exhausted: 422, promo_not_for_product: 422, promo_new_clients_only: 422, promo_minimum: 422, promo_not_combinable: 422, price_reaches_nobody: 409, service_ended: 409,
  option_unavailable: 409, option_invalid: 422,
  out_of_stock: 409, product_gone: 410, product_retired: 409, product_not_retired: 409, product_sold: 409, node_full: 409, hostname_invalid: 422, template_unavailable: 422, package_unavailable: 409, cart_empty: 409, trial_used: 409, trial_unavailable: 409, trial_alone: 409, capacity_unknown: 503,
  // money
  invoice_not_payable: 409, invoice_not_draft: 409, client_profile_missing: 409, invoice_not_creditable: 409, write_off_refused: 409, tax_number_taken: 409, seller_tax_id_missing: 409, payment_in_progress: 409, transfer_known: 409, gateway_unavailable: 503, gateway_not_configured: 503, method_unavailable: 422, transition_refused: 409,
  refund_exceeds: 409, refund_not_covered: 409, refund_method_unavailable: 409, deposit_refund_way: 409, payment_not_refundable: 409, second_person_required: 409, client_frozen: 409, payout_known: 409,
  webhook_refused: 401, webhook_unreadable: 400, billing_brake: 409, billing_second_person: 409, terms_in_use: 409, client_group_in_use: 409, plan_changed: 409,
  // ledger
  entry_reversed: 409, period_closed: 409, period_not_ready: 409,
  // changes of a service
  change_open: 409, change_closed: 409, renewal_open: 409, service_cancelled: 409, product_elsewhere: 409, product_of_other_machines: 409, disk_smaller: 409, not_an_upgrade: 409, cycle_at_renewal: 409, no_change: 409, trial_running: 409, term_fixed: 409, alignment_open: 409, alignment_refused: 409, alignment_before: 409, paid_once: 409, paid_once_no_end: 409, work_delivered: 409, work_unpaid: 409, nothing_to_suspend: 409,
  // bank transfers, statements, credit
  file_refused: 422, file_too_large: 413, files_too_many: 409, statement_unknown: 422, statement_other_account: 409, statement_too_long: 422, bank_line_decided: 409, bank_line_bound: 409, bank_account_taken: 409, match_changed: 409, credit_insufficient: 409, deposits_open: 409,
  // machines
  service_not_ready: 409, service_suspended: 402, action_in_progress: 409, machine_not_ours: 409, credentials_already_shown: 410, console_unsupported: 409, drift_not_repairable: 409, machine_not_running: 409,
  ssh_keys_full: 409, access_unsupported: 409, ipv6_unsupported: 409, ipv6_unavailable: 409, rescue_unsupported: 409, rescue_running: 409, rescue_not_running: 409, image_unavailable: 409,
  snapshots_not_offered: 409, snapshots_unsupported: 409, snapshot_limit: 409, snapshot_gone: 404, snapshot_by_hand: 409, machine_unreachable: 503, reinstall_no_room: 409, reinstall_storage_content: 409, rename_customised: 409, move_storage_content: 409, move_unsupported: 409, move_target: 409, move_no_room: 409, move_refused: 409, adoption_unsupported: 409, adopt_refused: 409, adopt_has_machine: 409, adopt_wrong_size: 409, step_not_skippable: 409, template_not_here: 409, firewall_unsupported: 409, firewall_changed: 409, task_begun: 409,
  bulk_nothing_to_do: 409, bulk_changed: 409, bulk_too_many: 409, bulk_none_able: 409, bulk_closed: 409, bulk_count_changed: 409,
  backups_not_offered: 409, backups_unsupported: 409, backup_limit: 409, backup_gone: 404, backup_elsewhere: 409, rebuild_other_kind: 409, rebuild_too_large: 409, rebuild_unreadable: 409, backup_schedule_not_offered: 409,
  connection_failed: 502, connection_in_use: 409, package_exists: 409, package_not_ours: 409, package_changed: 409, address_pool_in_use: 409, address_changed: 409, address_list_unknown: 422, slug_taken: 409, code_taken: 409,
} as const satisfies Record<string, number>

export type ErrorCode = keyof typeof errorCodes

export interface FieldError { path: string, code: string, message: string, params?: Readonly<Record<string, string | number>> }

/**
 * The only error that a use case throws on purpose. `params` fill the translated title; `fields` name the inputs that are wrong;
 * `detail` is for staff and logs and is shown to nobody else.
 */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly params: Readonly<Record<string, string | number>>
  readonly fields: readonly FieldError[]
  readonly retryAfterSeconds: number | undefined
  constructor(code: ErrorCode, options: { params?: Record<string, string | number>, fields?: FieldError[], retryAfterSeconds?: number, cause?: unknown, message?: string } = {}) {
    super(options.message ?? code, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'AppError'
    this.code = code
    this.params = options.params ?? {}
    this.fields = options.fields ?? []
    this.retryAfterSeconds = options.retryAfterSeconds
  }

  get status(): number { return errorCodes[this.code] }
}

/** One field of an input is wrong; `code` is a key below `fields` in errors.json. */
export const fieldError = (path: string, code: string, message = code): AppError => new AppError('invalid_input', { fields: [{ path, code, message }] })
