CREATE TABLE "ptr_records" (
	"address" "inet" PRIMARY KEY NOT NULL,
	"service_id" uuid,
	"name" text,
	"state" text NOT NULL,
	"problem" text,
	"version" integer NOT NULL,
	"changed_at" timestamp (3) with time zone NOT NULL,
	"changed_by" text NOT NULL,
	CONSTRAINT "ptr_records_state" CHECK ("ptr_records"."state" in ('pending', 'active', 'failed')),
	CONSTRAINT "ptr_records_owner" CHECK (("ptr_records"."service_id" is null) = ("ptr_records"."name" is null)),
	CONSTRAINT "ptr_records_active" CHECK ("ptr_records"."state" <> 'active' or "ptr_records"."name" is not null)
);
--> statement-breakpoint
CREATE TABLE "reverse_dns_settings" (
	"id" text PRIMARY KEY DEFAULT 'powerdns' NOT NULL,
	"url" text NOT NULL,
	"tls_mode" text NOT NULL,
	"tls_ca_pem" text,
	"tls_fingerprint" text,
	"server_id" text NOT NULL,
	"api_key" text NOT NULL,
	"template" text NOT NULL,
	"ttl" integer NOT NULL,
	"changed_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "reverse_dns_settings_one" CHECK ("reverse_dns_settings"."id" = 'powerdns'),
	CONSTRAINT "reverse_dns_settings_tls" CHECK ("reverse_dns_settings"."tls_mode" in ('system', 'ca', 'fingerprint')),
	CONSTRAINT "reverse_dns_settings_ttl" CHECK ("reverse_dns_settings"."ttl" between 60 and 604800)
);
--> statement-breakpoint
CREATE INDEX "ptr_records_service" ON "ptr_records" USING btree ("service_id");--> statement-breakpoint
CREATE INDEX "ptr_records_open" ON "ptr_records" USING btree ("changed_at") WHERE state <> 'active';