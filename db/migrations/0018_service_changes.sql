CREATE TABLE "period_prices" (
	"service_id" uuid NOT NULL,
	"period_start" timestamp (3) with time zone NOT NULL,
	"since" timestamp (3) with time zone NOT NULL,
	"change_id" uuid NOT NULL,
	"amount" bigint NOT NULL,
	"currency" char(3) DEFAULT 'IDR' NOT NULL,
	CONSTRAINT "period_prices_service_id_period_start_change_id_pk" PRIMARY KEY("service_id","period_start","change_id"),
	CONSTRAINT "period_prices_currency" CHECK ("period_prices"."currency" in ('IDR')),
	CONSTRAINT "period_prices_amount" CHECK ("period_prices"."amount" >= 0)
);
--> statement-breakpoint
CREATE TABLE "service_changes" (
	"id" uuid PRIMARY KEY NOT NULL,
	"service_id" uuid NOT NULL,
	"timing" text NOT NULL,
	"status" text NOT NULL,
	"from_product_id" uuid NOT NULL,
	"from_name" text NOT NULL,
	"from_spec" jsonb NOT NULL,
	"from_cycle" text NOT NULL,
	"from_price" bigint NOT NULL,
	"to_product_id" uuid NOT NULL,
	"to_name" text NOT NULL,
	"to_spec" jsonb NOT NULL,
	"to_cycle" text NOT NULL,
	"to_price" bigint NOT NULL,
	"currency" char(3) DEFAULT 'IDR' NOT NULL,
	"invoice_id" uuid,
	"expires_at" timestamp (3) with time zone,
	"starts_at" timestamp (3) with time zone,
	"actor" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"applied_at" timestamp (3) with time zone,
	"closed_at" timestamp (3) with time zone,
	"closed_reason" text,
	CONSTRAINT "service_changes_currency" CHECK ("service_changes"."currency" in ('IDR')),
	CONSTRAINT "service_changes_timing" CHECK ("service_changes"."timing" in ('now', 'renewal')),
	CONSTRAINT "service_changes_status" CHECK ("service_changes"."status" in ('waiting', 'applied', 'done', 'lapsed', 'cancelled')),
	CONSTRAINT "service_changes_from_cycle" CHECK ("service_changes"."from_cycle" in ('monthly', 'quarterly', 'semiannually', 'annually', 'biennially', 'triennially')),
	CONSTRAINT "service_changes_to_cycle" CHECK ("service_changes"."to_cycle" in ('monthly', 'quarterly', 'semiannually', 'annually', 'biennially', 'triennially')),
	CONSTRAINT "service_changes_prices" CHECK ("service_changes"."from_price" >= 0 and "service_changes"."to_price" >= 0),
	CONSTRAINT "service_changes_lapses" CHECK (("service_changes"."timing" = 'now') = ("service_changes"."expires_at" is not null))
);
--> statement-breakpoint
ALTER TABLE "invoice_lines" DROP CONSTRAINT "invoice_lines_kind";--> statement-breakpoint
ALTER TABLE "sagas" DROP CONSTRAINT "sagas_kind";--> statement-breakpoint
ALTER TABLE "services" ADD COLUMN "cancel_reason" text;--> statement-breakpoint
ALTER TABLE "services" ADD COLUMN "cancel_note" text;--> statement-breakpoint
ALTER TABLE "period_prices" ADD CONSTRAINT "period_prices_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "period_prices" ADD CONSTRAINT "period_prices_change_id_service_changes_id_fk" FOREIGN KEY ("change_id") REFERENCES "public"."service_changes"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service_changes" ADD CONSTRAINT "service_changes_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service_changes" ADD CONSTRAINT "service_changes_from_product_id_products_id_fk" FOREIGN KEY ("from_product_id") REFERENCES "public"."products"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service_changes" ADD CONSTRAINT "service_changes_to_product_id_products_id_fk" FOREIGN KEY ("to_product_id") REFERENCES "public"."products"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service_changes" ADD CONSTRAINT "service_changes_invoice_id_invoices_id_fk" FOREIGN KEY ("invoice_id") REFERENCES "public"."invoices"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "service_changes_one_open" ON "service_changes" USING btree ("service_id") WHERE status in ('waiting','applied');--> statement-breakpoint
CREATE UNIQUE INDEX "service_changes_invoice" ON "service_changes" USING btree ("invoice_id");--> statement-breakpoint
CREATE INDEX "service_changes_service" ON "service_changes" USING btree ("service_id","created_at");--> statement-breakpoint
CREATE INDEX "service_changes_product" ON "service_changes" USING btree ("to_product_id") WHERE status = 'waiting';--> statement-breakpoint
CREATE INDEX "service_changes_expires" ON "service_changes" USING btree ("expires_at") WHERE status = 'waiting';--> statement-breakpoint
CREATE INDEX "service_changes_starts" ON "service_changes" USING btree ("starts_at") WHERE status = 'waiting';--> statement-breakpoint
ALTER TABLE "invoice_lines" ADD CONSTRAINT "invoice_lines_kind" CHECK ("invoice_lines"."kind" in ('service', 'setup', 'discount', 'setup_discount', 'other', 'deposit', 'change'));--> statement-breakpoint
ALTER TABLE "services" ADD CONSTRAINT "services_cancel" CHECK ("services"."cancel_reason" in ('too_expensive', 'not_needed', 'other_provider', 'quality', 'other'));--> statement-breakpoint
ALTER TABLE "sagas" ADD CONSTRAINT "sagas_kind" CHECK ("sagas"."kind" in ('provision', 'suspend', 'resume', 'terminate', 'power', 'resize'));--> statement-breakpoint
CREATE TRIGGER period_prices_append_only BEFORE UPDATE OR DELETE ON period_prices FOR EACH ROW EXECUTE FUNCTION append_only();--> statement-breakpoint
CREATE TRIGGER service_changes_transition BEFORE UPDATE OF status ON service_changes FOR EACH ROW EXECUTE FUNCTION transition_allowed('change');--> statement-breakpoint
INSERT INTO allowed_transitions (entity, "from", "to") VALUES
  ('change', 'waiting', 'applied'), ('change', 'waiting', 'lapsed'), ('change', 'waiting', 'cancelled'), ('change', 'applied', 'done'), ('change', 'applied', 'lapsed');
