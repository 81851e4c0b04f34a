ALTER TABLE "sagas" DROP CONSTRAINT "sagas_kind";--> statement-breakpoint
ALTER TABLE "resources" ADD COLUMN "first_boot" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "sagas" ADD CONSTRAINT "sagas_kind" CHECK ("sagas"."kind" in ('provision', 'suspend', 'resume', 'terminate', 'power', 'resize', 'snapshot', 'rollback', 'reinstall'));--> statement-breakpoint
-- hand-written: a reinstall builds the machine of a running service anew
INSERT INTO allowed_transitions (entity, "from", "to") VALUES ('resource', 'ready', 'provisioning');
-- hand-written: end
