CREATE TABLE "product_option_choices" (
	"id" uuid PRIMARY KEY NOT NULL,
	"option_id" uuid NOT NULL,
	"key" text NOT NULL,
	"label" jsonb NOT NULL,
	"effect_amount" integer DEFAULT 0 NOT NULL,
	"position" integer DEFAULT 100 NOT NULL,
	"active" boolean DEFAULT true NOT NULL,
	CONSTRAINT "product_option_choices_effect" CHECK ("product_option_choices"."effect_amount" >= 0)
);
--> statement-breakpoint
CREATE TABLE "product_option_prices" (
	"id" uuid PRIMARY KEY NOT NULL,
	"option_id" uuid NOT NULL,
	"choice_id" uuid,
	"cycle" text NOT NULL,
	"price" bigint NOT NULL,
	"setup" bigint NOT NULL,
	"currency" char(3) DEFAULT 'IDR' NOT NULL,
	"effective_from" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"created_by" uuid,
	CONSTRAINT "product_option_prices_cycle" CHECK ("product_option_prices"."cycle" in ('monthly', 'quarterly', 'semiannually', 'annually', 'biennially', 'triennially')),
	CONSTRAINT "product_option_prices_amounts" CHECK ("product_option_prices"."price" >= 0 and "product_option_prices"."setup" >= 0),
	CONSTRAINT "product_option_prices_currency" CHECK ("product_option_prices"."currency" in ('IDR'))
);
--> statement-breakpoint
CREATE TABLE "product_options" (
	"id" uuid PRIMARY KEY NOT NULL,
	"product_id" uuid NOT NULL,
	"key" text NOT NULL,
	"kind" text NOT NULL,
	"label" jsonb NOT NULL,
	"min" integer DEFAULT 0 NOT NULL,
	"max" integer DEFAULT 1 NOT NULL,
	"step" integer DEFAULT 1 NOT NULL,
	"effect" text DEFAULT 'none' NOT NULL,
	"effect_amount" integer DEFAULT 0 NOT NULL,
	"position" integer DEFAULT 100 NOT NULL,
	"active" boolean DEFAULT true NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "product_options_kind" CHECK ("product_options"."kind" in ('number', 'choice', 'toggle')),
	CONSTRAINT "product_options_effect" CHECK ("product_options"."effect" in ('none', 'cpu_cores', 'ram_mib', 'disk_gib', 'rate_mbps')),
	CONSTRAINT "product_options_bounds" CHECK ("product_options"."min" >= 0 and "product_options"."max" >= "product_options"."min" and "product_options"."step" >= 1 and "product_options"."effect_amount" >= 0)
);
--> statement-breakpoint
ALTER TABLE "invoice_lines" DROP CONSTRAINT "invoice_lines_kind";--> statement-breakpoint
ALTER TABLE "services" ADD COLUMN "options" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "service_changes" ADD COLUMN "from_options" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "service_changes" ADD COLUMN "to_options" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "product_option_choices" ADD CONSTRAINT "product_option_choices_option_id_product_options_id_fk" FOREIGN KEY ("option_id") REFERENCES "public"."product_options"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "product_option_prices" ADD CONSTRAINT "product_option_prices_option_id_product_options_id_fk" FOREIGN KEY ("option_id") REFERENCES "public"."product_options"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "product_option_prices" ADD CONSTRAINT "product_option_prices_choice_id_product_option_choices_id_fk" FOREIGN KEY ("choice_id") REFERENCES "public"."product_option_choices"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "product_option_prices" ADD CONSTRAINT "product_option_prices_created_by_users_id_fk" FOREIGN KEY ("created_by") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "product_options" ADD CONSTRAINT "product_options_product_id_products_id_fk" FOREIGN KEY ("product_id") REFERENCES "public"."products"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "product_option_choices_key" ON "product_option_choices" USING btree ("option_id","key");--> statement-breakpoint
CREATE INDEX "product_option_prices_current" ON "product_option_prices" USING btree ("option_id","choice_id","cycle","effective_from");--> statement-breakpoint
CREATE UNIQUE INDEX "product_options_key" ON "product_options" USING btree ("product_id","key");--> statement-breakpoint
ALTER TABLE "invoice_lines" ADD CONSTRAINT "invoice_lines_kind" CHECK ("invoice_lines"."kind" in ('service', 'setup', 'discount', 'setup_discount', 'other', 'deposit', 'change', 'late_fee', 'option'));