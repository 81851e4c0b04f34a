CREATE TABLE "networks" (
	"id" uuid PRIMARY KEY NOT NULL,
	"connection_id" uuid NOT NULL,
	"name" text NOT NULL,
	"kind" text NOT NULL,
	"takes_tags" boolean,
	"vlan_tag" integer,
	"nodes" jsonb NOT NULL,
	"present" boolean DEFAULT true NOT NULL,
	"seen_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "networks_kind" CHECK ("networks"."kind" in ('bridge', 'ovs', 'vnet', 'port_group', 'distributed'))
);
--> statement-breakpoint
CREATE TABLE "refused_growths" (
	"service_id" uuid PRIMARY KEY NOT NULL,
	"connection_id" uuid NOT NULL,
	"node" text NOT NULL,
	"from_size" jsonb NOT NULL,
	"to_size" jsonb NOT NULL,
	"times" integer DEFAULT 1 NOT NULL,
	"first_at" timestamp (3) with time zone NOT NULL,
	"last_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "bulk_items" (
	"request_id" uuid NOT NULL,
	"position" integer NOT NULL,
	"service_id" uuid NOT NULL,
	"status" text NOT NULL,
	"hostname" text NOT NULL,
	"was_status" text NOT NULL,
	"was_resource" text NOT NULL,
	"was_power" text NOT NULL,
	"was_node" text,
	"target_node" text,
	"reason" text,
	"saga_id" uuid,
	"begun_at" timestamp (3) with time zone,
	"finished_at" timestamp (3) with time zone,
	"tries" integer DEFAULT 0 NOT NULL,
	"next_at" timestamp (3) with time zone,
	CONSTRAINT "bulk_items_request_id_position_pk" PRIMARY KEY("request_id","position"),
	CONSTRAINT "bulk_items_status" CHECK ("bulk_items"."status" in ('waiting', 'begun', 'done', 'failed', 'left_out', 'stopped'))
);
--> statement-breakpoint
CREATE TABLE "bulk_requests" (
	"id" uuid PRIMARY KEY NOT NULL,
	"act" text NOT NULL,
	"status" text NOT NULL,
	"reason" text NOT NULL,
	"suspension_reason" text,
	"target_node" text,
	"live" boolean DEFAULT false NOT NULL,
	"connection_id" uuid,
	"node" text,
	"asked_by" uuid NOT NULL,
	"asked_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"decided_by" uuid,
	"decided_at" timestamp (3) with time zone,
	"note" text,
	"finished_at" timestamp (3) with time zone,
	CONSTRAINT "bulk_requests_act" CHECK ("bulk_requests"."act" in ('start', 'shutdown', 'reboot', 'stop', 'suspend', 'resume', 'backup', 'move', 'retry', 'terminate')),
	CONSTRAINT "bulk_requests_status" CHECK ("bulk_requests"."status" in ('asked', 'running', 'paused', 'done', 'stopped', 'refused', 'withdrawn', 'expired')),
	CONSTRAINT "bulk_requests_suspension" CHECK (("bulk_requests"."act" = 'suspend') = ("bulk_requests"."suspension_reason" is not null) and ("bulk_requests"."suspension_reason" is null or "bulk_requests"."suspension_reason" in ('nonpayment', 'abuse', 'request', 'other'))),
	CONSTRAINT "bulk_requests_node" CHECK (("bulk_requests"."connection_id" is null) = ("bulk_requests"."node" is null) and ("bulk_requests"."node" is null or "bulk_requests"."act" = 'move')),
	CONSTRAINT "bulk_requests_decided" CHECK (("bulk_requests"."decided_by" is null) = ("bulk_requests"."decided_at" is null)),
	CONSTRAINT "bulk_requests_second_person" CHECK ("bulk_requests"."status" in ('asked', 'refused', 'withdrawn', 'expired') or ("bulk_requests"."decided_by" is not null and "bulk_requests"."decided_by" <> "bulk_requests"."asked_by"))
);
--> statement-breakpoint
CREATE TABLE "node_closures" (
	"connection_id" uuid NOT NULL,
	"node" text NOT NULL,
	"reason" text NOT NULL,
	"closed_by" uuid NOT NULL,
	"closed_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "node_closures_connection_id_node_pk" PRIMARY KEY("connection_id","node")
);
--> statement-breakpoint
ALTER TABLE "drift_findings" DROP CONSTRAINT "drift_findings_kind";--> statement-breakpoint
ALTER TABLE "sagas" DROP CONSTRAINT "sagas_kind";--> statement-breakpoint
ALTER TABLE "connections" ADD COLUMN "console" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "templates" ADD COLUMN "identity" text DEFAULT 'cloud_init' NOT NULL;--> statement-breakpoint
ALTER TABLE "networks" ADD CONSTRAINT "networks_connection_id_connections_id_fk" FOREIGN KEY ("connection_id") REFERENCES "public"."connections"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "refused_growths" ADD CONSTRAINT "refused_growths_service_id_services_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."services"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "refused_growths" ADD CONSTRAINT "refused_growths_connection_id_connections_id_fk" FOREIGN KEY ("connection_id") REFERENCES "public"."connections"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "bulk_items" ADD CONSTRAINT "bulk_items_request_id_bulk_requests_id_fk" FOREIGN KEY ("request_id") REFERENCES "public"."bulk_requests"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "bulk_requests" ADD CONSTRAINT "bulk_requests_asked_by_users_id_fk" FOREIGN KEY ("asked_by") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "bulk_requests" ADD CONSTRAINT "bulk_requests_decided_by_users_id_fk" FOREIGN KEY ("decided_by") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "node_closures" ADD CONSTRAINT "node_closures_connection_id_connections_id_fk" FOREIGN KEY ("connection_id") REFERENCES "public"."connections"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "node_closures" ADD CONSTRAINT "node_closures_closed_by_users_id_fk" FOREIGN KEY ("closed_by") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "networks_remote" ON "networks" USING btree ("connection_id","name");--> statement-breakpoint
CREATE INDEX "refused_growths_last" ON "refused_growths" USING btree ("last_at");--> statement-breakpoint
CREATE UNIQUE INDEX "bulk_items_once" ON "bulk_items" USING btree ("request_id","service_id");--> statement-breakpoint
CREATE INDEX "bulk_items_of_status" ON "bulk_items" USING btree ("request_id","status");--> statement-breakpoint
CREATE INDEX "bulk_items_begun" ON "bulk_items" USING btree ("begun_at") WHERE status = 'begun';--> statement-breakpoint
CREATE INDEX "bulk_requests_list" ON "bulk_requests" USING btree ("asked_at");--> statement-breakpoint
CREATE INDEX "bulk_requests_status_list" ON "bulk_requests" USING btree ("status","asked_at");--> statement-breakpoint
ALTER TABLE "templates" ADD CONSTRAINT "templates_identity" CHECK ("templates"."identity" in ('cloud_init', 'linux_prep', 'sysprep'));--> statement-breakpoint
ALTER TABLE "drift_findings" ADD CONSTRAINT "drift_findings_kind" CHECK ("drift_findings"."kind" in ('orphan_machine', 'missing_machine', 'copied_mark', 'wrong_place', 'renumbered', 'untagged', 'wrong_size', 'runs_although_suspended', 'leaked_address', 'wrong_network', 'wrong_filter', 'foreign_rules', 'missing_account', 'orphan_account', 'wrong_package', 'account_suspended', 'account_runs', 'account_renamed', 'account_domain'));--> statement-breakpoint
ALTER TABLE "sagas" ADD CONSTRAINT "sagas_kind" CHECK ("sagas"."kind" in ('provision', 'suspend', 'resume', 'terminate', 'power', 'resize', 'snapshot', 'rollback', 'reinstall', 'firewall', 'access', 'rename', 'rescue', 'backup', 'restore', 'move', 'ipv6', 'adopt', 'unlink', 'throttle', 'rebuild'));--> statement-breakpoint
-- hand-written: begin
INSERT INTO allowed_transitions (entity, "from", "to") VALUES
  ('bulk_request', 'asked', 'running'), ('bulk_request', 'asked', 'refused'), ('bulk_request', 'asked', 'withdrawn'), ('bulk_request', 'asked', 'expired'), ('bulk_request', 'running', 'paused'), ('bulk_request', 'running', 'stopped'), ('bulk_request', 'running', 'done'), ('bulk_request', 'paused', 'running'), ('bulk_request', 'paused', 'stopped'),
  ('bulk_item', 'waiting', 'begun'), ('bulk_item', 'waiting', 'left_out'), ('bulk_item', 'waiting', 'failed'), ('bulk_item', 'waiting', 'stopped'), ('bulk_item', 'begun', 'done'), ('bulk_item', 'begun', 'failed');
--> statement-breakpoint
CREATE TRIGGER bulk_requests_transition BEFORE UPDATE OF status ON bulk_requests FOR EACH ROW EXECUTE FUNCTION transition_allowed('bulk_request');
--> statement-breakpoint
CREATE TRIGGER bulk_items_transition BEFORE UPDATE OF status ON bulk_items FOR EACH ROW EXECUTE FUNCTION transition_allowed('bulk_item');
--> statement-breakpoint
-- What was asked is what is decided on; who decided stays who decided.
CREATE FUNCTION bulk_request_decided_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'a bulk request is not deleted' USING ERRCODE = 'check_violation';
  ELSIF TG_OP = 'INSERT' THEN
    IF NEW.status <> 'asked' OR NEW.decided_by IS NOT NULL THEN RAISE EXCEPTION 'a bulk request begins as asked' USING ERRCODE = 'check_violation'; END IF;
  ELSIF to_jsonb(NEW) - ARRAY['status', 'decided_by', 'decided_at', 'note', 'finished_at'] <> to_jsonb(OLD) - ARRAY['status', 'decided_by', 'decided_at', 'note', 'finished_at'] OR (OLD.decided_by IS NOT NULL AND (NEW.decided_by IS DISTINCT FROM OLD.decided_by OR NEW.decided_at IS DISTINCT FROM OLD.decided_at)) THEN
    RAISE EXCEPTION 'a bulk request stays what was asked' USING ERRCODE = 'check_violation';
  END IF;
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
--> statement-breakpoint
CREATE TRIGGER bulk_requests_decided_only BEFORE INSERT OR UPDATE OR DELETE ON bulk_requests FOR EACH ROW EXECUTE FUNCTION bulk_request_decided_only();
--> statement-breakpoint
-- Items are written with the request, before anybody decided on it, and begin only while it runs.
CREATE FUNCTION bulk_item_follows_request() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'an item of a bulk request is not deleted' USING ERRCODE = 'check_violation';
  ELSIF TG_OP = 'INSERT' THEN
    IF NEW.status NOT IN ('waiting', 'left_out') OR NOT EXISTS (SELECT 1 FROM bulk_requests WHERE id = NEW.request_id AND status = 'asked') THEN RAISE EXCEPTION 'nothing is added to a bulk request that was decided on' USING ERRCODE = 'check_violation'; END IF;
  ELSIF to_jsonb(NEW) - ARRAY['status', 'reason', 'saga_id', 'begun_at', 'finished_at', 'tries', 'next_at'] <> to_jsonb(OLD) - ARRAY['status', 'reason', 'saga_id', 'begun_at', 'finished_at', 'tries', 'next_at'] THEN
    RAISE EXCEPTION 'an item of a bulk request stays what was asked' USING ERRCODE = 'check_violation';
  ELSIF NEW.status = 'begun' AND OLD.status <> 'begun' AND NOT EXISTS (SELECT 1 FROM bulk_requests WHERE id = NEW.request_id AND status = 'running') THEN
    RAISE EXCEPTION 'an item begins only while its bulk request runs' USING ERRCODE = 'check_violation';
  END IF;
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
--> statement-breakpoint
CREATE TRIGGER bulk_items_follow_request BEFORE INSERT OR UPDATE OR DELETE ON bulk_items FOR EACH ROW EXECUTE FUNCTION bulk_item_follows_request();
--> statement-breakpoint
-- Both are written for every machine at each collection, and no column that is written then is in an index: with room on each page the new
-- version stays on its page and no index is touched (a heap-only update), which halves the time.
ALTER TABLE "resources" SET (fillfactor = 45);--> statement-breakpoint
ALTER TABLE "machine_traffic" SET (fillfactor = 45);
-- hand-written: end
