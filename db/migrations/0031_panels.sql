CREATE TABLE "packages" (
	"id" uuid PRIMARY KEY NOT NULL,
	"connection_id" uuid NOT NULL,
	"name" text NOT NULL,
	"disk_mi_b" double precision,
	"bandwidth_mi_b" double precision,
	"max_addon_domains" integer,
	"max_mailboxes" integer,
	"max_databases" integer,
	"present" boolean DEFAULT true NOT NULL,
	"seen_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "panel_servers" (
	"connection_id" uuid PRIMARY KEY NOT NULL,
	"hostname" text,
	"load" double precision,
	"disk_mount" text,
	"disk_used" bigint,
	"disk_total" bigint,
	"accounts" integer,
	"max_accounts" integer,
	"observed_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "connections" DROP CONSTRAINT "connections_kind";--> statement-breakpoint
ALTER TABLE "packages" ADD CONSTRAINT "packages_connection_id_connections_id_fk" FOREIGN KEY ("connection_id") REFERENCES "public"."connections"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "panel_servers" ADD CONSTRAINT "panel_servers_connection_id_connections_id_fk" FOREIGN KEY ("connection_id") REFERENCES "public"."connections"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "packages_remote" ON "packages" USING btree ("connection_id","name");--> statement-breakpoint
ALTER TABLE "connections" ADD CONSTRAINT "connections_kind" CHECK ("connections"."kind" in ('proxmox', 'vcenter', 'esxi', 'whm'));