CREATE TABLE "ssh_keys" (
	"id" uuid PRIMARY KEY NOT NULL,
	"client_id" uuid NOT NULL,
	"name" text NOT NULL,
	"public_key" text NOT NULL,
	"fingerprint" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "ipv6_pools" (
	"id" uuid PRIMARY KEY NOT NULL,
	"connection_id" uuid NOT NULL,
	"name" text NOT NULL,
	"prefix" "inet" NOT NULL,
	"prefix_length" integer NOT NULL,
	"machine_length" integer NOT NULL,
	"gateway" "inet" NOT NULL,
	"nameservers" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"bridge" text,
	"vlan_tag" integer,
	"nodes" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"next_place" bigint NOT NULL,
	CONSTRAINT "ipv6_pools_family" CHECK (family("ipv6_pools"."prefix") = 6 and family("ipv6_pools"."gateway") = 6),
	CONSTRAINT "ipv6_pools_lengths" CHECK ("ipv6_pools"."machine_length" in (64, 128) and "ipv6_pools"."prefix_length" between 16 and "ipv6_pools"."machine_length" - 1),
	CONSTRAINT "ipv6_pools_vlan" CHECK ("ipv6_pools"."vlan_tag" between 1 and 4094)
);
--> statement-breakpoint
CREATE TABLE "ipv6_prefixes" (
	"id" uuid PRIMARY KEY NOT NULL,
	"pool_id" uuid NOT NULL,
	"place" bigint NOT NULL,
	"address" "inet" NOT NULL,
	"status" text NOT NULL,
	"service_id" uuid,
	"changed_at" timestamp (3) with time zone NOT NULL,
	"quarantine_until" timestamp (3) with time zone,
	CONSTRAINT "ipv6_prefixes_status_word" CHECK ("ipv6_prefixes"."status" in ('free', 'reserved', 'assigned', 'quarantine')),
	CONSTRAINT "ipv6_prefixes_owner" CHECK (("ipv6_prefixes"."status" in ('reserved','assigned')) = ("ipv6_prefixes"."service_id" is not null)),
	CONSTRAINT "ipv6_prefixes_quarantine" CHECK (("ipv6_prefixes"."status" = 'quarantine') = ("ipv6_prefixes"."quarantine_until" is not null))
);
--> statement-breakpoint
CREATE TABLE "iso_images" (
	"id" uuid PRIMARY KEY NOT NULL,
	"connection_id" uuid NOT NULL,
	"ref" text NOT NULL,
	"name" text NOT NULL,
	"bytes" double precision NOT NULL,
	"nodes" jsonb NOT NULL,
	"offered" boolean DEFAULT false NOT NULL,
	"present" boolean DEFAULT true NOT NULL,
	"seen_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "firewalls" (
	"service_id" uuid PRIMARY KEY NOT NULL,
	"version" integer NOT NULL,
	"policy_in" text NOT NULL,
	"rules" jsonb NOT NULL,
	"changed_at" timestamp (3) with time zone NOT NULL,
	"changed_by" text NOT NULL,
	CONSTRAINT "firewalls_policy" CHECK ("firewalls"."policy_in" in ('accept', 'drop'))
);
--> statement-breakpoint
CREATE TABLE "backup_schedules" (
	"service_id" uuid PRIMARY KEY NOT NULL,
	"frequency" text NOT NULL,
	"weekday" integer,
	"hour" integer NOT NULL,
	"next_at" timestamp (3) with time zone NOT NULL,
	"failures" integer DEFAULT 0 NOT NULL,
	"told" boolean DEFAULT false NOT NULL,
	"problem" text,
	"changed_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "backup_schedules_frequency" CHECK ("backup_schedules"."frequency" in ('daily', 'weekly')),
	CONSTRAINT "backup_schedules_time" CHECK ("backup_schedules"."hour" between 0 and 23 and ("backup_schedules"."frequency" = 'weekly') = ("backup_schedules"."weekday" is not null) and coalesce("backup_schedules"."weekday", 1) between 1 and 7)
);
--> statement-breakpoint
CREATE TABLE "machine_backups" (
	"id" uuid PRIMARY KEY NOT NULL,
	"service_id" uuid NOT NULL,
	"connection_id" uuid NOT NULL,
	"storage" text NOT NULL,
	"vmid" integer NOT NULL,
	"ownership_mark" uuid NOT NULL,
	"username" text,
	"template_id" uuid,
	"origin" text NOT NULL,
	"state" text NOT NULL,
	"volume" text,
	"size_bytes" bigint,
	"started_at" timestamp (3) with time zone NOT NULL,
	"made_at" timestamp (3) with time zone,
	"ended_at" timestamp (3) with time zone,
	"problem" text,
	CONSTRAINT "machine_backups_state" CHECK ("machine_backups"."state" in ('running', 'ready', 'failed', 'deleted', 'gone')),
	CONSTRAINT "machine_backups_origin" CHECK ("machine_backups"."origin" in ('client', 'staff', 'schedule')),
	CONSTRAINT "machine_backups_ready" CHECK ("machine_backups"."state" <> 'ready' or ("machine_backups"."volume" is not null and "machine_backups"."made_at" is not null))
);
--> statement-breakpoint
ALTER TABLE "drift_findings" DROP CONSTRAINT "drift_findings_kind";--> statement-breakpoint
ALTER TABLE "sagas" DROP CONSTRAINT "sagas_kind";--> statement-breakpoint
ALTER TABLE "products" ADD COLUMN "ipv6" boolean DEFAULT true NOT NULL;--> statement-breakpoint
ALTER TABLE "products" ADD COLUMN "backups_included" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "products" ADD COLUMN "backup_schedule" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "address_pools" ADD COLUMN "nodes" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "connections" ADD COLUMN "backup_storage" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "packages" ADD COLUMN "made_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "resources" ADD COLUMN "rescue" text;--> statement-breakpoint
ALTER TABLE "resources" ADD COLUMN "rescue_since" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "ssh_keys" ADD CONSTRAINT "ssh_keys_client_id_users_id_fk" FOREIGN KEY ("client_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ipv6_pools" ADD CONSTRAINT "ipv6_pools_connection_id_connections_id_fk" FOREIGN KEY ("connection_id") REFERENCES "public"."connections"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "ipv6_prefixes" ADD CONSTRAINT "ipv6_prefixes_pool_id_ipv6_pools_id_fk" FOREIGN KEY ("pool_id") REFERENCES "public"."ipv6_pools"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "iso_images" ADD CONSTRAINT "iso_images_connection_id_connections_id_fk" FOREIGN KEY ("connection_id") REFERENCES "public"."connections"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "firewalls" ADD CONSTRAINT "firewalls_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "backup_schedules" ADD CONSTRAINT "backup_schedules_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "machine_backups" ADD CONSTRAINT "machine_backups_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "machine_backups" ADD CONSTRAINT "machine_backups_connection_id_connections_id_fk" FOREIGN KEY ("connection_id") REFERENCES "public"."connections"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "ssh_keys_client" ON "ssh_keys" USING btree ("client_id","fingerprint");--> statement-breakpoint
CREATE UNIQUE INDEX "ipv6_pools_name" ON "ipv6_pools" USING btree ("name");--> statement-breakpoint
CREATE INDEX "ipv6_pools_connection" ON "ipv6_pools" USING btree ("connection_id");--> statement-breakpoint
CREATE UNIQUE INDEX "ipv6_prefixes_place" ON "ipv6_prefixes" USING btree ("pool_id","place");--> statement-breakpoint
CREATE UNIQUE INDEX "ipv6_prefixes_address" ON "ipv6_prefixes" USING btree ("address");--> statement-breakpoint
CREATE UNIQUE INDEX "ipv6_prefixes_service" ON "ipv6_prefixes" USING btree ("service_id") WHERE service_id is not null;--> statement-breakpoint
CREATE INDEX "ipv6_prefixes_status" ON "ipv6_prefixes" USING btree ("pool_id","status","place");--> statement-breakpoint
CREATE UNIQUE INDEX "iso_images_remote" ON "iso_images" USING btree ("connection_id","ref");--> statement-breakpoint
CREATE INDEX "backup_schedules_next" ON "backup_schedules" USING btree ("next_at");--> statement-breakpoint
CREATE INDEX "backup_schedules_failing" ON "backup_schedules" USING btree ("service_id") WHERE failures > 0;--> statement-breakpoint
CREATE INDEX "machine_backups_service" ON "machine_backups" USING btree ("service_id","started_at");--> statement-breakpoint
CREATE INDEX "machine_backups_held" ON "machine_backups" USING btree ("connection_id","storage") WHERE state in ('running', 'ready');--> statement-breakpoint
CREATE INDEX "machine_backups_failed" ON "machine_backups" USING btree ("started_at") WHERE state in ('failed', 'gone');--> statement-breakpoint
CREATE INDEX "audit_log_entity_id" ON "audit_log" USING btree ("entity_id","at");--> statement-breakpoint
ALTER TABLE "products" ADD CONSTRAINT "products_backups" CHECK ("products"."backups_included" between 0 and 50 and ("products"."backups_included" > 0 or not "products"."backup_schedule"));--> statement-breakpoint
ALTER TABLE "drift_findings" ADD CONSTRAINT "drift_findings_kind" CHECK ("drift_findings"."kind" in ('orphan_machine', 'missing_machine', 'copied_mark', 'wrong_place', 'renumbered', 'untagged', 'wrong_size', 'runs_although_suspended', 'leaked_address', 'missing_account', 'orphan_account', 'wrong_package', 'account_suspended', 'account_runs', 'account_renamed', 'account_domain'));--> statement-breakpoint
ALTER TABLE "resources" ADD CONSTRAINT "resources_rescue" CHECK (("resources"."rescue" is null) = ("resources"."rescue_since" is null));--> statement-breakpoint
ALTER TABLE "sagas" ADD CONSTRAINT "sagas_kind" CHECK ("sagas"."kind" in ('provision', 'suspend', 'resume', 'terminate', 'power', 'resize', 'snapshot', 'rollback', 'reinstall', 'firewall', 'access', 'rename', 'rescue', 'backup', 'restore', 'move'));