CREATE TABLE "alarm_rules" (
	"id" uuid PRIMARY KEY NOT NULL,
	"measure" text NOT NULL,
	"threshold" double precision NOT NULL,
	"minutes" integer NOT NULL,
	"severity" text NOT NULL,
	"enabled" boolean DEFAULT true NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "alarm_rules_measure" CHECK ("alarm_rules"."measure" in ('node_cpu', 'node_memory', 'node_disk', 'node_offline', 'storage_used', 'storage_inactive', 'panel_load', 'panel_disk', 'connection_unhealthy', 'silent', 'failed_sagas', 'queue_age', 'mail_age')),
	CONSTRAINT "alarm_rules_severity" CHECK ("alarm_rules"."severity" in ('warning', 'critical')),
	CONSTRAINT "alarm_rules_minutes" CHECK ("alarm_rules"."minutes" between 0 and 1440),
	CONSTRAINT "alarm_rules_threshold" CHECK ("alarm_rules"."threshold" > 0)
);
--> statement-breakpoint
CREATE TABLE "alarms" (
	"id" uuid PRIMARY KEY NOT NULL,
	"rule_id" uuid,
	"measure" text NOT NULL,
	"severity" text NOT NULL,
	"threshold" double precision NOT NULL,
	"subject" text NOT NULL,
	"subject_name" text NOT NULL,
	"connection_id" uuid,
	"connection_name" text,
	"state" text NOT NULL,
	"value" double precision,
	"since" timestamp (3) with time zone NOT NULL,
	"seen_at" timestamp (3) with time zone NOT NULL,
	"calm_since" timestamp (3) with time zone,
	"fired_at" timestamp (3) with time zone,
	"resolved_at" timestamp (3) with time zone,
	"acknowledged_at" timestamp (3) with time zone,
	"acknowledged_by" text,
	"note" text,
	CONSTRAINT "alarms_state_known" CHECK ("alarms"."state" in ('pending', 'firing', 'resolved')),
	CONSTRAINT "alarms_severity" CHECK ("alarms"."severity" in ('warning', 'critical')),
	CONSTRAINT "alarms_moments" CHECK (("alarms"."state" = 'pending') = ("alarms"."fired_at" is null) and ("alarms"."state" = 'resolved') = ("alarms"."resolved_at" is not null))
);
--> statement-breakpoint
CREATE TABLE "metric_series" (
	"connection_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"name" text NOT NULL,
	"step" text NOT NULL,
	"starts_at" timestamp (3) with time zone NOT NULL,
	"points" "bytea" NOT NULL,
	CONSTRAINT "metric_series_connection_id_kind_name_step_starts_at_pk" PRIMARY KEY("connection_id","kind","name","step","starts_at"),
	CONSTRAINT "metric_series_kind" CHECK ("metric_series"."kind" in ('node', 'storage', 'panel')),
	CONSTRAINT "metric_series_step" CHECK ("metric_series"."step" in ('raw', 'five_minutes', 'hour', 'day'))
);
--> statement-breakpoint
CREATE TABLE "storages" (
	"connection_id" uuid NOT NULL,
	"key" text NOT NULL,
	"name" text NOT NULL,
	"node" text,
	"type" text NOT NULL,
	"shared" boolean NOT NULL,
	"active" boolean NOT NULL,
	"used" bigint,
	"total" bigint,
	"observed_at" timestamp (3) with time zone NOT NULL,
	"growth_per_day" double precision,
	"growth_days" integer DEFAULT 0 NOT NULL,
	CONSTRAINT "storages_connection_id_key_pk" PRIMARY KEY("connection_id","key")
);
--> statement-breakpoint
ALTER TABLE "connections" ADD COLUMN "health_since" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "connections" ADD COLUMN "answered_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "alarms" ADD CONSTRAINT "alarms_rule_id_alarm_rules_id_fk" FOREIGN KEY ("rule_id") REFERENCES "public"."alarm_rules"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "metric_series" ADD CONSTRAINT "metric_series_connection_id_connections_id_fk" FOREIGN KEY ("connection_id") REFERENCES "public"."connections"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "storages" ADD CONSTRAINT "storages_connection_id_connections_id_fk" FOREIGN KEY ("connection_id") REFERENCES "public"."connections"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "alarm_rules_once" ON "alarm_rules" USING btree ("measure","severity");--> statement-breakpoint
CREATE UNIQUE INDEX "alarms_one_open" ON "alarms" USING btree ("rule_id","subject") WHERE state in ('pending','firing');--> statement-breakpoint
CREATE INDEX "alarms_state" ON "alarms" USING btree ("state","fired_at");--> statement-breakpoint
CREATE INDEX "metric_series_age" ON "metric_series" USING btree ("step","starts_at");--> statement-breakpoint
-- hand-written: room on each page, so that a chunk that is written again stays on it and no index is touched
ALTER TABLE "metric_series" SET (fillfactor = 50);--> statement-breakpoint
-- hand-written: the alarm rules that every house begins with
INSERT INTO "alarm_rules" ("id", "measure", "threshold", "minutes", "severity", "created_at", "updated_at")
SELECT ('019a0000-0000-7000-8000-0000000000' || lpad(n::text, 2, '0'))::uuid, measure, threshold, minutes, severity, now(), now() FROM (VALUES
	(1, 'connection_unhealthy', 1, 3, 'critical'), (2, 'silent', 10, 0, 'critical'),
	(3, 'node_offline', 1, 2, 'critical'), (4, 'node_cpu', 0.9, 15, 'warning'), (5, 'node_memory', 0.9, 15, 'warning'), (6, 'node_memory', 0.97, 5, 'critical'), (7, 'node_disk', 0.9, 10, 'warning'),
	(8, 'storage_used', 0.8, 10, 'warning'), (9, 'storage_used', 0.92, 5, 'critical'), (10, 'storage_inactive', 1, 5, 'critical'),
	(11, 'panel_load', 20, 15, 'warning'), (12, 'panel_disk', 0.9, 10, 'warning'),
	(13, 'failed_sagas', 1, 5, 'warning'), (14, 'queue_age', 10, 5, 'warning'), (15, 'mail_age', 15, 5, 'warning')
) AS defaults (n, measure, threshold, minutes, severity);
-- end of hand-written
