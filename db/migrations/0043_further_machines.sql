ALTER TABLE "connections" ADD COLUMN "console" boolean DEFAULT false NOT NULL;--> statement-breakpoint
-- hand-written:
-- Both are written for every machine at each collection, and no column that is written then is in an index: with room on each page the new
-- version stays on its page and no index is touched (a heap-only update), which halves the time.
ALTER TABLE "resources" SET (fillfactor = 45);--> statement-breakpoint
ALTER TABLE "machine_traffic" SET (fillfactor = 45);
-- :hand-written
