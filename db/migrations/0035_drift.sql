CREATE TABLE "drift_findings" (
	"id" uuid PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"connection_id" uuid NOT NULL,
	"key" text NOT NULL,
	"service_id" uuid,
	"node" text,
	"vmid" integer,
	"detail" jsonb NOT NULL,
	"first_seen_at" timestamp (3) with time zone NOT NULL,
	"last_seen_at" timestamp (3) with time zone NOT NULL,
	"resolved_at" timestamp (3) with time zone,
	"ignored_at" timestamp (3) with time zone,
	"ignored_by" text,
	"ignored_why" text,
	CONSTRAINT "drift_findings_kind" CHECK ("drift_findings"."kind" in ('orphan_machine', 'missing_machine', 'copied_mark', 'wrong_place', 'renumbered', 'untagged', 'wrong_size', 'runs_although_suspended', 'leaked_address')),
	CONSTRAINT "drift_findings_ignored" CHECK (("drift_findings"."ignored_at" is null) = ("drift_findings"."ignored_why" is null))
);
--> statement-breakpoint
ALTER TABLE "drift_findings" ADD CONSTRAINT "drift_findings_connection_id_connections_id_fk" FOREIGN KEY ("connection_id") REFERENCES "public"."connections"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "drift_findings" ADD CONSTRAINT "drift_findings_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "drift_findings_open" ON "drift_findings" USING btree ("connection_id","kind","key") WHERE resolved_at is null;--> statement-breakpoint
CREATE INDEX "drift_findings_list" ON "drift_findings" USING btree ("last_seen_at");--> statement-breakpoint
CREATE INDEX "drift_findings_service" ON "drift_findings" USING btree ("service_id");