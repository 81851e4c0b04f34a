CREATE TABLE "gateway_settings" (
	"gateway" text PRIMARY KEY NOT NULL,
	"paused_reason" text,
	"paused_at" timestamp (3) with time zone,
	"api_key" text,
	"notification_secret" text,
	"changed_at" timestamp (3) with time zone,
	CONSTRAINT "gateway_settings_gateway" CHECK ("gateway_settings"."gateway" in ('midtrans', 'xendit')),
	CONSTRAINT "gateway_settings_pause" CHECK (("gateway_settings"."paused_reason" is null) = ("gateway_settings"."paused_at" is null))
);
--> statement-breakpoint
CREATE TABLE "payment_method_settings" (
	"method" text PRIMARY KEY NOT NULL,
	"position" integer NOT NULL,
	"active" boolean NOT NULL,
	"minimum" bigint,
	"maximum" bigint,
	"currency" char(3) DEFAULT 'IDR' NOT NULL,
	"changed_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "payment_method_settings_method" CHECK ("payment_method_settings"."method" in ('qris', 'bca_va', 'mandiri_bill', 'bri_va', 'bni_va', 'permata_va', 'cimb_va', 'gopay', 'snap', 'xendit')),
	CONSTRAINT "payment_method_settings_bounds" CHECK ("payment_method_settings"."minimum" >= 0 and "payment_method_settings"."maximum" >= coalesce("payment_method_settings"."minimum", 0)),
	CONSTRAINT "payment_method_settings_currency" CHECK ("payment_method_settings"."currency" in ('IDR'))
);
--> statement-breakpoint
ALTER TABLE "webhooks" ADD COLUMN "gateway_transaction_id" text;