ALTER TABLE "sagas" DROP CONSTRAINT "sagas_kind";--> statement-breakpoint
ALTER TABLE "products" ADD COLUMN "snapshot_limit" integer DEFAULT 2 NOT NULL;--> statement-breakpoint
ALTER TABLE "products" ADD CONSTRAINT "products_snapshots" CHECK ("products"."snapshot_limit" between 0 and 20);--> statement-breakpoint
ALTER TABLE "sagas" ADD CONSTRAINT "sagas_kind" CHECK ("sagas"."kind" in ('provision', 'suspend', 'resume', 'terminate', 'power', 'resize', 'snapshot', 'rollback'));