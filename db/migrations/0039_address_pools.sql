CREATE TABLE "address_pool_days" (
	"pool_id" uuid NOT NULL,
	"day" date NOT NULL,
	"held" integer NOT NULL,
	"total" integer NOT NULL,
	CONSTRAINT "address_pool_days_pool_id_day_pk" PRIMARY KEY("pool_id","day")
);
--> statement-breakpoint
ALTER TABLE "addresses" DROP CONSTRAINT "addresses_status";--> statement-breakpoint
ALTER TABLE "address_pools" ADD COLUMN "bridge" text;--> statement-breakpoint
ALTER TABLE "address_pools" ADD COLUMN "vlan_tag" integer;--> statement-breakpoint
ALTER TABLE "addresses" ADD COLUMN "reason" text;--> statement-breakpoint
ALTER TABLE "address_pool_days" ADD CONSTRAINT "address_pool_days_pool_id_address_pools_id_fk" FOREIGN KEY ("pool_id") REFERENCES "public"."address_pools"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "address_pool_days_day" ON "address_pool_days" USING btree ("day");--> statement-breakpoint
ALTER TABLE "address_pools" ADD CONSTRAINT "address_pools_vlan" CHECK ("address_pools"."vlan_tag" between 1 and 4094);--> statement-breakpoint
ALTER TABLE "addresses" ADD CONSTRAINT "addresses_blocked" CHECK (("addresses"."status" = 'blocked') = ("addresses"."reason" is not null));--> statement-breakpoint
ALTER TABLE "addresses" ADD CONSTRAINT "addresses_status" CHECK ("addresses"."status" in ('free', 'reserved', 'assigned', 'quarantine', 'blocked'));