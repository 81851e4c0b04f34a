ALTER TABLE "templates" RENAME COLUMN "vmid" TO "ref";--> statement-breakpoint
ALTER TABLE "connections" DROP CONSTRAINT "connections_kind";--> statement-breakpoint
DROP INDEX "templates_remote";--> statement-breakpoint
-- By hand: what was a number is a name from now on.
ALTER TABLE "templates" ALTER COLUMN "ref" SET DATA TYPE text USING "ref"::text;--> statement-breakpoint
CREATE UNIQUE INDEX "templates_remote" ON "templates" USING btree ("connection_id","ref");--> statement-breakpoint
ALTER TABLE "connections" ADD CONSTRAINT "connections_kind" CHECK ("connections"."kind" in ('proxmox', 'vcenter', 'esxi'));