CREATE TABLE "product_costs" (
	"id" uuid PRIMARY KEY NOT NULL,
	"product_id" uuid NOT NULL,
	"monthly" bigint NOT NULL,
	"currency" char(3) DEFAULT 'IDR' NOT NULL,
	"effective_from" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"created_by" uuid,
	CONSTRAINT "product_costs_amount" CHECK ("product_costs"."monthly" >= 0),
	CONSTRAINT "product_costs_currency" CHECK ("product_costs"."currency" in ('IDR'))
);
--> statement-breakpoint
ALTER TABLE "journal_entries" DROP CONSTRAINT "journal_entries_cause";--> statement-breakpoint
ALTER TABLE "product_costs" ADD CONSTRAINT "product_costs_product_id_products_id_fk" FOREIGN KEY ("product_id") REFERENCES "public"."products"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "product_costs" ADD CONSTRAINT "product_costs_created_by_users_id_fk" FOREIGN KEY ("created_by") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "product_costs_current" ON "product_costs" USING btree ("product_id","effective_from","id");--> statement-breakpoint
ALTER TABLE "journal_entries" ADD CONSTRAINT "journal_entries_cause" CHECK ("journal_entries"."cause" in ('invoice_issued', 'invoice_voided', 'invoice_uncollectible', 'payment_received', 'payment_reversed', 'credit_applied', 'manual_payment', 'refund', 'credit_note', 'credit_refund', 'deposit_paid', 'gateway_fee', 'gateway_payout', 'written_off', 'manual_entry'));