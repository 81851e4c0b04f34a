CREATE TABLE "connection_health_changes" (
	"id" uuid PRIMARY KEY NOT NULL,
	"connection_id" uuid NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"healthy" boolean NOT NULL,
	"problem" text
);
--> statement-breakpoint
ALTER TABLE "connection_health_changes" ADD CONSTRAINT "connection_health_changes_connection_id_connections_id_fk" FOREIGN KEY ("connection_id") REFERENCES "public"."connections"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "connection_health_changes_list" ON "connection_health_changes" USING btree ("connection_id","at");--> statement-breakpoint
CREATE INDEX "users_staff" ON "users" USING btree ("role") WHERE role <> 'client';