CREATE TABLE "ipv6_pool_days" (
	"pool_id" uuid NOT NULL,
	"day" date NOT NULL,
	"held" integer NOT NULL,
	CONSTRAINT "ipv6_pool_days_pool_id_day_pk" PRIMARY KEY("pool_id","day")
);
--> statement-breakpoint
CREATE TABLE "machine_traffic" (
	"service_id" uuid NOT NULL,
	"month" text NOT NULL,
	"bytes_in" bigint NOT NULL,
	"bytes_out" bigint NOT NULL,
	"counter_in" bigint NOT NULL,
	"counter_out" bigint NOT NULL,
	"uptime_seconds" double precision NOT NULL,
	"read_at" timestamp (3) with time zone NOT NULL,
	"told80_at" timestamp (3) with time zone,
	"told100_at" timestamp (3) with time zone,
	CONSTRAINT "machine_traffic_service_id_month_pk" PRIMARY KEY("service_id","month"),
	CONSTRAINT "machine_traffic_month" CHECK ("machine_traffic"."month" ~ '^[0-9]{4}-[0-9]{2}$'),
	CONSTRAINT "machine_traffic_amounts" CHECK ("machine_traffic"."bytes_in" >= 0 and "machine_traffic"."bytes_out" >= 0)
);
--> statement-breakpoint
ALTER TABLE "product_options" DROP CONSTRAINT "product_options_effect";--> statement-breakpoint
ALTER TABLE "ipv6_prefixes" DROP CONSTRAINT "ipv6_prefixes_status_word";--> statement-breakpoint
ALTER TABLE "resources" DROP CONSTRAINT "resources_status";--> statement-breakpoint
ALTER TABLE "sagas" DROP CONSTRAINT "sagas_kind";--> statement-breakpoint
DROP INDEX "addresses_service";--> statement-breakpoint
ALTER TABLE "addresses" ADD COLUMN "ordinal" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "addresses" ADD COLUMN "leaves_first" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "ipv6_prefixes" ADD COLUMN "reason" text;--> statement-breakpoint
ALTER TABLE "templates" ADD COLUMN "nodes" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "templates" ADD COLUMN "machine_type" text DEFAULT 'vm' NOT NULL;--> statement-breakpoint
ALTER TABLE "hosting_accounts" ADD COLUMN "connection_id" uuid;--> statement-breakpoint
ALTER TABLE "resources" ADD COLUMN "rate_cap_mbps" integer;--> statement-breakpoint
ALTER TABLE "resources" ADD COLUMN "rate_cap_pending" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "resources" ADD COLUMN "rate_cap_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "ipv6_pool_days" ADD CONSTRAINT "ipv6_pool_days_pool_id_ipv6_pools_id_fk" FOREIGN KEY ("pool_id") REFERENCES "public"."ipv6_pools"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "ipv6_pool_days_day" ON "ipv6_pool_days" USING btree ("day");--> statement-breakpoint
CREATE INDEX "machine_traffic_month_of" ON "machine_traffic" USING btree ("month");--> statement-breakpoint
ALTER TABLE "hosting_accounts" ADD CONSTRAINT "hosting_accounts_connection_id_connections_id_fk" FOREIGN KEY ("connection_id") REFERENCES "public"."connections"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "service_changes_done" ON "service_changes" USING btree ("closed_at") WHERE status = 'done';--> statement-breakpoint
CREATE INDEX "hosting_accounts_connection" ON "hosting_accounts" USING btree ("connection_id","changed_at") WHERE not released;--> statement-breakpoint
CREATE INDEX "resources_rate_cap" ON "resources" USING btree ("service_id") WHERE rate_cap_mbps is not null or rate_cap_pending;--> statement-breakpoint
CREATE UNIQUE INDEX "addresses_service" ON "addresses" USING btree ("service_id","ordinal") WHERE service_id is not null;--> statement-breakpoint
ALTER TABLE "product_options" ADD CONSTRAINT "product_options_effect" CHECK ("product_options"."effect" in ('none', 'cpu_cores', 'ram_mib', 'disk_gib', 'rate_mbps', 'extra_ipv4'));--> statement-breakpoint
ALTER TABLE "addresses" ADD CONSTRAINT "addresses_ordinal" CHECK ("addresses"."ordinal" >= 0 and ("addresses"."service_id" is not null or ("addresses"."ordinal" = 0 and not "addresses"."leaves_first")) and not ("addresses"."ordinal" = 0 and "addresses"."leaves_first"));--> statement-breakpoint
ALTER TABLE "ipv6_prefixes" ADD CONSTRAINT "ipv6_prefixes_blocked" CHECK (("ipv6_prefixes"."status" = 'blocked') = ("ipv6_prefixes"."reason" is not null));--> statement-breakpoint
ALTER TABLE "ipv6_prefixes" ADD CONSTRAINT "ipv6_prefixes_status_word" CHECK ("ipv6_prefixes"."status" in ('free', 'reserved', 'assigned', 'quarantine', 'blocked'));--> statement-breakpoint
ALTER TABLE "templates" ADD CONSTRAINT "templates_machine_type" CHECK ("templates"."machine_type" in ('vm', 'container'));--> statement-breakpoint
ALTER TABLE "resources" ADD CONSTRAINT "resources_status" CHECK ("resources"."status" in ('none', 'provisioning', 'ready', 'stopped_by_policy', 'destroying', 'destroyed', 'error', 'unlinked'));--> statement-breakpoint
ALTER TABLE "sagas" ADD CONSTRAINT "sagas_kind" CHECK ("sagas"."kind" in ('provision', 'suspend', 'resume', 'terminate', 'power', 'resize', 'snapshot', 'rollback', 'reinstall', 'firewall', 'access', 'rename', 'rescue', 'backup', 'restore', 'move', 'ipv6', 'adopt', 'unlink', 'throttle'));--> statement-breakpoint
-- hand-written: machines of services are let go and given
INSERT INTO allowed_transitions (entity, "from", "to") VALUES ('resource', 'ready', 'unlinked'), ('resource', 'stopped_by_policy', 'unlinked'), ('resource', 'error', 'unlinked'), ('resource', 'unlinked', 'provisioning'), ('resource', 'unlinked', 'destroyed'), ('resource', 'stopped_by_policy', 'provisioning');
-- hand-written: end
--> statement-breakpoint
-- hand-written: accounts that are there keep their server; what is ordered and not made yet holds a place on the first server that may make it
UPDATE "hosting_accounts" h SET "connection_id" = coalesce(
  (SELECT r."connection_id" FROM "resources" r WHERE r."service_id" = h."service_id"),
  (SELECT c."connection_id" FROM "services" s JOIN "product_connections" c ON c."product_id" = s."product_id" WHERE s."id" = h."service_id" ORDER BY c."connection_id" LIMIT 1));
-- hand-written: end
