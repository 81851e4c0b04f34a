ALTER TABLE "product_prices" DROP CONSTRAINT "product_prices_cycle";--> statement-breakpoint
ALTER TABLE "products" DROP CONSTRAINT "products_kind";--> statement-breakpoint
ALTER TABLE "services" DROP CONSTRAINT "services_cycle";--> statement-breakpoint
ALTER TABLE "product_option_prices" DROP CONSTRAINT "product_option_prices_cycle";--> statement-breakpoint
ALTER TABLE "paid_periods" ALTER COLUMN "period_end" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "services" ADD COLUMN "delivered_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "service_changes" ADD COLUMN "setups" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "product_prices" ADD CONSTRAINT "product_prices_cycle" CHECK ("product_prices"."cycle" in ('monthly', 'quarterly', 'semiannually', 'annually', 'biennially', 'triennially', 'one_time'));--> statement-breakpoint
ALTER TABLE "products" ADD CONSTRAINT "products_kind" CHECK ("products"."kind" in ('vps', 'hosting', 'work'));--> statement-breakpoint
ALTER TABLE "services" ADD CONSTRAINT "services_cycle" CHECK ("services"."cycle" in ('monthly', 'quarterly', 'semiannually', 'annually', 'biennially', 'triennially', 'one_time'));--> statement-breakpoint
ALTER TABLE "product_option_prices" ADD CONSTRAINT "product_option_prices_cycle" CHECK ("product_option_prices"."cycle" in ('monthly', 'quarterly', 'semiannually', 'annually', 'biennially', 'triennially', 'one_time'));