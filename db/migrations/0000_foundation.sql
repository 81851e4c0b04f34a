CREATE TABLE "audit_log" (
	"id" uuid PRIMARY KEY NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"actor_id" uuid,
	"actor_name" text NOT NULL,
	"action" text NOT NULL,
	"entity" text NOT NULL,
	"entity_id" text,
	"before" jsonb,
	"after" jsonb,
	"request_id" text
);
--> statement-breakpoint
CREATE TABLE "client_profiles" (
	"user_id" uuid PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"company_name" text,
	"nik" text,
	"npwp" text,
	"phone" text NOT NULL,
	"address_line" text NOT NULL,
	"city" text NOT NULL,
	"province" text NOT NULL,
	"postal_code" text NOT NULL,
	"country" text DEFAULT 'ID' NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "client_profiles_kind" CHECK ("client_profiles"."kind" in ('person', 'company'))
);
--> statement-breakpoint
CREATE TABLE "idempotency_keys" (
	"scope" text NOT NULL,
	"key" text NOT NULL,
	"request_hash" text NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	"status" integer,
	"body" text,
	"finished" boolean DEFAULT false NOT NULL,
	CONSTRAINT "idempotency_keys_scope_key_pk" PRIMARY KEY("scope","key")
);
--> statement-breakpoint
CREATE TABLE "recovery_codes" (
	"user_id" uuid NOT NULL,
	"code_hash" text NOT NULL,
	"used_at" timestamp (3) with time zone,
	CONSTRAINT "recovery_codes_user_id_code_hash_pk" PRIMARY KEY("user_id","code_hash")
);
--> statement-breakpoint
CREATE TABLE "refresh_tokens" (
	"token_hash" text PRIMARY KEY NOT NULL,
	"session_id" uuid NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"used_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "sessions" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"last_used_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone,
	"ended_because" text,
	"user_agent" text,
	"ip" text
);
--> statement-breakpoint
CREATE TABLE "settings" (
	"key" text PRIMARY KEY NOT NULL,
	"value" text NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "users" (
	"id" uuid PRIMARY KEY NOT NULL,
	"email" text NOT NULL,
	"name" text NOT NULL,
	"password_hash" text NOT NULL,
	"role" text DEFAULT 'client' NOT NULL,
	"locale" text DEFAULT 'id' NOT NULL,
	"email_verified_at" timestamp (3) with time zone,
	"totp_secret" text,
	"totp_enabled_at" timestamp (3) with time zone,
	"totp_last_step" integer,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "users_role" CHECK ("users"."role" in ('client', 'sysadmin', 'business', 'finance', 'owner'))
);
--> statement-breakpoint
CREATE TABLE "product_connections" (
	"product_id" uuid NOT NULL,
	"connection_id" uuid NOT NULL,
	CONSTRAINT "product_connections_product_id_connection_id_pk" PRIMARY KEY("product_id","connection_id")
);
--> statement-breakpoint
CREATE TABLE "product_prices" (
	"id" uuid PRIMARY KEY NOT NULL,
	"product_id" uuid NOT NULL,
	"cycle" text NOT NULL,
	"price" bigint NOT NULL,
	"setup" bigint NOT NULL,
	"currency" char(3) DEFAULT 'IDR' NOT NULL,
	"effective_from" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"created_by" uuid,
	CONSTRAINT "product_prices_cycle" CHECK ("product_prices"."cycle" in ('monthly', 'quarterly', 'semiannually', 'annually')),
	CONSTRAINT "product_prices_amounts" CHECK ("product_prices"."price" >= 0 and "product_prices"."setup" >= 0),
	CONSTRAINT "product_prices_currency" CHECK ("product_prices"."currency" in ('IDR'))
);
--> statement-breakpoint
CREATE TABLE "product_templates" (
	"product_id" uuid NOT NULL,
	"template_id" uuid NOT NULL,
	CONSTRAINT "product_templates_product_id_template_id_pk" PRIMARY KEY("product_id","template_id")
);
--> statement-breakpoint
CREATE TABLE "products" (
	"id" uuid PRIMARY KEY NOT NULL,
	"slug" text NOT NULL,
	"kind" text NOT NULL,
	"name" text NOT NULL,
	"summary" jsonb NOT NULL,
	"description" jsonb NOT NULL,
	"spec" jsonb NOT NULL,
	"status" text DEFAULT 'draft' NOT NULL,
	"featured" boolean DEFAULT false NOT NULL,
	"position" integer DEFAULT 100 NOT NULL,
	"stock_limit" integer,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "products_slug_unique" UNIQUE("slug"),
	CONSTRAINT "products_kind" CHECK ("products"."kind" in ('vps', 'hosting')),
	CONSTRAINT "products_status" CHECK ("products"."status" in ('draft', 'active', 'retired')),
	CONSTRAINT "products_stock" CHECK ("products"."stock_limit" >= 0)
);
--> statement-breakpoint
CREATE TABLE "promo_codes" (
	"id" uuid PRIMARY KEY NOT NULL,
	"code" text NOT NULL,
	"kind" text NOT NULL,
	"value" bigint NOT NULL,
	"currency" char(3) DEFAULT 'IDR' NOT NULL,
	"active" boolean DEFAULT true NOT NULL,
	"starts_at" timestamp (3) with time zone,
	"ends_at" timestamp (3) with time zone,
	"max_redemptions" integer,
	"once_per_client" boolean DEFAULT true NOT NULL,
	"product_ids" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"cycles" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "promo_codes_kind" CHECK ("promo_codes"."kind" in ('percent', 'fixed')),
	CONSTRAINT "promo_codes_value" CHECK ("promo_codes"."value" > 0 and ("promo_codes"."kind" <> 'percent' or "promo_codes"."value" <= 100))
);
--> statement-breakpoint
CREATE TABLE "promo_redemptions" (
	"id" uuid PRIMARY KEY NOT NULL,
	"promo_id" uuid NOT NULL,
	"client_id" uuid NOT NULL,
	"order_id" uuid NOT NULL,
	"client_key" text NOT NULL,
	"status" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "promo_redemptions_status" CHECK ("promo_redemptions"."status" in ('reserved', 'committed', 'released'))
);
--> statement-breakpoint
CREATE TABLE "tlds" (
	"suffix" text PRIMARY KEY NOT NULL,
	"register" bigint NOT NULL,
	"renew" bigint NOT NULL,
	"currency" char(3) DEFAULT 'IDR' NOT NULL,
	"requirement" jsonb,
	"position" integer DEFAULT 100 NOT NULL,
	"active" boolean DEFAULT true NOT NULL,
	CONSTRAINT "tlds_amounts" CHECK ("tlds"."register" >= 0 and "tlds"."renew" >= 0)
);
--> statement-breakpoint
CREATE TABLE "address_pools" (
	"id" uuid PRIMARY KEY NOT NULL,
	"connection_id" uuid NOT NULL,
	"name" text NOT NULL,
	"first_address" "inet" NOT NULL,
	"last_address" "inet" NOT NULL,
	"prefix_length" integer NOT NULL,
	"gateway" "inet" NOT NULL,
	"nameservers" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "address_pools_range" CHECK ("address_pools"."first_address" <= "address_pools"."last_address")
);
--> statement-breakpoint
CREATE TABLE "addresses" (
	"id" uuid PRIMARY KEY NOT NULL,
	"pool_id" uuid NOT NULL,
	"address" "inet" NOT NULL,
	"status" text DEFAULT 'free' NOT NULL,
	"service_id" uuid,
	"changed_at" timestamp (3) with time zone NOT NULL,
	"quarantine_until" timestamp (3) with time zone,
	CONSTRAINT "addresses_status" CHECK ("addresses"."status" in ('free', 'reserved', 'assigned', 'quarantine')),
	CONSTRAINT "addresses_owner" CHECK (("addresses"."status" in ('reserved','assigned')) = ("addresses"."service_id" is not null))
);
--> statement-breakpoint
CREATE TABLE "connections" (
	"id" uuid PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"name" text NOT NULL,
	"url" text NOT NULL,
	"tls_mode" text NOT NULL,
	"tls_ca_pem" text,
	"tls_fingerprint" text,
	"token_id" text NOT NULL,
	"token_secret" text NOT NULL,
	"maintenance" boolean DEFAULT false NOT NULL,
	"storage" text NOT NULL,
	"bridge" text NOT NULL,
	"nodes" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"healthy" boolean,
	"checked_at" timestamp (3) with time zone,
	"problem" text,
	"version" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "connections_kind" CHECK ("connections"."kind" in ('proxmox')),
	CONSTRAINT "connections_tls" CHECK ("connections"."tls_mode" in ('system', 'ca', 'fingerprint'))
);
--> statement-breakpoint
CREATE TABLE "node_samples" (
	"connection_id" uuid NOT NULL,
	"node" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"cpu" double precision NOT NULL,
	"memory" double precision NOT NULL,
	CONSTRAINT "node_samples_connection_id_node_at_pk" PRIMARY KEY("connection_id","node","at")
);
--> statement-breakpoint
CREATE TABLE "nodes" (
	"connection_id" uuid NOT NULL,
	"node" text NOT NULL,
	"online" boolean NOT NULL,
	"cpu" double precision NOT NULL,
	"cpu_cores" integer NOT NULL,
	"memory_used" bigint NOT NULL,
	"memory_total" bigint NOT NULL,
	"disk_used" bigint NOT NULL,
	"disk_total" bigint NOT NULL,
	"load_average" double precision,
	"uptime_seconds" bigint NOT NULL,
	"version" text,
	"observed_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "nodes_connection_id_node_pk" PRIMARY KEY("connection_id","node")
);
--> statement-breakpoint
CREATE TABLE "templates" (
	"id" uuid PRIMARY KEY NOT NULL,
	"connection_id" uuid NOT NULL,
	"node" text NOT NULL,
	"vmid" integer NOT NULL,
	"name" text NOT NULL,
	"os_family" text NOT NULL,
	"username" text NOT NULL,
	"disk_gi_b" double precision NOT NULL,
	"present" boolean DEFAULT true NOT NULL,
	"seen_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "carts" (
	"id_hash" text PRIMARY KEY NOT NULL,
	"items" jsonb NOT NULL,
	"promo_code" text,
	"updated_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "billing_runs" (
	"id" uuid PRIMARY KEY NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	"finished_at" timestamp (3) with time zone,
	"status" text NOT NULL,
	"actor" text NOT NULL,
	"done" integer DEFAULT 0 NOT NULL,
	"skipped" integer DEFAULT 0 NOT NULL,
	"failed" integer DEFAULT 0 NOT NULL,
	"brake" text
);
--> statement-breakpoint
CREATE TABLE "dunning_notices" (
	"invoice_id" uuid NOT NULL,
	"service_id" uuid NOT NULL,
	"step" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "dunning_notices_invoice_id_service_id_step_pk" PRIMARY KEY("invoice_id","service_id","step")
);
--> statement-breakpoint
CREATE TABLE "invoice_counters" (
	"series" text NOT NULL,
	"year" integer NOT NULL,
	"last" integer NOT NULL,
	CONSTRAINT "invoice_counters_series_year_pk" PRIMARY KEY("series","year")
);
--> statement-breakpoint
CREATE TABLE "invoice_lines" (
	"id" uuid PRIMARY KEY NOT NULL,
	"invoice_id" uuid NOT NULL,
	"position" integer NOT NULL,
	"kind" text NOT NULL,
	"description" text NOT NULL,
	"service_id" uuid,
	"period_start" timestamp (3) with time zone,
	"period_end" timestamp (3) with time zone,
	"amount" bigint NOT NULL,
	"currency" char(3) DEFAULT 'IDR' NOT NULL,
	CONSTRAINT "invoice_lines_kind" CHECK ("invoice_lines"."kind" in ('service', 'setup', 'discount'))
);
--> statement-breakpoint
CREATE TABLE "invoices" (
	"id" uuid PRIMARY KEY NOT NULL,
	"client_id" uuid NOT NULL,
	"order_id" uuid,
	"status" text NOT NULL,
	"series" text,
	"year" integer,
	"sequence" integer,
	"number" text,
	"currency" char(3) DEFAULT 'IDR' NOT NULL,
	"subtotal" bigint NOT NULL,
	"discount" bigint NOT NULL,
	"taxable" bigint NOT NULL,
	"dpp" bigint NOT NULL,
	"tax" bigint NOT NULL,
	"total" bigint NOT NULL,
	"tax_rule" text NOT NULL,
	"issued_at" timestamp (3) with time zone,
	"due_at" timestamp (3) with time zone,
	"paid_at" timestamp (3) with time zone,
	"closed_at" timestamp (3) with time zone,
	"closed_reason" text,
	"buyer" jsonb NOT NULL,
	"seller" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "invoices_number_unique" UNIQUE("number"),
	CONSTRAINT "invoices_status" CHECK ("invoices"."status" in ('draft', 'issued', 'paid', 'void', 'uncollectible')),
	CONSTRAINT "invoices_sums" CHECK ("invoices"."taxable" = "invoices"."subtotal" - "invoices"."discount" and "invoices"."total" = "invoices"."taxable" + "invoices"."tax" and "invoices"."total" >= 0),
	CONSTRAINT "invoices_number" CHECK (("invoices"."status" = 'draft') = ("invoices"."number" is null))
);
--> statement-breakpoint
CREATE TABLE "journal_entries" (
	"id" uuid PRIMARY KEY NOT NULL,
	"cause" text NOT NULL,
	"cause_id" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"memo" text NOT NULL,
	"actor" text NOT NULL,
	CONSTRAINT "journal_entries_cause" CHECK ("journal_entries"."cause" in ('invoice_issued', 'invoice_voided', 'invoice_uncollectible', 'payment_received', 'payment_reversed', 'credit_applied', 'manual_payment', 'refund'))
);
--> statement-breakpoint
CREATE TABLE "journal_lines" (
	"entry_id" uuid NOT NULL,
	"position" integer NOT NULL,
	"account" text NOT NULL,
	"client_id" uuid,
	"invoice_id" uuid,
	"gateway" text,
	"amount" bigint NOT NULL,
	"currency" char(3) DEFAULT 'IDR' NOT NULL,
	CONSTRAINT "journal_lines_entry_id_position_pk" PRIMARY KEY("entry_id","position"),
	CONSTRAINT "journal_lines_account" CHECK ("journal_lines"."account" in ('receivable', 'gateway_clearing', 'bank', 'client_credit', 'ppn_payable', 'revenue', 'bad_debt', 'write_off', 'gateway_fees')),
	CONSTRAINT "journal_lines_not_zero" CHECK ("journal_lines"."amount" <> 0)
);
--> statement-breakpoint
CREATE TABLE "orders" (
	"id" uuid PRIMARY KEY NOT NULL,
	"number" text NOT NULL,
	"client_id" uuid NOT NULL,
	"status" text NOT NULL,
	"placed_at" timestamp (3) with time zone NOT NULL,
	"total" bigint NOT NULL,
	"currency" char(3) DEFAULT 'IDR' NOT NULL,
	"promo_code" text,
	CONSTRAINT "orders_number_unique" UNIQUE("number"),
	CONSTRAINT "orders_status" CHECK ("orders"."status" in ('placed', 'paid', 'fulfilling', 'fulfilled', 'cancelled'))
);
--> statement-breakpoint
CREATE TABLE "paid_periods" (
	"service_id" uuid NOT NULL,
	"period_start" timestamp (3) with time zone NOT NULL,
	"period_end" timestamp (3) with time zone NOT NULL,
	"invoice_id" uuid NOT NULL,
	"amount" bigint NOT NULL,
	"currency" char(3) DEFAULT 'IDR' NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "paid_periods_service_id_period_start_pk" PRIMARY KEY("service_id","period_start"),
	CONSTRAINT "paid_periods_order" CHECK ("paid_periods"."period_start" < "paid_periods"."period_end")
);
--> statement-breakpoint
CREATE TABLE "renewals" (
	"service_id" uuid NOT NULL,
	"period_start" timestamp (3) with time zone NOT NULL,
	"period_end" timestamp (3) with time zone NOT NULL,
	"invoice_id" uuid NOT NULL,
	CONSTRAINT "renewals_service_id_period_start_pk" PRIMARY KEY("service_id","period_start")
);
--> statement-breakpoint
CREATE TABLE "services" (
	"id" uuid PRIMARY KEY NOT NULL,
	"order_id" uuid NOT NULL,
	"client_id" uuid NOT NULL,
	"product_id" uuid NOT NULL,
	"product_name" text NOT NULL,
	"spec" jsonb NOT NULL,
	"hostname" text NOT NULL,
	"template_id" uuid,
	"ssh_key" text,
	"cycle" text NOT NULL,
	"price" bigint NOT NULL,
	"currency" char(3) DEFAULT 'IDR' NOT NULL,
	"status" text NOT NULL,
	"suspension_reason" text,
	"suspension_note" text,
	"end_reason" text,
	"ended_at" timestamp (3) with time zone,
	"cancel_at_period_end" boolean DEFAULT false NOT NULL,
	"anchor_day" integer,
	"hold_until" timestamp (3) with time zone,
	"hold_reason" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "services_status" CHECK ("services"."status" in ('pending', 'active', 'past_due', 'suspended', 'ended')),
	CONSTRAINT "services_cycle" CHECK ("services"."cycle" in ('monthly', 'quarterly', 'semiannually', 'annually')),
	CONSTRAINT "services_suspension" CHECK ("services"."suspension_reason" in ('nonpayment', 'abuse', 'request', 'other')),
	CONSTRAINT "services_end" CHECK ("services"."end_reason" in ('nonpayment', 'request', 'fraud', 'order_expired')),
	CONSTRAINT "services_suspended_with_reason" CHECK (("services"."status" = 'suspended') = ("services"."suspension_reason" is not null)),
	CONSTRAINT "services_ended_with_reason" CHECK (("services"."status" = 'ended') = ("services"."end_reason" is not null)),
	CONSTRAINT "services_price" CHECK ("services"."price" >= 0)
);
--> statement-breakpoint
CREATE TABLE "transitions" (
	"id" uuid PRIMARY KEY NOT NULL,
	"entity" text NOT NULL,
	"entity_id" uuid NOT NULL,
	"from" text NOT NULL,
	"to" text NOT NULL,
	"cause" text NOT NULL,
	"actor" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "payments" (
	"id" uuid PRIMARY KEY NOT NULL,
	"invoice_id" uuid NOT NULL,
	"client_id" uuid NOT NULL,
	"gateway" text,
	"method" text NOT NULL,
	"status" text NOT NULL,
	"gateway_order_id" text,
	"gateway_transaction_id" text,
	"amount" bigint NOT NULL,
	"settled_amount" bigint,
	"currency" char(3) DEFAULT 'IDR' NOT NULL,
	"instructions" jsonb,
	"reference" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone,
	"settled_at" timestamp (3) with time zone,
	"checked_at" timestamp (3) with time zone,
	"problem" text,
	CONSTRAINT "payments_gateway" CHECK ("payments"."gateway" in ('midtrans', 'xendit')),
	CONSTRAINT "payments_method" CHECK ("payments"."method" in ('snap', 'bca_va', 'bni_va', 'bri_va', 'permata_va', 'qris', 'credit', 'manual')),
	CONSTRAINT "payments_status" CHECK ("payments"."status" in ('created', 'pending', 'settled', 'expired', 'failed', 'denied', 'refunded', 'charged_back')),
	CONSTRAINT "payments_amount" CHECK ("payments"."amount" > 0)
);
--> statement-breakpoint
CREATE TABLE "webhooks" (
	"id" uuid PRIMARY KEY NOT NULL,
	"gateway" text NOT NULL,
	"dedupe_key" text NOT NULL,
	"status" text NOT NULL,
	"received_at" timestamp (3) with time zone NOT NULL,
	"handled_at" timestamp (3) with time zone,
	"order_id" text,
	"event" text,
	"body" text NOT NULL,
	"headers" jsonb NOT NULL,
	"reason" text,
	"attempts" integer DEFAULT 0 NOT NULL,
	"deliveries" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "webhooks_gateway" CHECK ("webhooks"."gateway" in ('midtrans', 'xendit')),
	CONSTRAINT "webhooks_status" CHECK ("webhooks"."status" in ('received', 'verified', 'refused', 'applied', 'parked'))
);
--> statement-breakpoint
CREATE TABLE "resources" (
	"service_id" uuid PRIMARY KEY NOT NULL,
	"status" text DEFAULT 'none' NOT NULL,
	"connection_id" uuid,
	"node" text,
	"vmid" integer,
	"ownership_mark" uuid NOT NULL,
	"power" text DEFAULT 'unknown' NOT NULL,
	"cpu" double precision,
	"memory_used_mi_b" double precision,
	"memory_total_mi_b" double precision,
	"uptime_seconds" double precision,
	"observed_at" timestamp (3) with time zone,
	"username" text,
	"initial_password" text,
	"problem" text,
	"changed_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "resources_status" CHECK ("resources"."status" in ('none', 'provisioning', 'ready', 'stopped_by_policy', 'destroying', 'destroyed', 'error')),
	CONSTRAINT "resources_power" CHECK ("resources"."power" in ('running', 'stopped', 'unknown'))
);
--> statement-breakpoint
CREATE TABLE "saga_steps" (
	"saga_id" uuid NOT NULL,
	"position" integer NOT NULL,
	"name" text NOT NULL,
	"status" text DEFAULT 'pending' NOT NULL,
	"started_at" timestamp (3) with time zone,
	"finished_at" timestamp (3) with time zone,
	"detail" text,
	CONSTRAINT "saga_steps_saga_id_position_pk" PRIMARY KEY("saga_id","position"),
	CONSTRAINT "saga_steps_status" CHECK ("saga_steps"."status" in ('pending', 'running', 'done', 'skipped', 'failed'))
);
--> statement-breakpoint
CREATE TABLE "sagas" (
	"id" uuid PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"action" text,
	"service_id" uuid NOT NULL,
	"status" text NOT NULL,
	"step" integer DEFAULT 0 NOT NULL,
	"state" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"attempt" integer DEFAULT 0 NOT NULL,
	"fence" integer DEFAULT 0 NOT NULL,
	"lease_until" timestamp (3) with time zone,
	"retry_at" timestamp (3) with time zone,
	"reason" text,
	"actor" text NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	"finished_at" timestamp (3) with time zone,
	CONSTRAINT "sagas_kind" CHECK ("sagas"."kind" in ('provision', 'suspend', 'resume', 'terminate', 'power')),
	CONSTRAINT "sagas_status" CHECK ("sagas"."status" in ('running', 'waiting', 'done', 'failed'))
);
--> statement-breakpoint
CREATE TABLE "mails" (
	"id" uuid PRIMARY KEY NOT NULL,
	"dedupe_key" text NOT NULL,
	"user_id" uuid,
	"recipient" text NOT NULL,
	"locale" text NOT NULL,
	"template" text NOT NULL,
	"params" jsonb NOT NULL,
	"status" text NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"last_error" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	"sent_at" timestamp (3) with time zone
);
--> statement-breakpoint
ALTER TABLE "client_profiles" ADD CONSTRAINT "client_profiles_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "recovery_codes" ADD CONSTRAINT "recovery_codes_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "refresh_tokens" ADD CONSTRAINT "refresh_tokens_session_id_sessions_id_fk" FOREIGN KEY ("session_id") REFERENCES "public"."sessions"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "product_connections" ADD CONSTRAINT "product_connections_product_id_products_id_fk" FOREIGN KEY ("product_id") REFERENCES "public"."products"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "product_connections" ADD CONSTRAINT "product_connections_connection_id_connections_id_fk" FOREIGN KEY ("connection_id") REFERENCES "public"."connections"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "product_prices" ADD CONSTRAINT "product_prices_product_id_products_id_fk" FOREIGN KEY ("product_id") REFERENCES "public"."products"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "product_prices" ADD CONSTRAINT "product_prices_created_by_users_id_fk" FOREIGN KEY ("created_by") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "product_templates" ADD CONSTRAINT "product_templates_product_id_products_id_fk" FOREIGN KEY ("product_id") REFERENCES "public"."products"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "product_templates" ADD CONSTRAINT "product_templates_template_id_templates_id_fk" FOREIGN KEY ("template_id") REFERENCES "public"."templates"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "promo_redemptions" ADD CONSTRAINT "promo_redemptions_promo_id_promo_codes_id_fk" FOREIGN KEY ("promo_id") REFERENCES "public"."promo_codes"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "promo_redemptions" ADD CONSTRAINT "promo_redemptions_client_id_users_id_fk" FOREIGN KEY ("client_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "address_pools" ADD CONSTRAINT "address_pools_connection_id_connections_id_fk" FOREIGN KEY ("connection_id") REFERENCES "public"."connections"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "addresses" ADD CONSTRAINT "addresses_pool_id_address_pools_id_fk" FOREIGN KEY ("pool_id") REFERENCES "public"."address_pools"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "node_samples" ADD CONSTRAINT "node_samples_connection_id_connections_id_fk" FOREIGN KEY ("connection_id") REFERENCES "public"."connections"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "nodes" ADD CONSTRAINT "nodes_connection_id_connections_id_fk" FOREIGN KEY ("connection_id") REFERENCES "public"."connections"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "templates" ADD CONSTRAINT "templates_connection_id_connections_id_fk" FOREIGN KEY ("connection_id") REFERENCES "public"."connections"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "dunning_notices" ADD CONSTRAINT "dunning_notices_invoice_id_invoices_id_fk" FOREIGN KEY ("invoice_id") REFERENCES "public"."invoices"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "dunning_notices" ADD CONSTRAINT "dunning_notices_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invoice_lines" ADD CONSTRAINT "invoice_lines_invoice_id_invoices_id_fk" FOREIGN KEY ("invoice_id") REFERENCES "public"."invoices"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invoice_lines" ADD CONSTRAINT "invoice_lines_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invoices" ADD CONSTRAINT "invoices_client_id_users_id_fk" FOREIGN KEY ("client_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invoices" ADD CONSTRAINT "invoices_order_id_orders_id_fk" FOREIGN KEY ("order_id") REFERENCES "public"."orders"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "journal_lines" ADD CONSTRAINT "journal_lines_entry_id_journal_entries_id_fk" FOREIGN KEY ("entry_id") REFERENCES "public"."journal_entries"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "journal_lines" ADD CONSTRAINT "journal_lines_client_id_users_id_fk" FOREIGN KEY ("client_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "journal_lines" ADD CONSTRAINT "journal_lines_invoice_id_invoices_id_fk" FOREIGN KEY ("invoice_id") REFERENCES "public"."invoices"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "orders" ADD CONSTRAINT "orders_client_id_users_id_fk" FOREIGN KEY ("client_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "paid_periods" ADD CONSTRAINT "paid_periods_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "paid_periods" ADD CONSTRAINT "paid_periods_invoice_id_invoices_id_fk" FOREIGN KEY ("invoice_id") REFERENCES "public"."invoices"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "renewals" ADD CONSTRAINT "renewals_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "renewals" ADD CONSTRAINT "renewals_invoice_id_invoices_id_fk" FOREIGN KEY ("invoice_id") REFERENCES "public"."invoices"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "services" ADD CONSTRAINT "services_order_id_orders_id_fk" FOREIGN KEY ("order_id") REFERENCES "public"."orders"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "services" ADD CONSTRAINT "services_client_id_users_id_fk" FOREIGN KEY ("client_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "services" ADD CONSTRAINT "services_product_id_products_id_fk" FOREIGN KEY ("product_id") REFERENCES "public"."products"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "services" ADD CONSTRAINT "services_template_id_templates_id_fk" FOREIGN KEY ("template_id") REFERENCES "public"."templates"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payments" ADD CONSTRAINT "payments_invoice_id_invoices_id_fk" FOREIGN KEY ("invoice_id") REFERENCES "public"."invoices"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payments" ADD CONSTRAINT "payments_client_id_users_id_fk" FOREIGN KEY ("client_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "resources" ADD CONSTRAINT "resources_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "resources" ADD CONSTRAINT "resources_connection_id_connections_id_fk" FOREIGN KEY ("connection_id") REFERENCES "public"."connections"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "saga_steps" ADD CONSTRAINT "saga_steps_saga_id_sagas_id_fk" FOREIGN KEY ("saga_id") REFERENCES "public"."sagas"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sagas" ADD CONSTRAINT "sagas_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "audit_log_at" ON "audit_log" USING btree ("at");--> statement-breakpoint
CREATE INDEX "audit_log_entity" ON "audit_log" USING btree ("entity","at");--> statement-breakpoint
CREATE INDEX "idempotency_keys_started" ON "idempotency_keys" USING btree ("started_at");--> statement-breakpoint
CREATE INDEX "refresh_tokens_session" ON "refresh_tokens" USING btree ("session_id");--> statement-breakpoint
CREATE INDEX "sessions_user" ON "sessions" USING btree ("user_id");--> statement-breakpoint
CREATE UNIQUE INDEX "users_email" ON "users" USING btree (lower("email"));--> statement-breakpoint
CREATE INDEX "users_created" ON "users" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "product_connections_connection" ON "product_connections" USING btree ("connection_id");--> statement-breakpoint
CREATE INDEX "product_prices_current" ON "product_prices" USING btree ("product_id","cycle","effective_from");--> statement-breakpoint
CREATE INDEX "product_templates_template" ON "product_templates" USING btree ("template_id");--> statement-breakpoint
CREATE INDEX "products_list" ON "products" USING btree ("kind","status","position");--> statement-breakpoint
CREATE UNIQUE INDEX "promo_codes_code" ON "promo_codes" USING btree (upper("code"));--> statement-breakpoint
CREATE UNIQUE INDEX "promo_redemptions_order" ON "promo_redemptions" USING btree ("promo_id","order_id");--> statement-breakpoint
CREATE UNIQUE INDEX "promo_redemptions_once" ON "promo_redemptions" USING btree ("promo_id","client_key") WHERE status <> 'released';--> statement-breakpoint
CREATE UNIQUE INDEX "address_pools_name" ON "address_pools" USING btree ("name");--> statement-breakpoint
CREATE UNIQUE INDEX "addresses_address" ON "addresses" USING btree ("address");--> statement-breakpoint
CREATE UNIQUE INDEX "addresses_service" ON "addresses" USING btree ("service_id") WHERE service_id is not null;--> statement-breakpoint
CREATE INDEX "addresses_free" ON "addresses" USING btree ("pool_id","status");--> statement-breakpoint
CREATE UNIQUE INDEX "connections_name" ON "connections" USING btree ("name");--> statement-breakpoint
CREATE UNIQUE INDEX "templates_remote" ON "templates" USING btree ("connection_id","vmid");--> statement-breakpoint
CREATE INDEX "carts_updated" ON "carts" USING btree ("updated_at");--> statement-breakpoint
CREATE INDEX "billing_runs_started" ON "billing_runs" USING btree ("started_at");--> statement-breakpoint
CREATE INDEX "invoice_lines_invoice" ON "invoice_lines" USING btree ("invoice_id","position");--> statement-breakpoint
CREATE INDEX "invoice_lines_service" ON "invoice_lines" USING btree ("service_id","period_start");--> statement-breakpoint
CREATE UNIQUE INDEX "invoices_sequence" ON "invoices" USING btree ("series","year","sequence");--> statement-breakpoint
CREATE INDEX "invoices_client" ON "invoices" USING btree ("client_id","created_at");--> statement-breakpoint
CREATE INDEX "invoices_due" ON "invoices" USING btree ("status","due_at");--> statement-breakpoint
CREATE INDEX "invoices_order" ON "invoices" USING btree ("order_id");--> statement-breakpoint
CREATE UNIQUE INDEX "journal_entries_once" ON "journal_entries" USING btree ("cause","cause_id");--> statement-breakpoint
CREATE INDEX "journal_entries_at" ON "journal_entries" USING btree ("at");--> statement-breakpoint
CREATE INDEX "journal_lines_invoice" ON "journal_lines" USING btree ("invoice_id");--> statement-breakpoint
CREATE INDEX "journal_lines_client" ON "journal_lines" USING btree ("client_id","account");--> statement-breakpoint
CREATE INDEX "journal_lines_account" ON "journal_lines" USING btree ("account");--> statement-breakpoint
CREATE INDEX "orders_client" ON "orders" USING btree ("client_id","placed_at");--> statement-breakpoint
CREATE INDEX "paid_periods_end" ON "paid_periods" USING btree ("service_id","period_end");--> statement-breakpoint
CREATE INDEX "renewals_invoice" ON "renewals" USING btree ("invoice_id");--> statement-breakpoint
CREATE INDEX "services_client" ON "services" USING btree ("client_id","created_at");--> statement-breakpoint
CREATE INDEX "services_order" ON "services" USING btree ("order_id");--> statement-breakpoint
CREATE INDEX "services_product" ON "services" USING btree ("product_id","status");--> statement-breakpoint
CREATE INDEX "services_status" ON "services" USING btree ("status","id");--> statement-breakpoint
CREATE INDEX "transitions_entity" ON "transitions" USING btree ("entity","entity_id","at");--> statement-breakpoint
CREATE UNIQUE INDEX "payments_gateway_order" ON "payments" USING btree ("gateway","gateway_order_id");--> statement-breakpoint
CREATE UNIQUE INDEX "payments_gateway_transaction" ON "payments" USING btree ("gateway","gateway_transaction_id");--> statement-breakpoint
CREATE UNIQUE INDEX "payments_one_live" ON "payments" USING btree ("invoice_id") WHERE status in ('created','pending');--> statement-breakpoint
CREATE INDEX "payments_invoice" ON "payments" USING btree ("invoice_id","created_at");--> statement-breakpoint
CREATE INDEX "payments_open" ON "payments" USING btree ("status","checked_at");--> statement-breakpoint
CREATE INDEX "payments_created" ON "payments" USING btree ("created_at");--> statement-breakpoint
CREATE UNIQUE INDEX "webhooks_dedupe" ON "webhooks" USING btree ("gateway","dedupe_key");--> statement-breakpoint
CREATE INDEX "webhooks_list" ON "webhooks" USING btree ("received_at");--> statement-breakpoint
CREATE INDEX "webhooks_status" ON "webhooks" USING btree ("status","received_at");--> statement-breakpoint
CREATE INDEX "webhooks_order" ON "webhooks" USING btree ("order_id");--> statement-breakpoint
CREATE UNIQUE INDEX "resources_mark" ON "resources" USING btree ("ownership_mark");--> statement-breakpoint
CREATE INDEX "resources_status" ON "resources" USING btree ("status");--> statement-breakpoint
CREATE INDEX "resources_connection" ON "resources" USING btree ("connection_id");--> statement-breakpoint
CREATE UNIQUE INDEX "sagas_one_open" ON "sagas" USING btree ("service_id") WHERE status in ('running','waiting');--> statement-breakpoint
CREATE INDEX "sagas_service" ON "sagas" USING btree ("service_id","started_at");--> statement-breakpoint
CREATE INDEX "sagas_due" ON "sagas" USING btree ("status","retry_at");--> statement-breakpoint
CREATE UNIQUE INDEX "mails_dedupe" ON "mails" USING btree ("dedupe_key");--> statement-breakpoint
CREATE INDEX "mails_status" ON "mails" USING btree ("status","created_at");--> statement-breakpoint
CREATE INDEX "mails_user" ON "mails" USING btree ("user_id","created_at");