CREATE TABLE "price_announcements" (
	"id" uuid PRIMARY KEY NOT NULL,
	"product_id" uuid NOT NULL,
	"cycle" text NOT NULL,
	"price" bigint NOT NULL,
	"currency" char(3) DEFAULT 'IDR' NOT NULL,
	"effective_from" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"created_by" uuid NOT NULL,
	"cursor" uuid,
	"touched" integer DEFAULT 0 NOT NULL,
	"finished_at" timestamp (3) with time zone,
	"withdrawn_at" timestamp (3) with time zone,
	CONSTRAINT "price_announcements_currency" CHECK ("price_announcements"."currency" in ('IDR')),
	CONSTRAINT "price_announcements_cycle" CHECK ("price_announcements"."cycle" in ('monthly', 'quarterly', 'semiannually', 'annually', 'biennially', 'triennially')),
	CONSTRAINT "price_announcements_price" CHECK ("price_announcements"."price" >= 0)
);
--> statement-breakpoint
CREATE TABLE "service_discounts" (
	"service_id" uuid NOT NULL,
	"promo_id" uuid NOT NULL,
	"label" text NOT NULL,
	"kind" text NOT NULL,
	"value" bigint NOT NULL,
	"currency" char(3) DEFAULT 'IDR' NOT NULL,
	"periods" integer,
	CONSTRAINT "service_discounts_service_id_promo_id_pk" PRIMARY KEY("service_id","promo_id"),
	CONSTRAINT "service_discounts_currency" CHECK ("service_discounts"."currency" in ('IDR')),
	CONSTRAINT "service_discounts_kind" CHECK ("service_discounts"."kind" in ('percent', 'fixed')),
	CONSTRAINT "service_discounts_value" CHECK ("service_discounts"."value" > 0 and ("service_discounts"."kind" <> 'percent' or "service_discounts"."value" <= 100)),
	CONSTRAINT "service_discounts_periods" CHECK ("service_discounts"."periods" > 1)
);
--> statement-breakpoint
CREATE TABLE "service_price_changes" (
	"id" uuid PRIMARY KEY NOT NULL,
	"service_id" uuid NOT NULL,
	"announcement_id" uuid,
	"old_price" bigint NOT NULL,
	"price" bigint NOT NULL,
	"currency" char(3) DEFAULT 'IDR' NOT NULL,
	"effective_from" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"applied_at" timestamp (3) with time zone,
	"withdrawn_at" timestamp (3) with time zone,
	CONSTRAINT "service_price_changes_currency" CHECK ("service_price_changes"."currency" in ('IDR')),
	CONSTRAINT "service_price_changes_price" CHECK ("service_price_changes"."price" >= 0)
);
--> statement-breakpoint
ALTER TABLE "product_prices" DROP CONSTRAINT "product_prices_cycle";--> statement-breakpoint
ALTER TABLE "invoice_lines" DROP CONSTRAINT "invoice_lines_kind";--> statement-breakpoint
ALTER TABLE "services" DROP CONSTRAINT "services_cycle";--> statement-breakpoint
ALTER TABLE "promo_codes" ADD COLUMN "applies_to" text DEFAULT 'recurring' NOT NULL;--> statement-breakpoint
ALTER TABLE "promo_codes" ADD COLUMN "periods" integer DEFAULT 1;--> statement-breakpoint
ALTER TABLE "promo_codes" ADD COLUMN "max_per_client" integer DEFAULT 1;--> statement-breakpoint
ALTER TABLE "promo_codes" ADD COLUMN "new_clients_only" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "promo_codes" ADD COLUMN "minimum_order" bigint;--> statement-breakpoint
ALTER TABLE "promo_codes" ADD COLUMN "combinable" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "promo_redemptions" ADD COLUMN "use" integer;--> statement-breakpoint
ALTER TABLE "carts" ADD COLUMN "promo_codes" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "invoice_lines" ADD COLUMN "promo_id" uuid;--> statement-breakpoint
ALTER TABLE "orders" ADD COLUMN "promo_codes" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "services" ADD COLUMN "price_locked_until" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "price_announcements" ADD CONSTRAINT "price_announcements_product_id_products_id_fk" FOREIGN KEY ("product_id") REFERENCES "public"."products"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "price_announcements" ADD CONSTRAINT "price_announcements_created_by_users_id_fk" FOREIGN KEY ("created_by") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service_discounts" ADD CONSTRAINT "service_discounts_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service_discounts" ADD CONSTRAINT "service_discounts_promo_id_promo_codes_id_fk" FOREIGN KEY ("promo_id") REFERENCES "public"."promo_codes"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service_price_changes" ADD CONSTRAINT "service_price_changes_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service_price_changes" ADD CONSTRAINT "service_price_changes_announcement_id_price_announcements_id_fk" FOREIGN KEY ("announcement_id") REFERENCES "public"."price_announcements"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "price_announcements_product" ON "price_announcements" USING btree ("product_id","created_at");--> statement-breakpoint
CREATE UNIQUE INDEX "service_price_changes_once" ON "service_price_changes" USING btree ("announcement_id","service_id");--> statement-breakpoint
CREATE INDEX "service_price_changes_pending" ON "service_price_changes" USING btree ("service_id","effective_from") WHERE applied_at is null and withdrawn_at is null;--> statement-breakpoint
ALTER TABLE "invoice_lines" ADD CONSTRAINT "invoice_lines_promo_id_promo_codes_id_fk" FOREIGN KEY ("promo_id") REFERENCES "public"."promo_codes"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "invoice_lines_promo" ON "invoice_lines" USING btree ("promo_id","service_id") WHERE promo_id is not null;--> statement-breakpoint
ALTER TABLE "product_prices" ADD CONSTRAINT "product_prices_cycle" CHECK ("product_prices"."cycle" in ('monthly', 'quarterly', 'semiannually', 'annually', 'biennially', 'triennially'));--> statement-breakpoint
ALTER TABLE "promo_codes" ADD CONSTRAINT "promo_codes_target" CHECK ("promo_codes"."applies_to" in ('recurring', 'setup', 'both'));--> statement-breakpoint
ALTER TABLE "promo_codes" ADD CONSTRAINT "promo_codes_periods" CHECK ("promo_codes"."periods" >= 1 and ("promo_codes"."applies_to" <> 'setup' or coalesce("promo_codes"."periods", 0) = 1));--> statement-breakpoint
ALTER TABLE "promo_codes" ADD CONSTRAINT "promo_codes_limits" CHECK ("promo_codes"."max_per_client" >= 1 and "promo_codes"."minimum_order" > 0);--> statement-breakpoint
ALTER TABLE "invoice_lines" ADD CONSTRAINT "invoice_lines_kind" CHECK ("invoice_lines"."kind" in ('service', 'setup', 'discount', 'setup_discount', 'other', 'deposit'));--> statement-breakpoint
ALTER TABLE "services" ADD CONSTRAINT "services_cycle" CHECK ("services"."cycle" in ('monthly', 'quarterly', 'semiannually', 'annually', 'biennially', 'triennially'));
--> statement-breakpoint
-- By hand: what the old columns said, told by the new ones.
UPDATE promo_codes SET max_per_client = NULL WHERE NOT once_per_client;
--> statement-breakpoint
UPDATE promo_redemptions r SET use = n.use FROM (SELECT id, row_number() OVER (PARTITION BY promo_id, client_id ORDER BY at, id) AS use FROM promo_redemptions) n WHERE n.id = r.id;
--> statement-breakpoint
ALTER TABLE "promo_redemptions" ALTER COLUMN "use" SET NOT NULL;
--> statement-breakpoint
UPDATE carts SET promo_codes = jsonb_build_array(promo_code) WHERE promo_code IS NOT NULL;
--> statement-breakpoint
UPDATE orders SET promo_codes = jsonb_build_array(promo_code) WHERE promo_code IS NOT NULL;
--> statement-breakpoint
UPDATE invoice_lines l SET promo_id = r.promo_id FROM invoices i, promo_redemptions r WHERE i.id = l.invoice_id AND r.order_id = i.order_id AND l.kind = 'discount';
--> statement-breakpoint
DROP INDEX "promo_redemptions_once";
--> statement-breakpoint
CREATE UNIQUE INDEX "promo_redemptions_once" ON "promo_redemptions" USING btree ("promo_id","client_id","use") WHERE status <> 'released';
--> statement-breakpoint
ALTER TABLE "promo_codes" DROP COLUMN "once_per_client";
--> statement-breakpoint
ALTER TABLE "promo_redemptions" DROP COLUMN "client_key";
--> statement-breakpoint
ALTER TABLE "carts" DROP COLUMN "promo_code";
--> statement-breakpoint
ALTER TABLE "orders" DROP COLUMN "promo_code";
